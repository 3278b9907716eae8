/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of what scales elements by a measure of many of them (layers.h): softmax and the
 * normalisations.  The elements of one set are runs of neighbours, worked on CHUNK at a time, or
 * else CHUNK sets are neighbours and worked on side by side.
 */
#include "kernels/loop.h"

#include "base/memory.h"

#include <math.h>

enum { CHUNK = 256, BLOCK = 2048 }; /* elements; BLOCK of a sum are added up in float32 */

static void fill(float value, size_t n, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = value;
}

/* ---- softmax ---- */

/* y = exp(x - largest) for n <= CHUNK elements */
static void exponentials(const WniSoftmax *softmax, const float *x, const float *largest, size_t n,
                         float *y) {
  static const WniActivation exponential = {.kind = WNI_ACT_EXP};
  softmax->vec->run.vec(WNI_VEC_SUB, x, largest, NULL, n, y);
  softmax->act->run.act(&exponential, n, y);
}

/* A set of neighbours: y = (x - largest) - log of the sum of exp(x - largest).  In that order:
 * where x is large, largest + log has few digits left. */
static void log_softmax_run(const WniSoftmax *softmax, const float *x, float *y) {
  float room[CHUNK], by[CHUNK], largest = -INFINITY, sum = 0;
  size_t n;
  softmax->reduce->run.reduce(WNI_REDUCE_MAX, x, softmax->length, 1, 1, &largest);
  fill(largest, wni_smaller(CHUNK, softmax->length), by);
  for (size_t i = 0; i < softmax->length; i += n) {
    n = wni_smaller(softmax->length - i, CHUNK);
    exponentials(softmax, x + i, by, n, room);
    softmax->reduce->run.reduce(WNI_REDUCE_SUM, room, n, 1, 1, &sum);
  }
  fill(logf(sum), wni_smaller(CHUNK, softmax->length), room);
  for (size_t i = 0; i < softmax->length; i += n) {
    n = wni_smaller(softmax->length - i, CHUNK);
    softmax->vec->run.vec(WNI_VEC_SUB, x + i, by, NULL, n, y + i);
    softmax->vec->run.vec(WNI_VEC_SUB, y + i, room, NULL, n, y + i);
  }
}

/* n <= CHUNK sets side by side. */
static void softmax_rows(const WniSoftmax *softmax, const float *x, float *y, size_t n) {
  float room[CHUNK], largest[CHUNK], by[CHUNK];
  fill(-INFINITY, n, largest);
  fill(0, n, by);
  softmax->reduce->run.reduce(WNI_REDUCE_MAX, x, softmax->length, softmax->x_stride, n, largest);
  for (size_t i = 0; i < softmax->length; i++) {
    float *e = softmax->logarithm ? room : y + (ptrdiff_t)i * softmax->y_stride;
    exponentials(softmax, x + (ptrdiff_t)i * softmax->x_stride, largest, n, e);
    softmax->vec->run.vec(WNI_VEC_ADD, by, e, NULL, n, by);
  }
  for (size_t i = 0; i < n; i++) by[i] = softmax->logarithm ? logf(by[i]) : 1 / by[i];
  for (size_t i = 0; i < softmax->length; i++) {
    const float *from = x + (ptrdiff_t)i * softmax->x_stride;
    float *to = y + (ptrdiff_t)i * softmax->y_stride;
    if (softmax->logarithm) softmax->vec->run.vec(WNI_VEC_SUB, from, largest, NULL, n, to);
    softmax->vec->run.vec(softmax->logarithm ? WNI_VEC_SUB : WNI_VEC_MUL, to, by, NULL, n, to);
  }
}

void wni_softmax_run(const WniSoftmax *softmax, const float *x, float *y, WniThread thread) {
  const WniLoop *loop = &softmax->loop;
  int inner = loop->rank - 1;
  bool run = softmax->x_stride == 1 && softmax->y_stride == 1;
  bool beside = !run && loop->stride[0][inner] == 1 && loop->stride[1][inner] == 1;
  size_t flat, end, n;
  wni_parallel_range(thread, wni_loop_count(loop, loop->rank), 1, &flat, &end);
  for (; flat < end; flat += n) {
    const float *from = x + wni_loop_offset(loop, 1, loop->rank, flat);
    float *to = y + wni_loop_offset(loop, 0, loop->rank, flat);
    n = beside ? wni_smaller(wni_smaller(end - flat, loop->dim[inner] - flat % loop->dim[inner]),
                             CHUNK)
               : 1;
    if (run && softmax->logarithm)
      log_softmax_run(softmax, from, to);
    else if (run)
      softmax->softmax->run.softmax(from, softmax->length, to);
    else
      softmax_rows(softmax, from, to, n);
  }
}

/* ---- normalisation ---- */

/* Where a point of the loops lies. */
typedef struct Place {
  const float *x, *scale, *shift;
  float *y;
} Place;

