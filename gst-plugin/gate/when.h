/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The property `when` of winnowgate: which states it waits for, in the words of a watch list,
 * beside a description of what the results are about.
 */
#ifndef GST_WINNOW_WHEN_H
#define GST_WINNOW_WHEN_H

#include <glib.h>

typedef struct {
  gboolean nothing, unknown; /* these states count */
  /* As wn_session_describe() gives it, with the labels and groups that count as its watch set;
   * NULL: of what counts nothing is known. */
  gchar *description;
  gboolean entries; /* labels or groups count: those of the watch set */
} GstWinnowWhen;

/* Reads `text`, a list of labels, groups, `nothing` and `unknown`; NULL: what the results watch.
 * `description`: NULL where there is none, and of one without labels any may be named.  FALSE:
 * *problem is a new sentence that says what is wrong, and *out is empty. */
gboolean gst_winnow_when_parse(const gchar *text, const gchar *description, GstWinnowWhen *out,
                               gchar **problem);
void gst_winnow_when_clear(GstWinnowWhen *when);

#endif
