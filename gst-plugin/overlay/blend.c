/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See blend.h.  With premultiplied colour every component of the frame becomes
 *
 *   add + keep * byte / 255,   keep = 255 - alpha
 *
 * where `add` is linear in alpha, red, green and blue; a sample that several pixels share has their
 * mean.  A patch is what one rectangle of the drawing does to one plane, byte by byte, so that
 * components which lie between each other are one run.
 */
#include "overlay/blend.h"

#include <string.h>

enum { MAX_COMPONENTS = 4 };

typedef struct {
  gsize first_byte, row_bytes; /* of each row of the plane */
  gint first_row, n_rows;
  guint8 *add, *keep; /* [n_rows][row_bytes] */
} Patch;

/* A rectangle of the drawing where it lies on the frame. */
typedef struct {
  GstBuffer *buffer;
  GstMapInfo map; /* premultiplied pixels */
  gint stride_bytes;
  gint x, y, width, height;
  Patch patch[GST_VIDEO_MAX_PLANES];
} Drawn;

struct GstWinnowBlend {
  guint n_planes;
  guint n_drawn;
  Drawn *drawn; /* [n_drawn] */
};

/* What a component is made of: weights of alpha, red, green and blue. */
typedef struct {
  gdouble a, r, g, b;
} Weights;

/* ---- Colour --------------------------------------------------------------- */

static void set_weights(const GstVideoInfo *info, Weights weights[MAX_COMPONENTS]) {
  const Weights rgb[] = {{0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}};
  gint offset[MAX_COMPONENTS], scale[MAX_COMPONENTS];
  gdouble kr = 0.299, kb = 0.114;
  for (guint c = 0; c < MAX_COMPONENTS; c++) weights[c] = rgb[c];
  if (!GST_VIDEO_INFO_IS_YUV(info) && !GST_VIDEO_INFO_IS_GRAY(info)) return;
  gst_video_color_range_offsets(info->colorimetry.range, info->finfo, offset, scale);
  gst_video_color_matrix_get_Kr_Kb(info->colorimetry.matrix, &kr, &kb);
  gdouble kg = 1 - kr - kb, y = scale[0] / 255.0;
  weights[0] = (Weights){offset[0] / 255.0, kr * y, kg * y, kb * y};
  if (!GST_VIDEO_INFO_IS_YUV(info)) return;
  gdouble u = scale[1] / 255.0 / (2 * (1 - kb)), v = scale[2] / 255.0 / (2 * (1 - kr));
  weights[1] = (Weights){offset[1] / 255.0, -kr * u, -kg * u, (1 - kb) * u};
  weights[2] = (Weights){offset[2] / 255.0, (1 - kr) * v, -kg * v, -kb * v};
}

/* ---- Patches -------------------------------------------------------------- */

static const guint32 *row_of(const Drawn *drawn, gint line) {
  return (const guint32 *)(const void *)(drawn->map.data +
                                         (gsize)line * (gsize)drawn->stride_bytes);
}

/* Whether rows [first, end) of the frame look the same in both. */
static gboolean same_rows(const Drawn *drawn, const Drawn *before, gint first, gint end) {
  if (before == NULL) return FALSE;
  first = MAX(first - drawn->y, 0);
  end = MIN(end - drawn->y, drawn->height);
  for (gint line = first; line < end; line++)
    if (memcmp(row_of(drawn, line), row_of(before, line), 4 * (gsize)drawn->width) != 0)
      return FALSE;
  return TRUE;
}

/* Alpha, red, green and blue of one row of what is drawn, as sums over the pixels of each sample.
 */
typedef struct {
  gint n; /* samples of a row */
  gfloat *channel[4];
} Sums;

/* Adds a row, one sample a pixel.  A pixel is a 32-bit number with alpha on top. */
static void add_row(const Drawn *drawn, gint line, gint lead, Sums *sums) {
  const guint32 *restrict row = row_of(drawn, line);
  for (guint c = 0; c < 4; c++) {
    gfloat *restrict to = sums->channel[c] + lead;
    for (gint i = 0; i < drawn->width; i++) to[i] += (gfloat)(gint)((row[i] >> (24 - 8 * c)) & 255);
  }
}

