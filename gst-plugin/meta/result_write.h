/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The writer of a result's fields; the reader is result_read.c.  Names and types in a structure are
 * those of winnow/result_fields.h: GstCustomMeta serialises no other types.  Internal to the
 * plugin.
 */
#ifndef GST_WINNOW_RESULT_WRITE_H
#define GST_WINNOW_RESULT_WRITE_H

#include <gst/gst.h>
#include <winnow/result.h>

/* The field for the time that a result has aged since (winnow/result_fields.h has the others). */
#define GST_WINNOW_FIELD_AGE "age-ns"

/* Fields that only a buffer's meta has: the name of the winnowclassify that made the result, and
 * the number of its GstAnalyticsClsMtd, if there is one. */
#define GST_WINNOW_FIELD_ELEMENT "element"
#define GST_WINNOW_FIELD_CLASSES "cls-mtd"

/* Sets every field of `result` in `structure`, which keeps copies of all; of the survivors the
 * WN_RESULT_MAX_SURVIVORS best. */
void gst_winnow_result_write(GstStructure *structure, const WnResult *result);

#endif
