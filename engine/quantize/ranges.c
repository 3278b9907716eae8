/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See ranges.h.
 */
#include "quantize/ranges.h"

#include <float.h>
#include <math.h>

enum { HALF = WNI_HISTOGRAM_HALF, BINS = 2 * HALF, CANDIDATES = 100, ROUNDS = 2 };

/* Below this a range counts as nothing but zero: its scale would not be a normal number. */
#define MIN_RANGE 1e-30f

/* Bins -1, -2 become -1 and 0, 1 become 0, counted from the middle. */
static void double_width(WniHistogram *h) {
  for (int i = 0; i < HALF; i++) {
    h->bins[HALF + i] = i < HALF / 2 ? h->bins[HALF + 2 * i] + h->bins[HALF + 2 * i + 1] : 0;
    int from = HALF - 1 - 2 * i;
    h->bins[HALF - 1 - i] = i < HALF / 2 ? h->bins[from] + h->bins[from - 1] : 0;
  }
  h->width *= 2;
}

void wni_histogram_add(WniHistogram *h, const float *values, size_t n, ptrdiff_t stride) {
  h->total += n;
  for (size_t i = 0; i < n; i++) {
    float x = values[(ptrdiff_t)i * stride], size = fabsf(x);
    if (size < MIN_RANGE) {
      h->zeros++;
      continue;
    }
    if (x < h->min) h->min = x;
    if (x > h->max) h->max = x;
    if (h->width == 0) h->width = size / HALF;
    while (size >= h->width * HALF) double_width(h);
    h->bins[HALF + (int)floorf(x / h->width)]++;
  }
}

WniScale wni_scale_of(float lo, float hi) {
  const float most = FLT_MAX / 4; /* a range that no difference overflows */
  lo = fmaxf(fminf(lo, 0), -most);
  hi = fminf(fmaxf(hi, 0), most);
  if (hi - lo < MIN_RANGE) return (WniScale){1, 0};
  float scale = (hi - lo) / 255;
  while (lo == 0 && scale * 255 > hi) scale = nextafterf(scale, 0);
  return (WniScale){scale, (uint8_t)lrintf(-lo / scale)};
}

static double squared_error(const WniHistogram *h, WniScale s) {
  double sum = 0;
  for (int i = 0; i < BINS; i++) {
    if (!h->bins[i]) continue;
    float x = ((float)(i - HALF) + 0.5f) * h->width; /* the middle of the bin */
    float q = fminf(fmaxf(rintf(x / s.scale) + s.zero_point, 0), 255);
    double error = (double)(x - s.scale * (q - s.zero_point));
    sum += (double)h->bins[i] * error * error;
  }
  return sum;
}

/* Each side in turn is drawn in while the other stays. */
WniScale wni_scale_mse(const WniHistogram *h) {
  float side[2] = {h->min, h->max};
  WniScale best = wni_scale_of(h->min, h->max);
  double least = squared_error(h, best);
  for (int k = 0; k < 2 * ROUNDS; k++) {
    int moving = 1 - k % 2;
    float end = moving ? h->max : h->min, chosen = side[moving];
    for (int c = CANDIDATES; end != 0 && c > 0; c--) {
      side[moving] = end * (float)c / CANDIDATES;
      WniScale s = wni_scale_of(side[0], side[1]);
      double error = squared_error(h, s);
      if (!(error < least)) continue;
      least = error;
      best = s;
      chosen = side[moving];
    }
    side[moving] = chosen;
  }
  return best;
}

WniScale wni_scale_percentile(const WniHistogram *h, double percentile) {
  double spare = (double)h->total * (1 - percentile / 100), below = 0, above = 0;
  int first = 0, last = BINS - 1;
  while (first < HALF && (below += (double)h->bins[first]) <= spare) first++;
  while (last >= HALF && (above += (double)h->bins[last]) <= spare) last--;
  return wni_scale_of(fmaxf(h->min, (float)(first - HALF) * h->width),
                      fminf(h->max, (float)(last + 1 - HALF) * h->width));
}
