/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From pixels to the features of all taps: the backbone up to its last tap, run by the engine.
 */
#ifndef WNI_TEACH_EXTRACT_H
#define WNI_TEACH_EXTRACT_H

#include "session/session.h"
#include "teach/backbone.h"

/* A way of looking at a photo. */
typedef struct WniGlance {
  const WnRect *region; /* NULL: all of it */
  WniResize resize;
  bool mirror;
  float gain; /* light: every pixel times this, above 0 */
} WniGlance;

typedef struct WniExtractor {
  WnModel *model;
  WnSession *session;
  WniImageTarget target; /* the network's input; `resize` is the view's */
  WniRecipe recipe;
  size_t n_features; /* of all taps together */
} WniExtractor;

/* Plans the backbone.  To be cleared whatever happens.  Errors: those of wn_model_open() and
 * wn_session_new(). */
WnStatus wni_extractor_open(WniExtractor *extractor, WniBackbone *backbone, const char *path,
                            const WnMeaning *given, int32_t threads, WnError *error);
void wni_extractor_clear(WniExtractor *extractor);

/* Whether views of this frame that differ in `resize` alone are the same. */
bool wni_extractor_fits(const WniExtractor *extractor, const WnFrame *frame, const WnRect *region);

/* Writes the features [n_features] of one view.  Errors: ARGUMENT (frame, region), NUMERIC
 * (features that are not finite), MEMORY. */
WnStatus wni_extract(WniExtractor *extractor, const WnFrame *frame, const WniGlance *view,
                     float *features, WnError *error);

/* A smaller copy of a frame, in RGB, whose shorter side has `side` pixels, or the frame's size if
 * that is less.  The pixels are the caller's to free; NULL: no memory, and `error` says so. */
uint8_t *wni_extract_copy(const WnFrame *frame, const WnRect *region, int side, WnFrame *out,
                          WnError *error);

#endif
