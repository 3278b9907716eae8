/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which instruction sets this process may use: what the processor has, less
 * what WINNOW_CPU_MASK or wn_cpu_set_mask() leaves out.
 */
#ifndef WNI_BASE_CPU_H
#define WNI_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Where each set stands in cpu_sets.inc. */
enum {
#define WNI_CPU_SET(name, present) WNI_CPU_ROW_##name,
#include "base/cpu_sets.inc"
  WNI_CPU_SET_COUNT
};

/* A bit for each set, WNI_CPU_<name>. */
enum {
#define WNI_CPU_SET(name, present) WNI_CPU_##name = 1u << WNI_CPU_ROW_##name,
#include "base/cpu_sets.inc"
  /* what every processor has: plain C, and vectors of 128 bits */
  WNI_CPU_c = 0,
  WNI_CPU_v128 = 0
};

/* The usable sets, WNI_CPU_*.  Thread-safe. */
uint32_t wni_cpu_flags(void);

/* Whether the usable sets multiply matrices of bfloat16 faster than float32 ones. */
bool wni_cpu_has_bf16_units(void);

#endif
