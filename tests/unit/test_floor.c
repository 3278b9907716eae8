/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tune/floor.c against SciPy and against its own inverse, and the promise of tune/floor_find.c on
 * made-up scores.
 */
#include "suite.h"
#include "tune/floor_find.h"

#include <math.h>
#include <string.h>

enum { CLASSES = 6, EXITS = 2, FRESH = 1000 };

static uint64_t state;

static double uniform(void) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (double)(state >> 11) / 9007199254740992.0;
}

static double normal(void) {
  return sqrt(-2 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform());
}

/* Appends images whose class stands out by `clear` at the end and by a third of it before; `step`
 * above 0 makes ties. */
static void add(WniScores *scores, size_t n, double clear, double step, int truth) {
  for (size_t i = 0; i < n; i++) {
    int class_index = truth >= 0 ? truth : (int)(uniform() * CLASSES);
    float *logits = wni_scores_add(scores, class_index);
    double ease = clear * (0.5 + uniform());
    for (int k = 0; k < (EXITS + 1) * CLASSES; k++) {
      bool end = k >= EXITS * CLASSES;
      double x = normal() + (k % CLASSES == class_index ? ease / (end ? 1 : 3) : 0);
      logits[k] = (float)(step > 0 ? round(x / step) * step : x);
    }
  }
}

static WniImages all(size_t n) {
  static uint32_t index[20000];
  for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
  return (WniImages){index, n};
}

static const uint64_t macs[EXITS + 1] = {100, 400, 1000};

static WniTask task_of(const WniScores *scores, WnStrategy strategy) {
  return (WniTask){.scores = scores, .strategy = strategy, .softmax = true, .macs = macs};
}

