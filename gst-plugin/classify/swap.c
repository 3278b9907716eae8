/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Another model for winnowclassify while frames flow (common/handover.h).  The element's properties
 * name the model in force or the one that is on its way; of one that cannot be used they go back.
 */
#include "classify/private.h"

#include <string.h>

#include "try_model.h"

#define GST_CAT_DEFAULT gst_winnow_classify_debug

typedef struct {
  GstWinnowSettings settings; /* with which the new model is to begin */
  guint serial, policy_serial;
} Order;

typedef struct {
  GstWinnowEngine engine;
  GstWinnowSettings settings; /* its own */
  GstClockTime full_duration;
  guint serial, policy_serial;
} Made;

static void order_free(gpointer data) {
  Order *order = data;
  gst_winnow_settings_clear(&order->settings);
  g_free(order);
}

static void made_free(gpointer data) {
  Made *made = data;
  gst_winnow_engine_close(&made->engine);
  gst_winnow_settings_clear(&made->settings);
  g_free(made);
}

/* ---- The handover's thread ------------------------------------------------ */

static WnStatus open_model(GstWinnowClassify *self, const GstWinnowSettings *settings, Made *made,
                           WnError *error) {
  WnStatus status = gst_winnow_engine_open(&made->engine, GST_BASE_TRANSFORM_SINK_PAD(self),
                                           settings, &made->full_duration, error);
  if (status == WN_OK) status = try_model(made->engine.model, error);
  if (status != WN_OK) gst_winnow_engine_close(&made->engine);
  return status;
}

/* A warning about the file, which goes on with the present model. */
static void warn(GstWinnowClassify *self, const gchar *file, const WnError *error) {
  WnError whole = {.status = error->status};
  gboolean named = file == NULL || strstr(error->message, file) != NULL;
  g_snprintf(whole.message, sizeof whole.message, "%s%s%.300s; the present model stays",
             named ? "" : file, named ? "" : ": ", error->message);
  gst_winnow_engine_post(GST_ELEMENT(self), GST_MESSAGE_WARNING, &whole);
}

/* The properties name the present model and what it was opened with again, unless they were set
 * once more meanwhile.  What came with the new one of the policy is for the present one now. */
static void take_back(GstWinnowClassify *self, const Order *order) {
  GST_OBJECT_LOCK(self);
  gboolean newest = order->serial == self->model_serial;
  self->model_done = MAX(self->model_done, order->serial);
  if (newest) {
    gst_winnow_settings_take(&self->settings, &self->good, GST_WINNOW_CHANGE_MODEL);
    self->policy_dirty = self->policy_dirty || self->policy_waits;
    self->policy_waits = FALSE;
  }
  GST_OBJECT_UNLOCK(self);
  if (newest) gst_winnow_settings_notify(G_OBJECT(self), GST_WINNOW_CHANGE_MODEL);
}

static gpointer make(gpointer owner, gpointer data) {
  GstWinnowClassify *self = owner;
  const Order *order = data;
  Made *made = g_new0(Made, 1);
  WnError error = {0};
  made->serial = order->serial;
  made->policy_serial = order->policy_serial;
  made->settings = gst_winnow_settings_copy(&order->settings);
  if (open_model(self, &order->settings, made, &error) == WN_OK) {
    GST_OBJECT_LOCK(self);
    gst_winnow_settings_take(&self->good, &order->settings, GST_WINNOW_CHANGE_MODEL);
    if (order->serial == self->model_serial) self->policy_waits = FALSE;
    GST_OBJECT_UNLOCK(self);
    return made;
  }
  made_free(made);
  take_back(self, order);
  warn(self, order->settings.model_file, &error);
  return NULL;
}

static const HandoverClass models = {make, NULL, order_free, made_free};

/* ---- The element's side --------------------------------------------------- */

void gst_winnow_classify_swap_begin(GstWinnowClassify *self) {
  self->models = handover_new(&models, self);
  self->model_set = self->policy_waits = FALSE;
  self->model_done = self->model_serial;
  gst_winnow_settings_take(&self->good, &self->settings, GST_WINNOW_CHANGE_MODEL);
}

void gst_winnow_classify_swap_end(GstWinnowClassify *self) {
  GST_OBJECT_LOCK(self);
  Handover *handover = g_steal_pointer(&self->models);
  GST_OBJECT_UNLOCK(self);
  handover_free(handover);
}

void gst_winnow_classify_swap_order(GstWinnowClassify *self, gboolean with_policy) {
  Order *order = g_new0(Order, 1);
  self->model_set = FALSE;
  self->policy_waits = self->policy_waits || with_policy;
  order->settings = gst_winnow_settings_copy(&self->settings);
  order->serial = ++self->model_serial;
  order->policy_serial = self->policy_serial;
  /* It begins with the places in force; whether others lie in the frame is seen when there is one.
   */
  if (g_strcmp0(order->settings.region, self->good.region) != 0 ||
      g_strcmp0(order->settings.ignore, self->good.ignore) != 0)
    order->policy_serial--;
  gst_winnow_string_set(&order->settings.region, self->good.region);
  gst_winnow_string_set(&order->settings.ignore, self->good.ignore);
  if (!handover_order(self->models, order))
    GST_WARNING_OBJECT(self, "no thread to load the model in; the present one stays");
}

/* What is counted of a model, and how long it takes, begins anew. */
static GstClockTime put_in_place(GstWinnowClassify *self, Made *made) {
  GstWinnowEngine old = self->engine;
  GST_OBJECT_LOCK(self);
  self->engine = made->engine;
  self->model_done = made->serial;
  gst_winnow_settings_take(&self->good, &made->settings, GST_WINNOW_CHANGE_POLICY);
  const WnModelInfo *info = wn_model_info(self->engine.model);
  gst_winnow_stats_follow(&self->stats, (guint)info->n_stages, info->macs_full);
  guint64 deadline = self->settings.deadline;
  GstClockTime duration = deadline > 0 ? MIN(made->full_duration, deadline) : made->full_duration;
  gst_winnow_latency_begin(&self->latency, duration);
  /* It was changed while the model was loaded. */
  if (made->policy_serial != self->policy_serial) self->policy_dirty = TRUE;
  GST_OBJECT_UNLOCK(self);
  self->described = FALSE;
  made->engine = old;
  return duration;
}

void gst_winnow_classify_swap_take(GstWinnowClassify *self) {
  Made *made = handover_take(self->models);
  if (made == NULL) return;
  GstClockTime duration = put_in_place(self, made);
  handover_retire(self->models, made);
  GST_INFO_OBJECT(self, "the model is now %s, %" GST_TIME_FORMAT " for all stages",
                  wn_model_info(self->engine.model)->id, GST_TIME_ARGS(duration));
  gst_winnow_engine_warn_model(GST_ELEMENT(self), &self->engine);
  gst_winnow_engine_warn(GST_ELEMENT(self), &self->engine);
  if (self->worker == NULL)
    gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
}
