/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vectors of WNI_LANES floats in the compiler's own notation, for the files that are
 * compiled once per instruction set; the build gives WNI_LANES.
 */
#ifndef WNI_KERNELS_VECTOR_H
#define WNI_KERNELS_VECTOR_H

#include <stdint.h>
#include <string.h>
#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

typedef float WniVector __attribute__((vector_size(WNI_LANES * sizeof(float))));
typedef int32_t WniMask __attribute__((vector_size(WNI_LANES * sizeof(int32_t))));
typedef float WniVectorUnaligned
    __attribute__((vector_size(WNI_LANES * sizeof(float)), aligned(4)));

static inline WniVector wni_load(const float *at) {
  return *(const WniVectorUnaligned *)(const void *)at;
}

static inline void wni_store(float *at, WniVector v) {
  *(WniVectorUnaligned *)(void *)at = v;
}

/* The first n lanes, at least one; nothing is read or written behind them. */
static inline WniVector wni_load_some(const float *at, int n) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_maskz_loadu_ps((__mmask16)(0xFFFF >> (16 - n)), at);
#elif defined __x86_64__ && WNI_LANES == 8
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return (WniVector)_mm256_maskload_ps(at, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
#else
  float room[WNI_LANES] = {0};
  memcpy(room, at, (size_t)n * sizeof *room);
  return wni_load(room);
#endif
}

static inline void wni_store_some(float *at, WniVector v, int n) {
#if defined __x86_64__ && WNI_LANES == 16
  _mm512_mask_storeu_ps(at, (__mmask16)(0xFFFF >> (16 - n)), (__m512)v);
#else
  if (n == WNI_LANES) wni_store(at, v);
  for (int j = 0; n < WNI_LANES && j < n; j++) at[j] = v[j];
#endif
}

typedef uint32_t WniBits __attribute__((vector_size(WNI_LANES * sizeof(uint32_t))));
typedef uint16_t WniHalves __attribute__((vector_size(WNI_LANES * sizeof(uint16_t))));
typedef uint16_t WniHalvesUnaligned
    __attribute__((vector_size(WNI_LANES * sizeof(uint16_t)), aligned(2)));

/* The compiler widens and narrows vectors of 256 bits and more half by half. */
static inline WniBits wni_widen(WniHalves x) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniBits)_mm512_cvtepu16_epi32((__m256i)x);
#elif defined __x86_64__ && WNI_LANES == 8
  return (WniBits)_mm256_cvtepu16_epi32((__m128i)x);
#else
  return __builtin_convertvector(x, WniBits);
#endif
}
static inline WniHalves wni_narrow(WniBits x) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniHalves)_mm512_cvtepi32_epi16((__m512i)x);
#elif defined __x86_64__ && WNI_LANES == 8
  __m256i words = _mm256_packus_epi32((__m256i)x, (__m256i)x);
  return (WniHalves)_mm256_castsi256_si128(_mm256_permute4x64_epi64(words, 0x08));
#else
  return __builtin_convertvector(x, WniHalves);
#endif
}

/* WNI_LANES numbers of bfloat16, to the bits of type.h; the instruction that stores them takes
 * denormals for zeros. */
static inline WniVector wni_load_bf16(const uint16_t *at) {
  WniHalves halves = *(const WniHalvesUnaligned *)(const void *)at;
  return (WniVector)(wni_widen(halves) << 16);
}

static inline void wni_store_bf16(uint16_t *at, WniVector v) {
#if defined __AVX512BF16__ && WNI_LANES == 16
  _mm256_storeu_si256((void *)at, (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
  WniBits bits = (WniBits)v, nan = (WniBits)((WniMask)(bits & 0x7FFFFFFF) > 0x7F800000);
  WniBits rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
  *(WniHalvesUnaligned *)(void *)at = wni_narrow((nan & quiet) | (~nan & rounded));
#endif
}

/* WNI_LANES bytes as numbers. */
static inline WniVector wni_load_u8(const uint8_t *at) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)at)));
#elif defined __x86_64__ && WNI_LANES == 8
  return (WniVector)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)at)));
#elif defined __x86_64__
  int32_t four;
  memcpy(&four, at, sizeof four);
  __m128i zero = _mm_setzero_si128(), words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero);
  return (WniVector)_mm_cvtepi32_ps(_mm_unpacklo_epi16(words, zero));
