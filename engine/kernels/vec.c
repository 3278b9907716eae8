/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs of elements (kernels.h): arithmetic, activations, conversions; compiled
 * once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/elementary.h"

#include <math.h>

WniFn_vec WNI_NAME(vec_f32);
WniFn_act WNI_NAME(act_f32);
WniFn_load WNI_NAME(load_bf16), WNI_NAME(load_u8);
WniFn_store WNI_NAME(store_bf16), WNI_NAME(store_u8);

/* clang-format off */
/* What an element of y is, in those of a, b and c: kernels.h. */
#define VEC_OPS(ROW)                                                                               \
  ROW(COPY, a[i])                                                                                  \
  ROW(ADD, a[i] + b[i])                                                                            \
  ROW(SUB, a[i] - b[i])                                                                            \
  ROW(MUL, a[i] * b[i])                                                                            \
  ROW(DIV, a[i] / b[i])                                                                            \
  ROW(POW, powf(a[i], b[i]))                                                                       \
  ROW(MIN, a[i] < b[i] || a[i] != a[i] ? a[i] : b[i])                                              \
  ROW(MAX, a[i] > b[i] || a[i] != a[i] ? a[i] : b[i])                                              \
  ROW(MOD, a[i] - b[i] * floorf(a[i] / b[i]))                                                      \
  ROW(FMOD, fmodf(a[i], b[i]))                                                                     \
  ROW(EQUAL, a[i] == b[i] ? 1.0f : 0.0f)                                                           \
  ROW(LESS, a[i] < b[i] ? 1.0f : 0.0f)                                                             \
  ROW(LESS_EQUAL, a[i] <= b[i] ? 1.0f : 0.0f)                                                      \
  ROW(GREATER, a[i] > b[i] ? 1.0f : 0.0f)                                                          \
  ROW(GREATER_EQUAL, a[i] >= b[i] ? 1.0f : 0.0f)                                                   \
  ROW(AND, a[i] != 0 && b[i] != 0 ? 1.0f : 0.0f)                                                   \
  ROW(OR, a[i] != 0 || b[i] != 0 ? 1.0f : 0.0f)                                                    \
  ROW(XOR, (a[i] != 0) != (b[i] != 0) ? 1.0f : 0.0f)                                               \
  ROW(PRELU, a[i] < 0 ? a[i] * b[i] : a[i])                                                        \
  ROW(MULADD, a[i] * b[i] + c[i])                                                                  \
  ROW(WHERE, a[i] != 0 ? b[i] : c[i])
/* clang-format on */

void WNI_NAME(vec_f32)(WniVecOp op, const float *a, const float *b, const float *c, size_t n,
                       float *y) {
  wni_check_vec(op);
  switch (op) {
#define ROW(name, formula)                                                                         \
  case WNI_VEC_##name:                                                                             \
    for (size_t i = 0; i < n; i++) y[i] = formula;                                                 \
    return;
    VEC_OPS(ROW)
#undef ROW
  case WNI_VEC_OP_COUNT:
    return;
  }
}

/* clang-format off */
/* What becomes of x, with the parameters a and b: kernels.h. */
#define ACTIVATIONS(ROW)                                                                           \
  ROW(CLAMP, wni_clampf(x, a, b))                                                                  \
  ROW(LEAKY_RELU, x < 0 ? a * x : x)                                                               \
  ROW(THRESHOLDED_RELU, x > a ? x : x != x ? x : 0.0f)                                             \
  ROW(ELU, x < 0 ? a * wni_expm1_negative(x) : x)                                                  \
  ROW(SELU, b * (x < 0 ? a * wni_expm1_negative(x) : x))                                            \
  ROW(CELU, x < 0 ? a * wni_expm1_negative(x / a) : x)                                             \
  ROW(HARD_SIGMOID, wni_clampf(a * x + b, 0.0f, 1.0f))                                              \
  ROW(HARD_SWISH, x * wni_clampf(x * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f))                              \
  ROW(SIGMOID, wni_sigmoid(x))                                                                     \
  ROW(SWISH, wni_swish(x, a))                                                                      \
  ROW(TANH, wni_tanh(x))                                                                           \
  ROW(SOFTSIGN, x / (1.0f + wni_abs(x)))                                                           \
  ROW(SOFTPLUS, wni_softplus(x))                                                                   \
  ROW(MISH, wni_mish(x))                                                                           \
  ROW(GELU, wni_gelu(x))                                                                           \
  ROW(GELU_TANH, wni_gelu_tanh(x))                                                                 \
  ROW(EXP, wni_exp(x))                                                                             \
  ROW(LOG, wni_log(x))                                                                             \
  ROW(SQRT, sqrtf(x))                                                                              \
  ROW(RECIPROCAL, 1.0f / x)                                                                        \
  ROW(ERF, wni_erf(x))                                                                             \
  ROW(SIN, sinf(x))                                                                                \
  ROW(COS, cosf(x))                                                                                \
  ROW(NEG, -x)                                                                                     \
  ROW(ABS, wni_abs(x))                                                                             \
  ROW(SIGN, x > 0 ? 1.0f : x < 0 ? -1.0f : x)                                                      \
  ROW(CEIL, ceilf(x))                                                                              \
  ROW(FLOOR, floorf(x))                                                                            \
  ROW(ROUND, rintf(x))                                                                             \
  ROW(TRUNC, truncf(x))                                                                            \
  ROW(NONZERO, x == 0 ? 0.0f : 1.0f)                                                               \
  ROW(NOT, x == 0 ? 1.0f : 0.0f)                                                                   \
  ROW(IS_NAN, x != x ? 1.0f : 0.0f)                                                                \
  ROW(GRID_16, wni_clampf(rintf(x / a), b, b + 65535.0f) * a)
