/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What makes a model say `nothing`: metadata.c reads and binds it with the other keys.
 */
#ifndef WNI_LOAD_FLOORS_H
#define WNI_LOAD_FLOORS_H

#include "load/metadata.h"

/* winnow.floors and winnow.floor-score; the number of exits is known.  Errors: MODEL, MEMORY. */
WnStatus wni_floors_read(const WniOnnx *onnx, WniMetadata *out, WnError *error);

/* winnow.nothing, once the labels are known.  Errors: MODEL, MEMORY. */
WnStatus wni_nothing_bind(const WniOnnx *onnx, WniMetadata *metadata, WnError *error);

#endif
