/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attributes of the first opsets in the form of later ones.
 */
#ifndef WNI_LOAD_OLD_H
#define WNI_LOAD_OLD_H

#include "load/onnx.pb-c.h"

/* Cast's type by number, which had a name before opset 6; Pad's `pads`, which were `paddings` in
 * opset 1. */
void wni_old_attributes(Onnx__GraphProto *graph);

#endif
