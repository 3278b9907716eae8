/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The commands of `winnow`.  Each cmd_*.c defines one; main.c lists them in its table, from which
 * `winnow --help` is printed too.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "command.h"

extern const Command command_adopt, command_inspect, command_classify, command_run, command_eval,
    command_tune, command_collect, command_teach, command_quantize, command_join, command_bench,
    command_monitor;

#endif