/* clang-format on */

void WNI_NAME(act_f32)(const WniActivation *activation, size_t n, float *y) {
  wni_check_act(activation);
  float a = activation->a, b = activation->b;
  switch (activation->kind) {
#define ROW(name, formula)                                                                         \
  case WNI_ACT_##name:                                                                             \
    for (size_t i = 0; i < n; i++) {                                                               \
      float x = y[i];                                                                              \
      y[i] = formula;                                                                              \
    }                                                                                              \
    return;
    ACTIVATIONS(ROW)
#undef ROW
  case WNI_ACT_NONE:
  case WNI_ACT_COUNT:
    return;
  }
}

void WNI_NAME(load_bf16)(const void *x, const WniQuant *quant, size_t n, float *y) {
  (void)quant;
  for (size_t i = 0; i < n; i++) y[i] = wni_bf16_to_f32(((const uint16_t *)x)[i]);
}

void WNI_NAME(store_bf16)(const float *x, const WniQuant *quant, size_t n, void *y) {
  (void)quant;
  for (size_t i = 0; i < n; i++) ((uint16_t *)y)[i] = wni_f32_to_bf16(x[i]);
}

void WNI_NAME(load_u8)(const void *x, const WniQuant *quant, size_t n, float *y) {
  wni_check_quant(quant);
  float scale = quant->scale, zero = (float)quant->zero;
  for (size_t i = 0; i < n; i++) y[i] = ((float)((const uint8_t *)x)[i] - zero) * scale;
}

/* The quotient q of a number on the grid of bytes. */
static inline uint8_t to_byte(float q, int zero) {
  float low = (float)-zero, high = (float)(255 - zero);
  q = q > low ? q : low; /* NaN too */
  q = q < high ? q : high;
  return (uint8_t)((int)rintf(q) + zero);
}

#ifdef __FMA__

/* x / scale to the last bit, in a fifth of the time: P. Markstein, Computation of elementary
 * functions on the IBM RISC System/6000 processor, 1990.  A remainder must not be subnormal, and
 * nothing overflow: x is taken from within what can be stored. */
static bool divide_by_products(const float *x, float scale, int zero, size_t n, uint8_t *y) {
  const float least = 0x1p-80f, inverse = 1 / scale, most = 512 * scale;
  if (!(scale >= least && scale <= 1 / least)) return false;
  for (size_t i = 0; i < n; i++) {
    float a = x[i] > -most ? x[i] : -most, q; /* NaN too */
    a = a < most ? a : most;
    q = a * inverse;
    q = fmaf(fmaf(-q, scale, a), inverse, q);
    q = fmaf(fmaf(-q, scale, a), inverse, q);
    y[i] = to_byte(q, zero);
  }
  return true;
}

#else

static bool divide_by_products(const float *x, float scale, int zero, size_t n, uint8_t *y) {
  return false;
}

#endif

void WNI_NAME(store_u8)(const float *x, const WniQuant *quant, size_t n, void *y) {
  wni_check_quant(quant);
  const WniQuant copy = *quant; /* y may be any memory to the compiler, *quant too */
  if (divide_by_products(x, copy.scale, copy.zero, n, y)) return;
  for (size_t i = 0; i < n; i++) ((uint8_t *)y)[i] = to_byte(x[i] / copy.scale, copy.zero);
}
