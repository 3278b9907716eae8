/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames that winnowoverlay draws on, for its tests.  Pictures are compared with each other: no
 * golden image, which would depend on the fonts installed.
 */
#ifndef WINNOW_TEST_MADE_OVERLAY_H
#define WINNOW_TEST_MADE_OVERLAY_H

#include "fixture.h"

#define W 320
#define H 240
/* Where the headline's first letters are drawn on 320x240. */
#define HEAD_X 16
#define HEAD_Y 162
#define HEAD_W 90
#define HEAD_H 26

GstBuffer *grey(const GstVideoInfo *info);

/* A result with the label, n survivors, at a stage of seven. */
void fill(GstStructure *structure, const gchar *label, gint n, gint stage, gdouble confidence,
          guint64 pts);
void attach(GstBuffer *buffer, const gchar *label, gint n, gint stage, gdouble confidence,
            guint64 pts);

GstHarness *open_overlay(const gchar *format, gint width, gint height, GstVideoInfo *info);

/* Whether two RGBx frames are equal in a rectangle. */
gboolean same(GstBuffer *a, GstBuffer *b, gint width, gint x, gint y, gint w, gint h);
gboolean same_bytes(GstBuffer *a, GstBuffer *b);

/* A grey frame with a result, drawn on. */
GstBuffer *draw(GstHarness *harness, const GstVideoInfo *info, const gchar *label, gint n,
                gint stage, gdouble confidence, guint64 pts);

/* What a fresh overlay draws. */
GstBuffer *draw_once(const gchar *label, gint n, gint stage, gdouble confidence);

#endif
