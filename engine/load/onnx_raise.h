/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nodes written in a newer opset than the one they were read in: what became of attributes.
 */
#ifndef WNI_LOAD_ONNX_RAISE_H
#define WNI_LOAD_ONNX_RAISE_H

#include "load/onnx_write.h"

enum { WNI_RAISED_INPUTS = 4 }; /* room that a copy needs for inputs beside its own */

/* Attributes of `node`, a copy with that room, that are inputs in opset `to` become initialisers
 * that it reads. */
void wni_raise_attributes(WniWriter *writer, Onnx__NodeProto *node, WniOp op, int64_t from,
                          int64_t to);

/* Softmax from before opset 13, where it is over all dimensions from its axis on, of a tensor of
 * `rank` dimensions; false: it has no equal. */
bool wni_raise_softmax(WniWriter *writer, Onnx__NodeProto *node, int rank, const int64_t *dim);

#endif
