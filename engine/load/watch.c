/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See watch.h.
 */
#include "load/watch.h"

#include "base/error.h"
#include "base/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As many bytes of a name as a message has room for, in whole characters. */
static int shown(const WniWatchItem *item) {
  size_t length = item->length < 60 ? item->length : 60;
  while (length && length < item->length && (item->name[length] & 0xC0) == 0x80) length--;
  return (int)length;
}

static int find_group(const WniMetadata *metadata, const char *name, size_t length) {
  return length ? wni_names_find_bytes(&metadata->group_index, name, length) : -1;
}

/* The first class that the item is or stands for, by label or index; -1: it is a group, or nothing
 * of the model. */
static int resolve(const WniMetadata *metadata, WniWatchItem *item) {
  int first = wni_labels_find(&metadata->index, item->name, item->length);
  item->group = find_group(metadata, item->name, item->length);
  item->kind = first >= 0 ? WNI_WATCH_LABEL : item->group >= 0 ? WNI_WATCH_GROUP : WNI_WATCH_INDEX;
  if (item->kind != WNI_WATCH_INDEX) return first;
  first = wni_labels_find_index(&metadata->index, item->name, item->length);
  if (first < 0) return -1;
  item->name = metadata->labels[first];
  item->length = strlen(item->name);
  return first;
}

bool wni_watch_next(const WniMetadata *metadata, const char **text, const char *end,
                    WniWatchItem *item, bool *set) {
  if (!wni_list_next(text, end, ',', &item->name, &item->length)) return false;
  int first = resolve(metadata, item);
  if (first < 0 && item->kind != WNI_WATCH_GROUP) return false;
  if (!set) return true;
  if (item->kind == WNI_WATCH_LABEL) wni_labels_set(&metadata->index, first, set);
  if (item->kind == WNI_WATCH_INDEX) set[first] = true;
  for (int c = 0; item->kind == WNI_WATCH_GROUP && c < metadata->n_classes; c++)
    set[c] = set[c] || metadata->group_of[c] == item->group;
  return true;
}

/* "; its groups are a, b, ..." */
static void name_groups(const WniMetadata *metadata, char *out, size_t size) {
  static const char *const separators[] = {"; its groups are ", ", ", ", "};
  size_t used = 0;
  out[0] = 0;
  for (int g = 0; g < metadata->n_groups && g < 3 && used < size; g++)
    used +=
        (size_t)snprintf(out + used, size - used, "%s%.60s", separators[g], metadata->groups[g]);
  if (metadata->n_groups > 3 && used < size) snprintf(out + used, size - used, "...");
}

static WnStatus fail_item(const WniMetadata *metadata, const WniWatchItem *item, const char *what,
                          WnError *error) {
  const char *const *labels = metadata->index.label;
  int n = metadata->n_classes;
  char groups[256];
  name_groups(metadata, groups, sizeof groups);
  return wni_fail(error, WN_ERROR_ARGUMENT,
                  "%s: '%.*s' is not a label%s of the model; its labels are %.60s%s%.60s%s%.60s"
                  "...%s",
                  what, shown(item), item->name, metadata->n_groups ? " or group" : "", labels[0],
                  n > 1 ? ", " : "", n > 1 ? labels[1] : "", n > 2 ? ", " : "",
                  n > 2 ? labels[2] : "", groups);
}

/* Of the items of the list, those of one kind after the other, as wni_list_labels(): whoever writes
 * a label or a group a thousand times has its classes gone through once. */
static WnStatus set_items(const WniMetadata *metadata, const char *text, const char *end, bool *set,
                          bool *groups, const char *what, WnError *error) {
  const char *at = text;
  WniWatchItem item;
  while (wni_list_next(&at, end, ',', &item.name, &item.length)) {
    WniWatchItem written = item;
    int first = resolve(metadata, &item);
    if (item.kind == WNI_WATCH_GROUP)
      groups[item.group] = true;
    else if (first < 0)
      return fail_item(metadata, &written, what, error);
    else if (item.kind == WNI_WATCH_LABEL && !set[first])
      wni_labels_set(&metadata->index, first, set);
  }
  for (at = text; wni_list_next(&at, end, ',', &item.name, &item.length);) {
    int first = resolve(metadata, &item);
    if (item.kind == WNI_WATCH_INDEX) set[first] = true;
  }
  for (int c = 0; c < metadata->n_classes; c++)
    set[c] = set[c] || (metadata->group_of[c] >= 0 && groups[metadata->group_of[c]]);
  return WN_OK;
}

WnStatus wni_watch_parse(const WniMetadata *metadata, const char *text, size_t length, bool *set,
                         const char *what, WnError *error) {
  bool *groups = calloc((size_t)metadata->n_groups + 1, sizeof *groups);
  if (!groups) return wni_fail_memory(error, what);
  memset(set, 0, (size_t)metadata->n_classes * sizeof *set);
  WnStatus status = set_items(metadata, text, text + length, set, groups, what, error);
  free(groups);
  return status;
}

/* Whether the group holds exactly the classes of that label. */
static bool same_classes(const WniMetadata *metadata, const WniWatchItem *item) {
  for (int c = 0; c < metadata->n_classes; c++)
    if ((strcmp(metadata->labels[c], metadata->groups[item->group]) == 0) !=
        (metadata->group_of[c] == item->group))
      return false;
  return true;
}

bool wni_watch_warn(const WniMetadata *metadata, const char *text, char *warning, size_t size) {
  const char *end = text + strlen(text);
  WniWatchItem item;
  while (wni_watch_next(metadata, &text, end, &item, NULL)) {
    if (item.kind != WNI_WATCH_LABEL || item.group < 0 || same_classes(metadata, &item)) continue;
    snprintf(warning, size,
             "watch: '%.*s' is a label and a group of the model; the label is watched; name the "
             "group's labels to watch the group",
             shown(&item), item.name);
    return true;
  }
  warning[0] = 0;
  return false;
}
