/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How drawings get onto frames: the overlay's own blend beside GStreamer's, and compositions for
 * whoever draws them later.
 */
#include "made_overlay.h"
#include "overlay/blend.h"

/* ---- Beside GStreamer ------------------------------------------------------- */

/* Smooth colours with smooth alpha, premultiplied, so that what shares a sample is alike. */
static GstVideoOverlayComposition *make_composition(gint x, gint y, guint width, guint height) {
  GstBuffer *pixels = gst_buffer_new_allocate(NULL, 4 * (gsize)width * height, NULL);
  gst_buffer_add_video_meta(pixels, GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
  GstMapInfo map;
  fail_unless(gst_buffer_map(pixels, &map, GST_MAP_WRITE));
  for (guint row = 0; row < height; row++)
    for (guint i = 0; i < width; i++) {
      guint alpha = 40 + 200 * i / width, red = 250 * row / height, green = 255 - red, blue = 90;
      guint8 *p = map.data + 4 * ((gsize)row * width + i);
      GST_WRITE_UINT32_LE(p, alpha << 24 | red * alpha / 255 << 16 | green * alpha / 255 << 8 |
                                 blue * alpha / 255);
    }
  gst_buffer_unmap(pixels, &map);
  GstVideoOverlayRectangle *rectangle = gst_video_overlay_rectangle_new_raw(
      pixels, x, y, width, height, GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  gst_buffer_unref(pixels);
  GstVideoOverlayComposition *composition = gst_video_overlay_composition_new(rectangle);
  gst_video_overlay_rectangle_unref(rectangle);
  return composition;
}

/* Bytes of the picture that differ by more than a few levels. */
static guint count_differences(GstBuffer *a, GstBuffer *b, gint limit) {
  GstMapInfo one, two;
  guint n = 0;
  fail_unless(gst_buffer_map(a, &one, GST_MAP_READ) && gst_buffer_map(b, &two, GST_MAP_READ));
  for (gsize i = 0; i < one.size; i++) n += ABS(one.data[i] - two.data[i]) > limit ? 1 : 0;
  gst_buffer_unmap(a, &one);
  gst_buffer_unmap(b, &two);
  return n;
}

/* White where a fourth byte is alpha, or is taken for it, which is then full; else grey. */
static GstBuffer *opaque(const GstVideoInfo *info) {
  GstBuffer *buffer = grey(info);
  if (GST_VIDEO_INFO_HAS_ALPHA(info) || GST_VIDEO_INFO_IS_RGB(info))
    gst_buffer_memset(buffer, 0, 255, (gsize)-1);
  return buffer;
}

/* GStreamer 1.22 takes grey frames for limited range, AV12's alpha for none, and blends VYUY in
 * another order. */
static gboolean is_blended_alike(GstVideoFormat format) {
  return format != GST_VIDEO_FORMAT_GRAY8 && format != GST_VIDEO_FORMAT_AV12 &&
         format != GST_VIDEO_FORMAT_VYUY;
}

static void map_frame(GstVideoFrame *frame, const GstVideoInfo *info, GstBuffer *buffer) {
  fail_unless(gst_video_frame_map(frame, (GstVideoInfo *)info, buffer, GST_MAP_READWRITE));
}

/* In every format of bytes that both know, at even and odd places.  GStreamer takes all YUV for
 * BT.709. */
GST_START_TEST(test_blends_as_gstreamer_does) {
  static const gint places[][4] = {{10, 20, 64, 48}, {11, 21, 63, 47}, {100, 90, 60, 30}};
  guint n_formats = 0, n_checked = 0;
  const GstVideoFormat *formats = gst_video_formats_raw(&n_formats);
  for (guint f = 0; f < n_formats; f++)
    for (gsize p = 0; p < G_N_ELEMENTS(places); p++) {
      const gint *at = places[p];
      GstVideoInfo info;
      gst_video_info_set_format(&info, formats[f], 160, 120);
      if (GST_VIDEO_INFO_IS_YUV(&info))
        gst_video_colorimetry_from_string(&info.colorimetry, GST_VIDEO_COLORIMETRY_BT709);
      GstVideoOverlayComposition *composition =
          make_composition(at[0], at[1], (guint)at[2], (guint)at[3]);
      GstWinnowBlend *blend = gst_winnow_blend_new(composition, &info, NULL);
      if (blend != NULL && is_blended_alike(formats[f])) {
        GstVideoFrame frame;
        GstBuffer *ours = opaque(&info), *theirs = opaque(&info), *plain = opaque(&info);
        map_frame(&frame, &info, ours);
        gst_winnow_blend_run(blend, &frame);
        gst_video_frame_unmap(&frame);
        map_frame(&frame, &info, theirs);
        fail_unless(gst_video_overlay_composition_blend(composition, &frame));
        gst_video_frame_unmap(&frame);
        guint drawn = count_differences(theirs, plain, 0);
        guint wrong = count_differences(ours, theirs, 6);
        /* An odd edge shares its samples with pixels beside the drawing. */
        guint edge = (guint)(2 * (at[2] + at[3]));
        fail_unless(drawn > 2000 && wrong <= (p == 1 ? edge : 0), "%s: %u of %u bytes differ",
                    gst_video_format_to_string(formats[f]), wrong, drawn);
        gst_buffer_unref(ours);
        gst_buffer_unref(theirs);
        gst_buffer_unref(plain);
        n_checked++;
      }
      gst_winnow_blend_free(blend);
      gst_video_overlay_composition_unref(composition);
    }
  fail_unless(n_checked >= 3 * 20, "%u of %u formats", n_checked / 3, n_formats);
}
GST_END_TEST

/* What lies beyond the frame is left out. */
GST_START_TEST(test_stays_on_the_frame) {
  GstVideoInfo info;
  GstVideoFrame frame;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 33, 31);
  GstBuffer *buffer = grey(&info);
  GstVideoOverlayComposition *composition = make_composition(20, 20, 400, 300);
  GstWinnowBlend *blend = gst_winnow_blend_new(composition, &info, NULL);
  map_frame(&frame, &info, buffer);
  gst_winnow_blend_run(blend, &frame);
  gst_video_frame_unmap(&frame);
  gst_winnow_blend_free(blend);
  gst_video_overlay_composition_unref(composition);
  gst_buffer_unref(buffer);
}
GST_END_TEST

/* ---- Compositions ----------------------------------------------------------- */

#define COMPOSITION_CAPS                                                                           \
  "video/x-raw(memory:SystemMemory,meta:GstVideoOverlayComposition),format=I420,width=320,"        \
  "height=240,framerate=30/1"

/* Whoever says that it draws compositions gets them, and frames as they were. */
GST_START_TEST(test_composition_where_it_is_taken) {
  for (guint proposes = 0; proposes < 2; proposes++) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 320, 240);
    GstHarness *harness = gst_harness_new("winnowoverlay");
    if (proposes)
      gst_harness_add_propose_allocation_meta(harness, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE,
                                              NULL);
    gst_harness_set_caps_str(harness, "video/x-raw,format=I420,width=320,height=240,framerate=30/1",
                             COMPOSITION_CAPS
                             ";video/x-raw,format=I420,width=320,height=240,framerate=30/1");
    GstBuffer *plain = grey(&info);
    GstBuffer *out = draw(harness, &info, "cat", 1, 2, 0.9, 0);
    GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta(out);
    fail_unless((meta != NULL) == (proposes == 1));
    fail_unless(same_bytes(out, plain) == (proposes == 1));
    if (meta != NULL)
      fail_unless_equals_int((gint)gst_video_overlay_composition_n_rectangles(meta->overlay), 1);
    gst_buffer_unref(out);
    gst_buffer_unref(plain);
    gst_harness_teardown(harness);
  }
}
GST_END_TEST

static Suite *overlay_blend_suite(void) {
  Suite *suite = suite_create("overlay_blend");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_blends_as_gstreamer_does);
  tcase_add_test(tc, test_stays_on_the_frame);
  tcase_add_test(tc, test_composition_where_it_is_taken);
  return suite;
}

GST_CHECK_MAIN(overlay_blend)
