/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights that are packed behind the opening of a model: those of later stages, which the first
 * frame may never come to.  A thread packs portion by portion in the order of the stages; a frame
 * that comes to a stage before it packs what is missing there itself.
 *
 * Room for all of them is taken when the plan is made, so nothing can fail later.  Every portion is
 * packed once, whoever does it, from the file, which stays in memory until the last one is.
 * Threads share a portion's state, which is atomic; all else is read-only once the thread runs.
 */
#ifndef WNI_PLAN_PACKER_H
#define WNI_PLAN_PACKER_H

#include "base/parallel.h"
#include "plan/weights.h"

/* Some outputs of a layer. */
typedef struct WniPortion {
  WniWeights weights;
  WniPacking packing;
  WniPackFunction *pack;
  void *to;
  bool last_reader; /* of the weights in the file */
} WniPortion;

typedef struct WniPacker WniPacker;

/* Packs at once, and gives the memory of the weights in the file back. */
void wni_portion_pack(const WniPortion *portion, const WniOnnx *onnx);

/* NULL: no memory. */
WniPacker *wni_packer_new(int n_stages);

/* Leaves a portion of a stage that is not below those before it for later.  Only what the file
 * holds of its weights is read then; all else is copied.  False: no memory. */
bool wni_packer_add(WniPacker *packer, int stage, const WniPortion *portion, const WniOnnx *onnx);

/* Takes over the file, which malloc() gave and nobody else needs, and starts the thread; without
 * one all is packed before this returns. */
void wni_packer_start(WniPacker *packer, WniOnnx *onnx);

/* Whether nothing is left. */
bool wni_packer_is_done(WniPacker *packer);

/* Returns when the portions of a stage are packed, or when the frame is given up: thread 0 of those
 * who call it together asks where `halt` is no NULL.  True: there were some left. */
bool wni_packer_finish(WniPacker *packer, int stage, WniHalt *halt, int thread);

/* The thread ends behind the portion in progress. */
void wni_packer_free(WniPacker *packer);

#endif
