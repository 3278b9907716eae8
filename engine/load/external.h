/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensors whose bytes lie in files beside the model (TensorProto.external_data): read, within
 * bounds, to where the tensors then point.
 */
#ifndef WNI_LOAD_EXTERNAL_H
#define WNI_LOAD_EXTERNAL_H

#include "load/onnx.h"

/* Reads what initialisers and attributes of nodes in onnx->proto->graph have in other files.  Those
 * initialisers that no node reads stay as they are.  A file lies in the folder of `path` or below
 * it, reached by no link.  Errors: IO (a file that is missing or cannot be read), MODEL (a place
 * outside of the folder or of the file, more bytes than the files have), MEMORY. */
WnStatus wni_external_read(WniOnnx *onnx, const char *path, WnError *error);

/* Takes back what tensors point to, before they are freed. */
void wni_external_take_back(WniOnnx *onnx);

/* Frees their bytes behind that. */
void wni_external_clear(WniOnnx *onnx);

#endif
