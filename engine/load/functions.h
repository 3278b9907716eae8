/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Functions that a model brings along (ModelProto.functions), and operators that are nothing but
 * others (composites.h): their calls become the nodes they are made of.
 */
#ifndef WNI_LOAD_FUNCTIONS_H
#define WNI_LOAD_FUNCTIONS_H

#include "load/onnx.h"

/* Replaces proto->graph by one without calls, in graphs of attributes too.  Errors: MODEL
 * (functions that call themselves), UNSUPPORTED (more nodes than a limit), MEMORY. */
WnStatus wni_functions_inline(WniOnnx *onnx, WnError *error);

#endif
