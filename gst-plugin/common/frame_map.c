/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Formats go by the names that both sides give them; colour is as the caps say, else as GStreamer
 * assumes.
 */
#include "common/frame_map.h"

#include "common/dmabuf.h"

void gst_winnow_frame_add_template(GstElementClass *klass, const gchar *name,
                                   GstPadDirection direction, gboolean dmabuf) {
  GstCaps *caps =
      gst_caps_new_simple("video/x-raw", "width", GST_TYPE_INT_RANGE, 1, WN_FRAME_MAX_SIDE,
                          "height", GST_TYPE_INT_RANGE, 1, WN_FRAME_MAX_SIDE, "framerate",
                          GST_TYPE_FRACTION_RANGE, 0, 1, G_MAXINT, 1, NULL);
  GValue formats = G_VALUE_INIT;
  gst_value_list_init(&formats, WN_PIXEL_FORMAT_COUNT);
  for (gint f = 0; f < WN_PIXEL_FORMAT_COUNT; f++) {
    GValue format = G_VALUE_INIT;
    g_value_init(&format, G_TYPE_STRING);
    g_value_set_static_string(&format, wn_pixel_format_name((WnPixelFormat)f));
    gst_value_list_append_and_take_value(&formats, &format);
  }
  gst_caps_set_value(caps, "format", &formats);
  g_value_unset(&formats);
  if (dmabuf) gst_winnow_dmabuf_append_caps(caps);
  gst_element_class_add_pad_template(klass,
                                     gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
}

/* The engine knows BT.601 and BT.709; each other matrix is taken as the one whose
 * coefficients lie nearer.  (Kr, Kb): FCC 0.30, 0.11; SMPTE 240M 0.212, 0.087; BT.2020
 * 0.2627, 0.0593. */
static WnColorMatrix map_matrix(const GstVideoInfo *info) {
  switch (info->colorimetry.matrix) {
  case GST_VIDEO_COLOR_MATRIX_BT709:
  case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
  case GST_VIDEO_COLOR_MATRIX_BT2020:
    return WN_MATRIX_BT709;
  case GST_VIDEO_COLOR_MATRIX_BT601:
  case GST_VIDEO_COLOR_MATRIX_FCC:
    return WN_MATRIX_BT601;
  default:
    return info->height > 576 ? WN_MATRIX_BT709 : WN_MATRIX_BT601;
  }
}

/* GstVideoChromaSite says on which axis a sample lies on the luma grid. */
static WnChromaSite map_chroma_site(GstVideoChromaSite site) {
  if (site == GST_VIDEO_CHROMA_SITE_UNKNOWN) return WN_CHROMA_MPEG2;
  gboolean on_x = (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
  gboolean on_y = (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0;
  if (on_x) return on_y ? WN_CHROMA_COSITED : WN_CHROMA_MPEG2;
  return on_y ? WN_CHROMA_ALT : WN_CHROMA_CENTRED;
}

gboolean gst_winnow_frame_map_caps(GstVideoInfo *info, const GstCaps *caps) {
  if (!gst_winnow_dmabuf_info(info, caps)) return FALSE;
  const gchar *site = gst_structure_get_string(gst_caps_get_structure(caps, 0), "chroma-site");
  info->chroma_site = GST_VIDEO_CHROMA_SITE_UNKNOWN;
  if (site != NULL) info->chroma_site = gst_video_chroma_site_from_string(site);
  return TRUE;
}

/* The part of the memory that the caps are about: whole cells of chroma, so that an odd place is
 * moved by a pixel. */
static void crop(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer) {
  const GstVideoFormatInfo *format = frame->info.finfo;
  const GstVideoCropMeta *meta = gst_buffer_get_video_crop_meta(buffer);
  guint across = 0, down = 0;
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS(format); c++) {
    across = MAX(across, GST_VIDEO_FORMAT_INFO_W_SUB(format, c));
    down = MAX(down, GST_VIDEO_FORMAT_INFO_H_SUB(format, c));
  }
  const guint left = meta != NULL ? MIN(meta->x, (guint)frame->info.width) >> across << across : 0;
  const guint top = meta != NULL ? MIN(meta->y, (guint)frame->info.height) >> down << down : 0;
  for (guint p = 0; p < GST_VIDEO_FRAME_N_PLANES(frame); p++) {
    gint components[GST_VIDEO_MAX_COMPONENTS];
    gst_video_format_info_component(format, p, components);
    const gint c = components[0];
    const gsize row = top >> GST_VIDEO_FORMAT_INFO_H_SUB(format, c);
    const gsize column = left >> GST_VIDEO_FORMAT_INFO_W_SUB(format, c);
    frame->data[p] = (guint8 *)frame->data[p] +
                     (gssize)row * GST_VIDEO_FRAME_PLANE_STRIDE(frame, p) +
                     column * (gsize)GST_VIDEO_FORMAT_INFO_PSTRIDE(format, c);
  }
  frame->info.width = MIN(info->width, frame->info.width - (gint)left);
  frame->info.height = MIN(info->height, frame->info.height - (gint)top);
}

gboolean gst_winnow_frame_open(GstElement *element, const GstVideoInfo *info, GstBuffer *buffer,
                               GstMapFlags access, GstVideoFrame *frame) {
  /* NO_REF: a reference would make the buffer shared, and metas could not be added. */
  GstMapFlags flags = (GstMapFlags)(access | GST_VIDEO_FRAME_MAP_FLAG_NO_REF);
  if (gst_winnow_dmabuf_has(buffer) ? gst_winnow_dmabuf_map(frame, info, buffer, flags)
                                    : gst_video_frame_map(frame, info, buffer, flags)) {
    crop(frame, info, buffer);
    if (frame->info.width > 0 && frame->info.height > 0) return TRUE;
    gst_video_frame_unmap(frame);
  }
  GST_ELEMENT_ERROR(element, STREAM, FAILED,
                    ("a buffer of %" G_GSIZE_FORMAT " bytes is no %dx%d %s frame: fix its caps",
                     gst_buffer_get_size(buffer), GST_VIDEO_INFO_WIDTH(info),
                     GST_VIDEO_INFO_HEIGHT(info), GST_VIDEO_INFO_NAME(info)),
                    (NULL));
  return FALSE;
}

gboolean gst_winnow_frame_map(const GstVideoFrame *frame, WnFrame *out) {
  const GstVideoInfo *info = &frame->info;
  WnPixelFormat format =
      wn_pixel_format_find(gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(info)));
  if (format == WN_PIXEL_FORMAT_COUNT) return FALSE;

  *out = (WnFrame){
      .format = format,
      .width = GST_VIDEO_FRAME_WIDTH(frame),
      .height = GST_VIDEO_FRAME_HEIGHT(frame),
      .matrix = map_matrix(info),
      .range =
          info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? WN_RANGE_FULL : WN_RANGE_LIMITED,
      .chroma_site = map_chroma_site(info->chroma_site),
      .pts_ns = WN_PTS_NONE,
      .pixel_width = GST_VIDEO_INFO_PAR_N(info),
      .pixel_height = GST_VIDEO_INFO_PAR_D(info),
  };
  if (frame->buffer != NULL && GST_BUFFER_PTS_IS_VALID(frame->buffer))
    out->pts_ns = (int64_t)GST_BUFFER_PTS(frame->buffer);
  /* Both list the planes in memory order, YV12's V before U included. */
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES(frame); i++) {
    out->plane[i] = GST_VIDEO_FRAME_PLANE_DATA(frame, i);
    out->stride_bytes[i] = GST_VIDEO_FRAME_PLANE_STRIDE(frame, i);
  }
  return TRUE;
}

