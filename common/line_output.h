/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file, FIFO or standard output that lines are written to without ever waiting for whoever reads
 * them.  Called by winnowpublish, winnow-camera and winnow monitor.  What arrives is whole lines:
 * of one that is begun the rest is kept until it finds room, and meanwhile others are left out.  A
 * full disk is a failure, and takes no half of a line.
 *
 * Functions that fail set errno.  None raises SIGPIPE or SIGXFSZ.
 */
#ifndef LINE_OUTPUT_H
#define LINE_OUTPUT_H

#include <glib.h>
#include <stdbool.h>

typedef struct LineOutput {
  char *location;
  int fd;           /* -1: closed; a FIFO that nobody reads */
  bool may_block;   /* the descriptor waits when it is full, and is not ours to change */
  GString *pending; /* what is to be written yet of one line */
  size_t n_written; /* of that line so far */
} LineOutput;

typedef enum LineResult {
  LINE_WRITTEN,
  LINE_LEFT_OUT, /* nobody reads, or not fast enough */
  LINE_FAILED    /* as will all that follow: the disk is full, say */
} LineResult;

/* Opens `location` to be appended to, "-" for standard output.  A FIFO need not have a reader.
 * False: it cannot be, and nothing is open. */
bool line_output_open(LineOutput *output, const char *location);

/* Writes `line`, a newline at its end, or as much of it as there is room for.  A FIFO that has
 * found a reader is opened again. */
LineResult line_output_write(LineOutput *output, const char *line);

/* The same in two steps, for who waits for room: takes `line` unless one is pending, false then;
 * and writes what there is room for, false when it failed for good. */
bool line_output_put(LineOutput *output, const char *line);
bool line_output_flush(LineOutput *output);

/* Whether there is something to flush, when the descriptor takes it. */
bool line_output_is_pending(const LineOutput *output);

/* For who waits for the reader: all n bytes of the line, or of a file none of them and false. */
bool line_write(int fd, const char *line, size_t n);

/* Waits a moment for the rest of a line and closes.  What is zero or closed is ignored. */
void line_output_close(LineOutput *output);

#endif
