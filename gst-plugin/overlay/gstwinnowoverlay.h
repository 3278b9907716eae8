/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element `winnowoverlay`.
 */
#ifndef GST_WINNOW_OVERLAY_H
#define GST_WINNOW_OVERLAY_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_OVERLAY (gst_winnow_overlay_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowOverlay, gst_winnow_overlay, GST, WINNOW_OVERLAY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(winnowoverlay)

G_END_DECLS
#endif
