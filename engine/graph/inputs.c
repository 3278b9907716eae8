/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one place where the inputs of a node are held to ops.inc (graph.h): which may be missing,
 * what they hold and in how many dimensions.  Shape rules, folding, fusion and lowering count on
 * it.
 */
#include "graph/graph.h"

#include <stdio.h>

static const char *const element_names[] = {[WNI_ELEMENTS_F] = "floats",
                                            [WNI_ELEMENTS_I] = "integers",
                                            [WNI_ELEMENTS_T] = "floats or integers",
                                            [WNI_ELEMENTS_A] = "floats or integers"};

/* "4 dimensions", "0 to 6 dimensions" */
static const char *describe_ranks(int low, int high, char text[32]) {
  if (low == high)
    snprintf(text, 32, "%d dimension%s", low, low == 1 ? "" : "s");
  else
    snprintf(text, 32, "%d to %d dimensions", low, high);
  return text;
}

WnStatus wni_inputs_check(const WniGraph *graph, const WniNode *node, WnError *error) {
  WniElements alike = WNI_ELEMENTS_T; /* what the first input of type T holds; T: none yet */
  for (int i = 0; i < node->n_in; i++) {
    const WniOpInput *may = wni_op_input(node->op, i);
    const WniValue *in = wni_node_input(graph, node, i);
    char has_ranks[32], may_ranks[32];
    if (!in && (!may || may->need == WNI_INPUT_OPTIONAL)) continue;
    if (!in)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "input %d (%s) is missing", i,
                           may->name);
    if (!in->shaped)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "reads '%.100s', an output that is not supported", in->name);
    WniElements has = wni_value_is_int(in) ? WNI_ELEMENTS_I : WNI_ELEMENTS_F;
    WniElements wanted = may->elements == WNI_ELEMENTS_T ? alike : may->elements;
    int rank = in->shape.rank;
    bool any = wanted == WNI_ELEMENTS_T || wanted == WNI_ELEMENTS_A;
    if ((!any && has != wanted) || rank < may->min_rank || rank > may->max_rank)
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                           "input %d (%s) holds %s in %s; it has to be %s in %s", i, may->name,
                           element_names[has], describe_ranks(rank, rank, has_ranks),
                           element_names[wanted],
                           describe_ranks(may->min_rank, may->max_rank, may_ranks));
    if (may->elements == WNI_ELEMENTS_T) alike = has;
  }
  return WN_OK;
}
