/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See labels.h.
 */
#include "base/labels.h"

#include <stdlib.h>
#include <string.h>

bool wni_labels_index(WniLabels *out, const char *const *label, int n) {
  *out = (WniLabels){.label = label, .n = n, .next = malloc((size_t)n * sizeof *out->next)};
  if (!out->next) return false;
  for (int c = n - 1; c >= 0; c--) { /* so that the first one is put last */
    out->next[c] = wni_names_find(&out->first, label[c]);
    if (!wni_names_put(&out->first, label[c], c)) return false;
  }
  return true;
}

void wni_labels_clear(WniLabels *labels) {
  wni_names_clear(&labels->first);
  free(labels->next);
  *labels = (WniLabels){0};
}

int wni_labels_find(const WniLabels *labels, const char *item, size_t length) {
  return wni_names_find_bytes(&labels->first, item, length);
}

int wni_labels_find_index(const WniLabels *labels, const char *item, size_t length) {
  int index = 0;
  for (size_t i = 0; i < length; i++) {
    if (item[i] < '0' || item[i] > '9') return -1;
    index = index * 10 + (item[i] - '0');
    if (index >= labels->n) return -1;
  }
  return length ? index : -1;
}

void wni_labels_set(const WniLabels *labels, int first, bool *set) {
  for (int c = first; c >= 0; c = labels->next[c]) set[c] = true;
}
