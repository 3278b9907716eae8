/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The archive, and the greedy search of Wang, Li and Zhang, arXiv 2309.13443.
 */
#include "tune/search.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ARCHIVE = 1 << 20 };

WnStatus wni_search_init(WniSearch *out, const WniGrid *grid, int64_t extra_errors,
                         int64_t extra_alarms, WnError *error) {
  int size = extra_errors < MAX_ARCHIVE ? (int)extra_errors + 1 : MAX_ARCHIVE;
  size_t n_exits = (size_t)grid->n_exits;
  *out = (WniSearch){.grid = grid, .archive = {.n_exits = grid->n_exits, .size = size}};
  WnStatus status = wni_sweep_init(&out->sweep, grid, error);
  if (status != WN_OK) return status;
  out->archive.macs = malloc((size_t)size * sizeof(int64_t));
  out->archive.level = calloc((size_t)size * n_exits, sizeof(int));
  out->cache = calloc(n_exits * (size_t)grid->n_levels, sizeof *out->cache);
  out->cached_for = malloc(n_exits * n_exits * sizeof(int));
  out->start = calloc(n_exits, sizeof *out->start);
  if (!out->archive.macs || !out->archive.level || !out->cache || !out->cached_for || !out->start) {
    wni_search_clear(out);
    return wni_fail_memory(error, "the search");
  }
  for (size_t i = 0; i < n_exits * n_exits; i++) out->cached_for[i] = -1;
  for (int e = 0; e < size; e++) out->archive.macs[e] = INT64_MAX;
  out->archive.macs[0] = out->sweep.full.macs;
  out->archive.alarms_max = out->sweep.full.alarms + extra_alarms;
  if (extra_alarms > 0) out->alarm_weight = (double)(extra_errors + 1) / (double)extra_alarms;
  return WN_OK;
}

void wni_search_clear(WniSearch *search) {
  wni_sweep_clear(&search->sweep);
  free(search->archive.macs);
  free(search->archive.level);
  free(search->cache);
  free(search->cached_for);
  free(search->start);
  *search = (WniSearch){0};
}

static void archive_put(WniArchive *archive, WniSums sums, int64_t errors_full, const int *level,
                        int exit, int at_level) {
  int64_t extra = sums.errors > errors_full ? sums.errors - errors_full : 0;
  if (extra >= archive->size || sums.alarms > archive->alarms_max) return;
  if (sums.macs >= archive->macs[extra]) return;
  int *kept = archive->level + extra * archive->n_exits;
  archive->macs[extra] = sums.macs;
  if (kept != level) memcpy(kept, level, (size_t)archive->n_exits * sizeof *kept);
  kept[exit] = at_level;
}

/* The sums of `exit` do not depend on its own level. */
static bool is_cached(const int *cached_for, const int *level, int n_exits, int exit) {
  for (int k = 0; k < n_exits; k++)
    if (k != exit && cached_for[k] != level[k]) return false;
  return cached_for[exit] >= 0;
}

void wni_search_try(WniSearch *search, const int *level, int exit) {
  int n_exits = search->grid->n_exits, n_levels = search->grid->n_levels;
  int *cached_for = search->cached_for + exit * n_exits;
  search->sums = search->cache + exit * n_levels;
  if (is_cached(cached_for, level, n_exits, exit)) return;
  wni_sweep_run(&search->sweep, level, exit, search->sums);
  memcpy(cached_for, level, (size_t)n_exits * sizeof *level);
  for (int l = 0; l < n_levels; l++)
    archive_put(&search->archive, search->sums[l], search->sweep.full.errors, level, exit, l);
}

int64_t wni_search_best(const WniSearch *search, int64_t extra_errors, int *level) {
  const WniArchive *archive = &search->archive;
  int best = 0;
  for (int e = 1; e < archive->size && e <= extra_errors; e++)
    if (archive->macs[e] < archive->macs[best]) best = e;
  memcpy(level, archive->level + best * archive->n_exits, (size_t)archive->n_exits * sizeof *level);
  return archive->macs[best];
}

void wni_search_greedy(WniSearch *search, int64_t extra_errors, int *level) {
  const WniGrid *grid = search->grid;
  int64_t errors_max = search->sweep.full.errors + extra_errors;
  for (int k = 0; k < grid->n_exits; k++) level[k] = 0;
  /* What is left to compute becomes less with every exit: the first one saves most. */
  for (int k = 0; k < grid->n_exits; k++) {
    wni_search_try(search, level, k);
    while (level[k] + 1 < grid->n_levels && search->sums[level[k] + 1].errors <= errors_max &&
           search->sums[level[k] + 1].alarms <= search->archive.alarms_max)
      level[k]++;
  }
}
