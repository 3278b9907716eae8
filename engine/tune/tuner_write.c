/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The model file with the thresholds and floors that a tuner has found.
 */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/list.h"
#include "load/onnx_write.h"
#include "load/watch.h"
#include "tune/tuner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that grows; `failed` when there was no memory. */
typedef struct Text {
  char *bytes;
  size_t length;
  bool failed;
} Text;

static void append(Text *text, const char *more, size_t length) {
  char *larger = text->failed ? NULL : realloc(text->bytes, text->length + length + 1);
  if (!larger) {
    text->failed = true;
    return;
  }
  memcpy(larger + text->length, more, length);
  text->bytes = larger;
  text->length += length;
  larger[text->length] = 0;
}

static void append_text(Text *text, const char *more) {
  append(text, more, strlen(more));
}

/* Comma-separated, `-` for NaN. */
static void append_numbers(Text *text, const double *numbers, int n) {
  for (int k = 0; k < n; k++) {
    char number[WNI_NUMBER_BYTES] = "-";
    if (!isnan(numbers[k])) wni_number_text(numbers[k], number);
    if (k) append_text(text, ",");
    append_text(text, number);
  }
}

static void append_thresholds(Text *text, const WnTuner *tuner) {
  append_numbers(text, tuner->thresholds, tuner->scores.n_exits);
}

/* Whether a list can name class c by its label: no other class has it and no separator is in it. */
static bool is_plain(const WniMetadata *file, int c) {
  const char *label = file->labels[c];
  for (int other = 0; other < file->n_classes; other++)
    if (other != c && strcmp(file->labels[other], label) == 0) return false;
  return *label && !strpbrk(label, ",;:") && label[0] != ' ' && label[strlen(label) - 1] != ' ';
}

static void append_item(Text *text, const char *item, size_t length, bool first) {
  if (!first) append_text(text, ", ");
  append(text, item, length);
}

/* Whether the file calls these classes [n_classes] by the name of that group, too. */
static bool is_group(const WniMetadata *file, const WniWatchItem *group, const bool *classes) {
  const char *name = group->name, *end = name + group->length;
  WniWatchItem own;
  if (!wni_watch_next(file, &name, end, &own, NULL) || own.kind != WNI_WATCH_GROUP) return false;
  for (int c = 0; c < file->n_classes; c++)
    if ((file->group_of[c] == own.group) != classes[c]) return false;
  return true;
}

/* The watch set as it was asked for: groups by their names, classes by the labels that the file
 * itself has. */
static void append_set(Text *text, const WnTuner *tuner, const WniMetadata *file) {
  const char *asked = tuner->watch, *end = asked + strlen(asked);
  bool first = true, *classes = calloc((size_t)file->n_classes, sizeof *classes);
  WniWatchItem item;
  text->failed |= !classes;
  while (classes && wni_watch_next(&tuner->model->metadata, &asked, end, &item, classes)) {
    if (item.kind == WNI_WATCH_GROUP && is_group(file, &item, classes)) {
      append_item(text, item.name, item.length, first);
      first = false;
    } else {
      for (int c = 0; c < file->n_classes; c++) {
        char index[16];
        if (!classes[c]) continue;
        int length = snprintf(index, sizeof index, "%d", c);
        if (is_plain(file, c))
          append_item(text, file->labels[c], strlen(file->labels[c]), first);
        else
          append_item(text, index, (size_t)length, first);
        first = false;
      }
    }
    memset(classes, 0, (size_t)file->n_classes * sizeof *classes);
  }
  free(classes);
}

/* The other sets as they are written, then this one. */
static void append_watch(Text *text, const WnTuner *tuner, const WniMetadata *file,
                         const char *old) {
  const char *end = old + strlen(old), *item;
  size_t length, bytes = (size_t)file->n_classes * sizeof(bool);
  for (int i = 0; i < file->n_watch && wni_list_next(&old, end, ';', &item, &length); i++) {
    if (memcmp(file->watch[i].watched, tuner->task.watched, bytes) == 0) continue;
    append(text, item, length);
    append_text(text, "; ");
  }
  append_set(text, tuner, file);
  append_text(text, ": ");
  append_thresholds(text, tuner);
}

static bool has_labels_to_write(const WnTuner *tuner, const WniOnnx *onnx) {
  static const char *const keys[] = {"winnow.labels", "winnow.groups", "winnow.watch-thresholds"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const char *own = wni_onnx_metadata(onnx, keys[i]);
    if (own && *own) return false;
  }
  return tuner->model->metadata.has_labels;
}

