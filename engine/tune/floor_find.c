/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See floor_find.h.  Which weights and which floor-score: those that do most on pictures of
 * nothing, as a session with these thresholds and floors would treat them.  A rejected picture
 * counts 1 where it has cost no MACs and 3/4 where it has cost the whole network's.  Floors also
 * exclude classes, which makes known images leave too early: right answers that are lost beyond the
 * images rejected count against the weights, as many times as known images may be lost.  Without
 * such pictures those known images stand for them that the whole network gets wrong; where these
 * are too few to tell anything, the weights are equal and the logits are compared.
 *
 * Weights are whole units, all on the stage that does best alone at first.  They move from one
 * stage to another, first many, then one, while that helps.  What is chosen so depends on the first
 * half of the images alone.
 *
 * So does a list of limits r in ascending order.  With each an image of the other half is lost
 * where t < r, or where it reaches the end with these thresholds and its best survivor is not above
 * the floor there (floors exclude classes, too, so that depends on r), or where a smaller r loses
 * it. The limit is the last one that loses fewer than k images: the k-th smallest of "the first
 * limit that loses it" is above it, whatever ties there are.
 */
#include "tune/floor_find.h"

#include "base/error.h"
#include "tune/risk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS_PER_STAGE = 4, MAX_SEARCHED = 1000, MIN_WRONG = 20, N_LIMITS = 100 };

/* One floor-score. */
typedef struct Search {
  WniTask task; /* with floors */
  const double *thresholds;
  double rejected;
  WniImages chosen;
  int n_stages;
  bool standardised;
  double *sorted;           /* [n_stages][chosen.n] what the ranks borrow */
  double *ranks;            /* [n_stages][chosen.n] of the chosen images themselves */
  WniRank *rank;            /* [n_stages] */
  int *units;               /* [n_stages] the weights */
  double *t;                /* [n] of the half at work */
  int *last;                /* [n] of that half: the last stage that each comes to, floors aside */
  double *floors;           /* [n_stages] */
  WniTask judge;            /* the pictures that stand for nothing */
  WniImages judged, sample; /* and known images, of the chosen */
  double right;             /* answers on them without floors */
  double value;
} Search;

static void search_clear(Search *s) {
  free(s->sorted);
  free(s->ranks);
  free(s->rank);
  free(s->units);
  free(s->t);
  free(s->last);
  free(s->floors);
}

static WnStatus search_init(Search *s, const WniTask *task, WniImages chosen, size_t n_most,
                            bool standardised, WnError *error) {
  int n_stages = task->scores->n_exits + 1;
  size_t cells = (size_t)n_stages * chosen.n;
  *s =
      (Search){.task = *task, .chosen = chosen, .n_stages = n_stages, .standardised = standardised};
  s->sorted = malloc(cells * sizeof *s->sorted);
  s->ranks = malloc(cells * sizeof *s->ranks);
  s->rank = calloc((size_t)n_stages, sizeof *s->rank);
  s->units = calloc((size_t)n_stages, sizeof *s->units);
  s->t = malloc((n_most + 1) * sizeof *s->t);
  s->last = malloc((n_most + 1) * sizeof *s->last);
  s->floors = calloc((size_t)n_stages, sizeof *s->floors);
  if (!s->sorted || !s->ranks || !s->rank || !s->units || !s->t || !s->last || !s->floors)
    return wni_fail_memory(error, "the floors");
  for (int i = 0; i < n_stages; i++) {
    double *sorted = s->sorted + (size_t)i * chosen.n, *ranks = s->ranks + (size_t)i * chosen.n;
    wni_floor_scores(task->scores, chosen, i, standardised, sorted);
    memcpy(ranks, sorted, chosen.n * sizeof *ranks);
    s->rank[i] = wni_rank_make(sorted, chosen.n);
    for (size_t k = 0; k < chosen.n; k++) ranks[k] = wni_rank_of(&s->rank[i], ranks[k]);
    s->units[i] = UNITS_PER_STAGE;
  }
  return WN_OK;
}

