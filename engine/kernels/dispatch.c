/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turns variants.inc into declarations and a table, and picks from it.
 */
#include "kernels/kernels.h"

#include "base/cpu.h"

#define WNI_KERNEL(kind, tile, isa, flags, m, n) extern WniFn_##kind wni_##kind##tile##__##isa;
#include "kernels/variants.inc"
#undef WNI_KERNEL

static const WniKernel table[] = {
#define WNI_KERNEL(kind, tile, isa, flags, m, n)                                                   \
  {#kind #tile "__" #isa, WNI_KERNEL_##kind, flags, m, n, {.kind = wni_##kind##tile##__##isa}},
#include "kernels/variants.inc"
#undef WNI_KERNEL
};

const WniKernel *wni_kernel_table(size_t *count) {
  *count = sizeof table / sizeof *table;
  return table;
}

const WniKernel *wni_kernel_find(WniKernelKind kind) {
  uint32_t usable = wni_cpu_flags();
  const WniKernel *kernel = table;
  while (kernel->kind != kind || (kernel->isa & ~usable)) kernel++;
  return kernel;
}
