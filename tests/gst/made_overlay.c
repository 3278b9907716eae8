/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See made_overlay.h.
 */
#include "made_overlay.h"
#include "meta/result_write.h"

GstBuffer *grey(const GstVideoInfo *info) {
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, info->size, NULL);
  gst_buffer_memset(buffer, 0, 0x80, info->size);
  return buffer;
}

void fill(GstStructure *structure, const gchar *label, gint n, gint stage, gdouble confidence,
          guint64 pts) {
  gint32 survivors[256], per_stage[7];
  const char *labels[256];
  double scores[256];
  for (gint i = 0; i < n; i++) {
    survivors[i] = i;
    labels[i] = i == 0 ? label : "another class";
    scores[i] = i == 0 ? confidence : confidence / (i + 1);
  }
  for (gint i = 0; i <= stage; i++) per_stage[i] = i == stage ? n : n + stage - i;
  WnResult result = {.label = label,
                     .confidence = confidence,
                     .group = "",
                     .watched = -1,
                     .exit_stage = stage,
                     .stage_count = 7,
                     .n_survivors = n,
                     .survivor_count = n,
                     .stop_reason = WN_STOP_FINAL,
                     .survivors = survivors,
                     .survivor_labels = labels,
                     .survivor_scores = scores,
                     .n_stages_evaluated = stage + 1,
                     .survivors_per_stage = per_stage,
                     .macs = 10 + (guint64)stage,
                     .macs_full = 20,
                     .model_id = "m@0",
                     .pts_ns = (int64_t)pts};
  gst_winnow_result_write(structure, &result);
}

void attach(GstBuffer *buffer, const gchar *label, gint n, gint stage, gdouble confidence,
            guint64 pts) {
  gst_winnow_meta_register();
  GstCustomMeta *meta = gst_buffer_add_custom_meta(buffer, GST_WINNOW_META_NAME);
  fill(gst_custom_meta_get_structure(meta), label, n, stage, confidence, pts);
}

GstHarness *open_overlay(const gchar *format, gint width, gint height, GstVideoInfo *info) {
  GstHarness *harness = gst_harness_new("winnowoverlay");
  fail_unless(gst_video_info_set_format(info, gst_video_format_from_string(format), (guint)width,
                                        (guint)height));
  info->fps_n = 30;
  info->fps_d = 1;
  gst_harness_set_src_caps(harness, gst_video_info_to_caps(info));
  return harness;
}

gboolean same(GstBuffer *a, GstBuffer *b, gint width, gint x, gint y, gint w, gint h) {
  GstMapInfo ma, mb;
  gboolean equal = TRUE;
  fail_unless(gst_buffer_map(a, &ma, GST_MAP_READ) && gst_buffer_map(b, &mb, GST_MAP_READ));
  for (gint row = y; row < y + h; row++) {
    gsize at = ((gsize)row * (gsize)width + (gsize)x) * 4;
    if (memcmp(ma.data + at, mb.data + at, (gsize)w * 4) != 0) equal = FALSE;
  }
  gst_buffer_unmap(a, &ma);
  gst_buffer_unmap(b, &mb);
  return equal;
}

gboolean same_bytes(GstBuffer *a, GstBuffer *b) {
  GstMapInfo ma, mb;
  fail_unless(gst_buffer_map(a, &ma, GST_MAP_READ) && gst_buffer_map(b, &mb, GST_MAP_READ));
  gboolean equal = ma.size == mb.size && memcmp(ma.data, mb.data, ma.size) == 0;
  gst_buffer_unmap(a, &ma);
  gst_buffer_unmap(b, &mb);
  return equal;
}

GstBuffer *draw(GstHarness *harness, const GstVideoInfo *info, const gchar *label, gint n,
                gint stage, gdouble confidence, guint64 pts) {
  GstBuffer *buffer = grey(info);
  attach(buffer, label, n, stage, confidence, pts);
  GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
  fail_unless(out != NULL);
  return out;
}

GstBuffer *draw_once(const gchar *label, gint n, gint stage, gdouble confidence) {
  GstVideoInfo info;
  GstHarness *harness = open_overlay("RGBx", W, H, &info);
  GstBuffer *out = draw(harness, &info, label, n, stage, confidence, 0);
  gst_harness_teardown(harness);
  return out;
}
