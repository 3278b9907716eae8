/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See record.h.
 */
#include "ipc/record.h"

#include "base/error.h"
#include "base/memory.h"
#include "frame/frame.h"

#include <math.h>
#include <string.h>

enum { MAX_STAGES = 4096 };

/* ---- frames ---- */

static bool is_stamp(int64_t ns) {
  return ns == WN_PTS_NONE || wni_record_is_time(ns);
}

/* The planes one behind the other, rows at multiples of WNI_WIRE_STRIDE; 0: no such frame. */
static uint64_t lay_out(WnFrame *frame, const uint8_t *pixels) {
  return wn_frame_lay_out(frame, WNI_WIRE_STRIDE, (uint8_t *)pixels);
}

/* The first characters of a format's name tell it from the others. */
static void put_format(WnPixelFormat format, char wire[WNI_WIRE_FORMAT]) {
  const char *name = wn_pixel_format_name(format);
  for (int i = 0; i < WNI_WIRE_FORMAT && *name; i++) wire[i] = *name++;
}

static WnPixelFormat get_format(const char wire[WNI_WIRE_FORMAT]) {
  int format = 0;
  while (format < WN_PIXEL_FORMAT_COUNT &&
         strncmp(wn_pixel_format_name((WnPixelFormat)format), wire, WNI_WIRE_FORMAT) != 0)
    format++;
  return (WnPixelFormat)format;
}

WnStatus wni_record_lay_out(const WnFrame *frame, WniWireFrame *out, WnError *error) {
  WnFrame laid_out = *frame;
  WnStatus status = wni_frame_check(frame, NULL, error);
  *out = (WniWireFrame){0};
  if (status != WN_OK) return status;
  *out = (WniWireFrame){.width = frame->width,
                        .height = frame->height,
                        .matrix = frame->matrix,
                        .range = frame->range,
                        .chroma_site = frame->chroma_site,
                        .bytes = lay_out(&laid_out, NULL),
                        .pts_ns = frame->pts_ns,
                        .time_ns = frame->time_ns};
  put_format(frame->format, out->format);
  if (!is_stamp(frame->pts_ns) || !wni_record_is_time(frame->time_ns))
    return wni_fail(error, WN_ERROR_ARGUMENT, "frame: its times are out of range");
  if (out->bytes > WNI_WIRE_FRAME_MAX)
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "frame: %d x %d pixels of %s are more than the %d MB that can be published",
                    frame->width, frame->height, wn_pixel_format_name(frame->format),
                    WNI_WIRE_FRAME_MAX >> 20);
  uint64_t offset = 0;
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    out->offset[p] = offset;
    out->stride[p] = (uint64_t)laid_out.stride_bytes[p];
    offset += out->stride[p] * (uint64_t)wn_pixel_format_rows(frame->format, p, frame->height);
  }
  return WN_OK;
}

void wni_record_copy_pixels(const WnFrame *frame, uint8_t *pixels) {
  WnFrame to = *frame;
  lay_out(&to, pixels);
  wn_frame_copy(&to, frame);
}

/* The layout is not believed but computed again. */
WnStatus wni_record_get_frame(const WniWireFrame *wire, uint64_t capacity, const uint8_t *pixels,
                              WnFrame *out, WnError *error) {
  *out = (WnFrame){.format = get_format(wire->format),
                   .width = wire->width,
                   .height = wire->height,
                   .matrix = (WnColorMatrix)wire->matrix,
                   .range = (WnColorRange)wire->range,
                   .chroma_site = (WnChromaSite)wire->chroma_site,
                   .pts_ns = wire->pts_ns,
                   .time_ns = wire->time_ns};
  uint64_t bytes = lay_out(out, pixels);
  bool valid = bytes > 0 && bytes == wire->bytes && bytes <= capacity &&
               wire->matrix <= WN_MATRIX_BT709 && wire->range <= WN_RANGE_FULL &&
               wire->chroma_site <= WN_CHROMA_ALT && is_stamp(wire->pts_ns) &&
               wni_record_is_time(wire->time_ns);
  for (int p = 0; valid && p < wn_pixel_format_planes(out->format); p++)
    valid = wire->offset[p] == (uint64_t)(out->plane[p] - pixels) &&
            wire->stride[p] == (uint64_t)out->stride_bytes[p];
  if (valid) return WN_OK;
  *out = (WnFrame){0};
  return wni_fail(error, WN_ERROR_DATA, "the publisher described no possible frame");
}

