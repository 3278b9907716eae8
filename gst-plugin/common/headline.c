/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counts equal texts in a row.
 */
#include "common/headline.h"

const gchar *gst_winnow_headline_text(const gchar *label, const gchar *group, gdouble confidence,
                                      gdouble min_confidence) {
  if (confidence < min_confidence) return GST_WINNOW_UNKNOWN;
  return group[0] != '\0' ? group : label;
}

gboolean gst_winnow_headline_feed(GstWinnowHeadline *headline, const gchar *text,
                                  guint stable_frames) {
  if (g_strcmp0(text, headline->candidate) == 0) {
    if (headline->n_equal < G_MAXUINT) headline->n_equal++;
  } else {
    g_free(headline->candidate);
    headline->candidate = g_strdup(text);
    headline->n_equal = 1;
  }
  if (headline->n_equal < stable_frames || g_strcmp0(text, headline->current) == 0) return FALSE;
  g_free(headline->current);
  headline->current = g_strdup(text);
  return TRUE;
}

void gst_winnow_headline_clear(GstWinnowHeadline *headline) {
  g_free(headline->current);
  g_free(headline->candidate);
  *headline = (GstWinnowHeadline){0};
}
