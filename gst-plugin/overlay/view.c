/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rounding and words.  The numbers come from a buffer's meta, so none is trusted to
 * be in range.
 */
#include "overlay/view.h"

#include <string.h>

static gint to_percent(gdouble part) {
  if (!(part > 0.0)) return 0; /* NaN too */
  return part < 1.0 ? (gint)(part * 100.0 + 0.5) : 100;
}

/* A stop-reason in words. */
static const gchar *reason_text(const gchar *reason) {
  static const gchar *const texts[][2] = {
      {"single-class", "single class"},   {"confident", "confident"}, {"watch", "none watched"},
      {"group", "single group"},          {"final", "whole network"}, {"deadline", "deadline"},
      {"nothing", "no class has enough"}, {"unchanged", "unchanged"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
    if (strcmp(reason, texts[i][0]) == 0) return texts[i][1];
  return "";
}

/* The score of what the headline names; nothing for a class that was excluded meanwhile. */
static gint headline_percent(const GstWinnowResult *result, const gchar *headline,
                             const gchar *answer) {
  gsize n;
  const gdouble *scores = gst_winnow_result_get_survivor_scores(result, &n);
  const gchar *const *labels = gst_winnow_result_get_survivor_labels(result);
  if (gst_winnow_result_get_class_index(result) >= 0 && strcmp(headline, answer) == 0)
    return to_percent(gst_winnow_result_get_confidence(result));
  for (gsize i = 0; i < n; i++)
    if (strcmp(headline, labels[i]) == 0) return to_percent(scores[i]);
  return -1;
}

static void set_stages(GstWinnowView *view, const GstWinnowResult *result) {
  gsize n;
  const gint *left = gst_winnow_result_get_survivors_per_stage(result, &n);
  gint exit_stage = gst_winnow_result_get_exit_stage(result);
  view->n_stages = MIN(gst_winnow_result_get_stage_count(result), GST_WINNOW_VIEW_STAGES);
  view->exit_stage = MIN(exit_stage, view->n_stages - 1);
  /* Without exits of its own the network has an entry for the end only. */
  gboolean all = n == (gsize)exit_stage + 1;
  for (gint i = 0; i <= view->exit_stage; i++) view->left[i] = all ? MAX(left[i], 0) : -1;
  if (n > 0) view->left[view->exit_stage] = MAX(left[n - 1], 0);
}

GstWinnowView *gst_winnow_view_new(const GstWinnowResult *result, const gchar *headline,
                                   const gchar *answer, const WnRect *region) {
  GstWinnowView *view = g_new0(GstWinnowView, 1);
  view->headline = g_strdup(headline);
  view->percent = headline_percent(result, headline, answer);
  view->has_region = region != NULL;
  if (region != NULL) view->region = *region;
  const gchar *name = gst_winnow_result_get_region_name(result);
  view->name = g_strdup(region != NULL && name != NULL ? name : "");
  set_stages(view, result);
  const gchar *reason = gst_winnow_result_get_stop_reason(result);
  view->reason = reason_text(reason);
  view->in_time = strcmp(reason, "deadline") != 0;
  view->saved_percent = to_percent(gst_winnow_result_get_mac_reduction(result));
  gsize n;
  const gdouble *scores = gst_winnow_result_get_survivor_scores(result, &n);
  const gchar *const *labels = gst_winnow_result_get_survivor_labels(result);
  view->n_rows = (guint)MIN(n, GST_WINNOW_VIEW_ROWS);
  for (guint i = 0; i < view->n_rows; i++) {
    view->rows[i].label = g_strdup(labels[i]);
    view->rows[i].percent = to_percent(scores[i]);
  }
  view->n_survivors = (gint)n;
  return view;
}

void gst_winnow_view_free(GstWinnowView *view) {
  g_free(view->headline);
  g_free(view->name);
  for (guint i = 0; i < view->n_rows; i++) g_free(view->rows[i].label);
  g_free(view);
}

gboolean gst_winnow_view_equal(const GstWinnowView *a, const GstWinnowView *b) {
  if (strcmp(a->headline, b->headline) != 0 || strcmp(a->name, b->name) != 0 ||
      a->percent != b->percent || a->has_region != b->has_region ||
      memcmp(&a->region, &b->region, sizeof a->region) != 0 || a->n_stages != b->n_stages ||
      a->exit_stage != b->exit_stage || memcmp(a->left, b->left, sizeof a->left) != 0 ||
      a->reason != b->reason || a->saved_percent != b->saved_percent || a->n_rows != b->n_rows ||
      a->n_survivors != b->n_survivors)
    return FALSE;
  for (guint i = 0; i < a->n_rows; i++)
    if (a->rows[i].percent != b->rows[i].percent || strcmp(a->rows[i].label, b->rows[i].label) != 0)
      return FALSE;
  return TRUE;
}
