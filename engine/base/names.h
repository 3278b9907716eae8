/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A map from names to indices: the values of a graph, by name.  Keys are not
 * copied and must outlive the map.
 */
#ifndef WNI_BASE_NAMES_H
#define WNI_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct WniNames {
  struct WniNameSlot *slots; /* open addressing, at most half full */
  size_t capacity, count;
} WniNames;

/* The index stored for `name`, -1 if there is none. */
int wni_names_find(const WniNames *names, const char *name);

/* The same for the `length` bytes at `name`, which need no end. */
int wni_names_find_bytes(const WniNames *names, const char *name, size_t length);

/* Stores `index` for `name`, replacing an earlier one; false: no memory. */
bool wni_names_put(WniNames *names, const char *name, int index);

void wni_names_clear(WniNames *names);

#endif
