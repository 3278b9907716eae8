/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Folding of layers that networks also apply to their weights: BatchNormalization, which
 * standardises them in training mode (Weight Standardization).
 */
#include "graph/fold.h"

#include <math.h>

/* x as [outer][channels][inner]. */
typedef struct Channels {
  const float *x;
  size_t outer, n, inner;
} Channels;

/* Mean and variance of a channel over everything else. */
static void statistics(const Channels *in, size_t c, double *mean, double *variance) {
  double sum = 0, squares = 0, count = (double)(in->outer * in->inner);
  for (size_t o = 0; o < in->outer; o++)
    for (size_t i = 0; i < in->inner; i++) sum += (double)in->x[(o * in->n + c) * in->inner + i];
  *mean = sum / count;
  for (size_t o = 0; o < in->outer; o++)
    for (size_t i = 0; i < in->inner; i++) {
      double d = (double)in->x[(o * in->n + c) * in->inner + i] - *mean;
      squares += d * d;
    }
  *variance = squares / count;
}

WnStatus wni_fold_batch_normalization(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0), *gamma = wni_fold_input(fold, 1),
                    *beta = wni_fold_input(fold, 2);
  bool training = wni_attr_int(fold->node->proto, "training_mode", 0) != 0;
  double epsilon = (double)wni_attr_float(fold->node->proto, "epsilon", 1e-5f);
  Channels in = {.x = x->f, .outer = 1, .n = gamma->count, .inner = 1};
  void *data;
  WnStatus status = wni_fold_allocate(fold, false, &data);
  if (status != WN_OK) return status;
  if (x->rank > 1) in.outer = (size_t)x->dim[0];
  if (in.outer > 0 && in.n > 0) in.inner = x->count / in.outer / in.n;
  for (size_t c = 0; c < in.n; c++) {
    double mean = (double)wni_fold_input(fold, 3)->f[c];
    double variance = (double)wni_fold_input(fold, 4)->f[c];
    if (training) statistics(&in, c, &mean, &variance);
    double scale = (double)gamma->f[c] / sqrt(variance + epsilon);
    for (size_t o = 0; o < in.outer; o++)
      for (size_t i = 0; i < in.inner; i++) {
        size_t at = (o * in.n + c) * in.inner + i;
        ((float *)data)[at] = (float)(((double)x->f[at] - mean) * scale + (double)beta->f[c]);
      }
  }
  return WN_OK;
}
