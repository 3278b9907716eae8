/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Caps to WnFrame: planes, strides, colour.
 */
#include "fixture.h"
#include "common/frame_map.h"

#include <string.h>

static WnFrame map(const gchar *caps_text, GstBuffer **keep) {
  GstVideoInfo info;
  GstVideoFrame video;
  WnFrame frame;
  GstCaps *caps = gst_caps_from_string(caps_text);
  fail_unless(gst_winnow_frame_map_caps(&info, caps), "%s", caps_text);
  gst_caps_unref(caps);
  *keep = gst_buffer_new_allocate(NULL, info.size, NULL);
  GST_BUFFER_PTS(*keep) = 42;
  fail_unless(gst_video_frame_map(&video, &info, *keep, GST_MAP_READ));
  fail_unless(gst_winnow_frame_map(&video, &frame));
  fail_unless_equals_int(wn_pixel_format_planes(frame.format), GST_VIDEO_INFO_N_PLANES(&info));
  for (gint p = 0; p < wn_pixel_format_planes(frame.format); p++) {
    fail_unless(frame.plane[p] == GST_VIDEO_FRAME_PLANE_DATA(&video, p));
    fail_unless_equals_int((gint)frame.stride_bytes[p], GST_VIDEO_FRAME_PLANE_STRIDE(&video, p));
    fail_unless(frame.stride_bytes[p] >=
                (ptrdiff_t)wn_pixel_format_row_bytes(frame.format, p, frame.width));
  }
  gst_video_frame_unmap(&video);
  return frame;
}

GST_START_TEST(test_formats) {
  for (gsize i = 0; i < G_N_ELEMENTS(every_format); i++) {
    GstBuffer *keep;
    g_autofree gchar *caps =
        g_strdup_printf("video/x-raw,format=%s,width=17,height=5,framerate=0/1", every_format[i]);
    WnFrame frame = map(caps, &keep);
    fail_unless_equals_string(wn_pixel_format_name(frame.format), every_format[i]);
    fail_unless_equals_int(frame.width, 17);
    fail_unless_equals_int(frame.height, 5);
    fail_unless_equals_int64(frame.pts_ns, 42);
    gst_buffer_unref(keep);
  }
}
GST_END_TEST

/* YV12 has V first in memory, and so has the engine. */
GST_START_TEST(test_yv12_planes) {
  GstBuffer *keep;
  GstVideoInfo info;
  GstVideoFrame video;
  WnFrame frame;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_YV12, 4, 4);
  keep = gst_buffer_new_allocate(NULL, info.size, NULL);
  fail_unless(gst_video_frame_map(&video, &info, keep, GST_MAP_READ));
  fail_unless(gst_winnow_frame_map(&video, &frame));
  fail_unless(frame.plane[1] == GST_VIDEO_FRAME_COMP_DATA(&video, GST_VIDEO_COMP_V));
  fail_unless(frame.plane[2] == GST_VIDEO_FRAME_COMP_DATA(&video, GST_VIDEO_COMP_U));
  gst_video_frame_unmap(&video);
  gst_buffer_unref(keep);
}
GST_END_TEST

