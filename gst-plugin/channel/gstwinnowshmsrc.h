/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element `winnowshmsrc`.
 */
#ifndef GST_WINNOW_SHM_SRC_H
#define GST_WINNOW_SHM_SRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_SHM_SRC (gst_winnow_shm_src_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowShmSrc, gst_winnow_shm_src, GST, WINNOW_SHM_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE(winnowshmsrc)

G_END_DECLS
#endif
