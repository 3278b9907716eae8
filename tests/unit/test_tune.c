/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The searches of engine/tune on made-up scores: the grid's decisions against session/exit.c, both
 * methods against trying everything, and the p-value of risk control against its promise.
 */
#include "suite.h"
#include "tune/method.h"
#include "tune/risk.h"
#include "tune/search.h"
#include "tune/simulate.h"

#include <math.h>
#include <string.h>

static uint64_t state;

static double uniform(void) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return (double)(state >> 11) / 9007199254740992.0;
}

static double normal(void) {
  return sqrt(-2 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform());
}

/* Scores that become clearer from exit to exit; `step` > 0 rounds them, which makes ties. */
typedef struct Made {
  WniScores scores;
  WniTask task;
  WniImages images;
  uint32_t *index;
  uint64_t macs[16];
  bool watched[256];
} Made;

static void make(Made *made, WnStrategy strategy, bool softmax, size_t n, int n_exits,
                 int n_classes, double step) {
  *made = (Made){.scores = {.n_exits = n_exits, .n_classes = n_classes}};
  made->index = calloc(n, sizeof *made->index);
  for (size_t i = 0; i < n; i++) {
    int truth = (int)(uniform() * n_classes);
    float *logits = wni_scores_add(&made->scores, truth);
    double ease = 1 + 2 * uniform();
    made->index[i] = (uint32_t)i;
    for (int k = 0; k <= n_exits; k++)
      for (int c = 0; c < n_classes; c++) {
        double x = normal() + (c == truth ? ease * (1 + k) / 1.5 : 0);
        logits[k * n_classes + c] = (float)(step > 0 ? round(x / step) * step : x);
      }
  }
  for (int k = 0; k <= n_exits; k++) made->macs[k] = 1000 * (uint64_t)(k + 2);
  made->images = (WniImages){made->index, n};
  made->task = (WniTask){.scores = &made->scores,
                         .strategy = strategy,
                         .softmax = softmax,
                         .macs = made->macs,
                         .macs_per_row = 7};
}

static void watch(Made *made, int c) {
  made->watched[c] = true;
  made->task.watched = made->watched;
}

static void discard(Made *made) {
  wni_scores_clear(&made->scores);
  free(made->index);
}

static void copy_levels(const WniGrid *grid, const int *level, double *thresholds) {
  for (int k = 0; k < grid->n_exits; k++)
    thresholds[k] = grid->thresholds[k * grid->n_levels + level[k]];
}

/* Every sum of a sweep is what exit.c decides with these thresholds. */
static void compare_sums(const Made *made, int n_levels) {
  WniGrid grid;
  WniSweep sweep;
  WniSums *sums = calloc((size_t)n_levels, sizeof *sums);
  ck_assert_int_eq(
      wni_grid_init(&grid, &made->task, made->images, WNI_COUNT_ALL, n_levels, NULL, NULL), WN_OK);
  ck_assert_int_eq(wni_sweep_init(&sweep, &grid, NULL), WN_OK);
  for (int round = suite_rounds(4); round > 0; round--) {
    int level[16];
    double thresholds[16];
    for (int k = 0; k < grid.n_exits; k++) level[k] = (int)(uniform() * grid.n_levels);
    for (int k = 0; k < grid.n_exits; k++) {
      wni_sweep_run(&sweep, level, k, sums);
      for (int l = 0; l < grid.n_levels; l++) {
        WniOutcome o;
        copy_levels(&grid, level, thresholds);
        thresholds[k] = grid.thresholds[k * grid.n_levels + l];
        ck_assert_int_eq(wni_simulate(&made->task, made->images, thresholds, &o, NULL, NULL, NULL),
                         WN_OK);
        bool query = made->task.watched != NULL;
        ck_assert_int_eq(sums[l].macs, (int64_t)(query ? o.macs_others : o.macs));
        ck_assert_int_eq(sums[l].errors, (int64_t)(query ? o.misses : o.images - o.right));
        ck_assert_int_eq(sums[l].alarms, (int64_t)o.alarms);
      }
    }
  }
  wni_sweep_clear(&sweep);
  wni_grid_clear(&grid);
  free(sums);
}

