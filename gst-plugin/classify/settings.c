/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One row per property, and what is done with all the values at once.
 */
#include "classify/private.h"

#include <string.h>

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

/* ---- Properties ----------------------------------------------------------- */

static gpointer make_stats(GObject *object) {
  return gst_winnow_stats_to_structure(&GST_WINNOW_CLASSIFY(object)->stats);
}

#define FIELD(name) G_STRUCT_OFFSET(GstWinnowClassify, settings.name)
#define MEANING_ROW(field, name, argument, what)                                                   \
  {name,                                                                                           \
   name,                                                                                           \
   what,                                                                                           \
   GST_WINNOW_STRING(NULL),                                                                        \
   FIELD(meaning.field),                                                                           \
   GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_MODEL)},
static const GstWinnowProperty rows[] = {
    /**
     * GstWinnowClassify:model-file:
     *
     * The ONNX file: a path, or the name of a model in the working folder or of an installed one,
     * with or without .onnx. It is loaded when the element goes to PAUSED; elements with the same
     * file share it.
     *
     * Set after that, also to the same path again for a file that was replaced, it is loaded beside
     * the present model, which classifies until the new one takes its place between two frames:
     * see "Another model while playing" above. Of a file that cannot be used a warning tells why,
     * and the property names the present one again.
     *
     * Since: 0.1
     */
    {"model-file", "Model file", "Path of the ONNX model, or the name of an installed one",
     GST_WINNOW_STRING(NULL), FIELD(model_file),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_MODEL)},
    /**
     * GstWinnowClassify:labels-file:
     *
     * Text file with one label per line, for a model without labels or instead of its own. It
     * belongs to the model: set while playing, it has #GstWinnowClassify:model-file loaded again
     * with these labels.
     *
     * Since: 0.1
     */
    {"labels-file", "Labels file",
     "Text file with one label per line (unset: the model's own labels)", GST_WINNOW_STRING(NULL),
     FIELD(labels_file), GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_MODEL)},
    /* What the input and the scores mean belongs to the model as its labels do: "What the model
     * sees" at the element. Since: 0.1 */
    WN_MEANING_FIELDS(MEANING_ROW)
    /**
     * GstWinnowClassify:threads:
     *
     * Since: 0.1
     */
    {"threads", "Threads", "Threads that compute a frame together (-1: one per usable core)",
     GST_WINNOW_INT(-1, -1, WN_MAX_THREADS), FIELD(threads), GST_WINNOW_READY},
    /**
     * GstWinnowClassify:precision:
     *
     * Since: 0.1
     */
    {"precision", "Precision", "Arithmetic of the network",
     GST_WINNOW_ENUM(precision_type, WN_PRECISION_AUTO), FIELD(precision), GST_WINNOW_READY},
    /**
     * GstWinnowClassify:async:
     *
     * A thread of the element classifies the newest frame while the stream flows on; frames carry
     * the newest result there is, whose `pts` tells the frame that it belongs to. At the end of the
     * stream the element waits for the inference under way.
     *
     * Since: 0.1
     */
    {"async", "Async", "Classify the newest frame in a thread; the stream never waits",
     GST_WINNOW_BOOLEAN(FALSE), FIELD(async), GST_WINNOW_READY},
    /**
     * GstWinnowClassify:strategy:
     *
     * A strategy other than the model's own needs #GstWinnowClassify:thresholds; set both in one
     * g_object_set() while the element runs.
     *
     * Since: 0.1
     */
    {"strategy", "Strategy", "When the network may stop early",
     GST_WINNOW_ENUM(strategy_type, WN_STRATEGY_MODEL), FIELD(strategy),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:thresholds:
     *
     * Since: 0.1
     */
    {"thresholds", "Thresholds", "One number per exit, comma-separated (unset: the model's own)",
     GST_WINNOW_STRING(NULL), FIELD(thresholds),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:threshold-scale:
     *
     * Since: 0.1
     */
    {"threshold-scale", "Threshold scale",
     "Multiplies every threshold of class exclusion: more stops earlier",
     GST_WINNOW_DOUBLE(1.0, 0.001, 1000.0), FIELD(threshold_scale),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:watch:
     *
     * The network stops as soon as none of these labels and groups survives. A group of the model
     * stands for its labels; a label of the same name wins, with a warning on the bus. A label that
     * contains a comma, semicolon or colon is written as its class index.
     *
     * Since: 0.1
     */
    {"watch", "Watch",
     "Labels and groups of interest, comma-separated: stop as soon as none survives "
     "(class-exclusion only)",
     GST_WINNOW_STRING(NULL), FIELD(watch), GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:group-exit:
     *
     * Since: 0.1
     */
    {"group-exit", "Group exit",
     "Stop when all survivors are in one group of the model (class-exclusion only)",
     GST_WINNOW_BOOLEAN(FALSE), FIELD(group_exit),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:deadline:
     *
     * Of the whole frame: with #GstWinnowClassify:inference-region=roi-list regions that cannot be
     * begun in time keep their last result or have none, and are the first of the next frame. One
     * stage of one region always runs.
     *
     * Since: 0.1
     */
    {"deadline", "Deadline", "Nanoseconds per frame after which no further stage begins (0: none)",
     GST_WINNOW_UINT64(0, 0, G_MAXINT64), FIELD(deadline),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:unchanged:
     *
     * A frame repeats the last answer, with stop-reason `unchanged` and the age of that answer,
     * while the mean colours of its 8x8 blocks, on the part that the network sees, all lie within
     * so many grey levels of those of the frame that was classified for it. 8 is a good beginning
     * for a fixed camera; `winnow tune MODEL --unchanged-from CLIP` finds a level for yours. Not
     * with #GstWinnowClassify:inference-region=roi-list.
     *
     * Since: 0.1
     */
    {"unchanged", "Unchanged",
     "Grey levels within which a frame counts as unchanged and repeats the last answer (0: off)",
     GST_WINNOW_DOUBLE(0.0, 0.0, 255.0), FIELD(unchanged),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:region:
     *
     * The part of the frame that is classified, `[NAME:]X,Y,W,H`: whole pixels or, with a decimal
     * point in any of the four, fractions of the frame, so that `door:0.5,0.0,0.5,1.0` is its right
     * half. It is clipped to the frame. The result has `x`, `y`, `w`, `h` and `region`, the name.
     * With #GstWinnowClassify:inference-region=roi-list the regions of interest are clipped to it.
     * A frame that it lies outside of is an error; a change to such a one while the element runs is
     * a warning, and the old one stays.
     *
     * Since: 0.1
     */
    {"region", "Region",
     "The part of the frame that is classified, [NAME:]X,Y,W,H in pixels or fractions (unset: all)",
     GST_WINNOW_STRING(NULL), FIELD(region), GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:ignore:
     *
     * Parts of the frame that the network sees as grey and that do not count for
     * #GstWinnowClassify:unchanged, such as a clock in the picture: the form is that of
     * #GstWinnowClassify:region, with `;` between several, at most 16. The pixels stay as they are.
     *
     * Since: 0.1
     */
    {"ignore", "Ignore",
     "Parts of the frame that are left out, [NAME:]X,Y,W,H with ; between (unset: none)",
     GST_WINNOW_STRING(NULL), FIELD(ignore), GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:max-age:
     *
     * How old a result may become: one of #GstWinnowClassify:unchanged is made anew then, and a
     * frame without an inference of its own (async, interval, late) carries none.
     *
     * Since: 0.1
     */
    {"max-age", "Maximum age", "Nanoseconds after which a result no longer counts (0: none)",
     GST_WINNOW_UINT64(WN_MAX_AGE_USUAL_NS, 0, G_MAXINT64), FIELD(max_age),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY | GST_WINNOW_CHANGE_DISPLAY)},
    /**
     * GstWinnowClassify:inference-interval:
     *
     * Since: 0.1
     */
    {"inference-interval", "Inference interval",
     "Classify every Nth frame; the others carry the last result up to max-age",
     GST_WINNOW_UINT(1, 1, G_MAXUINT), FIELD(inference_interval), GST_WINNOW_PLAYING},
    /**
     * GstWinnowClassify:max-rate:
     *
     * Counted in the stream's time where frames have timestamps. The frames between carry the last
     * result.
     *
     * Since: 0.1
     */
    {"max-rate", "Maximum rate", "Inferences a second at most (0/1: every frame that is due)",
     GST_WINNOW_FRACTION(0, 1), FIELD(max_rate), GST_WINNOW_PLAYING},
    /**
     * GstWinnowClassify:inference-region:
     *
     * Since: 0.1
     */
    {"inference-region", "Inference region",
     "What of a frame is classified: all of it, or its regions of interest and detections",
     GST_WINNOW_ENUM(region_type, GST_WINNOW_INFERENCE_REGION_FULL_FRAME), FIELD(inference_region),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_POLICY)},
    /**
     * GstWinnowClassify:as-detection:
     *
     * Elements that draw or send on what was detected, such as objectdetectionoverlay and
     * relationmeta2onvifmeta, know no classes but those of a detection. With this property a result
     * is one: of the whole frame, or of its region where it has one that nobody has detected. It
     * needs GStreamer 1.24. (objectdetectionoverlay writes a label above its box, where nothing is
     * left above the whole frame; winnowoverlay shows it.)
     *
     * Since: 0.1
     */
    {"as-detection", "As detection",
     "Also attach each result as a detection, for elements that know only such",
     GST_WINNOW_BOOLEAN(FALSE), FIELD(as_detection), GST_WINNOW_PLAYING},
    /**
     * GstWinnowClassify:post-messages:
     *
     * Since: 0.1
     */
    {"post-messages", "Post messages", "Post an element message when the steady state changes",
     GST_WINNOW_BOOLEAN(TRUE), FIELD(post_messages), GST_WINNOW_PLAYING},
    /**
     * GstWinnowClassify:stable-time:
     *
     * How quickly the steady state follows the results: what messages, the headline of a
     * winnowoverlay and winnowpublish's `on-change` tell. Each answer has a level that moves to the
     * confidence of the results with this time constant; another answer becomes the state when its
     * level is 0.1 higher. Until this time has passed the state is `unknown`; 0: every answer is a
     * state. The result on the buffer is never smoothed.
     *
     * Since: 0.1
     */
    {"stable-time", "Stable time",
     "Nanoseconds in which the steady state follows the results (0: at once)",
     GST_WINNOW_UINT64(WN_STATE_STABLE_TIME_NS, 0, G_MAXINT64), FIELD(stable_time),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_DISPLAY)},
    /**
     * GstWinnowClassify:min-confidence:
     *
     * A steady state whose level is lower is `unknown`.
     *
     * Since: 0.1
     */
    {"min-confidence", "Minimum confidence", "Below it the steady state is `unknown`",
     GST_WINNOW_DOUBLE(0.0, 0.0, 1.0), FIELD(min_confidence),
     GST_WINNOW_PLAYING_CHANGES(GST_WINNOW_CHANGE_DISPLAY)},
    /**
     * GstWinnowClassify:stats:
     *
     * Since the element started: `frames`, `skipped` (frames that carry the last result unaltered)
     * and `late` (of those, passed because of QoS). Since it took its present model: `inferences`,
     * `unchanged` (frames that repeat an answer since they look like the one before), `macs-mean`,
     * `macs-full`, `mac-reduction`, `latency-mean`, `latency-max` (ns), all over inferences and
     * `unchanged`, and `exits`, how many inferences ended at each stage.
     *
     * Since: 0.1
     */
    {"stats", "Statistics", "Counters since the element started",
     GST_WINNOW_MADE(gst_structure_get_type, make_stats), 0, GST_WINNOW_READ_ONLY},
};
const GstWinnowProperties gst_winnow_settings_properties = {rows, G_N_ELEMENTS(rows)};

/* ---- Values --------------------------------------------------------------- */

/* The field of row i in a copy of the settings, where it is a string. */
static gchar **string_field(GstWinnowSettings *settings, guint i) {
  if (rows[i].type.type != G_TYPE_STRING) return NULL;
  return (gchar **)G_STRUCT_MEMBER_P(settings,
                                     rows[i].offset - G_STRUCT_OFFSET(GstWinnowClassify, settings));
}

GstWinnowSettings gst_winnow_settings_copy(const GstWinnowSettings *settings) {
  GstWinnowSettings copy = *settings;
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    gchar **text = string_field(&copy, i);
    if (text != NULL) *text = g_strdup(*text);
  }
  return copy;
}

void gst_winnow_settings_clear(GstWinnowSettings *settings) {
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    gchar **text = string_field(settings, i);
    if (text != NULL) g_clear_pointer(text, g_free);
  }
}

static gsize size_of(const GstWinnowPropertyType *type) {
  switch (type->type) {
  case G_TYPE_UINT64:
    return sizeof(guint64);
  case G_TYPE_DOUBLE:
    return sizeof(gdouble);
  case GST_WINNOW_TYPE_FRACTION:
    return sizeof(GstWinnowFraction);
  default:
    return sizeof(gint);
  }
}

void gst_winnow_settings_take(GstWinnowSettings *to, const GstWinnowSettings *from,
                              GstWinnowChange change) {
  GstWinnowSettings source = *from; /* whose strings stay where they are */
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (!(rows[i].access.change & change)) continue;
    glong at = (glong)(rows[i].offset - G_STRUCT_OFFSET(GstWinnowClassify, settings));
    gchar **text = string_field(to, i);
    if (text != NULL)
      gst_winnow_string_set(text, *string_field(&source, i));
    else
      memcpy(G_STRUCT_MEMBER_P(to, at), G_STRUCT_MEMBER_P(&source, at), size_of(&rows[i].type));
  }
}

void gst_winnow_settings_notify(GObject *element, GstWinnowChange change) {
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].access.change & change) g_object_notify(element, rows[i].name);
}

GstWinnowDisplay gst_winnow_settings_display(const GstWinnowSettings *settings) {
  return (GstWinnowDisplay){settings->stable_time, settings->min_confidence, settings->max_age};
}

WnPolicy gst_winnow_settings_policy(const GstWinnowSettings *settings) {
  return (WnPolicy){
      .strategy = (WnStrategy)settings->strategy,
      .thresholds = settings->thresholds,
      .threshold_scale = settings->threshold_scale,
      .watch = settings->watch,
      .group_exit = settings->group_exit,
      .deadline_ns = (int64_t)settings->deadline,
      /* regions come and go, and there is one frame to compare with */
      .unchanged = settings->inference_region == GST_WINNOW_INFERENCE_REGION_ROI_LIST
                       ? 0.0
                       : settings->unchanged,
      .max_age_ns = (int64_t)settings->max_age,
      .region = settings->region,
      .ignore = settings->ignore,
  };
}
