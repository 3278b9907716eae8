/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowoverlay: finds the results on a frame, keeps the headline calm,
 * and blends a drawing that is made anew only when it would look different.
 */

/**
 * SECTION:element-winnowoverlay
 * @title: winnowoverlay
 * @short_description: draws the results of winnowclassify
 *
 * Draws what winnowclassify attached: label and confidence, the ladder of stages with the exit lit
 * and below each stage how many classes it left, the best surviving classes, and how much of the
 * network was not computed. A result of a region is drawn as a box with a tag,
 * which begins with the region's name if it has one. Frames without a
 * result pass untouched.
 *
 * Any raw format is drawn on directly; everything scales with the frame. On frames too small for
 * the panel only a tag is drawn.
 *
 * There is nothing to set: the headline is the steady state that the winnowclassify in front tells
 * in its messages, with its `stable-time`, `min-confidence` and `watch`: a label, a group that was
 * decided before the label, an entry of the watch list or `other`, `nothing` or `unknown`. Until
 * the state is steady for the first time it is what leads so far. The rest shows each result as it
 * is. When several winnowclassify elements are in front, the last one is drawn.
 *
 * ## What it costs
 *
 * A drawing is kept in the numbers of the frames while results look the same: a frame then costs
 * one pass over what is drawn on (`meson test -C build --benchmark overlay -v` times it). A sink
 * that draws compositions itself (caps with `meta:GstVideoOverlayComposition`) gets the drawing
 * beside the frame, whose pixels stay as they are.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=90 pattern=ball ! video/x-raw,width=640,height=480 \
 *   ! winnowclassify model-file=models/paper/edge-cifar10.onnx ! winnowoverlay \
 *   ! videoconvert ! autovideosink
 * ]| Draws in a window.
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=1 ! video/x-raw,width=320,height=240 \
 *   ! winnowclassify model-file=models/paper/edge-cifar10.onnx ! winnowoverlay \
 *   ! videoconvert ! pngenc ! filesink location=overlay.png
 * ]| Writes a picture.
 *
 * Since: 0.1
 */
#include "overlay/gstwinnowoverlay.h"
#include "gstwinnow.h"
#include "overlay/blend.h"
#include "overlay/draw.h"
#include "common/frame_map.h"
#include "common/regions.h"
#include "common/tracks.h"

GST_DEBUG_CATEGORY_STATIC(gst_winnow_overlay_debug);
#define GST_CAT_DEFAULT gst_winnow_overlay_debug

/* All of the streaming thread. */
struct _GstWinnowOverlay {
  GstBaseTransform parent;
  GstVideoInfo info;
  GstWinnowDisplay display;
  GstWinnowTracks *tracks;
  GPtrArray *views;                        /* of GstWinnowView: what `composition` shows */
  GstVideoOverlayComposition *composition; /* NULL: nothing to draw */
  GstWinnowBlend *blend;                   /* of it once `blended`; NULL: there can be none */
  gboolean blended;
  gboolean attach; /* whoever shows the frames draws it */
};

#define FORMATS GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS
#define COMPOSITION GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define CAPS                                                                                       \
  GST_VIDEO_CAPS_MAKE(FORMATS)                                                                     \
  ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES(GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY "," COMPOSITION,     \
                                        FORMATS)
static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));

G_DEFINE_TYPE_WITH_CODE(GstWinnowOverlay, gst_winnow_overlay, GST_TYPE_BASE_TRANSFORM,
                        GST_DEBUG_CATEGORY_INIT(gst_winnow_overlay_debug, "winnowoverlay", 0,
                                                "draws classification results"))
GST_ELEMENT_REGISTER_DEFINE(winnowoverlay, "winnowoverlay", GST_RANK_NONE, GST_TYPE_WINNOW_OVERLAY)

