/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pass over stages of the plan by a team of threads, in one parallel region:
 * classification, completion and raw runs differ only in what they fill in here.
 */
#ifndef WNI_SESSION_JOB_H
#define WNI_SESSION_JOB_H

#include "session/session.h"

typedef struct WniJob {
  WnSession *session;
  const WnFrame *frame; /* preprocessed where a stage begins; NULL: the inputs are there already */
  int first_stage, last_stage;
  size_t first_step;   /* earlier steps of the first stage are left out */
  bool heads;          /* run what only exits need */
  const int32_t *rows; /* the final classifier's; NULL: all */
  size_t n_rows;
  /* Called by thread 0 alone when a stage is done; may set `rows` and `stop`.  NULL: nothing. */
  void (*after_stage)(struct WniJob *job, int stage);
  bool packs;              /* weights may be missing still (plan/packer.h) */
  bool waited;             /* thread 0's own: this stage had to be packed first */
  bool stop;               /* thread 0's own */
  int stage;               /* the one in progress, as thread 0 has it */
  WniHalt halt;            /* due NULL: nothing ends it early */
  bool cancelled;          /* why it is due */
  _Atomic int final_stage; /* the last one that anybody enters */
  int64_t started_ns, stage_started_ns;
  int64_t spent_ns; /* of the deadline, before */
  WnStatus status;  /* what after_stage found */
  WnError *error;
  WnStopReason reason;
  int64_t *stage_ns; /* [n_stages] or NULL */
} WniJob;

void wni_job_run(WniJob *job);

static inline int64_t wni_now(const WnSession *session) {
  return session->clock(session->clock_user);
}

/* Checks that the model classifies frames and makes the recipe fit this one. */
WnStatus wni_prepare_frame(WnSession *session, const WnFrame *frame, const WnRect *region,
                           WnError *error);

#endif
