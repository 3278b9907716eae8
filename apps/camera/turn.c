/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See turn.h.  Each plane is turned on its own grid.  Where a chroma sample lies in its pair moves
 * with it, as far as there is a name for that: behind a mirror a cosited sample of an even row lies
 * on the second pixel of its pair, which is called centred here, half a pixel off.
 */
#include "turn.h"

#include <glib.h>
#include <string.h>

enum { TILE = 32 }; /* of pixels that are turned together, so that both sides stay in the cache */

struct Turner {
  bool transposed, mirror_x, mirror_y; /* of the frame as it comes, before it is transposed */
  uint8_t *pixels;                     /* [n_bytes] of the turned frame */
  uint8_t *chroma;                     /* [n_chroma] of a packed frame: U, then V */
  size_t n_bytes, n_chroma;
};

/* ---- What is asked for ---------------------------------------------------- */

bool turn_parse(const char *rotate, const char *flip, Turn *turn, const char **wrong) {
  static const char *const degrees[] = {"0", "90", "180", "270"};
  static const char *const flips[] = {"none", "horizontal", "vertical"};
  guint r = 0, f = 0;
  while (rotate != NULL && r < G_N_ELEMENTS(degrees) && strcmp(rotate, degrees[r]) != 0) r++;
  while (flip != NULL && f < G_N_ELEMENTS(flips) && strcmp(flip, flips[f]) != 0) f++;
  *wrong = r == G_N_ELEMENTS(degrees) ? "rotate" : f == G_N_ELEMENTS(flips) ? "flip" : NULL;
  turn->degrees = 90 * (int)r;
  turn->flip = (int)f;
  return *wrong == NULL;
}

/* Clockwise by 90 degrees, the first column of the turned picture is the last row; a mirror behind
 * that swaps the ends of the axis that lies there now. */
Turner *turner_new(Turn turn) {
  if (turn.degrees == 0 && turn.flip == FLIP_NONE) return NULL;
  Turner *self = g_new0(Turner, 1);
  self->transposed = turn.degrees == 90 || turn.degrees == 270;
  self->mirror_x = turn.degrees == 180 || turn.degrees == 270;
  self->mirror_y = turn.degrees == 180 || turn.degrees == 90;
  if (turn.flip == (self->transposed ? FLIP_VERTICAL : FLIP_HORIZONTAL))
    self->mirror_x = !self->mirror_x;
  if (turn.flip == (self->transposed ? FLIP_HORIZONTAL : FLIP_VERTICAL))
    self->mirror_y = !self->mirror_y;
  return self;
}

void turner_free(Turner *self) {
  if (self == NULL) return;
  g_free(self->pixels);
  g_free(self->chroma);
  g_free(self);
}

/* ---- Planes --------------------------------------------------------------- */

/* Samples of `size` bytes. */
typedef struct Plane {
  const uint8_t *data;
  ptrdiff_t step, stride; /* bytes from one sample and one row to the next */
  int32_t width, height;
  size_t size;
} Plane;

/* The plane, read in the order of the turned one. */
static Plane turned(const Turner *self, Plane plane) {
  if (self->mirror_x) {
    plane.data += (plane.width - 1) * plane.step;
    plane.step = -plane.step;
  }
  if (self->mirror_y) {
    plane.data += (plane.height - 1) * plane.stride;
    plane.stride = -plane.stride;
  }
  if (!self->transposed) return plane;
  return (Plane){plane.data, plane.stride, plane.step, plane.height, plane.width, plane.size};
}

/* A row's piece; sizes that the compiler knows become single moves. */
static void copy_samples(const uint8_t *from, ptrdiff_t step, size_t size, int32_t n, uint8_t *to) {
  switch (size) {
  case 1:
    for (int32_t i = 0; i < n; i++) to[i] = from[i * step];
    break;
  case 2:
    for (int32_t i = 0; i < n; i++) memcpy(to + i * 2, from + i * step, 2);
    break;
  case 3:
    for (int32_t i = 0; i < n; i++) memcpy(to + i * 3, from + i * step, 3);
    break;
  default:
    for (int32_t i = 0; i < n; i++) memcpy(to + i * 4, from + i * step, 4);
    break;
  }
}

static void turn_plane(const Turner *self, Plane plane, uint8_t *to, ptrdiff_t to_stride) {
  Plane from = turned(self, plane);
  for (int32_t top = 0; top < from.height; top += TILE)
    for (int32_t x = 0; x < from.width; x += TILE)
      for (int32_t y = top; y < MIN(top + TILE, from.height); y++)
        copy_samples(from.data + y * from.stride + x * from.step, from.step, from.size,
                     MIN(TILE, from.width - x), to + y * to_stride + x * (ptrdiff_t)from.size);
}

