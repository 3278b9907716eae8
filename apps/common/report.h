/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Errors of a program: one line on stderr that begins with its name.
 */
#ifndef REPORT_H
#define REPORT_H

#include <glib.h>
#include <winnow/winnow.h>

/* Line breaks and control characters in the text become spaces. */
void report(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Reports an engine error as it is.  Returns the exit status that it means:
 * STATUS_USAGE for a value given by the user, else STATUS_FAILED. */
int report_error(const WnError *error);

/* Reports what errno says of standard output.  Returns STATUS_FAILED. */
int report_no_output(void);

/* Writes out what is buffered for standard output.  Returns `status`, or STATUS_FAILED after a
 * report where it was STATUS_OK and not all could be written. */
int report_output(int status);

#endif
