/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of winnowclassify: one table of specifications, one struct of
 * values.  The element holds its object lock around get, set and copy.
 */
#ifndef GST_WINNOW_CLASSIFY_SETTINGS_H
#define GST_WINNOW_CLASSIFY_SETTINGS_H

#include <gst/gst.h>
#include <winnow/winnow.h>

typedef enum {
  GST_WINNOW_INFERENCE_REGION_FULL_FRAME,
  GST_WINNOW_INFERENCE_REGION_ROI_LIST
} GstWinnowInferenceRegion;

/* What a change of a property leads to. */
typedef enum {
  GST_WINNOW_CHANGE_NONE = 0,
  GST_WINNOW_CHANGE_POLICY = 1 << 0, /* the session gets a new policy */
  GST_WINNOW_CHANGE_DISPLAY = 1 << 1 /* the elements behind get a new event */
} GstWinnowChange;

typedef struct {
  /* Read by start() only. */
  gchar *model_file, *labels_file;
  gint threads, precision;
  gboolean async;
  /* The policy. */
  gint strategy;
  gchar *thresholds, *watch;
  gdouble threshold_scale;
  gboolean group_exit;
  guint64 deadline;
  /* Read once a frame. */
  guint inference_interval;
  gint inference_region;
  gboolean post_messages;
  guint stable_frames;
  gdouble min_confidence;
} GstWinnowSettings;

/* Installs every property but `stats`, with ids from 1. */
void gst_winnow_settings_install(GObjectClass *klass);

/* The first id that is free for the class. */
guint gst_winnow_settings_n_ids(void);

void gst_winnow_settings_init(GstWinnowSettings *settings, GObjectClass *klass);
void gst_winnow_settings_clear(GstWinnowSettings *settings);

void gst_winnow_settings_set(GstWinnowSettings *settings, guint id, const GValue *value);
void gst_winnow_settings_get(const GstWinnowSettings *settings, guint id, GValue *value);
GstWinnowChange gst_winnow_settings_change(guint id);

/* The engine's view; its strings belong to `settings`. */
WnPolicy gst_winnow_settings_policy(const GstWinnowSettings *settings);

#endif
