/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See names.h.  FNV-1a, linear probing.
 */
#include "base/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct WniNameSlot {
  const char *name; /* NULL: free */
  int index;
};

static struct WniNameSlot *find_slot(struct WniNameSlot *slots, size_t capacity, const char *name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
  size_t i = (size_t)hash & (capacity - 1);
  while (slots[i].name && strcmp(slots[i].name, name) != 0) i = (i + 1) & (capacity - 1);
  return &slots[i];
}

int wni_names_find(const WniNames *names, const char *name) {
  if (!names->capacity) return -1;
  const struct WniNameSlot *slot = find_slot(names->slots, names->capacity, name);
  return slot->name ? slot->index : -1;
}

static bool enlarge(WniNames *names) {
  size_t capacity = names->capacity ? names->capacity * 2 : 64;
  struct WniNameSlot *slots = calloc(capacity, sizeof *slots);
  if (!slots) return false;
  for (size_t i = 0; i < names->capacity; i++)
    if (names->slots[i].name) *find_slot(slots, capacity, names->slots[i].name) = names->slots[i];
  free(names->slots);
  names->slots = slots;
  names->capacity = capacity;
  return true;
}

bool wni_names_put(WniNames *names, const char *name, int index) {
  if (names->count * 2 >= names->capacity && !enlarge(names)) return false;
  struct WniNameSlot *slot = find_slot(names->slots, names->capacity, name);
  if (!slot->name) names->count++;
  slot->name = name;
  slot->index = index;
  return true;
}

void wni_names_clear(WniNames *names) {
  free(names->slots);
  *names = (WniNames){0};
}
