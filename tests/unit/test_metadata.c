/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * load/metadata.c, load/labels.c and load/watch.c: what a model's winnow.* keys may say.
 */
#include "base/utf8.h"
#include "load/metadata.h"
#include "load/watch.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_KEYS = 16, CLASSES = 4, EXITS = 2 };

/* A model that is nothing but metadata. */
typedef struct Fake {
  Onnx__StringStringEntryProto entries[MAX_KEYS], *pointers[MAX_KEYS];
  Onnx__ModelProto proto;
  WniOnnx onnx;
} Fake;

static void set(Fake *fake, const char *key, const char *value) {
  Onnx__StringStringEntryProto *entry = NULL;
  for (size_t i = 0; i < fake->proto.n_metadata_props; i++)
    if (strcmp(fake->entries[i].key, key) == 0) entry = &fake->entries[i];
  if (!entry) {
    size_t n = fake->proto.n_metadata_props++;
    ck_assert_uint_lt(n, MAX_KEYS);
    entry = fake->pointers[n] = &fake->entries[n];
  }
  entry->key = (char *)(uintptr_t)key;
  entry->value = (char *)(uintptr_t)value;
}

static void start(Fake *fake) {
  *fake = (Fake){0};
  fake->proto.metadata_props = fake->pointers;
  fake->onnx.proto = &fake->proto;
  set(fake, "winnow.version", "1");
  set(fake, "winnow.exits", "e0, e1");
  set(fake, "winnow.output", "y");
  set(fake, "winnow.labels", "cat\ndog\nship\ntruck");
  set(fake, "winnow.strategy", "class-exclusion");
  set(fake, "winnow.thresholds", "0.1,0.2");
}

static WnStatus parse(Fake *fake, WniMetadata *out, WnError *error) {
  WnStatus status = wni_metadata_read(&fake->onnx, NULL, NULL, out, error);
  return status == WN_OK ? wni_metadata_bind(out, &fake->onnx, CLASSES, NULL, error) : status;
}

START_TEST(all_keys_are_read) {
  Fake fake;
  WniMetadata m;
  WnError error;
  start(&fake);
  set(&fake, "winnow.exit-score", "softmax");
  set(&fake, "winnow.groups", "pet: cat, dog; vehicle: ship, 3;");
  set(&fake, "winnow.watch-thresholds", "cat: 0.3,0.4; ship, truck: 0.5,0.6");
  set(&fake, "winnow.input.mean", "0.5");
  set(&fake, "winnow.input.std", "0.1, 0.2, 0.3");
  set(&fake, "winnow.input.resize", "letterbox");
  set(&fake, "winnow.floors", "1.5, -,-2");
  set(&fake, "winnow.floor-score", "standardised");
  set(&fake, "winnow.nothing", "ship");
  set(&fake, "winnow.scores", "sigmoid");
  ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%s", error.message);
  ck_assert_int_eq(m.n_exits, EXITS);
  ck_assert_str_eq(m.exits[1], "e1");
  ck_assert_str_eq(m.output, "y");
  ck_assert_int_eq(m.scores, WN_SCORES_SIGMOID);
  ck_assert_str_eq(m.scores_source, "winnow.scores");
  ck_assert_int_eq(wni_labels_count(&fake.onnx, NULL), CLASSES);
  ck_assert_str_eq(m.labels[3], "truck");
  ck_assert(m.score_softmax && m.strategy == WN_STRATEGY_CLASS_EXCLUSION);
  ck_assert_double_eq(m.thresholds[1], 0.2);
  ck_assert_int_eq(m.n_groups, 2);
  ck_assert_str_eq(m.groups[1], "vehicle");
  ck_assert(m.group_of[0] == 0 && m.group_of[3] == 1);
  ck_assert_int_eq(m.n_watch, 2);
  ck_assert(m.watch[1].watched[2] && m.watch[1].watched[3] && !m.watch[1].watched[0]);
  ck_assert_double_eq(m.watch[1].thresholds[0], 0.5);
  ck_assert(m.n_inputs == 1 && !m.cascade && m.inputs[0].name == NULL);
  ck_assert(m.inputs[0].n_mean == 1 && m.inputs[0].n_std == 3);
  ck_assert_int_eq(m.inputs[0].resize, WNI_RESIZE_LETTERBOX);
  ck_assert(m.floors[0] == 1.5 && isnan(m.floors[1]) && m.floors[2] == -2);
  ck_assert(m.floor_standardised && m.nothing == 2);
  wni_metadata_clear(&m);
}
END_TEST

