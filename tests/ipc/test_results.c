/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a slot carries beside one result: none, several, what was not recognised, many stages; and
 * the description of the channel.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "ipc/wire.h"

static WnPublisher *publisher;
static WnReader *reader;
static WnSnapshot got;

/* The reader knows the publisher and has seen its first frame. */
static void set_up(void) {
  publisher = fixture_publisher(NULL);
  reader = fixture_reader();
  ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT);
  fixture_publish(publisher, NULL, fixture_result(1, 1));
  fixture_read(reader, &got);
}

static void tear_down(void) {
  wn_reader_free(reader);
  wn_publisher_free(publisher);
  fixture_clean();
}

START_TEST(regions_come_together) {
  WnResult results[WN_SNAPSHOT_MAX_RESULTS + 3];
  set_up();
  for (int i = 0; i < WN_SNAPSHOT_MAX_RESULTS + 3; i++) {
    results[i] = *fixture_result(3, 5);
    results[i].region.x = i;
    results[i].has_region = i > 0;
  }
  ck_assert_int_eq(
      wn_publisher_publish(publisher, NULL, results, WN_SNAPSHOT_MAX_RESULTS + 3, NULL), WN_OK);
  fixture_read(reader, &got);
  ck_assert_int_eq(got.n_results, WN_SNAPSHOT_MAX_RESULTS);
  ck_assert(!got.results[0].has_region);
  for (int i = 1; i < got.n_results; i++) {
    ck_assert_int_eq(got.results[i].region.x, i);
    ck_assert_str_eq(got.results[i].region_name, "door");
    ck_assert_str_eq(got.results[i].survivor_labels[2], "class 2");
  }
  for (size_t i = 0; i < 4; i++) ck_assert_uint_eq(got.reserved[i], 0);
  tear_down();
}
END_TEST

START_TEST(nothing_is_a_result) {
  WnResult nothing = *fixture_result(1, 1);
  WnStopReason reasons[] = {WN_STOP_NOTHING, WN_STOP_UNCHANGED};
  nothing.label = "";
  nothing.class_index = -1;
  nothing.confidence = 0;
  nothing.n_survivors = nothing.survivor_count = 0;
  set_up();
  for (size_t i = 0; i < 2; i++) {
    nothing.stop_reason = reasons[i];
    fixture_publish(publisher, NULL, &nothing);
    fixture_read(reader, &got);
    ck_assert_int_eq(got.results[0].class_index, -1);
    ck_assert_str_eq(got.results[0].label, "");
    ck_assert_int_eq(got.results[0].n_survivors, 0);
    ck_assert_int_eq(got.results[0].stop_reason, reasons[i]);
  }
  tear_down();
}
END_TEST

START_TEST(as_many_stages_as_a_model_may_have) {
  int32_t per_stage[300];
  WnResult result = *fixture_result(1, 1);
  for (int i = 0; i < 300; i++) per_stage[i] = 1000 - i;
  result.survivors_per_stage = per_stage;
  result.stage_count = 300;
  set_up();
  for (int n = 255; n < 300; n += 44) {
    result.n_stages_evaluated = n;
    fixture_publish(publisher, NULL, &result);
    fixture_read(reader, &got);
    ck_assert_int_eq(got.results[0].n_stages_evaluated, n < 256 ? n : 256);
    ck_assert_int_eq(got.results[0].survivors_per_stage[254], 1000 - 254);
  }
  tear_down();
}
END_TEST

/* 100 labels of 500 bytes do not fit: the best ones come along, and how many there were. */
START_TEST(long_labels_leave_fewer_survivors) {
  static char text[501];
  const char *labels[200];
  WnResult result = *fixture_result(200, 1);
  memset(text, 'x', 500);
  for (int i = 0; i < 200; i++) labels[i] = text;
  result.survivor_labels = labels;
  result.survivor_count = 200;
  set_up();
  fixture_publish(publisher, NULL, &result);
  fixture_read(reader, &got);
  ck_assert_int_ge(got.results[0].n_survivors, 20);
  ck_assert_int_lt(got.results[0].n_survivors, 100);
  ck_assert_int_eq(got.results[0].survivor_count, 200);
  ck_assert_str_eq(got.results[0].survivor_labels[19], text);
  tear_down();
}
END_TEST

