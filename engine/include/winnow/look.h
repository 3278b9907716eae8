/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames for the eye: their pixels as R G B, for who writes pictures of them, and whether one looks
 * like an earlier one, so that not every picture shows the same.  No model is needed.
 */
#ifndef WINNOW_LOOK_H
#define WINNOW_LOOK_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Converts a frame, or the `region` of it (NULL: all) clipped to it, to `rgb`, [height][width][3]
 * R G B in 0..255, rows `stride_bytes` apart; height and width are the clipped region's
 * (wn_frame_clip()).  Chroma is interpolated and matrixed as before a network.  Allocates and frees
 * what it needs.  Errors: ARGUMENT (frame, region, stride), MEMORY. */
WnStatus wn_frame_to_rgb(const WnFrame *frame, const WnRect *region, uint8_t *rgb,
                         ptrdiff_t stride_bytes, WnError *error);

/* The part of `region` (NULL: all) that lies in the frame.  Errors: ARGUMENT (the frame is none, or
 * the region is outside). */
WnStatus wn_frame_clip(const WnFrame *frame, const WnRect *region, WnRect *clipped, WnError *error);

/* The look of one frame that others are compared with.  Used by one thread at a time. */
typedef struct WnLook WnLook;

/* On failure *out is NULL.  Errors: MEMORY. */
WnStatus wn_look_new(WnLook **out, WnError *error);
void wn_look_free(WnLook *look); /* NULL is ignored */

/* Whether the frame, or the `region` of it (NULL: all), looks other than the kept one: the mean
 * colour of one of its 8x8 blocks differs by more than `level` grey levels (0..255), as for
 * WnPolicy.unchanged but of the whole region.  So does the first one, one of another size, format
 * or region, and one from before the kept one's time.  Errors: ARGUMENT (frame, region, level),
 * MEMORY. */
WnStatus wn_look_differs(WnLook *look, const WnFrame *frame, const WnRect *region, double level,
                         bool *differs, WnError *error);

/* Later frames are compared with the last one that wn_look_differs() got. */
void wn_look_keep(WnLook *look);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
