/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Functions of one float32 without branches, calls or tables, so that compilers make vectors of the
 * loops around them (vec.c).  NaN stays NaN.  The polynomials are minimax fits of ours; the errors
 * stated are the largest over all floats, in units of the last place (ulp) of the result or
 * absolute; tests/kernels/test_floats.c holds them to that.
 */
#ifndef WNI_KERNELS_ELEMENTARY_H
#define WNI_KERNELS_ELEMENTARY_H

#include "kernels/isa.h"

#include <string.h>

static inline int32_t wni_bits_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline float wni_float_of(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline float wni_abs(float x) {
  return wni_float_of(wni_bits_of(x) & INT32_MAX);
}

/* `x` with the sign of `sign`. */
static inline float wni_with_sign(float x, float sign) {
  return wni_float_of((wni_bits_of(x) & INT32_MAX) | (wni_bits_of(sign) & INT32_MIN));
}

/* x = n ln 2 + r, n whole, |r| <= ln 2 / 2; scale[0] scale[1] = 2^n, in two parts because n may be
 * beyond the exponents of normal floats. */
typedef struct WniReduced {
  float r, scale[2];
} WniReduced;

static inline WniReduced wni_reduce_exp(float x) {
  const float to_whole =
      12582912.0f; /* 1.5 2^23: what is added to it is rounded, to its last bits */
  x = wni_clampf(x, -104.0f, 89.0f);
  float shifted = x * 1.44269504f + to_whole;
  float n = shifted - to_whole;
  int32_t k = wni_bits_of(shifted) - wni_bits_of(to_whole), half = k >> 1;
  return (WniReduced){(x - n * 0.693359375f) + n * 2.12194440e-4f,
                      {wni_float_of((int32_t)((uint32_t)(half + 127) << 23)),
                       wni_float_of((int32_t)((uint32_t)(k - half + 127) << 23))}};
}

/* exp(r) - 1 for |r| <= ln 2 / 2 */
static inline float wni_expm1_near_0(float r) {
  float p = 0x1.6da092p-10f;
  p = p * r + 0x1.122d72p-7f;
  p = p * r + 0x1.55547ep-5f;
  p = p * r + 0x1.5554a8p-3f;
  p = p * r + 0.5f;
  return p * (r * r) + r;
}

/* exp(x) for -87.3 < x < 128 ln 2: 1.5 ulp.  The exponent of 2^n comes out of the rounding itself.
 */
static inline float wni_exp_normal(float x) {
  const float to_whole = 12582912.0f + 127.0f; /* as above, and the exponent's bias */
  float shifted = x * 1.44269504f + to_whole;
  float n = shifted - to_whole;
  float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  return (wni_expm1_near_0(r) + 1.0f) *
         wni_float_of((int32_t)((uint32_t)wni_bits_of(shifted) << 23));
}

/* 1.1 ulp; 0 below -104 */
static inline float wni_exp(float x) {
  WniReduced e = wni_reduce_exp(x);
  return (wni_expm1_near_0(e.r) * e.scale[0] + e.scale[0]) * e.scale[1];
}

/* exp(x) - 1 for x <= 0: 1.1 ulp */
static inline float wni_expm1_negative(float x) {
  WniReduced e = wni_reduce_exp(x);
  float scale = e.scale[0] * e.scale[1];
  return wni_expm1_near_0(e.r) * scale + (scale - 1.0f);
}

/* 1 / (1 + exp(-x)): 2.5 ulp */
static inline float wni_sigmoid(float x) {
  float e = wni_exp(-wni_abs(x));
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}

/* x sigmoid(a x) = x / (1 + exp(-a x)): 4 ulp, and 2^-127 of |x|, as a sigmoid below that is 0:
 * beyond 128 ln 2 the exponent makes an infinity.  Most of the time of networks that have it goes
 * into this.  The bounds are those of x and not of -a x, since gcc makes two copies of what follows
 * a bound that it knows. */
static inline float wni_swish(float x, float a) {
  float low = (a < 0 ? -87.3f : -88.73f) / wni_abs(a), high = (a < 0 ? 88.73f : 87.3f) / wni_abs(a);
  float inside = x > low ? x : low; /* not a NaN either: x itself brings that along */
  inside = inside < high ? inside : high;
  return x / (1.0f + wni_exp_normal(inside * -a));
}

/* 2.6 ulp */
static inline float wni_tanh(float x) {
  float e = wni_expm1_negative(-2.0f * wni_abs(x));
  return wni_with_sign(e / (2.0f + e), x);
}

/* 1 ulp; -inf at 0, NaN below */
static inline float wni_log(float x) {
  float tiny = x < 0x1p-126f ? 0x1p23f : 1.0f;     /* subnormal numbers are made normal ones */
  uint32_t bits = (uint32_t)wni_bits_of(x * tiny); /* below 0 differences wrap around */
  int32_t exponent = (int32_t)(bits - 0x3f3504f3) >> 23; /* the fraction: sqrt(1/2)...sqrt(2) */
  float f = wni_float_of((int32_t)(bits - ((uint32_t)exponent << 23))) - 1.0f;
  float n = (float)exponent - (tiny > 1.0f ? 23.0f : 0.0f);
  float p = 0x1.1b4318p-4f;
  p = p * f - 0x1.e2de86p-4f;
  p = p * f + 0x1.e64a30p-4f;
  p = p * f - 0x1.fb44d6p-4f;
  p = p * f + 0x1.23335cp-3f;
  p = p * f - 0x1.5562dap-3f;
  p = p * f + 0x1.99a53cp-3f;
  p = p * f - 0x1.ffffeep-3f;
  p = p * f + 0x1.555546p-2f;
  float y = (p * f - 0.5f) * (f * f) + n * -2.12194440e-4f + f + n * 0.693359375f;
  y = x == 0 ? -INFINITY : y;
  y = x < INFINITY ? y : x; /* NaN too */
  return x < 0 ? NAN : y;
}

/* log(1 + exp(x)) = max(x, 0) + 2 atanh(e / (2 + e)), e = exp(-|x|): 3 ulp */
static inline float wni_softplus(float x) {
  float e = wni_exp(-wni_abs(x));
  float s = e / (2.0f + e), z = s * s;
  float p = 0x1.f1ac9ep-4f;
  p = p * z + 0x1.b6d74cp-4f;
  p = p * z + 0x1.25096ap-3f;
  p = p * z + 0x1.9996a8p-3f;
  p = p * z + 0x1.555558p-2f;
  return (x < 0 ? 0.0f : x) + 2.0f * (p * z * s + s);
}

/* x tanh(softplus(x)) = x w / (w + 2), w = e (e + 2), e = exp(x): 2e-7 of |x| */
static inline float wni_mish(float x) {
  float e = wni_exp(x > 20.0f ? 20.0f : x);
  float w = e * (e + 2.0f);
  return x * (w / (w + 2.0f));
}

/* Up to 1 a polynomial, beyond 1 - exp(polynomial): 2 ulp */
static inline float wni_erf(float x) {
  float a = wni_abs(x), z = x * x, far = a > 4.0f ? 4.0f : a;
  float p = 0x1.496a28p-14f;
  p = p * z - 0x1.a3f6fcp-11f;
  p = p * z + 0x1.5405b2p-8f;
  p = p * z - 0x1.b7f90cp-6f;
  p = p * z + 0x1.ce2cf8p-4f;
  p = p * z - 0x1.81273ep-2f;
  p = p * z + 0.128379167f; /* 2 / sqrt(pi) - 1 */
  float q = -0x1.86de0cp-13f;
  q = q * far + 0x1.825b48p-9f;
  q = q * far - 0x1.65cb9ep-6f;
  q = q * far + 0x1.a65356p-4f;
  q = q * far + 0x1.46bae8p-1f;
  q = q * far + 0x1.2088ecp+0f;
  q = q * far + 0x1.661a16p-12f;
  float y = a < 1.0f ? p * a + a : 1.0f - wni_exp_normal(-q);
  return wni_with_sign(y, x);
}

/* x (1 + erf(x / sqrt 2)) / 2: 2e-7 of |x| */
static inline float wni_gelu(float x) {
  return 0.5f * x * (1.0f + wni_erf(x * 0.707106781f));
}

/* Its approximation x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3) */
static inline float wni_gelu_tanh(float x) {
  return x * wni_sigmoid(x * (1.59576912f + 0.0713548163f * (x * x)));
}

#endif
