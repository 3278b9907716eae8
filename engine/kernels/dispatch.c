/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turns variants.inc into declarations and a table, and picks from it.
 */
#include "kernels/kernels.h"

#include "base/cpu.h"

#define WNI_KERNEL(op, dtype, tile, set, m, n, k, x_offset)                                        \
  extern WniFn_##op wni_##op##_##dtype##__##set;
#include "kernels/variants.inc"

/* The types as variants.inc spells them. */
enum {
  TYPE_f32 = WNI_F32,
  TYPE_bf16 = WNI_BF16,
  TYPE_u8 = WNI_U8,
  TYPE_i16 = WNI_I16,
  TYPE_f16 = WNI_F16
};

static const WniKernel table[] = {
#define WNI_KERNEL(op, dtype, tile, set, m, n, k, x_offset)                                        \
  {.name = #op "_" #dtype #tile "__" #set,                                                         \
   .kind = WNI_KERNEL_##op,                                                                        \
   .type = (WniType)TYPE_##dtype,                                                                  \
   .isa = WNI_CPU_##set,                                                                           \
   .tile_m = m,                                                                                    \
   .tile_n = n,                                                                                    \
   .tile_k = k,                                                                                    \
   .offset = x_offset,                                                                             \
   .run = {.op = wni_##op##_##dtype##__##set}},
#include "kernels/variants.inc"
};
enum { N_KERNELS = sizeof table / sizeof *table };

const WniKernel *wni_kernel_table(size_t *count) {
  *count = N_KERNELS;
  return table;
}

static const WniKernel *find(WniKernelKind kind, WniType type, uint32_t usable) {
  for (const WniKernel *kernel = table; kernel < table + N_KERNELS; kernel++)
    if (kernel->kind == kind && kernel->type == type && !(kernel->isa & ~usable)) return kernel;
  return NULL;
}

const WniKernel *wni_kernel_find(WniKernelKind kind, WniType type) {
  return find(kind, type, wni_cpu_flags());
}

/* A matrix tile takes as long for few bytes as for 64 of a pixel, and its sums go through memory:
 * for up to half of that, dot products are as fast. */
const WniKernel *wni_kernel_find_igemm(WniType type, size_t depth) {
  enum { SHALLOW = 32 };
  uint32_t usable = wni_cpu_flags(), tiles = 0;
#ifdef WNI_BUILD_amxint8
  if (type == WNI_U8 && depth <= SHALLOW && usable & WNI_CPU_avx512vnni) tiles = WNI_CPU_amxint8;
#endif
  return find(WNI_KERNEL_igemm, type, usable & ~tiles);
}
