/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a forked child of a test makes of what it inherits.
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <check.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `child` in a forked process; it returns true when all is well.  Through a pipe: the exit
 * status is valgrind's, to which the runtime's memory of threads left behind is lost. */
static inline void in_child(bool (*child)(void)) {
  int ends[2];
  bool well = false;
  ck_assert_int_eq(pipe(ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    well = child();
    _exit(write(ends[1], &well, sizeof well) != sizeof well);
  }
  close(ends[1]);
  ck_assert_int_eq(read(ends[0], &well, sizeof well), sizeof well);
  close(ends[0]);
  ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
  ck_assert(well);
}

#endif
