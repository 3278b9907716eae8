/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See frame_copy.h.
 */
#include "common/frame_copy.h"

void gst_winnow_frame_copy(GstWinnowFrameCopy *copy, const WnFrame *frame) {
  copy->frame = *frame;
  gsize size = wn_frame_lay_out(&copy->frame, 1, NULL);
  if (size > copy->capacity) {
    g_free(copy->pixels);
    copy->pixels = g_malloc(size);
    copy->capacity = size;
  }
  wn_frame_lay_out(&copy->frame, 1, copy->pixels);
  wn_frame_copy(&copy->frame, frame);
}

void gst_winnow_frame_copy_clear(GstWinnowFrameCopy *copy) {
  g_free(copy->pixels);
  *copy = (GstWinnowFrameCopy){0};
}
