/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The writer of a result's fields; the reader is gstwinnow.c.  Internal to the
 * plugin.
 */
#ifndef GST_WINNOW_RESULT_WRITE_H
#define GST_WINNOW_RESULT_WRITE_H

#include <gst/gst.h>
#include <winnow/result.h>

/* Sets every field of `result` in `structure`, which keeps copies of all. */
void gst_winnow_result_write(GstStructure *structure, const WnResult *result);

#endif
