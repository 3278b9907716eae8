/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See serve.h.  One thread waits for everything at once: the source, readers of the channel,
 * signals, and the moments at which something is due.
 */
#include "serve.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "notify.h"
#include "report.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* A camera without a frame for this long, or for a few of its frames, is opened anew. */
#define SILENCE_NS (5 * NS_PER_S)
#define SILENT_FRAMES 5
#define REOPEN_NS (NS_PER_S / 2)
#define STATUS_NS (2 * NS_PER_S)

/* What is going on. */
typedef struct Run {
  Service *service;
  Source *source; /* NULL: lost, and waited for */
  char *last_why; /* why the source could not be opened again: told once */
  int signals;    /* signalfd */
  uint64_t n_frames, n_missed, n_damaged;
  int64_t began, last_frame, next_open, next_watchdog, next_status, watchdog_ns;
  char label[64]; /* of the last result, for systemctl status */
  int status;
  bool ended;
} Run;

static int64_t now_ns(void) {
  return g_get_monotonic_time() * 1000;
}

static void signal_set(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGHUP);
}

void serve_block_signals(void) {
  sigset_t set;
  signal_set(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN); /* a reader of the lines that goes shows when one is written */
}

static void end(Run *run, int status) {
  run->status = status;
  run->ended = true;
}

/* ---- The source --------------------------------------------------------- */

static void close_source(Run *run) {
  if (run->source == NULL) return;
  run->n_missed += run->source->n_missed;
  run->n_damaged += run->source->n_damaged;
  run->source->class->free(run->source);
  run->source = NULL;
}

/* At first an error is the user's to mend; later the camera is waited for, and each reason why it
 * cannot be opened is told once. */
static void open_source(Run *run) {
  char *why = NULL;
  run->source = run->service->open(run->service->settings, &why);
  run->last_frame = now_ns();
  run->next_open = run->last_frame + REOPEN_NS;
  if (run->source != NULL) {
    report("%s: %s", run->source->name, run->source->description);
    g_clear_pointer(&run->last_why, g_free);
  } else if (run->n_frames == 0 || g_strcmp0(why, run->last_why) != 0) {
    report("%s", why);
    g_free(run->last_why);
    run->last_why = g_strdup(why);
  }
  if (run->source == NULL && run->n_frames == 0) end(run, STATUS_FAILED);
  g_free(why);
}

/* Closes the source; without one that ever worked there is nothing to wait for. */
static void lose_source(Run *run, const char *problem) {
  bool wait = run->n_frames > 0;
  report("%s%s", problem, wait ? "; waiting for it" : "");
  close_source(run);
  run->next_open = now_ns() + REOPEN_NS;
  notify("STATUS=waiting for the camera");
  if (!wait) end(run, STATUS_FAILED);
}

static int64_t silence_allowed(const Source *source) {
  return MAX(SILENCE_NS, SILENT_FRAMES * source->period_ns);
}

static void check_silence(Run *run) {
  int64_t silence = now_ns() - run->last_frame;
  if (silence < silence_allowed(run->source)) return;
  char *problem =
      g_strdup_printf("%s: no frame for %.0f s%s", run->source->name, (double)silence / 1e9,
                      run->source->n_damaged > 0 ? " that was whole" : "");
  lose_source(run, problem);
  g_free(problem);
}

/* ---- A frame ------------------------------------------------------------ */

/* False after a report. */
static bool print_line(const Source *source, const WnResult *result) {
  JsonBuilder *json = json_builder_new();
  json_builder_begin_object(json);
  if (source->image != NULL) put_text(json, "image", source->image);
  put_result(json, result);
  json_builder_end_object(json);
  print_json(json);
  if (fflush(stdout) == 0) return true;
  report("cannot write to standard output: %s", g_strerror(errno));
  return false;
}

