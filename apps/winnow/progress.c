/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See progress.h.  The bar is redrawn at most ten times a second.
 */
#include "progress.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_CHARACTERS 30
#define REDRAW_US (G_USEC_PER_SEC / 10)

void progress_start(Progress *progress, uint64_t total) {
  *progress = (Progress){
      .visible = isatty(STDERR_FILENO) == 1, .total = total, .start_us = g_get_monotonic_time()};
}

void progress_update(Progress *progress, uint64_t done) {
  int64_t now_us = g_get_monotonic_time();
  if (!progress->visible || now_us - progress->drawn_us < REDRAW_US) return;
  progress->drawn_us = now_us;
  double share = (double)done / (double)progress->total;
  double left_s = done == 0 ? 0
                            : (double)(now_us - progress->start_us) / G_USEC_PER_SEC *
                                  (double)(progress->total - done) / (double)done;
  char bar[BAR_CHARACTERS + 1];
  for (int i = 0; i < BAR_CHARACTERS; i++) bar[i] = (i + 0.5) / BAR_CHARACTERS < share ? '#' : '.';
  bar[BAR_CHARACTERS] = '\0';
  fprintf(stderr, "\r[%s] ", bar);
  if (progress->doing != NULL)
    fputs(progress->doing, stderr);
  else
    fprintf(stderr, "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " images", done, progress->total);
  fprintf(stderr, ", %d:%02d left \033[K", (int)left_s / 60, (int)left_s % 60);
  fflush(stderr);
}

void progress_hide(Progress *progress) {
  if (progress->visible && progress->drawn_us != 0) fputs("\r\033[K", stderr);
  progress->drawn_us = 0;
}

void progress_end(Progress *progress) {
  progress_hide(progress);
  progress->visible = false;
}
