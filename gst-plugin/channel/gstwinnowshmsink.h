/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element `winnowshmsink`.
 */
#ifndef GST_WINNOW_SHM_SINK_H
#define GST_WINNOW_SHM_SINK_H

#include <gst/video/gstvideosink.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_SHM_SINK (gst_winnow_shm_sink_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowShmSink, gst_winnow_shm_sink, GST, WINNOW_SHM_SINK, GstVideoSink)

GST_ELEMENT_REGISTER_DECLARE(winnowshmsink)

G_END_DECLS
#endif
