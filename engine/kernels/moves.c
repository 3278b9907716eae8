/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drivers of what takes elements dimension by dimension (layers.h): gathering, repeating, padding,
 * resampling.
 */
#include "kernels/loop.h"

#include <string.h>

static void fill_row(const WniTake *take, size_t bytes, char *y) {
  for (size_t i = 0; i < bytes; i += take->element_bytes)
    memcpy(y + i, take->fill, take->element_bytes);
}

static void take_row(const WniTake *take, const char *x, char *y) {
  for (size_t r = 0; r < take->n_runs; r++) {
    const WniTakeRun *run = &take->run[r];
    if (run->from == WNI_TAKE_FILL)
      fill_row(take, run->bytes, y);
    else if (run->bytes == sizeof(float))
      memcpy(y, x + run->from, sizeof(float));
    else
      memcpy(y, x + run->from, run->bytes);
    y += run->bytes;
  }
}

void wni_take_run(const WniTake *take, const void *x, void *y, WniThread thread) {
  const WniLoop *loop = &take->loop;
  size_t begin, end, row_bytes = 0;
  for (size_t r = 0; r < take->n_runs; r++) row_bytes += take->run[r].bytes;
  wni_parallel_range(thread, wni_loop_count(loop, loop->rank), 1, &begin, &end);
  for (size_t row = begin; row < end; row++) {
    ptrdiff_t from = 0, to = 0;
    bool inside = true;
    size_t rest = row;
    for (int d = loop->rank; d-- > 0; rest /= loop->dim[d]) {
      size_t index = rest % loop->dim[d];
      ptrdiff_t source = take->source[d][index];
      inside = inside && source != WNI_TAKE_FILL;
      if (inside) from += source;
      to += (ptrdiff_t)index * loop->stride[0][d];
    }
    if (inside)
      take_row(take, (const char *)x + from, (char *)y + to);
    else
      fill_row(take, row_bytes, (char *)y + to);
  }
}

/* Places may be there twice, and the last one counts: one thread scatters. */
void wni_places_run(const WniPlaces *places, const float *x, float *y, WniThread thread) {
  size_t begin, end, run = places->run;
  if (places->scatter) {
    for (size_t i = 0; thread.index == 0 && i < places->n; i++)
      for (size_t k = 0; k < run; k++) {
        float *to = y + places->at[i] + k;
        *to = (float)wni_scatter(places->mode, *to, x[i * run + k]);
      }
    return;
  }
  wni_parallel_range(thread, places->n, 1, &begin, &end);
  for (size_t i = begin; i < end; i++) memcpy(y + i * run, x + places->at[i], run * sizeof *y);
}

/* y = w x + (add ? y : 0) */
static void add_weighted(const float *x, ptrdiff_t x_stride, float w, bool add, size_t n, float *y,
                         ptrdiff_t y_stride) {
  if (x_stride == 1 && y_stride == 1 && !add)
    for (size_t i = 0; i < n; i++) y[i] = w * x[i];
  else if (x_stride == 1 && y_stride == 1)
    for (size_t i = 0; i < n; i++) y[i] += w * x[i];
  else
    for (size_t i = 0; i < n; i++, x += x_stride, y += y_stride) *y = w * *x + (add ? *y : 0);
}

void wni_interpolate_run(const WniInterpolate *layer, const float *x, float *y, WniThread thread) {
  const WniLoop *loop = &layer->loop;
  int inner = loop->rank - 1;
  size_t begin, end;
  wni_parallel_range(thread, wni_loop_count(loop, inner) * layer->n_out, 1, &begin, &end);
  for (size_t row = begin; row < end; row++) {
    size_t i = row % layer->n_out, rest = row / layer->n_out;
    const float *from = x;
    float *to = y + (ptrdiff_t)i * layer->y_stride;
    for (int d = inner; d-- > 0; rest /= loop->dim[d]) {
      ptrdiff_t index = (ptrdiff_t)(rest % loop->dim[d]);
      from += index * loop->stride[1][d];
      to += index * loop->stride[0][d];
    }
    for (size_t t = 0; t < layer->n_taps; t++) {
      size_t tap = i * layer->n_taps + t;
      if (t > 0 && layer->weight[tap] == 0) continue; /* an infinity that has no part in it */
      add_weighted(from + layer->source[tap] * layer->x_stride, loop->stride[1][inner],
                   layer->weight[tap], t > 0, loop->dim[inner], to, loop->stride[0][inner]);
    }
  }
}
