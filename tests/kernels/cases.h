/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The test cases of the kernels, one file each.  CK_RUN_CASE=<name> runs one alone.
 */
#ifndef TESTS_KERNELS_CASES_H
#define TESTS_KERNELS_CASES_H

#include <check.h>

TCase *case_checks(void);
TCase *case_igemm(void);
TCase *case_dwconv(void);
TCase *case_fc(void);
TCase *case_pools(void);
TCase *case_convert(void);
TCase *case_floats(void);
TCase *case_resample(void);
TCase *case_winograd(void);

/* A case of `tests` [n], each run once for every type. */
static inline TCase *case_of(const char *name, const TTest *const *tests, int n, int n_types) {
  TCase *tcase = tcase_create(name);
  tcase_set_timeout(tcase, 3000); /* emulators and sanitizers are slow; this only ends hangs */
  for (int i = 0; i < n; i++) tcase_add_loop_test(tcase, tests[i], 0, n_types);
  return tcase;
}

#endif