static void forget_drawing(GstWinnowOverlay *self) {
  g_clear_pointer(&self->views, g_ptr_array_unref);
  g_clear_pointer(&self->composition, gst_video_overlay_composition_unref);
  self->blended = FALSE;
}

static void forget(GstWinnowOverlay *self) {
  gst_winnow_tracks_reset(self->tracks);
  forget_drawing(self);
  g_clear_pointer(&self->blend, gst_winnow_blend_free);
}

/* ---- Results to views ----------------------------------------------------- */

/* Feeds a result to its track; gives its view. */
static GstWinnowView *make_view(GstWinnowOverlay *self, const GstWinnowResult *result,
                                const WnRect *region) {
  const WnResult *data = gst_winnow_result_peek(result);
  GstWinnowTrack *track = gst_winnow_tracks_take(self->tracks, region != NULL, region);
  gst_winnow_track_feed(track, data, NULL);
  /* Until the state is steady for the first time, what leads is better than none. */
  const gchar *headline = wn_state_is_settled(track->state) ? wn_state_name(track->state)
                                                            : wn_state_leader(track->state);
  return gst_winnow_view_new(result, headline, wn_state_answer(track->state, data), region);
}

static WnRect frame_rect(const GstWinnowOverlay *self) {
  return (WnRect){0, 0, GST_VIDEO_INFO_WIDTH(&self->info), GST_VIDEO_INFO_HEIGHT(&self->info)};
}

/* Views of the regions of interest that carry a result; gives those results. */
static GPtrArray *view_regions(GstWinnowOverlay *self, GstBuffer *buffer, GPtrArray *views) {
  GPtrArray *results = g_ptr_array_new_with_free_func((GDestroyNotify)gst_winnow_result_unref);
  const WnRect frame = frame_rect(self);
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered(
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) != NULL) {
    const GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *)meta;
    GstWinnowResult *result = gst_winnow_result_from_region(roi);
    WnRect rect;
    if (result == NULL) continue;
    g_ptr_array_add(results, result);
    if (gst_winnow_region_clip(roi->x, roi->y, roi->w, roi->h, &frame, &rect))
      g_ptr_array_add(views, make_view(self, result, &rect));
  }
  return results;
}

/* Whether one of them came of the same inference: frame, time and answer tell. */
static gboolean is_among(const GPtrArray *results, const GstWinnowResult *result) {
  const WnResult *b = gst_winnow_result_peek(result);
  for (guint i = 0; i < results->len; i++) {
    const WnResult *a = gst_winnow_result_peek(g_ptr_array_index(results, i));
    if (a->pts_ns == b->pts_ns && a->latency_ns == b->latency_ns &&
        a->class_index == b->class_index && a->macs == b->macs)
      return TRUE;
  }
  return FALSE;
}

/* Everything on the buffer: the last result of the whole frame, and the regions. The place of one
 * is best known to its own meta, but it may have come without, or from a detection. */
static GPtrArray *view_buffer(GstWinnowOverlay *self, GstBuffer *buffer) {
  GPtrArray *views = g_ptr_array_new_with_free_func((GDestroyNotify)gst_winnow_view_free);
  g_autoptr(GPtrArray) results = gst_winnow_results_from_buffer(buffer);
  gst_winnow_tracks_begin(self->tracks);
  g_autoptr(GPtrArray) placed = view_regions(self, buffer, views);
  const GstWinnowResult *whole = NULL;
  const WnRect frame = frame_rect(self);
  for (guint i = 0; i < results->len; i++) {
    const GstWinnowResult *result = g_ptr_array_index(results, i);
    WnRect rect;
    gint x, y, w, h;
    if (!gst_winnow_result_get_region(result, &x, &y, &w, &h))
      whole = result;
    else if (!is_among(placed, result) && gst_winnow_region_clip(x, y, w, h, &frame, &rect))
      g_ptr_array_add(views, make_view(self, result, &rect));
  }
  if (whole != NULL) g_ptr_array_add(views, make_view(self, whole, NULL));
  gst_winnow_tracks_end(self->tracks);
  return views;
}

