/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Cuts the network at its exits (plan.h).  A node belongs to the first exit that
 * needs it, so that nothing a later stage needs is computed before an exit is decided.
 */
#include "plan/plan.h"

#include "base/error.h"

#include <limits.h>
#include <stdlib.h>

/* What makes `value` belongs to stage `stage`, if to none before it. */
static void need(const WniGraph *graph, int value, int stage) {
  int maker = value >= 0 ? graph->values[value].producer : -1;
  if (maker >= 0 && stage < graph->nodes[maker].stage) graph->nodes[maker].stage = stage;
}

/* Whoever computes for the end is no head; `ends` [n_nodes]. */
static void need_at_end(const WniGraph *graph, int value, bool *ends) {
  int maker = value >= 0 ? graph->values[value].producer : -1;
  if (maker >= 0) ends[maker] = true;
}

/* One walk from the back, where readers are seen before what they read. */
WnStatus wni_stage_assign(WniGraph *graph, const WniTargets *targets, WnError *error) {
  bool *ends = calloc((size_t)graph->n_nodes + 1, sizeof *ends);
  if (!ends) return wni_fail_memory(error, "the graph");
  for (int i = 0; i < graph->n_nodes; i++) graph->nodes[i].stage = INT_MAX;
  for (int s = 0; s < targets->n_exits; s++) need(graph, targets->exits[s], s);
  for (int o = 0; o < graph->n_outputs; o++) need(graph, graph->outputs[o], targets->n_exits + 1);
  need(graph, targets->final, targets->n_exits);
  need_at_end(graph, targets->final, ends);
  for (int i = graph->n_nodes - 1; i >= 0; i--) {
    WniNode *node = &graph->nodes[i];
    if (node->stage == INT_MAX) { /* nobody needs it */
      node->stage = -1;
      node->dead = true;
      continue;
    }
    node->head = node->stage < targets->n_exits && !ends[i];
    for (int k = -1; k < node->n_in; k++) {
      int in = k < 0 ? node->residual : node->in[k];
      need(graph, in, node->stage);
      if (ends[i]) need_at_end(graph, in, ends);
    }
  }
  free(ends);
  return WN_OK;
}
