/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which classes have a label: the index behind lists of labels that users and files write.
 */
#ifndef WNI_BASE_LABELS_H
#define WNI_BASE_LABELS_H

#include "base/names.h"

typedef struct WniLabels {
  const char *const *label; /* [n] borrowed */
  int n;
  WniNames first; /* the first class of a label */
  int *next;      /* [n] the next class of the same label; -1: none */
} WniLabels;

/* False: no memory; `out` is to be cleared all the same. */
bool wni_labels_index(WniLabels *out, const char *const *label, int n);
void wni_labels_clear(WniLabels *labels);

/* The first class whose label is the `length` bytes at `item`; -1: there is none. */
int wni_labels_find(const WniLabels *labels, const char *item, size_t length);

/* The class whose index the item says in decimal; -1: there is none. */
int wni_labels_find_index(const WniLabels *labels, const char *item, size_t length);

/* Sets all classes that have the label of class `first`, which is the first of them. */
void wni_labels_set(const WniLabels *labels, int first, bool *set);

#endif
