/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowpublish in a harness, writing to a file in a folder of its own.
 */
#ifndef WINNOW_TEST_PUBLISH_FIXTURE_H
#define WINNOW_TEST_PUBLISH_FIXTURE_H

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

typedef struct {
  gchar *folder, *path;
  GstHarness *harness;
  GstElement *element;
} Publisher;

Publisher publisher_new(void);
void publisher_start(Publisher *p, gboolean on_change);
void publisher_stop(Publisher *p);
void publisher_free(Publisher *p);

/* A buffer, with a result of that label unless it is NULL, comes out as it went in. */
void publisher_push(Publisher *p, const gchar *label, guint seed);
guint64 publisher_dropped(Publisher *p);

/* All are whole; to be freed with g_strfreev(). */
gchar **publisher_lines(const gchar *text);

/* The file has these results' lines and no others. */
void publisher_check_file(Publisher *p, const gchar *const *labels, const guint *seeds, guint n);

/* `fd` is standard output until what this returns is given back. */
gint publisher_take_standard_output(gint fd);
void publisher_give_back_standard_output(gint before);

#endif
