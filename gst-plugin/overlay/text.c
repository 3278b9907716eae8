/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Labels come from model files: any text, any length, any script.
 */
#include "overlay/text.h"

const GstWinnowColor gst_winnow_ground = {0.055, 0.067, 0.086, 0.86};
const GstWinnowColor gst_winnow_edge = {1.0, 1.0, 1.0, 0.14};
const GstWinnowColor gst_winnow_ink = {0.97, 0.98, 0.99, 1.0};
const GstWinnowColor gst_winnow_ink_dim = {0.72, 0.76, 0.81, 1.0};
const GstWinnowColor gst_winnow_off = {1.0, 1.0, 1.0, 0.16};
const GstWinnowColor gst_winnow_accent = {0.36, 0.90, 0.69, 1.0};
const GstWinnowColor gst_winnow_passed = {0.25, 0.56, 0.46, 1.0};
const GstWinnowColor gst_winnow_late = {1.0, 0.74, 0.34, 1.0};

void gst_winnow_set_color(cairo_t *cr, GstWinnowColor color) {
  cairo_set_source_rgba(cr, color.r, color.g, color.b, color.a);
}

void gst_winnow_round_rect(cairo_t *cr, double x, double y, double w, double h, double radius) {
  double r = MIN(radius, MIN(w, h) / 2.0);
  cairo_new_sub_path(cr);
  cairo_arc(cr, x + w - r, y + r, r, -G_PI_2, 0.0);
  cairo_arc(cr, x + w - r, y + h - r, r, 0.0, G_PI_2);
  cairo_arc(cr, x + r, y + h - r, r, G_PI_2, G_PI);
  cairo_arc(cr, x + r, y + r, r, G_PI, 1.5 * G_PI);
  cairo_close_path(cr);
}

/* Fonts are looked for once a thread: that takes longer than to draw with them. */
static PangoContext *context_for(cairo_t *cr) {
  static GPrivate kept = G_PRIVATE_INIT(g_object_unref);
  PangoContext *context = g_private_get(&kept);
  if (context == NULL) {
    context = pango_font_map_create_context(pango_cairo_font_map_get_default());
    g_private_set(&kept, context);
  }
  pango_cairo_update_context(cr, context);
  return context;
}

static PangoLayout *make_layout(cairo_t *cr, const GstWinnowTextStyle *style, const gchar *text) {
  PangoLayout *layout = pango_layout_new(context_for(cr));
  PangoFontDescription *font = pango_font_description_new();
  pango_font_description_set_family(font, "Inter, Cantarell, Noto Sans, DejaVu Sans, sans-serif");
  pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  pango_layout_set_text(layout, text, -1);
  return layout;
}

static double layout_width(PangoLayout *layout) {
  int width;
  pango_layout_get_size(layout, &width, NULL);
  return (double)width / PANGO_SCALE;
}

double gst_winnow_draw_text(cairo_t *cr, const GstWinnowTextStyle *style, const gchar *text,
                            double x, double y, double width) {
  if (width < 1.0) return 0.0;
  PangoLayout *layout = make_layout(cr, style, text);
  double taken = layout_width(layout);
  if (taken > width) {
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    taken = MIN(layout_width(layout), width);
  }
  if (style->align == PANGO_ALIGN_RIGHT) x += width - taken;
  if (style->align == PANGO_ALIGN_CENTER) x += (width - taken) / 2.0;
  cairo_move_to(cr, x, y - (double)pango_layout_get_baseline(layout) / PANGO_SCALE);
  gst_winnow_set_color(cr, style->color);
  pango_cairo_show_layout(cr, layout);
  g_object_unref(layout);
  return taken;
}

double gst_winnow_text_width(cairo_t *cr, const GstWinnowTextStyle *style, const gchar *text) {
  PangoLayout *layout = make_layout(cr, style, text);
  double width = layout_width(layout);
  g_object_unref(layout);
  return width;
}
