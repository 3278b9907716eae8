/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GroupNormalization as PyTorch writes it before opset 21: a Reshape that makes every group one
 * channel, InstanceNormalization, and a Reshape back.  It becomes one step over the image as it
 * lies.
 */
#include "graph/fuse.h"

#include <string.h>

/* The Reshape that makes `value` for one reader alone; NULL: none. */
static WniNode *private_reshape(WniGraph *graph, int value) {
  const WniValue *v = &graph->values[value];
  WniNode *node = v->producer >= 0 ? &graph->nodes[v->producer] : NULL;
  return node && !node->dead && node->op == WNI_OP_RESHAPE && v->n_readers == 1 && !v->is_output
             ? node
             : NULL;
}

/* Whether channels of `groups` are whole groups of channels of `x`. */
static bool divides_channels(const WniShape *x, const WniShape *groups) {
  return x->rank >= 3 && groups->rank >= 3 && x->dim[0] == groups->dim[0] &&
         x->dim[1] % groups->dim[1] == 0;
}

static void merge_group(WniGraph *graph, WniNode *back) {
  WniValue *normal = &graph->values[back->in[0]];
  WniNode *node = normal->producer >= 0 ? &graph->nodes[normal->producer] : NULL;
  if (!node || node->dead || node->op != WNI_OP_INSTANCE_NORMALIZATION || normal->n_readers != 1 ||
      normal->is_output)
    return;
  WniNode *into = private_reshape(graph, node->in[0]);
  const WniShape *out = &graph->values[back->out[0]].shape;
  if (!into) return;
  const WniShape *x = &graph->values[into->in[0]].shape;
  if (!wni_shape_equals(x, out) || !divides_channels(x, &normal->shape)) return;
  node->op = WNI_OP_GROUP_NORMALIZATION; /* of as many groups as it has factors */
  node->in[0] = into->in[0];
  node->out[0] = back->out[0];
  graph->values[node->out[0]].producer = normal->producer;
  into->dead = back->dead = true;
}

void wni_find_groups(WniGraph *graph) {
  for (int i = 0; i < graph->n_nodes; i++) {
    WniNode *node = &graph->nodes[i];
    if (!node->dead && node->op == WNI_OP_RESHAPE) merge_group(graph, node);
  }
}
