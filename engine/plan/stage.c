/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Cuts the network at its exits (plan.h).  A node belongs to the first exit that
 * needs it, so that nothing a later stage needs is computed before an exit is decided.
 */
#include "plan/plan.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Marks in needed[node] all that `value` is computed from. */
static void mark_ancestors(const WniGraph *graph, int value, bool *needed) {
  memset(needed, 0, (size_t)graph->n_nodes * sizeof *needed);
  int last = graph->values[value].producer;
  if (last < 0) return;
  needed[last] = true;
  for (int i = last; i >= 0; i--) {
    const WniNode *node = &graph->nodes[i];
    if (!needed[i]) continue;
    for (int k = -1; k < node->n_in; k++) {
      int in = k < 0 ? node->residual : node->in[k];
      if (in >= 0 && graph->values[in].producer >= 0) needed[graph->values[in].producer] = true;
    }
  }
}

WnStatus wni_stage_assign(WniGraph *graph, const WniTargets *targets, WnError *error) {
  bool *needed = calloc((size_t)graph->n_nodes + 1, sizeof *needed);
  if (!needed) return wni_fail_memory(error, "the graph");
  for (int i = 0; i < graph->n_nodes; i++) graph->nodes[i].stage = -1;
  for (int s = 0; s < targets->n_exits; s++) {
    mark_ancestors(graph, targets->exits[s], needed);
    for (int i = 0; i < graph->n_nodes; i++)
      if (needed[i] && graph->nodes[i].stage < 0) {
        graph->nodes[i].stage = s;
        graph->nodes[i].head = true;
      }
  }
  if (targets->final >= 0) {
    mark_ancestors(graph, targets->final, needed);
    for (int i = 0; i < graph->n_nodes; i++) {
      WniNode *node = &graph->nodes[i];
      if (!needed[i]) continue;
      node->head = false;
      if (node->stage < 0) node->stage = targets->n_exits;
    }
  }
  for (int o = 0; o < graph->n_outputs; o++) {
    mark_ancestors(graph, graph->outputs[o], needed);
    for (int i = 0; i < graph->n_nodes; i++)
      if (needed[i] && graph->nodes[i].stage < 0) graph->nodes[i].stage = targets->n_exits + 1;
  }
  for (int i = 0; i < graph->n_nodes; i++)
    if (graph->nodes[i].stage < 0) graph->nodes[i].dead = true;
  free(needed);
  return WN_OK;
}
