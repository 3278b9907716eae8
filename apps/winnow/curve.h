/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Accuracy against cost for the three strategies, as a table (.csv) or a picture (.png).
 */
#ifndef CURVE_H
#define CURVE_H

#include <glib.h>
#include <stdbool.h>
#include <winnow/tune.h>

typedef struct CurvePoint {
  WnStrategy strategy;
  double drop_allowed; /* on the images that the thresholds come from */
  double accuracy, macs_mean;
  double *thresholds; /* [n_exits] */
} CurvePoint;

typedef struct Curve {
  char *title;
  int32_t n_exits;
  double accuracy_full;
  uint64_t macs_full;
  GArray *points; /* CurvePoint; by strategy, then drop_allowed */
} Curve;

/* Searches on the images of `tuner` and measures on those of `measured`, which may be the same.
 * `request` gives the exit score.  On failure returns false and fills `error`; there is nothing to
 * clear then. */
bool curve_make(WnTuner *tuner, WnTuner *measured, const WnTuneRequest *request, Curve *curve,
                WnError *error);
void curve_clear(Curve *curve);

/* Whether `path` ends in .csv or .png; reports it if not. */
bool curve_name_is_valid(const char *path);

/* Writes the kind of file that its name says; false after a report. */
bool curve_write(const Curve *curve, const char *path);

/* The picture (curve_plot.c), a PNG file in a new string. */
GString *curve_plot(const Curve *curve);

#endif
