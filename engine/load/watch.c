/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See watch.h.
 */
#include "load/watch.h"

#include "base/error.h"
#include "base/list.h"

#include <stdio.h>
#include <string.h>

/* As many bytes of a name as a message has room for, in whole characters. */
static int shown(const WniWatchItem *item) {
  size_t length = item->length < 60 ? item->length : 60;
  while (length && length < item->length && (item->name[length] & 0xC0) == 0x80) length--;
  return (int)length;
}

static int find_group(const WniMetadata *metadata, const char *name, size_t length) {
  for (int g = 0; g < metadata->n_groups; g++)
    if (length && strlen(metadata->groups[g]) == length &&
        memcmp(metadata->groups[g], name, length) == 0)
      return g;
  return -1;
}

static bool is_label(const WniMetadata *metadata, const char *name, size_t length) {
  for (int c = 0; c < metadata->n_classes; c++)
    if (strlen(metadata->labels[c]) == length && memcmp(metadata->labels[c], name, length) == 0)
      return true;
  return false;
}

/* False: the item is nothing of the model. */
static bool resolve(const WniMetadata *metadata, WniWatchItem *item, bool *set) {
  item->group = find_group(metadata, item->name, item->length);
  item->kind = is_label(metadata, item->name, item->length) ? WNI_WATCH_LABEL
               : item->group >= 0                           ? WNI_WATCH_GROUP
                                                            : WNI_WATCH_INDEX;
  if (item->kind == WNI_WATCH_GROUP) {
    for (int c = 0; set && c < metadata->n_classes; c++)
      set[c] = set[c] || metadata->group_of[c] == item->group;
    return true;
  }
  int index = wni_list_set_label(item->name, item->length, (const char *const *)metadata->labels,
                                 metadata->n_classes, set);
  if (index < 0 || item->kind == WNI_WATCH_LABEL) return index >= 0;
  item->name = metadata->labels[index];
  item->length = strlen(item->name);
  return true;
}

bool wni_watch_next(const WniMetadata *metadata, const char **text, const char *end,
                    WniWatchItem *item, bool *set) {
  return wni_list_next(text, end, ',', &item->name, &item->length) && resolve(metadata, item, set);
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

WnStatus wni_watch_parse(const WniMetadata *metadata, const char *text, size_t length, bool *set,
                         const char *what, WnError *error) {
  const char *end = text + length, *const *labels = (const char *const *)metadata->labels;
  WniWatchItem item;
  int n = metadata->n_classes;
  memset(set, 0, (size_t)n * sizeof *set);
  while (wni_list_next(&text, end, ',', &item.name, &item.length)) {
    char groups[256];
    if (resolve(metadata, &item, set)) continue;
    name_groups(metadata, groups, sizeof groups);
    return wni_fail(error, WN_ERROR_ARGUMENT,
                    "%s: '%.*s' is not a label%s of the model; its labels are %.60s%s%.60s%s%.60s"
                    "...%s",
                    what, shown(&item), item.name, metadata->n_groups ? " or group" : "", labels[0],
                    n > 1 ? ", " : "", n > 1 ? labels[1] : "", n > 2 ? ", " : "",
                    n > 2 ? labels[2] : "", groups);
  }
  return WN_OK;
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
