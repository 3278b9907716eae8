/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The picture of a curve: mean MACs to the right, accuracy upwards, a line for each strategy and a
 * dashed one for the whole network.
 */
#include "curve.h"

#include <cairo.h>
#include <math.h>

#include "text.h"

enum { WIDTH = 960, HEIGHT = 640, LEFT = 84, RIGHT = 24, TOP = 44, BOTTOM = 64 };

typedef struct Axes {
  double x_min, x_max, y_min, y_max;
} Axes;

static const struct {
  WnStrategy strategy;
  double red, green, blue;
} lines[] = {{WN_STRATEGY_CLASS_EXCLUSION, 0.84, 0.15, 0.16},
             {WN_STRATEGY_CONFIDENCE, 0.12, 0.47, 0.71},
             {WN_STRATEGY_ENTROPY, 0.17, 0.63, 0.17}};

static double place_x(const Axes *axes, double macs) {
  return LEFT + (macs - axes->x_min) / (axes->x_max - axes->x_min) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const Axes *axes, double accuracy) {
  return HEIGHT - BOTTOM -
         (accuracy - axes->y_min) / (axes->y_max - axes->y_min) * (HEIGHT - TOP - BOTTOM);
}

/* 1, 2 or 5 times a power of ten: about `count` steps in `range`. */
static double nice_step(double range, int count) {
  double rough = range / count, power = pow(10, floor(log10(rough)));
  double digit = rough / power;
  return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

static Axes choose_axes(const Curve *curve) {
  Axes axes = {INFINITY, (double)curve->macs_full, curve->accuracy_full, curve->accuracy_full};
  for (guint i = 0; i < curve->points->len; i++) {
    const CurvePoint *point = &g_array_index(curve->points, CurvePoint, i);
    axes.x_min = fmin(axes.x_min, point->macs_mean);
    axes.y_min = fmin(axes.y_min, point->accuracy);
    axes.y_max = fmax(axes.y_max, point->accuracy);
  }
  double x_margin = fmax((axes.x_max - axes.x_min) * 0.05, 1);
  double y_margin = fmax((axes.y_max - axes.y_min) * 0.08, 0.002);
  return (Axes){fmax(axes.x_min - x_margin, 0), axes.x_max + x_margin, axes.y_min - y_margin,
                axes.y_max + y_margin};
}

/* `align` 0: begins at x, 0.5: centred, 1: ends there. */
static void draw_text(cairo_t *cr, double x, double y, double align, const char *text) {
  cairo_text_extents_t extents;
  cairo_text_extents(cr, text, &extents);
  cairo_move_to(cr, x - align * extents.x_advance, y);
  cairo_show_text(cr, text);
}

static void draw_line(cairo_t *cr, double x0, double y0, double x1, double y1) {
  cairo_move_to(cr, x0, y0);
  cairo_line_to(cr, x1, y1);
  cairo_stroke(cr);
}

static void draw_grid(cairo_t *cr, const Axes *axes) {
  double x_step = nice_step(axes->x_max - axes->x_min, 8);
  double y_step = nice_step(axes->y_max - axes->y_min, 8);
  cairo_set_line_width(cr, 1);
  for (double x = ceil(axes->x_min / x_step) * x_step; x <= axes->x_max; x += x_step) {
    char *label = text_count(x);
    cairo_set_source_rgb(cr, 0.88, 0.88, 0.88);
    draw_line(cr, place_x(axes, x), TOP, place_x(axes, x), HEIGHT - BOTTOM);
    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    draw_text(cr, place_x(axes, x), HEIGHT - BOTTOM + 20, 0.5, label);
    g_free(label);
  }
  for (double y = ceil(axes->y_min / y_step) * y_step; y <= axes->y_max; y += y_step) {
    char *label = text_percent(y);
    cairo_set_source_rgb(cr, 0.88, 0.88, 0.88);
    draw_line(cr, LEFT, place_y(axes, y), WIDTH - RIGHT, place_y(axes, y));
    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    draw_text(cr, LEFT - 8, place_y(axes, y) + 4, 1, label);
    g_free(label);
  }
  cairo_rectangle(cr, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
  cairo_stroke(cr);
}

static void draw_labels(cairo_t *cr, const Curve *curve) {
  char *title = text_clean(curve->title);
  cairo_set_font_size(cr, 16);
  draw_text(cr, WIDTH / 2.0, TOP - 16, 0.5, title);
  cairo_set_font_size(cr, 14);
  draw_text(cr, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 18, 0.5, "mean MACs per image");
  cairo_save(cr);
  cairo_translate(cr, 20, (TOP + HEIGHT - BOTTOM) / 2.0);
  cairo_rotate(cr, -G_PI / 2);
  draw_text(cr, 0, 0, 0.5, "accuracy");
  cairo_restore(cr);
  g_free(title);
}

static void draw_strategy(cairo_t *cr, const Curve *curve, const Axes *axes, WnStrategy strategy) {
  for (int pass = 0; pass < 2; pass++) {
    cairo_new_path(cr); /* texts leave a point behind */
    for (guint i = 0; i < curve->points->len; i++) {
      const CurvePoint *point = &g_array_index(curve->points, CurvePoint, i);
      double x = place_x(axes, point->macs_mean), y = place_y(axes, point->accuracy);
      if (point->strategy != strategy) continue;
      if (pass == 0) {
        cairo_line_to(cr, x, y);
      } else {
        cairo_arc(cr, x, y, 3, 0, 2 * G_PI);
        cairo_fill(cr);
      }
    }
    if (pass == 0) cairo_stroke(cr);
  }
}

static void draw_dashed(cairo_t *cr, double x0, double y0, double x1, double y1) {
  const double dashes[] = {8, 6};
  cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
  cairo_set_dash(cr, dashes, 2, 0);
  draw_line(cr, x0, y0, x1, y1);
  cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_curves(cairo_t *cr, const Curve *curve, const Axes *axes) {
  double x = WIDTH - RIGHT - 190, y = HEIGHT - BOTTOM - 92,
         full = place_y(axes, curve->accuracy_full);
  cairo_set_line_width(cr, 2);
  draw_dashed(cr, LEFT, full, WIDTH - RIGHT, full);
  for (size_t i = 0; i < G_N_ELEMENTS(lines); i++, y += 22) {
    cairo_set_source_rgb(cr, lines[i].red, lines[i].green, lines[i].blue);
    draw_strategy(cr, curve, axes, lines[i].strategy);
    draw_line(cr, x, y - 5, x + 34, y - 5);
    cairo_set_source_rgb(cr, 0.2, 0.2, 0.2);
    draw_text(cr, x + 44, y, 0, wn_strategy_name(lines[i].strategy));
  }
  draw_dashed(cr, x, y - 5, x + 34, y - 5);
  draw_text(cr, x + 44, y, 0, "whole network");
}

static cairo_status_t append(void *content, const unsigned char *bytes, unsigned n_bytes) {
  g_string_append_len(content, (const char *)bytes, n_bytes);
  return CAIRO_STATUS_SUCCESS;
}

GString *curve_plot(const Curve *curve) {
  GString *content = g_string_new(NULL);
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
  cairo_t *cr = cairo_create(surface);
  Axes axes = choose_axes(curve);
  cairo_set_source_rgb(cr, 1, 1, 1);
  cairo_paint(cr);
  cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cr, 13);
  draw_grid(cr, &axes);
  draw_labels(cr, curve);
  draw_curves(cr, curve, &axes);
  cairo_surface_write_to_png_stream(surface, append, content);
  cairo_destroy(cr);
  cairo_surface_destroy(surface);
  return content;
}
