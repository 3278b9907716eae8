/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two searches for thresholds, and the archive in which they keep what they have met.
 */
#ifndef WNI_TUNE_SEARCH_H
#define WNI_TUNE_SEARCH_H

#include "tune/sweep.h"

/* The thresholds per exit that a joint search tries; method.c says why so few. */
enum { WNI_LEVELS = 24 };

/* The best policy met for every number of errors more than the whole network makes, as the grid
 * counts them. */
typedef struct WniArchive {
  int n_exits, size;  /* errors 0 .. size - 1; fewer than the network's count as 0 */
  int64_t alarms_max; /* policies with more false alarms are not kept */
  int64_t *macs;      /* [size] INT64_MAX: none */
  int *level;         /* [size][n_exits] */
} WniArchive;

typedef struct WniSearch {
  const WniGrid *grid;
  WniSweep sweep;
  WniArchive archive;
  WniSums *sums;       /* [n_levels] of the last wni_search_try(), in `cache` */
  WniSums *cache;      /* [n_exits][n_levels] of the last time that an exit was tried, and */
  int *cached_for;     /* [n_exits][n_exits] the levels of the others at that time; -1: never */
  int *start;          /* [n_exits] scratch */
  double alarm_weight; /* errors that one false alarm counts for */
} WniSearch;

/* A search that keeps policies with up to `extra_errors` more errors and `extra_alarms` more false
 * alarms than the whole network, the one without any exit among them.  Errors: MEMORY; on failure
 * `out` is empty. */
WnStatus wni_search_init(WniSearch *out, const WniGrid *grid, int64_t extra_errors,
                         int64_t extra_alarms, WnError *error);
void wni_search_clear(WniSearch *search);

/* Fills search->sums for `exit` at each level and archives them all. */
void wni_search_try(WniSearch *search, const int *level, int exit);

/* The best archived policy with up to `extra_errors`: its levels [n_exits], and its MACs. */
int64_t wni_search_best(const WniSearch *search, int64_t extra_errors, int *level);

/* The paper's: exits in order of the MACs saved by stopping there, most first; each level is raised
 * for as long as there are up to `extra_errors`, and the alarms of the archive. */
void wni_search_greedy(WniSearch *search, int64_t extra_errors, int *level);

/* All exits together (joint.c): policies of every boldness into the archive. */
void wni_search_path(WniSearch *search);

/* Improves the archive's best for `extra_errors` by changing one or two exits at a time. */
void wni_search_polish(WniSearch *search, int64_t extra_errors);

#endif
