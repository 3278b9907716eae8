/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A result as winnowclassify would attach it, for tests of what comes after.
 */
#ifndef WINNOW_TEST_MADE_RESULT_H
#define WINNOW_TEST_MADE_RESULT_H

#include <gst/gst.h>

/* The same as one line of JSON, a new string. */
gchar *made_result_json(const char *label, guint seed);

/* Attaches a result for `label` whose macs and pts say `seed`. */
void made_result_attach(GstBuffer *buffer, const char *label, guint seed);

#endif