/* Two pixels share a sample. */
static void add_pairs(Sums *sums) {
  sums->n = (sums->n + 1) / 2;
  for (guint c = 0; c < 4; c++) {
    gfloat *channel = sums->channel[c];
    for (gint i = 0; i < sums->n; i++) channel[i] = channel[2 * i] + channel[2 * i + 1];
  }
}

/* n values, rounded to bytes. */
static void weigh(const Sums *sums, const Weights *weights, gfloat share, guint8 *restrict to) {
  const gfloat *restrict alpha = sums->channel[0], *restrict red = sums->channel[1];
  const gfloat *restrict green = sums->channel[2], *restrict blue = sums->channel[3];
  const gfloat a = (gfloat)weights->a * share, r = (gfloat)weights->r * share;
  const gfloat g = (gfloat)weights->g * share, b = (gfloat)weights->b * share;
  for (gint i = 0; i < sums->n; i++) {
    gfloat value = a * alpha[i] + r * red[i] + g * green[i] + b * blue[i] + 0.5f;
    value = value > 0 ? value : 0;
    value = value < 255 ? value : 255;
    to[i] = (guint8)(gint)value;
  }
}

typedef struct {
  guint offset, step, shift_x, shift_y;
  Weights weights;
} Component;

static Component component_of(const GstVideoInfo *info, guint c, const Weights *weights) {
  const GstVideoFormatInfo *finfo = info->finfo;
  return (Component){.offset = GST_VIDEO_FORMAT_INFO_POFFSET(finfo, c),
                     .step = GST_VIDEO_FORMAT_INFO_PSTRIDE(finfo, c),
                     .shift_x = GST_VIDEO_FORMAT_INFO_W_SUB(finfo, c),
                     .shift_y = GST_VIDEO_FORMAT_INFO_H_SUB(finfo, c),
                     .weights = weights[c]};
}

/* Room for a row while it is made. */
typedef struct {
  gsize count;
  gfloat *sums;  /* [4][count] */
  guint8 *bytes; /* [2][count] */
} Room;

/* The sums of one row of a plane's samples. */
static void sum_row(const Drawn *drawn, gint first, gint end, gint lead, gboolean pairs,
                    const Room *room, Sums *sums) {
  sums->n = lead + drawn->width;
  for (guint c = 0; c < 4; c++) sums->channel[c] = room->sums + c * room->count;
  memset(room->sums, 0, 4 * room->count * sizeof *room->sums);
  for (gint y = first; y < end; y++)
    if (y >= drawn->y && y < drawn->y + drawn->height) add_row(drawn, y - drawn->y, lead, sums);
  if (pairs) add_pairs(sums);
}

static gboolean same_grid(const Component *a, const Component *b) {
  return a->shift_x == b->shift_x && a->shift_y == b->shift_y;
}

/* Writes components into the patch of their plane, on one grid, where that differs from what was
 * drawn before. */
static void fill(const Drawn *drawn, const Drawn *before, Patch *patch, const Component *components,
                 guint n_components, gint origin, const Room *room) {
  static const Weights alpha = {1, 0, 0, 0};
  const Component *grid = components;
  gfloat share = 1.0f / (gfloat)(1 << (grid->shift_x + grid->shift_y));
  guint8 *add = room->bytes, *cover = room->bytes + room->count;
  for (gint row = 0; row < patch->n_rows; row++) {
    gint first = (patch->first_row + row) << grid->shift_y;
    gint end = first + (1 << grid->shift_y);
    if (same_rows(drawn, before, first, end)) continue;
    Sums sums;
    sum_row(drawn, first, end, drawn->x - origin, grid->shift_x > 0, room, &sums);
    weigh(&sums, &alpha, share, cover);
    for (guint c = 0; c < n_components; c++) {
      gsize at = (gsize)row * patch->row_bytes + components[c].offset;
      weigh(&sums, &components[c].weights, share, add);
      for (gint i = 0; i < sums.n; i++, at += components[c].step) {
        patch->add[at] = add[i];
        patch->keep[at] = (guint8)(255 - cover[i]);
      }
    }
  }
}

