/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clips that nobody meant. An input is a clip, read from a file or, where its size is odd, from a
 * pipe; it may be refused, but every frame that comes must have the pixels that it says it has,
 * which AddressSanitizer sees.
 *
 * `./test.sh --fuzz` gives it to libFuzzer, which makes its inputs.  Else: fuzz_y4m [INPUTS [SEED]]
 * makes its inputs itself.
 */
#include "y4m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "memory_file.h"

enum { PIPE_BYTES = 4096 }; /* fit into a pipe at once */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long n_frames;

static void read_frame(const WnFrame *frame) {
  static volatile unsigned sink;
  for (int p = 0; p < wn_pixel_format_planes(frame->format); p++)
    for (int32_t y = 0; y < wn_pixel_format_rows(frame->format, p, frame->height); y++) {
      const uint8_t *row = frame->plane[p] + y * frame->stride_bytes[p];
      for (size_t x = 0; x < wn_pixel_format_row_bytes(frame->format, p, frame->width); x++)
        sink = sink + row[x];
    }
}

/* A descriptor from which the input can be read to its end. */
static int offer(const uint8_t *data, size_t size) {
  int ends[2];
  if (size % 2 == 0 || size > PIPE_BYTES) return dup(memory_file(data, size, NULL));
  if (pipe(ends) != 0 || write(ends[1], data, size) != (ssize_t)size) abort();
  close(ends[1]);
  return ends[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int input = offer(data, size);
  char *path = g_strdup_printf("/proc/self/fd/%d", input), *problem = NULL;
  WnFrame frame;
  Y4mReading reading = Y4M_END;
  int64_t last = -1;
  Y4m *clip = y4m_open(path, &problem);
  while (clip != NULL && (reading = y4m_read(clip, &frame, &problem)) == Y4M_FRAME) {
    if (frame.pts_ns <= last || y4m_period_ns(clip) <= 0) abort();
    last = frame.pts_ns;
    read_frame(&frame);
    n_frames++;
  }
  if (reading != Y4M_END) abort(); /* all was there */
  if (clip == NULL && problem == NULL) abort();
  y4m_free(clip);
  g_free(problem);
  g_free(path);
  close(input);
  return 0;
}

#ifndef FUZZER

#include "draw.h"

static void append_header(GByteArray *clip) {
  static const char *const words[] = {"W4",
                                      "H6",
                                      "W0",
                                      "H-3",
                                      "W16384",
                                      "H16384",
                                      "W99999999999999999999",
                                      "F25:1",
                                      "F0:0",
                                      "F1:1000000000",
                                      "F:",
                                      "C420jpeg",
                                      "C420",
                                      "Cmono",
                                      "C422",
                                      "C420p10",
                                      "XCOLORRANGE=FULL",
                                      "X",
                                      "Ip",
                                      "A1:1",
                                      "",
                                      "W",
                                      "H"};
  GString *line = g_string_new(draw(20) ? "YUV4MPEG2" : "YUV4MPEG");
  if (draw(4)) g_string_append(line, " W4 H6");
  for (uint32_t n = draw(5); n > 0; n--)
    g_string_append_printf(line, " %s", words[draw(G_N_ELEMENTS(words))]);
  if (draw(50) == 0)
    for (int i = 0; i < 2000; i++) g_string_append_c(line, 'X');
  g_string_append_c(line, draw(30) ? '\n' : '\0');
  g_byte_array_append(clip, (const uint8_t *)line->str, (guint)line->len);
  g_string_free(line, TRUE);
}

static void append_frame(GByteArray *clip) {
  static const char *const lines[] = {"FRAME\n", "FRAME Ixyz\n", "FRAMA\n", "\n"};
  const char *line = lines[draw(8) ? 0 : draw(G_N_ELEMENTS(lines))];
  uint8_t pixels[40];
  for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)draw(256);
  g_byte_array_append(clip, (const uint8_t *)line, (guint)strlen(line));
  g_byte_array_append(clip, pixels, draw(6) ? 36 : draw(sizeof pixels));
}

int main(int argc, char **argv) {
  uint32_t n_inputs = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
  state = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
  for (uint32_t i = 0; i < n_inputs; i++) {
    GByteArray *clip = g_byte_array_new();
    append_header(clip);
    for (uint32_t n = draw(5); n > 0; n--) append_frame(clip);
    for (uint32_t n = draw(4) ? 0 : draw(4); n > 0; n--)
      if (clip->len > 0) clip->data[draw(clip->len)] = (uint8_t)draw(256);
    if (draw(8) == 0) g_byte_array_set_size(clip, draw(clip->len + 1));
    try_input(LLVMFuzzerTestOneInput, clip->data, clip->len);
    g_byte_array_unref(clip);
  }
  printf("%u inputs, %lu frames\n", n_inputs, n_frames);
  return n_frames < n_inputs / 4;
}

#endif