GST_START_TEST(test_colour) {
  static const struct {
    const gchar *caps;
    WnColorMatrix matrix;
    WnColorRange range;
    WnChromaSite site;
  } rows[] = {
      {"width=320,height=240", WN_MATRIX_BT601, WN_RANGE_LIMITED, WN_CHROMA_MPEG2},
      {"width=1920,height=1080", WN_MATRIX_BT709, WN_RANGE_LIMITED, WN_CHROMA_MPEG2},
      {"width=320,height=240,colorimetry=bt709", WN_MATRIX_BT709, WN_RANGE_LIMITED,
       WN_CHROMA_MPEG2},
      {"width=1920,height=1080,colorimetry=bt601", WN_MATRIX_BT601, WN_RANGE_LIMITED,
       WN_CHROMA_MPEG2},
      {"width=320,height=240,colorimetry=1:4:0:0", WN_MATRIX_BT601, WN_RANGE_FULL, WN_CHROMA_MPEG2},
      {"width=320,height=240,colorimetry=1:3:5:1", WN_MATRIX_BT709, WN_RANGE_FULL, WN_CHROMA_MPEG2},
      {"width=320,height=240,colorimetry=bt2020", WN_MATRIX_BT709, WN_RANGE_LIMITED,
       WN_CHROMA_MPEG2},
      {"width=320,height=240,colorimetry=smpte240m", WN_MATRIX_BT709, WN_RANGE_LIMITED,
       WN_CHROMA_MPEG2},
      {"width=320,height=240,chroma-site=jpeg", WN_MATRIX_BT601, WN_RANGE_LIMITED,
       WN_CHROMA_CENTRED},
      {"width=320,height=240,chroma-site=mpeg2", WN_MATRIX_BT601, WN_RANGE_LIMITED,
       WN_CHROMA_MPEG2},
      {"width=320,height=240,chroma-site=cosited", WN_MATRIX_BT601, WN_RANGE_LIMITED,
       WN_CHROMA_COSITED},
      {"width=320,height=240,chroma-site=v-cosited", WN_MATRIX_BT601, WN_RANGE_LIMITED,
       WN_CHROMA_ALT},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    GstBuffer *keep;
    g_autofree gchar *caps =
        g_strdup_printf("video/x-raw,format=I420,framerate=0/1,%s", rows[i].caps);
    WnFrame frame = map(caps, &keep);
    fail_unless(frame.matrix == rows[i].matrix, "matrix of %s", caps);
    fail_unless(frame.range == rows[i].range, "range of %s", caps);
    fail_unless(frame.chroma_site == rows[i].site, "chroma site of %s", caps);
    gst_buffer_unref(keep);
  }
}
GST_END_TEST

GST_START_TEST(test_other_formats) {
  GstVideoInfo info;
  GstVideoFrame video;
  WnFrame frame;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_v210, 4, 4);
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
  fail_unless(gst_video_frame_map(&video, &info, buffer, GST_MAP_READ));
  fail_if(gst_winnow_frame_map(&video, &frame));
  gst_video_frame_unmap(&video);
  gst_buffer_unref(buffer);
}
GST_END_TEST

/* What is not square stays so. */
GST_START_TEST(test_pixel_aspect) {
  GstBuffer *keep;
  WnFrame frame = map("video/x-raw,format=I420,width=720,height=576,framerate=25/1,"
                      "pixel-aspect-ratio=16/15,interlace-mode=interleaved",
                      &keep);
  fail_unless(frame.pixel_width == 16 && frame.pixel_height == 15);
  gst_buffer_unref(keep);
}
GST_END_TEST

/* ---- A part of what is in memory ------------------------------------------ */

enum { LEFT = 6, TOP = 4, RIGHT = 8, BOTTOM = 2 };

/* The same part cut out by videocrop; NULL: it does not take the format. */
static GstBuffer *cut_out(GstBuffer *picture, const gchar *caps) {
  g_autofree gchar *launch =
      g_strdup_printf("videocrop left=%d top=%d right=%d bottom=%d", LEFT, TOP, RIGHT, BOTTOM);
  GstHarness *harness = gst_harness_new_parse(launch);
  gst_harness_set_src_caps_str(harness, caps);
  GstBuffer *out = NULL;
  if (gst_harness_push(harness, gst_buffer_ref(picture)) == GST_FLOW_OK)
    out = gst_harness_pull(harness);
  gst_harness_teardown(harness);
  return out;
}

static void fail_unless_same_pixels(const WnFrame *a, const WnFrame *b) {
  fail_unless_equals_int(a->width, b->width);
  fail_unless_equals_int(a->height, b->height);
  for (gint p = 0; p < wn_pixel_format_planes(a->format); p++) {
    for (gint y = 0; y < wn_pixel_format_rows(a->format, p, a->height); y++)
      fail_unless(memcmp((const guint8 *)a->plane[p] + y * a->stride_bytes[p],
                         (const guint8 *)b->plane[p] + y * b->stride_bytes[p],
                         wn_pixel_format_row_bytes(a->format, p, a->width)) == 0,
                  "%s, plane %d, row %d", wn_pixel_format_name(a->format), p, y);
  }
}