/* Those of one plane; how many. */
static guint components_of(const GstVideoInfo *info, guint plane, const Weights *weights,
                           Component list[MAX_COMPONENTS]) {
  guint n = 0;
  for (guint c = 0; c < GST_VIDEO_INFO_N_COMPONENTS(info); c++)
    if (GST_VIDEO_FORMAT_INFO_PLANE(info->finfo, c) == plane)
      list[n++] = component_of(info, c, weights);
  return n;
}

/* Where on a plane of these components the rectangle lies. */
static Patch place(const Drawn *drawn, const Component *components, guint n, gint origin) {
  Patch patch = {0};
  for (guint c = 0; c < n; c++) {
    const Component *component = &components[c];
    gint last = (drawn->x + drawn->width - 1) >> component->shift_x;
    gsize end = (gsize)(last + 1) * component->step;
    patch.first_byte = (gsize)(origin >> component->shift_x) * component->step;
    patch.row_bytes = MAX(patch.row_bytes, end - patch.first_byte);
    patch.first_row = drawn->y >> component->shift_y;
    patch.n_rows = ((drawn->y + drawn->height - 1) >> component->shift_y) - patch.first_row + 1;
  }
  return patch;
}

/* Takes what `before` has, if there is one, and fills in the rest. */
static void make_patches(Drawn *drawn, Drawn *before, const GstVideoInfo *info,
                         const Weights *weights) {
  /* Even, so that shared samples are shared by the same pixels as on the frame. */
  gint origin = drawn->x & ~1;
  Room room = {.count = (gsize)drawn->width + 4};
  room.sums = g_new(gfloat, 4 * room.count);
  room.bytes = g_new(guint8, 2 * room.count);
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES(info); plane++) {
    Component list[MAX_COMPONENTS];
    guint n = components_of(info, plane, weights, list);
    Patch *patch = &drawn->patch[plane];
    *patch = place(drawn, list, n, origin);
    gsize size = patch->row_bytes * (gsize)patch->n_rows;
    patch->add = before != NULL ? g_steal_pointer(&before->patch[plane].add) : g_malloc0(size);
    patch->keep = before != NULL ? g_steal_pointer(&before->patch[plane].keep) : g_malloc(size);
    if (before == NULL) memset(patch->keep, 255, size); /* bytes that are no component's */
    for (guint from = 0, to = 0; from < n; from = to) {
      while (to < n && same_grid(&list[to], &list[from])) to++;
      fill(drawn, before, patch, &list[from], to - from, origin, &room);
    }
  }
  g_free(room.sums);
  g_free(room.bytes);
}

/* ---- The drawing ---------------------------------------------------------- */

static gboolean is_bytes(const GstVideoInfo *info) {
  const GstVideoFormatInfo *finfo = info->finfo;
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX(finfo) || GST_VIDEO_FORMAT_INFO_IS_TILED(finfo) ||
      GST_VIDEO_FORMAT_INFO_HAS_PALETTE(finfo))
    return FALSE;
  for (guint c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS(finfo); c++)
    if (GST_VIDEO_FORMAT_INFO_DEPTH(finfo, c) != 8 || GST_VIDEO_FORMAT_INFO_SHIFT(finfo, c) != 0 ||
        GST_VIDEO_FORMAT_INFO_W_SUB(finfo, c) > 1 || GST_VIDEO_FORMAT_INFO_H_SUB(finfo, c) > 1)
      return FALSE;
  return TRUE;
}

