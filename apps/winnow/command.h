/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a command of `winnow` is.  Each cmd_*.c defines one; main.c lists them
 * in its table, from which `winnow --help` is printed too.
 */
#ifndef COMMAND_H
#define COMMAND_H

/* Exit statuses of the program. */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

typedef struct Command {
  const char *name;
  const char *arguments;   /* the usage line after the options */
  const char *summary;     /* one line, for `winnow --help` */
  const char *description; /* the end of `winnow NAME --help`: details and examples */
  /* Returns an exit status; argv[0] is the command's name. */
  int (*run)(int argc, char **argv);
} Command;

extern const Command command_inspect, command_classify, command_run, command_eval, command_tune,
    command_quantize, command_bench, command_monitor;

#endif
