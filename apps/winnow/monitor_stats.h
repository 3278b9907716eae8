/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a monitor has seen of a channel: rates and shares over the last results.
 */
#ifndef MONITOR_STATS_H
#define MONITOR_STATS_H

#include <winnow/ipc.h>

enum { STATS_WINDOW = 256, STATS_STAGES = 65, STATS_MODEL_BYTES = 256 };

/* Zero: nothing yet. */
typedef struct MonitorStats {
  uint64_t seen, missed;         /* results, and frames in between that were not */
  char model[STATS_MODEL_BYTES]; /* model-id of the results, or its beginning */
  /* the last ones, [seen % STATS_WINDOW] the next to be replaced */
  uint64_t number[STATS_WINDOW];
  int64_t published_ns[STATS_WINDOW], latency_ns[STATS_WINDOW];
  double saved[STATS_WINDOW];
  int exit[STATS_WINDOW]; /* or STATS_REPEATED, STATS_CARRIED */
} MonitorStats;

/* A result that did not end a network: of a frame that has not changed, which counts as computation
 * that was saved, or one that a frame carries on, which does not count. */
enum { STATS_REPEATED = -1, STATS_CARRIED = -2 };

/* Takes a snapshot that has a result. */
void stats_add(MonitorStats *stats, const WnSnapshot *snapshot);

typedef struct MonitorSummary {
  int n;                    /* results that it is made of: all but those carried on */
  int repeated;             /* of them, those of frames that have not changed */
  double frames_per_second; /* of the publisher, seen or not; 0: not known yet */
  double saved;             /* mean, a fraction */
  int64_t latency_median_ns, latency_p95_ns;
  int exits[STATS_STAGES]; /* how many stopped at each stage */
} MonitorSummary;

void stats_summarise(const MonitorStats *stats, MonitorSummary *out);

#endif
