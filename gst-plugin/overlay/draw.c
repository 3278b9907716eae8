/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A panel at the bottom left for the whole frame, a box with a tag for a region.
 *
 *   +--------------------------------------------------+
 *   | automobile            97 %   automobile     97 % |
 *   | ### ### [#] --- --- --- ---  ==================- |
 *   |  10   3   1                  truck           2 % |
 *   | stage 3 of 7, one class left  ...      62 % saved|
 *   +--------------------------------------------------+
 *
 * Sizes are in units; a unit grows with the frame, slower than its height, so that
 * text is neither tiny on 320x240 nor loud on 1920x1080.
 */
#include "overlay/draw.h"

#include <math.h>
#include "overlay/text.h"

#define MARGIN 8.0
#define PAD 10.0
#define PANEL_W 304.0
#define PANEL_H 76.0
#define LEFT_W 182.0 /* headline and ladder; the list of survivors has the rest */
#define GUTTER 14.0
#define RIGHT_X (PAD + LEFT_W + GUTTER)
#define RIGHT_W (PANEL_W - PAD - RIGHT_X)
#define SMALL 8.5
#define LEGIBLE 0.85 /* units below this make the panel's text unreadable */

static double unit_of(gint width, gint height) {
  double unit = pow(height / 240.0, 0.8);
  unit = MIN(unit, width / (PANEL_W + 2.0 * MARGIN));
  return MIN(unit, height / (PANEL_H + 2.0 * MARGIN));
}

/* ---- Surfaces ------------------------------------------------------------- */

typedef struct {
  GstBuffer *buffer;
  GstMapInfo map;
  cairo_surface_t *surface;
  cairo_t *cr;
  gint width, height;
} Canvas;

/* A transparent surface over the memory of a new buffer. */
static Canvas canvas_begin(gint width, gint height) {
  Canvas canvas = {.width = width, .height = height};
  gsize size = (gsize)width * (gsize)height * 4;
  canvas.buffer = gst_buffer_new_allocate(NULL, size, NULL);
  gst_buffer_memset(canvas.buffer, 0, 0, size);
  gst_buffer_add_video_meta(canvas.buffer, GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, (guint)width, (guint)height);
  gst_buffer_map(canvas.buffer, &canvas.map, GST_MAP_READWRITE);
  canvas.surface = cairo_image_surface_create_for_data(canvas.map.data, CAIRO_FORMAT_ARGB32, width,
                                                       height, width * 4);
  canvas.cr = cairo_create(canvas.surface);
  return canvas;
}

