/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See serve.h.  One thread waits for everything at once: the source, readers of the channel,
 * signals, a model that another thread has opened, and the moments at which something is due.
 */
#include "serve.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "handover.h"
#include "json.h"
#include "line_output.h"
#include "notify.h"
#include "report.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* A camera without a frame for this long, or for a few of its frames, is opened anew. */
#define SILENCE_NS (5 * NS_PER_S)
#define SILENT_FRAMES 5
#define REOPEN_NS (NS_PER_S / 2)
#define STATUS_NS (2 * NS_PER_S)

/* The name of the socket comes to it. */
enum { MAX_DESCRIPTION = WN_CHANNEL_MAX_DESCRIPTION - 512 };

/* What is going on. */
typedef struct Run {
  Service *service;
  Source *source;      /* NULL: lost, and waited for */
  char *last_why;      /* why the source could not be opened again: told once */
  LineOutput lines;    /* of JSON */
  uint64_t n_left_out; /* of them, since nobody took those before */
  int signals;         /* signalfd */
  Handover *models;    /* sessions */
  int has_model;       /* eventfd: there is one to be taken */
  uint64_t n_frames, n_missed, n_damaged;
  int64_t began, last_frame, next_open, next_watchdog, next_status, watchdog_ns;
  char label[64];        /* of the last result, for systemctl status */
  int32_t width, height; /* that readers were told about */
  int status;
  bool ended;
} Run;

static int64_t now_ns(void) {
  return g_get_monotonic_time() * 1000;
}

/* Those that are heard, but for what whoever started it ignores, as nohup does. */
static void signal_set(sigset_t *set) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action;
  sigemptyset(set);
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(set, numbers[i]);
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

/* errno says why. */
static void end_since(Run *run, const char *what) {
  report("%s: %s", what, g_strerror(errno));
  end(run, STATUS_FAILED);
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
  if (run->watchdog_ns > 0) notify("WATCHDOG=1"); /* a driver may take its time */
  run->source = run->service->open(run->service->settings, &why);
  run->next_open = now_ns() + REOPEN_NS;
  if (run->source != NULL) {
    report("%s: %s", run->source->name, run->source->description);
    g_clear_pointer(&run->last_why, g_free);
  } else if (run->n_frames == 0 || g_strcmp0(why, run->last_why) != 0) {
    report("%s", why);
    g_free(run->last_why);
    run->last_why = g_strdup(why);
  }
  if (run->source == NULL && run->n_frames == 0) end(run, STATUS_FAILED);
  run->last_frame = now_ns();
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
  if (!run->source->is_live || silence < silence_allowed(run->source)) return;
  const bool is_damaged = run->source->n_damaged > 0;
  char *problem = g_strdup_printf("%s: no frame for %.0f s%s%s", run->source->name,
                                  (double)silence / 1e9, is_damaged ? " that was whole: " : "",
                                  is_damaged ? run->source->damage.text : "");
  lose_source(run, problem);
  g_free(problem);
}

/* ---- The model ---------------------------------------------------------- */

static void *load(void *owner, void *order) {
  (void)order;
  const Service *service = ((Run *)owner)->service;
  return service->load(service->settings);
}

static void tell_loaded(void *owner) {
  eventfd_write(((Run *)owner)->has_model, 1);
}

static void free_order(void *order) {
  (void)order; /* there is one, `load` */
}

static void free_session(void *session) {
  wn_session_free(session);
}

static const HandoverClass models = {load, tell_loaded, free_order, free_session};

static void order_model(Run *run) {
  if (!handover_order(run->models, run))
    report("no thread to load the model in; the present one stays");
}

/* Between two frames.  Readers are told with the first result of the new model. */
static void take_model(Run *run) {
  eventfd_t n_made;
  if (eventfd_read(run->has_model, &n_made) != 0 && errno != EAGAIN && errno != EINTR)
    end_since(run, "the other model cannot be taken");
  WnSession *session = handover_take(run->models);
  if (session == NULL) return;
  handover_retire(run->models, run->service->session);
  run->service->session = session;
  run->width = run->height = 0;
}

/* ---- A frame ------------------------------------------------------------ */

/* Ends the run when nobody takes the lines any more. */
static void write_lines(Run *run) {
  if (!line_output_flush(&run->lines)) end(run, report_no_output());
}

static void print_line(Run *run, const WnResult *result) {
  json_t *json = json_object();
  if (run->source->image != NULL) put_text(json, "image", run->source->image);
  char *line = result_line(json, result);
  if (!line_output_put(&run->lines, line)) run->n_left_out++;
  g_free(line);
  write_lines(run);
}

/* Readers are told what the network sees once that is known, and again when the size changes. */
static WnStatus describe(Run *run, const WnFrame *frame, WnError *error) {
  Service *service = run->service;
  if (frame->width == run->width && frame->height == run->height) return WN_OK;
  run->width = frame->width;
  run->height = frame->height;
  char *text = wn_session_describe(service->session, MAX_DESCRIPTION);
  WnStatus status = wn_publisher_describe(service->publisher, text, error);
  free(text);
  return status;
}

