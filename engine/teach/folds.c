/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See folds.h.
 */
#include "teach/folds.h"

#include <math.h>
#include <stdlib.h>

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t next_bits(WniRandom *random) {
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

WniRandom wni_random_start(uint64_t seed) {
  return (WniRandom){seed};
}

double wni_random_next(WniRandom *random) {
  return (double)(next_bits(random) >> 11) / 9007199254740992.0; /* 2^53 */
}

/* Photos of one class that are never parted, by the first of them. */
typedef struct Unit {
  size_t photo;
  int32_t class_index;
  uint64_t group;
  double when;  /* NaN: at random */
  double order; /* random */
} Unit;

static int compare(const void *a, const void *b) {
  const Unit *x = a, *y = b;
  if (x->class_index != y->class_index) return x->class_index < y->class_index ? -1 : 1;
  bool x_timed = !isnan(x->when), y_timed = !isnan(y->when);
  if (x_timed != y_timed) return x_timed ? -1 : 1;
  double p = x_timed ? x->when : x->order, q = y_timed ? y->when : y->order;
  if (p != q) return p < q ? -1 : 1;
  return x->photo < y->photo ? -1 : 1;
}

static int compare_groups(const void *a, const void *b) {
  const Unit *x = a, *y = b;
  if (x->class_index != y->class_index) return x->class_index < y->class_index ? -1 : 1;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return x->photo < y->photo ? -1 : 1;
}

/* Only the first photo of each group stays; to[photo] is that of its unit.  The units left. */
static size_t merge_groups(Unit *units, size_t n, size_t *to) {
  size_t kept = 0;
  qsort(units, n, sizeof *units, compare_groups);
  for (size_t i = 0; i < n; i++) {
    Unit *last = kept > 0 ? &units[kept - 1] : NULL;
    bool same = last && units[i].group != 0 && last->group == units[i].group &&
                last->class_index == units[i].class_index;
    if (same) {
      last->when = fmin(last->when, units[i].when);
      to[units[i].photo] = last->photo;
    } else {
      to[units[i].photo] = units[i].photo;
      units[kept++] = units[i];
    }
  }
  return kept;
}

/* Units [n] of one class and kind. */
static void assign(const Unit *units, size_t n, bool timed, int *fold) {
  for (size_t i = 0; i < n; i++)
    fold[units[i].photo] = (int)(timed ? i * WNI_FOLDS / n : i % WNI_FOLDS);
}

bool wni_folds_make(const WnTeachPhoto *photos, size_t n, uint32_t seed, int *fold, bool *blocks) {
  Unit *units = calloc(n + 1, sizeof *units);
  size_t *to = calloc(n + 1, sizeof *to);
  WniRandom random = wni_random_start(seed);
  *blocks = false;
  for (size_t i = 0; units && i < n; i++) {
    units[i] =
        (Unit){i, photos[i].class_index, photos[i].group, photos[i].when, wni_random_next(&random)};
    *blocks = *blocks || !isnan(photos[i].when) || photos[i].group != 0;
  }
  if (units && to) {
    size_t n_units = merge_groups(units, n, to), end;
    qsort(units, n_units, sizeof *units, compare);
    for (size_t begin = 0; begin < n_units; begin = end) {
      bool timed = !isnan(units[begin].when);
      for (end = begin; end < n_units && units[end].class_index == units[begin].class_index &&
                        !isnan(units[end].when) == timed;)
        end++;
      assign(units + begin, end - begin, timed, fold);
    }
    for (size_t i = 0; i < n; i++) fold[i] = fold[to[i]];
  }
  bool made = units && to;
  free(units);
  free(to);
  return made;
}
