/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * load and store: every variant gives the bits of the C reference, and the reference those of the
 * formulas of kernels.h.
 */
#include "cases.h"
#include "variants.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const WniQuant quants[] = {{0.05f, 128}, {1.0f, 0}, {0.5f, 255}, {3e-7f, 3}, {2e5f, 77}};
enum { N_QUANTS = sizeof quants / sizeof *quants };

/* Ties of both roundings, the ends of every range, numbers that are none. */
static float awkward(unsigned *seed) {
  static const float odd[] = {0.0f,   -0.0f,  0.5f,        1.5f,          -0.5f,  127.5f, 128.5f,
                              1e38f,  -1e38f, INFINITY,    -INFINITY,     NAN,    1e-40f, -1e-40f,
                              255.5f, 254.5f, 0.02500001f, 3.3895314e38f, 3.4e38f};
  uint32_t bits = (uint32_t)rand_r(seed) << 16 ^ (uint32_t)rand_r(seed);
  float x;
  if (bits % 4 == 0) return odd[bits / 4 % (sizeof odd / sizeof *odd)];
  if (bits % 4 == 1) bits = (bits & 0xFFFF0000) | 0x8000; /* halfway between two bfloat16 */
  if (bits % 4 == 2) return (float)(int)(bits >> 20) * 0.025f - 40.0f;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* What y may be: the nearest bfloat16 is at most half a unit of the last place away. */
static bool is_stored(const WniQuant *quant, WniType type, float x, const void *y, size_t i) {
  if (type == WNI_U8) {
    float q = x / quant->scale;
    double want = isnan(q) ? 0 : fmin(fmax(rint((double)q) + quant->zero, 0), 255);
    return want == ((const uint8_t *)y)[i];
  }
  float got = wni_bf16_to_f32(((const uint16_t *)y)[i]);
  uint32_t bits;
  memcpy(&bits, &got, sizeof bits);
  if (isnan(x)) return isnan(got);
  if (isinf(got)) return fabsf(x) >= 3.3961775e38f && signbit(x) == signbit(got);
  int exponent = (int)(bits >> 23 & 0xFF);
  return fabs((double)x - (double)got) <= ldexp(0.5, exponent > 1 ? exponent - 134 : -133);
}

START_TEST(store) {
  WniType type = (WniType)_i;
  unsigned seed = 5;
  for
    EACH_VARIANT(kernel, WNI_KERNEL_store, type)
  for (size_t n = 1; n < 300; n += n < 80 ? 1 : 37)
    for (size_t j = 0; j < N_QUANTS; j++) {
      Fenced x = fenced_new(n * sizeof(float)), got = fenced_new(n * wni_type_bytes(type));
      Fenced want = fenced_new(got.bytes);
      for (size_t i = 0; i < n; i++) ((float *)x.data)[i] = awkward(&seed);
      kernel->run.store(x.data, &quants[j], n, got.data);
      reference(WNI_KERNEL_store, type)->run.store(x.data, &quants[j], n, want.data);
      expect_bits(kernel, got.data, want.data, got.bytes, "store");
      for (size_t i = 0; i < n; i++)
        if (!is_stored(&quants[j], type, ((float *)x.data)[i], got.data, i))
          ck_abort_msg("%s: %g is stored wrongly", kernel->name, (double)((float *)x.data)[i]);
      Fenced *all[] = {&x, &got, &want};
      for (size_t i = 0; i < 3; i++) fenced_free(all[i], kernel->name);
    }
}
END_TEST

START_TEST(load) {
  WniType type = (WniType)_i;
  unsigned seed = 6;
  for
    EACH_VARIANT(kernel, WNI_KERNEL_load, type)
  for (size_t n = 1; n < 300; n += n < 80 ? 1 : 37)
    for (size_t j = 0; j < N_QUANTS; j++) {
      Fenced x = random_activations(type, n, SPECIAL, &seed), got = fenced_new(n * sizeof(float));
      kernel->run.load(x.data, &quants[j], n, got.data);
      for (size_t i = 0; i < n; i++) {
        double value = element(type, false, x.data, i);
        if (type == WNI_U8) value = (double)((float)(value - quants[j].zero) * quants[j].scale);
        expect_near(kernel, (double)((float *)got.data)[i], value, 0, "load", i);
      }
      fenced_free(&x, kernel->name);
      fenced_free(&got, kernel->name);
    }
}
END_TEST

TCase *case_convert(void) {
  const TTest *const tests[] = {store, load};
  return case_of("convert", tests, 2, WNI_TYPE_COUNT);
}