static Place move(const WniLoop *loop, const Place *from, int rank, size_t flat) {
  Place to = {.x = from->x + wni_loop_offset(loop, 1, rank, flat),
              .y = from->y + wni_loop_offset(loop, 0, rank, flat)};
  if (from->scale) to.scale = from->scale + wni_loop_offset(loop, 2, rank, flat);
  if (from->shift) to.shift = from->shift + wni_loop_offset(loop, 3, rank, flat);
  return to;
}

/* What x is divided by, from the mean of its squares, as a factor. */
static float factor_of(const WniNormalize *layer, double squares) {
  return (float)(1 / sqrt(squares + (double)layer->epsilon));
}

/* n elements of a run as neighbours: where they lie, or in `room`. */
static const float *gather(const float *x, ptrdiff_t stride, size_t n, float *room) {
  if (stride == 1) return x;
  for (size_t i = 0; i < n; i++) room[i] = x[(ptrdiff_t)i * stride];
  return room;
}

/* The sum over a run; of the squares of the distances from `mean` where that is given. */
static double sum_run(const WniNormalize *layer, const float *x, ptrdiff_t stride, size_t length,
                      const float *mean) {
  double total = 0;
  float room[CHUNK], part = 0;
  size_t n, added = 0;
  for (size_t i = 0; i < length; i += n) {
    n = wni_smaller(length - i, CHUNK);
    const float *run = gather(x + (ptrdiff_t)i * stride, stride, n, room);
    if (mean) {
      layer->vec->run.vec(WNI_VEC_SUB, run, mean, NULL, n, room);
      run = room;
    }
    layer->reduce->run.reduce(mean ? WNI_REDUCE_SQUARES : WNI_REDUCE_SUM, run, n, 1, 1, &part);
    added += n;
    if (added < BLOCK && i + n < length) continue;
    total += (double)part;
    part = 0;
    added = 0;
  }
  return total;
}

/* The mean over a set of runs, as sum_run() adds them up. */
static double mean_of_runs(const WniNormalize *layer, const float *x, const float *mean) {
  const WniLoop *loop = &layer->reduced;
  int inner = loop->rank - 1;
  size_t length = loop->dim[inner], runs = wni_loop_count(loop, inner);
  double total = 0;
  for (size_t r = 0; r < runs; r++)
    total += sum_run(layer, x + wni_loop_offset(loop, 1, inner, r), loop->stride[1][inner], length,
                     mean);
  return total / (double)(runs * length);
}

/* y = ((x - mean) factor) scale + shift over a run */
static void apply_run(const WniNormalize *layer, const Place *at, const float *mean,
                      const float *factor) {
  const WniLoop *loop = &layer->reduced;
  int inner = loop->rank - 1;
  float room[CHUNK], scale[CHUNK], shift[CHUNK];
  const ptrdiff_t *stride[4] = {&loop->stride[0][inner], &loop->stride[1][inner],
                                &loop->stride[2][inner], &loop->stride[3][inner]};
  size_t n;
  for (size_t i = 0; i < loop->dim[inner]; i += n) {
    ptrdiff_t k = (ptrdiff_t)i;
    n = wni_smaller(loop->dim[inner] - i, CHUNK);
    float *y = at->y + k * *stride[0], *to = *stride[0] == 1 ? y : room;
    const float *x = gather(at->x + k * *stride[1], *stride[1], n, room);
    layer->vec->run.vec(WNI_VEC_SUB, x, mean, NULL, n, room);
    layer->vec->run.vec(WNI_VEC_MUL, room, factor, NULL, n, at->scale || at->shift ? room : to);
    const float *by = at->scale ? gather(at->scale + k * *stride[2], *stride[2], n, scale) : NULL;
    const float *add = at->shift ? gather(at->shift + k * *stride[3], *stride[3], n, shift) : NULL;
    if (by && add)
      layer->vec->run.vec(WNI_VEC_MULADD, room, by, add, n, to);
    else if (by || add)
      layer->vec->run.vec(by ? WNI_VEC_MUL : WNI_VEC_ADD, room, by ? by : add, NULL, n, to);
    for (size_t j = 0; to != y && j < n; j++) y[(ptrdiff_t)j * *stride[0]] = to[j];
  }
}

/* One set, a run of neighbours or some. */
static void normalize_runs(const WniNormalize *layer, const Place *at) {
  const WniLoop *loop = &layer->reduced;
  int inner = loop->rank - 1;
  size_t most = wni_smaller(CHUNK, loop->dim[inner]);
  float mean[CHUNK], factor[CHUNK];
  fill(layer->centred ? (float)mean_of_runs(layer, at->x, NULL) : 0, most, mean);
  fill(factor_of(layer, mean_of_runs(layer, at->x, mean)), most, factor);
  for (size_t r = 0; r < wni_loop_count(loop, inner); r++) {
    Place run = move(loop, at, inner, r);
    apply_run(layer, &run, mean, factor);
  }
}

