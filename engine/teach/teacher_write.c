/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file of what has been taught (wn_teacher_write()): backbone, heads and all that the metadata
 * says.
 */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/json.h"
#include "base/list.h"
#include "teach/teacher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys of the backbone that are about its own classes. */
static const char *const own_keys[] = {"winnow.groups", "winnow.watch-thresholds", "winnow.taps",
                                       "winnow.floors", "winnow.floor-score",      "winnow.nothing",
                                       "winnow.scores"};

typedef void Print(FILE *to, const WnTeacher *teacher);

static void print_numbers(FILE *to, const double *numbers, int n) {
  for (int i = 0; i < n; i++) {
    char number[WNI_NUMBER_BYTES] = "-";
    if (!isnan(numbers[i])) wni_number_text(numbers[i], number);
    fprintf(to, "%s%s", i ? "," : "", number);
  }
}

static void print_labels(FILE *to, const WnTeacher *teacher) {
  for (int i = 0; i < teacher->options.n_labels; i++)
    fprintf(to, "%s%s", i ? "\n" : "", teacher->labels[i]);
}

static void print_thresholds(FILE *to, const WnTeacher *teacher) {
  print_numbers(to, teacher->policy.thresholds, teacher->scores.n_exits);
}

static void print_floors(FILE *to, const WnTeacher *teacher) {
  print_numbers(to, teacher->policy.floors, teacher->scores.n_exits + 1);
}

/* What the photos were and how good the heads are on photos that they had not seen. */
static void print_taught(FILE *to, const WnTeacher *teacher) {
  const WnTeaching *r = &teacher->report;
  json_t *classes = json_array();
  for (int c = 0; c < r->n_classes; c++)
    json_array_append_new(classes,
                          json_pack("{s:o, s:I}", "label", wni_json_text(teacher->labels[c]),
                                    "images", (json_int_t)r->photos_per_class[c]));
  json_t *all = json_pack(
      "{s:I, s:o, s:f, s:f, s:f, s:f, s:f}", "images", (json_int_t)r->photos, "classes", classes,
      "accuracy", r->accuracy, "accuracy-low", r->accuracy_low, "accuracy-high", r->accuracy_high,
      "accuracy-full", r->accuracy_full, "mac-reduction", 1 - r->macs_mean / (double)r->macs_full);
  char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
  if (text) fputs(text, to);
  free(text);
  json_decref(all);
}

static WnStatus set(WniWriter *writer, const char *key, Print *print, const WnTeacher *teacher,
                    WnError *error) {
  char *text = NULL;
  size_t size;
  FILE *to = open_memstream(&text, &size);
  if (!to) return wni_fail_memory(error, "the model");
  print(to, teacher);
  bool failed = fclose(to) != 0 || size == 0;
  if (!failed) wni_writer_metadata(writer, key, text);
  free(text);
  return failed ? wni_fail_memory(error, "the model") : WN_OK;
}

static WnStatus set_keys(const WnTeacher *teacher, WniWriter *writer, WnError *error) {
  for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
    wni_writer_metadata(writer, own_keys[i], NULL);
  wni_writer_metadata(writer, "winnow.version", "1");
  wni_writer_metadata(writer, "winnow.strategy", wn_strategy_name(WN_STRATEGY_CLASS_EXCLUSION));
  wni_writer_metadata(writer, "winnow.exit-score", "softmax");
  wni_writer_meaning(writer, &teacher->backbone.network.metadata);
  wni_writer_metadata(writer, "winnow.scores", NULL); /* those of the heads are logits */
  if (teacher->extractor.target.crop == 0)            /* photos were looked at whole */
    wni_writer_metadata(writer, "winnow.input.crop", NULL);
  wni_writer_metadata(writer, "winnow.input.resize", wni_resize_name(teacher->resize));
  if (teacher->nothing >= 0)
    wni_writer_metadata(writer, "winnow.nothing", teacher->labels[teacher->nothing]);
  WnStatus status = set(writer, "winnow.labels", print_labels, teacher, error);
  if (status == WN_OK) status = set(writer, "winnow.thresholds", print_thresholds, teacher, error);
  if (status == WN_OK) status = set(writer, "winnow.taught", print_taught, teacher, error);
  if (status == WN_OK && teacher->policy.has_floors) {
    wni_writer_metadata(writer, "winnow.floor-score", wni_floor_score_name(false));
    status = set(writer, "winnow.floors", print_floors, teacher, error);
  }
  return status;
}

WnStatus wn_teacher_write(WnTeacher *teacher, const char *path, WnError *error) {
  WNI_FP_SCOPE(mode);
  WniWriter writer = {0};
  if (!teacher->learnt) return wni_fail(error, WN_ERROR_ARGUMENT, "nothing has been learnt yet");
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no file to write is given");
  WnStatus status = wni_backbone_write(&teacher->backbone, &teacher->heads, &writer, error);
  if (status == WN_OK) status = set_keys(teacher, &writer, error);
  if (status == WN_OK) status = wni_writer_save(&writer, path, error);
  wni_writer_clear(&writer);
  return status;
}
