/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Constant folding of the Reduce operators: integers exactly, floats in double.
 */
#include "graph/fold.h"
#include "graph/reduction.h"

#include <math.h>
#include <stdlib.h>

static double step(WniReduceOp op, double y, double x) {
  switch (op) {
  case WNI_REDUCE_L1:
    return y + fabs(x);
  case WNI_REDUCE_SQUARES:
    return y + x * x;
  case WNI_REDUCE_PROD:
    return y * x;
  case WNI_REDUCE_MAX:
    return x > y || isnan(x) ? x : y;
  case WNI_REDUCE_MIN:
    return x < y || isnan(x) ? x : y;
  default:
    return y + x;
  }
}

static int64_t integer_step(WniReduceOp op, int64_t y, int64_t x) {
  uint64_t uy = (uint64_t)y, ux = (uint64_t)x; /* wrap around */
  switch (op) {
  case WNI_REDUCE_L1:
    return (int64_t)(x < 0 ? uy - ux : uy + ux);
  case WNI_REDUCE_SQUARES:
    return (int64_t)(uy + ux * ux);
  case WNI_REDUCE_PROD:
    return (int64_t)(uy * ux);
  case WNI_REDUCE_MAX:
    return x > y ? x : y;
  case WNI_REDUCE_MIN:
    return x < y ? x : y;
  default:
    return (int64_t)(uy + ux);
  }
}

/* [out count] elements, each what begins a reduction. */
static void begin(WniReduceOp op, size_t n, double *y, int64_t *integers) {
  double start = op == WNI_REDUCE_PROD  ? 1
                 : op == WNI_REDUCE_MAX ? -INFINITY
                 : op == WNI_REDUCE_MIN ? INFINITY
                                        : 0;
  for (size_t i = 0; i < n; i++) {
    y[i] = start;
    if (integers) integers[i] = isinf(start) ? (start < 0 ? INT64_MIN : INT64_MAX) : (int64_t)start;
  }
}

/* The element of the output that element `flat` of x goes to. */
static size_t goes_to(const WniConstant *x, const bool *reduced, size_t flat) {
  size_t at = 0, step_out = 1;
  for (int d = x->rank; d-- > 0; flat /= (size_t)x->dim[d]) {
    if (reduced[d]) continue;
    at += flat % (size_t)x->dim[d] * step_out;
    step_out *= (size_t)x->dim[d];
  }
  return at;
}

static double finished(const WniReduction *reduction, double y, size_t n) {
  if (reduction->mean) y /= (double)n;
  return reduction->finish == WNI_ACT_SQRT  ? sqrt(y)
         : reduction->finish == WNI_ACT_LOG ? log(y)
                                            : y;
}

WnStatus wni_fold_reduce(WniFold *fold) {
  const WniReduction *reduction = wni_reduction_of(fold->node->op);
  const WniConstant *x = wni_fold_input(fold, 0);
  bool reduced[WNI_MAX_RANK];
  void *data;
  WnStatus status = wni_reduce_read(fold->graph, fold->node, reduced, fold->error);
  if (status == WN_OK) status = wni_fold_allocate(fold, x->is_int, &data);
  if (status != WN_OK) return status;
  size_t n = fold->out->count;
  double *y = calloc(n + 1, sizeof *y);
  int64_t *integers = calloc(x->is_int ? n + 1 : 1, sizeof *integers);
  if (y && integers) {
    begin(reduction->op, n, y, x->is_int ? integers : NULL);
    for (size_t i = 0; i < x->count; i++) {
      size_t to = goes_to(x, reduced, i);
      double value = wni_fold_number(x, i);
      y[to] = step(reduction->op, y[to], reduction->of_exp ? exp(value) : value);
      if (x->is_int)
        integers[to] = integer_step(reduction->op, integers[to], wni_constant_integer(x, i));
    }
    bool exact = reduction->finish == WNI_ACT_NONE && !reduction->mean;
    for (size_t i = 0; i < n; i++) {
      double value = finished(reduction, y[i], x->count / n);
      if (x->is_int)
        ((int64_t *)data)[i] = exact ? integers[i] : fabs(value) < 9e18 ? (int64_t)value : 0;
      else
        ((float *)data)[i] = (float)value;
    }
  } else {
    status = wni_node_fail(fold->graph, fold->node, WN_ERROR_MEMORY, fold->error, "no memory");
  }
  free(y);
  free(integers);
  return status;
}