START_TEST(a_cascade_says_it_for_each_input) {
  Fake fake = {0};
  WniMetadata m;
  WnError error;
  fake.proto.metadata_props = fake.pointers;
  fake.onnx.proto = &fake.proto;
  set(&fake, "winnow.inputs", "small, big.v2");
  set(&fake, "winnow.input.small.mean", "0.25");
  set(&fake, "winnow.input.big.v2.std", "0.1,0.2,0.3");
  set(&fake, "winnow.input.big.v2.resize", "stretch");
  set(&fake, "winnow.input.mean", "0.75"); /* nobody's */
  ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%s", error.message);
  ck_assert(m.cascade && m.n_inputs == 2);
  ck_assert_str_eq(m.inputs[1].name, "big.v2");
  ck_assert_double_eq(m.inputs[0].mean[0], 0.25);
  ck_assert(m.inputs[0].n_std == 0 && m.inputs[0].resize == WNI_RESIZE_CROP);
  ck_assert(m.inputs[1].n_mean == 0 && m.inputs[1].n_std == 3);
  ck_assert_int_eq(m.inputs[1].resize, WNI_RESIZE_STRETCH);
  wni_metadata_clear(&m);
}
END_TEST

START_TEST(defaults_are_those_of_the_format) {
  Fake fake = {0};
  WniMetadata m;
  fake.proto.metadata_props = fake.pointers;
  fake.onnx.proto = &fake.proto;
  ck_assert_int_eq(parse(&fake, &m, NULL), WN_OK);
  ck_assert(m.n_exits == 0 && m.strategy == WN_STRATEGY_NONE && !m.score_softmax);
  ck_assert(m.inputs[0].resize == WNI_RESIZE_CROP && !m.has_labels);
  ck_assert_str_eq(m.labels[2], "2");
  ck_assert(!m.floors && !m.floor_standardised && m.nothing == -1);
  wni_metadata_clear(&m);
}
END_TEST

