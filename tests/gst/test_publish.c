/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * winnowpublish in a harness: what it writes, when it writes, and that it waits for nobody.
 */
#include "fixture.h"
#include "publish_fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "made_result.h"

GST_START_TEST(test_a_line_for_each_result) {
  static const gchar *const labels[] = {"cat", "\"odd\"\\\t\xc3\xa4", "cat"};
  static const guint seeds[] = {1, 2, 3};
  Publisher p = publisher_new();
  publisher_start(&p, FALSE);
  publisher_push(&p, "cat", 1);
  publisher_push(&p, NULL, 0);
  publisher_push(&p, "\"odd\"\\\t\xc3\xa4", 2);
  fail_unless_equals_uint64(publisher_dropped(&p), 0);
  publisher_stop(&p);
  publisher_start(&p, FALSE); /* appends */
  publisher_push(&p, "cat", 3);
  publisher_stop(&p);
  publisher_check_file(&p, labels, seeds, 3);
  publisher_free(&p);
}
GST_END_TEST

/* Results are 40 ms apart: cats until a dog led for long enough, then what leads at the end. */
GST_START_TEST(test_on_change) {
  Publisher p = publisher_new();
  publisher_start(&p, TRUE);
  for (guint i = 0; i < 60; i++)
    publisher_push(&p, i < 30 ? "cat" : i == 59 ? "ship" : "dog", i * 40000);
  fail_unless(gst_harness_push_event(p.harness, gst_event_new_eos()));
  publisher_stop(&p);
  publisher_start(&p, TRUE);
  publisher_push(&p, "ship", 7);
  fail_unless(gst_harness_push_event(p.harness, gst_event_new_eos()));
  publisher_stop(&p);
  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(p.path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), 3);
  static const gchar *const labels[] = {"cat", "dog", "ship"};
  static const guint seeds[] = {13 * 40000, 40 * 40000, 7}; /* 0.52 s; log(0.75 / 0.325) x 0.5 s */
  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *result = made_result_json(labels[i], seeds[i]);
    result[strlen(result) - 1] = '\0';
    g_autofree gchar *wanted =
        g_strdup_printf("%s,\"event\":\"changed\",\"state\":\"%s\",\"since\":%u}", result,
                        labels[i], seeds[i] * 1000);
    fail_unless_equals_string(lines[i], wanted);
  }
  publisher_free(&p);
}
GST_END_TEST

/* A result of a part of the frame; `found`: of one that a detector found there. */
static void push_region(Publisher *p, const gchar *label, guint seed, gboolean found) {
  GstBuffer *buffer = gst_buffer_new_allocate(NULL, 4, NULL);
  made_result_attach(buffer, label, seed);
  GstStructure *fields =
      gst_custom_meta_get_structure(gst_buffer_get_custom_meta(buffer, GST_WINNOW_META_NAME));
  gst_structure_set(fields, "x", G_TYPE_INT, 10, "y", G_TYPE_INT, 20, "w", G_TYPE_INT, 30, "h",
                    G_TYPE_INT, 40, "region", G_TYPE_STRING, "door", NULL);
  if (found) {
    GstStructure *param = gst_structure_copy(fields);
    gst_structure_set_name(param, GST_WINNOW_REGION_PARAM_NAME);
    gst_video_region_of_interest_meta_add_param(
        gst_buffer_add_video_region_of_interest_meta(buffer, "thing", 10, 20, 30, 40), param);
  }
  fail_unless_equals_int(gst_harness_push(p->harness, buffer), GST_FLOW_OK);
  gst_buffer_unref(gst_harness_pull(p->harness));
}

/* The region that is always looked at has a state as the whole frame has; others are told. */
GST_START_TEST(test_on_change_of_a_region) {
  Publisher p = publisher_new();
  publisher_start(&p, TRUE);
  for (guint i = 0; i < 60; i++) push_region(&p, i < 30 ? "cat" : "dog", i * 40000, FALSE);
  publisher_stop(&p);
  publisher_start(&p, TRUE);
  for (guint i = 0; i < 5; i++) push_region(&p, "cat", i * 40000, TRUE);
  publisher_stop(&p);
  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(p.path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), 2 + 5);
  fail_unless(strstr(lines[0], "\"event\":\"changed\",\"state\":\"cat\"") != NULL);
  fail_unless(strstr(lines[1], "\"region\":\"door\"") != NULL);
  fail_unless(strstr(lines[1], "\"state\":\"dog\"") != NULL);
  for (guint i = 2; i < 7; i++) fail_unless(strstr(lines[i], "state\"") == NULL);
  publisher_free(&p);
}
GST_END_TEST

