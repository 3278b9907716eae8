/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a program, or a command of one, says of itself; `--help` is printed from it.
 */
#ifndef COMMAND_H
#define COMMAND_H

/* Exit statuses of the program. */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

typedef struct Command {
  const char *name;        /* as it is called: "winnow classify" */
  const char *arguments;   /* the usage line after the options */
  const char *summary;     /* one line, for `winnow --help` */
  const char *description; /* the end of `NAME --help`: details and examples */
  /* Returns an exit status; argv[0] is the command's name. */
  int (*run)(int argc, char **argv);
  /* Of the file that --config names, the sections that it reads, NULL-terminated; what stands in
   * one counts more than what stands in a later one.  NULL: only [deploy]. */
  const char *const *sections;
} Command;

#endif
