/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See monitor_stats.h.
 */
#include "monitor_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Forgets all but `missed`: another publisher numbers its frames anew, another model has other
 * stages. */
static void restart(MonitorStats *stats) {
  uint64_t missed = stats->missed;
  *stats = (MonitorStats){.missed = missed};
}

static int exit_of(const WnResult *r) {
  if (r->stop_reason == WN_STOP_UNCHANGED) return STATS_REPEATED;
  if (r->age_ns != 0) return STATS_CARRIED;
  return r->exit_stage < STATS_STAGES ? r->exit_stage : STATS_STAGES - 1;
}

void stats_add(MonitorStats *stats, const WnSnapshot *snapshot) {
  const WnResult *r = &snapshot->results[0];
  size_t last = (stats->seen + STATS_WINDOW - 1) % STATS_WINDOW, at;
  bool is_another = strncmp(stats->model, r->model_id, sizeof stats->model - 1) != 0;
  if (stats->seen > 0 && (is_another || snapshot->number <= stats->number[last])) restart(stats);
  if (stats->seen == 0) snprintf(stats->model, sizeof stats->model, "%s", r->model_id);
  at = stats->seen++ % STATS_WINDOW;
  stats->missed += snapshot->skipped;
  stats->number[at] = snapshot->number;
  stats->published_ns[at] = snapshot->published_ns;
  stats->latency_ns[at] = r->latency_ns;
  stats->saved[at] = r->macs_full > 0 ? 1 - (double)r->macs / (double)r->macs_full : 0;
  stats->exit[at] = exit_of(r);
}

static int compare(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

void stats_summarise(const MonitorStats *stats, MonitorSummary *out) {
  int64_t sorted[STATS_WINDOW];
  size_t n = stats->seen < STATS_WINDOW ? (size_t)stats->seen : STATS_WINDOW;
  *out = (MonitorSummary){0};
  if (n == 0) return;
  size_t newest = (stats->seen - 1) % STATS_WINDOW,
         oldest = stats->seen < STATS_WINDOW ? 0 : stats->seen % STATS_WINDOW;
  double seconds = (double)(stats->published_ns[newest] - stats->published_ns[oldest]) / 1e9;
  if (seconds > 0)
    out->frames_per_second = (double)(stats->number[newest] - stats->number[oldest]) / seconds;
  for (size_t i = 0; i < n; i++) {
    if (stats->exit[i] == STATS_CARRIED) continue;
    out->saved += stats->saved[i];
    sorted[out->n++] = stats->latency_ns[i];
    if (stats->exit[i] == STATS_REPEATED)
      out->repeated++;
    else
      out->exits[stats->exit[i]]++;
  }
  if (out->n == 0) return;
  out->saved /= out->n;
  qsort(sorted, (size_t)out->n, sizeof *sorted, compare);
  out->latency_median_ns = sorted[out->n / 2];
  out->latency_p95_ns = sorted[out->n * 95 / 100];
}