/* ---- results ---- */

/* Appends `text`, cut to a quarter of the room; WNI_WIRE_TEXT: it does not fit. */
static WniWireText put_text(WniWireResult *out, const char *text) {
  size_t length = strlen(text);
  uint32_t at = out->text_bytes;
  if (length > WNI_WIRE_TEXT / 8) length = WNI_WIRE_TEXT / 8;
  if (at + length + 1 > WNI_WIRE_TEXT) return WNI_WIRE_TEXT;
  memcpy(out->text + at, text, length);
  out->text[at + length] = '\0';
  out->text_bytes += (uint32_t)length + 1;
  return at;
}

static void put_survivors(const WnResult *r, WniWireResult *out) {
  out->n_survivors = 0;
  for (int32_t i = 0; i < r->n_survivors && i < WNI_WIRE_SURVIVORS; i++) {
    WniWireText label = put_text(out, r->survivor_labels[i]);
    if (label == WNI_WIRE_TEXT) return;
    out->survivors[i] = r->survivors[i];
    out->survivor_scores[i] = r->survivor_scores[i];
    out->survivor_labels[i] = (uint32_t)label;
    out->n_survivors = i + 1;
  }
}

/* ---- by kind: numbers are copied, texts lie in the record's text, arrays come last ---- */

#define PUT_NUMBER(member) out->member = r->member;
#define PUT_REASON(member) out->member = r->member;
#define PUT_TEXT(member) out->member = put_text(out, r->member);
#define PUT_ARRAY(member)

#define PUT_LABEL PUT_TEXT
#define PUT_REAL PUT_NUMBER
#define PUT_COUNT PUT_NUMBER
#define PUT_DURATION PUT_NUMBER
#define PUT_STAMP PUT_NUMBER
#define PUT_UTC PUT_NUMBER
#define PUT_INT PUT_NUMBER
#define PUT_CLASSES PUT_ARRAY
#define PUT_LABELS PUT_ARRAY
#define PUT_SCORES PUT_ARRAY
#define PUT_STAGES PUT_ARRAY

void wni_record_put(const WnResult *r, WniWireResult *out) {
  int32_t n_stages = r->n_stages_evaluated;
  out->text_bytes = 0;
#define WN_FIELD(kind, member, name) PUT_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  out->has_region = r->has_region;
  out->region = r->region;
  out->region_name = put_text(out, r->has_region ? r->region_name : "");
  out->n_stages_evaluated = n_stages < WNI_WIRE_STAGES ? n_stages : WNI_WIRE_STAGES;
  memcpy(out->survivors_per_stage, r->survivors_per_stage,
         (size_t)out->n_stages_evaluated * sizeof(int32_t));
  put_survivors(r, out);
  if (out->survivor_count < r->n_survivors) out->survivor_count = r->n_survivors; /* not told */
}

static size_t clamp(int64_t n, size_t most) {
  return n < 0 ? 0 : (size_t)n < most ? (size_t)n : most;
}

void wni_record_copy(const WniWireResult *from, WniWireResult *to) {
  memcpy(to, from, offsetof(WniWireResult, survivors));
  size_t n = clamp(to->n_survivors, WNI_WIRE_SURVIVORS);
  memcpy(to->survivors, from->survivors, n * sizeof *to->survivors);
  memcpy(to->survivor_labels, from->survivor_labels, n * sizeof *to->survivor_labels);
  memcpy(to->survivor_scores, from->survivor_scores, n * sizeof *to->survivor_scores);
  memcpy(to->survivors_per_stage, from->survivors_per_stage,
         clamp(to->n_stages_evaluated, WNI_WIRE_STAGES) * sizeof(int32_t));
  memcpy(to->text, from->text, clamp(to->text_bytes, WNI_WIRE_TEXT));
  size_t scalars = offsetof(WniWireResult, text) + sizeof to->text;
  memcpy((char *)to + scalars, (const char *)from + scalars, sizeof *to - scalars);
}

static bool is_text(const WniWireResult *w, WniWireText at) {
  return at >= 0 && at < w->text_bytes;
}

static bool is_int32(int64_t x) {
  return x >= INT32_MIN && x <= INT32_MAX;
}