START_TEST(losses_are_what_the_network_gets_right) {
  Made made;
  WniGrid grid;
  WniSweep sweep;
  WniSums sums[12];
  int8_t drops[200];
  state = 7;
  make(&made, WN_STRATEGY_CLASS_EXCLUSION, true, 200, 3, 10, 0);
  wni_grid_init(&grid, &made.task, made.images, WNI_COUNT_LOSSES, 12, NULL, NULL);
  wni_sweep_init(&sweep, &grid, NULL);
  ck_assert_int_eq(sweep.full.errors, 0);
  int level[3] = {4, 5, 6};
  wni_sweep_run(&sweep, level, 1, sums);
  for (level[1] = 0; level[1] < grid.n_levels; level[1]++) {
    double thresholds[3];
    WniOutcome o;
    int losses = 0;
    copy_levels(&grid, level, thresholds);
    wni_simulate(&made.task, made.images, thresholds, &o, NULL, drops, NULL);
    for (int i = 0; i < 200; i++) losses += drops[i] == 1;
    ck_assert_int_eq(sums[level[1]].errors, losses);
  }
  wni_sweep_clear(&sweep);
  wni_grid_clear(&grid);
  discard(&made);
}
END_TEST

START_TEST(a_grid_decides_as_a_session) {
  static const int classes[] = {2, 10, 64, 100, 200};
  state = 1;
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    for (int kind = 0; kind < 5; kind++) {
      Made made;
      WnStrategy strategy = kind == 1   ? WN_STRATEGY_CONFIDENCE
                            : kind == 2 ? WN_STRATEGY_ENTROPY
                                        : WN_STRATEGY_CLASS_EXCLUSION;
      make(&made, strategy, kind % 2 == 0, 60, 4, classes[i], i % 2 ? 0.5 : 0);
      if (kind == 4) watch(&made, 1);
      compare_sums(&made, 20);
      discard(&made);
    }
}
END_TEST

START_TEST(levels_lie_between_images_and_rise) {
  state = 2;
  for (WnStrategy s = WN_STRATEGY_CLASS_EXCLUSION; s <= WN_STRATEGY_ENTROPY; s++) {
    Made made;
    WniGrid grid;
    make(&made, s, true, 300, 3, 10, 0);
    ck_assert_int_eq(wni_grid_init(&grid, &made.task, made.images, WNI_COUNT_ALL, 24, NULL, NULL),
                     WN_OK);
    double sign = s == WN_STRATEGY_CONFIDENCE ? -1 : 1;
    for (int k = 0; k < 3; k++) {
      const double *t = grid.thresholds + k * grid.n_levels;
      ck_assert_double_eq(t[0], s == WN_STRATEGY_CONFIDENCE ? 1 : 0);
      for (int l = 1; l < grid.n_levels; l++) ck_assert(sign * t[l] >= sign * t[l - 1]);
      ck_assert(sign * t[grid.n_levels - 1] > sign * t[12]);
    }
    wni_grid_clear(&grid);
    discard(&made);
  }
}
END_TEST

/* The fewest MACs over all policies of the grid. */
static int64_t brute_force(const WniGrid *grid, const WniSums *full, WniSweep *sweep,
                           int64_t extra) {
  int level[3] = {0};
  int64_t best = full->macs;
  WniSums *sums = calloc((size_t)grid->n_levels, sizeof *sums);
  for (level[0] = 0; level[0] < grid->n_levels; level[0]++)
    for (level[1] = 0; level[1] < grid->n_levels; level[1]++) {
      wni_sweep_run(sweep, level, 2, sums);
      for (int l = 0; l < grid->n_levels; l++)
        if (sums[l].errors <= full->errors + extra && sums[l].macs < best) best = sums[l].macs;
    }
  free(sums);
  return best;
}

