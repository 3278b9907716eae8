/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See y4m.h.  The header is one line of words whose first letter says what they are, then each
 * frame has a line of its own before its planes.
 *
 * A pipe is read as its writer fills it, a piece at a time, since nobody may be kept waiting for
 * the rest; so is its header.
 */
#include "y4m.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "file.h"

#define MAGIC "YUV4MPEG2"
#define MIN_FPS 0.1
#define MAX_FPS 1000.0
#define USUAL_FPS 30.0

enum { MAX_LINE = 256 };

/* What comes next. */
typedef enum Part { HEADER, FRAME_LINE, PIXELS } Part;

/* How reading it went. */
typedef enum Reading { READ_ALL, READ_NOT_YET, READ_END } Reading;

struct Y4m {
  char *name;
  int file;
  bool is_pipe;
  int64_t period_ns;
  Part part;
  size_t n_read; /* of that part */
  char line[MAX_LINE];
  WnFrame frame;
  uint8_t *pixels; /* [n_bytes]; NULL before the header is read */
  size_t n_bytes;
  int64_t index; /* of the next frame */
  int failed;    /* errno of a read that did, or 0 */
};

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

/* Describes the frames from the header, which is in `line`; false: *problem says what is wrong. */
static bool parse_header(Y4m *self, char **problem) {
  double fps = USUAL_FPS;
  self->frame = (WnFrame){.format = WN_PIXEL_I420, .chroma_site = WN_CHROMA_CENTRED};
  char **words = g_strsplit(self->line, " ", -1);
  for (char **word = words + 1; words[0] != NULL && *word != NULL && *problem == NULL; word++)
    if (!parse_word(*word, &self->frame, &fps))
      *problem =
          g_strdup_printf("%s: its header says '%s'; sides up to %d pixels and 4:2:0 or grey "
                          "pixels of 8 bits can be read",
                          self->name, *word, WN_FRAME_MAX_SIDE);
  g_strfreev(words);
  if (*problem == NULL && (self->frame.width < 1 || self->frame.height < 1))
    *problem = g_strdup_printf("%s: its header has no width or height", self->name);
  self->period_ns = (int64_t)(1e9 / fps);
  return *problem == NULL;
}

/* Sizes and memory; a file is known to hold a frame then. */
static bool prepare(Y4m *self, char **problem) {
  struct stat file;
  self->n_bytes = wn_frame_lay_out(&self->frame, 1, NULL);
  if (!self->is_pipe && (fstat(self->file, &file) < 0 || (uint64_t)file.st_size < self->n_bytes)) {
    *problem = g_strdup_printf("%s: the file is too short for one frame", self->name);
    return false;
  }
  self->pixels = g_try_malloc(self->n_bytes);
  if (self->pixels == NULL) {
    *problem = g_strdup_printf("%s: not enough memory for a frame", self->name);
    return false;
  }
  wn_frame_lay_out(&self->frame, 1, self->pixels);
  return true;
}

/* ---- Reading without waiting --------------------------------------------- */

/* Reads up to `n_wanted` bytes of those that are there; READ_ALL: n_read has grown by some. */
static Reading read_some(Y4m *self, void *to, size_t n_wanted) {
  struct pollfd file = {self->file, POLLIN, 0};
  if (poll(&file, 1, 0) <= 0) return READ_NOT_YET;
  ssize_t n = read(self->file, to, n_wanted);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return READ_NOT_YET;
  if (n < 0) self->failed = errno;
  if (n <= 0) return READ_END;
  self->n_read += (size_t)n;
  return READ_ALL;
}

/* A line without its end; one that is too long is an end as well. */
static Reading read_line(Y4m *self) {
  while (self->n_read < MAX_LINE) {
    char *to = self->line + self->n_read;
    Reading reading = read_some(self, to, 1); /* no byte of what is behind it */
    if (reading != READ_ALL) return reading;
    if (*to == '\n') {
      *to = '\0';
      return READ_ALL;
    }
  }
  return READ_END;
}

static Reading read_pixels(Y4m *self) {
  Reading reading = READ_ALL;
  while (reading == READ_ALL && self->n_read < self->n_bytes)
    reading = read_some(self, self->pixels + self->n_read, self->n_bytes - self->n_read);
  return reading;
}

