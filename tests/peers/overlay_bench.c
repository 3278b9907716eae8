/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What winnowoverlay costs a 1280 x 720 NV12 frame, processor time: while the result looks the same
 * and when it changes with every frame; beside textoverlay with a word and timeoverlay, over the
 * same frames.  `overlay_bench [ROUNDS]` prints the medians of alternating rounds.  Run by hand or
 * by `meson test --benchmark`; exit status 77: no such elements here.
 */
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

#include "made_overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_FRAMES = 60, MOST_ROUNDS = 101, DEFAULT_ROUNDS = 9, SKIPPED = 77 };

static const struct {
  const char *name, *launch;
  bool changes;
} rows[] = {
    {"winnowoverlay, unchanged", "winnowoverlay", false},
    {"winnowoverlay, changing", "winnowoverlay", true},
    {"textoverlay", "textoverlay text=goldfish", false},
    {"timeoverlay", "timeoverlay", false},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Milliseconds a frame.  A first frame brings fonts in. */
static double run(int row, GstHarness *harness, const GstVideoInfo *info, unsigned *serial) {
  double spent = 0;
  for (int i = 0; i < N_FRAMES; i++) {
    GstBuffer *buffer = grey(info);
    unsigned n = (*serial)++;
    attach(buffer, "goldfish", 3, rows[row].changes ? (int)(n % 6) : 2,
           rows[row].changes ? 0.3 + n % 60 * 0.01 : 0.9, 0);
    GST_BUFFER_PTS(buffer) = n * FRAME_DURATION;
    GST_BUFFER_DURATION(buffer) = FRAME_DURATION;
    double began = now_ms();
    GstBuffer *out = gst_harness_push_and_pull(harness, buffer);
    spent += now_ms() - began;
    gst_buffer_unref(out);
  }
  return spent / N_FRAMES;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int n_rounds = argc > 1 ? atoi(argv[1]) : DEFAULT_ROUNDS;
  double ms[N_ROWS][MOST_ROUNDS];
  GstHarness *harness[N_ROWS];
  GstVideoInfo info;
  unsigned serial = 0;
  gst_init(NULL, NULL);
  if (n_rounds < 1 || n_rounds > MOST_ROUNDS) {
    fprintf(stderr, "overlay_bench: ROUNDS is 1 to %d\n", MOST_ROUNDS);
    return 2;
  }
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_NV12, 1280, 720);
  for (int row = 0; row < N_ROWS; row++) {
    g_autofree gchar *name = g_strndup(rows[row].launch, strcspn(rows[row].launch, " "));
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(name);
    if (!factory) {
      printf("Skipped: there is no element %s here\n", name);
      return SKIPPED;
    }
    harness[row] = gst_harness_new_parse(rows[row].launch);
    gst_harness_set_src_caps(harness[row], gst_video_info_to_caps(&info));
    run(row, harness[row], &info, &serial);
  }
  for (int i = 0; i < n_rounds; i++)
    for (int row = 0; row < N_ROWS; row++) ms[row][i] = run(row, harness[row], &info, &serial);
  printf("1280 x 720 NV12, processor time of a frame\n");
  for (int row = 0; row < N_ROWS; row++) {
    qsort(ms[row], (size_t)n_rounds, sizeof **ms, compare);
    printf("  %-26s %6.2f ms\n", rows[row].name, ms[row][n_rounds / 2]);
    gst_harness_teardown(harness[row]);
  }
  return 0;
}
