/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libgstwinnow-1.0: typed access to the classification that winnowclassify
 * attaches to a buffer, to its regions of interest and to its bus messages.
 * For programs in C and, through GObject introspection (GstWinnow 1.0), in
 * other languages.  Does not need the plugin.
 */
#ifndef GST_WINNOW_H
#define GST_WINNOW_H

#include <gst/gst.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

#ifndef GST_WINNOW_API
#define GST_WINNOW_API __attribute__((visibility("default"))) extern
#endif

/**
 * GST_WINNOW_META_NAME:
 *
 * Name of the #GstCustomMeta that carries a result.
 */
#define GST_WINNOW_META_NAME "GstWinnowClassificationMeta"

/**
 * GST_WINNOW_REGION_PARAM_NAME:
 *
 * Name of the #GstStructure that a classified #GstVideoRegionOfInterestMeta
 * carries as a parameter.
 */
#define GST_WINNOW_REGION_PARAM_NAME "winnow-classification"

/**
 * GST_WINNOW_MESSAGE_NAME:
 *
 * Name of the #GstStructure of the element message that winnowclassify posts: the fields of a
 * result, `event` (string: changed, seen or gone), `state` (string) and `since` (uint64, a
 * timestamp), and the times of the frame.
 */
#define GST_WINNOW_MESSAGE_NAME "winnowclassify"

GST_WINNOW_API const GstMetaInfo *gst_winnow_meta_register(void);

/**
 * GstWinnowResult:
 *
 * What is known about one frame, or one region of it, once its network has
 * stopped.  Immutable and reference counted, so any thread may read it.
 */
typedef struct _GstWinnowResult GstWinnowResult;

#define GST_TYPE_WINNOW_RESULT (gst_winnow_result_get_type())
GST_WINNOW_API GType gst_winnow_result_get_type(void);

GST_WINNOW_API void gst_winnow_buffer_add_result(GstBuffer *buffer, const GstStructure *fields);
GST_WINNOW_API GstWinnowResult *gst_winnow_result_from_buffer(GstBuffer *buffer);
GST_WINNOW_API GPtrArray *gst_winnow_results_from_buffer(GstBuffer *buffer);
GST_WINNOW_API GstWinnowResult *
gst_winnow_result_from_region(const GstVideoRegionOfInterestMeta *region);
GST_WINNOW_API GstWinnowResult *gst_winnow_result_from_message(GstMessage *message);
GST_WINNOW_API GstWinnowResult *gst_winnow_result_from_structure(const GstStructure *structure);
GST_WINNOW_API GstWinnowResult *gst_winnow_result_ref(GstWinnowResult *result);
GST_WINNOW_API void gst_winnow_result_unref(GstWinnowResult *result);

struct WnResult;
GST_WINNOW_API const struct WnResult *gst_winnow_result_peek(const GstWinnowResult *result);
GST_WINNOW_API gchar *gst_winnow_result_to_json(const GstWinnowResult *result);

GST_WINNOW_API const gchar *gst_winnow_result_get_label(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_class_index(const GstWinnowResult *result);
GST_WINNOW_API gdouble gst_winnow_result_get_confidence(const GstWinnowResult *result);
GST_WINNOW_API const gchar *gst_winnow_result_get_group(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_exit_stage(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_stage_count(const GstWinnowResult *result);
GST_WINNOW_API const gchar *gst_winnow_result_get_stop_reason(const GstWinnowResult *result);
GST_WINNOW_API const gint *gst_winnow_result_get_survivors(const GstWinnowResult *result,
                                                           gsize *n_survivors);
GST_WINNOW_API const gchar *const *
gst_winnow_result_get_survivor_labels(const GstWinnowResult *result);
GST_WINNOW_API const gdouble *gst_winnow_result_get_survivor_scores(const GstWinnowResult *result,
                                                                    gsize *n_survivors);
GST_WINNOW_API const gint *gst_winnow_result_get_survivors_per_stage(const GstWinnowResult *result,
                                                                     gsize *n_stages);
GST_WINNOW_API guint64 gst_winnow_result_get_macs(const GstWinnowResult *result);
GST_WINNOW_API guint64 gst_winnow_result_get_macs_full(const GstWinnowResult *result);
GST_WINNOW_API gdouble gst_winnow_result_get_mac_reduction(const GstWinnowResult *result);
GST_WINNOW_API gint64 gst_winnow_result_get_latency_ns(const GstWinnowResult *result);
GST_WINNOW_API const gchar *gst_winnow_result_get_model_id(const GstWinnowResult *result);
GST_WINNOW_API GstClockTime gst_winnow_result_get_pts(const GstWinnowResult *result);
GST_WINNOW_API gboolean gst_winnow_result_get_region(const GstWinnowResult *result, gint *x,
                                                     gint *y, gint *w, gint *h);
GST_WINNOW_API const gchar *gst_winnow_result_get_region_name(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_survivor_count(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_watched(const GstWinnowResult *result);
GST_WINNOW_API gint64 gst_winnow_result_get_time(const GstWinnowResult *result);
GST_WINNOW_API gint64 gst_winnow_result_get_age_ns(const GstWinnowResult *result);
GST_WINNOW_API const gchar *gst_winnow_result_get_element(const GstWinnowResult *result);
GST_WINNOW_API gint gst_winnow_result_get_cls_mtd(const GstWinnowResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GstWinnowResult, gst_winnow_result_unref)

G_END_DECLS
#endif
