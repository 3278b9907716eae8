/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See place.h.
 */
#include "place.h"

#include <gst/video/video.h>

static const gchar *const sides[] = {"x", "y", "w", "h"};

typedef struct {
  GstMeta meta;
  guint id; /* the same on all copies */
  GstVideoRectangle rect;
} Place;

static const GstMetaInfo *place_info(void);

static Place *add(GstBuffer *buffer, guint id, const GstVideoRectangle *rect) {
  Place *place = (Place *)gst_buffer_add_meta(buffer, place_info(), NULL);
  place->id = id;
  place->rect = *rect;
  return place;
}

/* ---- What becomes of the picture ------------------------------------------- */

static gint scale(gint at, gint from, gint to) {
  return (gint)gst_util_uint64_scale_int((guint64)at, to, MAX(from, 1));
}

/* As GStreamer does it with regions of interest. */
static GstVideoRectangle scaled(const GstVideoRectangle *r, const GstVideoInfo *in,
                                const GstVideoInfo *out) {
  gint w = GST_VIDEO_INFO_WIDTH(in), h = GST_VIDEO_INFO_HEIGHT(in);
  gint to_w = GST_VIDEO_INFO_WIDTH(out), to_h = GST_VIDEO_INFO_HEIGHT(out);
  return (GstVideoRectangle){scale(r->x, w, to_w), scale(r->y, h, to_h), scale(r->w, w, to_w),
                             scale(r->h, h, to_h)};
}

static gboolean transform(GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type,
                          gpointer data) {
  const Place *place = (Place *)meta;
  GstVideoRectangle rect = place->rect;
  if (GST_VIDEO_META_TRANSFORM_IS_SCALE(type)) {
    const GstVideoMetaTransform *how = data;
    rect = scaled(&rect, how->in_info, how->out_info);
#if GST_CHECK_VERSION(1, 27, 0)
  } else if (GST_VIDEO_META_TRANSFORM_IS_MATRIX(type)) {
    if (!gst_video_meta_transform_matrix_rectangle_clipped(data, &rect)) return FALSE;
#endif
  } else if (!GST_META_TRANSFORM_IS_COPY(type)) {
    return FALSE;
  }
  if (rect.w > 0 && rect.h > 0) add(to, place->id, &rect);
  return TRUE;
}

static gboolean init(GstMeta *meta, gpointer params, GstBuffer *buffer) {
  Place *place = (Place *)meta;
  place->id = 0;
  place->rect = (GstVideoRectangle){0};
  return TRUE;
}

static const GstMetaInfo *place_info(void) {
  static gsize info = 0;
  if (g_once_init_enter(&info)) {
    static const gchar *tags[] = {GST_META_TAG_VIDEO_STR, GST_META_TAG_VIDEO_ORIENTATION_STR,
                                  GST_META_TAG_VIDEO_SIZE_STR, NULL};
    GType api = gst_meta_api_type_register("GstWinnowPlaceMetaAPI", tags);
    g_once_init_leave(&info, (gsize)gst_meta_register(api, "GstWinnowPlaceMeta", sizeof(Place),
                                                      init, NULL, transform));
  }
  return (const GstMetaInfo *)info;
}

/* ---- For results ----------------------------------------------------------- */

static gboolean read_sides(const GstStructure *fields, gint values[4]) {
  for (guint i = 0; i < G_N_ELEMENTS(sides); i++)
    if (!gst_structure_get_int(fields, sides[i], &values[i])) return FALSE;
  return TRUE;
}

void place_add(GstBuffer *buffer, const GstStructure *fields) {
  static gint ids;
  gint at[4];
  if (!read_sides(fields, at)) return;
  const GstVideoRectangle rect = {at[0], at[1], at[2], at[3]};
  add(buffer, (guint)g_atomic_int_add(&ids, 1), &rect);
}

/* The last place before `end` (NULL: of all) that `takes`. */
static const Place *find(GstBuffer *buffer, const GstMeta *end, const guint *id, const gint *at) {
  const Place *found = NULL;
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta(buffer, &state)) != NULL && meta != end) {
    const Place *place = (Place *)meta;
    if (meta->info != place_info()) continue;
    if (id != NULL && place->id != *id) continue;
    if (at != NULL && (place->rect.x != at[0] || place->rect.y != at[1] || place->rect.w != at[2] ||
                       place->rect.h != at[3]))
      continue;
    found = place;
  }
  return found;
}

PlaceState place_follow(GstBuffer *to, GstBuffer *from, const GstMeta *meta, GstStructure *fields) {
  gint at[4];
  if (!read_sides(fields, at)) return PLACE_NONE;
  const Place *was = find(from, meta, NULL, at);
  if (was == NULL) return PLACE_NONE;
  const Place *is = find(to, NULL, &was->id, NULL);
  if (is == NULL) return PLACE_LOST;
  const gint now[] = {is->rect.x, is->rect.y, is->rect.w, is->rect.h};
  for (guint i = 0; i < G_N_ELEMENTS(sides); i++)
    gst_structure_set(fields, sides[i], G_TYPE_INT, now[i], NULL);
  return PLACE_KNOWN;
}

void place_forget(GstStructure *fields) {
  for (guint i = 0; i < G_N_ELEMENTS(sides); i++) gst_structure_remove_field(fields, sides[i]);
}
