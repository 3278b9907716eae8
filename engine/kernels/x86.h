/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the x86 kernels share: vectors of the widest kind that the file is compiled for, and how
 * the sums of a tile are stored.  Conversions are made of integers, so that they give the bits of
 * type.h, but where products of bfloat16 are instructions: these take denormals for zeros, as the
 * one that converts does.
 */
#ifndef WNI_KERNELS_X86_H
#define WNI_KERNELS_X86_H

#include "kernels/isa.h"

#include <immintrin.h>
#include <stdbool.h>

#ifdef __AVX512F__

enum { LANES = 16 };
typedef __m512 Floats;
typedef __m512i Ints;

static inline Ints load_ints(const void *x) {
  return _mm512_loadu_si512(x);
}
static inline Ints broadcast_int(int32_t x) {
  return _mm512_set1_epi32(x);
}
static inline Floats load_floats(const void *x) {
  return _mm512_loadu_ps(x);
}

/* The first n lanes; nothing is read or written behind them. */
static inline __mmask16 first(int n) {
  return (__mmask16)(n >= LANES ? 0xFFFF : (1u << n) - 1);
}
static inline Floats load_some(WniType type, const void *x, int n) {
  if (type == WNI_F32) return _mm512_maskz_loadu_ps(first(n), x);
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first(n), x)), 16));
}
static inline void store_some(WniType type, void *y, int n, Floats x) {
  if (type == WNI_F32) {
    _mm512_mask_storeu_ps(y, first(n), x);
    return;
  }
#ifdef __AVX512BF16__
  _mm256_mask_storeu_epi16(y, first(n), (__m256i)_mm512_cvtneps_pbh(x));
#else
  Ints bits = _mm512_castps_si512(x), half = _mm512_srli_epi32(bits, 16);
  Ints odd = _mm512_and_si512(half, _mm512_set1_epi32(1));
  Ints rounded = _mm512_srli_epi32(
      _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF))), 16);
  __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, nan, half, _mm512_set1_epi32(0x40));
  _mm512_mask_cvtepi32_storeu_epi16(y, first(n), rounded);
#endif
}
/* The clamp of isa.h: these keep their second operand where the comparison is false. */
static inline Floats clamp(Floats x, float low, float high) {
  return _mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), x));
}
static inline Floats add(Floats a, Floats b) {
  return _mm512_add_ps(a, b);
}
static inline Floats scaled(Ints sum, const float *scale) {
  return _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scale));
}
static inline void store_rounded(uint8_t *y, int n, Floats x, int zero) {
  _mm512_mask_cvtepi32_storeu_epi8(
      y, first(n), _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero)));
}

/* Twice LANES bytes as 16-bit numbers. */
static inline Ints widen_unsigned(const uint8_t *x) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)x));
}
static inline Ints widen_signed(const int8_t *x) {
  return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const void *)x));
}
/* LANES bytes of a and of b, side by side as 16-bit numbers. */
static inline __m256i interleave(const void *a, const void *b) {
  __m128i x = _mm_loadu_si128(a), y = _mm_loadu_si128(b);
  return _mm256_set_m128i(_mm_unpackhi_epi8(x, y), _mm_unpacklo_epi8(x, y));
}
static inline Ints pairs_of_unsigned(const uint8_t *a, const uint8_t *b) {
  return _mm512_cvtepu8_epi16(interleave(a, b));
}
/* LANES bytes, each beside a zero. */
static inline Ints pairs_with_zero(const uint8_t *a) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)a));
}
static inline Ints pairs_of_signed(const int8_t *a, const int8_t *b) {
  return _mm512_cvtepi8_epi16(interleave(a, b));
}
/* sum + x[2 j] y[2 j] + x[2 j + 1] y[2 j + 1] of 16-bit numbers */
static inline Ints add_pairs(Ints sum, Ints x, Ints y) {
  return _mm512_add_epi32(sum, _mm512_madd_epi16(x, y));
}
static inline int32_t add_up(Ints x) {
  return _mm512_reduce_add_epi32(x);
}

#else /* AVX2 */

enum { LANES = 8 };
typedef __m256 Floats;
typedef __m256i Ints;

static inline Ints load_ints(const void *x) {
  return _mm256_loadu_si256(x);
}
static inline Ints broadcast_int(int32_t x) {
  return _mm256_set1_epi32(x);
}
static inline Floats load_floats(const void *x) {
  return _mm256_loadu_ps(x);
}

