/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See half.h.
 */
#include "base/half.h"

void wni_half_widen(const uint16_t *from, size_t n, float *to) {
  for (size_t i = 0; i < n; i++) to[i] = wni_half_to_f32(from[i]);
}