static GstVideoChromaSite unmap_chroma_site(WnChromaSite site) {
  static const GstVideoChromaSite sites[] = {
      [WN_CHROMA_MPEG2] = GST_VIDEO_CHROMA_SITE_MPEG2,
      [WN_CHROMA_CENTRED] = GST_VIDEO_CHROMA_SITE_JPEG,
      [WN_CHROMA_COSITED] = GST_VIDEO_CHROMA_SITE_COSITED,
      [WN_CHROMA_ALT] = GST_VIDEO_CHROMA_SITE_V_COSITED,
  };
  return sites[site];
}

gboolean gst_winnow_frame_unmap(const WnFrame *frame, GstVideoInfo *out) {
  const gchar *name = wn_pixel_format_name(frame->format);
  GstVideoFormat format =
      name != NULL ? gst_video_format_from_string(name) : GST_VIDEO_FORMAT_UNKNOWN;
  if (format == GST_VIDEO_FORMAT_UNKNOWN ||
      !gst_video_info_set_format(out, format, (guint)frame->width, (guint)frame->height))
    return FALSE;
  if (!GST_VIDEO_INFO_IS_YUV(out) && !GST_VIDEO_INFO_IS_GRAY(out)) return TRUE;
  gboolean is_709 = frame->matrix == WN_MATRIX_BT709;
  gst_video_colorimetry_from_string(&out->colorimetry, is_709 ? GST_VIDEO_COLORIMETRY_BT709
                                                              : GST_VIDEO_COLORIMETRY_BT601);
  out->colorimetry.range =
      frame->range == WN_RANGE_FULL ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
  if (GST_VIDEO_INFO_IS_YUV(out)) out->chroma_site = unmap_chroma_site(frame->chroma_site);
  return TRUE;
}