/* Frames that carry no result for longer than max-age end the state. */
GST_START_TEST(test_without_results) {
  Publisher p = publisher_new();
  publisher_start(&p, TRUE);
  GstStructure *structure =
      gst_structure_new("winnow-display", "stable-time", G_TYPE_UINT64, (guint64)0, "max-age",
                        G_TYPE_UINT64, (guint64)1, NULL);
  fail_unless(gst_harness_push_event(
      p.harness, gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure)));
  publisher_push(&p, "cat", 1);
  g_usleep(10);
  for (guint i = 0; i < 3; i++) publisher_push(&p, NULL, 0);
  publisher_stop(&p);
  g_autofree gchar *text = NULL;
  fail_unless(g_file_get_contents(p.path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), 2);
  fail_unless(strstr(lines[0], "\"state\":\"cat\"") != NULL, "%s", lines[0]);
  fail_unless(strstr(lines[1], "\"state\":\"unknown\"") != NULL, "%s", lines[1]);
  publisher_free(&p);
}
GST_END_TEST

/* Everything that a FIFO holds. */
static gchar *drain(gint fd) {
  GString *text = g_string_new(NULL);
  gchar buffer[4096];
  gssize n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) g_string_append_len(text, buffer, n);
  return g_string_free(text, FALSE);
}

GST_START_TEST(test_a_fifo_stops_nothing) {
  Publisher p = publisher_new();
  fail_unless_equals_int(mkfifo(p.path, 0600), 0);
  publisher_start(&p, FALSE);
  for (guint i = 0; i < 10; i++) publisher_push(&p, "cat", i); /* nobody reads */
  fail_unless_equals_uint64(publisher_dropped(&p), 10);

  gint reader = open(p.path, O_RDONLY | O_NONBLOCK);
  for (guint i = 0; i < 5000; i++) publisher_push(&p, "cat", i); /* far more than it holds */
  guint64 lost = publisher_dropped(&p) - 10;
  fail_unless(lost > 1000 && lost < 5000, "%" G_GUINT64_FORMAT, lost);
  GString *all = g_string_new(NULL);
  for (guint i = 5000; i < 5010; i++) {
    g_autofree gchar *text = drain(reader);
    g_string_append(all, text);
    publisher_push(&p, "cat", i);
  }
  g_autofree gchar *rest = drain(reader);
  g_string_append(all, rest);
  g_auto(GStrv) lines = publisher_lines(all->str);
  fail_unless_equals_uint64(g_strv_length(lines), 5010 - (publisher_dropped(&p) - 10));
  for (gchar **line = lines; *line != NULL; line++) {
    guint seed = 0;
    sscanf(strstr(*line, "\"macs\":"), "\"macs\":%u", &seed);
    g_autofree gchar *wanted = made_result_json("cat", seed);
    fail_unless_equals_string(*line, wanted);
  }
  g_string_free(all, TRUE);

  close(reader); /* a reader that has gone is no end either */
  guint64 before = publisher_dropped(&p);
  for (guint i = 0; i < 5; i++) publisher_push(&p, "cat", i);
  fail_unless_equals_uint64(publisher_dropped(&p), before + 5);
  reader = open(p.path, O_RDONLY | O_NONBLOCK);
  publisher_push(&p, "dog", 7);
  g_autofree gchar *last = drain(reader), *wanted = made_result_json("dog", 7);
  g_strchomp(last);
  fail_unless_equals_string(last, wanted);
  close(reader);
  publisher_stop(&p);
  publisher_free(&p);
}
GST_END_TEST

