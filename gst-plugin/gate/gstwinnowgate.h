/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element winnowgate: buffers pass around events only.
 */
#ifndef GST_WINNOW_GATE_H
#define GST_WINNOW_GATE_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_GATE (gst_winnow_gate_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowGate, gst_winnow_gate, GST, WINNOW_GATE, GstElement)

GST_ELEMENT_REGISTER_DECLARE(winnowgate)

G_END_DECLS
#endif