/* The first n lanes, through a copy where there are fewer. */
static inline Floats load_some(WniType type, const void *x, int n) {
  float copy[LANES] = {0};
  if (n < LANES) x = memcpy(copy, x, (size_t)n * wni_type_bytes(type));
  if (type == WNI_F32) return _mm256_loadu_ps(x);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(x)), 16));
}
static inline __m128i words(Ints x) {
  return _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}
static inline void store_some(WniType type, void *y, int n, Floats x) {
  float copy[LANES];
  void *to = n < LANES ? copy : y;
  if (type == WNI_F32) {
    _mm256_storeu_ps(to, x);
  } else {
    Ints bits = _mm256_castps_si256(x), half = _mm256_srli_epi32(bits, 16);
    Ints odd = _mm256_and_si256(half, _mm256_set1_epi32(1));
    Ints rounded = _mm256_srli_epi32(
        _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF))), 16);
    Ints nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    Ints quiet = _mm256_or_si256(half, _mm256_set1_epi32(0x40));
    _mm_storeu_si128(to, words(_mm256_blendv_epi8(rounded, quiet, nan)));
  }
  if (to == copy) memcpy(y, copy, (size_t)n * wni_type_bytes(type));
}
/* The clamp of isa.h: these keep their second operand where the comparison is false. */
static inline Floats clamp(Floats x, float low, float high) {
  return _mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), x));
}
static inline Floats add(Floats a, Floats b) {
  return _mm256_add_ps(a, b);
}
static inline Floats scaled(Ints sum, const float *scale) {
  return _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(scale));
}
static inline void store_rounded(uint8_t *y, int n, Floats x, int zero) {
  __m128i w = words(_mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(zero)));
  __m128i bytes = _mm_packus_epi16(w, w);
  if (n < LANES)
    memcpy(y, &bytes, (size_t)n);
  else
    _mm_storel_epi64((void *)y, bytes);
}

/* Twice LANES bytes as 16-bit numbers. */
static inline Ints widen_unsigned(const uint8_t *x) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)x));
}
static inline Ints widen_signed(const int8_t *x) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)x));
}
/* LANES bytes of a and of b, side by side as 16-bit numbers. */
static inline __m128i interleave(const void *a, const void *b) {
  return _mm_unpacklo_epi8(_mm_loadl_epi64(a), _mm_loadl_epi64(b));
}
static inline Ints pairs_of_unsigned(const uint8_t *a, const uint8_t *b) {
  return _mm256_cvtepu8_epi16(interleave(a, b));
}
/* LANES bytes, each beside a zero. */
static inline Ints pairs_with_zero(const uint8_t *a) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)a));
}
static inline Ints pairs_of_signed(const int8_t *a, const int8_t *b) {
  return _mm256_cvtepi8_epi16(interleave(a, b));
}
/* sum + x[2 j] y[2 j] + x[2 j + 1] y[2 j + 1] of 16-bit numbers */
static inline Ints add_pairs(Ints sum, Ints x, Ints y) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(x, y));
}
static inline int32_t add_up(Ints x) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
  return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
}

#endif

/* LANES columns of one row: what follows the sums (kernels.h).  `n` is LANES or fewer. */
static inline void store_ints(const WniIgemmArgs *args, int i, int column, Ints sum, int n) {
  Floats x = clamp(scaled(sum, args->scale + column), args->output.low, args->output.high);
  if (args->output.type == WNI_U8)
    store_rounded((uint8_t *)args->y[i] + column, n, x, args->output.zero);
  else
    store_some(WNI_F32, (float *)args->y[i] + column, n, x);
}
static inline void store_floats(const WniIgemmArgs *args, int i, int column, Floats sum, int n) {
  size_t at = (size_t)column * wni_type_bytes(args->output.type);
  if (args->residual)
    sum = add(sum, load_some(args->output.type, (const char *)args->residual[i] + at, n));
  store_some(args->output.type, (char *)args->y[i] + at, n,
             clamp(sum, args->output.low, args->output.high));
}

#ifdef __AVX512BW__

/* Four vectors of a tile as bytes, those of 4 / `vectors` rows: packed within quarters, then put in
 * order.  Half the instructions of one vector after the other. */
