/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See run.h.  One thread waits for the pipeline's messages, for signals, and looks a few times
 * within the timeout whether frames have come.  systemd is told that all is ready with the first
 * frame, and that this thread lives.
 */
#include "run.h"

#include <glib-unix.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "notify.h"
#include "report.h"

/* For a recording to be completed after a signal, and then for the pipeline to stop. */
enum { FINISH_S = 5, STOP_S = 5 };
#define LOOKS_PER_TIMEOUT 8
#define LONGEST_LOOK_MS 1000

typedef struct Run {
  GstElement *pipeline;
  Frames *frames;
  const char *name;
  double timeout_s;
  GMainLoop *loop;
  gboolean is_ready, is_ending;
  int status;
} Run;

static void end(Run *run, int status) {
  if (run->status == STATUS_OK) run->status = status;
  g_main_loop_quit(run->loop);
}

/* ---- Messages ------------------------------------------------------------- */

/* Elements put what they know behind a general sentence: the last line of `details`, below where in
 * their code it happened. */
static void tell(const Run *run, GstMessage *message, const char *kind, const GError *error,
                 const char *details) {
  g_autofree char *element = gst_object_get_name(GST_MESSAGE_SRC(message));
  const char *last = details != NULL ? strrchr(details, '\n') : NULL;
  if (last != NULL)
    report("%s: %s%s: %s (%s)", run->name, kind, element, error->message, last + 1);
  else
    report("%s: %s%s: %s", run->name, kind, element, error->message);
}

static void on_error(Run *run, GstMessage *message) {
  g_autoptr(GError) error = NULL;
  g_autofree char *details = NULL;
  gst_message_parse_error(message, &error, &details);
  /* What follows from the first one says nothing new. */
  if (run->status == STATUS_OK) tell(run, message, "", error, details);
  end(run, STATUS_FAILED);
}

static void on_warning(const Run *run, GstMessage *message) {
  g_autoptr(GError) error = NULL;
  g_autofree char *details = NULL;
  gst_message_parse_warning(message, &error, &details);
  tell(run, message, "warning: ", error, details);
}

static gboolean on_message(GstBus *bus, GstMessage *message, gpointer data) {
  Run *run = data;
  switch (GST_MESSAGE_TYPE(message)) {
  case GST_MESSAGE_ERROR:
    on_error(run, message);
    break;
  case GST_MESSAGE_WARNING:
    on_warning(run, message);
    break;
  case GST_MESSAGE_EOS:
    end(run, STATUS_OK);
    break;
  case GST_MESSAGE_LATENCY:
    gst_bin_recalculate_latency(GST_BIN(run->pipeline));
    break;
  case GST_MESSAGE_CLOCK_LOST: /* another one is chosen on the way up */
    gst_element_set_state(run->pipeline, GST_STATE_PAUSED);
    gst_element_set_state(run->pipeline, GST_STATE_PLAYING);
    break;
  default:
    break;
  }
  return G_SOURCE_CONTINUE;
}

/* ---- What happens by itself ------------------------------------------------ */

static gboolean look(gpointer data) {
  Run *run = data;
  if (!run->is_ready && frames_have_come(run->frames)) {
    run->is_ready = TRUE;
    notify("READY=1\nSTATUS=frames come");
  }
  notify("WATCHDOG=1");
  const char *silent = frames_silent(run->frames, (gint64)(run->timeout_s * G_USEC_PER_SEC));
  if (silent == NULL || run->is_ending) return G_SOURCE_CONTINUE;
  report("%s: no frame has come to %s for %g s; is the camera there?", run->name, silent,
         run->timeout_s);
  end(run, STATUS_FAILED);
  return G_SOURCE_CONTINUE;
}

static gboolean on_finished_too_late(gpointer data) {
  end(data, STATUS_OK);
  return G_SOURCE_REMOVE;
}

/* The first signal lets the pipeline end as a file does; a second one does not wait for that. */
static gboolean on_signal(gpointer data) {
  Run *run = data;
  if (run->is_ending) {
    end(run, STATUS_OK);
    return G_SOURCE_CONTINUE;
  }
  run->is_ending = TRUE;
  notify("STOPPING=1");
  gst_element_send_event(run->pipeline, gst_event_new_eos());
  g_timeout_add_seconds(FINISH_S, on_finished_too_late, run);
  return G_SOURCE_CONTINUE;
}

/* ---- Stopping -------------------------------------------------------------- */

static volatile sig_atomic_t last_status;

static void leave(int signal) {
  _exit(last_status);
}

/* A source that hangs in its driver, or in a read that nothing ends, would hang this as well. */
static void stop(const Run *run) {
  last_status = run->status;
  signal(SIGALRM, leave);
  alarm(STOP_S);
  gst_element_set_state(run->pipeline, GST_STATE_NULL);
  alarm(0);
}

static guint look_period_ms(double timeout_s) {
  return (guint)CLAMP(timeout_s * 1000 / LOOKS_PER_TIMEOUT, 1, LONGEST_LOOK_MS);
}

int run_pipeline(GstElement *pipeline, Frames *frames, const char *name, double timeout_s) {
  Run run = {pipeline, frames, name, timeout_s, g_main_loop_new(NULL, FALSE), FALSE, FALSE, 0};
  g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
  guint sources[] = {gst_bus_add_watch(bus, on_message, &run),
                     g_unix_signal_add(SIGINT, on_signal, &run),
                     g_unix_signal_add(SIGTERM, on_signal, &run),
                     g_timeout_add(look_period_ms(timeout_s), look, &run)};
  notify("STATUS=waiting for the first frame");
  gst_element_set_state(pipeline, GST_STATE_PLAYING); /* a failure arrives on the bus */
  g_main_loop_run(run.loop);
  stop(&run);
  for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) g_source_remove(sources[i]);
  g_main_loop_unref(run.loop);
  return run.status;
}
