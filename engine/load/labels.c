/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The second half of metadata.h: what names classes.  Labels, groups and watch
 * thresholds, checked against the number of classes that the network has.
 */
#include "load/metadata.h"

#include "base/error.h"
#include "base/file.h"
#include "base/list.h"
#include "base/utf8.h"
#include "load/floors.h"
#include "load/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MAX_SET: entries times classes, of which each entry with thresholds keeps a byte */
enum { MAX_LABEL_FILE_BYTES = 16 << 20, MAX_ENTRIES = 4096, MAX_SET = 1 << 26 };

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the last line with something on it ends. */
static size_t trimmed_length(const char *text, size_t size) {
  size_t end = size;
  while (end && is_blank(text[end - 1])) end--;
  return end ? end + strcspn(text + end, "\n") : 0;
}

static bool is_json(const char *text, size_t size) {
  while (size && is_blank(*text)) text++, size--;
  while (size && is_blank(text[size - 1])) size--;
  return size > 1 &&
         ((*text == '{' && text[size - 1] == '}') || (*text == '[' && text[size - 1] == ']'));
}

/* Refuses what an editor or a program writes instead of lines of UTF-8. */
static WnStatus check_form(const char *text, size_t size, const char *what, WnStatus blame,
                           WnError *error) {
  const unsigned char *bytes = (const unsigned char *)text;
  if (size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
    return wni_fail(error, blame, "%s: the labels are in UTF-16; save them as UTF-8", what);
  if (strlen(text) < size)
    return wni_fail(error, blame,
                    "%s: there are zero bytes in the labels, as in UTF-16; save them as UTF-8 text",
                    what);
  if (is_json(text, size))
    return wni_fail(error, blame, "%s: the labels are JSON; write them as text, one a line", what);
  for (size_t at = 0, line = 1, n; at < size; at += n) {
    n = wni_utf8_length(bytes + at);
    if (!n)
      return wni_fail(error, blame,
                      "%s: line %zu is not UTF-8 but Latin-1 or another encoding; save the labels "
                      "as UTF-8",
                      what, line);
    line += bytes[at] == '\n';
  }
  return WN_OK;
}

/* One label a line.  A byte order mark in front and empty lines at the end do not count. */
static WnStatus split_labels(const char *text, size_t size, const char *what, WnStatus blame,
                             WniMetadata *metadata, WnError *error) {
  static const char mark[] = "\xEF\xBB\xBF";
  size_t skip = strncmp(text, mark, strlen(mark)) == 0 ? strlen(mark) : 0;
  const char *line = text + skip, *end = line + trimmed_length(line, size - skip);
  WnStatus status = check_form(line, size - skip, what, blame, error);
  if (status != WN_OK) return status;
  int n = 0;
  while (line < end) {
    size_t length = strcspn(line, "\n");
    const char *next = line + length + 1;
    while (length && line[length - 1] == '\r') length--;
    if (strspn(line, " \t") >= length)
      return wni_fail(error, blame, "%s: line %d is empty", what, n + 1);
    if (n < metadata->n_classes) {
      metadata->labels[n] = strndup(line, length);
      if (!metadata->labels[n]) return wni_fail_memory(error, "labels");
    }
    n++;
    line = next;
  }
  if (n != metadata->n_classes)
    return wni_fail(error, blame, "%s: %d label%s for a network of %d classes", what, n,
                    n == 1 ? "" : "s", metadata->n_classes);
  metadata->has_labels = true;
  return WN_OK;
}

/* Lines up to the last one with something on it. */
static int count_labels(const char *text, size_t size) {
  int n = 0;
  size_t end = trimmed_length(text, size);
  for (size_t at = 0; at < end; at += strcspn(text + at, "\n") + 1) n++;
  return n;
}

int wni_labels_count(const WniOnnx *onnx, const char *labels_file) {
  const char *own = wni_onnx_metadata(onnx, "winnow.labels");
  uint8_t *text;
  size_t size;
  if (!labels_file) return own ? count_labels(own, strlen(own)) : 0;
  if (wni_file_read(labels_file, MAX_LABEL_FILE_BYTES, &text, &size, NULL) != WN_OK) return 0;
  int n = strlen((const char *)text) == size ? count_labels((const char *)text, size) : 0;
  free(text);
  return n;
}

/* `replaced`: others follow, so that it is of no interest whether those beside the file fit. */
static WnStatus own_labels(WniMetadata *metadata, const WniOnnx *onnx, bool replaced,
                           WnError *error) {
  const char *own = wni_onnx_metadata(onnx, "winnow.labels");
  bool fits = metadata->found.n_labels == metadata->n_classes;
  metadata->labels_source = own && *own ? "winnow.labels" : NULL;
  if (metadata->labels_source)
    return split_labels(own, strlen(own), "winnow.labels", WN_ERROR_MODEL, metadata, error);
  if ((fits || !replaced) &&
      wni_found_take_labels(&metadata->found, metadata->n_classes, metadata->labels)) {
    metadata->has_labels = true;
    metadata->labels_source = metadata->found.labels_source;
    return WN_OK;
  }
  for (int c = 0; c < metadata->n_classes; c++) {
    char name[16];
    snprintf(name, sizeof name, "%d", c);
    metadata->labels[c] = strdup(name);
    if (!metadata->labels[c]) return wni_fail_memory(error, "labels");
  }
  return WN_OK;
}

static WnStatus replace_labels(WniMetadata *metadata, const char *labels_file, WnError *error) {
  uint8_t *text;
  size_t size;
  WnStatus status = wni_file_read(labels_file, MAX_LABEL_FILE_BYTES, &text, &size, error);
  if (status != WN_OK) return status;
  for (int c = 0; c < metadata->n_classes; c++) {
    free(metadata->labels[c]);
    metadata->labels[c] = NULL;
  }
  status = split_labels((const char *)text, size, labels_file, WN_ERROR_ARGUMENT, metadata, error);
  free(text);
  return status;
}

static size_t count_entries(const char *text) {
  size_t n = 1;
  for (; *text; text++) n += *text == ';';
  return n;
}

/* Walks "NAME: LIST; NAME: LIST".  Each entry is handed to `entry` as its two halves, and with
 * set [n_classes] to work in. */
typedef WnStatus (*EntryFunction)(WniMetadata *, const char *name, size_t name_length,
                                  const char *list, size_t list_length, bool *set, WnError *);

static WnStatus each_entry(WniMetadata *metadata, const char *text, const char *key,
                           EntryFunction entry, bool *set, WnError *error) {
  const char *end = text + strlen(text), *item;
  size_t length;
  if (count_entries(text) > MAX_ENTRIES)
    return wni_fail(error, WN_ERROR_MODEL, "%s: more than %d entries", key, MAX_ENTRIES);
  while (wni_list_next(&text, end, ';', &item, &length)) {
    if (length == 0 && !text) break; /* a closing ';' */
    const char *colon = length ? memchr(item, ':', length) : NULL;
    if (!colon)
      return wni_fail(error, WN_ERROR_MODEL, "%s: '%.*s' has no ':'", key,
                      length > 60 ? 60 : (int)length, item);
    WnStatus status = entry(metadata, item, (size_t)(colon - item), colon + 1,
                            (size_t)(item + length - colon - 1), set, error);
    if (status != WN_OK) {
      if (error && status == WN_ERROR_ARGUMENT) error->status = WN_ERROR_MODEL;
      return status == WN_ERROR_ARGUMENT ? WN_ERROR_MODEL : status;
    }
  }
  return WN_OK;
}

static WnStatus add_group(WniMetadata *metadata, const char *name, size_t name_length,
                          const char *list, size_t list_length, bool *set, WnError *error) {
  int group = metadata->n_groups++, n = metadata->n_classes;
  while (name_length && name[name_length - 1] == ' ') name_length--;
  char *copy = metadata->groups[group] = strndup(name, name_length);
  if (!copy || (wni_names_find(&metadata->group_index, copy) < 0 &&
                !wni_names_put(&metadata->group_index, copy, group)))
    return wni_fail_memory(error, "groups");
  WnStatus status =
      wni_list_labels(list, list_length, &metadata->index, set, "winnow.groups", error);
  if (status != WN_OK) return status;
  /* thousands of groups of few among many: memchr() is as fast as memory */
  for (const bool *at = set; (at = memchr(at, true, (size_t)(set + n - at))) != NULL; at++) {
    int c = (int)(at - set);
    if (metadata->group_of[c] >= 0)
      return wni_fail(error, WN_ERROR_MODEL, "winnow.groups: '%.60s' is in more than one group",
                      metadata->labels[c]);
    metadata->group_of[c] = group;
  }
  return WN_OK;
}

static WnStatus add_watch(WniMetadata *metadata, const char *name, size_t name_length,
                          const char *list, size_t list_length, bool *set, WnError *error) {
  static const char what[] = "winnow.watch-thresholds";
  (void)set;
  if ((int64_t)(metadata->n_watch + 1) * metadata->n_classes > MAX_SET)
    return wni_fail(error, WN_ERROR_MODEL, "%s: more than %d entries for %d classes", what,
                    metadata->n_watch, metadata->n_classes);
  WniWatchThresholds *watch = &metadata->watch[metadata->n_watch++];
  watch->watched = calloc((size_t)metadata->n_classes, sizeof *watch->watched);
  watch->thresholds = calloc((size_t)metadata->n_exits + 1, sizeof *watch->thresholds);
  if (!watch->watched || !watch->thresholds) return wni_fail_memory(error, what);
  WnStatus status = wni_watch_parse(metadata, name, name_length, watch->watched, what, error);
  if (status == WN_OK)
    status = wni_list_numbers(list, list_length, watch->thresholds, metadata->n_exits, what, error);
  if (status == WN_OK)
    status = wni_thresholds_check(WN_STRATEGY_CLASS_EXCLUSION, watch->thresholds, metadata->n_exits,
                                  what, error);
  return status;
}

static WnStatus read_entries(WniMetadata *metadata, const char *groups, const char *watch,
                             WnError *error) {
  WnStatus status = WN_OK;
  bool *set = *groups || *watch ? calloc((size_t)metadata->n_classes + 1, sizeof *set) : NULL;
  if ((*groups || *watch) && !set) return wni_fail_memory(error, "groups");
  if (*groups) status = each_entry(metadata, groups, "winnow.groups", add_group, set, error);
  if (status == WN_OK && *watch)
    status = each_entry(metadata, watch, "winnow.watch-thresholds", add_watch, set, error);
  free(set);
  return status;
}

static WnStatus index_labels(WniMetadata *metadata, WnError *error) {
  wni_labels_clear(&metadata->index);
  return wni_labels_index(&metadata->index, (const char *const *)metadata->labels,
                          metadata->n_classes)
             ? WN_OK
             : wni_fail_memory(error, "labels");
}

WnStatus wni_metadata_bind(WniMetadata *metadata, const WniOnnx *onnx, int n_classes,
                           const char *labels_file, WnError *error) {
  const char *groups = wni_onnx_metadata(onnx, "winnow.groups");
  const char *watch = wni_onnx_metadata(onnx, "winnow.watch-thresholds");
  if (!groups) groups = "";
  if (!watch) watch = "";
  metadata->n_classes = n_classes;
  metadata->labels = calloc((size_t)n_classes, sizeof *metadata->labels);
  metadata->group_of = malloc((size_t)n_classes * sizeof *metadata->group_of);
  metadata->groups = calloc(count_entries(groups), sizeof *metadata->groups);
  metadata->watch = calloc(count_entries(watch), sizeof *metadata->watch);
  if (!metadata->labels || !metadata->group_of || !metadata->groups || !metadata->watch)
    return wni_fail_memory(error, "labels");
  for (int c = 0; c < n_classes; c++) metadata->group_of[c] = -1;
  WnStatus status = own_labels(metadata, onnx, labels_file != NULL, error);
  if (status == WN_OK) status = index_labels(metadata, error);
  if (status == WN_OK) status = read_entries(metadata, groups, watch, error);
  if (status == WN_OK) status = wni_nothing_bind(onnx, metadata, error);
  /* Last: groups and watch sets are written in the model's own labels. */
  if (status == WN_OK && labels_file) {
    status = replace_labels(metadata, labels_file, error);
    if (status == WN_OK) status = index_labels(metadata, error);
    metadata->labels_source = "option";
  }
  return status;
}