static gboolean same_views(const GPtrArray *a, const GPtrArray *b) {
  if (a == NULL || a->len != b->len) return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!gst_winnow_view_equal(g_ptr_array_index(a, i), g_ptr_array_index(b, i))) return FALSE;
  return TRUE;
}

/* ---- Drawing -------------------------------------------------------------- */

/* The composition goes along, behind what others have drawn. */
static void attach(GstWinnowOverlay *self, GstBuffer *buffer) {
  GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta(buffer);
  if (meta == NULL) {
    gst_buffer_add_video_overlay_composition_meta(buffer, self->composition);
    return;
  }
  GstVideoOverlayComposition *all = gst_video_overlay_composition_copy(meta->overlay);
  for (guint i = 0; i < gst_video_overlay_composition_n_rectangles(self->composition); i++)
    gst_video_overlay_composition_add_rectangle(
        all, gst_video_overlay_composition_get_rectangle(self->composition, i));
  gst_video_overlay_composition_unref(meta->overlay);
  meta->overlay = all;
}

static gboolean draw(GstWinnowOverlay *self, GstBuffer *buffer) {
  GstVideoFrame frame;
  if (!gst_winnow_frame_open(GST_ELEMENT(self), &self->info, buffer, GST_MAP_READWRITE, &frame))
    return FALSE;
  if (!self->blended)
    self->blend = gst_winnow_blend_new(self->composition, &self->info, self->blend);
  self->blended = TRUE;
  if (self->blend != NULL)
    gst_winnow_blend_run(self->blend, &frame);
  else
    gst_video_overlay_composition_blend(self->composition, &frame);
  gst_video_frame_unmap(&frame);
  return TRUE;
}

/* ---- Virtual methods ------------------------------------------------------ */

static GstFlowReturn transform_ip(GstBaseTransform *trans, GstBuffer *buffer) {
  GstWinnowOverlay *self = GST_WINNOW_OVERLAY(trans);
  GPtrArray *views = view_buffer(self, buffer);
  if (same_views(self->views, views)) {
    g_ptr_array_unref(views);
  } else {
    forget_drawing(self);
    self->views = views;
    GST_LOG_OBJECT(self, "new drawing of %u results", views->len);
    self->composition = gst_winnow_overlay_draw(views, GST_VIDEO_INFO_WIDTH(&self->info),
                                                GST_VIDEO_INFO_HEIGHT(&self->info));
  }
  if (self->composition == NULL) return GST_FLOW_OK;
  if (self->attach)
    attach(self, buffer);
  else if (!draw(self, buffer))
    return GST_FLOW_ERROR;
  return GST_FLOW_OK;
}

/* ---- Caps: with or without a composition ---------------------------------- */

static gboolean has_composition(const GstCaps *caps, guint i) {
  const GstCapsFeatures *features = gst_caps_get_features(caps, i);
  return features != NULL && !gst_caps_features_is_any(features) &&
         gst_caps_features_contains(features, COMPOSITION);
}

/* Structure i of the caps with it (`with`) or without. */
static GstCaps *variant(const GstCaps *caps, guint i, gboolean with) {
  GstCaps *one = gst_caps_copy_nth(caps, i);
  GstCapsFeatures *features = gst_caps_get_features(one, 0);
  if (with && !has_composition(one, 0)) gst_caps_features_add(features, COMPOSITION);
  if (!with) gst_caps_features_remove(features, COMPOSITION);
  return one;
}