/* Its right and lower edge are numbers of 32 bits. */
static bool is_rect(const WnRect *r) {
  const int32_t most = INT32_MAX / 2;
  return r->x >= -most && r->x <= most && r->y >= -most && r->y <= most && r->width >= 0 &&
         r->width <= most && r->height >= 0 && r->height <= most;
}

/* Whether each scalar is what its kind can be, so that who calculates with some gets no other than
 * those. */
static bool are_scalars(const WniWireResult *w) {
  if (w->text_bytes < 1 || w->text_bytes > WNI_WIRE_TEXT || w->text[w->text_bytes - 1] != '\0')
    return false;
  bool valid = is_text(w, w->region_name);
#define CHECK_TEXT(member) valid &= is_text(w, w->member);
#define CHECK_INT(member) valid &= is_int32(w->member);
#define CHECK_DURATION(member) valid &= wni_record_is_time(w->member);
#define CHECK_COUNT(member) valid &= w->member <= INT64_MAX;
#define CHECK_STAMP(member) valid &= is_stamp(w->member);
#define CHECK_REAL(member) valid &= isfinite(w->member) != 0;
#define CHECK_ANY(member)
#define CHECK_LABEL CHECK_TEXT
#define CHECK_REASON CHECK_INT
#define CHECK_UTC CHECK_DURATION
#define CHECK_CLASSES CHECK_ANY
#define CHECK_LABELS CHECK_ANY
#define CHECK_SCORES CHECK_ANY
#define CHECK_STAGES CHECK_ANY
#define WN_FIELD(kind, member, name) CHECK_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  return valid;
}

/* No class and no survivors: nothing was recognised. */
const char *wni_record_find_fault(const WniWireResult *w) {
  if (!are_scalars(w)) return "texts or numbers";
  if (w->n_survivors < 0 || w->n_survivors > WNI_WIRE_SURVIVORS ||
      w->survivor_count < w->n_survivors)
    return "number of survivors";
  if (w->n_stages_evaluated < 0 || w->n_stages_evaluated > WNI_WIRE_STAGES ||
      w->stage_count > MAX_STAGES || w->exit_stage < 0 || w->exit_stage >= w->stage_count)
    return "stages";
  for (int32_t i = 0; i < w->n_stages_evaluated; i++)
    if (w->survivors_per_stage[i] < 0) return "stages";
  if (w->has_region && !is_rect(&w->region)) return "region";
  if (w->stop_reason < 0 || w->stop_reason >= WN_STOP_REASON_COUNT) return "stop reason";
  if (w->class_index < -1 || (w->class_index >= 0 && w->n_survivors == 0)) return "class";
  for (int32_t i = 0; i < w->n_survivors; i++)
    if (w->survivor_labels[i] >= w->text_bytes || w->survivors[i] < 0 ||
        !isfinite(w->survivor_scores[i]))
      return "survivors";
  return NULL;
}

#define GET_NUMBER(member) out->member = w->member;
#define GET_INT(member) out->member = (int32_t)w->member;
#define GET_REASON(member) out->member = (WnStopReason)w->member;
#define GET_TEXT(member) out->member = w->text + w->member;

#define GET_LABEL GET_TEXT
#define GET_REAL GET_NUMBER
#define GET_COUNT GET_NUMBER
#define GET_DURATION GET_NUMBER
#define GET_STAMP GET_NUMBER
#define GET_UTC GET_NUMBER
#define GET_CLASSES GET_NUMBER
#define GET_LABELS(member) out->member = labels;
#define GET_SCORES GET_NUMBER
#define GET_STAGES GET_NUMBER

WnStatus wni_record_get(const WniWireResult *w, const char **labels, WnResult *out,
                        WnError *error) {
  const char *fault = wni_record_find_fault(w);
  if (fault)
    return wni_fail(error, WN_ERROR_DATA, "the publisher's result contradicts itself: its %s",
                    fault);
  for (int32_t i = 0; i < w->n_survivors; i++) labels[i] = w->text + w->survivor_labels[i];
  *out = (WnResult){.n_survivors = w->n_survivors,
                    .n_stages_evaluated = w->n_stages_evaluated,
                    .has_region = w->has_region != 0};
#define WN_FIELD(kind, member, name) GET_##kind(member)
  WN_RESULT_FIELDS(WN_FIELD)
#undef WN_FIELD
  if (out->has_region) {
    out->region = w->region;
    out->region_name = w->text + w->region_name;
  }
  return WN_OK;
}
