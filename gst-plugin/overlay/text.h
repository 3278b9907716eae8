/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line of text with Pango, and the palette: what panel and region tags share.
 */
#ifndef GST_WINNOW_OVERLAY_TEXT_H
#define GST_WINNOW_OVERLAY_TEXT_H

#include <pango/pangocairo.h>
#include <glib.h>

typedef struct {
  double r, g, b, a;
} GstWinnowColor;

/* On a dark, nearly opaque ground that holds its own over snow and over night. */
extern const GstWinnowColor gst_winnow_ground;
extern const GstWinnowColor gst_winnow_edge;    /* hairline around it */
extern const GstWinnowColor gst_winnow_ink;     /* what matters */
extern const GstWinnowColor gst_winnow_ink_dim; /* what explains */
extern const GstWinnowColor gst_winnow_off;     /* what was not computed */
extern const GstWinnowColor gst_winnow_accent;  /* the exit */
extern const GstWinnowColor gst_winnow_passed;  /* stages on the way there */
extern const GstWinnowColor gst_winnow_late;    /* an exit by deadline */

void gst_winnow_set_color(cairo_t *cr, GstWinnowColor color);

/* A rectangle with rounded corners as the current path. */
void gst_winnow_round_rect(cairo_t *cr, double x, double y, double w, double h, double radius);

typedef struct {
  double size; /* of the font in pixels */
  gboolean bold;
  GstWinnowColor color;
  PangoAlignment align; /* of the line in the width */
} GstWinnowTextStyle;

/* Draws one line with its baseline at `y` from `x`, `width` wide at most: longer text ends in an
 * ellipsis.  Gives the width that it took. */
double gst_winnow_draw_text(cairo_t *cr, const GstWinnowTextStyle *style, const gchar *text,
                            double x, double y, double width);

/* The width that the text would take. */
double gst_winnow_text_width(cairo_t *cr, const GstWinnowTextStyle *style, const gchar *text);

#endif
