/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See floor_find.h.  Floors end what would go on and change nothing else, so every image is
 * simulated once, without them; from then on there are ranks, and stages where images stop.
 *
 * Which weights: those that do most on pictures of nothing.  A rejected picture counts 1 where it
 * has cost no MACs and 3/4 where it has cost the whole network's.  That is averaged over the limits
 * that lose half, one, one and a half and two times what may be lost of the known images: few
 * pictures lie near one limit, more near one of four.  Without such pictures those known images
 * stand for them that the whole network gets wrong; where these are too few to tell anything, the
 * weights are equal.  Weights are whole units, all on the stage that does best alone at first. They
 * move from one stage to another, first many, then one, while that helps.
 *
 * Which floor-score: of n classes none is standardised to more than sqrt(n - 1), so that of few the
 * best is not told from a better one; of many logits the spread is known well, and standardising
 * takes out what a picture does to all of them, as its contrast does.  So by default logits are
 * compared where classes are few, else they are standardised, and the other one is taken only where
 * it does more by a standard error.
 *
 * All that depends on the first half of the images alone.  The limit r is then the k-th smallest t
 * of the other half, n images: a new one is below it with probability k / (n + 1) at most, as it is
 * no more likely than any of them to be among the k smallest.
 */
#include "tune/floor_find.h"

#include "base/error.h"
#include "tune/risk.h"

#include <math.h>
#include <stdlib.h>

enum {
  UNITS_PER_STAGE = 4,
  MAX_PICTURES = 1000, /* that choose weights */
  MAX_KNOWN = 4000,    /* that say what limits lose */
  MIN_WRONG = 50,
  N_LIMITS = 4,
  MANY_CLASSES = 100
};

/* Images, and where they stop without floors: no floor behind that is ever compared. */
typedef struct Crowd {
  WniTask task;
  WniImages images;
  int *stages, *answers; /* [images.n] */
} Crowd;

static void crowd_clear(Crowd *crowd) {
  free(crowd->stages);
  free(crowd->answers);
}

static WnStatus crowd_init(Crowd *crowd, const WniTask *task, const WniScores *scores,
                           WniImages images, const double *thresholds, WnError *error) {
  *crowd = (Crowd){.task = *task,
                   .images = images,
                   .stages = malloc((images.n + 1) * sizeof(int)),
                   .answers = malloc((images.n + 1) * sizeof(int))};
  crowd->task.scores = scores;
  if (!crowd->stages || !crowd->answers) return wni_fail_memory(error, "the floors");
  return wni_simulate_stops(&crowd->task, images, thresholds, crowd->stages, crowd->answers, error);
}

/* At the end it is the best survivor's that counts. */
static void stage_scores(const Crowd *crowd, int stage, bool standardised, double *out) {
  bool end = stage == crowd->task.scores->n_exits;
  wni_floor_scores(crowd->task.scores, crowd->images, stage, standardised,
                   end ? crowd->answers : NULL, out);
}

/* One floor-score. */
typedef struct Search {
  const Crowd *chosen, *judged; /* known images, and what stands for nothing */
  double rejected;
  int first, n_stages; /* the stages whose floors are compared; strategy none: the end alone */
  bool standardised;
  double *sorted;  /* [n_stages][chosen.n] what the ranks borrow */
  WniRank *rank;   /* [n_stages] */
  double *known;   /* [n_stages][chosen.n] ranks */
  double *nothing; /* [n_stages][judged.n] ranks */
  int *units;      /* [n_stages] the weights */
  double *t;       /* [chosen.n] */
  double *floors;  /* [n_stages] */
  double value;
} Search;

static void search_clear(Search *s) {
  free(s->sorted);
  free(s->rank);
  free(s->known);
  free(s->nothing);
  free(s->units);
  free(s->t);
  free(s->floors);
}

/* Ranks [n_stages][images.n] of all images at all stages. */
static void set_ranks(const Search *s, const Crowd *crowd, double *ranks) {
  for (int i = 0; i < s->n_stages; i++) {
    double *at = ranks + (size_t)i * crowd->images.n;
    stage_scores(crowd, i, s->standardised, at);
    for (size_t j = 0; j < crowd->images.n; j++) at[j] = wni_rank_of(&s->rank[i], at[j]);
  }
}

static WnStatus search_init(Search *s, const Crowd *chosen, const Crowd *judged, double rejected,
                            bool standardised, WnError *error) {
  size_t n = chosen->images.n, n_stages = (size_t)chosen->task.scores->n_exits + 1;
  *s = (Search){.chosen = chosen,
                .judged = judged,
                .rejected = rejected,
                .n_stages = (int)n_stages,
                .standardised = standardised,
                .sorted = malloc(n_stages * n * sizeof(double)),
                .rank = malloc(n_stages * sizeof(WniRank)),
                .known = malloc(n_stages * n * sizeof(double)),
                .nothing = malloc((n_stages * judged->images.n + 1) * sizeof(double)),
                .units = calloc(n_stages, sizeof(int)),
                .t = malloc(n * sizeof(double)),
                .floors = malloc(n_stages * sizeof(double))};
  if (!s->sorted || !s->rank || !s->known || !s->nothing || !s->units || !s->t || !s->floors)
    return wni_fail_memory(error, "the floors");
  if (chosen->task.strategy == WN_STRATEGY_NONE) s->first = s->n_stages - 1;
  for (int i = 0; i < s->n_stages; i++) {
    double *sorted = s->sorted + (size_t)i * n;
    stage_scores(chosen, i, standardised, sorted);
    s->rank[i] = wni_rank_make(sorted, n);
    s->units[i] = i < s->first ? 0 : UNITS_PER_STAGE;
  }
  set_ranks(s, chosen, s->known);
  set_ranks(s, judged, s->nothing);
  return WN_OK;
}

