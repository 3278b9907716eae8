/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One row per property says where its value lies and what a change leads to;
 * get and set follow from the row and the value's type.
 */
#include "classify/settings.h"
#include "common/display_event.h"

enum {
  PROP_MODEL_FILE = 1,
  PROP_LABELS_FILE,
  PROP_THREADS,
  PROP_PRECISION,
  PROP_STRATEGY,
  PROP_THRESHOLDS,
  PROP_THRESHOLD_SCALE,
  PROP_WATCH,
  PROP_GROUP_EXIT,
  PROP_DEADLINE,
  PROP_INFERENCE_INTERVAL,
  PROP_INFERENCE_REGION,
  PROP_ASYNC,
  PROP_POST_MESSAGES,
  PROP_STABLE_FRAMES,
  PROP_MIN_CONFIDENCE,
  N_IDS
};

#define AT(field) G_STRUCT_OFFSET(GstWinnowSettings, field)
static const struct {
  gsize offset;
  GstWinnowChange change;
} rows[N_IDS] = {
    [PROP_MODEL_FILE] = {AT(model_file), GST_WINNOW_CHANGE_NONE},
    [PROP_LABELS_FILE] = {AT(labels_file), GST_WINNOW_CHANGE_NONE},
    [PROP_THREADS] = {AT(threads), GST_WINNOW_CHANGE_NONE},
    [PROP_PRECISION] = {AT(precision), GST_WINNOW_CHANGE_NONE},
    [PROP_STRATEGY] = {AT(strategy), GST_WINNOW_CHANGE_POLICY},
    [PROP_THRESHOLDS] = {AT(thresholds), GST_WINNOW_CHANGE_POLICY},
    [PROP_THRESHOLD_SCALE] = {AT(threshold_scale), GST_WINNOW_CHANGE_POLICY},
    [PROP_WATCH] = {AT(watch), GST_WINNOW_CHANGE_POLICY},
    [PROP_GROUP_EXIT] = {AT(group_exit), GST_WINNOW_CHANGE_POLICY},
    [PROP_DEADLINE] = {AT(deadline), GST_WINNOW_CHANGE_POLICY},
    [PROP_INFERENCE_INTERVAL] = {AT(inference_interval), GST_WINNOW_CHANGE_NONE},
    [PROP_INFERENCE_REGION] = {AT(inference_region), GST_WINNOW_CHANGE_NONE},
    [PROP_ASYNC] = {AT(async), GST_WINNOW_CHANGE_NONE},
    [PROP_POST_MESSAGES] = {AT(post_messages), GST_WINNOW_CHANGE_NONE},
    [PROP_STABLE_FRAMES] = {AT(stable_frames), GST_WINNOW_CHANGE_DISPLAY},
    [PROP_MIN_CONFIDENCE] = {AT(min_confidence), GST_WINNOW_CHANGE_DISPLAY},
};

/* ---- Enumerations --------------------------------------------------------- */

static GType enum_type(gsize *type, const gchar *name, const GEnumValue *values) {
  if (g_once_init_enter(type)) {
    GType made = g_enum_register_static(name, values);
    gst_type_mark_as_plugin_api(made, 0);
    g_once_init_leave(type, made);
  }
  return *type;
}

static GType precision_type(void) {
  static const GEnumValue values[] = {
      {WN_PRECISION_AUTO, "What the model and the processor suggest", "auto"},
      {WN_PRECISION_FP32, "32-bit floating point", "fp32"},
      {WN_PRECISION_BF16, "bfloat16", "bf16"},
      {WN_PRECISION_INT8, "8-bit integers (the model must be quantized)", "int8"},
      {0, NULL, NULL}};
  static gsize type = 0;
  return enum_type(&type, "GstWinnowPrecision", values);
}

static GType strategy_type(void) {
  static const GEnumValue values[] = {
      {WN_STRATEGY_MODEL, "What the model file says", "model"},
      {WN_STRATEGY_CLASS_EXCLUSION, "Stop when one class is left", "class-exclusion"},
      {WN_STRATEGY_CONFIDENCE, "Stop when one class is above a threshold", "confidence"},
      {WN_STRATEGY_ENTROPY, "Stop when the entropy is below a threshold", "entropy"},
      {WN_STRATEGY_NONE, "Run the whole network", "none"},
      {0, NULL, NULL}};
  static gsize type = 0;
  return enum_type(&type, "GstWinnowStrategy", values);
}

