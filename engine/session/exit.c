/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See exit.h.  Class exclusion after Wang, Li and Zhang, arXiv 2309.13443, with
 * readmission of the best class; entropy after BranchyNet, arXiv 1709.01686.
 *
 *   p = score(logits), m = arg max p over all classes
 *   survivors <- (survivors with m) and { c : log p_c > log beta + log p_m }
 *
 * Floors come first and exclude no class: where the floor-score of m, the largest, is not above the
 * stage's floor, the frame holds nothing; else it goes on as if there were no floor.
 */
#include "session/exit.h"

#include <math.h>

void wni_survivors_reset(WniSurvivors *survivors, int n_classes) {
  for (int c = 0; c < n_classes; c++) survivors->alive[c] = true;
  survivors->count = n_classes;
  survivors->best = 0;
  survivors->group = -1;
  survivors->nothing = false;
}

int wni_exit_find_bad(const float *logits, ptrdiff_t stride, int n_classes, const bool *among) {
  for (int c = 0; c < n_classes; c++)
    if ((!among || among[c]) && !isfinite(logits[c * stride])) return c;
  return -1;
}

static int arg_max(const float *logits, ptrdiff_t stride, int n, const bool *among) {
  int best = -1;
  for (int c = 0; c < n; c++)
    if ((!among || among[c]) && (best < 0 || logits[c * stride] > logits[best * stride])) best = c;
  return best;
}

/* log(1 / (1 + exp(-x))) without overflow on either side */
static double log_sigmoid(double x) {
  return x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x));
}

static void log_softmax(const float *logits, ptrdiff_t stride, int n, int best, const bool *among,
                        double *log_p) {
  double max = (double)logits[best * stride], sum = 0;
  for (int c = 0; c < n; c++)
    if (!among || among[c]) sum += exp((double)logits[c * stride] - max);
  for (int c = 0; c < n; c++)
    log_p[c] = !among || among[c] ? (double)logits[c * stride] - max - log(sum) : -INFINITY;
}

/* The network's own probabilities, 0 among them, without those of excluded classes. */
static void keep_own(int n, WniSurvivors *s) {
  for (int c = 0; c < n; c++)
    if (!s->alive[c] || s->log_p[c] <= WNI_LOG_NEVER) s->log_p[c] = -INFINITY;
}

static void score(const float *logits, ptrdiff_t stride, int n, bool softmax, WniSurvivors *s) {
  s->best = arg_max(logits, stride, n, NULL); /* both scores rise with the logit */
  if (softmax)
    log_softmax(logits, stride, n, s->best, NULL, s->log_p);
  else
    for (int c = 0; c < n; c++) s->log_p[c] = log_sigmoid((double)logits[c * stride]);
}

static void exclude(double beta, int n, WniSurvivors *s) {
  double limit = log(beta) + s->log_p[s->best]; /* beta 0: -inf excludes nothing */
  s->alive[s->best] = true;
  s->count = 0;
  for (int c = 0; c < n; c++) {
    s->alive[c] = c == s->best || (s->alive[c] && s->log_p[c] > limit);
    s->count += s->alive[c];
  }
}

WniFloorScale wni_floor_scale(bool standardised, const float *logits, ptrdiff_t stride, int n) {
  double sum = 0, squares = 0;
  if (!standardised) return (WniFloorScale){0, 1};
  for (int c = 0; c < n; c++) sum += (double)logits[c * stride];
  double mean = sum / n;
  for (int c = 0; c < n; c++)
    squares += ((double)logits[c * stride] - mean) * ((double)logits[c * stride] - mean);
  return (WniFloorScale){mean, squares > 0 ? sqrt(squares / n) : 1}; /* all equal: each has 0 */
}

/* Nothing: the best class's floor-score, and so every other's, is not above the stage's floor. */
static bool test_floor(const WniExitRule *rule, int stage, const float *logits, ptrdiff_t stride,
                       WniSurvivors *s) {
  int n = rule->n_classes;
  if (!rule->floors || isnan(rule->floors[stage])) return false;
  WniFloorScale scale = wni_floor_scale(rule->standardised, logits, stride, n);
  if (wni_floor_score(scale, logits[s->best * stride]) > rule->floors[stage]) return false;
  for (int c = 0; c < n; c++) s->alive[c] = false;
  s->count = 0;
  return s->nothing = true;
}

static void keep_only_best(int n, WniSurvivors *s) {
  for (int c = 0; c < n; c++) s->alive[c] = c == s->best;
  s->count = 1;
}

/* Several classes may be there at once, or none of them for certain. */
static void keep_above_half(const float *logits, ptrdiff_t stride, int n, WniSurvivors *s) {
  s->count = 0;
  for (int c = 0; c < n; c++) {
    s->alive[c] = c == s->best || logits[c * stride] > 0;
    s->count += s->alive[c];
  }
}

