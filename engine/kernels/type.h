/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The element types of activations and weights, and what relates them to numbers.
 */
#ifndef WNI_KERNELS_TYPE_H
#define WNI_KERNELS_TYPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum WniType {
  WNI_F32,
  WNI_BF16, /* the upper half of a float32 */
  WNI_U8,   /* scale * (x - zero); weights beside it are int8 without a zero point */
  WNI_I16,  /* what Winograd's filtering makes of U8; weights beside it are int16 */
  WNI_F16,  /* weights of fc alone; activations beside them are F32 */
  WNI_TYPE_COUNT
} WniType;

static inline size_t wni_type_bytes(WniType type) {
  static const unsigned char bytes[WNI_TYPE_COUNT] = {4, 2, 1, 2, 2};
  return bytes[type];
}

/* What an activation of type U8 means; of no interest to the other types. */
typedef struct WniQuant {
  float scale;
  int zero; /* 0..255 */
} WniQuant;

/* What a kernel does with its sums at the end (kernels.h). */
typedef struct WniOutput {
  WniType type;    /* of y */
  int zero;        /* U8: y's zero point, added last */
  float low, high; /* the clamp; -inf and +inf for none */
} WniOutput;

static inline float wni_bf16_to_f32(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

/* Rounds to nearest, ties to even; a NaN stays one. */
static inline uint16_t wni_f32_to_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return (uint16_t)(x != x ? (bits >> 16 | 0x40) : rounded);
}

#endif
