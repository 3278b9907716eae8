/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A drawing in the numbers of the frames that it goes on: what it adds to each byte, and how much
 * of the byte stays.  Made once for a drawing, so that a frame costs one pass over the bytes that
 * are drawn on; gst_video_overlay_composition_blend() converts and unpacks them anew each time.
 */
#ifndef GST_WINNOW_OVERLAY_BLEND_H
#define GST_WINNOW_OVERLAY_BLEND_H

#include <gst/video/video.h>

typedef struct GstWinnowBlend GstWinnowBlend;

/* For frames as `info` says.  NULL: their samples are no bytes.  `before`, of the same frames, is
 * freed; what it has of rows that look the same is kept.  NULL: there was none. */
GstWinnowBlend *gst_winnow_blend_new(GstVideoOverlayComposition *composition,
                                     const GstVideoInfo *info, GstWinnowBlend *before);
void gst_winnow_blend_free(GstWinnowBlend *blend);

/* Draws on a writable frame. */
void gst_winnow_blend_run(const GstWinnowBlend *blend, GstVideoFrame *frame);

#endif
