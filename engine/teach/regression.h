/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Softmax regression with L2, as wide as features are and with as few rows as photos are:
 *
 *   minimise  mean over the rows of -log softmax(W x + b)[truth]  +  l2 / 2 |W|^2
 *
 * by L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithm 7.4).
 */
#ifndef WNI_TEACH_REGRESSION_H
#define WNI_TEACH_REGRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is learnt from; both forms of x hold the same numbers, of mean 0 and variance 1. */
typedef struct WniRows {
  size_t n, width;
  const float *x;       /* [n][width] */
  const float *columns; /* [width][n] */
  const int32_t *truth; /* [n] */
} WniRows;

/* W and b in one array [n_classes][width], [n_classes]. */
size_t wni_regression_size(size_t n_classes, size_t width);

/* Learns from the rows of which `used` [n] says so, starting from what `weights` hold.  False: no
 * memory. */
bool wni_regression_fit(const WniRows *rows, const bool *used, size_t n_classes, double l2,
                        float *weights);

/* logits [n_classes] of features [width]. */
void wni_regression_apply(const float *weights, size_t n_classes, size_t width, const float *x,
                          float *logits);

/* -log softmax(scale logits)[truth] */
double wni_softmax_loss(const float *logits, size_t n_classes, size_t truth, double scale);

#endif