/* What no reader would take is not published, and the next frame is. */
START_TEST(results_that_contradict_themselves_are_refused) {
  const double scores[] = {0.5, NAN};
  set_up();
  for (int i = 0; i < 7; i++) {
    WnResult bad = *fixture_result(2, 1);
    WnError error = {0};
    if (i == 0) bad.exit_stage = bad.stage_count;
    if (i == 1) bad.latency_ns = INT64_MAX;
    if (i == 2) bad.confidence = INFINITY;
    if (i == 3) bad.survivor_scores = scores;
    if (i == 4) bad.region.width = -1;
    if (i == 5) bad.macs = UINT64_MAX;
    if (i == 6) bad.pts_ns = INT64_MIN + 1;
    ck_assert_int_eq(wn_publisher_publish(publisher, NULL, &bad, 1, &error), WN_ERROR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "result 0"));
    ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT);
  }
  fixture_publish(publisher, NULL, fixture_result(2, 1));
  fixture_read(reader, &got);
  fixture_check_result(&got.results[0], 2, 1);
  tear_down();
}
END_TEST

START_TEST(the_description_is_seen_and_replaced) {
  static const char *const texts[] = {"{\"name\": \"door\"}", "{\"labels\": [\"a\", \"b\"]}"};
  static const char *const seen[] = {"{\"name\":\"door\"}",
                                     "{\"name\":\"channel\",\"labels\":[\"a\",\"b\"]}"};
  WnFrame large = fixture_frame(WN_PIXEL_RGB, 64, 64, 0, 1);
  set_up();
  ck_assert_str_eq(wn_reader_description(reader), "");
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(wn_publisher_describe(publisher, texts[i], NULL), WN_OK);
    ck_assert_int_eq(wn_reader_read(reader, 0, &got, NULL), WN_ERROR_TIMEOUT); /* no new frame */
    ck_assert_str_eq(wn_reader_description(reader), seen[i]);
    fixture_publish(publisher, i ? &large : NULL, fixture_result(1, 1)); /* into new memory */
    fixture_read(reader, &got);
    ck_assert_str_eq(wn_reader_description(reader), seen[i]);
  }
  WnReader *late = fixture_reader();
  wn_reader_read(late, 0, &got, NULL);
  wn_publisher_serve(publisher);
  ck_assert_int_eq(wn_reader_read(late, 1000, &got, NULL), WN_OK);
  ck_assert_str_eq(wn_reader_description(late), seen[1]);
  wn_reader_free(late);
  fixture_free_frame(&large);
  tear_down();
}
END_TEST

START_TEST(a_description_is_a_bounded_object) {
  static const char *const bad[] = {NULL, "", "[1]", "{", "{\"a\": \"\xFF\"}"};
  char *longest = malloc(WN_CHANNEL_MAX_DESCRIPTION + 2);
  WnError error;
  set_up();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_int_eq(wn_publisher_describe(publisher, bad[i], &error), WN_ERROR_ARGUMENT);
  for (size_t over = 0; over < 2; over++) { /* "{"name":"xxx..."}" */
    memset(longest, 'x', WN_CHANNEL_MAX_DESCRIPTION + over);
    memcpy(longest, "{\"name\":\"", 9);
    strcpy(longest + WN_CHANNEL_MAX_DESCRIPTION + over - 2, "\"}");
    ck_assert_int_eq(wn_publisher_describe(publisher, longest, &error),
                     over ? WN_ERROR_ARGUMENT : WN_OK);
  }
  ck_assert_ptr_nonnull(strstr(error.message, "65536"));
  wn_reader_read(reader, 0, &got, NULL);
  ck_assert_uint_eq(strlen(wn_reader_description(reader)), WN_CHANNEL_MAX_DESCRIPTION);
  free(longest);
  tear_down();
}
END_TEST

/* A file's name may be any bytes, JSON is UTF-8. */
START_TEST(a_socket_of_any_name_is_described) {
  char path[128];
  WnPublisher *odd;
  WnReader *of_it;
  snprintf(path, sizeof path, "%s-\xFF\"", fixture_path());
  ck_assert_int_eq(wn_publisher_new(path, NULL, &odd, NULL), WN_OK);
  ck_assert_int_eq(wn_publisher_describe(odd, "{}", NULL), WN_OK);
  ck_assert_int_eq(wn_reader_new(path, &of_it, NULL), WN_OK);
  wn_reader_read(of_it, 0, &got, NULL);
  wn_publisher_serve(odd);
  wn_reader_read(of_it, 1000, &got, NULL);
  ck_assert_str_eq(wn_reader_description(of_it), "{\"name\":\"channel-\xEF\xBF\xBD\\\"\"}");
  wn_reader_free(of_it);
  wn_publisher_free(odd);
  fixture_clean();
}
END_TEST

SUITE_MAIN("results", regions_come_together, nothing_is_a_result,
           as_many_stages_as_a_model_may_have, long_labels_leave_fewer_survivors,
           results_that_contradict_themselves_are_refused, the_description_is_seen_and_replaced,
           a_description_is_a_bounded_object, a_socket_of_any_name_is_described)
