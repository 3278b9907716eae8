/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensors that list only what is not zero (SparseTensorProto): made dense once the file is parsed,
 * so that nobody else has to know of them.
 */
#ifndef WNI_LOAD_SPARSE_H
#define WNI_LOAD_SPARSE_H

#include "load/onnx.h"

enum { WNI_MAX_SPARSE = 1 << 28 }; /* bytes of all sparse tensors of a model, made dense */

/* Makes initialisers of the sparse ones of all graphs, and `value` of the attributes sparse_value.
 * Errors: MODEL (no values, places outside of the shape), UNSUPPORTED (types, other files),
 * MEMORY. */
WnStatus wni_sparse_read(WniOnnx *onnx, WnError *error);

/* Gives the parser's messages back what they were, before they are freed. */
void wni_sparse_clear(WniOnnx *onnx);

#endif
