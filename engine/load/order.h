/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nodes in an order in which everything is made before it is read.  ONNX asks for it, tools that
 * add nodes at the end of the list do not keep to it.
 */
#ifndef WNI_LOAD_ORDER_H
#define WNI_LOAD_ORDER_H

#include <winnow/winnow.h>

#include "load/onnx.pb-c.h"

/* Reorders the nodes of `graph` and of graphs in it; what is in order stays as it is.  Errors:
 * MODEL (nodes in a circle), MEMORY. */
WnStatus wni_order_nodes(Onnx__GraphProto *graph, WnError *error);

#endif