static inline __attribute__((always_inline)) void
store_four(const WniIgemmArgs *args, int i, int column, const Ints *sum, int vectors) {
  const Ints order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const Ints zero = _mm512_set1_epi16((int16_t)args->output.zero);
  Ints v[4];
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++)
    v[k] = _mm512_cvtps_epi32(clamp(scaled(sum[k], args->scale + column + k % vectors * LANES),
                                    args->output.low, args->output.high));
  Ints upper = _mm512_add_epi16(_mm512_packs_epi32(v[0], v[1]), zero);
  Ints lower = _mm512_add_epi16(_mm512_packs_epi32(v[2], v[3]), zero);
  Ints bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(upper, lower));
  uint8_t *const *y = (uint8_t *const *)args->y + i;
  if (vectors == 2) {
    _mm256_storeu_si256((void *)(y[0] + column), _mm512_castsi512_si256(bytes));
    _mm256_storeu_si256((void *)(y[1] + column), _mm512_extracti64x4_epi64(bytes, 1));
    return;
  }
  _mm_storeu_si128((void *)(y[0] + column), _mm512_castsi512_si128(bytes));
  _mm_storeu_si128((void *)(y[1] + column), _mm512_extracti32x4_epi32(bytes, 1));
  _mm_storeu_si128((void *)(y[2] + column), _mm512_extracti32x4_epi32(bytes, 2));
  _mm_storeu_si128((void *)(y[3] + column), _mm512_extracti32x4_epi32(bytes, 3));
}

/* Rows of a tile whose columns are all there.  False: they are to be stored one by one. */
static inline __attribute__((always_inline)) bool
store_fours(const WniIgemmArgs *args, int column, const Ints *sum, int rows, int vectors) {
  const int step = 4 / vectors, end = rows / step * step;
  if (args->output.type != WNI_U8) return false;
#pragma GCC unroll 16
  for (int i = 0; i < end; i += step) store_four(args, i, column, sum + i * vectors, vectors);
#pragma GCC unroll 4
  for (int k = end * vectors; k < rows * vectors; k++)
    store_ints(args, k / vectors, column + k % vectors * LANES, sum[k], LANES);
  return true;
}

#else

static inline bool store_fours(const WniIgemmArgs *args, int column, const Ints *sum, int rows,
                               int vectors) {
  return false;
}

#endif

/* Sums of floats are stored vector by vector. */
static inline bool store_no_fours(const WniIgemmArgs *args, int column, const Floats *sum, int rows,
                                  int vectors) {
  return false;
}

/* What a tile of `vectors` a row stores from `column` on where its last columns are missing. */
#define DEFINE_STORE_PART(name, store, Vector)                                                     \
  static __attribute__((noinline)) void name(const WniIgemmArgs *args, int column,                 \
                                             const Vector *sum, int vectors) {                     \
    for (int i = 0; i < args->m; i++)                                                              \
      for (int v = 0; v < vectors && column + v * LANES < args->n; v++) {                          \
        int at = column + v * LANES, left = args->n - at;                                          \
        store(args, i, at, sum[i * vectors + v], left < LANES ? left : LANES);                     \
      }                                                                                            \
  }

/* A tile of `rows` by `vectors`, constants both, from `column` on.  Where it is whole, the sums
 * never leave their registers; at the last columns they do.  The copy of the arguments is for the
 * compiler, which would otherwise have to read them again behind every store. */
#define DEFINE_STORE_TILE(name, store, fours, Vector)                                              \
  DEFINE_STORE_PART(name##_part, store, Vector)                                                    \
  static inline __attribute__((always_inline)) void name(                                          \
      const WniIgemmArgs *args, int column, const Vector *sum, int rows, int vectors) {            \
    WniIgemmArgs copy = *args;                                                                     \
    if (copy.n - column < vectors * LANES) {                                                       \
      Vector spilled[32];                                                                          \
      _Pragma("GCC unroll 32") for (int k = 0; k < rows * vectors; k++) spilled[k] = sum[k];       \
      name##_part(args, column, spilled, vectors);                                                 \
      return;                                                                                      \
    }                                                                                              \
    if (fours(&copy, column, sum, rows, vectors)) return;                                          \
    _Pragma("GCC unroll 16") for (int i = 0; i < rows; i++)                                        \
        _Pragma("GCC unroll 4") for (int v = 0; v < vectors; v++)                                  \
            store(&copy, i, column + v * LANES, sum[i * vectors + v], LANES);                      \
  }

#endif
