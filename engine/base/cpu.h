/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which instruction sets this process may use: what the processor has, less
 * what WINNOW_CPU_MASK or wn_cpu_set_mask() leaves out.
 */
#ifndef WNI_BASE_CPU_H
#define WNI_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum {
  WNI_CPU_AVX2 = 1u << 0,       /* with FMA */
  WNI_CPU_AVXVNNI = 1u << 1,    /* dot products of bytes in 256 bits */
  WNI_CPU_AVX512 = 1u << 2,     /* F, BW, VL, DQ */
  WNI_CPU_AVX512VNNI = 1u << 3, /* dot products of bytes in 512 bits */
  WNI_CPU_AVX512BF16 = 1u << 4, /* dot products of pairs of bfloat16 */
  WNI_CPU_AMXBF16 = 1u << 5,    /* matrix tiles, which the kernel allowed us to use */
  WNI_CPU_AMXINT8 = 1u << 6,
  WNI_CPU_NEON = 1u << 7,    /* every 64-bit Arm has it; a set, so that it can be switched off */
  WNI_CPU_DOTPROD = 1u << 8, /* dot products of signed bytes */
  WNI_CPU_I8MM = 1u << 9,    /* 2 x 8 by 8 x 2 matrices of bytes */
  WNI_CPU_BF16 = 1u << 10,   /* 2 x 4 by 4 x 2 matrices of bfloat16 */
};

/* The usable sets, WNI_CPU_*.  Thread-safe. */
uint32_t wni_cpu_flags(void);

/* Whether the usable sets multiply matrices of bfloat16 faster than float32 ones. */
bool wni_cpu_has_bf16_units(void);

#endif