START_TEST(joint_search_finds_what_there_is) {
  state = 3;
  for (WnStrategy s = WN_STRATEGY_CLASS_EXCLUSION; s <= WN_STRATEGY_ENTROPY; s++)
    for (int64_t extra = 0; extra <= 9; extra += 3) {
      Made made;
      WniGrid grid;
      WniSearch joint, greedy;
      int level[3];
      make(&made, s, true, 300, 3, 6, 0);
      ck_assert_int_eq(wni_grid_init(&grid, &made.task, made.images, WNI_COUNT_ALL, 24, NULL, NULL),
                       WN_OK);
      ck_assert_int_eq(wni_search_init(&joint, &grid, extra, 0, NULL), WN_OK);
      ck_assert_int_eq(wni_search_init(&greedy, &grid, extra, 0, NULL), WN_OK);
      wni_search_path(&joint);
      wni_search_polish(&joint, extra);
      wni_search_greedy(&greedy, extra, level);
      int64_t found = wni_search_best(&joint, extra, level), full = joint.sweep.full.macs;
      int64_t best = brute_force(&grid, &joint.sweep.full, &joint.sweep, extra);
      ck_assert_int_le(best, found);
      ck_assert_msg(found - best <= full / 100, "%lld, best %lld of %lld", (long long)found,
                    (long long)best, (long long)full);
      ck_assert_int_le(found, wni_search_best(&greedy, extra, level));
      wni_search_clear(&greedy);
      wni_search_clear(&joint);
      wni_grid_clear(&grid);
      discard(&made);
    }
}
END_TEST

START_TEST(methods_keep_to_the_limit) {
  const WniAllowed allowed = {0.02, 0.01};
  state = 4;
  for (int query = 0; query < 2; query++) {
    Made made;
    double thresholds[3], again[3];
    WniOutcome o;
    make(&made, WN_STRATEGY_CLASS_EXCLUSION, true, 400, 3, 6, 0);
    if (query) watch(&made, 2);
    for (int greedy = 0; greedy < 2; greedy++) {
      if (greedy)
        wni_method_greedy(&made.task, made.images, allowed, thresholds, NULL);
      else
        wni_method_joint(&made.task, made.images, allowed, 1, thresholds, NULL);
      wni_simulate(&made.task, made.images, thresholds, &o, NULL, NULL, NULL);
      double drop = query ? ((double)o.misses - (double)o.misses_full) / (double)o.watched
                          : ((double)o.right_full - (double)o.right) / (double)o.images;
      ck_assert_double_le(drop, allowed.errors);
      if (query)
        ck_assert_double_le(((double)o.alarms - (double)o.alarms_full) / (double)o.others,
                            allowed.alarms);
      ck_assert_int_lt(o.macs, o.images * made.macs[3]);
    }
    wni_method_joint(&made.task, made.images, allowed, 1, thresholds, NULL);
    wni_method_joint(&made.task, made.images, allowed, 1, again, NULL);
    ck_assert_mem_eq(thresholds, again, sizeof again);
    discard(&made);
  }
}
END_TEST

/* Drops of -1, 0 and 1 whose mean is exactly the limit: rejected with probability delta at most. */
/* The end of the network answers two of five images with the next class, whatever they show. */
static void spoil_end(Made *made) {
  WniScores *scores = &made->scores;
  for (size_t i = 0; i < scores->n; i++) {
    int stages = scores->n_exits + 1, next = (scores->truth[i] + 1) % scores->n_classes;
    if (i % 5 < 2)
      scores->logits[(i * (size_t)stages + (size_t)scores->n_exits) * (size_t)scores->n_classes +
                     (size_t)next] += 100;
  }
}

START_TEST(gains_make_up_for_losses) {
  enum { N = 4000, EXITS = 3, LIMIT = 20 };
  double limit = (double)LIMIT / N, thresholds[EXITS];
  Made made;
  WniOutcome o;
  int8_t drops[N];
  int losses = 0, net = 0;
  state = 12;
  make(&made, WN_STRATEGY_CLASS_EXCLUSION, true, N, EXITS, 6, 0);
  spoil_end(&made);
  WniAllowed allowed = {limit, 0};
  ck_assert_int_eq(wni_method_joint(&made.task, made.images, allowed, 1, thresholds, NULL), WN_OK);
  ck_assert_int_eq(wni_simulate(&made.task, made.images, thresholds, &o, NULL, drops, NULL), WN_OK);
  for (int i = 0; i < N; i++) {
    losses += drops[i] > 0;
    net += drops[i];
  }
  ck_assert_int_le(net, LIMIT);
  ck_assert_int_gt(losses, 10 * LIMIT); /* far more than what is allowed without gains */
  /* In a watch query they do not. */
  watch(&made, 0);
  allowed.alarms = 1;
  ck_assert_int_eq(wni_method_joint(&made.task, made.images, allowed, 1, thresholds, NULL), WN_OK);
  ck_assert_int_eq(wni_simulate(&made.task, made.images, thresholds, &o, NULL, NULL, NULL), WN_OK);
  ck_assert_uint_gt(o.watched, N / 10);
  ck_assert_uint_le(o.losses, (uint64_t)(limit * (double)o.watched));
  ck_assert_uint_lt(o.misses, o.misses_full); /* and yet there are some */
  discard(&made);
}
END_TEST

