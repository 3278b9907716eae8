/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reader of a result's fields; the writer is result_write.h.  Internal to libgstwinnow.
 */
#ifndef GST_WINNOW_RESULT_READ_H
#define GST_WINNOW_RESULT_READ_H

#include <gst/gst.h>
#include <winnow/result.h>

/* A new result, to be freed with free(); NULL when a field is missing, has another type or
 * contradicts the others. */
G_GNUC_INTERNAL WnResult *gst_winnow_result_read(const GstStructure *structure);

#endif
