/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes a cascade of several whole networks with the same classes: one ONNX file in which the end
 * of each network but the last is an exit (docs/cascades.md).
 */
#ifndef WINNOW_JOIN_H
#define WINNOW_JOIN_H

#include <winnow/winnow.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { WN_JOIN_MAX_NETWORKS = 16 };

/* Zero-initialise for the defaults. */
typedef struct WnJoinOptions {
  /* The groups of the classes, as winnow.groups has them ("NAME: LABEL, LABEL, ...; NAME: ..."; a
   * line break counts as a blank); NULL: those of the last file. */
  const char *groups;
  /* The sizes of inputs that the files leave open: "WxH" for all, "NAME=WxH, NAME=WxH" by the names
   * of the inputs in the cascade; NULL: what the files and those beside them say. */
  const char *input_size;
  uint64_t reserved[3]; /* must be 0 */
} WnJoinOptions;

/* Joins the `n_paths` (2 to WN_JOIN_MAX_NETWORKS) models at `paths`, in the order in which they
 * shall run, and writes the cascade to `out_path`, whole or not at all; that may be one of `paths`.
 * `options` NULL: the defaults.
 *
 * Each network has one image input [1,C,H,W] or [1,H,W,C] (a dynamic batch counts as 1, a dynamic
 * height and width stay so, and winnow.input.NAME.size says what they are) and ends in its class
 * scores; a Softmax there is left out.  In the cascade input and nodes are called after
 * the file without .onnx, NAME and NAME/..., and the scores NAME/logits, float32 [1,classes].
 * Classes, by label, are those of the last file in its order, `background` left out; a file's last
 * layer is put into that order.  Without any labels equally many classes are taken as the same
 * ones.
 *
 * Errors: ARGUMENT (groups and sizes too), IO, MEMORY; MODEL (no valid model, other classes);
 * UNSUPPORTED (exits, a cascade, scores that are no logits, weights that are computed, nodes
 * without an equal in the newest opset of the files). */
WnStatus wn_join(const char *const *paths, size_t n_paths, const WnJoinOptions *options,
                 const char *out_path, WnError *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
