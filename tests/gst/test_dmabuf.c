/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames in a driver's memory: the same results as of others, and the driver is asked once a frame.
 */
#include <gst/allocators/gstdmabuf.h>
#include <linux/dma-buf.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

/* Of this process, GStreamer's included: the memory here is no driver's, and takes no such call. */
static gint n_begun, n_ended;

__attribute__((visibility("default"))) int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  const struct dma_buf_sync *sync = va_arg(list, void *);
  va_end(list);
  if (request != DMA_BUF_IOCTL_SYNC) return -1;
  (void)fd;
  if (sync->flags & DMA_BUF_SYNC_END)
    g_atomic_int_inc(&n_ended);
  else
    g_atomic_int_inc(&n_begun);
  return 0;
}

/* The same picture, as a camera's driver would hand it on. */
static GstBuffer *in_driver_memory(GstBuffer *picture, const GstVideoInfo *info) {
  g_autoptr(GstAllocator) allocator = gst_dmabuf_allocator_new();
  const gsize size = gst_buffer_get_size(picture);
  g_autofree gchar *path = NULL;
  int fd = g_file_open_tmp(NULL, &path, NULL);
  fail_unless(fd >= 0 && unlink(path) == 0 && ftruncate(fd, (off_t)size) == 0);
  guint8 *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  fail_unless(pixels != MAP_FAILED);
  gst_buffer_extract(picture, 0, pixels, size);
  munmap(pixels, size);
  GstBuffer *buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, gst_dmabuf_allocator_alloc(allocator, fd, size));
  GstVideoMeta *meta = gst_buffer_get_video_meta(picture);
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_INFO_FORMAT(info),
                                 meta->width, meta->height, meta->n_planes, meta->offset,
                                 meta->stride);
  return buffer;
}

static void push_both(Fixture *fixture, Reference *reference) {
  GstBuffer *picture = make_picture(&fixture->info, 3, 8);
  GstBuffer *buffer = in_driver_memory(picture, &fixture->info);
  gint begun = g_atomic_int_get(&n_begun), ended = g_atomic_int_get(&n_ended);
  GstBuffer *out = fixture_push_buffer(fixture, buffer);
  fail_unless_equals_int(g_atomic_int_get(&n_begun) - begun, 1);
  fail_unless_equals_int(g_atomic_int_get(&n_ended) - ended, 1);
  g_autoptr(GstWinnowResult) result = result_on(out);
  GST_BUFFER_PTS(picture) = GST_BUFFER_PTS(out);
  /* Grey has the full range unless its caps say otherwise. */
  const WnFrame like = {.chroma_site = WN_CHROMA_MPEG2,
                        .range = GST_VIDEO_INFO_IS_GRAY(&fixture->info) ? WN_RANGE_FULL
                                                                        : WN_RANGE_LIMITED};
  reference_equal(result, reference_frame(reference, &fixture->info, picture, NULL, &like));
  gst_buffer_unref(out);
  gst_buffer_unref(picture);
}

GST_START_TEST(test_every_format) {
  for (gsize i = 0; i < G_N_ELEMENTS(every_format); i++) {
    Reference reference = reference_open(NULL);
    Fixture fixture = fixture_open("async", FALSE, NULL);
    fixture_caps(&fixture, every_format[i], 64, 48, NULL);
    push_both(&fixture, &reference);
    fixture_close(&fixture);
    reference_close(&reference);
  }
}
GST_END_TEST

/* Caps of such memory, in the words of this GStreamer. */
GST_START_TEST(test_caps) {
  const gchar *format = GST_CHECK_VERSION(1, 24, 0) ? "DMA_DRM,drm-format=NV12" : "NV12";
  Reference reference = reference_open(NULL);
  Fixture fixture = fixture_open("async", FALSE, NULL);
  g_autofree gchar *caps = g_strdup_printf(
      "video/x-raw(memory:DMABuf),format=%s,width=64,height=48,framerate=30/1", format);
  gst_harness_set_src_caps_str(fixture.harness, caps);
  gst_video_info_set_format(&fixture.info, GST_VIDEO_FORMAT_NV12, 64, 48);
  push_both(&fixture, &reference);
  fixture_close(&fixture);
  reference_close(&reference);
}
GST_END_TEST

/* A frame that does not fit into its memory is said to be none. */
GST_START_TEST(test_short_memory) {
  for (gint round = 0; round < 3; round++) {
    Fixture fixture = fixture_open("async", FALSE, NULL);
    fixture_caps(&fixture, "I420", 64, 48, NULL);
    GstBuffer *picture = make_picture(&fixture.info, 3, 8);
    GstBuffer *buffer = in_driver_memory(picture, &fixture.info);
    GstVideoMeta *meta = gst_buffer_get_video_meta(buffer);
    if (round == 0) meta->offset[2] = G_MAXSIZE - 8;
    if (round == 1) meta->stride[1] = 20;
    if (round == 2) meta->stride[0] = 1 << 30;
    fail_unless_equals_int(gst_harness_push(fixture.harness, buffer), GST_FLOW_ERROR);
    g_autoptr(GError) error = NULL;
    GstMessage *message = fixture_message(&fixture, GST_MESSAGE_ERROR);
    gst_message_parse_error(message, &error, NULL);
    fail_unless(g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED));
    gst_message_unref(message);
    gst_buffer_unref(picture);
    fixture_close(&fixture);
  }
}
GST_END_TEST

static Suite *dmabuf_suite(void) {
  Suite *suite = suite_create("dmabuf");
  TCase *tc = tcase_create("general");
  suite_add_tcase(suite, tc);
  tcase_add_test(tc, test_every_format);
  tcase_add_test(tc, test_caps);
  tcase_add_test(tc, test_short_memory);
  return suite;
}

GST_CHECK_MAIN(dmabuf)
