/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See floor.h.  Split conformal prediction: Vovk, Gammerman and Shafer, Algorithmic Learning in a
 * Random World, 2005; the distribution over calibration sets: Vovk, Conditional validity of
 * inductive conformal predictors, arXiv 1209.2673, Proposition 2.
 */
#include "tune/floor.h"

#include <math.h>
#include <stdlib.h>

void wni_floor_scores(const WniScores *scores, WniImages images, int stage, bool standardised,
                      const int *classes, double *out) {
  int n = scores->n_classes;
  for (size_t i = 0; i < images.n; i++) {
    const float *logits = wni_scores_at(scores, images.index[i], stage);
    int compared = classes ? classes[i] : wni_arg_max(logits, n);
    out[i] = wni_floor_score(wni_floor_scale(standardised, logits, 1, n), logits[compared]);
  }
}

/* ---- ranks ---- */

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

WniRank wni_rank_make(double *scores, size_t n) {
  qsort(scores, n, sizeof *scores, compare);
  double spread = scores[n / 2] - scores[0];
  return (WniRank){scores, n, spread > 0 ? spread : 1};
}

/* How many of the known scores are at most `score`. */
static size_t count_below(const WniRank *rank, double score) {
  size_t low = 0, high = rank->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (rank->sorted[middle] <= score)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* u x (n + 1), from `below` at the known score before `above`, to `up_to` there. */
double wni_rank_of(const WniRank *rank, double score) {
  size_t below = count_below(rank, score);
  if (below == rank->n) return 1;
  double above = rank->sorted[below], n = (double)rank->n + 1;
  double up_to = (double)count_below(rank, above);
  if (below == 0) return up_to / n * exp((score - above) / rank->tail);
  double before = rank->sorted[below - 1];
  return ((double)below + (up_to - (double)below) * (score - before) / (above - before)) / n;
}

double wni_rank_inverse(const WniRank *rank, double u) {
  double at = u * ((double)rank->n + 1);
  if (at >= (double)rank->n) return rank->sorted[rank->n - 1];
  double above = rank->sorted[at > 1 ? (size_t)ceil(at) - 1 : 0];
  double up_to = (double)count_below(rank, above);
  size_t below = count_below(rank, nextafter(above, -INFINITY));
  if (below == 0) return above + rank->tail * log(at / up_to);
  double before = rank->sorted[below - 1];
  return before + (above - before) * (at - (double)below) / (up_to - (double)below);
}

double wni_rank_floor(const WniRank *rank, double u) {
  double score = wni_rank_inverse(rank, u);
  double digits = 4 - floor(log10(fmax(fabs(score), rank->tail)));
  double scale = pow(10, digits);
  return floor(score * scale - 0.5) / scale;
}

/* ---- conformal ---- */

/* NIST Digital Library of Mathematical Functions, 8.17.5: for whole numbers it is the probability
 * of k or more successes in n trials, one minus that of fewer. */
double wni_beta_share(size_t k, size_t n, double x) {
  double fewer = 0, log_n = lgamma((double)n + 1);
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  for (size_t j = 0; j < k; j++)
    fewer += exp(log_n - lgamma((double)j + 1) - lgamma((double)(n - j) + 1) + (double)j * log(x) +
                 (double)(n - j) * log1p(-x));
  return fmax(0, 1 - fewer);
}

size_t wni_conformal_count(size_t n, double rejected, double confidence) {
  size_t low = 0, high = (size_t)(rejected * ((double)n + 1) + 1e-9); /* 0.05 * 20 is 1 */
  if (high > n) high = n;
  if (!(confidence > 0)) return high;
  high = n; /* a low confidence allows more than the mean does */
  while (low < high) {
    size_t k = low + (high - low + 1) / 2;
    if (wni_beta_share(k, n, rejected) >= confidence)
      low = k;
    else
      high = k - 1;
  }
  return low;
}

size_t wni_conformal_needed(double rejected, double confidence) {
  size_t n = 1;
  while (wni_conformal_count(n, rejected, confidence) == 0) n++;
  return n;
}