/* ---- Packed YUV ----------------------------------------------------------- */

static bool is_packed_yuv(WnPixelFormat format) {
  return format == WN_PIXEL_YUY2 || format == WN_PIXEL_UYVY;
}

/* One of the two, [half height][half width]: the mean of two rows, the last of an odd number alone.
 */
static void gather_chroma(const WnFrame *frame, int offset, uint8_t *to) {
  int32_t width = (frame->width + 1) / 2, height = (frame->height + 1) / 2;
  for (int32_t y = 0; y < height; y++) {
    const uint8_t *a = frame->plane[0] + 2 * y * frame->stride_bytes[0] + offset;
    const uint8_t *b = 2 * y + 1 < frame->height ? a + frame->stride_bytes[0] : a;
    for (int32_t x = 0; x < width; x++)
      to[y * (ptrdiff_t)width + x] = (uint8_t)((a[4 * x] + b[4 * x] + 1) / 2);
  }
}

static void turn_packed(const Turner *self, const WnFrame *frame, const WnFrame *to) {
  bool luma_first = frame->format == WN_PIXEL_YUY2;
  int32_t width = (frame->width + 1) / 2, height = (frame->height + 1) / 2;
  Plane luma = {
      frame->plane[0] + !luma_first, 2, frame->stride_bytes[0], frame->width, frame->height, 1};
  turn_plane(self, luma, (uint8_t *)to->plane[0], to->stride_bytes[0]);
  for (int c = 0; c < 2; c++) {
    uint8_t *chroma = self->chroma + c * ((ptrdiff_t)width * height);
    gather_chroma(frame, (luma_first ? 1 : 0) + 2 * c, chroma);
    turn_plane(self, (Plane){chroma, 1, width, width, height, 1}, (uint8_t *)to->plane[1 + c],
               to->stride_bytes[1 + c]);
  }
}

static void turn_planes(const Turner *self, const WnFrame *frame, const WnFrame *to) {
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++) {
    size_t size = wn_pixel_format_row_bytes(frame->format, p, 1);
    int32_t width = (int32_t)(wn_pixel_format_row_bytes(frame->format, p, frame->width) / size);
    Plane plane = {frame->plane[p],
                   (ptrdiff_t)size,
                   frame->stride_bytes[p],
                   width,
                   wn_pixel_format_rows(frame->format, p, frame->height),
                   size};
    turn_plane(self, plane, (uint8_t *)to->plane[p], to->stride_bytes[p]);
  }
}

/* ---- A frame -------------------------------------------------------------- */

/* Behind a mirror both kinds change places where the number of pixels is odd. */
static bool is_cosited_turned(bool cosited, bool mirrored, int32_t pixels) {
  return mirrored ? pixels % 2 != 0 : cosited;
}

static WnChromaSite turned_site(const Turner *self, const WnFrame *frame) {
  static const WnChromaSite sites[2][2] = {{WN_CHROMA_CENTRED, WN_CHROMA_ALT},
                                           {WN_CHROMA_MPEG2, WN_CHROMA_COSITED}};
  WnChromaSite site = frame->chroma_site;
  bool x = site == WN_CHROMA_MPEG2 || site == WN_CHROMA_COSITED;
  bool y = (site == WN_CHROMA_ALT || site == WN_CHROMA_COSITED) && !is_packed_yuv(frame->format);
  x = is_cosited_turned(x, self->mirror_x, frame->width);
  y = is_cosited_turned(y, self->mirror_y, frame->height);
  return self->transposed ? sites[y][x] : sites[x][y];
}

/* At least `wanted` bytes. */
static bool make_room(uint8_t **bytes, size_t *n, size_t wanted) {
  if (*n >= wanted) return true;
  g_free(*bytes);
  *bytes = g_try_malloc(wanted);
  *n = *bytes != NULL ? wanted : 0;
  return *bytes != NULL;
}

bool turner_turn(Turner *self, WnFrame *frame) {
  if (self == NULL) return true;
  WnFrame to = *frame;
  size_t half = (size_t)((frame->width + 1) / 2) * (size_t)((frame->height + 1) / 2);
  bool packed = is_packed_yuv(frame->format);
  memset(to.plane, 0, sizeof to.plane);
  if (packed) to.format = WN_PIXEL_I420;
  if (self->transposed) {
    to.width = frame->height;
    to.height = frame->width;
  }
  to.chroma_site = turned_site(self, frame);
  if (!make_room(&self->pixels, &self->n_bytes, wn_frame_lay_out(&to, 1, NULL)) ||
      (packed && !make_room(&self->chroma, &self->n_chroma, 2 * half)))
    return false;
  wn_frame_lay_out(&to, 1, self->pixels);
  (packed ? turn_packed : turn_planes)(self, frame, &to);
  *frame = to;
  return true;
}
