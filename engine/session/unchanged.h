/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Frames that look like the last one that was classified, whose answer is then repeated: what of a
 * frame is compared, how, and when the one it is compared with no longer counts.  A session has one
 * such reference (unchanged.c); tune/ tries levels on the looks of a whole clip.
 */
#ifndef WNI_SESSION_UNCHANGED_H
#define WNI_SESSION_UNCHANGED_H

#include "preprocess/preprocess.h"

enum { WNI_LOOK_SIDE = 8, WNI_LOOK_SIZE = WNI_LOOK_SIDE * WNI_LOOK_SIDE * 3 };

/* A frame's block means, [8][8][3] R G B in grey levels 0..255, on the part that the first network
 * sees; and when it was: its pts or WN_PTS_NONE, and the session's clock. */
typedef struct WniLook {
  float mean[WNI_LOOK_SIZE];
  int64_t pts_ns, clock_ns;
} WniLook;

/* From one frame to the other: by pts where both have one, else by the clock. */
int64_t wni_look_age(const WniLook *from, const WniLook *to);

/* Whether `now` may have the answer of `reference`: all means lie within `level` of its, and it is
 * younger than `max_age_ns` (0: of any age).  Where time went back it may not. */
bool wni_look_repeats(const WniLook *reference, const WniLook *now, double level,
                      int64_t max_age_ns);

/* Whether a policy's numbers are possible.  Errors: ARGUMENT. */
WnStatus wni_unchanged_check(double level, int64_t max_age_ns, WnError *error);

/* A session's.  Zero-initialise. */
typedef struct WniUnchanged {
  double level;       /* of the policy; 0: off */
  int64_t max_age_ns; /* of the policy; 0: none */
  WniRecipe recipe;
  WniLook look; /* at the newest frame */
  WniLook reference;
  bool has_reference;
  uint32_t reference_made; /* recipe.n_made at that time: another one is another geometry */
} WniUnchanged;

/* Takes unchanged->look.  `window` is what the first network sees of this frame and region (NULL:
 * all of it), and follows from them.  Allocates when they are others than the last.  Errors:
 * MEMORY.
 */
WnStatus wni_unchanged_look(WniUnchanged *unchanged, const WniWindowRect *window,
                            const WnFrame *frame, const WnRect *region, int64_t clock_ns,
                            WnError *error);

/* Whether the policy lets this look have the reference's answer. */
bool wni_unchanged_holds(const WniUnchanged *unchanged);

/* The frame of this look was classified: it is the reference from now on. */
void wni_unchanged_keep(WniUnchanged *unchanged);

void wni_unchanged_forget(WniUnchanged *unchanged);
void wni_unchanged_clear(WniUnchanged *unchanged);

#endif
