/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's video description to the engine's and back: formats and colour.  Called by
 * winnowclassify, winnowshmsink and winnowshmsrc; the only place that knows both.
 */
#ifndef GST_WINNOW_FRAME_MAP_H
#define GST_WINNOW_FRAME_MAP_H

#include <gst/video/video.h>
#include <winnow/frame.h>

/* Caps of every frame that the engine reads. */
#define GST_WINNOW_SIDE "(int) [ 1, " G_STRINGIFY(WN_FRAME_MAX_SIDE) " ]"
#define GST_WINNOW_CLASSIFY_CAPS                                                                   \
  "video/x-raw, format = (string) { NV12, I420, YV12, YUY2, UYVY, RGB, BGR, RGBx, BGRx, RGBA, "    \
  "BGRA, GRAY8 }, width = " GST_WINNOW_SIDE ", height = " GST_WINNOW_SIDE ", "                     \
  "framerate = (fraction) [ 0, max ]"

/* gst_video_info_from_caps() with the chroma site as the caps name it, else unknown.
 * GStreamer itself overrules the caps where they name no colorimetry. */
gboolean gst_winnow_frame_map_caps(GstVideoInfo *info, const GstCaps *caps);

/* Describes a mapped frame; `out` points into it and lives as long as the map.
 * FALSE: a format outside GST_WINNOW_CLASSIFY_CAPS. */
gboolean gst_winnow_frame_map(const GstVideoFrame *frame, WnFrame *out);

/* The other way: GStreamer's description of frames like this one, without a frame rate.  FALSE: it
 * knows none. */
gboolean gst_winnow_frame_unmap(const WnFrame *frame, GstVideoInfo *out);

#endif
