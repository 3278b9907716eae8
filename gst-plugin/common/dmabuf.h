/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames in memory of a driver (DMABuf), as cameras and decoders hand them on without a copy.  The
 * processor may have to be told before it looks at them, and often reads them without a cache.
 */
#ifndef GST_WINNOW_DMABUF_H
#define GST_WINNOW_DMABUF_H

#include <gst/video/video.h>

/* Appends to `caps`, those of frames in plain memory, the same in a driver's, row by row as they
 * lie in the picture: by the names of `memory:DMABuf` caps of this GStreamer. */
void gst_winnow_dmabuf_append_caps(GstCaps *caps);

/* What caps of plain memory or of a driver's say; FALSE: neither. */
gboolean gst_winnow_dmabuf_info(GstVideoInfo *info, const GstCaps *caps);

/* Whether the frame lies in one piece of such memory. */
gboolean gst_winnow_dmabuf_has(GstBuffer *buffer);

/* gst_video_frame_map() for such a frame: mapped once whatever planes it has, because each time the
 * driver is asked.  gst_video_frame_unmap() ends it. */
gboolean gst_winnow_dmabuf_map(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer,
                               GstMapFlags flags);

#endif
