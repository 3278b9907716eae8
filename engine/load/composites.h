/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Operators that are nothing but others: int8 forms with scales as inputs, fused layers.  They are
 * read as functions (functions.h), of which composites.inc has the bodies.
 */
#ifndef WNI_LOAD_COMPOSITES_H
#define WNI_LOAD_COMPOSITES_H

#include "load/onnx.pb-c.h"
#include "load/pieces.h"

/* Whether `node` is such an operator. */
bool wni_composite_is(const Onnx__NodeProto *node);

/* What `call` is made of, as a function with these inputs and outputs; NULL: it is no such
 * operator, or pieces->failed. */
const Onnx__FunctionProto *wni_composite_make(WniPieces *pieces, const Onnx__NodeProto *call);

#endif
