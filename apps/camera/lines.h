/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lines on standard output, for a program that must not wait for whoever reads them.
 */
#ifndef LINES_H
#define LINES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Lines {
  GString *pending; /* what is to be written yet; NULL: nothing was ever */
  uint64_t n_left_out;
} Lines;

/* Adds `line`, with its line break, unless one before it is still pending: then it is left out. */
void lines_put(Lines *lines, const char *line);

/* Whether lines_flush() has something to write when standard output takes it. */
bool lines_are_pending(const Lines *lines);

/* Writes what can be written without waiting.  False: it failed, and errno says why. */
bool lines_flush(Lines *lines);

/* Waits a moment for the end of a line that is begun, and frees all. */
void lines_clear(Lines *lines);

#endif
