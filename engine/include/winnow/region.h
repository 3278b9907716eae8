/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A part of the frame in the words of users, "[NAME:]X,Y,W,H": what WnPolicy, winnow-camera and
 * winnowclassify take as region and ignore.
 */
#ifndef WINNOW_REGION_H
#define WINNOW_REGION_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_REGION_MAX_NAME 64 /* bytes, with the 0 behind */
#define WN_MAX_IGNORED 16     /* areas in a list */

/* As it is written, before the frame's size is known. */
typedef struct WnRegion {
  char name[WN_REGION_MAX_NAME]; /* "": none */
  bool in_fractions;             /* of the frame's width and height; else pixels */
  double x, y, width, height;    /* width and height above 0 */
} WnRegion;

/* Reads "[NAME:]X,Y,W,H".  A decimal point in any of the four numbers: all are fractions of the
 * frame; none: whole pixels.  Blanks around the parts do not count.  A name is UTF-8 without ',',
 * ':', ';' and control characters.  X and Y may be negative: see wn_region_place().  Errors:
 * ARGUMENT (what is wrong with `text`), and *out is undefined then. */
WnStatus wn_region_parse(const char *text, WnRegion *out, WnError *error);

/* Reads a list of them with ';' between, as `ignore` takes it, into out [WN_MAX_IGNORED]; "" is an
 * empty list.  Errors: ARGUMENT (one of them, or too many); *n is 0 then. */
WnStatus wn_region_parse_list(const char *text, WnRegion *out, size_t *n, WnError *error);

/* What of a frame of `width` x `height` pixels the region is: fractions rounded to whole pixels, at
 * least one, and clipped to the frame.  Errors: ARGUMENT (it lies outside the frame). */
WnStatus wn_region_place(const WnRegion *region, int32_t width, int32_t height, WnRect *out,
                         WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
