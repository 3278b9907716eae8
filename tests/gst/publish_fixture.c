/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See publish_fixture.h.
 */
#include "publish_fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "made_result.h"

Publisher publisher_new(void) {
  Publisher p = {.folder = g_dir_make_tmp("winnow-publish-XXXXXX", NULL)};
  p.path = g_build_filename(p.folder, "lines", NULL);
  return p;
}

void publisher_start(Publisher *p, gboolean on_change) {
  p->element = gst_element_factory_make("winnowpublish", NULL);
  g_object_set(p->element, "location", p->path, "on-change", on_change, NULL);
  p->harness = gst_harness_new_with_element(p->element, "sink", "src");
  gst_harness_set_src_caps_str(p->harness, "anything/at-all");
}

void publisher_stop(Publisher *p) {
  gst_harness_teardown(p->harness);
  gst_object_unref(p->element);
}

void publisher_free(Publisher *p) {
  g_unlink(p->path);
  fail_unless_equals_int(g_rmdir(p->folder), 0);
  g_free(p->path);
  g_free(p->folder);
}

void publisher_push(Publisher *p, const gchar *label, guint seed) {
  GstBuffer *in = gst_buffer_new_allocate(NULL, 4, NULL), *out;
  if (label != NULL) made_result_attach(in, label, seed);
  fail_unless_equals_int(gst_harness_push(p->harness, gst_buffer_ref(in)), GST_FLOW_OK);
  out = gst_harness_pull(p->harness);
  fail_unless(out == in);
  gst_buffer_unref(in);
  gst_buffer_unref(out);
}

guint64 publisher_dropped(Publisher *p) {
  guint64 n;
  g_object_get(p->element, "dropped", &n, NULL);
  return n;
}

gchar **publisher_lines(const gchar *text) {
  gchar **lines = g_strsplit(text, "\n", -1);
  guint n = g_strv_length(lines);
  fail_unless(n >= 1 && lines[n - 1][0] == '\0', "the last line is cut");
  g_free(lines[n - 1]);
  lines[n - 1] = NULL;
  return lines;
}

void publisher_check_file(Publisher *p, const gchar *const *labels, const guint *seeds, guint n) {
  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(p->path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), (gint)n);
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *wanted = made_result_json(labels[i], seeds[i]);
    fail_unless_equals_string(lines[i], wanted);
  }
}

gint publisher_take_standard_output(gint fd) {
  gint before = dup(STDOUT_FILENO);
  fflush(stdout);
  dup2(fd, STDOUT_FILENO);
  return before;
}

void publisher_give_back_standard_output(gint before) {
  dup2(before, STDOUT_FILENO);
  close(before);
}
