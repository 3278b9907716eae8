/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where results are found: on buffers, on their regions, in messages.  Results
 * themselves are in result.c.
 */
#include "gstwinnow.h"

#include "place.h"

static gboolean copy_field(GQuark field, const GValue *value, gpointer to) {
  gst_structure_id_set_value(to, field, value);
  return TRUE;
}

static void add_meta(GstBuffer *buffer, const GstStructure *fields) {
  GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  gst_structure_foreach(fields, copy_field, gst_custom_meta_get_structure(meta));
}

/* A result stays true whatever becomes of the pixels; its region moves with them.  Where that was
 * cropped away, or nobody says where it is now, a region that is known by its name has its result
 * still, and one that is known by its place alone has none. */
static gboolean transform(GstBuffer *to, GstCustomMeta *meta, GstBuffer *from, GQuark type,
                          gpointer data, gpointer user_data) {
  if (!GST_META_TRANSFORM_IS_COPY(type)) return FALSE;
  g_autoptr(GstStructure) fields = gst_structure_copy(gst_custom_meta_get_structure(meta));
  if (place_follow(to, from, (GstMeta *)meta, fields) == PLACE_LOST) {
    const gchar *name = gst_structure_get_string(fields, "region");
    if (name == NULL || name[0] == '\0') return TRUE;
    place_forget(fields);
  }
  add_meta(to, fields);
  return TRUE;
}

/**
 * gst_winnow_meta_register:
 *
 * Registers #GST_WINNOW_META_NAME, once however often it is called.  Before the first buffer of
 * another process arrives it has to be done: it is where the plugin or this library was loaded by
 * then, which programs in C do by linking it. One in Python calls this after Gst.init(), because
 * Python loads libraries when they are used.
 *
 * Returns: (transfer none): the registered meta
 */
const GstMetaInfo *gst_winnow_meta_register(void) {
  static gsize info = 0;
  if (g_once_init_enter(&info)) {
    /* No tags: the result stays true whatever becomes of the pixels, so
     * converters, scalers and encoders keep it. */
    static const gchar *no_tags[] = {NULL};
    const GstMetaInfo *known = gst_meta_get_info(GST_WINNOW_META_NAME);
    if (known == NULL)
      known = gst_meta_register_custom(GST_WINNOW_META_NAME, no_tags, transform, NULL, NULL);
    g_once_init_leave(&info, (gsize)known);
  }
  return (const GstMetaInfo *)info;
}

/**
 * gst_winnow_buffer_add_result:
 * @buffer: a writable buffer
 * @fields: a result's fields, as gst_winnow_result_from_structure() reads them
 *
 * Attaches a result. The region of one that has `x`, `y`, `w` and `h` follows when the picture is
 * scaled and, since GStreamer 1.28, cropped or turned.
 */
void gst_winnow_buffer_add_result(GstBuffer *buffer, const GstStructure *fields) {
  g_return_if_fail(GST_IS_BUFFER(buffer) && gst_buffer_is_writable(buffer));
  gst_winnow_meta_register();
  place_add(buffer, fields);
  add_meta(buffer, fields);
}

/**
 * gst_winnow_results_from_buffer:
 * @buffer: a buffer
 *
 * Reads every result on @buffer in the order in which they were attached: one
 * for a whole frame, one per region with inference-region=roi-list, and those of
 * each winnowclassify when there are several.
 *
 * Returns: (transfer container) (element-type GstWinnowResult): the results, maybe none; the
 *   array owns them
 */
GPtrArray *gst_winnow_results_from_buffer(GstBuffer *buffer) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
  const GstMetaInfo *info = gst_winnow_meta_register();
  GPtrArray *results = g_ptr_array_new_with_free_func((GDestroyNotify)gst_winnow_result_unref);
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta(buffer, &state)) != NULL) {
    if (meta->info != info) continue;
    GstStructure *structure = gst_custom_meta_get_structure((GstCustomMeta *)meta);
    GstWinnowResult *result = gst_winnow_result_from_structure(structure);
    if (result != NULL) g_ptr_array_add(results, result);
  }
  return results;
}

/**
 * gst_winnow_result_from_buffer:
 * @buffer: a buffer
 *
 * Reads the result that was attached to @buffer last.
 *
 * Returns: (transfer full) (nullable): the result, or %NULL if there is none
 */
GstWinnowResult *gst_winnow_result_from_buffer(GstBuffer *buffer) {
  g_return_val_if_fail(GST_IS_BUFFER(buffer), NULL);
  g_autoptr(GPtrArray) results = gst_winnow_results_from_buffer(buffer);
  if (results->len == 0) return NULL;
  return gst_winnow_result_ref(g_ptr_array_index(results, results->len - 1));
}

/**
 * gst_winnow_result_from_region:
 * @region: a region of interest
 *
 * Reads the result of a region that winnowclassify classified with
 * inference-region=roi-list.
 *
 * Returns: (transfer full) (nullable): the result, or %NULL if there is none
 */
GstWinnowResult *gst_winnow_result_from_region(const GstVideoRegionOfInterestMeta *region) {
  g_return_val_if_fail(region != NULL, NULL);
  /* The list has the newest parameter last. */
  GstStructure *newest = NULL;
  for (GList *l = region->params; l != NULL; l = l->next)
    if (gst_structure_has_name(l->data, GST_WINNOW_REGION_PARAM_NAME)) newest = l->data;
  return gst_winnow_result_from_structure(newest);
}

/**
 * gst_winnow_result_from_message:
 * @message: a bus message
 *
 * Reads the result of a message that winnowclassify posted.
 *
 * Returns: (transfer full) (nullable): the result, or %NULL for any other message
 */
GstWinnowResult *gst_winnow_result_from_message(GstMessage *message) {
  g_return_val_if_fail(GST_IS_MESSAGE(message), NULL);
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT) return NULL;
  const GstStructure *structure = gst_message_get_structure(message);
  if (structure == NULL || !gst_structure_has_name(structure, GST_WINNOW_MESSAGE_NAME)) return NULL;
  return gst_winnow_result_from_structure(structure);
}
