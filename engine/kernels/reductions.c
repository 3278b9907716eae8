/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The driver of reductions over strided tensors (layers.h): neighbours that are kept are reduced
 * side by side, else each element on its own.  Rows go into a sum by blocks, whose sums are added,
 * so that rounding does not grow with the number of rows.
 */
#include "kernels/loop.h"

#include <math.h>

enum { CHUNK = 256, ROWS = 64, RUN = 2048 };

static float start_of(WniReduceOp op) {
  return op == WNI_REDUCE_PROD  ? 1.0f
         : op == WNI_REDUCE_MAX ? -INFINITY
         : op == WNI_REDUCE_MIN ? INFINITY
                                : 0.0f;
}

/* How reductions of parts are put together. */
static WniReduceOp joined(WniReduceOp op) {
  return op == WNI_REDUCE_L1 || op == WNI_REDUCE_SQUARES ? WNI_REDUCE_SUM : op;
}

static void fill(float value, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = value;
}

/* total[i] for the n neighbours from x on */
static void reduce_chunk(const WniReduce *reduce, const float *x, size_t n, float *total) {
  const WniLoop *loop = &reduce->reduced;
  int inner = loop->rank - 1;
  size_t length = loop->dim[inner], outer = wni_loop_count(loop, inner);
  ptrdiff_t stride = loop->stride[0][inner];
  size_t most = n == 1 && stride == 1 ? RUN : ROWS;
  float part[CHUNK];
  fill(start_of(reduce->op), n, total);
  for (size_t o = 0; o < outer; o++) {
    const float *from = x + wni_loop_offset(loop, 0, inner, o);
    for (size_t row = 0; row < length; row += most) {
      size_t rows = length - row < most ? length - row : most;
      fill(start_of(reduce->op), n, part);
      reduce->kernel->run.reduce(reduce->op, from + (ptrdiff_t)row * stride, rows, stride, n, part);
      reduce->kernel->run.reduce(joined(reduce->op), part, 1, 0, n, total);
    }
  }
}

void wni_reduce_run(const WniReduce *reduce, const float *x, float *y, WniThread thread) {
  const WniLoop *kept = &reduce->kept;
  int inner = kept->rank - 1;
  size_t length = kept->dim[inner], most = kept->stride[0][inner] == 1 ? CHUNK : 1, flat, end;
  wni_parallel_range(thread, wni_loop_count(kept, kept->rank), 1, &flat, &end);
  while (flat < end) {
    size_t n = length - flat % length;
    float total[CHUNK];
    if (n > end - flat) n = end - flat;
    if (n > most) n = most;
    reduce_chunk(reduce, x + wni_loop_offset(kept, 0, kept->rank, flat), n, total);
    for (size_t i = 0; i < n; i++) total[i] *= reduce->scale;
    reduce->act->run.act(&reduce->finish, n, total);
    reduce->act->run.act(&reduce->activation, n, total);
    float *to = y + wni_loop_offset(kept, 1, kept->rank, flat);
    for (size_t i = 0; i < n; i++) to[(ptrdiff_t)i * kept->stride[1][inner]] = total[i];
    flat += n;
  }
}
