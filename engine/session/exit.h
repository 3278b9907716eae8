/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Exit decisions: from a head's logits to the classes that survive and whether to
 * stop.  Pure arithmetic in double on logits [n_classes]; knows nothing of frames,
 * threads or time.
 */
#ifndef WNI_SESSION_EXIT_H
#define WNI_SESSION_EXIT_H

#include <winnow/winnow.h>

#include <math.h>

/* The log of a probability that a network gives as 0: finite, so that it can be calculated with. */
#define WNI_LOG_NEVER (-87.0)

/* A policy with everything resolved; the arrays belong to the session and model. */
typedef struct WniExitRule {
  WnStrategy strategy; /* never MODEL */
  bool softmax;        /* the exit score; else sigmoid */
  int n_classes;
  int n_exits;          /* where `floors` has the end's */
  double *thresholds;   /* [n_exits], scaled */
  bool *watched;        /* [n_classes] */
  bool watching;        /* `watched` is in force */
  bool grouping;        /* stop when the survivors are in one group */
  const int *group_of;  /* [n_classes] -1: none */
  const double *floors; /* [n_exits + 1] floor-scores, NaN: none there; NULL: none at all */
  bool standardised;    /* the floor-score; else the logit itself */
  bool independent;     /* every class is a yes or no: those above a half survive, and the best */
  bool final_as_is;     /* the logits of the end are log p; else their softmax is to be taken */
} WniExitRule;

/* The running state of one frame. */
typedef struct WniSurvivors {
  bool *alive; /* [n_classes] */
  int count;
  double *log_p; /* [n_classes] at the last evaluated exit, or the final softmax */
  int best;      /* arg max of log_p over all classes; at the end over the survivors */
  int group;     /* stop by group: which; else -1 */
  bool nothing;  /* a floor has ended it: none survives */
} WniSurvivors;

/* What floors are compared with: (logit - centre) / spread, the same for all classes of one stage.
 * 0 and 1 give the logit itself; standardised: mean and standard deviation over all classes. */
typedef struct WniFloorScale {
  double centre, spread;
} WniFloorScale;

WniFloorScale wni_floor_scale(bool standardised, const float *logits, ptrdiff_t stride,
                              int n_classes);

static inline double wni_floor_score(WniFloorScale scale, float logit) {
  return ((double)logit - scale.centre) / scale.spread;
}

/* All classes alive. */
void wni_survivors_reset(WniSurvivors *survivors, int n_classes);

/* Index of the first logit that is not finite, -1 if all are; `among` NULL: of all classes. */
int wni_exit_find_bad(const float *logits, ptrdiff_t stride, int n_classes, const bool *among);

/* Tests exit number `exit`, in the order nothing, single class or confident, watch, group; logits
 * must be finite.  True: stop, and why.  Strategy none only scores, for a deadline. */
bool wni_exit_test(const WniExitRule *rule, int exit, const float *logits, ptrdiff_t stride,
                   WniSurvivors *survivors, WnStopReason *reason);

/* In nats, of softmax scores. */
double wni_exit_entropy(const double *log_p, int n_classes);

/* The end: arg max among the survivors, log_p = log of the softmax over them, or as the rule says
 * (others -inf); nothing where that is not above the floor. */
void wni_exit_final(const WniExitRule *rule, const float *logits, ptrdiff_t stride,
                    WniSurvivors *survivors);

/* Whether the end looks at the logits of classes that are excluded, too. */
static inline bool wni_exit_final_needs_all(const WniExitRule *rule) {
  return rule->independent ||
         (rule->standardised && rule->floors && !isnan(rule->floors[rule->n_exits]));
}

/* Writes the survivors' indices, best first by log_p (ties: lowest index), to order [count]. */
void wni_survivors_order(const WniSurvivors *survivors, int n_classes, int32_t *order);

#endif
