/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Folding of layers that networks also apply to their weights or positions: BatchNormalization,
 * which standardises them in training mode (Weight Standardization), the other normalisations, and
 * softmax.
 */
#include "graph/fold.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

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

/* ---- over sets of elements ---- */

/* x as [outer][n][inner]; a set is what `outer` and `inner` fix. */
typedef struct Sets {
  size_t outer, n, inner;
} Sets;

/* The dimensions before `first`, those up to `last`, and those behind. */
static Sets divide(const WniConstant *x, int first, int last) {
  Sets sets = {1, 1, 1};
  for (int d = 0; d < x->rank; d++)
    *(d < first ? &sets.outer : d <= last ? &sets.n : &sets.inner) *= (size_t)x->dim[d];
  return sets;
}

/* y = (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) for the n elements from x on. */
static void normalize(const float *x, size_t n, bool centred, double epsilon, double *y) {
  double mean = 0, squares = 0;
  for (size_t i = 0; centred && i < n; i++) mean += (double)x[i] / (double)n;
  for (size_t i = 0; i < n; i++) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
  double factor = 1 / sqrt(squares / (double)n + epsilon);
  for (size_t i = 0; i < n; i++) y[i] = ((double)x[i] - mean) * factor;
}

/* Element i of y, of `factor` for the whole output: broadcast to it, or one for each channel or
 * group of channels. */
static double factor_at(const WniFold *fold, const WniConstant *factor, bool by_channel, size_t i) {
  const int64_t *dim = fold->shape->dim;
  if (!by_channel) return (double)factor->f[wni_fold_broadcast(factor, fold->shape, i)];
  size_t channels = (size_t)dim[1], pixels = fold->out->count / (size_t)(dim[0] * dim[1]);
  return (double)factor->f[i / pixels % channels * factor->count / channels];
}

/* Every `length` neighbours are normalised, then scaled and shifted. */
static WnStatus normalize_sets(WniFold *fold, size_t length, bool centred, bool by_channel) {
  const WniConstant *x = wni_fold_input(fold, 0), *scale = wni_fold_input(fold, 1),
                    *shift = wni_fold_input(fold, 2);
  double epsilon = (double)wni_attr_float(fold->node->proto, "epsilon", 1e-5f);
  void *data;
  if (fold->node->n_out > 1) return wni_fold_NONE(fold);
  double *set = calloc(length + 1, sizeof *set);
  WnStatus status =
      set ? wni_fold_allocate(fold, false, &data) : wni_fail_memory(fold->error, "the graph");
  for (size_t at = 0; status == WN_OK && at < x->count; at += length) {
    normalize(x->f + at, length, centred, epsilon, set);
    for (size_t i = 0; i < length; i++) {
      double y = set[i] * factor_at(fold, scale, by_channel, at + i);
      if (shift) y += factor_at(fold, shift, by_channel, at + i);
      ((float *)data)[at + i] = (float)y;
    }
  }
  free(set);
  return status;
}

/* LayerNormalization, RMSNormalization */
WnStatus wni_fold_layer_normalization(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  int axis = 0;
  wni_axis(wni_attr_int(fold->node->proto, "axis", -1), x->rank, &axis);
  return normalize_sets(fold, divide(x, axis, x->rank).n,
                        fold->node->op == WNI_OP_LAYER_NORMALIZATION, false);
}

WnStatus wni_fold_instance_normalization(WniFold *fold) {
  return normalize_sets(fold, divide(wni_fold_input(fold, 0), 2, WNI_MAX_RANK).n, true, true);
}

WnStatus wni_fold_group_normalization(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  int64_t groups = wni_attr_int(fold->node->proto, "num_groups", 1);
  return normalize_sets(fold, divide(x, 1, x->rank).n / (size_t)groups, true, true);
}

/* Softmax and LogSoftmax; before opset 13 over all dimensions from `axis` on. */
WnStatus wni_fold_softmax(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  bool flat = fold->graph->onnx->opset < 13, logarithm = fold->node->op == WNI_OP_LOG_SOFTMAX;
  int axis;
  void *data;
  if (!wni_axis(wni_attr_int(fold->node->proto, "axis", flat ? 1 : -1), x->rank, &axis))
    return wni_node_fail(fold->graph, fold->node, WN_ERROR_MODEL, fold->error,
                         "its axis is out of range");
  Sets sets = divide(x, axis, flat ? x->rank : axis);
  WnStatus status = wni_fold_allocate(fold, false, &data);
  for (size_t k = 0; status == WN_OK && k < sets.outer * sets.inner; k++) {
    size_t first = k / sets.inner * sets.n * sets.inner + k % sets.inner;
    double largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < sets.n; i++) {
      double value = (double)x->f[first + i * sets.inner];
      if (value > largest) largest = value;
    }
    for (size_t i = 0; i < sets.n; i++) sum += exp((double)x->f[first + i * sets.inner] - largest);
    for (size_t i = first; i < first + sets.n * sets.inner; i += sets.inner) {
      double value = (double)x->f[i] - largest;
      ((float *)data)[i] = (float)(logarithm ? value - log(sum) : exp(value) / sum);
    }
  }
  return status;
}