/* Whoever shares a file as standard output goes on behind what the element wrote. */
GST_START_TEST(test_standard_output_is_shared) {
  Publisher p = publisher_new();
  g_autofree gchar *text = NULL, *wanted = made_result_json("cat", 1);
  gint file = open(p.path, O_RDWR | O_CREAT, 0600);
  gint before = publisher_take_standard_output(file);
  gchar *path = p.path;
  p.path = (gchar *)"-";
  publisher_start(&p, FALSE);
  publisher_push(&p, "cat", 1);
  publisher_stop(&p);
  gssize n = write(STDOUT_FILENO, "after\n", 6);
  publisher_give_back_standard_output(before);
  close(file);
  p.path = path;
  fail_unless_equals_int((gint)n, 6);
  fail_unless(g_file_get_contents(p.path, &text, NULL, NULL));
  g_auto(GStrv) lines = publisher_lines(text);
  fail_unless_equals_int((gint)g_strv_length(lines), 2);
  fail_unless_equals_string(lines[0], wanted);
  fail_unless_equals_string(lines[1], "after");
  publisher_free(&p);
}
GST_END_TEST

/* A socket cannot be opened a second time; nobody waits for it all the same. */
GST_START_TEST(test_standard_output_may_be_a_socket) {
  Publisher p = publisher_new();
  gint ends[2];
  fail_unless_equals_int(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  gint before = publisher_take_standard_output(ends[0]);
  gchar *path = p.path;
  p.path = (gchar *)"-";
  publisher_start(&p, FALSE);
  for (guint i = 0; i < 5000; i++) publisher_push(&p, "cat", i); /* far more than it holds */
  guint64 lost = publisher_dropped(&p);
  publisher_stop(&p);
  publisher_give_back_standard_output(before);
  close(ends[0]);
  p.path = path;
  g_autofree gchar *text = drain(ends[1]);
  close(ends[1]);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  fail_unless(lost > 0 && lost < 5000, "%" G_GUINT64_FORMAT, lost);
  for (guint i = 0; i < 3; i++) {
    g_autofree gchar *wanted = made_result_json("cat", i);
    fail_unless_equals_string(lines[i], wanted);
  }
  publisher_free(&p);
}
GST_END_TEST

/* A number in the location stands for the line's; whatever else begins with % is a name. */
GST_START_TEST(test_a_file_for_each_line) {
  static const gchar *const names[][2] = {{"%d.json", "1.json"},
                                          {"a%05d.json", "a00001.json"},
                                          {"a%3d", "a  1"},
                                          {"%s%d", "%s%d"},
                                          {"%", "%"},
                                          {"%n", "%n"},
                                          {"%d%d", "%d%d"}};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    gboolean numbered = i < 3;
    Publisher p = publisher_new();
    g_free(p.path);
    p.path = g_build_filename(p.folder, names[i][0], NULL);
    publisher_start(&p, FALSE);
    publisher_push(&p, "cat", 7);
    publisher_push(&p, NULL, 0);
    publisher_push(&p, "dog", 8);
    publisher_stop(&p);
    g_free(p.path);
    p.path = g_build_filename(p.folder, names[i][1], NULL);
    static const gchar *const labels[] = {"cat", "dog"};
    static const guint seeds[] = {7, 8};
    publisher_check_file(&p, labels + numbered, seeds + numbered, numbered ? 1 : 2);
    if (numbered) {
      g_unlink(p.path);
      *strchr(p.path + strlen(p.folder), '1') = '0';
      publisher_check_file(&p, labels, seeds, 1);
    }
    publisher_free(&p);
  }
}
GST_END_TEST

static Suite *publish_suite(void) {
  Suite *suite = suite_create("publish");
  TCase *tcase = tcase_create("general");
  suite_add_tcase(suite, tcase);
  tcase_set_timeout(tcase, 120);
  tcase_add_test(tcase, test_a_line_for_each_result);
  tcase_add_test(tcase, test_on_change);
  tcase_add_test(tcase, test_on_change_of_a_region);
  tcase_add_test(tcase, test_without_results);
  tcase_add_test(tcase, test_a_fifo_stops_nothing);
  tcase_add_test(tcase, test_standard_output_is_shared);
  tcase_add_test(tcase, test_standard_output_may_be_a_socket);
  tcase_add_test(tcase, test_a_file_for_each_line);
  return suite;
}

GST_CHECK_MAIN(publish);
