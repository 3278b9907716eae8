/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine's preprocess beside GStreamer doing the same: an NV12 frame in memory, its
 * centre square, scaled to an RGB image.  `preprocess_bench [ROUNDS]` alternates the two over
 * the same frames, one thread each, and prints the median time of a frame and the ratio.
 *
 * GStreamer is timed twice: with the crop (videocrop copies the square), and only
 * videoconvertscale on frames that are square already.  Its image is bytes; the engine's is the
 * network's input, normalised floats.  The last column shows that they are one picture: the mean
 * difference in grey levels (a triangle and a box filter, one rounded).  Run by hand or by
 * `meson test --benchmark`; exit status 77: no such elements here.
 */
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "preprocess/preprocess.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Enough frames that the next one has left the second-level cache. */
enum { WIDTH = 1920, HEIGHT = 1080, N_FRAMES = 8, DEFAULT_ROUNDS = 25, SKIPPED = 77 };

typedef struct Peer {
  GstHarness *harness;
  GstBuffer *frames[N_FRAMES];
} Peer;

typedef struct Engine {
  WniRecipe recipe;
  WniImageTarget target;
  WnFrame frames[N_FRAMES];
  float *tensor;
} Engine;

/* Gradients with a little noise; nothing in either path is faster for some pixels. */
static GstBuffer *make_frame(int width, int height, unsigned seed) {
  GstVideoInfo info;
  GstMapInfo map;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_NV12, (guint)width, (guint)height);
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, info.size, NULL);
  gst_buffer_add_video_meta(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_NV12, (guint)width,
                            (guint)height);
  if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) return buffer;
  for (gsize i = 0; i < map.size; i++)
    map.data[i] =
        (uint8_t)(i % (gsize)width / 10 + i / (gsize)width / 12 + (unsigned)rand_r(&seed) % 4);
  gst_buffer_unmap(buffer, &map);
  return buffer;
}

static bool peer_open(Peer *peer, const char *crop, int width, int side) {
  char *launch = g_strdup_printf(
      "%s videoconvertscale method=bilinear2 n-threads=1 "
      "! capsfilter caps=video/x-raw,format=RGB,width=%d,height=%d,pixel-aspect-ratio=1/1",
      crop, side, side);
  char *caps = g_strdup_printf("video/x-raw,format=NV12,width=%d,height=%d,framerate=30/1,"
                               "pixel-aspect-ratio=1/1,colorimetry=bt709,chroma-site=mpeg2",
                               width, HEIGHT);
  GError *error = NULL;
  GstElement *bin = gst_parse_bin_from_description(launch, TRUE, &error);
  if (bin && !error) {
    peer->harness = gst_harness_new_with_element(bin, "sink", "src");
    gst_harness_set_src_caps_str(peer->harness, caps);
  } else {
    fprintf(stderr, "preprocess_bench: skipped: %s\n", error->message);
  }
  for (unsigned i = 0; i < N_FRAMES; i++) peer->frames[i] = make_frame(width, HEIGHT, i + 1);
  g_clear_error(&error);
  if (bin) gst_object_unref(bin);
  g_free(launch);
  g_free(caps);
  return peer->harness != NULL;
}

static void peer_close(Peer *peer) {
  for (int i = 0; i < N_FRAMES; i++) gst_clear_buffer(&peer->frames[i]);
  if (peer->harness) gst_harness_teardown(peer->harness);
}

static GstBuffer *peer_convert(Peer *peer, int index) {
  return gst_harness_push_and_pull(peer->harness, gst_buffer_ref(peer->frames[index]));
}

static bool peer_run(void *context, int index) {
  GstBuffer *image = peer_convert(context, index);
  if (!image) return false;
  gst_buffer_unref(image);
  return true;
}

/* The engine reads the very frames that the peer gets. */
static bool engine_open(Engine *engine, GstBuffer *const *frames, int side) {
  WnError error = {0};
  engine->target = (WniImageTarget){.channels = 3,
                                    .height = side,
                                    .width = side,
                                    .channel_stride = 1,
                                    .row_stride = 3 * side,
                                    .column_stride = 3,
                                    .resize = WNI_RESIZE_CROP,
                                    .mean = {0.485, 0.456, 0.406},
                                    .std = {0.229, 0.224, 0.225}};
  engine->tensor = calloc((size_t)side * (size_t)side * 3, sizeof *engine->tensor);
  for (int i = 0; i < N_FRAMES; i++) {
    GstMapInfo map;
    if (!engine->tensor || !gst_buffer_map(frames[i], &map, GST_MAP_READ)) return false;
    engine->frames[i] = (WnFrame){.format = WN_PIXEL_NV12,
                                  .width = WIDTH,
                                  .height = HEIGHT,
                                  .matrix = WN_MATRIX_BT709,
                                  .range = WN_RANGE_LIMITED,
                                  .plane = {map.data, map.data + WIDTH * HEIGHT},
                                  .stride_bytes = {WIDTH, WIDTH}};
    gst_buffer_unmap(frames[i], &map); /* memory of its own: it stays where it is */
  }
  if (wni_recipe_update(&engine->recipe, &engine->frames[0], NULL, &engine->target, 1, &error)) {
    fprintf(stderr, "preprocess_bench: %s\n", error.message);
    return false;
  }
  return true;
}

