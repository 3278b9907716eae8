/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which function lowers which operator: a column of ops.inc.
 */
#include "plan/lower.h"

WnStatus wni_lower_NONE(WniLowering *lowering) {
  return wni_node_fail(lowering->graph, lowering->node, WN_ERROR_UNSUPPORTED, lowering->error,
                       "it is supported on constants only");
}

static WniLowerFunction *const table[WNI_OP_COUNT] = {
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  [WNI_OP_##id] = wni_lower_##lower,
#include "load/ops.inc"
#undef WNI_OPERATOR
};

WnStatus wni_lower_node(WniLowering *lowering, WniNode *node) {
  lowering->node = node;
  return table[node->op](lowering);
}