static void pass_on(Run *run, const WnFrame *frame) {
  Service *service = run->service;
  const WnResult *result = NULL;
  WnError error;
  if (wn_session_classify(service->session, frame, NULL, &result, &error) != WN_OK ||
      (service->publisher != NULL &&
       wn_publisher_publish(service->publisher, frame, result, &error) != WN_OK)) {
    end(run, report_error(&error));
    return;
  }
  if (service->as_json && !print_line(run->source, result)) end(run, STATUS_FAILED);
  g_strlcpy(run->label, result->label, sizeof run->label);
  if (run->n_frames++ == 0) notify("READY=1");
}

static void take_frame(Run *run) {
  WnFrame frame;
  char *problem = NULL;
  switch (run->source->class->take(run->source, &frame, &problem)) {
  case SOURCE_FRAME:
    run->last_frame = now_ns();
    pass_on(run, &frame);
    run->source->class->release(run->source);
    break;
  case SOURCE_NOTHING:
    break;
  case SOURCE_LOST:
    lose_source(run, problem);
    break;
  case SOURCE_END:
    if (problem != NULL) report("%s", problem);
    end(run, problem != NULL || run->source->n_damaged > 0 ? STATUS_FAILED : STATUS_OK);
    break;
  }
  g_free(problem);
}

/* ---- The loop ----------------------------------------------------------- */

static void tell_status(Run *run) {
  const WnPublisher *publisher = run->service->publisher;
  double seconds = (double)(now_ns() - run->began) / 1e9;
  char *text = g_strdup_printf("STATUS=%s, %.1f frames/s, %d readers", run->label,
                               (double)run->n_frames / seconds,
                               publisher != NULL ? wn_publisher_readers(publisher) : 0);
  notify(g_strdelimit(text, "\n\r", ' '));
  g_free(text);
}

/* Does what is due and returns the time until something else is, ms. */
static int do_what_is_due(Run *run) {
  int64_t now = now_ns(), next = INT64_MAX;
  if (run->source == NULL && now >= run->next_open) open_source(run);
  if (run->watchdog_ns > 0 && now >= run->next_watchdog) {
    notify("WATCHDOG=1");
    run->next_watchdog = now + run->watchdog_ns;
  }
  if (run->source != NULL && run->n_frames > 0 && now >= run->next_status) {
    tell_status(run);
    run->next_status = now + STATUS_NS;
  }
  next = run->source == NULL ? run->next_open : run->last_frame + silence_allowed(run->source);
  if (run->watchdog_ns > 0) next = MIN(next, run->next_watchdog);
  return (int)CLAMP((next - now_ns()) / NS_PER_MS + 1, 0, G_MAXINT);
}

static void wait_and_act(Run *run, int timeout_ms) {
  WnPublisher *publisher = run->service->publisher;
  struct pollfd wait[] = {{run->signals, POLLIN, 0},
                          {publisher != NULL ? wn_publisher_descriptor(publisher) : -1, POLLIN, 0},
                          {run->source != NULL ? run->source->descriptor : -1, POLLIN, 0}};
  if (poll(wait, G_N_ELEMENTS(wait), timeout_ms) < 0) return; /* a signal that is not ours */
  if (wait[0].revents != 0) end(run, STATUS_OK);
  if (wait[1].revents != 0) wn_publisher_serve(publisher);
  if (run->ended || run->source == NULL) return;
  if (wait[2].revents != 0) take_frame(run);
  if (!run->ended && run->source != NULL) check_silence(run);
}

static void report_end(const Run *run) {
  double seconds = (double)(now_ns() - run->began) / 1e9;
  report("%" PRIu64 " frames in %.1f s, %" PRIu64 " missed, %" PRIu64 " damaged", run->n_frames,
         seconds, run->n_missed, run->n_damaged);
}

int serve(Service *service) {
  sigset_t set;
  signal_set(&set);
  Run run = {.service = service,
             .signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
             .began = now_ns(),
             .watchdog_ns = notify_watchdog_ns()};
  open_source(&run);
  while (!run.ended) wait_and_act(&run, do_what_is_due(&run));
  notify("STOPPING=1");
  close_source(&run);
  if (run.n_frames > 0) report_end(&run);
  g_free(run.last_why);
  if (run.signals >= 0) close(run.signals);
  return run.status;
}
