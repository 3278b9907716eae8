/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See names.h.  Linear probing by a hash that no file can foresee (hash.h).
 */
#include "base/names.h"

#include "base/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct WniNameSlot {
  const char *name; /* NULL: free */
  uint32_t hash;
  int index;
};

static struct WniNameSlot *find_slot(struct WniNameSlot *slots, size_t capacity, const char *name,
                                     size_t length, uint32_t hash) {
  size_t i = hash & (capacity - 1);
  while (slots[i].name && (slots[i].hash != hash || strncmp(slots[i].name, name, length) != 0 ||
                           slots[i].name[length]))
    i = (i + 1) & (capacity - 1);
  return &slots[i];
}

int wni_names_find_bytes(const WniNames *names, const char *name, size_t length) {
  if (!names->capacity || memchr(name, 0, length)) return -1;
  const struct WniNameSlot *slot =
      find_slot(names->slots, names->capacity, name, length, (uint32_t)wni_hash(name, length));
  return slot->name ? slot->index : -1;
}

int wni_names_find(const WniNames *names, const char *name) {
  return wni_names_find_bytes(names, name, strlen(name));
}

static bool enlarge(WniNames *names) {
  size_t capacity = names->capacity ? names->capacity * 2 : 64;
  struct WniNameSlot *slots = calloc(capacity, sizeof *slots);
  if (!slots) return false;
  for (size_t i = 0; i < names->capacity; i++) {
    size_t to = names->slots[i].hash & (capacity - 1);
    if (!names->slots[i].name) continue;
    while (slots[to].name) to = (to + 1) & (capacity - 1);
    slots[to] = names->slots[i];
  }
  free(names->slots);
  names->slots = slots;
  names->capacity = capacity;
  return true;
}

bool wni_names_put(WniNames *names, const char *name, int index) {
  size_t length = strlen(name);
  uint32_t hash = (uint32_t)wni_hash(name, length);
  if (names->count * 2 >= names->capacity && !enlarge(names)) return false;
  struct WniNameSlot *slot = find_slot(names->slots, names->capacity, name, length, hash);
  if (!slot->name) names->count++;
  *slot = (struct WniNameSlot){name, hash, index};
  return true;
}

void wni_names_clear(WniNames *names) {
  free(names->slots);
  *names = (WniNames){0};
}
