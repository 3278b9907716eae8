/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes a model one's own: the file as it is, with all that was found out or given about its input,
 * scores and labels as winnow.* keys, so that nobody has to say it again.
 */
#ifndef WINNOW_ADOPT_H
#define WINNOW_ADOPT_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Reads the model at `path` as wn_model_open() with `options` (NULL: the defaults) and writes it to
 * `out_path`, whole or not at all; that may be `path`.  Nothing but the metadata is changed.
 * Weights that lie in another file stay there, so `out_path` has to be in the same folder then.
 * Errors: those of wn_model_open(); ARGUMENT where nobody says what the pixels mean; UNSUPPORTED (a
 * cascade); IO. */
WnStatus wn_adopt(const char *path, const WnModelOptions *options, const char *out_path,
                  WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
