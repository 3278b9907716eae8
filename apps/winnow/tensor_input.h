/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A network's inputs read from .npy files, for `winnow run` and `winnow bench`.
 */
#ifndef TENSOR_INPUT_H
#define TENSOR_INPUT_H

#include <winnow/winnow.h>

/* Sets every input of the model from `given`, NULL-terminated: "FILE.npy" for a model of one input,
 * "NAME=FILE.npy" for each one of several.  A file must have the shape that the model declares.  On
 * failure reports it and returns false. */
bool tensor_inputs_set(WnSession *session, const WnModelInfo *info, char *const *given);

#endif
