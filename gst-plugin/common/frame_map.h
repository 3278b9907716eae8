/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GStreamer's video description to the engine's and back: formats and colour.  Called by
 * winnowclassify, winnowoverlay, winnowshmsink and winnowshmsrc; the only place that knows both.
 */
#ifndef GST_WINNOW_FRAME_MAP_H
#define GST_WINNOW_FRAME_MAP_H

#include <gst/video/video.h>
#include <winnow/frame.h>

/* Adds a pad template with the caps of every frame that the engine reads; `dmabuf`: those in a
 * driver's memory too. */
void gst_winnow_frame_add_template(GstElementClass *klass, const gchar *name,
                                   GstPadDirection direction, gboolean dmabuf);

/* gst_video_info_from_caps() with the chroma site as the caps name it, else unknown.
 * GStreamer itself overrules the caps where they name no colorimetry. */
gboolean gst_winnow_frame_map_caps(GstVideoInfo *info, const GstCaps *caps);

/* Maps a buffer that the element holds alone, which stays writable.  FALSE: it is no such frame,
 * and the element has said so. */
gboolean gst_winnow_frame_open(GstElement *element, const GstVideoInfo *info, GstBuffer *buffer,
                               GstMapFlags access, GstVideoFrame *frame);

/* Describes a mapped frame; `out` points into it and lives as long as the map.
 * FALSE: a format that the engine does not read. */
gboolean gst_winnow_frame_map(const GstVideoFrame *frame, WnFrame *out);

/* The other way: GStreamer's description of frames like this one, without a frame rate.  FALSE: it
 * knows none. */
gboolean gst_winnow_frame_unmap(const WnFrame *frame, GstVideoInfo *out);

#endif
