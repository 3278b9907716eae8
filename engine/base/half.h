/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * float16 (IEEE 754 binary16) to float32.
 */
#ifndef WNI_BASE_HALF_H
#define WNI_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Every float16 is a float32.  Masks choose, so that a compiler makes vectors of it; the small
 * numbers are multiplied as whole ones, so that a processor that takes denormal numbers for zero
 * makes the same of them. */
static inline float wni_half_to_f32(uint16_t half) {
  int32_t magnitude = half & 0x7FFF;
  uint32_t normal = (uint32_t)((0x3FF - magnitude) >> 31);   /* all ones, or 0 */
  uint32_t special = (uint32_t)((0x7BFF - magnitude) >> 31); /* infinite, or no number */
  float small = (float)magnitude * 0x1p-24f, value;
  uint32_t bits, wide = ((uint32_t)magnitude << 13) + (112u << 23) + (special & 112u << 23);
  memcpy(&bits, &small, sizeof bits);
  bits = (bits & ~normal) | (wide & normal) | (half & 0x8000u) << 16;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void wni_half_widen(const uint16_t *from, size_t n, float *to);

#endif