static bool is_confident(double threshold, int n, const WniSurvivors *s) {
  int above = 0;
  for (int c = 0; c < n; c++) above += exp(s->log_p[c]) > threshold;
  return above == 1;
}

double wni_exit_entropy(const double *log_p, int n_classes) {
  double entropy = 0;
  for (int c = 0; c < n_classes; c++) {
    double p = exp(log_p[c]);
    if (p > 0) entropy -= p * log_p[c];
  }
  return entropy;
}

static bool any_watched(const WniExitRule *rule, const WniSurvivors *s) {
  for (int c = 0; c < rule->n_classes; c++)
    if (s->alive[c] && rule->watched[c]) return true;
  return false;
}

/* The group that holds all survivors; -1: there is none. */
static int common_group(const WniExitRule *rule, const WniSurvivors *s) {
  int group = rule->group_of[s->best];
  for (int c = 0; c < rule->n_classes; c++)
    if (s->alive[c] && rule->group_of[c] != group) return -1;
  return group;
}

static bool test_exclusion(const WniExitRule *rule, double beta, WniSurvivors *s,
                           WnStopReason *reason) {
  exclude(beta, rule->n_classes, s);
  if (s->count == 1) {
    *reason = WN_STOP_SINGLE_CLASS;
    return true;
  }
  if (rule->watching && !any_watched(rule, s)) {
    *reason = WN_STOP_WATCH;
    return true;
  }
  int group = rule->grouping ? common_group(rule, s) : -1;
  if (group < 0) return false;
  s->group = group;
  *reason = WN_STOP_GROUP;
  return true;
}

bool wni_exit_test(const WniExitRule *rule, int exit, const float *logits, ptrdiff_t stride,
                   WniSurvivors *survivors, WnStopReason *reason) {
  double threshold = rule->thresholds[exit];
  int n = rule->n_classes;
  bool exclusion = rule->strategy == WN_STRATEGY_CLASS_EXCLUSION, stop = false;
  bool softmax = rule->softmax || rule->strategy == WN_STRATEGY_CONFIDENCE ||
                 rule->strategy == WN_STRATEGY_ENTROPY;
  score(logits, stride, n, softmax && !rule->independent, survivors);
  if (rule->independent) keep_above_half(logits, stride, n, survivors);
  if (rule->strategy != WN_STRATEGY_NONE && test_floor(rule, exit, logits, stride, survivors)) {
    *reason = WN_STOP_NOTHING;
    return true;
  }
  if (exclusion) return test_exclusion(rule, threshold, survivors, reason);
  if (rule->strategy == WN_STRATEGY_CONFIDENCE) stop = is_confident(threshold, n, survivors);
  if (rule->strategy == WN_STRATEGY_ENTROPY)
    stop = wni_exit_entropy(survivors->log_p, n) < threshold;
  if (!stop) return false;
  keep_only_best(n, survivors);
  *reason = WN_STOP_CONFIDENT;
  return true;
}

void wni_exit_final(const WniExitRule *rule, const float *logits, ptrdiff_t stride,
                    WniSurvivors *survivors) {
  int n = rule->n_classes;
  if (rule->independent) {
    score(logits, stride, n, false, survivors);
    keep_above_half(logits, stride, n, survivors);
    keep_own(n, survivors);
  } else {
    survivors->best = arg_max(logits, stride, n, survivors->alive);
    if (rule->final_as_is) {
      for (int c = 0; c < n; c++) survivors->log_p[c] = (double)logits[c * stride];
      keep_own(n, survivors);
    } else {
      log_softmax(logits, stride, n, survivors->best, survivors->alive, survivors->log_p);
    }
  }
  test_floor(rule, rule->n_exits, logits, stride, survivors);
}

/* a comes behind b */
static bool behind(const WniSurvivors *s, int32_t a, int32_t b) {
  return s->log_p[a] < s->log_p[b] || (s->log_p[a] == s->log_p[b] && a > b);
}

/* Heap sort: in place, and never slow however many classes there are. */
static void sift(const WniSurvivors *s, int32_t *order, int root, int n) {
  for (int child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && behind(s, order[child + 1], order[child])) child++;
    if (!behind(s, order[child], order[root])) return;
    int32_t swap = order[root];
    order[root] = order[child];
    order[child] = swap;
  }
}

void wni_survivors_order(const WniSurvivors *survivors, int n_classes, int32_t *order) {
  int n = 0;
  for (int c = 0; c < n_classes; c++)
    if (survivors->alive[c]) order[n++] = c;
  for (int i = n / 2; i-- > 0;) sift(survivors, order, i, n);
  for (int i = n; i-- > 1;) {
    int32_t swap = order[0];
    order[0] = order[i];
    order[i] = swap;
    sift(survivors, order, 0, i);
  }
}
