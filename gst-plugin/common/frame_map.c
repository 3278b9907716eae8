/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One row per format; colour as the caps say, else as GStreamer assumes.
 */
#include "common/frame_map.h"

static const struct {
  GstVideoFormat gst;
  WnPixelFormat wn;
} formats[] = {
    {GST_VIDEO_FORMAT_NV12, WN_PIXEL_NV12}, {GST_VIDEO_FORMAT_I420, WN_PIXEL_I420},
    {GST_VIDEO_FORMAT_YV12, WN_PIXEL_YV12}, {GST_VIDEO_FORMAT_YUY2, WN_PIXEL_YUY2},
    {GST_VIDEO_FORMAT_UYVY, WN_PIXEL_UYVY}, {GST_VIDEO_FORMAT_RGB, WN_PIXEL_RGB},
    {GST_VIDEO_FORMAT_BGR, WN_PIXEL_BGR},   {GST_VIDEO_FORMAT_RGBx, WN_PIXEL_RGBX},
    {GST_VIDEO_FORMAT_BGRx, WN_PIXEL_BGRX}, {GST_VIDEO_FORMAT_RGBA, WN_PIXEL_RGBA},
    {GST_VIDEO_FORMAT_BGRA, WN_PIXEL_BGRA}, {GST_VIDEO_FORMAT_GRAY8, WN_PIXEL_GRAY8},
};

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
  if (!gst_video_info_from_caps(info, caps)) return FALSE;
  const gchar *site = gst_structure_get_string(gst_caps_get_structure(caps, 0), "chroma-site");
  info->chroma_site = GST_VIDEO_CHROMA_SITE_UNKNOWN;
  if (site != NULL) info->chroma_site = gst_video_chroma_site_from_string(site);
  return TRUE;
}

gboolean gst_winnow_frame_map(const GstVideoFrame *frame, WnFrame *out) {
  const GstVideoInfo *info = &frame->info;
  GstVideoFormat format = GST_VIDEO_INFO_FORMAT(info);
  gsize row = 0;
  while (row < G_N_ELEMENTS(formats) && formats[row].gst != format) row++;
  if (row == G_N_ELEMENTS(formats)) return FALSE;

  *out = (WnFrame){
      .format = formats[row].wn,
      .width = GST_VIDEO_FRAME_WIDTH(frame),
      .height = GST_VIDEO_FRAME_HEIGHT(frame),
      .matrix = map_matrix(info),
      .range =
          info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? WN_RANGE_FULL : WN_RANGE_LIMITED,
      .chroma_site = map_chroma_site(info->chroma_site),
      .pts_ns = WN_PTS_NONE,
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
  gsize row = 0;
  while (row < G_N_ELEMENTS(formats) && formats[row].wn != frame->format) row++;
  if (row == G_N_ELEMENTS(formats) ||
      !gst_video_info_set_format(out, formats[row].gst, (guint)frame->width, (guint)frame->height))
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
