/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See risk.h.  Learn then Test (Angelopoulos, Bates, Candes, Jordan and Lei, arXiv 2110.01052), as
 * Jazbec et al. apply it to early exits ("Fast yet Safe", arXiv 2405.20915): one half of the
 * images orders policies from careful to bold; the other half tests them in that order, each for
 * "its drop is above the limit", and the last one before the first that cannot be refuted is the
 * answer.  Tested in an order that does not depend on the test's images, each at level delta, one
 * of the too bold ones passes with probability delta at most.
 *
 * The halves are drawn at random and not class by class: what is tested on must be a sample like
 * any other of the same kind.
 */
#include "tune/risk.h"

#include "base/error.h"
#include "tune/method.h"
#include "tune/search.h"

#include <math.h>
#include <stdlib.h>

/* The betting martingale of Waudby-Smith and Ramdas (Estimating means of bounded random variables
 * by betting, arXiv 2010.09686), in the form of Bates, Angelopoulos, Lei, Malik and Jordan, arXiv
 * 2101.02703, Proposition 5, for losses in [0, 1]: with x = (d + 1) / 2 and r = (limit + 1) / 2
 *
 *   mean_t = (1/2 + sum x) / (1 + t)     var_t = (1/4 + sum (x - mean)^2) / (1 + t)
 *   bet_t  = min(1, sqrt(2 log(1 / delta) / (n var_{t-1})))
 *   K_t    = product of 1 - bet (x - r)
 *
 * While the mean of x is at least r, K does not grow on average, and its maximum passes 1 / delta
 * with probability delta at most (Ville's inequality). */
double wni_risk_p_value(const int8_t *drops, size_t n, double limit, double delta) {
  double r = (limit + 1) / 2, sum = 0.5, squares = 0.25, log_k = 0, log_max = 0;
  for (size_t t = 0; t < n; t++) {
    double variance = squares / (double)(t + 1);
    double bet = fmin(1, sqrt(2 * log(1 / delta) / ((double)n * variance)));
    double x = (drops[t] + 1) / 2.0;
    log_k += log1p(-bet * (x - r));
    log_max = fmax(log_max, log_k);
    sum += x;
    double mean = sum / (double)(t + 2);
    squares += (x - mean) * (x - mean);
  }
  return exp(-log_max);
}

/* Fisher and Yates with SplitMix64. */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

void wni_shuffle(uint32_t *index, size_t n) {
  uint64_t state = 1;
  for (size_t i = n; i > 1; i--) {
    size_t other = (size_t)(next_random(&state) % i);
    uint32_t swap = index[i - 1];
    index[i - 1] = index[other];
    index[other] = swap;
  }
}

typedef struct Test {
  const WniTask *task;
  WniImages images;
  double limit, delta;
  int8_t *drops; /* [images.n] */
} Test;

/* Tests the archive's policies from careful to bold; *passed tells whether one did. */
static WnStatus test_path(const Test *test, const WniSearch *search, double *thresholds,
                          double *drop_tested, bool *passed, WnError *error) {
  const WniGrid *grid = search->grid;
  size_t n_exits = (size_t)grid->n_exits;
  double *candidate = calloc(n_exits, sizeof *candidate);
  WnStatus status = candidate ? WN_OK : wni_fail_memory(error, "the test");
  int64_t macs = INT64_MAX;
  *passed = false;
  for (int e = 0; status == WN_OK && e < search->archive.size; e++) {
    WniOutcome outcome;
    if (search->archive.macs[e] >= macs) continue;
    macs = search->archive.macs[e];
    for (size_t k = 0; k < n_exits; k++)
      candidate[k] = grid->thresholds[k * (size_t)grid->n_levels +
                                      (size_t)search->archive.level[(size_t)e * n_exits + k]];
    status = wni_simulate(test->task, test->images, candidate, &outcome, NULL, test->drops, error);
    if (status != WN_OK ||
        wni_risk_p_value(test->drops, test->images.n, test->limit, test->delta) > test->delta)
      break;
    *passed = true;
    *drop_tested = ((double)outcome.right_full - (double)outcome.right) / (double)outcome.images;
    for (size_t k = 0; k < n_exits; k++) thresholds[k] = candidate[k];
  }
  free(candidate);
  return status;
}

static WnStatus fail_to_guarantee(size_t n, double limit, double confidence, WnError *error) {
  return wni_fail(error, WN_ERROR_DATA,
                  "risk: %zu images to test on are too few to guarantee a drop of at most %g with "
                  "probability %g; give more images, a larger risk or a smaller confidence",
                  n, limit, confidence);
}

WnStatus wni_risk_search(const WniTask *task, WniImages images, double limit, double confidence,
                         double *thresholds, uint64_t *n_tested, double *drop_tested,
                         WnError *error) {
  size_t n_search = images.n / 2, n_test = images.n - n_search;
  uint32_t *order = malloc((images.n + 1) * sizeof *order);
  Test test = {task, {order + n_search, n_test}, limit, 1 - confidence, malloc(n_test + 1)};
  WniGrid grid = {0};
  WniSearch search = {0};
  bool passed = false;
  WnStatus status = order && test.drops ? WN_OK : wni_fail_memory(error, "the test");
  for (size_t i = 0; status == WN_OK && i < images.n; i++) order[i] = images.index[i];
  if (status == WN_OK && n_search == 0)
    status = fail_to_guarantee(n_test, limit, confidence, error);
  if (status == WN_OK) {
    wni_shuffle(order, images.n);
    status = wni_grid_init(&grid, task, (WniImages){order, n_search}, WNI_COUNT_LOSSES, WNI_LEVELS,
                           NULL, error);
  }
  if (status == WN_OK)
    status = wni_search_init(
        &search, &grid,
        wni_count_allowed(wni_count_losses(task, (WniImages){order, n_search}, limit), n_search), 0,
        error);
  if (status == WN_OK) {
    wni_search_path(&search);
    status = test_path(&test, &search, thresholds, drop_tested, &passed, error);
  }
  if (status == WN_OK && !passed) status = fail_to_guarantee(n_test, limit, confidence, error);
  *n_tested = n_test;
  wni_search_clear(&search);
  wni_grid_clear(&grid);
  free(test.drops);
  free(order);
  return status;
}
