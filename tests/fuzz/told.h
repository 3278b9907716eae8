/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * report.h of the programs for targets that call what reports: it must be one line, and is told to
 * nobody.
 */
#ifndef FUZZ_TOLD_H
#define FUZZ_TOLD_H

#include <stdarg.h>
#include <stdlib.h>

#include "report.h"

static unsigned told; /* reports since it was set to 0 */

void report(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  if (!*text) abort();
  g_free(text);
  told++;
}

int report_error(const WnError *error) {
  report("%s", error->message);
  return 1;
}

int report_output(int status) {
  return status;
}

#endif
