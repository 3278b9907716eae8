/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the values that a tensor takes to the uint8 that stands for them:
 * real = scale * (q - zero_point), as ONNX DequantizeLinear has it.
 */
#ifndef WNI_QUANTIZE_RANGES_H
#define WNI_QUANTIZE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WNI_HISTOGRAM_HALF = 4096 }; /* bins on either side of zero */

/* What has been seen of a tensor.  Bins are `width` wide, bin HALF begins at zero; when a value
 * lies beyond them, neighbours are merged and the width doubles.  Zeros are
 * counted apart: every range holds them exactly.  Zero-initialise. */
typedef struct WniHistogram {
  float min, max, width; /* width 0: nothing but zeros so far */
  uint64_t zeros, total;
  uint64_t bins[2 * WNI_HISTOGRAM_HALF];
} WniHistogram;

/* Counts `n` finite values that lie `stride` elements apart. */
void wni_histogram_add(WniHistogram *histogram, const float *values, size_t n, ptrdiff_t stride);

typedef struct WniScale {
  float scale;
  uint8_t zero_point;
} WniScale;

/* uint8 for lo <= 0 <= hi, both at least nearly; never reaches beyond hi, because runtimes drop a
 * Clip only in front of a quantization that clips as much. */
WniScale wni_scale_of(float lo, float hi);

/* The range with the least squared error of the quantized values. */
WniScale wni_scale_mse(const WniHistogram *histogram);

/* The range that leaves out the share 1 - `percentile` / 100 of the values on either side. */
WniScale wni_scale_percentile(const WniHistogram *histogram, double percentile);

#endif