/* FALSE: nothing of it is on the frame. */
static gboolean drawn_open(Drawn *drawn, GstVideoOverlayRectangle *rectangle,
                           const GstVideoInfo *info) {
  guint width, height;
  drawn->buffer = gst_buffer_ref(gst_video_overlay_rectangle_get_pixels_unscaled_raw(
      rectangle, GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA));
  gst_video_overlay_rectangle_get_render_rectangle(rectangle, &drawn->x, &drawn->y, &width,
                                                   &height);
  drawn->width = MIN((gint)width, GST_VIDEO_INFO_WIDTH(info) - drawn->x);
  drawn->height = MIN((gint)height, GST_VIDEO_INFO_HEIGHT(info) - drawn->y);
  drawn->stride_bytes = gst_buffer_get_video_meta(drawn->buffer)->stride[0];
  if (drawn->x >= 0 && drawn->y >= 0 && drawn->width > 0 && drawn->height > 0 &&
      gst_buffer_map(drawn->buffer, &drawn->map, GST_MAP_READ))
    return TRUE;
  gst_buffer_unref(drawn->buffer);
  return FALSE;
}

/* The rectangle of `before` that lies at the same place. */
static Drawn *find_same(GstWinnowBlend *before, const Drawn *drawn, guint i) {
  if (before == NULL || i >= before->n_drawn) return NULL;
  Drawn *old = &before->drawn[i];
  gboolean same = old->x == drawn->x && old->y == drawn->y && old->width == drawn->width &&
                  old->height == drawn->height;
  return same ? old : NULL;
}

GstWinnowBlend *gst_winnow_blend_new(GstVideoOverlayComposition *composition,
                                     const GstVideoInfo *info, GstWinnowBlend *before) {
  if (!is_bytes(info)) return NULL;
  Weights weights[MAX_COMPONENTS];
  GstWinnowBlend *blend = g_new0(GstWinnowBlend, 1);
  guint n = gst_video_overlay_composition_n_rectangles(composition);
  blend->n_planes = GST_VIDEO_INFO_N_PLANES(info);
  blend->drawn = g_new0(Drawn, n);
  set_weights(info, weights);
  for (guint i = 0; i < n; i++) {
    Drawn *drawn = &blend->drawn[blend->n_drawn];
    if (!drawn_open(drawn, gst_video_overlay_composition_get_rectangle(composition, i), info))
      continue;
    make_patches(drawn, find_same(before, drawn, blend->n_drawn), info, weights);
    blend->n_drawn++;
  }
  gst_winnow_blend_free(before);
  return blend;
}

void gst_winnow_blend_free(GstWinnowBlend *blend) {
  if (blend == NULL) return;
  for (guint i = 0; i < blend->n_drawn; i++) {
    Drawn *drawn = &blend->drawn[i];
    for (guint plane = 0; plane < blend->n_planes; plane++) {
      g_free(drawn->patch[plane].add);
      g_free(drawn->patch[plane].keep);
    }
    gst_buffer_unmap(drawn->buffer, &drawn->map);
    gst_buffer_unref(drawn->buffer);
  }
  g_free(blend->drawn);
  g_free(blend);
}

/* add + keep * byte / 255, rounded. */
static void blend_row(guint8 *restrict row, const guint8 *restrict add, const guint8 *restrict keep,
                      gsize n) {
  for (gsize i = 0; i < n; i++) {
    guint16 product = (guint16)(keep[i] * row[i] + 128);
    guint16 sum = (guint16)(add[i] + ((product + (product >> 8)) >> 8));
    row[i] = (guint8)(sum > 255 ? 255 : sum);
  }
}

static void run_patch(const Patch *patch, guint plane, GstVideoFrame *frame) {
  guint8 *to = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
  for (gint row = 0; row < patch->n_rows; row++) {
    gsize at = (gsize)row * patch->row_bytes;
    blend_row(to + (gssize)(patch->first_row + row) * stride + patch->first_byte, patch->add + at,
              patch->keep + at, patch->row_bytes);
  }
}

void gst_winnow_blend_run(const GstWinnowBlend *blend, GstVideoFrame *frame) {
  for (guint i = 0; i < blend->n_drawn; i++)
    for (guint plane = 0; plane < blend->n_planes; plane++)
      run_patch(&blend->drawn[i].patch[plane], plane, frame);
}