static WnStatus publish(Run *run, const WnFrame *frame, const WnResult *result, WnError *error) {
  if (run->service->publisher == NULL) return WN_OK;
  WnStatus status = describe(run, frame, error);
  return status == WN_OK ? wn_publisher_publish(run->service->publisher, frame, result, 1, error)
                         : status;
}

static void pass_on(Run *run, const WnFrame *frame) {
  Service *service = run->service;
  const WnResult *result = NULL;
  WnError error;
  if (wn_session_classify(service->session, frame, NULL, &result, &error) != WN_OK ||
      publish(run, frame, result, &error) != WN_OK) {
    /* for a signal, which is taken in a moment */
    if (error.status != WN_ERROR_CANCELLED) end(run, report_error(&error));
    return;
  }
  if (service->as_json) print_line(run, result);
  g_strlcpy(run->label, result->class_index < 0 ? "nothing" : result->label, sizeof run->label);
  if (run->n_frames++ == 0) notify("READY=1");
}

static void end_without_memory(Run *run, const WnFrame *frame) {
  report("%s: not enough memory to turn frames of %d x %d", run->source->name, frame->width,
         frame->height);
  end(run, STATUS_FAILED);
}

static void take_frame(Run *run) {
  WnFrame frame;
  char *problem = NULL;
  switch (run->source->class->take(run->source, &frame, &problem)) {
  case SOURCE_FRAME:
    if (turner_turn(run->service->turner, &frame))
      pass_on(run, &frame);
    else
      end_without_memory(run, &frame);
    run->source->class->release(run->source);
    run->last_frame = now_ns();
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
  if (run->source == NULL) next = run->next_open;
  if (run->source != NULL && run->source->is_live)
    next = run->last_frame + silence_allowed(run->source);
  if (run->watchdog_ns > 0) next = MIN(next, run->next_watchdog);
  return (int)CLAMP((next - now_ns()) / NS_PER_MS + 1, 0, G_MAXINT);
}

/* Pictures from files wait until the lines about those before them are written; a camera does not.
 */
static bool wants_frame(const Run *run) {
  return run->source != NULL && (run->source->is_live || !line_output_is_pending(&run->lines));
}

/* SIGHUP of a terminal that is closed ends the program; one that somebody sends asks for a model.
 */
static void take_signals(Run *run) {
  struct signalfd_siginfo got;
  while (read(run->signals, &got, sizeof got) == (ssize_t)sizeof got) {
    if (got.ssi_signo == SIGHUP && got.ssi_code != SI_KERNEL)
      order_model(run);
    else
      end(run, STATUS_OK);
  }
  if (errno == EAGAIN || errno == EINTR) return;
  end_since(run, "signals cannot be read");
}

static void wait_and_act(Run *run, int timeout_ms) {
  WnPublisher *publisher = run->service->publisher;
  struct pollfd wait[] = {{run->signals, POLLIN, 0},
                          {run->has_model, POLLIN, 0},
                          {publisher != NULL ? wn_publisher_descriptor(publisher) : -1, POLLIN, 0},
                          {line_output_is_pending(&run->lines) ? run->lines.fd : -1, POLLOUT, 0},
                          {wants_frame(run) ? run->source->descriptor : -1, POLLIN, 0}};
  if (poll(wait, G_N_ELEMENTS(wait), timeout_ms) < 0) return; /* a signal that is not ours */
  if (wait[0].revents != 0) take_signals(run);
  if (wait[1].revents != 0) take_model(run);
  if (wait[2].revents != 0) wn_publisher_serve(publisher);
  if (wait[3].revents != 0) write_lines(run);
  if (run->ended || run->source == NULL) return;
  if (wait[4].revents != 0) take_frame(run);
  if (!run->ended && run->source != NULL) check_silence(run);
}

static void report_end(const Run *run) {
  double seconds = (double)(now_ns() - run->began) / 1e9;
  report("%" PRIu64 " frames in %.1f s, %" PRIu64 " missed, %" PRIu64 " damaged", run->n_frames,
         seconds, run->n_missed, run->n_damaged);
  if (run->n_left_out > 0)
    report("%" PRIu64 " lines left out, since nobody took them", run->n_left_out);
}

static bool open_run(Run *run) {
  sigset_t set;
  signal_set(&set);
  run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  run->has_model = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  run->models = handover_new(&models, run);
  if (run->signals >= 0 && run->has_model >= 0) return true;
  report("no descriptor for signals: %s", g_strerror(errno));
  return false;
}

static void close_run(Run *run) {
  handover_free(run->models);
  if (run->signals >= 0) close(run->signals);
  if (run->has_model >= 0) close(run->has_model);
  g_free(run->last_why);
}

int serve(Service *service) {
  Run run = {.service = service, .began = now_ns(), .watchdog_ns = notify_watchdog_ns()};
  if (!open_run(&run)) {
    close_run(&run);
    return STATUS_FAILED;
  }
  if (service->as_json && !line_output_open(&run.lines, "-")) end(&run, report_no_output());
  if (!run.ended) open_source(&run);
  while (!run.ended) wait_and_act(&run, do_what_is_due(&run));
  notify("STOPPING=1");
  close_source(&run);
  if (run.n_frames > 0) report_end(&run);
  line_output_close(&run.lines);
  close_run(&run);
  return run.status;
}
