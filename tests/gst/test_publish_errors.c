/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowpublish where nothing can be written, or no more: what it says, and what stays.
 */
#include "fixture.h"
#include "publish_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "made_result.h"

static GstFlowReturn push_cat(Publisher *p, guint seed) {
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, 4, NULL);
  made_result_attach(buffer, "cat", seed);
  return gst_harness_push(p->harness, buffer);
}

/* One error, which names the file. */
static void check_error(GstBus *bus, GstResourceError code, const gchar *path) {
  g_autoptr(GError) error = NULL;
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  fail_unless(message != NULL);
  gst_message_parse_error(message, &error, NULL);
  fail_unless(g_error_matches(error, GST_RESOURCE_ERROR, (gint)code), "%s", error->message);
  fail_unless(strstr(error->message, path) != NULL, "%s", error->message);
  gst_message_unref(message);
  fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR) == NULL);
}

GST_START_TEST(test_a_full_disk_is_an_error) {
  Publisher p = publisher_new();
  GstBus *bus = gst_bus_new();
  gchar *path = p.path;
  p.path = (gchar *)"/dev/full";
  publisher_start(&p, FALSE);
  gst_element_set_bus(p.element, bus);
  for (guint i = 0; i < 3; i++) fail_unless_equals_int(push_cat(&p, i), GST_FLOW_ERROR);
  fail_unless_equals_uint64(publisher_dropped(&p), 3);
  check_error(bus, GST_RESOURCE_ERROR_NO_SPACE_LEFT, p.path);
  gst_bus_set_flushing(bus, TRUE);
  gst_object_unref(bus);
  publisher_stop(&p);
  p.path = path;
  publisher_free(&p);
}
GST_END_TEST

/* More than the process may write raises a signal, which must not end it; of the line that does not
 * fit nothing stays, here and in what is shared as standard output. */
static void check_limit(Publisher *p, const gchar *location, const gchar *begun) {
  static const gchar *const labels[] = {"cat", "cat"};
  static const guint seeds[] = {0, 1};
  g_autofree gchar *one = made_result_json("cat", 0);
  const gsize two_and_a_half = 5 * (strlen(one) + 1) / 2 + strlen(begun);
  GstBus *bus = gst_bus_new();
  struct rlimit before, limit;
  gchar *path = p->path;
  p->path = (gchar *)location;
  publisher_start(p, FALSE);
  p->path = path;
  gst_element_set_bus(p->element, bus);
  getrlimit(RLIMIT_FSIZE, &before);
  limit = before;
  limit.rlim_cur = two_and_a_half;
  setrlimit(RLIMIT_FSIZE, &limit);
  GstFlowReturn flows[4];
  for (guint i = 0; i < G_N_ELEMENTS(flows); i++) flows[i] = push_cat(p, i);
  setrlimit(RLIMIT_FSIZE, &before);
  for (guint i = 0; i < G_N_ELEMENTS(flows); i++)
    fail_unless_equals_int(flows[i], i < 2 ? GST_FLOW_OK : GST_FLOW_ERROR);
  check_error(bus, GST_RESOURCE_ERROR_WRITE, location);
  gst_bus_set_flushing(bus, TRUE);
  gst_object_unref(bus);
  publisher_stop(p);
  if (*begun == 0) publisher_check_file(p, labels, seeds, 2);
}

GST_START_TEST(test_a_file_ends_with_a_whole_line) {
  Publisher p = publisher_new();
  g_autofree gchar *text = NULL;
  check_limit(&p, p.path, "");
  g_unlink(p.path);
  gint file = open(p.path, O_RDWR | O_CREAT, 0600);
  fail_unless_equals_int((gint)write(file, "half", 4), 4); /* somebody else's */
  gint before = publisher_take_standard_output(file);
  check_limit(&p, "-", "half");
  gssize n = write(STDOUT_FILENO, "after\n", 6);
  publisher_give_back_standard_output(before);
  close(file);
  fail_unless_equals_int((gint)n, 6);
  fail_unless(g_file_get_contents(p.path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), 3);
  fail_unless(g_str_has_prefix(lines[0], "half{"));
  fail_unless_equals_string(lines[2], "after");
  publisher_free(&p);
}
GST_END_TEST

GST_START_TEST(test_what_cannot_be_opened) {
  GstElement *element = gst_element_factory_make("winnowpublish", NULL);
  g_object_set(element, "location", "/nowhere/at/all", NULL);
  fail_unless_start_fails(element, GST_RESOURCE_ERROR_OPEN_WRITE, "/nowhere/at/all");
}
GST_END_TEST

/* A folder that is not there is said once, and nothing stops. */
GST_START_TEST(test_no_folder_for_lines) {
  Publisher p = publisher_new();
  g_free(p.path);
  p.path = g_build_filename(p.folder, "none", "%d", NULL);
  GstBus *bus = gst_bus_new();
  publisher_start(&p, FALSE);
  gst_element_set_bus(p.element, bus);
  for (guint i = 0; i < 3; i++) publisher_push(&p, "cat", i);
  fail_unless_equals_uint64(publisher_dropped(&p), 3);
  GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING);
  fail_unless(message != NULL);
  gst_message_unref(message);
  fail_unless(gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING) == NULL, "said twice");
  gst_element_set_bus(p.element, NULL);
  gst_object_unref(bus);
  publisher_stop(&p);
  publisher_free(&p);
}
GST_END_TEST

static Suite *publish_errors_suite(void) {
  Suite *suite = suite_create("publish_errors");
  TCase *tcase = tcase_create("general");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, test_a_full_disk_is_an_error);
  tcase_add_test(tcase, test_a_file_ends_with_a_whole_line);
  tcase_add_test(tcase, test_what_cannot_be_opened);
  tcase_add_test(tcase, test_no_folder_for_lines);
  return suite;
}

GST_CHECK_MAIN(publish_errors);