static double weight(const Search *s, int stage) {
  return s->units[stage] / (double)(UNITS_PER_STAGE * s->n_stages);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One image with the task's floors.  Errors: MEMORY. */
static WnStatus simulate_one(const Search *s, const WniTask *task, uint32_t image, WniOutcome *o,
                             uint64_t *exits, WnError *error) {
  return wni_simulate(task, (WniImages){&image, 1}, s->thresholds, o, exits, NULL, error);
}

/* Where the images stop with these thresholds and without floors, which make them stop earlier at
 * most: no floor behind that is ever compared. */
static WnStatus find_last(Search *s, WniImages images, WnError *error) {
  WniTask task = s->task;
  WniOutcome o;
  uint64_t *exits = calloc((size_t)s->n_stages, sizeof *exits);
  WnStatus status = exits ? WN_OK : wni_fail_memory(error, "the floors");
  task.floors = NULL;
  for (size_t j = 0; j < images.n && status == WN_OK; j++) {
    s->last[j] = s->n_stages - 1;
    if (task.strategy == WN_STRATEGY_NONE) continue;
    status = simulate_one(s, &task, images.index[j], &o, exits, error);
    for (int i = 0; status == WN_OK && i < s->n_stages; i++)
      if (exits[i]) s->last[j] = i;
  }
  free(exits);
  return status;
}

/* t of n images whose ranks at stage i are ranks [i][n]. */
static void set_t(Search *s, const double *ranks, size_t n) {
  for (size_t j = 0; j < n; j++) s->t[j] = INFINITY;
  for (int i = 0; i < s->n_stages; i++)
    for (size_t j = 0; s->units[i] && j < n; j++)
      if (i <= s->last[j]) s->t[j] = fmin(s->t[j], ranks[(size_t)i * n + j] / weight(s, i));
}

/* The limit that loses what is allowed of the images that chose it. */
static double find_limit(Search *s) {
  size_t k = wni_conformal_count(s->chosen.n, s->rejected, 0);
  set_t(s, s->ranks, s->chosen.n);
  qsort(s->t, s->chosen.n, sizeof *s->t, compare);
  return s->t[k ? k - 1 : 0];
}

static void set_floors(Search *s, double limit) {
  for (int i = 0; i < s->n_stages; i++)
    s->floors[i] = s->units[i] ? wni_rank_floor(&s->rank[i], limit * weight(s, i)) : (double)NAN;
}

/* What the weights are worth, on average a picture. */
static WnStatus judge(Search *s, double *value, WnError *error) {
  WniOutcome o;
  set_floors(s, find_limit(s));
  WnStatus status = wni_simulate(&s->judge, s->judged, s->thresholds, &o, NULL, NULL, error);
  double full = (double)s->judge.macs[s->n_stages - 1];
  if (status != WN_OK) return status;
  *value = ((double)o.nothing - (double)o.macs_nothing / full / 4) / (double)s->judged.n;
  WniTask known = s->judge;
  known.scores = s->task.scores;
  status = wni_simulate(&known, s->sample, s->thresholds, &o, NULL, NULL, error);
  double lost = s->right - (double)o.right - (double)o.rejected;
  if (lost > 0) *value -= lost / (double)s->sample.n / s->rejected;
  return status;
}

/* Moves `step` units from one stage to another where that helps; *moved tells whether it did. */
static WnStatus try_moves(Search *s, int step, bool *moved, WnError *error) {
  WnStatus status = WN_OK;
  *moved = false;
  for (int to = 0; to < s->n_stages; to++)
    for (int from = 0; from < s->n_stages && status == WN_OK; from++) {
      double value;
      if (from == to || s->units[from] < step) continue;
      s->units[from] -= step;
      s->units[to] += step;
      status = judge(s, &value, error);
      if (status == WN_OK && value > s->value) {
        s->value = value;
        *moved = true;
        continue;
      }
      s->units[from] += step;
      s->units[to] -= step;
    }
  return status;
}

/* All units on the stage that does best alone. */
static WnStatus try_single(Search *s, WnError *error) {
  WnStatus status = WN_OK;
  int best = -1;
  for (int stage = 0; stage < s->n_stages && status == WN_OK; stage++) {
    double value;
    for (int i = 0; i < s->n_stages; i++)
      s->units[i] = i == stage ? UNITS_PER_STAGE * s->n_stages : 0;
    status = judge(s, &value, error);
    if (status == WN_OK && (best < 0 || value >= s->value)) {
      best = stage;
      s->value = value;
    }
  }
  for (int i = 0; i < s->n_stages; i++) s->units[i] = i == best ? UNITS_PER_STAGE * s->n_stages : 0;
  return status;
}

static WnStatus choose_weights(Search *s, WnError *error) {
  WniOutcome o;
  s->sample = s->chosen;
  if (s->sample.n > MAX_SEARCHED) s->sample.n = MAX_SEARCHED;
  WnStatus status = wni_simulate(&s->task, s->sample, s->thresholds, &o, NULL, NULL, error);
  s->right = (double)o.right;
  if (status == WN_OK) status = try_single(s, error);
  for (int step = UNITS_PER_STAGE * s->n_stages / 2; step > 0 && status == WN_OK; step /= 2) {
    bool moved = true;
    while (moved && status == WN_OK) status = try_moves(s, step, &moved, error);
  }
  return status;
}

/* Images that calibrate. */
typedef struct Calibration {
  WniImages images;
  bool *lost; /* [images.n] */
  size_t n_lost;
} Calibration;

/* Counts what s->floors, those of `limit`, lose beyond what is lost already. */
static WnStatus lose(const Search *s, double limit, Calibration *c, WnError *error) {
  WniTask task = s->task;
  WnStatus status = WN_OK;
  task.floors = s->floors;
  task.standardised = s->standardised;
  task.nothing = NULL; /* only floors reject */
  for (size_t i = 0; i < c->images.n && status == WN_OK; i++) {
    WniOutcome o = {.nothing = s->t[i] < limit};
    if (c->lost[i]) continue;
    if (!o.nothing && task.strategy == WN_STRATEGY_CLASS_EXCLUSION && s->last[i] == s->n_stages - 1)
      status = simulate_one(s, &task, c->images.index[i], &o, NULL, error);
    c->lost[i] = o.nothing > 0;
    c->n_lost += o.nothing;
  }
  return status;
}

/* The last of the limits that loses fewer than k images; 0: none does. */
static WnStatus choose_limit(Search *s, Calibration *c, double limit, size_t k, double *out,
                             WnError *error) {
  WnStatus status = WN_OK;
  size_t n_lost = 0;
  *out = 0;
  for (int j = 1; j <= N_LIMITS && status == WN_OK; j++) {
    double share = (double)j / N_LIMITS, next = 2 * limit * share * share;
    set_floors(s, next);
    status = lose(s, next, c, error);
    if (c->n_lost >= k) break;
    n_lost = c->n_lost;
    *out = next;
  }
  c->n_lost = n_lost;
  return status;
}

/* Floors from the images that calibrate. */
static WnStatus calibrate(Search *s, WniImages images, double confidence, WniFloors *out,
                          WnError *error) {
  size_t n = images.n, n_stages = (size_t)s->n_stages;
  double *ranks = malloc((n_stages * n + 1) * sizeof *ranks), limit = 0;
  Calibration c = {images, calloc(n + 1, sizeof(bool)), 0};
  WnStatus status = ranks && c.lost ? WN_OK : wni_fail_memory(error, "the floors");
  double most = find_limit(s);
  if (status == WN_OK) status = find_last(s, images, error); /* the other half's are done with */
  for (int i = 0; i < s->n_stages && status == WN_OK; i++) {
    double *at = ranks + (size_t)i * n;
    wni_floor_scores(s->task.scores, images, i, s->standardised, at);
    for (size_t j = 0; j < n; j++) at[j] = wni_rank_of(&s->rank[i], at[j]);
  }
  if (status == WN_OK) {
    set_t(s, ranks, n);
    status =
        choose_limit(s, &c, most, wni_conformal_count(n, s->rejected, confidence), &limit, error);
  }
  set_floors(s, limit);
  for (int i = 0; i < s->n_stages; i++) {
    out->floors[i] = limit > 0 ? s->floors[i] : (double)NAN;
    if (out->weights) out->weights[i] = weight(s, i);
  }
  out->standardised = s->standardised;
  out->n_calibrated = n;
  out->rejected = (double)c.n_lost / (double)n;
  free(ranks);
  free(c.lost);
  return status;
}

/* Into index [images.n] those of classes that the model knows, in random order; their number. */
static size_t list_known(const WniTask *task, WniImages images, uint32_t *index) {
  size_t n = 0;
  for (size_t i = 0; i < images.n; i++)
    if (!task->nothing || task->scores->truth[images.index[i]] != *task->nothing)
      index[n++] = images.index[i];
  wni_shuffle(index, n);
  return n;
}

/* Into index [MAX_SEARCHED or images.n] what stands for nothing: pictures of it, or the images
 * that the whole network gets wrong. */
static WniImages list_judged(const WniTask *task, const WniScores *nothing, WniImages chosen,
                             uint32_t *index) {
  size_t n = 0, step = nothing->n / MAX_SEARCHED + 1;
  for (size_t i = 0; i < nothing->n; i += step) index[n++] = (uint32_t)i;
  for (size_t i = 0; nothing->n == 0 && i < chosen.n && n < MAX_SEARCHED; i++) {
    const float *end = wni_scores_at(task->scores, chosen.index[i], task->scores->n_exits);
    if (wni_arg_max(end, task->scores->n_classes) != task->scores->truth[chosen.index[i]])
      index[n++] = chosen.index[i];
  }
  return (WniImages){index, n};
}

static WnStatus fail_few(size_t n, const WniFloorRequest *request, WnError *error) {
  size_t needed = 2 * wni_conformal_needed(request->rejected, request->confidence) - 1;
  return wni_fail(error, WN_ERROR_DATA,
                  "max-rejected: %zu images of known classes are too few to promise %g; give %zu "
                  "or more, or allow more",
                  n, request->rejected, needed);
}

/* Both floor-scores; the one that does more, the logit on a tie. */
static WnStatus search_both(const WniTask *task, WniImages chosen, WniImages calibration,
                            WniImages judged, const double *thresholds,
                            const WniFloorRequest *request, WniFloors *out, WnError *error) {
  Search search[2] = {0};
  WnStatus status = WN_OK;
  bool pictures = request->nothing->n > 0;
  bool search_weights = pictures || judged.n >= MIN_WRONG;
  for (int s = 0; s < 2 && status == WN_OK; s++) {
    Search *it = &search[s];
    status = search_init(it, task, chosen, chosen.n + calibration.n, s == 1, error);
    it->thresholds = thresholds;
    it->rejected = request->rejected;
    it->judge = *task;
    if (pictures) it->judge.scores = request->nothing;
    it->judge.floors = it->floors;
    it->judge.standardised = it->standardised;
    it->judged = judged;
    if (status == WN_OK) status = find_last(it, chosen, error);
    if (status == WN_OK && search_weights) status = choose_weights(it, error);
  }
  if (status == WN_OK)
    status = calibrate(&search[search[1].value > search[0].value], calibration, request->confidence,
                       out, error);
  search_clear(&search[0]);
  search_clear(&search[1]);
  return status;
}

WnStatus wni_floors_find(const WniTask *task, WniImages images, const double *thresholds,
                         const WniFloorRequest *request, WniFloors *out, WnError *error) {
  uint32_t *known = malloc((images.n + 1) * sizeof *known);
  uint32_t *index = malloc((images.n + MAX_SEARCHED) * sizeof *index);
  WnStatus status = known && index ? WN_OK : wni_fail_memory(error, "the floors");
  if (status == WN_OK) {
    size_t n = list_known(task, images, known), half = n / 2;
    WniImages chosen = {known, half}, calibration = {known + half, n - half};
    if (half == 0 ||
        wni_conformal_count(calibration.n, request->rejected, request->confidence) == 0)
      status = fail_few(n, request, error);
    else
      status =
          search_both(task, chosen, calibration, list_judged(task, request->nothing, chosen, index),
                      thresholds, request, out, error);
  }
  free(known);
  free(index);
  return status;
}
