/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The reference of the implicit matrix product (kernels.h): the formula, one
 * pixel at a time.
 */
#include "kernels/isa.h"

enum { TILE_N = 8 };

WniFn_igemm_f32 wni_igemm_f32_1x8__c;

void wni_igemm_f32_1x8__c(const WniIgemmArgs *args) {
  for (int j = 0; j < args->n; j++) {
    float sum = args->bias[j];
    for (size_t t = 0; t < args->n_taps; t++)
      for (size_t c = 0; c < args->n_channels; c++)
        sum += args->x[0][args->tap[t] + (ptrdiff_t)c] *
               args->w[(t * args->n_channels + c) * TILE_N + (size_t)j];
    if (args->residual) sum += args->residual[0][j];
    args->y[0][j] = wni_clampf(sum, args->low, args->high);
  }
}
