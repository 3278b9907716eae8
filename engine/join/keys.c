/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The metadata of a cascade (wni_join_write_keys() in join.h): what the last file says about
 * classes, what each file says about its input, and exits that exclude nothing before they are
 * tuned.
 */
#include "join/join.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char input_prefix[] = "winnow.input.";

/* Keys of the last file that are about that network alone, or written anew. */
static const char *const own_keys[] = {
    "winnow.version",  "winnow.exits",
    "winnow.output",   "winnow.labels",
    "winnow.strategy", "winnow.exit-score",
    "winnow.scores",   "winnow.thresholds",
    "winnow.groups",   "winnow.watch-thresholds",
    "winnow.inputs",   "winnow.floors",
    "winnow.taps",     "winnow.floor-score",
    "winnow.taught",
};

static bool is_input_key(const char *key) {
  return strncmp(key, input_prefix, strlen(input_prefix)) == 0;
}

static bool is_kept(const char *key) {
  for (size_t i = 0; i < sizeof own_keys / sizeof *own_keys; i++)
    if (strcmp(key, own_keys[i]) == 0) return false;
  return !is_input_key(key);
}

/* Adds a key, for which there is room. */
static void add(WniWriter *writer, const char *key, const char *value) {
  Onnx__StringStringEntryProto *entry = wni_writer_alloc(writer, 1, sizeof *entry);
  if (!entry) return;
  onnx__string_string_entry_proto__init(entry);
  entry->key = wni_writer_text(writer, (const char *const[]){key, NULL});
  entry->value = wni_writer_text(writer, (const char *const[]){value, NULL});
  writer->model.metadata_props[writer->model.n_metadata_props++] = entry;
}

/* ---- the values ---- */

typedef void Print(FILE *to, const WniJoin *join);

static const WniPart *last_of(const WniJoin *join) {
  return &join->parts[join->n_parts - 1];
}

static void print_exits(FILE *to, const WniJoin *join) {
  for (size_t i = 0; i + 1 < join->n_parts; i++)
    fprintf(to, "%s%s", i ? "," : "", join->parts[i].scores);
}

static void print_output(FILE *to, const WniJoin *join) {
  fputs(last_of(join)->scores, to);
}

static void print_thresholds(FILE *to, const WniJoin *join) {
  for (size_t i = 0; i + 1 < join->n_parts; i++) fputs(i ? ",0" : "0", to);
}

static void print_inputs(FILE *to, const WniJoin *join) {
  for (size_t i = 0; i < join->n_parts; i++) fprintf(to, "%s%s", i ? "," : "", join->parts[i].name);
}

static void print_labels(FILE *to, const WniJoin *join) {
  const WniPart *last = last_of(join);
  int n = last->row ? last->n_rows : last->n_classes;
  for (int i = 0; last->metadata.has_labels && i < n; i++)
    fprintf(to, "%s%s", i ? "\n" : "", last->metadata.labels[last->row ? last->row[i] : i]);
}

/* How a list names class i of the cascade: by its label unless that is another's too or has a
 * separator in it. */
static void print_class(FILE *to, const WniPart *last, const WniNames *single, int i) {
  const char *name = last->metadata.labels[last->row[i]];
  if (*name && !strpbrk(name, ",;:") && name[0] != ' ' && name[strlen(name) - 1] != ' ' &&
      wni_names_find(single, name) == i)
    fputs(name, to);
  else
    fprintf(to, "%d", i);
}

static void print_group(FILE *to, const WniPart *last, const WniNames *single, int group) {
  bool begun = false;
  for (int i = 0; i < last->n_rows; i++) {
    if (last->metadata.group_of[last->row[i]] != group) continue;
    if (begun)
      fputs(", ", to);
    else
      fprintf(to, "%s: ", last->metadata.groups[group]);
    print_class(to, last, single, i);
    begun = true;
  }
  if (begun) fputs("; ", to);
}

