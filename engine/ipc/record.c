/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See record.h.
 */
#include "ipc/record.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

enum { MAX_SIDE = 16384, MAX_STAGES = 4096 };

/* ---- frames ---- */

/* The planes one behind the other, rows at multiples of WNI_WIRE_STRIDE; 0: no such frame. */
static uint64_t lay_out_planes(WnPixelFormat format, int32_t width, int32_t height,
                               WniWireFrame *out) {
  uint64_t bytes = 0;
  if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) return 0;
  for (int p = 0; p < wn_pixel_format_planes(format); p++) {
    out->offset[p] = bytes;
    out->stride[p] = wni_round_up(wn_pixel_format_row_bytes(format, p, width), WNI_WIRE_STRIDE);
    bytes += out->stride[p] * (uint64_t)wn_pixel_format_rows(format, p, height);
  }
  return bytes;
}

WnStatus wni_record_lay_out(const WnFrame *frame, WniWireFrame *out, WnError *error) {
  *out = (WniWireFrame){.format = frame->format,
                        .width = frame->width,
                        .height = frame->height,
                        .matrix = frame->matrix,
                        .range = frame->range,
                        .chroma_site = frame->chroma_site,
                        .pts_ns = frame->pts_ns};
  out->bytes = lay_out_planes(frame->format, frame->width, frame->height, out);
  if (out->bytes == 0 || out->bytes > WNI_WIRE_FRAME_MAX)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "frame: %d x %d pixels of format %d cannot be published: at most %d x %d, and "
                    "%d MB, in a known format",
                    frame->width, frame->height, (int)frame->format, MAX_SIDE, MAX_SIDE,
                    WNI_WIRE_FRAME_MAX >> 20);
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    if (!frame->plane[p] || frame->stride_bytes[p] < (ptrdiff_t)row)
      return wni_fail(error, WN_ERROR_ARGUMENT,
                      "frame: plane %d is missing or has a stride of less than %zu bytes", p, row);
  }
  return WN_OK;
}

void wni_record_copy_pixels(const WnFrame *frame, const WniWireFrame *laid_out, uint8_t *pixels) {
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    size_t row = wn_pixel_format_row_bytes(frame->format, p, frame->width);
    size_t rows = (size_t)wn_pixel_format_rows(frame->format, p, frame->height);
    uint8_t *to = pixels + laid_out->offset[p];
    if (frame->stride_bytes[p] == (ptrdiff_t)laid_out->stride[p]) {
      memcpy(to, frame->plane[p], (rows - 1) * laid_out->stride[p] + row);
      continue;
    }
    for (size_t y = 0; y < rows; y++)
      memcpy(to + y * laid_out->stride[p], frame->plane[p] + (ptrdiff_t)y * frame->stride_bytes[p],
             row);
  }
}

/* The layout is not believed but computed again. */
WnStatus wni_record_get_frame(const WniWireFrame *wire, uint64_t capacity, const uint8_t *pixels,
                              WnFrame *out, WnError *error) {
  WniWireFrame expected = *wire;
  uint64_t bytes =
      wire->format < WN_PIXEL_FORMAT_COUNT
          ? lay_out_planes((WnPixelFormat)wire->format, wire->width, wire->height, &expected)
          : 0;
  if (bytes == 0 || bytes != wire->bytes || bytes > capacity || bytes > WNI_WIRE_FRAME_MAX ||
      wire->matrix > WN_MATRIX_BT709 || wire->range > WN_RANGE_FULL ||
      wire->chroma_site > WN_CHROMA_ALT || memcmp(&expected, wire, sizeof expected) != 0)
    return wni_fail(error, WN_ERROR_DATA,
                    "the publisher describes no possible frame (format %u, %d x %d, %llu bytes)",
                    wire->format, wire->width, wire->height, (unsigned long long)wire->bytes);
  *out = (WnFrame){.format = (WnPixelFormat)wire->format,
                   .width = wire->width,
                   .height = wire->height,
                   .matrix = (WnColorMatrix)wire->matrix,
                   .range = (WnColorRange)wire->range,
                   .chroma_site = (WnChromaSite)wire->chroma_site,
                   .pts_ns = wire->pts_ns};
  for (int p = 0; p < wn_pixel_format_planes(out->format); p++) {
    out->plane[p] = pixels + wire->offset[p];
    out->stride_bytes[p] = (ptrdiff_t)wire->stride[p];
  }
  return WN_OK;
}

/* ---- results ---- */

/* Appends `text`, cut to a quarter of the room; WNI_WIRE_TEXT: it does not fit. */
static uint32_t put_text(WniWireResult *out, const char *text) {
  size_t length = strlen(text);
  uint32_t at = out->text_bytes;
  if (length > WNI_WIRE_TEXT / 4) length = WNI_WIRE_TEXT / 4;
  if (at + length + 1 > WNI_WIRE_TEXT) return WNI_WIRE_TEXT;
  memcpy(out->text + at, text, length);
  out->text[at + length] = '\0';
  out->text_bytes += (uint32_t)length + 1;
  return at;
}

