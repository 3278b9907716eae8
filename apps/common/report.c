/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See report.h.  The text may hold names from hostile files, so that nothing
 * in it may reach the terminal as a control sequence.
 */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "text.h"

void report(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  char *clean = text_clean(message);
  fflush(stdout); /* keeps the order when both streams lead to one place */
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, g_strstrip(clean));
  g_free(clean);
  g_free(message);
}

int report_error(const WnError *error) {
  report("%s", error->message);
  return error->status == WN_ERROR_ARGUMENT ? STATUS_USAGE : STATUS_FAILED;
}

int report_no_output(void) {
  report("cannot write to standard output: %s", g_strerror(errno));
  return STATUS_FAILED;
}

int report_output(int status) {
  errno = 0;
  bool is_written = fflush(stdout) == 0 && !ferror(stdout);
  if (is_written || status != STATUS_OK) return status;
  if (errno != 0) return report_no_output();
  report("cannot write to standard output; is the disk full?");
  return STATUS_FAILED;
}
