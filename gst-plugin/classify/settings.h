/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The properties of winnowclassify: one table of specifications, one struct of
 * values.  The element holds its object lock around copies.
 */
#ifndef GST_WINNOW_CLASSIFY_SETTINGS_H
#define GST_WINNOW_CLASSIFY_SETTINGS_H

#include <gst/gst.h>
#include <winnow/winnow.h>
#include "common/display_event.h"
#include "common/properties.h"

typedef enum {
  GST_WINNOW_INFERENCE_REGION_FULL_FRAME,
  GST_WINNOW_INFERENCE_REGION_ROI_LIST
} GstWinnowInferenceRegion;

/* What a change of a property leads to. */
typedef enum {
  GST_WINNOW_CHANGE_NONE = 0,
  GST_WINNOW_CHANGE_POLICY = 1 << 0,  /* the session gets a new policy */
  GST_WINNOW_CHANGE_DISPLAY = 1 << 1, /* the elements behind get a new event */
  GST_WINNOW_CHANGE_MODEL = 1 << 2    /* a model is loaded */
} GstWinnowChange;

typedef struct {
  /* The model. */
  gchar *model_file, *labels_file;
  WnMeaning meaning; /* owns its strings */
  /* Read by start() and with another model. */
  gint threads, precision;
  gboolean async;
  /* The policy. */
  gint strategy;
  gchar *thresholds, *watch;
  gdouble threshold_scale;
  gboolean group_exit;
  guint64 deadline;
  gdouble unchanged;
  gchar *region, *ignore;
  guint64 max_age; /* read once a frame, too */
  /* Read once a frame. */
  guint inference_interval;
  GstWinnowFraction max_rate;
  gint inference_region;
  gboolean as_detection;
  gboolean post_messages;
  guint64 stable_time;
  gdouble min_confidence;
} GstWinnowSettings;

/* Every property, `stats` too; `change` is a GstWinnowChange. */
extern const GstWinnowProperties gst_winnow_settings_properties;

/* A copy with strings of its own; clear frees them. */
GstWinnowSettings gst_winnow_settings_copy(const GstWinnowSettings *settings);
void gst_winnow_settings_clear(GstWinnowSettings *settings);

/* Gives `to` a copy of what `from` says of the model, the policy or both: every property whose
 * change leads to such. */
void gst_winnow_settings_take(GstWinnowSettings *to, const GstWinnowSettings *from,
                              GstWinnowChange change);

/* Tells who listens that these may have changed. */
void gst_winnow_settings_notify(GObject *element, GstWinnowChange change);

/* What decides the steady state. */
GstWinnowDisplay gst_winnow_settings_display(const GstWinnowSettings *settings);

/* The engine's view; its strings belong to `settings`. */
WnPolicy gst_winnow_settings_policy(const GstWinnowSettings *settings);

#endif