static Reading read_part(Y4m *self, Part part) {
  if (part != self->part) self->n_read = 0;
  self->part = part;
  return part == PIXELS ? read_pixels(self) : read_line(self);
}

/* The header; READ_END: *problem says what is wrong.  The detour by YV12 in that is for y4menc,
 * which writes the rows that decoders add below a frame as well. */
static Reading read_header(Y4m *self, char **problem) {
  Reading reading = read_part(self, HEADER);
  if (reading == READ_NOT_YET) return reading;
  if (reading == READ_END || strncmp(self->line, MAGIC " ", strlen(MAGIC " ")) != 0)
    *problem = g_strdup_printf("%s: is no YUV4MPEG2 clip; either makes one of any video: "
                               "ffmpeg -i VIDEO -pix_fmt yuv420p CLIP.y4m, or "
                               "gst-launch-1.0 filesrc location=VIDEO ! decodebin ! videoconvert ! "
                               "video/x-raw,format=YV12 ! videoconvert ! y4menc ! "
                               "filesink location=CLIP.y4m",
                               self->name);
  return *problem == NULL && parse_header(self, problem) && prepare(self, problem) ? READ_ALL
                                                                                   : READ_END;
}

/* A frame; READ_END: *problem says what is wrong, or is NULL between two frames. */
static Reading read_frame(Y4m *self, char **problem) {
  Reading reading = READ_ALL;
  if (self->part != PIXELS) {
    reading = read_part(self, FRAME_LINE);
    if (reading == READ_END && self->n_read == 0) return READ_END;
    if (reading == READ_ALL && strncmp(self->line, "FRAME", strlen("FRAME")) != 0)
      reading = READ_END;
  }
  if (reading == READ_ALL) reading = read_part(self, PIXELS);
  if (reading == READ_END)
    *problem = g_strdup_printf("%s: damaged at frame %lld", self->name, (long long)self->index);
  return reading;
}

/* ---- The clip ------------------------------------------------------------ */

/* Where the system could not read on, that is what is wrong. */
static void blame_system(const Y4m *self, char **problem) {
  if (self->failed == 0) return;
  g_free(*problem);
  *problem = g_strdup_printf("%s: cannot be read: %s", self->name, g_strerror(self->failed));
}

Y4mReading y4m_read(Y4m *self, WnFrame *frame, char **problem) {
  Reading reading = READ_ALL;
  *problem = NULL;
  if (self->pixels == NULL) reading = read_header(self, problem);
  if (reading == READ_ALL) reading = read_frame(self, problem);
  if (reading == READ_END) blame_system(self, problem);
  if (reading != READ_ALL) return reading == READ_END ? Y4M_END : Y4M_NOT_YET;
  self->part = HEADER; /* the frame's is done: the next begins with its line */
  *frame = self->frame;
  frame->pts_ns = self->index++ * self->period_ns;
  return Y4M_FRAME;
}

/* Opens what is named, or standard input; false: *problem says why not. */
static bool open_file(Y4m *self, char **problem) {
  const char *path = self->name;
  struct stat info;
  self->file = file_open_stream(path, "clip", problem);
  if (self->file < 0 || fstat(self->file, &info) != 0) {
    if (*problem == NULL) *problem = g_strdup_printf("%s: %s", path, g_strerror(errno));
    return false;
  }
  self->is_pipe = !S_ISREG(info.st_mode);
  return true;
}

Y4m *y4m_open(const char *path, char **problem) {
  Y4m *self = g_new0(Y4m, 1);
  *problem = NULL;
  self->name = g_strdup(path);
  self->file = -1;
  if (open_file(self, problem) && (self->is_pipe || read_header(self, problem) == READ_ALL))
    return self;
  blame_system(self, problem);
  y4m_free(self);
  return NULL;
}

void y4m_free(Y4m *self) {
  if (self == NULL) return;
  if (self->file >= 0) close(self->file);
  g_free(self->pixels);
  g_free(self->name);
  g_free(self);
}

bool y4m_is_pipe(const Y4m *self) {
  return self->is_pipe;
}

int y4m_descriptor(const Y4m *self) {
  return self->file;
}

const WnFrame *y4m_format(const Y4m *self) {
  return &self->frame;
}

int64_t y4m_period_ns(const Y4m *self) {
  return self->period_ns;
}
