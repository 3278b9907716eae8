/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file, FIFO or terminal that lines are written to without ever waiting for it.  Called by
 * winnowpublish.  What is written is whole lines; one for which there is no room is left out.
 */
#ifndef GST_WINNOW_LINE_FILE_H
#define GST_WINNOW_LINE_FILE_H

#include <glib.h>

typedef struct {
  gchar *location;
  gint fd;          /* -1: closed; a FIFO that nobody reads */
  GString *pending; /* the rest of a line of which a part is written */
} GstWinnowLineFile;

/* Opens `location` to be appended to, "-" for standard output.  A FIFO need not have a reader.
 * FALSE: errno says why. */
gboolean gst_winnow_line_file_open(GstWinnowLineFile *file, const gchar *location);

/* Writes `line`, a newline at its end; FALSE: there is no room for it now, or nobody reads. */
gboolean gst_winnow_line_file_write(GstWinnowLineFile *file, const gchar *line);

/* Waits a moment for the rest of a line. */
void gst_winnow_line_file_close(GstWinnowLineFile *file);

#endif