static GType region_type(void) {
  static const GEnumValue values[] = {
      {GST_WINNOW_INFERENCE_REGION_FULL_FRAME, "The whole frame", "full-frame"},
      {GST_WINNOW_INFERENCE_REGION_ROI_LIST,
       "Each region of interest (GstVideoRegionOfInterestMeta) on the frame", "roi-list"},
      {0, NULL, NULL}};
  static gsize type = 0;
  return enum_type(&type, "GstWinnowInferenceRegion", values);
}

/* ---- Installation --------------------------------------------------------- */

#define READY ((GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY))
#define PLAYING                                                                                    \
  ((GParamFlags)(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING))

static void install_model(GObjectClass *k) {
  /**
   * GstWinnowClassify:model-file:
   *
   * The ONNX file. It is loaded when the element goes to PAUSED; elements with the same file share
   * it.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_MODEL_FILE,
      g_param_spec_string("model-file", "Model file", "Path of the ONNX model", NULL, READY));
  /**
   * GstWinnowClassify:labels-file:
   *
   * Text file with one label per line, for a model without labels or instead of its own.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_LABELS_FILE,
      g_param_spec_string("labels-file", "Labels file",
                          "Text file with one label per line (unset: the model's own labels)", NULL,
                          READY));
  /**
   * GstWinnowClassify:threads:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_THREADS,
      g_param_spec_int("threads", "Threads",
                       "Threads that compute a frame together (-1: one per usable core)", -1,
                       WN_MAX_THREADS, -1, READY));
  /**
   * GstWinnowClassify:precision:
   *
   * Since: 0.1
   */
  g_object_class_install_property(k, PROP_PRECISION,
                                  g_param_spec_enum("precision", "Precision",
                                                    "Arithmetic of the network", precision_type(),
                                                    WN_PRECISION_AUTO, READY));
  /**
   * GstWinnowClassify:async:
   *
   * A thread of the element classifies the newest frame while the stream flows on; frames carry
   * the newest result there is, whose `pts` tells the frame that it belongs to. At the end of the
   * stream the element waits for the inference under way.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_ASYNC,
      g_param_spec_boolean("async", "Async",
                           "Classify the newest frame in a thread; the stream never waits", FALSE,
                           READY));
}

static void install_policy(GObjectClass *k) {
  /**
   * GstWinnowClassify:strategy:
   *
   * A strategy other than the model's own needs #GstWinnowClassify:thresholds; set both in one
   * g_object_set() while the element runs.
   *
   * Since: 0.1
   */
  g_object_class_install_property(k, PROP_STRATEGY,
                                  g_param_spec_enum("strategy", "Strategy",
                                                    "When the network may stop early",
                                                    strategy_type(), WN_STRATEGY_MODEL, PLAYING));
  /**
   * GstWinnowClassify:thresholds:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_THRESHOLDS,
      g_param_spec_string("thresholds", "Thresholds",
                          "One number per exit, comma-separated (unset: the model's own)", NULL,
                          PLAYING));
  /**
   * GstWinnowClassify:threshold-scale:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_THRESHOLD_SCALE,
      g_param_spec_double("threshold-scale", "Threshold scale",
                          "Multiplies every threshold of class exclusion: more stops earlier",
                          0.001, 1000.0, 1.0, PLAYING));
  /**
   * GstWinnowClassify:watch:
   *
   * The network stops as soon as none of these labels survives. A label that contains a comma,
   * semicolon or colon is written as its class index.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_WATCH,
      g_param_spec_string("watch", "Watch",
                          "Labels of interest, comma-separated: stop as soon as none survives "
                          "(class-exclusion only)",
                          NULL, PLAYING));
  /**
   * GstWinnowClassify:group-exit:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_GROUP_EXIT,
      g_param_spec_boolean("group-exit", "Group exit",
                           "Stop when all survivors are in one group of the model "
                           "(class-exclusion only)",
                           FALSE, PLAYING));
  /**
   * GstWinnowClassify:deadline:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_DEADLINE,
      g_param_spec_uint64("deadline", "Deadline",
                          "Nanoseconds per frame after which no further stage begins (0: none)", 0,
                          G_MAXINT64, 0, PLAYING));
}

static void install_stream(GObjectClass *k) {
  /**
   * GstWinnowClassify:inference-interval:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_INFERENCE_INTERVAL,
      g_param_spec_uint("inference-interval", "Inference interval",
                        "Classify every Nth frame; the others carry the last result", 1, G_MAXUINT,
                        1, PLAYING));
  /**
   * GstWinnowClassify:inference-region:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_INFERENCE_REGION,
      g_param_spec_enum("inference-region", "Inference region", "What of a frame is classified",
                        region_type(), GST_WINNOW_INFERENCE_REGION_FULL_FRAME, PLAYING));
  /**
   * GstWinnowClassify:post-messages:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_POST_MESSAGES,
      g_param_spec_boolean("post-messages", "Post messages",
                           "Post an element message when the stable result changes", TRUE,
                           PLAYING));
  /**
   * GstWinnowClassify:stable-frames:
   *
   * Messages, and the headline of a winnowoverlay behind this element, change only after this many
   * equal results. The result on the buffer is never smoothed.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_STABLE_FRAMES,
      g_param_spec_uint("stable-frames", "Stable frames",
                        "Equal results in a row before messages and the overlay's headline change",
                        1, G_MAXUINT, GST_WINNOW_STABLE_FRAMES_DEFAULT, PLAYING));
  /**
   * GstWinnowClassify:min-confidence:
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      k, PROP_MIN_CONFIDENCE,
      g_param_spec_double("min-confidence", "Minimum confidence",
                          "Below it messages and the overlay's headline say `unknown`", 0.0, 1.0,
                          0.0, PLAYING));
}

void gst_winnow_settings_install(GObjectClass *klass) {
  install_model(klass);
  install_policy(klass);
  install_stream(klass);
}

guint gst_winnow_settings_n_ids(void) {
  return N_IDS;
}

/* ---- Values --------------------------------------------------------------- */

void gst_winnow_settings_init(GstWinnowSettings *settings, GObjectClass *klass) {
  guint n = 0;
  GParamSpec **specs = g_object_class_list_properties(klass, &n);
  for (guint i = 0; i < n; i++)
    if (specs[i]->owner_type == G_OBJECT_CLASS_TYPE(klass) && specs[i]->param_id < N_IDS)
      gst_winnow_settings_set(settings, specs[i]->param_id,
                              g_param_spec_get_default_value(specs[i]));
  g_free(specs);
}

void gst_winnow_settings_clear(GstWinnowSettings *settings) {
  g_free(settings->model_file);
  g_free(settings->labels_file);
  g_free(settings->thresholds);
  g_free(settings->watch);
  *settings = (GstWinnowSettings){0};
}

void gst_winnow_settings_set(GstWinnowSettings *settings, guint id, const GValue *value) {
  gpointer at = G_STRUCT_MEMBER_P(settings, rows[id].offset);
  switch (G_TYPE_FUNDAMENTAL(G_VALUE_TYPE(value))) {
  case G_TYPE_STRING:
    g_free(*(gchar **)at);
    *(gchar **)at = g_value_dup_string(value);
    break;
  case G_TYPE_INT:
    *(gint *)at = g_value_get_int(value);
    break;
  case G_TYPE_UINT:
    *(guint *)at = g_value_get_uint(value);
    break;
  case G_TYPE_ENUM:
    *(gint *)at = g_value_get_enum(value);
    break;
  case G_TYPE_BOOLEAN:
    *(gboolean *)at = g_value_get_boolean(value);
    break;
  case G_TYPE_UINT64:
    *(guint64 *)at = g_value_get_uint64(value);
    break;
  case G_TYPE_DOUBLE:
    *(gdouble *)at = g_value_get_double(value);
    break;
  default:
    g_assert_not_reached();
  }
}

void gst_winnow_settings_get(const GstWinnowSettings *settings, guint id, GValue *value) {
  gconstpointer at = (const guint8 *)settings + rows[id].offset;
  switch (G_TYPE_FUNDAMENTAL(G_VALUE_TYPE(value))) {
  case G_TYPE_STRING:
    g_value_set_string(value, *(gchar *const *)at);
    break;
  case G_TYPE_INT:
    g_value_set_int(value, *(const gint *)at);
    break;
  case G_TYPE_UINT:
    g_value_set_uint(value, *(const guint *)at);
    break;
  case G_TYPE_ENUM:
    g_value_set_enum(value, *(const gint *)at);
    break;
  case G_TYPE_BOOLEAN:
    g_value_set_boolean(value, *(const gboolean *)at);
    break;
  case G_TYPE_UINT64:
    g_value_set_uint64(value, *(const guint64 *)at);
    break;
  case G_TYPE_DOUBLE:
    g_value_set_double(value, *(const gdouble *)at);
    break;
  default:
    g_assert_not_reached();
  }
}

GstWinnowChange gst_winnow_settings_change(guint id) {
  return id < N_IDS ? rows[id].change : GST_WINNOW_CHANGE_NONE;
}

WnPolicy gst_winnow_settings_policy(const GstWinnowSettings *settings) {
  return (WnPolicy){
      .strategy = (WnStrategy)settings->strategy,
      .thresholds = settings->thresholds,
      .threshold_scale = settings->threshold_scale,
      .watch = settings->watch,
      .group_exit = settings->group_exit,
      .deadline_ns = (int64_t)settings->deadline,
  };
}