START_TEST(bad_values_are_refused_by_name) {
  static const struct {
    const char *key, *value;
  } bad[] = {
      {"winnow.version", "2"},
      {"winnow.strategy", "class exclusion"},
      {"winnow.strategy", "model"},
      {"winnow.exit-score", "relu"},
      {"winnow.thresholds", "0.1"},
      {"winnow.thresholds", "0.1,0.2,0.3"},
      {"winnow.thresholds", "0.1,1"},
      {"winnow.thresholds", "0.1,-0.1"},
      {"winnow.thresholds", "0.1,nan"},
      {"winnow.labels", "cat\ndog"},
      {"winnow.labels", "cat\n\nship\ntruck"},
      {"winnow.inputs", "a,,b"},
      {"winnow.inputs", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"},
      {"winnow.groups", "pet cat"},
      {"winnow.groups", "pet: cow"},
      {"winnow.groups", "pet: cat; beast: cat"},
      {"winnow.watch-thresholds", "cow: 0.1,0.2"},
      {"winnow.watch-thresholds", "cat: 0.1"},
      {"winnow.watch-thresholds", "cat: 0.1,2"},
      {"winnow.input.mean", "0.5,0.5"},
      {"winnow.input.std", "0"},
      {"winnow.input.std", "-1,1,1"},
      {"winnow.input.resize", "zoom"},
      {"winnow.floors", "1,2"},
      {"winnow.floors", "1,2,3,4"},
      {"winnow.floors", "1,2,high"},
      {"winnow.floors", "1,2,nan"},
      {"winnow.floors", "1,,2"},
      {"winnow.floors", "1,--,2"},
      {"winnow.floor-score", "softmax"},
      {"winnow.nothing", "cow"},
      {"winnow.nothing", "4"},
      {"winnow.nothing", "cat, dog"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Fake fake;
    WniMetadata m;
    WnError error = {0};
    start(&fake);
    set(&fake, bad[i].key, bad[i].value);
    WnStatus status = parse(&fake, &m, &error);
    ck_assert_msg(status == WN_ERROR_MODEL || status == WN_ERROR_UNSUPPORTED, "%s = %s was taken",
                  bad[i].key, bad[i].value);
    ck_assert_int_eq(error.status, status);
    ck_assert_msg(strstr(error.message, bad[i].key), "'%s' does not name %s", error.message,
                  bad[i].key);
    wni_metadata_clear(&m);
  }
}
END_TEST

START_TEST(labels_may_have_a_mark_and_empty_lines_behind) {
  static const char *const texts[] = {
      "cat\ndog\nship\ntruck\n",
      "\xEF\xBB\xBF\143at\ndog\nship\ntruck", /* a c would be one more digit */
      "cat\ndog\nship\ntruck\n\n\r\n \t\n",
      "cat\r\ndog\r\nship\r\ntruck\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    Fake fake;
    WniMetadata m;
    WnError error = {0};
    start(&fake);
    set(&fake, "winnow.labels", texts[i]);
    ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%zu: %s", i, error.message);
    ck_assert_str_eq(m.labels[0], "cat");
    ck_assert_str_eq(m.labels[3], "truck");
    wni_metadata_clear(&m);
  }
}
END_TEST

/* Whoever names one of two classes of one name means both (ImageNet has two of "crane"). */
START_TEST(equal_labels_are_named_together) {
  Fake fake;
  WniMetadata m;
  WnError error = {0};
  start(&fake);
  set(&fake, "winnow.labels", "crane\ndog\ncrane\ntruck");
  set(&fake, "winnow.groups", "bird: crane");
  set(&fake, "winnow.watch-thresholds", "2: 0.1,0.2");
  ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%s", error.message);
  ck_assert(m.group_of[0] == 0 && m.group_of[1] == -1 && m.group_of[2] == 0);
  ck_assert(!m.watch[0].watched[0] && m.watch[0].watched[2]); /* an index is one class */
  wni_metadata_clear(&m);
}
END_TEST

/* Labels cat, dog, ship and truck; of a label and a group of one name the label counts. */
START_TEST(watch_lists_name_labels_and_groups) {
  static const struct {
    const char *list;
    int classes; /* a bit each */
    bool warned;
    const char *last; /* name of the last item */
  } good[] = {
      {"pet", 3, false, "pet"},    {"ship, pet", 7, false, "pet"}, {"pet,cat", 3, false, "cat"},
      {"truck", 8, true, "truck"}, {"3", 8, false, "truck"},       {"0, 1", 3, false, "dog"},
      {"7", 8, false, "7"},        {"ship", 4, false, "ship"},
  };
  Fake fake;
  WniMetadata m;
  WnError error = {0};
  start(&fake);
  set(&fake, "winnow.groups", "truck: ship; pet: cat, dog; 7: truck");
  set(&fake, "winnow.watch-thresholds", "pet: 0.1,0.2; ship, 7: 0.3,0.4");
  ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%s", error.message);
  ck_assert(m.watch[0].watched[0] && m.watch[0].watched[1] && !m.watch[0].watched[2]);
  ck_assert(m.watch[1].watched[2] && m.watch[1].watched[3] && !m.watch[1].watched[0]);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    const char *list = good[i].list, *end = list + strlen(list);
    char warning[256];
    bool classes[CLASSES];
    WniWatchItem item;
    ck_assert_int_eq(wni_watch_parse(&m, list, strlen(list), classes, "watch", &error), WN_OK);
    for (int c = 0; c < CLASSES; c++) ck_assert_int_eq(classes[c], good[i].classes >> c & 1);
    ck_assert_int_eq(wni_watch_warn(&m, list, warning, sizeof warning), good[i].warned);
    ck_assert_int_eq(strstr(warning, "'truck' is a label and a group") != NULL, good[i].warned);
    while (wni_watch_next(&m, &list, end, &item, NULL)) ck_assert_uint_gt(item.length, 0);
    ck_assert_uint_eq(item.length, strlen(good[i].last));
    ck_assert_mem_eq(item.name, good[i].last, item.length);
  }
  bool classes[CLASSES];
  ck_assert_int_eq(wni_watch_parse(&m, "cat, cow", 8, classes, "watch", &error), WN_ERROR_ARGUMENT);
  ck_assert_str_eq(error.message,
                   "watch: 'cow' is not a label or group of the model; its labels are cat, dog, "
                   "ship...; its groups are truck, pet, 7");
  ck_assert_int_eq(wni_watch_parse(&m, "", 0, classes, "watch", &error), WN_ERROR_ARGUMENT);
  wni_metadata_clear(&m);
}
END_TEST

/* A message has no room for all of it, and none for a part of a character. */
START_TEST(long_names_are_cut_between_characters) {
  enum { BYTES = 101 };
  char name[BYTES + 1] = "x", labels[BYTES + 32], groups[BYTES + 32], warning[256];
  for (int i = 1; i < BYTES; i += 2) memcpy(name + i, "\xC3\xA4", 3);
  snprintf(labels, sizeof labels, "%s\ndog\nship\ntruck", name);
  snprintf(groups, sizeof groups, "%s: ship", name);
  Fake fake;
  WniMetadata m;
  WnError error = {0};
  start(&fake);
  set(&fake, "winnow.labels", labels);
  set(&fake, "winnow.groups", groups);
  ck_assert_msg(parse(&fake, &m, &error) == WN_OK, "%s", error.message);
  ck_assert(wni_watch_warn(&m, name, warning, sizeof warning));
  for (size_t i = 0, n; warning[i]; i += n) {
    n = wni_utf8_length((const unsigned char *)warning + i);
    ck_assert_uint_gt(n, 0);
  }
  wni_metadata_clear(&m);
}
END_TEST

START_TEST(labels_of_another_form_are_refused_by_what_they_are) {
  static const struct {
    const char *labels, *says;
  } bad[] = {
      {"cat\ndog\nsh\xEFp\ntruck", "line 3 is not UTF-8"},
      {"\xFF\xFE"
       "c",
       "UTF-16"},
      {"\xFE\xFF", "UTF-16"},
      {"[\"cat\", \"dog\",\n\"ship\",\n\"truck\"\n]\n", "JSON"},
      {" {\"0\": \"cat\"}", "JSON"},
      {"\xEF\xBB\xBF[]", "JSON"},
      {"cat\n\nship\ntruck", "line 2 is empty"},
      {"cat\n \nship\ntruck", "line 2 is empty"},
      {"\n\n", "0 labels"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Fake fake;
    WniMetadata m;
    WnError error = {0};
    start(&fake);
    set(&fake, "winnow.labels", bad[i].labels);
    ck_assert_msg(parse(&fake, &m, &error) == WN_ERROR_MODEL, "%zu was taken", i);
    ck_assert_msg(strstr(error.message, "winnow.labels") && strstr(error.message, bad[i].says),
                  "'%s' does not say %s", error.message, bad[i].says);
    wni_metadata_clear(&m);
  }
}
END_TEST

SUITE_MAIN("metadata", all_keys_are_read, a_cascade_says_it_for_each_input,
           defaults_are_those_of_the_format, bad_values_are_refused_by_name,
           labels_may_have_a_mark_and_empty_lines_behind, equal_labels_are_named_together,
           watch_lists_name_labels_and_groups, long_names_are_cut_between_characters,
           labels_of_another_form_are_refused_by_what_they_are)