static int all_units(const Search *s) {
  return UNITS_PER_STAGE * (s->n_stages - s->first);
}

static double weight(const Search *s, int stage) {
  return s->units[stage] / (double)all_units(s);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* t of the first n images of a crowd, in ascending order. */
static void sort_t(const Search *s, const Crowd *crowd, const double *ranks, size_t n, double *t) {
  for (size_t j = 0; j < n; j++) t[j] = INFINITY;
  for (int i = s->first; i < s->n_stages; i++)
    for (size_t j = 0; s->units[i] && j < n; j++)
      if (i <= crowd->stages[j])
        t[j] = fmin(t[j], ranks[(size_t)i * crowd->images.n + j] / weight(s, i));
  qsort(t, n, sizeof *t, compare);
}

/* ---- weights ---- */

/* The stage at which the limit rejects a picture, or at which it is answered with the class of
 * nothing; -1: neither. */
static int rejected_at(const Search *s, size_t picture, double limit) {
  const Crowd *c = s->judged;
  for (int i = s->first; i <= c->stages[picture]; i++)
    if (s->units[i] && s->nothing[(size_t)i * c->images.n + picture] < limit * weight(s, i))
      return i;
  bool is_nothing = c->task.nothing && c->answers[picture] == *c->task.nothing;
  return is_nothing ? c->stages[picture] : -1;
}

static double gain_of(const Search *s, size_t picture, const double *limits) {
  const uint64_t *macs = s->judged->task.macs;
  double full = (double)macs[s->n_stages - 1], gain = 0;
  for (int j = 0; j < N_LIMITS; j++) {
    int stage = rejected_at(s, picture, limits[j]);
    if (stage >= 0) gain += 1 - (double)macs[stage] / full / 4;
  }
  return gain / N_LIMITS;
}

/* Into `limits` [N_LIMITS] those that lose half, one, ... times what is allowed of the images. */
static void find_limits(const Search *s, double *limits) {
  size_t n = s->chosen->images.n < MAX_KNOWN ? s->chosen->images.n : MAX_KNOWN;
  sort_t(s, s->chosen, s->known, n, s->t);
  for (int j = 0; j < N_LIMITS; j++) {
    size_t k = wni_conformal_count(n, s->rejected * (j + 1) / 2, 0);
    limits[j] = s->t[k ? k - 1 : 0];
  }
}

/* What the weights are worth, on average a picture. */
static double judge(const Search *s) {
  double limits[N_LIMITS], sum = 0;
  find_limits(s, limits);
  for (size_t j = 0; j < s->judged->images.n; j++) sum += gain_of(s, j, limits);
  return sum / (double)s->judged->images.n;
}

/* Moves `step` units from one stage to another where that helps; tells whether it did. */
static bool try_moves(Search *s, int step) {
  bool moved = false;
  for (int to = s->first; to < s->n_stages; to++)
    for (int from = s->first; from < s->n_stages; from++) {
      if (from == to || s->units[from] < step) continue;
      s->units[from] -= step;
      s->units[to] += step;
      double value = judge(s);
      if (value > s->value) {
        s->value = value;
        moved = true;
        continue;
      }
      s->units[from] += step;
      s->units[to] -= step;
    }
  return moved;
}

static void use_single(Search *s, int stage) {
  for (int i = 0; i < s->n_stages; i++) s->units[i] = i == stage ? all_units(s) : 0;
}

/* All units on the stage that does best alone. */
static void try_single(Search *s) {
  int best = -1;
  for (int stage = s->first; stage < s->n_stages; stage++) {
    use_single(s, stage);
    double value = judge(s);
    if (best >= 0 && value < s->value) continue;
    best = stage;
    s->value = value;
  }
  use_single(s, best);
}

static void choose_weights(Search *s) {
  try_single(s);
  for (int step = all_units(s) / 2; step > 0; step /= 2)
    while (try_moves(s, step)) continue;
}

/* Whether `other` does more than `usual` by a standard error. */
static bool does_more(const Search *other, const Search *usual) {
  double limits[2][N_LIMITS], sum = 0, squares = 0;
  size_t n = usual->judged->images.n;
  find_limits(other, limits[0]);
  find_limits(usual, limits[1]);
  for (size_t j = 0; j < n; j++) {
    double more = gain_of(other, j, limits[0]) - gain_of(usual, j, limits[1]);
    sum += more;
    squares += more * more;
  }
  return sum > sqrt(squares - sum * sum / (double)n);
}

/* ---- the limit ---- */

/* Floors from the images that calibrate. */
static WnStatus calibrate(Search *s, const Crowd *crowd, double confidence, WniFloors *out,
                          WnError *error) {
  size_t n = crowd->images.n, n_lost = 0;
  double *ranks = malloc((size_t)s->n_stages * n * sizeof *ranks), *t = malloc(n * sizeof *t);
  WnStatus status = ranks && t ? WN_OK : wni_fail_memory(error, "the floors");
  if (status == WN_OK) {
    set_ranks(s, crowd, ranks);
    sort_t(s, crowd, ranks, n, t);
    double limit = t[wni_conformal_count(n, s->rejected, confidence) - 1];
    while (n_lost < n && t[n_lost] < limit) n_lost++;
    for (int i = 0; i < s->n_stages; i++) {
      bool none = s->units[i] == 0 || !(limit > 0);
      out->floors[i] = none ? (double)NAN : wni_rank_floor(&s->rank[i], limit * weight(s, i));
      if (out->weights) out->weights[i] = weight(s, i);
    }
    out->standardised = s->standardised;
    out->n_calibrated = n;
    out->rejected = (double)n_lost / (double)n;
  }
  free(ranks);
  free(t);
  return status;
}

/* ---- what is asked of whom ---- */

/* Into index [images.n] those of classes that the model knows, in random order; their number. */
static size_t list_known(const WniTask *task, WniImages images, uint32_t *index) {
  size_t n = 0;
  for (size_t i = 0; i < images.n; i++)
    if (!task->nothing || task->scores->truth[images.index[i]] != *task->nothing)
      index[n++] = images.index[i];
  wni_shuffle(index, n);
  return n;
}

/* Into index [MAX_PICTURES or images.n] what stands for nothing: pictures of it, or the images
 * that the whole network gets wrong. */
static WniImages list_judged(const WniTask *task, const WniScores *nothing, WniImages chosen,
                             uint32_t *index) {
  size_t n = 0, step = nothing->n / MAX_PICTURES + 1;
  for (size_t i = 0; i < nothing->n; i += step) index[n++] = (uint32_t)i;
  for (size_t i = 0; nothing->n == 0 && i < chosen.n && n < MAX_PICTURES; i++) {
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

static WnStatus search_both(const Crowd *chosen, const Crowd *judged, const Crowd *calibration,
                            const WniFloorRequest *request, WniFloors *out, WnError *error) {
  Search search[2] = {0};
  WnStatus status = WN_OK;
  bool judging = request->nothing->n > 0 || judged->images.n >= MIN_WRONG;
  int usual = chosen->task.scores->n_classes >= MANY_CLASSES;
  for (int s = 0; s < 2 && status == WN_OK; s++) {
    status = search_init(&search[s], chosen, judged, request->rejected, s == 1, error);
    if (status == WN_OK && judging) choose_weights(&search[s]);
  }
  if (status == WN_OK) {
    bool other = judging && does_more(&search[!usual], &search[usual]);
    status =
        calibrate(&search[other ? !usual : usual], calibration, request->confidence, out, error);
  }
  search_clear(&search[0]);
  search_clear(&search[1]);
  return status;
}

/* Simulates everything that counts, once. */
static WnStatus find(const WniTask *task, WniImages chosen, WniImages judged, WniImages calibration,
                     const double *thresholds, const WniFloorRequest *request, WniFloors *out,
                     WnError *error) {
  const WniScores *stand_in = request->nothing->n ? request->nothing : task->scores;
  Crowd crowds[3] = {0};
  WnStatus status = crowd_init(&crowds[0], task, task->scores, chosen, thresholds, error);
  if (status == WN_OK) status = crowd_init(&crowds[1], task, stand_in, judged, thresholds, error);
  if (status == WN_OK)
    status = crowd_init(&crowds[2], task, task->scores, calibration, thresholds, error);
  if (status == WN_OK)
    status = search_both(&crowds[0], &crowds[1], &crowds[2], request, out, error);
  for (int i = 0; i < 3; i++) crowd_clear(&crowds[i]);
  return status;
}

WnStatus wni_floors_find(const WniTask *task, WniImages images, const double *thresholds,
                         const WniFloorRequest *request, WniFloors *out, WnError *error) {
  uint32_t *known = malloc((images.n + 1) * sizeof *known);
  uint32_t *index = malloc((images.n + MAX_PICTURES) * sizeof *index);
  WnStatus status = known && index ? WN_OK : wni_fail_memory(error, "the floors");
  if (status == WN_OK) {
    size_t n = list_known(task, images, known), half = n / 2;
    WniImages chosen = {known, half}, calibration = {known + half, n - half};
    if (half == 0 ||
        wni_conformal_count(calibration.n, request->rejected, request->confidence) == 0)
      status = fail_few(n, request, error);
    else
      status = find(task, chosen, list_judged(task, request->nothing, chosen, index), calibration,
                    thresholds, request, out, error);
  }
  free(known);
  free(index);
  return status;
}
