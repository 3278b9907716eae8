/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one line that people act on: changes only after a number of equal results
 * in a row.  winnowclassify posts a message when it changes, winnowoverlay
 * draws it.  Results themselves are never smoothed.
 */
#ifndef GST_WINNOW_HEADLINE_H
#define GST_WINNOW_HEADLINE_H

#include <glib.h>

#define GST_WINNOW_UNKNOWN "unknown"

/* Zero-initialise. */
typedef struct {
  gchar *current;   /* NULL until a first text was stable */
  gchar *candidate; /* the last text fed */
  guint n_equal;    /* how often in a row */
} GstWinnowHeadline;

/* What a result says: its group if that ended the network, else its label, or
 * GST_WINNOW_UNKNOWN below `min_confidence`. */
const gchar *gst_winnow_headline_text(const gchar *label, const gchar *group, gdouble confidence,
                                      gdouble min_confidence);

/* Takes the text of one more result; TRUE when `current` changed. */
gboolean gst_winnow_headline_feed(GstWinnowHeadline *headline, const gchar *text,
                                  guint stable_frames);

void gst_winnow_headline_clear(GstWinnowHeadline *headline);

#endif
