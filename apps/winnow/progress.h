/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A progress bar on stderr, drawn only when stderr is a terminal.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
  bool visible;
  uint64_t total;
  const char *doing; /* what it is that takes its time; NULL: images are counted */
  int64_t start_us, drawn_us;
} Progress;

void progress_start(Progress *progress, uint64_t total);
void progress_update(Progress *progress, uint64_t done);

/* Removes the bar until the next update, before a line is written to the terminal. */
void progress_hide(Progress *progress);

/* Removes it for good. */
void progress_end(Progress *progress);

#endif
