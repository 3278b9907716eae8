/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element `winnowclassify`.
 */
#ifndef GST_WINNOW_CLASSIFY_H
#define GST_WINNOW_CLASSIFY_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_WINNOW_CLASSIFY (gst_winnow_classify_get_type())
G_DECLARE_FINAL_TYPE(GstWinnowClassify, gst_winnow_classify, GST, WINNOW_CLASSIFY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(winnowclassify)

G_END_DECLS
#endif
