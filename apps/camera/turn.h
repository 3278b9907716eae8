/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames of a camera that hangs on its side, upside down or behind a mirror, the right way round:
 * copies, since the driver's memory is read-only.
 */
#ifndef TURN_H
#define TURN_H

#include <stdbool.h>
#include <winnow/winnow.h>

/* What is done to a frame: first it is rotated clockwise, then mirrored. */
typedef struct Turn {
  int degrees; /* 0, 90, 180, 270 */
  enum { FLIP_NONE, FLIP_HORIZONTAL /* left and right swapped */, FLIP_VERTICAL } flip;
} Turn;

/* From what --rotate and --flip say, each of which may be NULL.  False: *wrong is the one that says
 * nothing that is known. */
bool turn_parse(const char *rotate, const char *flip, Turn *turn, const char **wrong);

typedef struct Turner Turner;

/* NULL where nothing is to be done, which the others take for just that. */
Turner *turner_new(Turn turn);
void turner_free(Turner *turner);

/* Turns the frame into memory of the turner, which is good until its next call; a packed YUV frame
 * (YUY2, UYVY) becomes I420.  False: there is not enough memory. */
bool turner_turn(Turner *turner, WnFrame *frame);

#endif
