/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where frames come from: a camera (camera.c), or pictures and clips in its place (folder.c,
 * clip.c).  serve.c waits for the descriptor, takes a frame, looks at it and releases it.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <glib.h>
#include <stdbool.h>
#include <winnow/winnow.h>

#include "picture.h"

#define SOURCE_USUAL_FPS 30 /* where neither the user nor the source says another rate */

typedef enum SourceEvent {
  SOURCE_FRAME,   /* there is one, until it is released */
  SOURCE_NOTHING, /* none that is whole; wait for the descriptor again */
  SOURCE_END,     /* there will never be another one */
  SOURCE_LOST     /* the device is gone or failed; it may be opened again */
} SourceEvent;

typedef struct Source Source;

typedef struct SourceClass {
  /* Takes the newest frame; with SOURCE_LOST and SOURCE_END *problem is a sentence, or NULL where
   * it ended as it should, to be freed by the caller. */
  SourceEvent (*take)(Source *source, WnFrame *frame, char **problem);
  void (*release)(Source *source);
  void (*free)(Source *source);
} SourceClass;

/* The beginning of every source. */
struct Source {
  const SourceClass *class;
  bool is_live;          /* a camera: waits for nobody, and may be opened again when it is lost */
  int descriptor;        /* readable when there is something to take */
  char *name;            /* the device's, folder's or clip's path */
  char *description;     /* what it delivers, for people */
  int64_t period_ns;     /* from frame to frame, as far as it is known; else 0 */
  const char *image;     /* the file that the frame taken last came from; NULL: no file */
  uint64_t n_missed;     /* frames that were there and were passed over, or that the driver lost */
  uint64_t n_damaged;    /* frames that came in pieces */
  PictureProblem damage; /* what was wrong with the last of those, as far as it is known */
};

/* What is wanted of a source; zeros: whatever it has. */
typedef struct Wish {
  int32_t width, height;
  double fps;
  uint32_t fourcc; /* V4L2_PIX_FMT_... */
} Wish;

/* Each opens its kind of source.  NULL: *problem is a sentence, to be freed by the caller. */
Source *camera_open(const char *path, const Wish *wish, const char *const *controls,
                    char **problem); /* path NULL: the first camera */
Source *folder_open(const char *path, double fps, char **problem);
Source *clip_open(const char *path, double fps, char **problem);

#endif