/* scipy.stats.beta.cdf(x, k, n + 1 - k) */
START_TEST(beta_is_scipys) {
  static const struct {
    size_t k, n;
    double x, share;
  } known[] = {{1, 1, 0.3, 0.3},
               {1, 19, 0.05, 0.6226463974646923},
               {3, 20, 0.1, 0.32307319481053404},
               {5, 10, 0.5, 0.623046875},
               {11, 230, 0.05, 0.602636063692164},
               {100, 2500, 0.05, 0.9919887102291315},
               {117, 2500, 0.05, 0.7807354920339159},
               {2500, 2500, 0.999, 0.0819823881078466},
               {10, 10000, 0.0005, 0.031791790069792415},
               {3, 20, 0, 0},
               {3, 20, 1, 1}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    ck_assert_double_eq_tol(wni_beta_share(known[i].k, known[i].n, known[i].x), known[i].share,
                            1e-9);
}
END_TEST

START_TEST(as_many_may_be_lost_as_is_promised) {
  ck_assert_uint_eq(wni_conformal_count(18, 0.05, 0), 0);
  ck_assert_uint_eq(wni_conformal_count(19, 0.05, 0), 1);
  ck_assert_uint_eq(wni_conformal_count(230, 0.05, 0), 11);
  ck_assert_uint_eq(wni_conformal_count(44, 0.05, 0.9), 0);
  ck_assert_uint_eq(wni_conformal_count(45, 0.05, 0.9), 1);
  ck_assert_uint_eq(wni_conformal_count(230, 0.05, 0.9), 7);
  ck_assert_uint_eq(wni_conformal_count(500, 0.05, 0.9), 19);
  ck_assert_uint_eq(wni_conformal_count(500, 0.01, 0.95), 2);
  ck_assert_uint_eq(wni_conformal_count(4, 0.99, 0), 4); /* never more than there are */
  ck_assert_uint_eq(wni_conformal_needed(0.05, 0), 19);
  ck_assert_uint_eq(wni_conformal_needed(0.05, 0.9), 45);
  for (size_t n = 1; n < 400; n++)
    for (int p = 0; p < 2; p++)
      ck_assert_uint_le(wni_conformal_count(n, 0.03, p * 0.9),
                        wni_conformal_count(n + 1, 0.03, p * 0.9));
}
END_TEST

START_TEST(ranks_rise_and_turn_back) {
  double scores[] = {5, 1, 2, 2, 9, 3.5, 2};
  WniRank rank = wni_rank_make(scores, 7);
  double last = 0;
  ck_assert_double_eq(rank.sorted[0], 1);
  for (double s = -20; s < 9; s += 0.125) {
    double u = wni_rank_of(&rank, s);
    ck_assert_double_gt(u, last);
    if (s != 2)
      ck_assert_double_eq_tol(wni_rank_inverse(&rank, u), s, 1e-9); /* 2 is there thrice */
    ck_assert_double_lt(wni_rank_floor(&rank, u), s);
    ck_assert_double_gt(wni_rank_floor(&rank, u), s - 0.01);
    last = u;
  }
  ck_assert_double_eq(wni_rank_of(&rank, 9), 1);
  ck_assert_double_eq(wni_rank_inverse(&rank, 1.5), 9);
  double same[] = {4, 4, 4};
  rank = wni_rank_make(same, 3);
  ck_assert_double_lt(wni_rank_of(&rank, 3.5), wni_rank_of(&rank, 4));
}
END_TEST

/* The share of fresh images that is lost. */
static double share_lost(const WniScores *fresh, const WniFloors *floors,
                         const double *thresholds) {
  WniOutcome o;
  WniTask task = task_of(fresh, WN_STRATEGY_CLASS_EXCLUSION);
  task.floors = floors->floors;
  task.standardised = floors->standardised;
  ck_assert_int_eq(wni_simulate(&task, all(FRESH), thresholds, &o, NULL, NULL, NULL), WN_OK);
  return (double)o.rejected / FRESH;
}

/* Weights are chosen by `n_pictures` of nothing; 0: they are equal. */
static void check_promise(double step, double confidence, size_t n_pictures, double *mean,
                          int *above) {
  enum { ROUNDS = 100, IMAGES = 120 };
  const double thresholds[EXITS] = {0.1, 0.2}, limit = 0.1;
  WniScores fresh = {.n_exits = EXITS, .n_classes = CLASSES}, pictures = fresh;
  state = 17;
  add(&fresh, FRESH, 3, step, -1);
  add(&pictures, n_pictures, 0, step, -1);
  *mean = 0;
  *above = 0;
  for (int round = 0; round < ROUNDS; round++) {
    double values[EXITS + 1];
    WniFloors floors = {.floors = values};
    WniFloorRequest request = {limit, confidence, &pictures};
    WniScores scores = {.n_exits = EXITS, .n_classes = CLASSES};
    add(&scores, IMAGES, 3, step, -1);
    WniTask task = task_of(&scores, WN_STRATEGY_CLASS_EXCLUSION);
    ck_assert_int_eq(wni_floors_find(&task, all(IMAGES), thresholds, &request, &floors, NULL),
                     WN_OK);
    ck_assert_uint_eq(floors.n_calibrated, IMAGES / 2);
    ck_assert_double_le(floors.rejected, limit);
    double share = share_lost(&fresh, &floors, thresholds);
    *mean += share / ROUNDS;
    *above += share > limit;
    wni_scores_clear(&scores);
  }
  wni_scores_clear(&fresh);
  wni_scores_clear(&pictures);
}

/* 100 rounds at 0.8 leave 20 of them above, give or take 4. */
START_TEST(the_promise_holds_on_fresh_images) {
  for (int ties = 0; ties < 2; ties++) {
    double mean;
    int above;
    check_promise(ties * 0.5, 0, 0, &mean, &above);
    ck_assert_msg(mean < 0.105 && mean > (ties ? 0.02 : 0.07), "on average %g", mean);
    check_promise(ties * 0.5, 0.8, 40, &mean, &above);
    ck_assert_msg(above <= 20 + 14, "%d above", above);
    ck_assert_msg(ties || above > 3, "%d above: too careful", above);
  }
}
END_TEST

/* An image that they do not reject stops where it did, with the same answer; one is rejected where
 * the first of its scores is not above the floor. */
START_TEST(floors_change_nothing_else) {
  enum { IMAGES = 300 };
  const double thresholds[EXITS] = {0.1, 0.2}, values[EXITS + 1] = {0.9, 1.2, 1.5};
  static int stages[IMAGES], answers[IMAGES];
  static double s[EXITS + 1][IMAGES];
  int n_rejected = 0, n_early = 0;
  WniScores scores = {.n_exits = EXITS, .n_classes = CLASSES};
  state = 8;
  add(&scores, IMAGES, 3, 0, -1);
  WniTask task = task_of(&scores, WN_STRATEGY_CLASS_EXCLUSION);
  task.floors = values;
  ck_assert_int_eq(wni_simulate_stops(&task, all(IMAGES), thresholds, stages, answers, NULL),
                   WN_OK);
  for (int k = 0; k <= EXITS; k++)
    wni_floor_scores(&scores, all(IMAGES), k, false, k == EXITS ? answers : NULL, s[k]);
  for (uint32_t i = 0; i < IMAGES; i++) {
    WniOutcome o;
    uint64_t exits[EXITS + 1];
    int stage = 0;
    while (stage < stages[i] && s[stage][i] > values[stage]) stage++;
    bool rejected = s[stage][i] <= values[stage];
    ck_assert_int_eq(wni_simulate(&task, (WniImages){&i, 1}, thresholds, &o, exits, NULL, NULL),
                     WN_OK);
    ck_assert_uint_eq(exits[stage], 1);
    ck_assert_uint_eq(o.nothing, rejected);
    ck_assert_uint_eq(o.right, !rejected && answers[i] == scores.truth[i]);
    n_rejected += rejected;
    n_early += !rejected && stage < EXITS;
  }
  ck_assert_int_gt(n_rejected, 30);
  ck_assert_int_gt(n_early, 30);
  wni_scores_clear(&scores);
}
END_TEST

/* Pictures of nothing whose stages are those of known images but for one, `telling`. */
static void add_pictures(WniScores *nothing, const WniScores *known, int telling, size_t n) {
  add(nothing, n, 0, 0, -1);
  for (size_t i = 0; i < n; i++)
    for (int k = 0; k <= EXITS; k++)
      if (k != telling)
        memcpy(nothing->logits + (i * (EXITS + 1) + (size_t)k) * CLASSES,
               wni_scores_at(known, i, k), CLASSES * sizeof(float));
}

/* Where only one stage tells nothing from the classes, its floor is the one that counts. */
START_TEST(pictures_of_nothing_choose_where_floors_are) {
  const double thresholds[EXITS] = {0, 0};
  for (int telling = EXITS; telling > 0; telling--) {
    WniScores known = {.n_exits = EXITS, .n_classes = CLASSES}, nothing = known;
    double values[EXITS + 1], weights[EXITS + 1];
    WniFloors floors = {.floors = values, .weights = weights};
    WniFloorRequest request = {0.05, 0, &nothing};
    WniOutcome o;
    state = 5;
    add(&known, 600, telling == EXITS ? 6 : 18, 0, -1);
    add_pictures(&nothing, &known, telling, 300);
    WniTask task = task_of(&known, WN_STRATEGY_CLASS_EXCLUSION);
    ck_assert_int_eq(wni_floors_find(&task, all(known.n), thresholds, &request, &floors, NULL),
                     WN_OK);
    ck_assert_msg(weights[telling] > 0.7, "%d: %g %g %g", telling, weights[0], weights[1],
                  weights[2]);
    for (int k = 0; k <= EXITS; k++) ck_assert(isnan(values[k]) == (weights[k] == 0));
    task.floors = values;
    task.standardised = floors.standardised;
    ck_assert_int_eq(wni_simulate(&task, all(known.n), thresholds, &o, NULL, NULL, NULL), WN_OK);
    ck_assert_uint_eq(o.known, 600);
    ck_assert_uint_eq(o.rejected, o.nothing);
    ck_assert_uint_lt(o.rejected, 60);
    task.scores = &nothing;
    ck_assert_int_eq(wni_simulate(&task, all(nothing.n), thresholds, &o, NULL, NULL, NULL), WN_OK);
    ck_assert_uint_gt(o.nothing, 200);
    ck_assert_uint_le(o.macs_nothing, macs[telling] * o.nothing);
    wni_scores_clear(&known);
    wni_scores_clear(&nothing);
  }
}
END_TEST

/* Without pictures by the number of classes; with them what does more on them. */
START_TEST(the_score_is_chosen) {
  const double thresholds[EXITS] = {0, 0};
  double values[EXITS + 1];
  WniFloors floors = {.floors = values};
  WniScores none = {0}, nothing = {.n_exits = EXITS, .n_classes = CLASSES};
  state = 9;
  for (int many = 0; many < 2; many++) {
    WniScores known = {.n_classes = many ? 1000 : CLASSES};
    WniFloorRequest request = {0.05, 0, &none};
    for (int i = 0; i < 40; i++) {
      float *logits = wni_scores_add(&known, 0);
      for (int c = 0; c < known.n_classes; c++) logits[c] = (float)normal();
      logits[0] = 9;
    }
    WniTask task = task_of(&known, WN_STRATEGY_NONE);
    ck_assert_int_eq(wni_floors_find(&task, all(known.n), thresholds, &request, &floors, NULL),
                     WN_OK);
    ck_assert(floors.standardised == many);
    wni_scores_clear(&known);
  }
  WniScores known = {.n_exits = EXITS, .n_classes = CLASSES};
  WniFloorRequest request = {0.05, 0, &nothing};
  add(&known, 600, 9, 0, -1);
  add(&nothing, 100, 0, 0, -1);
  for (size_t i = 0; i < nothing.n * (EXITS + 1) * CLASSES; i++) nothing.logits[i] += 20;
  WniTask task = task_of(&known, WN_STRATEGY_CLASS_EXCLUSION);
  ck_assert_int_eq(wni_floors_find(&task, all(known.n), thresholds, &request, &floors, NULL),
                   WN_OK);
  ck_assert(floors.standardised);
  wni_scores_clear(&known);
  wni_scores_clear(&nothing);
}
END_TEST

/* Images of the class that stands for nothing promise nothing, and nothing is the right answer. */
START_TEST(the_class_of_nothing_is_not_known) {
  const double thresholds[EXITS] = {0, 0};
  const int class_of_nothing = 4;
  WniScores scores = {.n_exits = EXITS, .n_classes = CLASSES}, none = {0};
  double values[EXITS + 1];
  WniFloors floors = {.floors = values};
  WniFloorRequest request = {0.05, 0, &none};
  WnError error;
  state = 6;
  add(&scores, 37, 9, 0, 1);
  add(&scores, 100, 9, 0, class_of_nothing);
  WniTask task = task_of(&scores, WN_STRATEGY_CLASS_EXCLUSION);
  task.nothing = &class_of_nothing;
  ck_assert_int_eq(wni_floors_find(&task, all(scores.n), thresholds, &request, &floors, &error),
                   WN_OK);
  ck_assert_uint_eq(floors.n_calibrated, 19);
  ck_assert_int_eq(
      wni_floors_find(&task, all(scores.n - 1 - 100), thresholds, &request, &floors, &error),
      WN_ERROR_DATA); /* 36 known images are one too few */
  ck_assert_msg(strstr(error.message, "36 images") && strstr(error.message, "37 or more"), "%s",
                error.message);
  WniOutcome o;
  ck_assert_int_eq(wni_simulate(&task, all(scores.n), thresholds, &o, NULL, NULL, NULL), WN_OK);
  ck_assert_uint_eq(o.known, 37);
  ck_assert_uint_gt(o.nothing, 80);
  ck_assert_uint_lt(o.rejected, 10);
  ck_assert_uint_gt(o.right, 110);
  wni_scores_clear(&scores);
}
END_TEST

SUITE_MAIN("floor", beta_is_scipys, as_many_may_be_lost_as_is_promised, ranks_rise_and_turn_back,
           the_promise_holds_on_fresh_images, floors_change_nothing_else,
           pictures_of_nothing_choose_where_floors_are, the_score_is_chosen,
           the_class_of_nothing_is_not_known)