/* As they are, or with the class indices that are left. */
static void print_groups(FILE *to, const WniJoin *join) {
  const WniPart *last = last_of(join);
  const char *text = join->groups ? join->groups : wni_onnx_metadata(&last->file, "winnow.groups");
  WniNames single = {0}; /* labels; -2: there twice */
  if (join->groups || !last->row) {
    fputs(text ? text : "", to);
    return;
  }
  for (int i = 0; i < last->n_rows; i++) { /* without memory classes are written as numbers */
    const char *name = last->metadata.labels[last->row[i]];
    wni_names_put(&single, name, wni_names_find(&single, name) == -1 ? i : -2);
  }
  for (int g = 0; g < last->metadata.n_groups; g++) print_group(to, last, &single, g);
  wni_names_clear(&single);
}

static void print_version(FILE *to, const WniJoin *join) {
  (void)join;
  fputs("1", to);
}

static void print_strategy(FILE *to, const WniJoin *join) {
  (void)join;
  fputs(wn_strategy_name(WN_STRATEGY_CLASS_EXCLUSION), to);
}

static void print_score(FILE *to, const WniJoin *join) {
  (void)join;
  fputs("softmax", to);
}

/* What is empty is left out. */
static const struct {
  const char *key;
  Print *print;
} written[] = {
    {"winnow.version", print_version},       {"winnow.inputs", print_inputs},
    {"winnow.exits", print_exits},           {"winnow.output", print_output},
    {"winnow.labels", print_labels},         {"winnow.groups", print_groups},
    {"winnow.strategy", print_strategy},     {"winnow.exit-score", print_score},
    {"winnow.thresholds", print_thresholds},
};
enum { N_WRITTEN = sizeof written / sizeof *written };

static void write_one(WniJoin *join, const char *key, Print *print) {
  char *text = NULL;
  size_t size;
  FILE *to = open_memstream(&text, &size);
  if (to) print(to, join);
  bool good = to && !ferror(to);
  if (to && fclose(to) != 0) good = false;
  if (!good)
    join->writer.failed = true;
  else if (size)
    add(&join->writer, key, text);
  free(text);
}

/* ---- keys that are taken over ---- */

/* All that is known of the network's input, whoever said it: nobody else will in the cascade. */
static void write_input_keys(WniWriter *writer, const WniPart *part) {
  for (int a = 0; a < WNI_N_ASPECTS; a++) {
    char value[WNI_ASPECT_BYTES];
    if (!wni_meaning_print(&part->metadata.inputs[0], (WniAspect)a, value)) continue;
    char *key = wni_writer_text(writer, (const char *const[]){input_prefix, part->name, ".",
                                                              wni_aspect_name((WniAspect)a), NULL});
    if (key) add(writer, key, value);
  }
}

static void take_other_keys(WniWriter *writer, const WniPart *last) {
  const Onnx__ModelProto *model = last->file.proto;
  for (size_t i = 0; i < model->n_metadata_props; i++) {
    const char *key = model->metadata_props[i]->key, *value = model->metadata_props[i]->value;
    if (key && is_kept(key)) add(writer, key, value ? value : "");
  }
}

WnStatus wni_join_write_keys(WniJoin *join, WnError *error) {
  WniWriter *writer = &join->writer;
  size_t room = N_WRITTEN;
  for (size_t i = 0; i < join->n_parts; i++) room += WNI_N_ASPECTS;
  room += last_of(join)->file.proto->n_metadata_props;
  writer->model.n_metadata_props = 0;
  writer->model.metadata_props =
      wni_writer_alloc(writer, room, sizeof *writer->model.metadata_props);
  if (writer->failed) return wni_fail_memory(error, "the metadata");
  for (size_t i = 0; i < N_WRITTEN; i++) write_one(join, written[i].key, written[i].print);
  for (size_t i = 0; i < join->n_parts; i++) write_input_keys(writer, &join->parts[i]);
  take_other_keys(writer, last_of(join));
  return writer->failed ? wni_fail_memory(error, "the metadata") : WN_OK;
}
