/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The overlay's drawing: where things go on a frame of some size, and their look.
 * Called by winnowoverlay, once per view that differs from the one before.
 */
#ifndef GST_WINNOW_OVERLAY_DRAW_H
#define GST_WINNOW_OVERLAY_DRAW_H

#include <gst/video/video.h>
#include "overlay/view.h"

/* A new composition that shows `views` (of GstWinnowView) on a frame of this size, or
 * NULL when there is nothing to draw or no room to draw it. */
GstVideoOverlayComposition *gst_winnow_overlay_draw(const GPtrArray *views, gint width,
                                                    gint height);

#endif
