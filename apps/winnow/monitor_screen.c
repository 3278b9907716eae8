/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See monitor_screen.h.  Bars are blanks in reverse video, which every terminal has; what does not
 * fit is cut.
 */
#include "monitor_screen.h"

#include <curses.h>
#include <inttypes.h>
#include <unistd.h>

#include <glib.h>

#include "text.h"

enum { LABEL_WIDTH = 20, BAR_WIDTH = 30, MAX_SURVIVORS = 8, HEAD_ROWS = 5 };

static SCREEN *screen;

bool screen_open(void) {
  if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) return false;
  screen = newterm(NULL, stdout, stdin);
  if (screen == NULL) return false;
  cbreak();
  noecho();
  nodelay(stdscr, TRUE);
  keypad(stdscr, TRUE);
  curs_set(0);
  return true;
}

void screen_close(void) {
  if (screen == NULL) return;
  endwin();
  delscreen(screen);
  screen = NULL;
}

bool screen_wants_to_leave(bool *resized) {
  bool leave = false;
  for (int key; (key = getch()) != ERR;) {
    leave = leave || key == 'q' || key == 'Q' || key == 27;
    if (key == KEY_RESIZE) *resized = true;
  }
  return leave;
}

/* Text from a peer: one line, no control characters, cut to the screen. */
static void put(int row, int column, const char *text) {
  if (row < LINES && column < COLS) mvaddnstr(row, column, text, COLS - column);
}

static void G_GNUC_PRINTF(3, 4) print_at(int row, int column, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  put(row, column, text);
  g_free(text);
}

static void put_bar(int row, int column, int width, double share) {
  static const char *const plain[] = {"#", "."}, *const utf8[] = {"\u2588", "\u00b7"};
  const char *const *cells = g_get_charset(NULL) ? utf8 : plain;
  int filled = (int)(CLAMP(share, 0, 1) * width + 0.5);
  if (row >= LINES) return;
  for (int i = 0; i < width && column + i < COLS; i++)
    mvaddstr(row, column + i, cells[i >= filled]);
}

/* A name in a column of its own. */
static void put_label(int row, int column, const char *name, int width) {
  char *clean = text_clean(name);
  char *fitted =
      g_utf8_strlen(clean, -1) > width ? g_utf8_substring(clean, 0, width) : g_strdup(clean);
  put(row, column, fitted);
  g_free(fitted);
  g_free(clean);
}

/* The stages from left to right: passed, stopped at, not computed; and what was left after each. */
static void draw_ladder(int row, const WnResult *r) {
  for (int s = 0; s < r->stage_count; s++) {
    int column = s * 5;
    if (column + 4 > COLS) return;
    attr_t look = s == r->exit_stage ? A_REVERSE | A_BOLD : s < r->exit_stage ? A_NORMAL : A_DIM;
    if (row < LINES) {
      attrset(look);
      mvaddstr(row, column, s == r->exit_stage ? " ## " : s < r->exit_stage ? "[##]" : "[  ]");
      attrset(A_NORMAL);
    }
    if (s < r->n_stages_evaluated) print_at(row + 1, column, "%3d", r->survivors_per_stage[s]);
  }
}

static void draw_result(const WnSnapshot *snapshot) {
  const WnResult *r = &snapshot->results[0];
  char *answer = text_answer(r), *group = text_clean(r->group);
  attron(A_BOLD);
  put_label(2, 0, answer, LABEL_WIDTH);
  attroff(A_BOLD);
  g_free(answer);
  print_at(2, LABEL_WIDTH + 1, "%5.1f %%   exit %d of %d, %s%s%s", 100 * r->confidence,
           r->exit_stage, r->stage_count - 1, wn_stop_reason_name(r->stop_reason),
           group[0] ? ": " : "", group);
  g_free(group);
  draw_ladder(3, r);
}

static int draw_survivors(int row, const WnResult *r) {
  print_at(row++, 0, "%d class%s left", r->n_survivors, r->n_survivors == 1 ? "" : "es");
  for (int i = 0; i < r->n_survivors && i < MAX_SURVIVORS; i++, row++) {
    put_label(row, 2, r->survivor_labels[i], LABEL_WIDTH - 2);
    put_bar(row, LABEL_WIDTH + 1, BAR_WIDTH, r->survivor_scores[i]);
    print_at(row, LABEL_WIDTH + BAR_WIDTH + 2, "%5.1f %%", 100 * r->survivor_scores[i]);
  }
  return row;
}

static void draw_share(int row, const char *name, int part, int whole) {
  double share = whole ? (double)part / whole : 0;
  put(row, 2, name);
  put_bar(row, LABEL_WIDTH + 1, BAR_WIDTH, share);
  print_at(row, LABEL_WIDTH + BAR_WIDTH + 2, "%5.1f %%", 100 * share);
}

static void draw_exits(int row, const MonitorSummary *summary, int stage_count) {
  print_at(row++, 0, "Exits of the last %d", summary->n);
  if (summary->repeated > 0) draw_share(row++, "unchanged", summary->repeated, summary->n);
  for (int s = 0; s < stage_count && s < STATS_STAGES; s++, row++) {
    char name[16] = "end";
    if (s < stage_count - 1) g_snprintf(name, sizeof name, "exit %d", s);
    draw_share(row, name, summary->exits[s], summary->n);
  }
}

static void draw_numbers(const WnSnapshot *snapshot, const MonitorSummary *summary,
                         uint64_t missed) {
  char *median = text_duration((double)summary->latency_median_ns);
  char *p95 = text_duration((double)summary->latency_p95_ns);
  print_at(LINES - 2, 0,
           "%.1f frames/s   latency %s, 95 %% under %s   saved %.1f %%   missed %" PRIu64,
           summary->frames_per_second, median, p95, 100 * summary->saved, missed);
  char *model = text_clean(snapshot->results[0].model_id);
  print_at(LINES - 1, 0, "%s   ", model);
  if (snapshot->has_frame)
    print_at(LINES - 1, (int)g_utf8_strlen(model, -1) + 3, "%s %d x %d",
             wn_pixel_format_name(snapshot->frame.format), snapshot->frame.width,
             snapshot->frame.height);
  g_free(model);
  g_free(median);
  g_free(p95);
}

void screen_draw(const char *socket, const char *status, const WnSnapshot *snapshot,
                 const MonitorSummary *summary, uint64_t missed) {
  erase();
  attron(A_DIM);
  print_at(0, 0, "winnow monitor %s", socket);
  if (COLS > 50) put(0, COLS - 8, "q: leave");
  attroff(A_DIM);
  if (snapshot == NULL) {
    put(2, 0, status);
  } else {
    draw_result(snapshot);
    int row = draw_survivors(HEAD_ROWS + 1, &snapshot->results[0]) + 1;
    draw_exits(row, summary, snapshot->results[0].stage_count);
    if (LINES > HEAD_ROWS + 2) {
      move(LINES - 2, 0);
      clrtobot();
      draw_numbers(snapshot, summary, missed);
    }
  }
  refresh();
}
