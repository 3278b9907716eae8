/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One stream's state.  Used by one thread at a time; inside a frame its team
 * shares it: what decides (survivors, stop, error) is written by thread 0 between
 * two barriers, everything else is read-only during the frame.
 */
#ifndef WNI_SESSION_SESSION_H
#define WNI_SESSION_SESSION_H

#include <winnow/region.h>

#include "session/exit.h"
#include "session/model.h"
#include "session/unchanged.h"

/* What the arena holds of the last frame. */
typedef enum WniProgress { WNI_NO_FRAME, WNI_CLASSIFIED, WNI_COMPLETED } WniProgress;

/* The policy's region and ignored areas, as written and in the last frame's pixels. */
typedef struct WniView {
  bool has_region;
  WnRegion region;
  size_t n_ignored;
  WnRegion ignored[WN_MAX_IGNORED];
  int32_t width, height; /* that they were placed for; 0: none yet */
  WnRect region_rect;
  WniIgnored ignored_rects;
} WniView;

struct WnSession {
  WnModel *model;
  int threads;
  WnClock clock;
  void *clock_user;
  void *arena;
  WniRecipe *recipes; /* [plan.n_inputs] */

  /* policy.c */
  WniExitRule rule;
  double *thresholds; /* [n_exits] before scaling; NaN with strategy none */
  int64_t deadline_ns;
  int64_t spent_ns; /* of it, before the next frame begins */
  bool (*cancelled)(void *user);
  void *cancelled_user;
  bool heads; /* the policy needs them */
  WniUnchanged unchanged;
  char *watch;             /* as the policy has it; "": none */
  char watch_warning[256]; /* "": none */
  WniView view;

  /* one frame */
  WniSurvivors survivors;
  int64_t *expected_ns; /* [n_stages] moving averages; 0: never measured */
  WniProgress progress;
  bool given_up;       /* the stage behind the one that answered was not computed to its end */
  float *final_scores; /* [n_classes] */

  /* what `result` points to */
  int32_t *order; /* [n_classes] */
  const char **order_labels;
  double *order_scores;
  int32_t *survivors_per_stage; /* [n_stages] */
  WnResult result;
};

/* Reads the policy's words (view.c).  Errors: ARGUMENT. */
WnStatus wni_view_parse(const WnPolicy *policy, WniView *out, WnError *error);

/* The part of a checked frame that is classified where the caller asks for `region` (NULL: as the
 * policy says), and the ignored areas, placed.  Errors: ARGUMENT (outside). */
WnStatus wni_view_place(WniView *view, const WnFrame *frame, const WnRect *region, WnRect *part,
                        WnError *error);

/* Resolves `policy` and puts it in force; on failure the session keeps its old one (policy.c). */
WnStatus wni_policy_apply(WnSession *session, const WnPolicy *policy, WnError *error);

/* Runs one step for one thread of the team; `rows` limits the final classifier (step.c). */
void wni_step_run(const WniStep *step, void *arena, const int32_t *rows, size_t n_rows,
                  WniThread thread);

/* Clears the zeros around an input. */
void wni_input_halo_clear(const WnSession *session, int input, WniThread thread);

/* The scores at the end as logits [n_classes], those of classes that were left out undefined: log p
 * where they are probabilities, log p / (1 - p) where every class has its own.  Valid until the
 * next frame (final.c). */
const float *wni_final_logits(WnSession *session, ptrdiff_t *stride);

#endif
