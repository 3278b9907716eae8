/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a camera can deliver, format by size with the frame rates of each, and which of it costs
 * least and still is what was wished for.
 */
#ifndef MODES_H
#define MODES_H

#include <glib.h>
#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>

#include "source.h"

/* One format at one size, or at a range of sizes. */
typedef struct Mode {
  uint32_t fourcc;
  char description[32];          /* the driver's */
  bool is_raw;                   /* a bare sensor's, one colour a pixel */
  int32_t width, height;         /* the wished size or the nearest that it has */
  int32_t min_width, min_height; /* where a range begins... */
  int32_t max_width, max_height; /* ...and ends; both equal to width and height: one size only */
  double *rates;                 /* [n_rates] frames/s, highest first */
  int32_t n_rates;               /* 0: the driver does not tell */
  double min_rate;               /* above 0: any rate from it to rates[0] */
} Mode;

/* All modes of an open device, as Mode, in the driver's order; the sizes are those nearest to the
 * wish. */
GArray *modes_list(int descriptor, const Wish *wish);
void modes_free(GArray *modes);

/* The mode to take, and in *fps its lowest rate that reaches the wish (0: not known).  First counts
 * the size, then whether the rate is reached, then what the format costs (formats.h).  A size or a
 * format that was wished for is kept to.  NULL: *problem is a sentence, to be freed by the caller;
 * `path` stands in it. */
const Mode *modes_choose(const GArray *modes, const Wish *wish, const char *path, double *fps,
                         char **problem);

#endif
