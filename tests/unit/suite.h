/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every unit test program shares: a suite of one case, run and reported.
 */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* How often to repeat what is repeated to be sure of a frequency or to meet a race: n, but a tenth
 * where $WINNOW_TEST_FEWER is set, as ./test.sh does under valgrind, sanitizers and QEMU: there the
 * same code runs as in the plain build, thirty times as slowly, and once shows what they look for.
 */
static inline int suite_rounds(int n) {
  const char *fewer = getenv("WINNOW_TEST_FEWER");
  return fewer == NULL || *fewer == 0 ? n : n > 10 ? n / 10 : 1;
}

/* Runs `tests` [n]; the exit status of main. */
static inline int suite_run(const char *name, const TTest *const *tests, size_t n) {
  Suite *suite = suite_create(name);
  TCase *tcase = tcase_create(name);
  tcase_set_timeout(tcase, 300); /* sanitizers and valgrind are slow; this only ends hangs */
  for (size_t i = 0; i < n; i++) tcase_add_test(tcase, tests[i]);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define SUITE_MAIN(name, ...)                                                                      \
  int main(void) {                                                                                 \
    const TTest *const tests[] = {__VA_ARGS__};                                                    \
    return suite_run(name, tests, sizeof tests / sizeof *tests);                                   \
  }

#endif
