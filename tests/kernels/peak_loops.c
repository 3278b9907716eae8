/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The loops of peak.c, compiled once per instruction set: as many multiplications
 * and additions, and as many reads, as the processor can do.
 */
#include "peak_loops.h"

#if defined __AVX512F__
enum { VECTOR_BYTES = 64 };
#elif defined __AVX__
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

typedef float Floats __attribute__((vector_size(VECTOR_BYTES)));
typedef int Ints __attribute__((vector_size(VECTOR_BYTES)));

/* Chains that do not depend on each other: the latency of one times two units. */
enum { CHAINS = 12, STREAMS = 4, LANES = VECTOR_BYTES / sizeof(float) };

double PEAK_NAME(fma)(size_t n_rounds, float *out) {
  Floats sum[CHAINS], a = (Floats){0} + out[0], b = (Floats){0} + out[1];
  for (int i = 0; i < CHAINS; i++) sum[i] = a + (float)i;
  for (size_t r = 0; r < n_rounds; r++)
    for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + b;
  for (int i = 1; i < CHAINS; i++) sum[0] += sum[i];
  *(volatile float *)out = sum[0][0] * 0 + a[0];
  return 2.0 * LANES * CHAINS * (double)n_rounds;
}

/* Four streams at once: the processor fetches ahead on each of them. */
void PEAK_NAME(read)(const void *data, size_t n_bytes, size_t n_rounds, int *out) {
  Ints seen[STREAMS][2] = {{{0}}};
  const size_t n = n_bytes / VECTOR_BYTES / STREAMS; /* vectors of a stream */
  for (size_t r = 0; r < n_rounds; r++) {
    const Ints *at = data;
    for (size_t i = 0; i + 2 <= n; i += 2)
      for (size_t s = 0; s < STREAMS; s++) {
        seen[s][0] ^= at[s * n + i];
        seen[s][1] ^= at[s * n + i + 1];
      }
    __asm__ volatile("" ::: "memory"); /* the next round reads again */
  }
  Ints all = {0};
  for (int s = 0; s < STREAMS; s++) all ^= seen[s][0] ^ seen[s][1];
  *(volatile int *)out = all[0];
}
