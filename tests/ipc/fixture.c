/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See fixture.h.
 */
#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SURVIVORS = 200, PATIENCE_MS = 20000 };

static char folder[64], path[96];

const char *fixture_path(void) {
  if (!path[0]) {
    strcpy(folder, "/tmp/winnow-ipc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/channel", folder);
  }
  return path;
}

void fixture_clean(void) {
  if (!path[0]) return;
  unlink(path);
  ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left */
  path[0] = '\0';
}

WnPublisher *fixture_publisher(const WnPublisherOptions *options) {
  WnPublisher *publisher;
  WnError error = {0};
  ck_assert_msg(wn_publisher_new(fixture_path(), options, &publisher, &error) == WN_OK, "%s",
                error.message);
  return publisher;
}

WnReader *fixture_reader(void) {
  WnReader *reader;
  WnError error = {0};
  ck_assert_msg(wn_reader_new(fixture_path(), &reader, &error) == WN_OK, "%s", error.message);
  return reader;
}

static uint8_t pixel(uint64_t number, int plane, int32_t y, size_t x) {
  return (uint8_t)(number * 31 + (uint64_t)plane * 7 + (uint64_t)y * 3 + x);
}

WnFrame fixture_frame(WnPixelFormat format, int32_t width, int32_t height, ptrdiff_t padding,
                      uint64_t number) {
  WnFrame frame = {.format = format,
                   .width = width,
                   .height = height,
                   .matrix = WN_MATRIX_BT709,
                   .range = WN_RANGE_FULL,
                   .chroma_site = WN_CHROMA_CENTRED,
                   .pts_ns = (int64_t)number * 1000,
                   .time_ns = (int64_t)number * 1000 + 3};
  for (int p = 0; p < wn_pixel_format_planes(format); p++) {
    size_t row = wn_pixel_format_row_bytes(format, p, width);
    int32_t rows = wn_pixel_format_rows(format, p, height);
    frame.stride_bytes[p] = (ptrdiff_t)row + padding;
    uint8_t *plane = malloc((size_t)frame.stride_bytes[p] * (size_t)rows);
    for (int32_t y = 0; y < rows; y++)
      for (size_t x = 0; x < row; x++)
        plane[y * frame.stride_bytes[p] + (ptrdiff_t)x] = pixel(number, p, y, x);
    frame.plane[p] = plane;
  }
  return frame;
}

void fixture_free_frame(WnFrame *frame) {
  for (int p = 0; p < 3; p++) free((void *)frame->plane[p]);
}

bool fixture_frame_is(const WnFrame *frame, uint64_t number) {
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    int32_t rows = wn_pixel_format_rows(frame->format, p, frame->height);
    for (int32_t y = 0; y < rows; y++)
      for (size_t x = 0; x < row; x++)
        if (frame->plane[p][y * frame->stride_bytes[p] + (ptrdiff_t)x] != pixel(number, p, y, x))
          return false;
  }
  return frame->pts_ns == (int64_t)number * 1000 && frame->time_ns == (int64_t)number * 1000 + 3;
}

const WnResult *fixture_result(int32_t n, uint64_t number) {
  static int32_t survivors[MAX_SURVIVORS], per_stage[] = {10, 4, 4};
  static char text[MAX_SURVIVORS][32];
  static const char *labels[MAX_SURVIVORS];
  static double scores[MAX_SURVIVORS];
  static WnResult result;
  for (int32_t i = 0; i < n; i++) {
    snprintf(text[i], sizeof text[i], "class %d", i);
    survivors[i] = n - 1 - i;
    labels[i] = text[i];
    scores[i] = 1.0 / (i + 1 + (double)number);
  }
  result = (WnResult){.label = labels[0],
                      .class_index = survivors[0],
                      .confidence = scores[0],
                      .group = "pets",
                      .exit_stage = 2,
                      .stage_count = 9,
                      .stop_reason = WN_STOP_GROUP,
                      .n_survivors = n,
                      .survivors = survivors,
                      .survivor_labels = labels,
                      .survivor_scores = scores,
                      .survivor_count = n + 7,
                      .n_stages_evaluated = 3,
                      .survivors_per_stage = per_stage,
                      .macs = number,
                      .macs_full = 1000000,
                      .latency_ns = (int64_t)number + 5,
                      .model_id = "model@12345678",
                      .pts_ns = (int64_t)number * 1000,
                      .watched = 1,
                      .time_ns = (int64_t)number * 1000 + 3,
                      .age_ns = 77,
                      .has_region = true,
                      .region = {1, -2, 30, 40},
                      .region_name = "door"};
  return &result;
}

void fixture_check_result(const WnResult *r, int32_t n, uint64_t number) {
  const WnResult *want = fixture_result(n, number);
  ck_assert_str_eq(r->label, want->label);
  ck_assert_str_eq(r->group, want->group);
  ck_assert_str_eq(r->model_id, want->model_id);
  ck_assert_int_eq(r->class_index, want->class_index);
  ck_assert_double_eq(r->confidence, want->confidence);
  ck_assert_int_eq(r->exit_stage, 2);
  ck_assert_int_eq(r->stage_count, 9);
  ck_assert_int_eq(r->stop_reason, WN_STOP_GROUP);
  ck_assert_int_eq(r->n_survivors, n);
  for (int32_t i = 0; i < n; i++) {
    ck_assert_int_eq(r->survivors[i], want->survivors[i]);
    ck_assert_str_eq(r->survivor_labels[i], want->survivor_labels[i]);
    ck_assert_double_eq(r->survivor_scores[i], want->survivor_scores[i]);
  }
  ck_assert_int_eq(r->n_stages_evaluated, 3);
  ck_assert_mem_eq(r->survivors_per_stage, want->survivors_per_stage, 3 * sizeof(int32_t));
  ck_assert_uint_eq(r->macs, number);
  ck_assert_uint_eq(r->macs_full, 1000000);
  ck_assert_int_eq(r->latency_ns, want->latency_ns);
  ck_assert_int_eq(r->pts_ns, want->pts_ns);
  ck_assert_int_eq(r->survivor_count, n + 7);
  ck_assert_int_eq(r->watched, 1);
  ck_assert_int_eq(r->time_ns, want->time_ns);
  ck_assert_int_eq(r->age_ns, 77);
  ck_assert_str_eq(r->region_name, "door");
  ck_assert(r->has_region);
  ck_assert_mem_eq(&r->region, &want->region, sizeof want->region);
}

void fixture_publish(WnPublisher *publisher, const WnFrame *frame, const WnResult *result) {
  WnError error = {0};
  ck_assert_msg(wn_publisher_publish(publisher, frame, result, result != NULL, &error) == WN_OK,
                "%s", error.message);
}

void fixture_read(WnReader *reader, WnSnapshot *out) {
  WnError error = {0};
  ck_assert_msg(wn_reader_read(reader, PATIENCE_MS, out, &error) == WN_OK, "%s", error.message);
}

void fixture_read_fails(WnReader *reader, WnStatus status, const char *word) {
  WnSnapshot snapshot;
  WnError error = {0};
  ck_assert_int_eq(wn_reader_read(reader, 50, &snapshot, &error), status);
  ck_assert_msg(strstr(error.message, word) != NULL, "'%s' is not in '%s'", word, error.message);
  ck_assert_msg(strstr(error.message, fixture_path()) != NULL, "no path: '%s'", error.message);
}
