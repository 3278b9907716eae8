/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See bench.h.  A row of bench_case_table (bench_case.c) is a kind of kernel with a
 * typical size; every variant of the kind is timed on one core and set against what
 * peak.c has measured.
 */
#include "bench.h"

#include "base/cpu.h"
#include "bench_case.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const level_names[PEAK_COUNT] = {"float peak", "L1 reads", "L2 reads",
                                                    "L3 reads", "memory reads"};

static void print_peaks(int n_threads) {
  printf("| %d |", n_threads);
  for (int level = 0; level < PEAK_COUNT; level++)
    printf(" %.1f |", peak_measure((PeakLevel)level, n_threads) / 1e9);
  printf("\n");
}

/* The peak is measured again beside each kernel: neighbours take their share of a
 * memory, and it is another one each second. */
static void bench(const WniKernel *kernel, const BenchCase *size, bool first) {
  BenchWork work = {.kernel = kernel, .size = size};
  if (first) printf("\n| kernel | size | speed | share |\n|---|---|---:|---:|\n");
  bench_work_prepare(&work);
  double before = peak_measure(size->level, 1);
  double per_second = work.amount / peak_seconds(bench_work_run, &work);
  double after = peak_measure(size->level, 1);
  printf("| %s | %s | %.1f %s | %.0f %% of %s |\n", kernel->name, size->label, per_second / 1e9,
         size->level == PEAK_FLOPS ? "GFLOP/s" : "GB/s",
         100 * per_second / (before > after ? before : after), level_names[size->level]);
  bench_work_free(&work);
}

int bench_run(const char *filter) {
  size_t n_kernels, n_cases;
  const WniKernel *kernels = wni_kernel_table(&n_kernels);
  const BenchCase *cases = bench_case_table(&n_cases);
  bool first = true;
  printf("| cores | GFLOP/s | L1 GB/s | L2 GB/s | L3 GB/s | memory GB/s |\n"
         "|---:|---:|---:|---:|---:|---:|\n");
  print_peaks(1);
  if (peak_n_cores() > 1) print_peaks(peak_n_cores());
  for (size_t k = 0; k < n_kernels; k++) {
    if (kernels[k].isa & ~wni_cpu_flags()) continue;
    if (filter != NULL && strstr(kernels[k].name, filter) == NULL) continue;
    for (size_t c = 0; c < n_cases; c++)
      if (bench_case_fits(&cases[c], &kernels[k])) {
        bench(&kernels[k], &cases[c], first);
        first = false;
      }
    fflush(stdout);
  }
  return EXIT_SUCCESS;
}