/* The longer a stream lasts the surer of themselves its exits are, right or wrong: thresholds from
 * one part of it are too bold for a later one, which only parts that are held out whole show. */
START_TEST(a_stream_is_held_out_in_pieces) {
  enum { N = 1000, EXITS = 3, CLASSES = 6 };
  const WniAllowed allowed = {0.02, 0};
  double thresholds[EXITS];
  WniOutcome o[2];
  Made made;
  state = 21;
  make(&made, WN_STRATEGY_CLASS_EXCLUSION, true, N, EXITS, CLASSES, 0);
  for (size_t i = 0; i < N; i++) {
    size_t piece = i * 5 / N;
    for (size_t at = 0; at < EXITS * CLASSES; at++)
      made.scores.logits[i * (EXITS + 1) * CLASSES + at] *= 1 + 2 * (float)piece;
  }
  for (int in_order = 0; in_order < 2; in_order++) {
    made.task.in_order = in_order;
    ck_assert_int_eq(wni_method_joint(&made.task, made.images, allowed, 1, thresholds, NULL),
                     WN_OK);
    wni_simulate(&made.task, made.images, thresholds, &o[in_order], NULL, NULL, NULL);
  }
  ck_assert_uint_gt(o[1].macs, o[0].macs);
  ck_assert_uint_gt(o[1].right, o[0].right);
  discard(&made);
}
END_TEST

START_TEST(the_p_value_keeps_its_promise) {
  enum { N = 400 };
  const int trials = suite_rounds(4000);
  static const double deltas[] = {0.05, 0.1, 0.3};
  static int8_t drops[N];
  const double limit = 0.02, rise = 0.01; /* P(1) = 0.03, P(-1) = 0.01 */
  state = 5;
  for (size_t d = 0; d < 3; d++) {
    int rejected = 0;
    for (int trial = 0; trial < trials; trial++) {
      for (int i = 0; i < N; i++) {
        double u = uniform();
        drops[i] = u < limit + rise ? 1 : u > 1 - rise ? -1 : 0;
      }
      rejected += wni_risk_p_value(drops, N, limit, deltas[d]) <= deltas[d];
    }
    double error = 3 * sqrt(deltas[d] * (1 - deltas[d]) / trials);
    ck_assert_double_le((double)rejected / trials, deltas[d] + error);
  }
  memset(drops, 0, sizeof drops); /* no drop at all: as sure as can be */
  ck_assert_double_lt(wni_risk_p_value(drops, N, 0.05, 0.1), 0.01);
  memset(drops, 1, sizeof drops);
  ck_assert_double_eq(wni_risk_p_value(drops, N, 0.05, 0.1), 1);
}
END_TEST

START_TEST(risk_needs_images) {
  Made made;
  double thresholds[3], drop;
  uint64_t n;
  WnError error = {0};
  state = 6;
  make(&made, WN_STRATEGY_CLASS_EXCLUSION, true, 2000, 3, 6, 0);
  ck_assert_int_eq(wni_risk_search(&made.task, made.images, 0.05, 0.9, thresholds, &n, &drop, NULL),
                   WN_OK);
  ck_assert_int_eq(n, 1000);
  ck_assert_double_le(drop, 0.05);
  made.images.n = 20;
  ck_assert_int_eq(
      wni_risk_search(&made.task, made.images, 0.05, 0.9, thresholds, &n, &drop, &error),
      WN_ERROR_DATA);
  ck_assert_ptr_nonnull(strstr(error.message, "more images"));
  discard(&made);
}
END_TEST

SUITE_MAIN("tune", a_grid_decides_as_a_session, losses_are_what_the_network_gets_right,
           levels_lie_between_images_and_rise, joint_search_finds_what_there_is,
           methods_keep_to_the_limit, gains_make_up_for_losses, a_stream_is_held_out_in_pieces,
           the_p_value_keeps_its_promise, risk_needs_images)