/* A GstVideoCropMeta says which part of a larger frame the caps are about. */
GST_START_TEST(test_crop) {
  GstElement *element = gst_element_factory_make("identity", NULL);
  guint n_formats = 0;
  if (!gst_registry_check_feature_version(gst_registry_get(), "videocrop", 1, 0, 0)) return;
  for (gsize i = 0; i < G_N_ELEMENTS(every_format); i++) {
    GstVideoFormat format = gst_video_format_from_string(every_format[i]);
    GstVideoInfo whole, part;
    GstVideoFrame video, wanted_video;
    WnFrame frame, wanted;
    gst_video_info_set_format(&whole, format, 40, 20);
    gst_video_info_set_format(&part, format, 40 - LEFT - RIGHT, 20 - TOP - BOTTOM);
    GstBuffer *picture = make_picture(&whole, (guint)i, 4);
    GstCaps *caps = gst_video_info_to_caps(&whole);
    g_autofree gchar *text = gst_caps_to_string(caps);
    gst_caps_unref(caps);
    GstBuffer *cut = cut_out(picture, text);
    picture = gst_buffer_make_writable(picture);
    GstVideoCropMeta *meta = gst_buffer_add_video_crop_meta(picture);
    meta->x = LEFT;
    meta->y = TOP;
    meta->width = (guint)GST_VIDEO_INFO_WIDTH(&part);
    meta->height = (guint)GST_VIDEO_INFO_HEIGHT(&part);
    fail_unless(gst_winnow_frame_open(element, &part, picture, GST_MAP_READ, &video));
    fail_unless(gst_winnow_frame_map(&video, &frame));
    if (cut != NULL) {
      fail_unless(gst_video_frame_map(&wanted_video, &part, cut, GST_MAP_READ));
      gst_winnow_frame_map(&wanted_video, &wanted);
      fail_unless_same_pixels(&frame, &wanted);
      gst_video_frame_unmap(&wanted_video);
      gst_buffer_unref(cut);
      n_formats++;
    }
    gst_video_frame_unmap(&video);
    gst_buffer_unref(picture);
  }
  fail_unless(n_formats >= 10, "videocrop takes %u formats only", n_formats);
  gst_object_unref(element);
}
GST_END_TEST

/* Whatever it says, nothing outside of the frame is read, and nothing is left of one outside. */
GST_START_TEST(test_hostile_crop) {
  static const guint places[][2] = {{39, 19}, {5, 3}, {40, 0}, {0, 20}, {G_MAXUINT, G_MAXUINT}};
  GstElement *element = gst_element_factory_make("identity", NULL);
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 40, 20);
  for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
    GstBuffer *picture = make_picture(&info, 1, 0);
    GstVideoFrame video;
    GstVideoCropMeta *meta = gst_buffer_add_video_crop_meta(picture);
    meta->x = places[i][0];
    meta->y = places[i][1];
    gboolean open = gst_winnow_frame_open(element, &info, picture, GST_MAP_READ, &video);
    fail_unless_equals_int(open, i < 2);
    if (open) {
      fail_unless_equals_int(GST_VIDEO_FRAME_WIDTH(&video), 40 - (gint)places[i][0]);
      fail_unless_equals_int(GST_VIDEO_FRAME_HEIGHT(&video), 20 - (gint)places[i][1]);
      gst_video_frame_unmap(&video);
    }
    gst_buffer_unref(picture);
  }
  gst_object_unref(element);
}
GST_END_TEST

static Suite *frame_map_suite(void) {
  Suite *suite = suite_create("frame_map");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_formats);
  tcase_add_test(tc, test_yv12_planes);
  tcase_add_test(tc, test_colour);
  tcase_add_test(tc, test_other_formats);
  tcase_add_test(tc, test_pixel_aspect);
  tcase_add_test(tc, test_crop);
  tcase_add_test(tc, test_hostile_crop);
  return suite;
}

GST_CHECK_MAIN(frame_map)
