/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element `winnowpublish`.
 */
#ifndef GST_WINNOW_PUBLISH_H
#define GST_WINNOW_PUBLISH_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_PUBLISH (gst_winnow_publish_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowPublish, gst_winnow_publish, GST, WINNOW_PUBLISH, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(winnowpublish)

G_END_DECLS
#endif
