/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * 10,000 frames through winnowclassify and winnowoverlay, sync and async: resident
 * memory does not grow after the first thousand, nor before the first result.
 */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#define N_FRAMES 9000
#define N_WARM 1000

static gsize resident_bytes(void) {
  gsize pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  fail_unless(file != NULL && fscanf(file, "%*u %zu", &pages) == 1);
  fclose(file);
  return pages * (gsize)sysconf(_SC_PAGESIZE);
}

/* Whether frame `i` came out with a result. */
static gboolean push(GstHarness *harness, GstBuffer *picture, guint i) {
  GstBuffer *buffer = gst_buffer_copy_deep(picture);
  GST_BUFFER_PTS(buffer) = i * FRAME_DURATION;
  GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
  g_autoptr(GstWinnowResult) result = gst_winnow_result_from_buffer(out);
  gst_buffer_unref(out);
  return result != NULL;
}

static void check_growth(const gchar *async) {
  /* The scale lets most frames stop at the first exit: this is about memory.  Frames come faster
   * than their times say, so that a worker that has to wait would soon be seconds behind them. */
  g_autofree gchar *line = g_strdup_printf(
      "winnowclassify threads=1 threshold-scale=1000 max-age=0 async=%s model-file=" MODEL_FILE
      " ! winnowoverlay",
      async);
  GstHarness *harness = gst_harness_new_parse(line);
  gst_harness_set_src_caps_str(harness,
                               "video/x-raw,format=I420,width=320,height=240,framerate=30/1");
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 320, 240);
  GstBuffer *pictures[16];
  for (guint i = 0; i < 16; i++) pictures[i] = make_picture(&info, i, 0);
  /* On a busy machine the worker's first result takes a while; every frame after it has one. */
  guint i = 0;
  for (gboolean any = FALSE; i < N_WARM || !any; i++) any |= push(harness, pictures[i % 16], i);
  gsize before = resident_bytes();
  for (guint end = i + N_FRAMES; i < end; i++)
    fail_unless(push(harness, pictures[i % 16], i), "no result on frame %u", i);
  gsize after = resident_bytes();
  fail_unless(after < before + (1 << 20), "grew from %zu to %zu bytes", before, after);
  for (guint k = 0; k < 16; k++) gst_buffer_unref(pictures[k]);
  gst_harness_teardown(harness);
}

GST_START_TEST(test_sync) {
  check_growth("false");
}
GST_END_TEST

GST_START_TEST(test_async) {
  check_growth("true");
}
GST_END_TEST

static Suite *growth_suite(void) {
  Suite *suite = suite_create("growth");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_sync);
  tcase_add_test(tc, test_async);
  return suite;
}

GST_CHECK_MAIN(growth)
