/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For the fuzz targets of channels: what a good publisher's memory holds, and a reader's user, who
 * looks at all that it is given and calculates with it.
 */
#ifndef FUZZ_GOOD_CHANNEL_H
#define FUZZ_GOOD_CHANNEL_H

#include <winnow/ipc.h>

#include <stdlib.h>
#include <string.h>

#include "ipc/record.h"
#include "ipc/ring.h"
#include "ipc/segment.h"

enum { GOOD_SIDE = 24, GOOD_PIXELS = GOOD_SIDE * 64 * 2 };

/* Frame `number` as a publisher writes it; every other one with a longer label. */
static inline void good_publish(WniSegment *segment, uint64_t number) {
  static const int32_t survivors[] = {4, 2, 1}, per_stage[] = {10, 3};
  static const char *const labels[] = {"deer", "bird", "automobile"};
  static const double scores[] = {0.5, 0.25, 0.125};
  static const uint8_t pixels[GOOD_PIXELS];
  WnResult result = {.label = number % 2 ? "deer" : "automobile",
                     .class_index = 4,
                     .group = "animal",
                     .exit_stage = 1,
                     .stage_count = 9,
                     .n_survivors = 3,
                     .survivors = survivors,
                     .survivor_labels = labels,
                     .survivor_scores = scores,
                     .n_stages_evaluated = 2,
                     .survivors_per_stage = per_stage,
                     .model_id = "m@00000000"};
  WnFrame frame = {.format = WN_PIXEL_NV12,
                   .width = GOOD_SIDE,
                   .height = GOOD_SIDE,
                   .plane = {pixels, pixels},
                   .stride_bytes = {GOOD_SIDE, GOOD_SIDE}};
  WniWireSlot *slot = wni_segment_slot(segment, number);
  wni_ring_begin(&slot->sequence, number);
  slot->number = number;
  slot->parts = WNI_WIRE_HAS_FRAME;
  slot->n_results = 1;
  wni_record_put(&result, &slot->result[0]);
  if (wni_record_lay_out(&frame, &slot->frame, NULL) != WN_OK) abort();
  wni_record_copy_pixels(&frame, wni_segment_pixels(segment, slot));
  wni_ring_end(&slot->sequence, number);
  wni_ring_set_latest(wni_segment_header(segment), number);
}

/* UBSan sees a sum or a difference that is none, and JSON that cannot be made. */
static inline uint64_t good_use_result(const WnResult *r, const WnSnapshot *got) {
  uint64_t sum = strlen(r->label) + strlen(r->group) + strlen(r->model_id);
  int64_t behind = got->published_ns - r->latency_ns, made = r->time_ns + r->age_ns;
  sum += strlen(wn_stop_reason_name(r->stop_reason)) + (behind > made) + (r->confidence > 0.5);
  if (r->has_region) sum += strlen(r->region_name) + (r->region.x + r->region.width > r->region.y);
  for (int32_t i = 0; i < r->n_survivors; i++)
    sum +=
        strlen(r->survivor_labels[i]) + (uint64_t)r->survivors[i] + (r->survivor_scores[i] > 0.5);
  for (int32_t i = 0; i < r->n_stages_evaluated; i++) sum += (uint64_t)r->survivors_per_stage[i];
  char *json = wn_result_json(r);
  if (!json) abort();
  sum += strlen(json);
  free(json);
  return sum;
}

static inline uint64_t good_use_results(const WnSnapshot *got) {
  uint64_t sum = 0;
  for (int32_t i = 0; i < got->n_results; i++) sum += good_use_result(&got->results[i], got);
  return sum;
}

/* Reads every byte that a snapshot points to. */
static inline uint64_t good_use(const WnSnapshot *got) {
  const WnFrame *f = &got->frame;
  uint64_t sum = good_use_results(got);
  for (int p = 0; got->has_frame && p < wn_pixel_format_planes(f->format); p++)
    for (int32_t y = 0; y < wn_pixel_format_rows(f->format, p, f->height); y++)
      for (size_t x = 0; x < wn_pixel_format_row_bytes(f->format, p, f->width); x++)
        sum += f->plane[p][y * f->stride_bytes[p] + (ptrdiff_t)x];
  return sum;
}

#endif
