/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every row of variants.inc that this processor can run against the C reference of its kind, in
 * every type, over sizes with tails, with fences around every array.  With --bench [FILTER]
 * nothing is tested: the variants whose name contains FILTER are timed (bench.h).
 */
#include "bench.h"
#include "cases.h"
#include "variants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_kind_can_be_found) {
  for (int kind = 0; kind < WNI_KERNEL_KIND_COUNT; kind++)
    for (int type = 0; type < WNI_TYPE_COUNT; type++) {
      const WniKernel *kernel = wni_kernel_find((WniKernelKind)kind, (WniType)type);
      if (!kernel) continue;
      ck_assert_int_eq(kernel->kind, kind);
      ck_assert_int_eq(kernel->type, type);
      ck_assert_int_le(kernel->tile_m, WNI_MAX_TILE_M);
      ck_assert_int_le(kernel->tile_n, WNI_MAX_TILE_N);
      reference(kernel->kind, kernel->type);
    }
}
END_TEST

START_TEST(every_variant_runs_or_is_named) {
  report_skipped();
}
END_TEST

static int test_all(void) {
  const TTest *const tests[] = {every_kind_can_be_found, every_variant_runs_or_is_named};
  TCase *const cases[] = {case_of("table", tests, 2, 1),
                          case_checks(),
                          case_igemm(),
                          case_dwconv(),
                          case_fc(),
                          case_pools(),
                          case_convert(),
                          case_floats(),
                          case_resample(),
                          case_winograd()};
  Suite *suite = suite_create("kernels");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) suite_add_tcase(suite, cases[i]);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  if (argc == 1) return test_all();
  if (argc <= 3 && strcmp(argv[1], "--bench") == 0) return bench_run(argc > 2 ? argv[2] : NULL);
  fprintf(stderr, "usage: %s [--bench [FILTER]]\n", argv[0]);
  return 2;
}