/* The means over the rows of n sets side by side; of squares where `mean` is given. */
static void mean_of_rows(const WniNormalize *layer, const float *x, size_t n, const float *mean,
                         double *out) {
  const WniLoop *loop = &layer->reduced;
  size_t rows = wni_loop_count(loop, loop->rank);
  float room[CHUNK], part[CHUNK];
  for (size_t i = 0; i < n; i++) out[i] = 0;
  for (size_t r = 0; r < rows;) {
    fill(0, n, part);
    for (size_t last = wni_smaller(rows, r + BLOCK / 32); r < last; r++) {
      const float *row = x + wni_loop_offset(loop, 1, loop->rank, r);
      if (mean) layer->vec->run.vec(WNI_VEC_SUB, row, mean, NULL, n, room);
      layer->vec->run.vec(mean ? WNI_VEC_MULADD : WNI_VEC_ADD, mean ? room : row,
                          mean ? room : part, part, n, part);
    }
    for (size_t i = 0; i < n; i++) out[i] += (double)part[i];
  }
  for (size_t i = 0; i < n; i++) out[i] /= (double)rows;
}

/* n <= CHUNK sets side by side, each with one scale and shift. */
static void normalize_rows(const WniNormalize *layer, const Place *at, size_t n) {
  const WniLoop *loop = &layer->reduced, *kept = &layer->kept;
  int inner = kept->rank - 1;
  double means[CHUNK];
  float mean[CHUNK] = {0}, factor[CHUNK], shift[CHUNK], room[CHUNK];
  if (layer->centred) {
    mean_of_rows(layer, at->x, n, NULL, means);
    for (size_t i = 0; i < n; i++) mean[i] = (float)means[i];
  }
  mean_of_rows(layer, at->x, n, mean, means);
  for (size_t i = 0; i < n; i++) {
    factor[i] = factor_of(layer, means[i]);
    if (at->scale) factor[i] *= at->scale[(ptrdiff_t)i * kept->stride[2][inner]];
    shift[i] = at->shift ? at->shift[(ptrdiff_t)i * kept->stride[3][inner]] : 0;
  }
  for (size_t r = 0; r < wni_loop_count(loop, loop->rank); r++) {
    Place row = move(loop, at, loop->rank, r);
    layer->vec->run.vec(WNI_VEC_SUB, row.x, mean, NULL, n, room);
    layer->vec->run.vec(WNI_VEC_MULADD, room, factor, shift, n, row.y);
  }
}

/* Whether neighbours belong to different sets, which need no more than one scale each. */
static bool sets_are_neighbours(const WniNormalize *layer) {
  const WniLoop *kept = &layer->kept, *reduced = &layer->reduced;
  int inner = kept->rank - 1;
  if (kept->stride[0][inner] != 1 || kept->stride[1][inner] != 1 || kept->dim[inner] == 1)
    return false;
  for (int d = 0; d < reduced->rank; d++)
    if (reduced->stride[2][d] || reduced->stride[3][d]) return false;
  return true;
}

/* Whether each set is a run of neighbours that the kernel takes whole. */
static bool sets_are_rows(const WniNormalize *layer, const Place *origin) {
  const WniLoop *loop = &layer->reduced;
  return loop->rank == 1 && loop->dim[0] <= WNI_NORM_MOST && loop->stride[0][0] == 1 &&
         loop->stride[1][0] == 1 && (!origin->scale || loop->stride[2][0] == 1) &&
         (!origin->shift || (origin->scale && loop->stride[3][0] == 1));
}

/* n sets that the innermost loop counts, with the same scale and shift if there is more than one.
 */
static void normalize_whole(const WniNormalize *layer, const Place *at, size_t n) {
  const WniLoop *kept = &layer->kept;
  int inner = kept->rank - 1;
  const WniNormArgs args = {.x = at->x,
                            .x_stride = kept->stride[1][inner],
                            .y_stride = kept->stride[0][inner],
                            .n_rows = n,
                            .n = layer->reduced.dim[0],
                            .centred = layer->centred,
                            .epsilon = layer->epsilon,
                            .scale = at->scale,
                            .shift = at->shift,
                            .y = at->y};
  layer->norm->run.norm(&args);
}

void wni_normalize_run(const WniNormalize *layer, const float *x, const float *scale,
                       const float *shift, float *y, WniThread thread) {
  const WniLoop *kept = &layer->kept;
  const Place origin = {x, scale, shift, y};
  int inner = kept->rank - 1;
  size_t length = kept->dim[inner], flat, end, n;
  bool beside = sets_are_neighbours(layer), rows = !beside && sets_are_rows(layer, &origin);
  bool many = rows && kept->stride[2][inner] == 0 && kept->stride[3][inner] == 0;
  wni_parallel_range(thread, wni_loop_count(kept, kept->rank), 1, &flat, &end);
  for (; flat < end; flat += n) {
    Place at = move(kept, &origin, kept->rank, flat);
    n = beside || many ? wni_smaller(end - flat, length - flat % length) : 1;
    if (beside) n = wni_smaller(n, CHUNK);
    if (beside)
      normalize_rows(layer, &at, n);
    else if (rows)
      normalize_whole(layer, &at, n);
    else
      normalize_runs(layer, &at);
  }
}
