/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers that walk strided tensors of any rank (layers.h): elementwise
 * operators with broadcasting, copies, softmax, means and padding.
 */
#include "kernels/layers.h"

#include <math.h>

enum { CHUNK = 256, GRAIN = 64 };

static size_t loop_count(const WniLoop *loop, int rank) {
  size_t count = 1;
  for (int d = 0; d < rank; d++) count *= loop->dim[d];
  return count;
}

/* Offset of operand `operand` at flat index `flat` over the first `rank` dimensions. */
static ptrdiff_t loop_offset(const WniLoop *loop, int operand, int rank, size_t flat) {
  ptrdiff_t offset = 0;
  for (int d = rank; d-- > 0; flat /= loop->dim[d])
    offset += (ptrdiff_t)(flat % loop->dim[d]) * loop->stride[operand][d];
  return offset;
}

/* An operand's next n elements side by side: where they lie, or gathered. */
static const float *gather(const float *x, ptrdiff_t stride, size_t n, float *room) {
  if (stride == 1) return x;
  for (size_t i = 0; i < n; i++) room[i] = x[(ptrdiff_t)i * stride];
  return room;
}

/* n <= CHUNK elements of one innermost run. */
static void run_chunk(const WniElementwise *e, const float *const in[3], float *y, size_t n) {
  int inner = e->loop.rank - 1;
  float room[3][CHUNK], out_room[CHUNK];
  const float *operand[3] = {NULL, NULL, NULL};
  ptrdiff_t out_stride = e->loop.stride[0][inner];
  float *out = out_stride == 1 ? y : out_room;
  for (int i = 0; i < e->n_inputs; i++)
    operand[i] = gather(in[i], e->loop.stride[i + 1][inner], n, room[i]);
  e->kernel->run.vec_f32(e->op, operand[0], operand[1], operand[2], n, out);
  if (e->activation.kind != WNI_ACT_NONE) e->act->run.act_f32(&e->activation, n, out);
  if (out_stride != 1)
    for (size_t i = 0; i < n; i++) y[(ptrdiff_t)i * out_stride] = out[i];
}

void wni_elementwise_run(const WniElementwise *e, const float *const *inputs, float *y,
                         WniThread thread) {
  int inner = e->loop.rank - 1;
  size_t length = e->loop.dim[inner], flat, end;
  wni_parallel_range(thread, loop_count(&e->loop, e->loop.rank), GRAIN, &flat, &end);
  while (flat < end) {
    size_t at = flat % length, n = length - at;
    const float *in[3] = {NULL, NULL, NULL};
    if (n > end - flat) n = end - flat;
    if (n > CHUNK) n = CHUNK;
    for (int i = 0; i < e->n_inputs; i++)
      in[i] = inputs[i] + loop_offset(&e->loop, i + 1, inner, flat / length) +
              (ptrdiff_t)at * e->loop.stride[i + 1][inner];
    run_chunk(e, in,
              y + loop_offset(&e->loop, 0, inner, flat / length) +
                  (ptrdiff_t)at * e->loop.stride[0][inner],
              n);
    flat += n;
  }
}

void wni_softmax_run(const WniSoftmax *softmax, const float *x, float *y, WniThread thread) {
  const WniLoop *loop = &softmax->loop;
  size_t begin, end;
  wni_parallel_range(thread, loop_count(loop, loop->rank), 1, &begin, &end);
  for (size_t flat = begin; flat < end; flat++) {
    const float *from = x + loop_offset(loop, 1, loop->rank, flat);
    float *to = y + loop_offset(loop, 0, loop->rank, flat);
    float max = from[0], sum = 0;
    for (size_t i = 1; i < softmax->length; i++)
      max = fmaxf(max, from[(ptrdiff_t)i * softmax->x_stride]);
    for (size_t i = 0; i < softmax->length; i++) {
      float e = expf(from[(ptrdiff_t)i * softmax->x_stride] - max);
      to[(ptrdiff_t)i * softmax->y_stride] = e;
      sum += e;
    }
    for (size_t i = 0; i < softmax->length; i++) to[(ptrdiff_t)i * softmax->y_stride] /= sum;
  }
}

void wni_reduce_mean_run(const WniReduceMean *reduce, const float *x, float *y, WniThread thread) {
  size_t n = loop_count(&reduce->reduced, reduce->reduced.rank), begin, end;
  wni_parallel_range(thread, loop_count(&reduce->kept, reduce->kept.rank), 1, &begin, &end);
  for (size_t flat = begin; flat < end; flat++) {
    const float *from = x + loop_offset(&reduce->kept, 1, reduce->kept.rank, flat);
    float *to = y + loop_offset(&reduce->kept, 0, reduce->kept.rank, flat);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += (double)from[loop_offset(&reduce->reduced, 1, reduce->reduced.rank, i)];
    *to = (float)(sum / (double)n);
    reduce->act->run.act_f32(&reduce->activation, 1, to);
  }
}

void wni_pad_run(const WniPad *pad, const float *x, float *y, WniThread thread) {
  const WniLoop *loop = &pad->loop;
  size_t begin, end;
  wni_parallel_range(thread, loop_count(loop, loop->rank), GRAIN, &begin, &end);
  for (size_t flat = begin; flat < end; flat++) {
    ptrdiff_t from = 0, to = 0;
    bool inside = true;
    size_t rest = flat;
    for (int d = loop->rank; d-- > 0; rest /= loop->dim[d]) {
      size_t index = rest % loop->dim[d];
      int64_t source = pad->source[d][index];
      inside = inside && source >= 0;
      from += (ptrdiff_t)source * loop->stride[1][d];
      to += (ptrdiff_t)index * loop->stride[0][d];
    }
    y[to] = inside ? x[from] : pad->value;
  }
}
