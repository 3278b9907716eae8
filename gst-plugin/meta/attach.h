/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The answer to a frame or region, and how it gets onto a buffer.
 */
#ifndef GST_WINNOW_ATTACH_H
#define GST_WINNOW_ATTACH_H

#include <gst/gst.h>
#include <winnow/result.h>

/* A result as it is attached; never changed once made, so threads share it. */
typedef struct {
  gboolean has_region;
  WnRect region;
  GstStructure *fields;
} GstWinnowAnswer;

/* A new array that frees its answers. */
GPtrArray *gst_winnow_answers_new(void);

/* Copies `result` into a new answer at the end of `answers` and returns it. */
const GstWinnowAnswer *gst_winnow_answers_add(GPtrArray *answers, const WnResult *result);

/* Adds one meta per answer to `buffer`, which is writable, and a parameter to each of its
 * regions of interest that an answer is about.  `width` and `height` are the frame's. */
void gst_winnow_answers_attach(GPtrArray *answers, GstBuffer *buffer, gint width, gint height);

#endif
