/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions as they are written (winnow/region.h), and in pixels of a frame.
 */
#include <winnow/region.h>

#include "base/error.h"
#include "base/fpmode.h"
#include "base/list.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Beyond these no part can be in a frame. */
#define MAX_PIXELS (4.0 * WN_FRAME_MAX_SIDE)
#define MAX_FRACTION 4.0

_Static_assert(WN_MAX_IGNORED == 16 && WN_REGION_MAX_NAME == 64, "told in errors");

enum { SHOWN = 80 }; /* bytes of a text in an error */

/* A piece of text, trimmed of blanks. */
typedef struct Piece {
  const char *text;
  size_t length;
} Piece;

static WnStatus refuse(const char *what, Piece piece, const char *why, WnError *error) {
  return wni_fail(error, WN_ERROR_ARGUMENT, "%s '%.*s': %s", what,
                  piece.length > SHOWN ? SHOWN : (int)piece.length, piece.text, why);
}

/* Whether the name is one that can stand in a list, a line of JSON and a topic. */
static bool is_name(Piece name) {
  char copy[WN_REGION_MAX_NAME] = "";
  if (name.length == 0 || name.length >= sizeof copy) return false;
  memcpy(copy, name.text, name.length);
  for (size_t at = 0, n; at < name.length; at += n) {
    n = wni_utf8_length((const unsigned char *)copy + at);
    unsigned char c = (unsigned char)copy[at];
    if (n == 0 || c < ' ' || c == 0x7f || strchr(",:;", c)) return false;
  }
  return true;
}

/* Splits at the last colon: so a second one is the name's fault. */
static WnStatus split(Piece all, const char *what, WnRegion *out, Piece *numbers, WnError *error) {
  const char *end = all.text + all.length, *colon = end, *begin = all.text;
  *numbers = all;
  while (colon > all.text && colon[-1] != ':') colon--;
  if (colon == all.text) return WN_OK;
  Piece name;
  wni_list_next(&begin, colon - 1, '\0', &name.text, &name.length);
  *numbers = (Piece){colon, (size_t)(end - colon)};
  if (!is_name(name))
    return refuse(what, all,
                  "its name must be 1 to 63 bytes of UTF-8 without ',', ':', ';' and control "
                  "characters",
                  error);
  memcpy(out->name, name.text, name.length);
  return WN_OK;
}

static WnStatus check_numbers(Piece all, const char *what, const WnRegion *region, WnError *error) {
  const double values[] = {region->x, region->y, region->width, region->height};
  double limit = region->in_fractions ? MAX_FRACTION : MAX_PIXELS;
  for (size_t i = 0; i < 4; i++) {
    if (!region->in_fractions && values[i] != floor(values[i]))
      return refuse(what, all, "must be whole pixels, or fractions with a decimal point", error);
    if (fabs(values[i]) > limit)
      return refuse(what, all,
                    region->in_fractions
                        ? "a number is too large for a fraction of the frame (0.5 is half of it); "
                          "pixels have no decimal point"
                        : "a number is too large for a frame",
                    error);
  }
  if (!(region->width > 0 && region->height > 0))
    return refuse(what, all, "its width and height must be above 0", error);
  if (region->in_fractions && (region->x >= 1 || region->y >= 1 || region->x + region->width <= 0 ||
                               region->y + region->height <= 0))
    return refuse(what, all, "lies outside the frame, which is 0.0,0.0,1.0,1.0", error);
  return WN_OK;
}

static WnStatus parse(Piece all, const char *what, WnRegion *out, WnError *error) {
  Piece numbers;
  double values[4];
  *out = (WnRegion){0};
  WnStatus status = split(all, what, out, &numbers, error);
  if (status != WN_OK) return status;
  if (wni_list_numbers(numbers.text, numbers.length, values, 4, what, NULL) != WN_OK)
    return refuse(what, all, "must be [NAME:]X,Y,W,H, like 320,0,320,240 or door:0.5,0.0,0.5,1.0",
                  error);
  out->in_fractions = memchr(numbers.text, '.', numbers.length) != NULL;
  out->x = values[0];
  out->y = values[1];
  out->width = values[2];
  out->height = values[3];
  return check_numbers(all, what, out, error);
}

WnStatus wn_region_parse(const char *text, WnRegion *out, WnError *error) {
  Piece all;
  wni_list_next(&text, text + strlen(text), '\0', &all.text, &all.length);
  return parse(all, "region", out, error);
}

WnStatus wn_region_parse_list(const char *text, WnRegion *out, size_t *n, WnError *error) {
  const char *end = text + strlen(text);
  WnStatus status = WN_OK;
  size_t count = 0;
  Piece one;
  *n = 0;
  while (status == WN_OK && wni_list_next(&text, end, ';', &one.text, &one.length)) {
    if (one.length == 0 && count == 0 && !text) return WN_OK;
    if (count == WN_MAX_IGNORED)
      return refuse("ignore", one, "is one more than the 16 areas that are possible", error);
    status = parse(one, "ignore", &out[count++], error);
  }
  if (status == WN_OK) *n = count;
  return status;
}

/* One axis: whole pixels [*from, *to) of `size`; false: none. */
static bool place_axis(double begin, double length, double scale, int32_t size, int32_t *from,
                       int32_t *to) {
  double low = round(begin * scale), high = round((begin + length) * scale);
  if (begin * scale >= size || (begin + length) * scale <= 0) return false;
  *from = low < 0 ? 0 : low >= size ? size - 1 : (int32_t)low;
  *to = high > size ? size : high <= *from ? *from + 1 : (int32_t)high;
  return true;
}

WnStatus wn_region_place(const WnRegion *region, int32_t width, int32_t height, WnRect *out,
                         WnError *error) {
  WNI_FP_SCOPE(mode);
  bool fractions = region->in_fractions;
  int32_t x0, x1, y0, y1;
  *out = (WnRect){0};
  if (!place_axis(region->x, region->width, fractions ? width : 1, width, &x0, &x1) ||
      !place_axis(region->y, region->height, fractions ? height : 1, height, &y0, &y1))
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "region %s%s%g,%g,%g,%g: lies outside the frame of %d x %d", region->name,
                    region->name[0] ? ":" : "", region->x, region->y, region->width, region->height,
                    width, height);
  *out = (WnRect){x0, y0, x1 - x0, y1 - y0};
  return WN_OK;
}