/* A frame may get a composition here, and none loses one. */
static GstCaps *transform_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter) {
  GstCaps *other = gst_caps_new_empty();
  for (guint i = 0; i < gst_caps_get_size(caps); i++) {
    gboolean with = has_composition(caps, i);
    if (with || direction == GST_PAD_SINK) gst_caps_append(other, variant(caps, i, TRUE));
    if (!with || direction == GST_PAD_SRC) gst_caps_append(other, variant(caps, i, FALSE));
  }
  if (filter == NULL) return other;
  GstCaps *both = gst_caps_intersect_full(filter, other, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref(other);
  return both;
}

/* Whether what is behind draws compositions itself; many take such caps and do not. */
static gboolean peer_composes(GstBaseTransform *trans, GstCaps *caps) {
  GstQuery *query = gst_query_new_allocation(caps, FALSE);
  gboolean does =
      gst_pad_peer_query(trans->srcpad, query) &&
      gst_query_find_allocation_meta(query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  gst_query_unref(query);
  return does;
}

static GstCaps *fixate_caps(GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps,
                            GstCaps *other) {
  GstCaps *with = gst_caps_new_empty(), *without = gst_caps_new_empty();
  for (guint i = 0; i < gst_caps_get_size(other); i++)
    gst_caps_append(has_composition(other, i) ? with : without, gst_caps_copy_nth(other, i));
  gst_caps_unref(other);
  if (!gst_caps_is_empty(with)) with = gst_caps_fixate(with);
  if (!gst_caps_is_empty(without)) without = gst_caps_fixate(without);
  gboolean attaches = direction == GST_PAD_SINK && !gst_caps_is_empty(with) &&
                      (gst_caps_is_empty(without) || peer_composes(trans, with));
  gst_caps_unref(attaches ? without : with);
  return attaches ? with : without;
}

static gboolean set_caps(GstBaseTransform *trans, GstCaps *in, GstCaps *out) {
  GstWinnowOverlay *self = GST_WINNOW_OVERLAY(trans);
  if (!gst_video_info_from_caps(&self->info, in)) return FALSE;
  self->attach = has_composition(out, 0);
  forget(self);
  return TRUE;
}

static gboolean sink_event(GstBaseTransform *trans, GstEvent *event) {
  GstWinnowOverlay *self = GST_WINNOW_OVERLAY(trans);
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) forget(self);
  if (gst_winnow_display_event_parse(event, &self->display)) {
    GST_DEBUG_OBJECT(self, "stable time %" GST_TIME_FORMAT ", confidence of at least %.3f",
                     GST_TIME_ARGS(self->display.stable_time), self->display.min_confidence);
    gst_winnow_tracks_configure(self->tracks, &self->display,
                                gst_winnow_display_event_description(event));
  }
  return GST_BASE_TRANSFORM_CLASS(gst_winnow_overlay_parent_class)->sink_event(trans, event);
}

static gboolean stop(GstBaseTransform *trans) {
  forget(GST_WINNOW_OVERLAY(trans));
  return TRUE;
}

static void finalize(GObject *object) {
  gst_winnow_tracks_free(GST_WINNOW_OVERLAY(object)->tracks);
  G_OBJECT_CLASS(gst_winnow_overlay_parent_class)->finalize(object);
}

static void gst_winnow_overlay_class_init(GstWinnowOverlayClass *klass) {
  GstElementClass *element_class = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *trans_class = GST_BASE_TRANSFORM_CLASS(klass);
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  gst_element_class_set_static_metadata(element_class, "Winnow overlay", "Filter/Editor/Video",
                                        "Draws the results of winnowclassify",
                                        "The Winnow authors");
  G_OBJECT_CLASS(klass)->finalize = finalize;
  trans_class->transform_ip = transform_ip;
  trans_class->set_caps = set_caps;
  trans_class->transform_caps = transform_caps;
  trans_class->fixate_caps = fixate_caps;
  trans_class->sink_event = sink_event;
  trans_class->stop = stop;
  gst_winnow_meta_register();
}

static void gst_winnow_overlay_init(GstWinnowOverlay *self) {
  self->display = GST_WINNOW_DISPLAY_DEFAULT;
  self->tracks = gst_winnow_tracks_new();
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
}
