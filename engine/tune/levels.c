/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which thresholds a search tries.  An image stops when the threshold passes its critical value
 * (scorer.h), so only the order of these values matters: levels lie at their quantiles, closer
 * together towards both ends, halfway between two images and never on one, in as few
 * digits as that allows.
 *
 * A few levels of class-exclusion lie below all that: they stop no image, but what they
 * exclude makes it easier to stop later.
 */
#include "base/error.h"
#include "tune/grid.h"
#include "tune/scorer.h"

#include <math.h>
#include <stdlib.h>

/* The session clamps a scaled beta to this. */
#define MAX_BETA 0.999

/* Fills critical and lowest [n_exits][n]: the critical values, and log p of the worst class
 * against the best. */
static void survey(WniScorer *scorer, WniImages images, double *critical, double *lowest) {
  const WniScores *scores = scorer->task->scores;
  for (int exit = 0; exit < scores->n_exits; exit++)
    for (size_t i = 0; i < images.n; i++) {
      wni_scorer_score(scorer, images.index[i], exit);
      double worst = 0;
      for (int c = 0; c < scores->n_classes; c++)
        worst = fmin(worst, scorer->log_p[c] - scorer->log_p[scorer->best]);
      critical[(size_t)exit * images.n + i] = wni_scorer_critical(scorer);
      lowest[(size_t)exit * images.n + i] = worst;
    }
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The number with the fewest digits between two others, near their middle; NaN: there is none. */
static double short_between(double low, double high) {
  double middle = low + (high - low) / 2;
  if (!(middle > 0)) return (double)NAN;
  for (int digits = 2; digits <= 15; digits++) {
    double scale = pow(10, digits - ceil(log10(middle)));
    double number = round(middle * scale) / scale;
    if (number > low && number < high) return number;
  }
  return (double)NAN;
}

/* The threshold between two critical values; NaN: none is possible there. */
static double between(WnStrategy strategy, double a, double b) {
  if (strategy == WN_STRATEGY_CONFIDENCE) return short_between(-b, -a);
  if (strategy == WN_STRATEGY_ENTROPY) return short_between(a, b);
  return short_between(exp(a), fmin(exp(b), MAX_BETA));
}

/* Those below all critical values, from the lowest class of the median image upwards. */
static int choose_low(double lowest, double critical, int n, double *out) {
  int count = 0;
  if (!(lowest < critical)) return 0;
  for (int i = 0; i < n; i++) {
    double log_beta = lowest + (critical - lowest) * (i + 0.5) / n;
    double beta = short_between(exp(log_beta - 0.05), exp(log_beta + 0.05));
    if (isfinite(beta) && beta <= MAX_BETA && (count == 0 || beta > out[count - 1]))
      out[count++] = beta;
  }
  return count;
}

/* `critical` and `lowest` [n] are sorted. */
static void choose_exit(WnStrategy strategy, const double *critical, const double *lowest, size_t n,
                        int n_levels, double *out) {
  int count = 0;
  out[count++] = strategy == WN_STRATEGY_CONFIDENCE ? 1 : 0;
  if (strategy == WN_STRATEGY_CLASS_EXCLUSION)
    count += choose_low(lowest[n / 2], critical[n / 50], n_levels / 8, out + count);
  int wanted = n_levels - count;
  for (int i = 1; i <= wanted; i++) {
    double u = (double)i / (wanted + 1), quantile = u * u * (3 - 2 * u);
    size_t at = (size_t)(quantile * (double)n) + 1;
    while (at < n && critical[at - 1] == critical[at]) at++;
    double threshold = at < n ? between(strategy, critical[at - 1], critical[at]) : (double)NAN;
    bool bolder = strategy == WN_STRATEGY_CONFIDENCE ? threshold < out[count - 1]
                                                     : threshold > out[count - 1];
    if (bolder) out[count++] = threshold;
  }
  for (; count < n_levels; count++) out[count] = out[count - 1];
}

WnStatus wni_levels_choose(const WniTask *task, WniImages images, int n_levels, double *thresholds,
                           WnError *error) {
  size_t n_exits = (size_t)task->scores->n_exits, n = images.n;
  double *critical = malloc((n_exits * n + 1) * sizeof *critical);
  double *lowest = malloc((n_exits * n + 1) * sizeof *lowest);
  WniScorer scorer;
  bool enough = wni_scorer_init(&scorer, task) && critical && lowest;
  if (enough) survey(&scorer, images, critical, lowest);
  for (size_t exit = 0; enough && exit < n_exits; exit++) {
    qsort(critical + exit * n, n, sizeof *critical, compare);
    qsort(lowest + exit * n, n, sizeof *lowest, compare);
    choose_exit(task->strategy, critical + exit * n, lowest + exit * n, n, n_levels,
                thresholds + exit * (size_t)n_levels);
  }
  wni_scorer_clear(&scorer);
  free(critical);
  free(lowest);
  return enough ? WN_OK : wni_fail_memory(error, "the thresholds");
}
