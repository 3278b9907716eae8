/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow monitor`: what is published on a shared-memory channel, live in a terminal or as lines of
 * JSON. It waits for a publisher and for the next one, until it is told to leave.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <glib.h>
#include <winnow/ipc.h>

#include "commands.h"
#include "json.h"
#include "line_output.h"
#include "monitor_screen.h"
#include "monitor_stats.h"
#include "options.h"
#include "report.h"

enum { WAIT_MS = 200, DRAW_MS = 66 };

static volatile sig_atomic_t told_to_leave;

static void on_signal(int number) {
  (void)number;
  told_to_leave = 1;
}

static void catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

/* Whether there is news of the channel; returns early for a key, and for a signal. */
static bool wait_for_news(const WnReader *reader, bool keys, int timeout_ms) {
  struct pollfd wait[] = {{wn_reader_descriptor(reader), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  return poll(wait, keys ? 2 : 1, timeout_ms) > 0 && wait[0].revents != 0;
}

/* Until the line is written, or somebody tells us to leave while nobody takes it. False: it cannot
 * be, and errno says why. */
static bool write_line(LineOutput *lines, const char *line) {
  bool works = line_output_put(lines, line) && line_output_flush(lines);
  while (works && line_output_is_pending(lines) && !told_to_leave) {
    poll(&(struct pollfd){lines->fd, POLLOUT, 0}, 1, WAIT_MS);
    works = line_output_flush(lines);
  }
  return works;
}

/* One for each result. */
static bool print_line(LineOutput *lines, const WnSnapshot *snapshot, const WnResult *result) {
  json_t *json = json_object();
  put_count(json, "number", snapshot->number);
  put_count(json, "skipped", snapshot->skipped);
  if (snapshot->has_frame) {
    put_text(json, "format", wn_pixel_format_name(snapshot->frame.format));
    put_int(json, "width", snapshot->frame.width);
    put_int(json, "height", snapshot->frame.height);
  }
  char *line = result_line(json, result);
  bool works = write_line(lines, line);
  g_free(line);
  return works;
}

static int print_lines_to(LineOutput *lines, WnReader *reader) {
  while (!told_to_leave) {
    WnSnapshot snapshot;
    WnError error;
    WnStatus status = wn_reader_read(reader, 0, &snapshot, &error);
    if (status == WN_ERROR_TIMEOUT)
      wait_for_news(reader, false, WAIT_MS);
    else if (status != WN_OK)
      return report_error(&error);
    for (int32_t i = 0; status == WN_OK && !told_to_leave && i < snapshot.n_results; i++)
      if (!print_line(lines, &snapshot, &snapshot.results[i])) return report_no_output();
  }
  return STATUS_OK;
}

static int print_lines(WnReader *reader) {
  LineOutput lines;
  if (!line_output_open(&lines, "-")) return report_no_output();
  int status = print_lines_to(&lines, reader);
  line_output_close(&lines);
  return status;
}

/* What is on the screen.  `snapshot` is valid until the reader's next call, so that there is none
 * without news. */
typedef struct View {
  WnReader *reader;
  const char *socket;
  WnSnapshot snapshot;
  WnError error; /* why there is no result */
  bool has_result, is_old;
  gint64 drawn; /* when, us */
  MonitorStats stats;
} View;

/* False: the channel cannot be read. */
static bool look(View *view) {
  WnStatus status = wn_reader_view(view->reader, 0, &view->snapshot, &view->error);
  view->has_result = status == WN_OK && view->snapshot.n_results > 0;
  if (view->has_result) stats_add(&view->stats, &view->snapshot);
  /* Between two frames the last one stays on the screen. */
  view->is_old = view->has_result || !wn_reader_connected(view->reader);
  return status == WN_OK || status == WN_ERROR_TIMEOUT;
}

static void draw(View *view) {
  MonitorSummary summary;
  stats_summarise(&view->stats, &summary);
  screen_draw(view->socket, view->has_result ? NULL : view->error.message,
              view->has_result ? &view->snapshot : NULL, &summary, view->stats.missed);
  view->drawn = g_get_monotonic_time();
  view->is_old = false;
}

static int show(WnReader *reader, const char *socket) {
  View view = {.reader = reader, .socket = socket};
  bool can_read = true, resized = false;
  while (can_read && !told_to_leave && !screen_wants_to_leave(&resized)) {
    bool is_due = g_get_monotonic_time() - view.drawn >= DRAW_MS * 1000;
    if (resized) view.is_old = view.has_result || !wn_reader_connected(reader);
    resized = resized && !view.is_old;
    if (view.is_old && is_due) draw(&view);
    if (wait_for_news(reader, true, view.is_old ? DRAW_MS : WAIT_MS)) can_read = look(&view);
  }
  screen_close();
  return can_read ? STATUS_OK : report_error(&view.error);
}

static int run(int argc, char **argv) {
  gboolean as_json = FALSE;
  const GOptionEntry own[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object per result", NULL},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  WnReader *reader = NULL;
  WnError error;
  int status = options_parse(&command_monitor, 0, own, argc, argv, 1, 1, &options);
  if (status != STATUS_OK) goto out;
  if (wn_reader_new(options.arguments[0], &reader, &error) != WN_OK) {
    status = report_error(&error);
    goto out;
  }
  catch_signals();
  if (as_json) {
    status = print_lines(reader);
  } else if (screen_open()) {
    status = show(reader, options.arguments[0]);
  } else {
    report("monitor: needs a terminal; use --json for lines");
    status = STATUS_FAILED;
  }

out:
  wn_reader_free(reader);
  options_clear(&options);
  return status;
}

const Command command_monitor = {
    "winnow monitor",
    "SOCKET",
    "Show live what is published in shared memory",
    "SOCKET is that of winnow-camera, of winnowshmsink or of a program with a publisher; it need\n"
    "not be there yet.\n"
    "The screen shows the newest result, the stages with what was left after each, where the\n"
    "last results stopped, the publisher's rate, the time a result took, the computation\n"
    "saved and the frames that this monitor did not see. q leaves.\n\n"
    "Examples:\n"
    "  winnow monitor $XDG_RUNTIME_DIR/camera\n"
    "  winnow monitor $XDG_RUNTIME_DIR/camera --json | jq .label",
    run,
    NULL};
