/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network's input read from a .npy file, for `winnow run` and `winnow bench`.
 */
#ifndef TENSOR_INPUT_H
#define TENSOR_INPUT_H

#include <winnow/winnow.h>

#include "npy.h"

/* Reads `path`, which must have the shape that the model declares.  On failure
 * reports it and returns false; there is nothing to free then. */
bool tensor_input_read(const char *path, const WnModelInfo *info, NpyArray *array);

#endif