#elif defined __aarch64__
  uint32_t four;
  memcpy(&four, at, sizeof four);
  uint16x8_t words = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)));
  return (WniVector)vcvtq_f32_u32(vmovl_u16(vget_low_u16(words)));
#else
  WniVector v;
  for (int j = 0; j < WNI_LANES; j++) v[j] = at[j];
  return v;
#endif
}

/* where ? a : b, lane by lane */
static inline WniVector wni_select(WniMask where, WniVector a, WniVector b) {
  return (WniVector)(((WniMask)a & where) | ((WniMask)b & ~where));
}

/* wni_clampf() of every lane.  The instructions of x86 give their second operand where either is
 * NaN, those of Arm a NaN. */
static inline WniVector wni_clamp(WniVector x, WniVector low, WniVector high) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_min_ps((__m512)high, _mm512_max_ps((__m512)low, (__m512)x));
#elif defined __x86_64__ && WNI_LANES == 8
  return (WniVector)_mm256_min_ps((__m256)high, _mm256_max_ps((__m256)low, (__m256)x));
#elif defined __x86_64__
  return (WniVector)_mm_min_ps((__m128)high, _mm_max_ps((__m128)low, (__m128)x));
#elif defined __aarch64__
  return (WniVector)vminq_f32((float32x4_t)high, vmaxq_f32((float32x4_t)low, (float32x4_t)x));
#else
  x = wni_select(x < low, low, x);
  return wni_select(x > high, high, x);
#endif
}

/* The larger of two in every lane; `kept` where either is NaN, or, on Arm, a NaN. */
static inline WniVector wni_max(WniVector x, WniVector kept) {
#if defined __x86_64__ && WNI_LANES == 16
  return (WniVector)_mm512_max_ps((__m512)x, (__m512)kept);
#elif defined __x86_64__ && WNI_LANES == 8
  return (WniVector)_mm256_max_ps((__m256)x, (__m256)kept);
#elif defined __x86_64__
  return (WniVector)_mm_max_ps((__m128)x, (__m128)kept);
#elif defined __aarch64__
  return (WniVector)vmaxq_f32((float32x4_t)x, (float32x4_t)kept);
#else
  return wni_select(x > kept, x, kept);
#endif
}

/* The sum of all lanes. */
static inline float wni_add_up(WniVector v) {
  float sum[WNI_LANES];
  memcpy(sum, &v, sizeof sum);
  for (int half = WNI_LANES / 2; half > 0; half /= 2)
    for (int j = 0; j < half; j++) sum[j] += sum[j + half];
  return sum[0];
}

/* The same of four vectors. */
static inline void wni_add_up_four(const WniVector *v, float *sum) {
#if defined __x86_64__ && WNI_LANES == 16
  const __m512 *row = (const __m512 *)v;
  __m512 a = _mm512_unpacklo_ps(row[0], row[1]) + _mm512_unpackhi_ps(row[0], row[1]);
  __m512 b = _mm512_unpacklo_ps(row[2], row[3]) + _mm512_unpackhi_ps(row[2], row[3]);
  __m512 c = (__m512)(_mm512_unpacklo_pd((__m512d)a, (__m512d)b)) +
             (__m512)(_mm512_unpackhi_pd((__m512d)a, (__m512d)b));
  __m256 d = _mm512_castps512_ps256(c) + _mm512_extractf32x8_ps(c, 1);
  _mm_storeu_ps(sum, _mm256_castps256_ps128(d) + _mm256_extractf128_ps(d, 1));
#elif defined __x86_64__ && WNI_LANES == 8
  const __m256 *row = (const __m256 *)v;
  __m256 c = _mm256_hadd_ps(_mm256_hadd_ps(row[0], row[1]), _mm256_hadd_ps(row[2], row[3]));
  _mm_storeu_ps(sum, _mm256_castps256_ps128(c) + _mm256_extractf128_ps(c, 1));
#elif defined __aarch64__
  const float32x4_t *row = (const float32x4_t *)v;
  vst1q_f32(sum, vpaddq_f32(vpaddq_f32(row[0], row[1]), vpaddq_f32(row[2], row[3])));
#else
  for (int r = 0; r < 4; r++) sum[r] = wni_add_up(v[r]);
#endif
}

#endif
