/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See variants.h.
 */
#include "variants.h"

#include "base/cpu.h"
#include "base/half.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const WniKernel *reference(WniKernelKind kind, WniType type) {
  size_t count;
  const WniKernel *table = wni_kernel_table(&count), *last = NULL;
  for (size_t i = 0; i < count; i++)
    if (table[i].kind == kind && table[i].type == type) last = &table[i];
  if (!last || !strstr(last->name, "__c"))
    ck_abort_msg("kind %d, type %d: no reference at the end", kind, type);
  return last;
}

static bool usable(const WniKernel *kernel) {
  return !(kernel->isa & ~wni_cpu_flags());
}

const WniKernel *next_variant(WniKernelKind kind, WniType type, const WniKernel *at) {
  size_t count;
  const WniKernel *table = wni_kernel_table(&count);
  for (const WniKernel *k = at ? at + 1 : table; k < table + count; k++)
    if (k->kind == kind && k->type == type && usable(k)) return k;
  return NULL;
}

void report_skipped(void) {
  size_t count, skipped = 0;
  const WniKernel *table = wni_kernel_table(&count);
  for (size_t i = 0; i < count; i++)
    if (!usable(&table[i]))
      printf("%s%s", skipped++ ? ", " : "skipped, as this processor lacks their instructions: ",
             table[i].name);
  printf("%s%zu variants are tested\n", skipped ? "\n" : "", count - skipped);
  fflush(stdout);
}

static float random_float(Contents contents, unsigned *seed) {
  static const float odd[] = {0.0f, -0.0f, 1e-30f, -1e-30f, 3e5f, -3e5f, 1.0f, -1.0f};
  if (contents == SPECIAL && rand_r(seed) % 3 == 0) return odd[rand_r(seed) % 8];
  return (float)(rand_r(seed) % 20001 - 10000) / 5000.0f;
}

/* Within -2 .. 2, down to the smallest there are. */
static uint16_t random_half(Contents contents, unsigned *seed) {
  uint16_t half = (uint16_t)(rand_r(seed) >> 4 & 0xBFFF);
  return contents == SPECIAL && rand_r(seed) % 3 == 0 ? half & 0x83FF : half;
}

static uint8_t random_byte(Contents contents, uint8_t lowest, unsigned *seed) {
  if (contents == LOWEST) return lowest;
  if (contents == HIGHEST) return (uint8_t)(lowest - 1);
  return (uint8_t)(rand_r(seed) >> 4);
}

static Fenced random_array(WniType type, uint8_t lowest, size_t n, Contents contents,
                           unsigned *seed) {
  Fenced array = fenced_new(n * wni_type_bytes(type));
  for (size_t i = 0; i < n; i++) {
    if (type == WNI_U8)
      ((uint8_t *)array.data)[i] = random_byte(contents, lowest, seed);
    else if (type == WNI_I16)
      ((int16_t *)array.data)[i] = (int16_t)(rand_r(seed) >> 4);
    else if (type == WNI_F16)
      ((uint16_t *)array.data)[i] = random_half(contents, seed);
    else if (type == WNI_BF16)
      ((uint16_t *)array.data)[i] = wni_f32_to_bf16(random_float(contents, seed));
    else
      ((float *)array.data)[i] = random_float(contents, seed);
  }
  return array;
}

Fenced random_activations(WniType type, size_t n, Contents contents, unsigned *seed) {
  return random_array(type == WNI_F16 ? WNI_F32 : type, 0, n, contents, seed);
}

Fenced random_weights(WniType type, size_t n, Contents contents, unsigned *seed) {
  return random_array(type, 0x80, n, contents, seed);
}

Fenced random_floats(size_t n, Contents contents, unsigned *seed) {
  return random_array(WNI_F32, 0, n, contents, seed);
}

Fenced random_bias(WniType type, size_t n, unsigned *seed) {
  if (type < WNI_U8) return random_floats(n, SMALL, seed);
  Fenced array = fenced_new(n * sizeof(int32_t));
  for (size_t i = 0; i < n; i++) ((int32_t *)array.data)[i] = rand_r(seed) % 20001 - 10000;
  return array;
}

Fenced random_scales(size_t n, unsigned *seed) {
  Fenced array = fenced_new(n * sizeof(float));
  for (size_t i = 0; i < n; i++)
    ((float *)array.data)[i] = rand_r(seed) % 2 ? 0.5f : (float)(rand_r(seed) % 1000 + 1) * 1e-5f;
  return array;
}

WniOutput output_of(WniType type, int zero, bool clamp) {
  WniOutput output = {
      .type = type, .zero = zero, .low = clamp ? 0 : -INFINITY, .high = clamp ? 6 : INFINITY};
  if (type == WNI_U8) {
    output.low = (float)-zero;
    output.high = (float)(255 - zero);
  }
  return output;
}

double element(WniType type, bool weight, const void *data, size_t i) {
  if (type == WNI_F32) return (double)((const float *)data)[i];
  if (type == WNI_BF16) return (double)wni_bf16_to_f32(((const uint16_t *)data)[i]);
  if (type == WNI_F16)
    return weight ? (double)wni_half_to_f32(((const uint16_t *)data)[i])
                  : element(WNI_F32, false, data, i);
  return weight ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
}

void expect_near(const WniKernel *kernel, double got, double want, double bound, const char *where,
                 size_t i) {
  bool same = (isnan(got) && isnan(want)) || got == want || fabs(got - want) <= bound;
  if (!same)
    ck_abort_msg("%s, %s: element %zu is %.9g, must be %.9g within %.3g", kernel->name, where, i,
                 got, want, bound);
}

void expect_bits(const WniKernel *kernel, const void *got, const void *want, size_t n,
                 const char *where) {
  const unsigned char *a = got, *b = want;
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i])
      ck_abort_msg("%s, %s: byte %zu is %d, must be %d", kernel->name, where, i, a[i], b[i]);
}

double storage_error(WniType type, double x) {
  return type == WNI_BF16 ? ldexp(fabs(x), -8) : ldexp(fabs(x), -24);
}