static void put_survivors(const WnResult *r, WniWireResult *out) {
  for (int32_t i = 0; i < r->n_survivors && i < WNI_WIRE_SURVIVORS; i++) {
    uint32_t label = put_text(out, r->survivor_labels[i]);
    if (label == WNI_WIRE_TEXT) return;
    out->survivor[i] = r->survivors[i];
    out->survivor_score[i] = r->survivor_scores[i];
    out->survivor_label[i] = label;
    out->n_survivors = i + 1;
  }
}

void wni_record_put(const WnResult *r, WniWireResult *out) {
  int32_t n_stages =
      r->n_stages_evaluated < WNI_WIRE_STAGES ? r->n_stages_evaluated : WNI_WIRE_STAGES;
  out->confidence = r->confidence;
  out->macs = r->macs;
  out->macs_full = r->macs_full;
  out->latency_ns = r->latency_ns;
  out->pts_ns = r->pts_ns;
  out->class_index = r->class_index;
  out->exit_stage = r->exit_stage;
  out->stage_count = r->stage_count;
  out->stop_reason = (int32_t)r->stop_reason;
  out->has_region = r->has_region;
  out->x = r->region.x;
  out->y = r->region.y;
  out->width = r->region.width;
  out->height = r->region.height;
  out->text_bytes = 0;
  out->label = put_text(out, r->label);
  out->group = put_text(out, r->group);
  out->model_id = put_text(out, r->model_id);
  out->n_stages = n_stages;
  memcpy(out->survivors_per_stage, r->survivors_per_stage, (size_t)n_stages * sizeof(int32_t));
  out->n_survivors = 0;
  put_survivors(r, out);
}

static size_t clamp(int64_t n, size_t most) {
  return n < 0 ? 0 : (size_t)n < most ? (size_t)n : most;
}

void wni_record_copy(const WniWireResult *from, WniWireResult *to) {
  memcpy(to, from, offsetof(WniWireResult, survivors_per_stage));
  size_t n = clamp(to->n_survivors, WNI_WIRE_SURVIVORS);
  memcpy(to->survivors_per_stage, from->survivors_per_stage,
         clamp(to->n_stages, WNI_WIRE_STAGES) * sizeof(int32_t));
  memcpy(to->survivor, from->survivor, n * sizeof *to->survivor);
  memcpy(to->survivor_label, from->survivor_label, n * sizeof *to->survivor_label);
  memcpy(to->survivor_score, from->survivor_score, n * sizeof *to->survivor_score);
  memcpy(to->text, from->text, clamp(to->text_bytes, WNI_WIRE_TEXT));
}

/* NULL, or what is wrong with a private copy. */
static const char *find_fault(const WniWireResult *w) {
  if (w->text_bytes < 1 || w->text_bytes > WNI_WIRE_TEXT || w->text[w->text_bytes - 1] != '\0' ||
      w->label >= w->text_bytes || w->group >= w->text_bytes || w->model_id >= w->text_bytes)
    return "texts";
  if (w->n_survivors < 1 || w->n_survivors > WNI_WIRE_SURVIVORS) return "number of survivors";
  if (w->n_stages < 0 || w->n_stages > WNI_WIRE_STAGES || w->stage_count > MAX_STAGES ||
      w->exit_stage < 0 || w->exit_stage >= w->stage_count)
    return "stages";
  if (w->stop_reason < 0 || w->stop_reason >= WN_STOP_REASON_COUNT) return "stop reason";
  if (w->class_index < 0) return "class";
  for (int32_t i = 0; i < w->n_survivors; i++)
    if (w->survivor_label[i] >= w->text_bytes || w->survivor[i] < 0) return "survivors";
  return NULL;
}

WnStatus wni_record_get(const WniWireResult *w, const char **labels, WnResult *out,
                        WnError *error) {
  const char *fault = find_fault(w);
  if (fault)
    return wni_fail(error, WN_ERROR_DATA, "the publisher's result contradicts itself: its %s",
                    fault);
  for (int32_t i = 0; i < w->n_survivors; i++) labels[i] = w->text + w->survivor_label[i];
  *out = (WnResult){.label = w->text + w->label,
                    .class_index = w->class_index,
                    .confidence = w->confidence,
                    .group = w->text + w->group,
                    .exit_stage = w->exit_stage,
                    .stage_count = w->stage_count,
                    .stop_reason = (WnStopReason)w->stop_reason,
                    .n_survivors = w->n_survivors,
                    .survivors = w->survivor,
                    .survivor_labels = labels,
                    .survivor_scores = w->survivor_score,
                    .n_stages_evaluated = w->n_stages,
                    .survivors_per_stage = w->survivors_per_stage,
                    .macs = w->macs,
                    .macs_full = w->macs_full,
                    .latency_ns = w->latency_ns,
                    .model_id = w->text + w->model_id,
                    .pts_ns = w->pts_ns,
                    .has_region = w->has_region != 0,
                    .region = {w->x, w->y, w->width, w->height}};
  return WN_OK;
}
