/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Depthwise convolution (kernels.h), compiled once per instruction set: blocks
 * of channels whose sums the compiler keeps in registers.
 */
#include "kernels/isa.h"

enum { BLOCK = 16 };

WniFn_dwconv_f32 WNI_NAME(dwconv_f32);

void WNI_NAME(dwconv_f32)(const WniDwconvArgs *args) {
  size_t n = args->n_channels, c = 0;
  for (; c + BLOCK <= n; c += BLOCK) {
    float sum[BLOCK];
    for (int j = 0; j < BLOCK; j++) sum[j] = args->bias[c + (size_t)j];
    for (size_t t = 0; t < args->n_taps; t++) {
      const float *x = args->x + args->tap[t] + c, *w = args->w + t * n + c;
      for (int j = 0; j < BLOCK; j++) sum[j] += x[j] * w[j];
    }
    for (int j = 0; j < BLOCK; j++)
      args->y[c + (size_t)j] = wni_clampf(sum[j], args->low, args->high);
  }
  for (; c < n; c++) {
    float sum = args->bias[c];
    for (size_t t = 0; t < args->n_taps; t++)
      sum += args->x[args->tap[t] + (ptrdiff_t)c] * args->w[t * n + c];
    args->y[c] = wni_clampf(sum, args->low, args->high);
  }
}