/* Puts the surface at (x, y) of the composition, which is made if need be. */
static void canvas_end(Canvas *canvas, gint x, gint y, GstVideoOverlayComposition **composition) {
  cairo_destroy(canvas->cr);
  cairo_surface_finish(canvas->surface);
  cairo_surface_destroy(canvas->surface);
  gst_buffer_unmap(canvas->buffer, &canvas->map);
  GstVideoOverlayRectangle *rectangle = gst_video_overlay_rectangle_new_raw(
      canvas->buffer, x, y, (guint)canvas->width, (guint)canvas->height,
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  gst_buffer_unref(canvas->buffer);
  if (*composition == NULL)
    *composition = gst_video_overlay_composition_new(rectangle);
  else
    gst_video_overlay_composition_add_rectangle(*composition, rectangle);
  gst_video_overlay_rectangle_unref(rectangle);
}

static void draw_ground(cairo_t *cr, double w, double h, double radius, double hairline) {
  gst_winnow_round_rect(cr, 0.0, 0.0, w, h, radius);
  gst_winnow_set_color(cr, gst_winnow_ground);
  cairo_fill(cr);
  gst_winnow_round_rect(cr, hairline / 2.0, hairline / 2.0, w - hairline, h - hairline, radius);
  gst_winnow_set_color(cr, gst_winnow_edge);
  cairo_set_line_width(cr, hairline);
  cairo_stroke(cr);
}

/* ---- Ladder --------------------------------------------------------------- */

static GstWinnowColor exit_color(const GstWinnowView *view) {
  return view->in_time ? gst_winnow_accent : gst_winnow_late;
}

/* One segment per stage; the exit is lit and stands out by `lift`. */
static void draw_ladder(cairo_t *cr, const GstWinnowView *view, double x, double y, double w,
                        double h, double lift) {
  double pitch = w / view->n_stages;
  double gap = pitch > 4.0 * h / 3.0 ? h / 2.0 : pitch * 0.2;
  pitch = (w + gap) / view->n_stages; /* no gap after the last */
  for (gint i = 0; i < view->n_stages; i++) {
    gboolean exit = i == view->exit_stage;
    GstWinnowColor color = i < view->exit_stage ? gst_winnow_passed : gst_winnow_off;
    double out = exit ? lift : 0.0;
    gst_winnow_round_rect(cr, x + i * pitch, y - out, pitch - gap, h + 2.0 * out, h / 3.0);
    gst_winnow_set_color(cr, exit ? exit_color(view) : color);
    cairo_fill(cr);
  }
}

/* Below each computed stage, how many classes it left; the exit only where the
 * numbers would touch. */
static void draw_counts(cairo_t *cr, const GstWinnowView *view, double x, double y, double w,
                        double size) {
  GstWinnowTextStyle style = {
      .size = size, .color = gst_winnow_ink_dim, .align = PANGO_ALIGN_CENTER};
  double pitch = w / view->n_stages;
  double widest = 0.0;
  gchar text[16];
  for (gint i = 0; i <= view->exit_stage; i++) {
    g_snprintf(text, sizeof text, "%d", MAX(view->left[i], 0));
    widest = MAX(widest, gst_winnow_text_width(cr, &style, text));
  }
  gboolean roomy = widest + size / 2.0 < pitch;
  for (gint i = 0; i <= view->exit_stage; i++) {
    gboolean exit = i == view->exit_stage;
    if (view->left[i] < 0 || (!roomy && !exit)) continue;
    g_snprintf(text, sizeof text, "%d", view->left[i]);
    style.color = exit ? exit_color(view) : gst_winnow_ink_dim;
    style.bold = exit;
    double width = MAX(pitch, widest * 1.3);
    double left = x + (i + 0.5) * pitch - width / 2.0;
    left = CLAMP(left, x, x + w - width);
    gst_winnow_draw_text(cr, &style, text, left, y, width);
  }
}

/* ---- Panel ---------------------------------------------------------------- */

static void draw_left(cairo_t *cr, const GstWinnowView *view) {
  gchar text[96];
  double taken = 0.0;
  GstWinnowTextStyle big = {.size = 14.0, .color = gst_winnow_ink_dim, .align = PANGO_ALIGN_RIGHT};
  if (view->percent >= 0) {
    g_snprintf(text, sizeof text, "%d %%", view->percent);
    taken = gst_winnow_draw_text(cr, &big, text, PAD, 24.0, LEFT_W) + 8.0;
  }
  big = (GstWinnowTextStyle){
      .size = 18.0, .bold = TRUE, .color = gst_winnow_ink, .align = PANGO_ALIGN_LEFT};
  /* A long label first gets smaller, then shorter. */
  double wanted = gst_winnow_text_width(cr, &big, view->headline);
  big.size *= CLAMP((LEFT_W - taken) / MAX(wanted, 1.0), 0.65, 1.0);
  gst_winnow_draw_text(cr, &big, view->headline, PAD, 24.0, LEFT_W - taken);

  draw_ladder(cr, view, PAD, 35.0, LEFT_W, 6.0, 1.0);
  draw_counts(cr, view, PAD, 52.0, LEFT_W, SMALL);

  GstWinnowTextStyle small = {
      .size = SMALL, .bold = TRUE, .color = exit_color(view), .align = PANGO_ALIGN_RIGHT};
  g_snprintf(text, sizeof text, "%d %% saved", view->saved_percent);
  taken = gst_winnow_draw_text(cr, &small, text, PAD, 67.0, LEFT_W) + 6.0;
  small =
      (GstWinnowTextStyle){.size = SMALL, .color = gst_winnow_ink_dim, .align = PANGO_ALIGN_LEFT};
  if (view->n_stages > 1)
    g_snprintf(text, sizeof text, "Exit %d/%d%s%s", view->exit_stage, view->n_stages - 1,
               view->reason[0] != '\0' ? ", " : "", view->reason);
  else
    g_strlcpy(text, "No exits", sizeof text);
  gst_winnow_draw_text(cr, &small, text, PAD, 67.0, LEFT_W - taken);
}

static void draw_right(cairo_t *cr, const GstWinnowView *view) {
  gchar text[64];
  cairo_rectangle(cr, RIGHT_X - GUTTER / 2.0 - 0.25, PAD, 0.5, PANEL_H - 2.0 * PAD);
  gst_winnow_set_color(cr, gst_winnow_edge);
  cairo_fill(cr);
  GstWinnowTextStyle style = {
      .size = SMALL, .color = gst_winnow_ink_dim, .align = PANGO_ALIGN_LEFT};
  g_snprintf(text, sizeof text, view->n_survivors == 1 ? "%d class left" : "%d classes left",
             view->n_survivors);
  gst_winnow_draw_text(cr, &style, text, RIGHT_X, 18.0, RIGHT_W);
  for (guint i = 0; i < view->n_rows; i++) {
    double y = 33.0 + 15.5 * i;
    style.color = i == 0 ? gst_winnow_ink : gst_winnow_ink_dim;
    style.align = PANGO_ALIGN_RIGHT;
    g_snprintf(text, sizeof text, "%d %%", view->rows[i].percent);
    double taken = gst_winnow_draw_text(cr, &style, text, RIGHT_X, y, RIGHT_W) + 4.0;
    style.align = PANGO_ALIGN_LEFT;
    gst_winnow_draw_text(cr, &style, view->rows[i].label, RIGHT_X, y, RIGHT_W - taken);
    gst_winnow_round_rect(cr, RIGHT_X, y + 3.0, RIGHT_W, 2.2, 1.1);
    gst_winnow_set_color(cr, gst_winnow_off);
    cairo_fill(cr);
    double filled = RIGHT_W * view->rows[i].percent / 100.0;
    if (filled <= 0.0) continue;
    gst_winnow_round_rect(cr, RIGHT_X, y + 3.0, MAX(filled, 2.2), 2.2, 1.1);
    gst_winnow_set_color(cr, i == 0 ? exit_color(view) : gst_winnow_passed);
    cairo_fill(cr);
  }
}

static void add_panel(const GstWinnowView *view, gint width, gint height, double unit,
                      GstVideoOverlayComposition **composition) {
  gint margin = (gint)(MARGIN * unit);
  Canvas canvas = canvas_begin((gint)ceil(PANEL_W * unit), (gint)ceil(PANEL_H * unit));
  cairo_scale(canvas.cr, unit, unit);
  draw_ground(canvas.cr, PANEL_W, PANEL_H, 7.0, MAX(0.7, 1.0 / unit));
  draw_left(canvas.cr, view);
  draw_right(canvas.cr, view);
  gint y = MAX(0, height - margin - canvas.height);
  canvas_end(&canvas, MIN(margin, MAX(0, width - canvas.width)), y, composition);
}

/* ---- Tag: headline, per cent and a thin ladder, for regions and tiny frames -- */

static void add_tag(const GstWinnowView *view, gint x, gint y, gint max_width, gint max_height,
                    double size, GstVideoOverlayComposition **composition) {
  double pad = size * 0.45, ladder = MAX(2.0, size * 0.22);
  double h = size * 1.25 + pad * 1.5 + ladder;
  gint height = (gint)ceil(h);
  if (height > max_height || max_width < (gint)(4.0 * size)) return;

  const gchar *colon = view->name[0] != '\0' ? ": " : "";
  g_autofree gchar *text = view->percent < 0 ? g_strconcat(view->name, colon, view->headline, NULL)
                                             : g_strdup_printf("%s%s%s  %d %%", view->name, colon,
                                                               view->headline, view->percent);
  const GstWinnowTextStyle style = {
      .size = size, .bold = TRUE, .color = gst_winnow_ink, .align = PANGO_ALIGN_LEFT};
  Canvas probe = canvas_begin(1, 1);
  double wanted = gst_winnow_text_width(probe.cr, &style, text) + 2.0 * pad + 1.0;
  cairo_destroy(probe.cr);
  cairo_surface_destroy(probe.surface);
  gst_buffer_unmap(probe.buffer, &probe.map);
  gst_buffer_unref(probe.buffer);

  Canvas canvas = canvas_begin((gint)ceil(MIN(wanted, max_width)), height);
  draw_ground(canvas.cr, canvas.width, canvas.height, pad * 0.8, 1.0);
  gst_winnow_draw_text(canvas.cr, &style, text, pad, pad * 0.5 + size, canvas.width - 2.0 * pad);
  draw_ladder(canvas.cr, view, pad, h - pad * 0.8 - ladder, canvas.width - 2.0 * pad, ladder, 0.0);
  canvas_end(&canvas, x, y, composition);
}

/* What lies in one strip of a box's outline, `t` thick: a dark line under one of the
 * exit's colour. */
static void add_strip(const GstWinnowView *view, WnRect strip, gint t,
                      GstVideoOverlayComposition **composition) {
  const WnRect *r = &view->region;
  double edge = MAX(1.0, t / 4.0);
  Canvas canvas = canvas_begin(strip.width, strip.height);
  cairo_translate(canvas.cr, r->x - strip.x, r->y - strip.y);
  cairo_rectangle(canvas.cr, t / 2.0, t / 2.0, r->width - t, r->height - t);
  cairo_set_source_rgba(canvas.cr, 0.0, 0.0, 0.0, 0.5);
  cairo_set_line_width(canvas.cr, t);
  cairo_stroke_preserve(canvas.cr);
  gst_winnow_set_color(canvas.cr, exit_color(view));
  cairo_set_line_width(canvas.cr, t - 2.0 * edge);
  cairo_stroke(canvas.cr);
  canvas_end(&canvas, strip.x, strip.y, composition);
}

/* Four strips, so that only the outline is blended, and a tag above or, where the frame
 * ends, inside. */
static void add_region(const GstWinnowView *view, gint width, gint height,
                       GstVideoOverlayComposition **composition) {
  const WnRect *r = &view->region;
  double unit = pow(height / 240.0, 0.8);
  gint t = MAX(4, (gint)lround(2.8 * unit));
  if (r->width > 2 * t && r->height > 2 * t) {
    const WnRect strips[] = {
        {r->x, r->y, r->width, t},
        {r->x, r->y + r->height - t, r->width, t},
        {r->x, r->y + t, t, r->height - 2 * t},
        {r->x + r->width - t, r->y + t, t, r->height - 2 * t},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(strips); i++) add_strip(view, strips[i], t, composition);
  }
  double size = MAX(10.0, 10.5 * unit);
  gint tag_height = (gint)ceil(size * 2.2);
  gint max_width = MIN(MAX(r->width, (gint)(9.0 * size)), width);
  gint x = MIN(r->x, width - max_width);
  gint y = r->y >= tag_height ? r->y - tag_height : r->y + t;
  add_tag(view, MAX(x, 0), y, max_width, height - y, size, composition);
}

/* The whole frame's result where the panel does not fit. */
static void add_small(const GstWinnowView *view, gint width, gint height,
                      GstVideoOverlayComposition **composition) {
  double size = MAX(9.0, MIN(width / 15.0, height / 8.0));
  gint margin = size > 9.0 ? (gint)(size / 2.0) : 0;
  add_tag(view, margin, margin, width - 2 * margin, height - 2 * margin, size, composition);
}

GstVideoOverlayComposition *gst_winnow_overlay_draw(const GPtrArray *views, gint width,
                                                    gint height) {
  GstVideoOverlayComposition *composition = NULL;
  double unit = unit_of(width, height);
  for (guint i = 0; i < views->len; i++) {
    const GstWinnowView *view = g_ptr_array_index(views, i);
    if (view->has_region)
      add_region(view, width, height, &composition);
    else if (unit >= LEGIBLE)
      add_panel(view, width, height, unit, &composition);
    else
      add_small(view, width, height, &composition);
  }
  return composition;
}