static void engine_close(Engine *engine) {
  wni_recipe_clear(&engine->recipe);
  free(engine->tensor);
}

static bool engine_run(void *context, int index) {
  Engine *engine = context;
  wni_recipe_run(&engine->recipe, &engine->frames[index], &engine->target, engine->tensor,
                 (WniThread){.count = 1});
  return true;
}

/* The mean difference of the two images of frame 0 in grey levels; negative: no image. */
static double difference(Peer *peer, Engine *engine) {
  const WniImageTarget *target = &engine->target;
  const size_t n = (size_t)target->row_stride, stride = GST_ROUND_UP_4(n);
  GstBuffer *image = peer_convert(peer, 0);
  GstMapInfo map;
  double sum = 0;
  if (!image) return -1;
  engine_run(engine, 0);
  if (gst_buffer_map(image, &map, GST_MAP_READ)) {
    for (size_t y = 0; y < (size_t)target->height; y++)
      for (size_t i = 0; i < n; i++) {
        double value = (double)engine->tensor[y * n + i] * target->std[i % 3] + target->mean[i % 3];
        sum += fabs(255 * value - map.data[y * stride + i]);
      }
    gst_buffer_unmap(image, &map);
  }
  gst_buffer_unref(image);
  return sum / (double)(n * (size_t)target->height);
}

/* The process' processor time: other load does not count, threads of its own would. */
static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds a frame, over all frames once. */
static double time_frames(bool (*run)(void *, int), void *context) {
  double begin = now_ns();
  for (int i = 0; i < N_FRAMES; i++)
    if (!run(context, i)) return -1;
  return (now_ns() - begin) / N_FRAMES;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times, int n) {
  qsort(times, (size_t)n, sizeof *times, compare);
  return times[n / 2];
}

/* One line of the table; 0, SKIPPED or 1. */
static int measure(int side, int n_rounds) {
  Peer cropped = {0}, square = {0};
  Engine engine = {0};
  double *times = calloc(3 * (size_t)n_rounds, sizeof *times), ns[3];
  int status = SKIPPED;
  char *crop =
      g_strdup_printf("videocrop left=%d right=%d !", (WIDTH - HEIGHT) / 2, (WIDTH - HEIGHT) / 2);
  bool opened = peer_open(&cropped, crop, WIDTH, side) && peer_open(&square, "", HEIGHT, side);
  g_free(crop);
  if (!opened) goto done;
  status = 1;
  if (!times || !engine_open(&engine, cropped.frames, side)) goto done;
  for (int round = -1; round < n_rounds; round++) { /* the first is not counted */
    double t[3] = {time_frames(engine_run, &engine), time_frames(peer_run, &cropped),
                   time_frames(peer_run, &square)};
    if (t[1] < 0 || t[2] < 0) {
      fprintf(stderr, "preprocess_bench: GStreamer gave no image\n");
      goto done;
    }
    for (int i = 0; i < 3 && round >= 0; i++) times[i * n_rounds + round] = t[i];
  }
  for (int i = 0; i < 3; i++) ns[i] = median(times + i * n_rounds, n_rounds);
  printf("%4d x %-4d %10.1f %10.1f %7.3f %14.1f %7.3f %8.2f\n", side, side, ns[0] / 1e3,
         ns[1] / 1e3, ns[0] / ns[1], ns[2] / 1e3, ns[0] / ns[2], difference(&cropped, &engine));
  status = 0;
done:
  engine_close(&engine);
  peer_close(&cropped);
  peer_close(&square);
  free(times);
  return status;
}

int main(int argc, char **argv) {
  static const int sides[] = {32, 96, 224};
  int n_rounds = argc > 1 ? atoi(argv[1]) : DEFAULT_ROUNDS, status = 0;
  if (n_rounds < 1 || argc > 2) {
    fprintf(stderr, "usage: preprocess_bench [ROUNDS]\n");
    return 2;
  }
  gst_init(NULL, NULL);
  printf("NV12 %d x %d, centre square, one thread, %s; processor time\n"
         "in microseconds a frame, median of %d rounds\n",
         WIDTH, HEIGHT, wni_kernel_find(WNI_KERNEL_rows, WNI_U8)->name, n_rounds);
  printf("RGB             winnow  crop+scale   ratio     scale only   ratio    grey\n");
  for (size_t i = 0; i < sizeof sides / sizeof *sides && !status; i++)
    status = measure(sides[i], n_rounds);
  return status;
}
