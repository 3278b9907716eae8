/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options from an INI file (`--config`).  One file serves training, tuning and running a model; a
 * command reads its own section, whose keys are the long names of options.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <glib.h>
#include <stdbool.h>

/* Reads `section` of the file at `path` as a command line: [0] stands for the program's name, then
 * --KEY=VALUE.  Keys must be among `known` (ended by G_OPTION_ENTRY_NULL); those that `taken`, the
 * user's own command line, has too are left out, as are those that are not in `wanted`.  A section
 * that is missing is empty.  NULL after a report. */
char **config_read(const char *path, const char *section, const GOptionEntry *known,
                   const GOptionEntry *wanted, char **taken);

/* Whether the command line `line` has the option. */
bool config_is_taken(const GOptionEntry *entry, char **line);

/* What the file says now for `key`, in the first of `sections` (ended by NULL) that has it; *value
 * is to be freed, NULL: none has it.  False after a report. */
bool config_read_value(const char *path, const char *const *sections, const char *key,
                       char **value);

#endif