static WnStatus set_watch(const WnTuner *tuner, const WniOnnx *onnx, WniWriter *writer,
                          WnError *error) {
  WniMetadata file;
  Text text = {0};
  const char *old = wni_onnx_metadata(onnx, "winnow.watch-thresholds");
  WnStatus status = wni_metadata_read(onnx, NULL, NULL, &file, error);
  if (status != WN_OK) return status;
  status = wni_metadata_bind(&file, onnx, tuner->scores.n_classes, NULL, error);
  if (status == WN_OK) {
    append_watch(&text, tuner, has_labels_to_write(tuner, onnx) ? &tuner->model->metadata : &file,
                 old ? old : "");
    if (text.failed) status = wni_fail_memory(error, "the watch thresholds");
  }
  if (status == WN_OK) wni_writer_metadata(writer, "winnow.watch-thresholds", text.bytes);
  wni_metadata_clear(&file);
  free(text.bytes);
  return status;
}

bool wni_tuner_drops_watch(const WnTuner *tuner) {
  return !tuner->task.watched && tuner->task.strategy == WN_STRATEGY_CLASS_EXCLUSION &&
         tuner->task.softmax != tuner->model->metadata.score_softmax;
}

static WnStatus set_strategy(const WnTuner *tuner, WniWriter *writer, WnError *error) {
  Text text = {0};
  append_thresholds(&text, tuner);
  if (!text.failed) {
    wni_writer_metadata(writer, "winnow.strategy", wn_strategy_name(tuner->task.strategy));
    wni_writer_metadata(writer, "winnow.thresholds", text.bytes);
    if (wni_tuner_drops_watch(tuner)) wni_writer_metadata(writer, "winnow.watch-thresholds", NULL);
  }
  free(text.bytes);
  return text.failed ? wni_fail_memory(error, "the thresholds") : WN_OK;
}

static WnStatus set_floors(const WnTuner *tuner, WniWriter *writer, WnError *error) {
  Text text = {0};
  append_numbers(&text, tuner->floors, tuner->scores.n_exits + 1);
  if (!text.failed) {
    wni_writer_metadata(writer, "winnow.floors", text.bytes);
    wni_writer_metadata(writer, "winnow.floor-score", wni_floor_score_name(tuner->standardised));
  }
  free(text.bytes);
  return text.failed ? wni_fail_memory(error, "the floors") : WN_OK;
}

/* What was given or found beside the file, nobody says of one that is Winnow's.  Labels of a file
 * without any: others would be wrong in its lists. */
static void set_known(const WnTuner *tuner, const WniOnnx *onnx, WniWriter *writer) {
  const WniMetadata *known = &tuner->model->metadata;
  Text text = {0};
  wni_writer_meaning(writer, known);
  if (!has_labels_to_write(tuner, onnx)) return;
  for (int c = 0; c < known->n_classes; c++) {
    if (c) append_text(&text, "\n");
    append_text(&text, known->labels[c]);
  }
  if (text.failed)
    writer->failed = true;
  else
    wni_writer_metadata(writer, "winnow.labels", text.bytes);
  free(text.bytes);
}

static WnStatus edit(const WnTuner *tuner, const WniOnnx *onnx, WniWriter *writer, WnError *error) {
  const Onnx__GraphProto *graph = onnx->proto->graph;
  wni_writer_init(writer, onnx->proto);
  for (size_t i = 0; i < graph->n_node; i++) wni_writer_keep(writer, graph->node[i]);
  wni_writer_metadata(writer, "winnow.version", "1");
  set_known(tuner, onnx, writer);
  if (tuner->floors_found) {
    WnStatus status = set_floors(tuner, writer, error);
    if (status != WN_OK || tuner->kept) return status;
  }
  if (tuner->task.strategy == WN_STRATEGY_CLASS_EXCLUSION)
    wni_writer_metadata(writer, "winnow.exit-score", tuner->task.softmax ? "softmax" : "sigmoid");
  return tuner->task.watched ? set_watch(tuner, onnx, writer, error)
                             : set_strategy(tuner, writer, error);
}

/* The id ends in the CRC of the file that was opened. */
static bool same_file(const WnTuner *tuner, const WniOnnx *onnx) {
  char crc[16];
  snprintf(crc, sizeof crc, "@%08x", onnx->crc32);
  const char *end = strrchr(tuner->model->id, '@');
  return end && strcmp(end, crc) == 0;
}

WnStatus wn_tuner_write(WnTuner *tuner, const char *path, WnError *error) {
  WNI_FP_SCOPE(mode);
  WniOnnx onnx;
  WniWriter writer = {0};
  if (!tuner->found) return wni_fail(error, WN_ERROR_ARGUMENT, "no thresholds have been found yet");
  WnStatus status = wni_onnx_load(tuner->model->path, &onnx, error);
  if (status != WN_OK) return wni_model_name_file(tuner->model->path, NULL, status, error);
  if (!same_file(tuner, &onnx))
    status = wni_fail(error, WN_ERROR_MODEL, "'%.300s' has changed since it was opened",
                      tuner->model->path);
  if (status == WN_OK) status = edit(tuner, &onnx, &writer, error);
  if (status == WN_OK) status = wni_writer_save(&writer, path, error);
  wni_writer_clear(&writer);
  wni_onnx_clear(&onnx);
  return status;
}
