/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs of elements (kernels.h): arithmetic, activations, conversions; compiled
 * once per instruction set.
 */
#include "kernels/check.h"
#include "kernels/isa.h"

#include <math.h>

WniFn_vec WNI_NAME(vec_f32);
WniFn_act WNI_NAME(act_f32);
WniFn_load WNI_NAME(load_bf16), WNI_NAME(load_u8);
WniFn_store WNI_NAME(store_bf16), WNI_NAME(store_u8);

void WNI_NAME(vec_f32)(WniVecOp op, const float *a, const float *b, const float *c, size_t n,
                       float *y) {
  wni_check_vec(op);
  switch (op) {
  case WNI_VEC_COPY:
    for (size_t i = 0; i < n; i++) y[i] = a[i];
    return;
  case WNI_VEC_ADD:
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
    return;
  case WNI_VEC_SUB:
    for (size_t i = 0; i < n; i++) y[i] = a[i] - b[i];
    return;
  case WNI_VEC_MUL:
    for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
    return;
  case WNI_VEC_DIV:
    for (size_t i = 0; i < n; i++) y[i] = a[i] / b[i];
    return;
  case WNI_VEC_PRELU:
    for (size_t i = 0; i < n; i++) y[i] = a[i] < 0 ? a[i] * b[i] : a[i];
    return;
  case WNI_VEC_MULADD:
    for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i] + c[i];
    return;
  case WNI_VEC_OP_COUNT:
    return;
  }
}

void WNI_NAME(act_f32)(const WniActivation *activation, size_t n, float *y) {
  wni_check_act(activation);
  float a = activation->a, b = activation->b;
  switch (activation->kind) {
  case WNI_ACT_NONE:
    return;
  case WNI_ACT_CLAMP:
    for (size_t i = 0; i < n; i++) y[i] = wni_clampf(y[i], a, b);
    return;
  case WNI_ACT_LEAKY_RELU:
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? a * y[i] : y[i];
    return;
  case WNI_ACT_ELU:
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? a * expm1f(y[i]) : y[i];
    return;
  case WNI_ACT_HARD_SIGMOID:
    for (size_t i = 0; i < n; i++) y[i] = wni_clampf(a * y[i] + b, 0.0f, 1.0f);
    return;
  case WNI_ACT_HARD_SWISH:
    for (size_t i = 0; i < n; i++) y[i] *= wni_clampf(y[i] * (1.0f / 6.0f) + 0.5f, 0.0f, 1.0f);
    return;
  case WNI_ACT_SIGMOID:
    for (size_t i = 0; i < n; i++) y[i] = 1.0f / (1.0f + expf(-y[i]));
    return;
  case WNI_ACT_TANH:
    for (size_t i = 0; i < n; i++) y[i] = tanhf(y[i]);
    return;
  case WNI_ACT_TRUNC:
    for (size_t i = 0; i < n; i++) y[i] = truncf(y[i]);
    return;
  case WNI_ACT_NONZERO:
    for (size_t i = 0; i < n; i++) y[i] = y[i] == 0 ? 0.0f : 1.0f;
    return;
  case WNI_ACT_ROUND:
    for (size_t i = 0; i < n; i++) y[i] = rintf(y[i]);
    return;
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

void WNI_NAME(store_u8)(const float *x, const WniQuant *quant, size_t n, void *y) {
  wni_check_quant(quant);
  int zero = quant->zero; /* a copy: y may be any memory to the compiler, *quant too */
  float scale = quant->scale, low = (float)-zero, high = (float)(255 - zero);
  for (size_t i = 0; i < n; i++) {
    float q = x[i] / scale;
    q = q > low ? q : low; /* NaN too */
    q = q < high ? q : high;
    ((uint8_t *)y)[i] = (uint8_t)((int)rintf(q) + zero);
  }
}
