/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A video clip in place of a camera: YUV4MPEG2 (.y4m), the uncompressed form that GStreamer,
 * ffmpeg and mjpegtools write.  The header is one line of words whose first letter says what they
 * are, then each frame has a line of its own before its planes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pace.h"
#include "source.h"

#define MAGIC "YUV4MPEG2"
#define MIN_FPS 0.1
#define MAX_FPS 1000.0

enum { MAX_LINE = 256 };

typedef struct Clip {
  Source source;
  FILE *file;
  WnFrame frame;
  uint8_t *pixels;
  size_t n_bytes;
  int64_t index; /* of the next frame */
} Clip;

/* The words after C: how the chroma lies.  Ours is 4:2:0 or none. */
static const struct {
  const char *word;
  WnPixelFormat format;
  WnChromaSite site;
} chromas[] = {
    {"420jpeg", WN_PIXEL_I420, WN_CHROMA_CENTRED},  {"420mpeg2", WN_PIXEL_I420, WN_CHROMA_MPEG2},
    {"420paldv", WN_PIXEL_I420, WN_CHROMA_COSITED}, {"420", WN_PIXEL_I420, WN_CHROMA_CENTRED},
    {"mono", WN_PIXEL_GRAY8, WN_CHROMA_MPEG2},
};

/* A line without its end; false at the end of the file and for one that is too long. */
static bool read_line(FILE *file, char line[MAX_LINE]) {
  if (fgets(line, MAX_LINE, file) == NULL) return false;
  size_t length = strlen(line);
  if (length == 0 || line[length - 1] != '\n') return false;
  line[length - 1] = '\0';
  return true;
}

static bool parse_side(const char *text, int32_t *side) {
  char *end;
  long value = strtol(text, &end, 10);
  *side = (int32_t)CLAMP(value, 0, WN_FRAME_MAX_SIDE + 1);
  return *end == '\0' && value >= 1 && value <= WN_FRAME_MAX_SIDE;
}

/* What one word of the header says; words of other kinds do not matter here. */
static bool parse_word(const char *word, WnFrame *frame, double *fps) {
  int numerator, denominator;
  switch (word[0]) {
  case 'W':
    return parse_side(word + 1, &frame->width);
  case 'H':
    return parse_side(word + 1, &frame->height);
  case 'F':
    if (sscanf(word + 1, "%d:%d", &numerator, &denominator) == 2 && numerator > 0 &&
        denominator > 0)
      *fps = CLAMP((double)numerator / denominator, MIN_FPS, MAX_FPS);
    return true;
  case 'C':
    for (size_t i = 0; i < G_N_ELEMENTS(chromas); i++)
      if (strcmp(word + 1, chromas[i].word) == 0) {
        frame->format = chromas[i].format;
        frame->chroma_site = chromas[i].site;
        return true;
      }
    return false;
  case 'X':
    if (strcmp(word, "XCOLORRANGE=FULL") == 0) frame->range = WN_RANGE_FULL;
    return true;
  default:
    return true;
  }
}

/* Describes the frames from the header; false: *problem says what is wrong. */
static bool parse_header(Clip *self, double *fps, char **problem) {
  char line[MAX_LINE];
  self->frame = (WnFrame){.format = WN_PIXEL_I420, .chroma_site = WN_CHROMA_CENTRED};
  if (!read_line(self->file, line) || strncmp(line, MAGIC " ", strlen(MAGIC " ")) != 0) {
    *problem = g_strdup_printf("%s: is no YUV4MPEG2 clip; this makes one of any video: "
                               "gst-launch-1.0 filesrc location=VIDEO ! decodebin ! videoconvert ! "
                               "y4menc ! filesink location=CLIP.y4m",
                               self->source.name);
    return false;
  }
  char **words = g_strsplit(line, " ", -1);
  for (char **word = words + 1; *word != NULL && *problem == NULL; word++)
    if (!parse_word(*word, &self->frame, fps))
      *problem =
          g_strdup_printf("%s: its header says '%s'; sides up to %d pixels and 4:2:0 or grey "
                          "pixels of 8 bits can be read",
                          self->source.name, *word, WN_FRAME_MAX_SIDE);
  g_strfreev(words);
  if (*problem == NULL && (self->frame.width < 1 || self->frame.height < 1))
    *problem = g_strdup_printf("%s: its header has no width or height", self->source.name);
  return *problem == NULL;
}

/* Sizes and memory, once the file is known to hold a frame. */
static bool prepare(Clip *self, char **problem) {
  struct stat file;
  self->n_bytes = wn_frame_lay_out(&self->frame, 1, NULL);
  if (fstat(fileno(self->file), &file) < 0 || (uint64_t)file.st_size < self->n_bytes) {
    *problem = g_strdup_printf("%s: the file is too short for one frame", self->source.name);
    return false;
  }
  self->pixels = g_malloc(self->n_bytes);
  wn_frame_lay_out(&self->frame, 1, self->pixels);
  return true;
}

static SourceEvent take(Source *source, WnFrame *frame, char **problem) {
  Clip *self = (Clip *)source;
  char line[MAX_LINE];
  if (!pace_take(source->descriptor)) return SOURCE_NOTHING;
  *problem = NULL;
  if (!read_line(self->file, line)) return SOURCE_END;
  if (strncmp(line, "FRAME", strlen("FRAME")) != 0 ||
      fread(self->pixels, 1, self->n_bytes, self->file) != self->n_bytes) {
    *problem = g_strdup_printf("%s: damaged at frame %lld", source->name, (long long)self->index);
    return SOURCE_END;
  }
  *frame = self->frame;
  frame->pts_ns = self->index++ * source->period_ns;
  return SOURCE_FRAME;
}

static void release(Source *source) {
  (void)source;
}

static void free_clip(Source *source) {
  Clip *self = (Clip *)source;
  if (self->file != NULL) fclose(self->file);
  if (source->descriptor >= 0) close(source->descriptor);
  g_free(self->pixels);
  g_free(source->name);
  g_free(source->description);
  g_free(self);
}

static const SourceClass class = {take, release, free_clip};

Source *clip_open(const char *path, double fps, char **problem) {
  Clip *self = g_new0(Clip, 1);
  double own_fps = SOURCE_USUAL_FPS;
  *problem = NULL;
  self->source = (Source){.class = &class, .descriptor = -1, .name = g_strdup(path)};
  if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
    *problem = g_strdup_printf("%s: is neither a folder nor a file", path);
    goto fail;
  }
  self->file = fopen(path, "rbe");
  if (self->file == NULL) {
    *problem = g_strdup_printf("%s: cannot be opened: %s", path, g_strerror(errno));
    goto fail;
  }
  if (!parse_header(self, &own_fps, problem) || !prepare(self, problem)) goto fail;
  self->source.period_ns = (int64_t)(1e9 / (fps > 0 ? fps : own_fps));
  self->source.descriptor = pace_open(self->source.period_ns);
  if (self->source.descriptor < 0) {
    *problem = g_strdup_printf("%s: no timer: %s", path, g_strerror(errno));
    goto fail;
  }
  self->source.description =
      g_strdup_printf("%s %dx%d, %.4g frames/s", wn_pixel_format_name(self->frame.format),
                      self->frame.width, self->frame.height, 1e9 / (double)self->source.period_ns);
  return &self->source;

fail:
  free_clip(&self->source);
  return NULL;
}
