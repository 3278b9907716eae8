/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Driver of TopK, ArgMax and ArgMin (layers.h).
 */
#include "kernels/layers.h"
#include "kernels/loop.h"

#include <math.h>

/* Whether element i comes before element k in the order; k < 0: there is none yet. */
static bool before(const WniTop *top, const float *x, size_t i, ptrdiff_t k) {
  if (k < 0) return true;
  float a = x[(ptrdiff_t)i * top->x_stride], b = x[k * top->x_stride];
  if (a == b) return top->last_first ? (ptrdiff_t)i > k : (ptrdiff_t)i < k;
  return top->smallest ? a < b : a > b;
}

/* Each is the best of those that come behind the one before it. */
static void choose(const WniTop *top, const float *x, float *y) {
  ptrdiff_t previous = -1;
  for (size_t rank = 0; rank < top->k; rank++) {
    ptrdiff_t best = -1;
    for (size_t i = 0; i < top->length; i++) {
      bool is_left = previous < 0 ||
                     (before(top, x, (size_t)previous, (ptrdiff_t)i) && (ptrdiff_t)i != previous);
      if (is_left && before(top, x, i, best)) best = (ptrdiff_t)i;
    }
    if (best < 0) best = 0; /* NaN has no place in an order */
    y[(ptrdiff_t)rank * top->y_stride] = top->indices ? (float)best : x[best * top->x_stride];
    previous = best;
  }
}

void wni_top_run(const WniTop *top, const float *x, float *y, WniThread thread) {
  const WniLoop *loop = &top->loop;
  size_t begin, end;
  wni_parallel_range(thread, wni_loop_count(loop, loop->rank), 1, &begin, &end);
  for (size_t flat = begin; flat < end; flat++)
    choose(top, x + wni_loop_offset(loop, 1, loop->rank, flat),
           y + wni_loop_offset(loop, 0, loop->rank, flat));
}
