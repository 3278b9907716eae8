/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The network that is taught: where exits may be put, and the files that are made of it.  Behind a
 * tap, a tensor [1, C, H, W], stand the mean and the maximum of each of its channels, 2 C features;
 * a head reads them, and the logits of the head before it.
 */
#ifndef WNI_TEACH_BACKBONE_H
#define WNI_TEACH_BACKBONE_H

#include "join/join.h"

enum { WNI_MAX_TAPS = 16 };

typedef struct WniTap {
  int value;       /* of the network; float32 */
  size_t features; /* 2 C */
  uint64_t macs;   /* of all that it is computed from */
} WniTap;

typedef struct WniBackbone {
  WniPart network;
  bool quantized;
  WniTap taps[WNI_MAX_TAPS]; /* [n_taps] in the order of their computation; the last is the end's */
  int n_taps;
} WniBackbone;

/* Linear heads, one a tap: logits_t = weights_t features_t + previous_t logits_{t-1} + bias_t. */
typedef struct WniHeads {
  size_t n_classes;
  float *weights[WNI_MAX_TAPS]; /* [n_classes][features of tap t] */
  float *bias[WNI_MAX_TAPS];    /* [n_classes] */
  float previous[WNI_MAX_TAPS]; /* of the first: 0 */
} WniHeads;

/* Reads the file, of which a user says `given` (NULL: nothing), and finds its taps.  The backbone
 * is to be cleared whatever happens, and must not be moved.  Errors: those of wn_model_open(),
 * UNSUPPORTED (no tap). */
WnStatus wni_backbone_open(WniBackbone *backbone, const char *path, const WnMeaning *given,
                           WnError *error);
void wni_backbone_clear(WniBackbone *backbone);

/* Where exits may be put (taps.c): tensors that winnow.taps names or, without it, some that every
 * path from the image to the scores goes through.  Errors: MODEL (winnow.taps), UNSUPPORTED,
 * MEMORY. */
WnStatus wni_taps_find(WniBackbone *backbone, WnError *error);

/* The features of all taps together. */
size_t wni_backbone_features(const WniBackbone *backbone);

/* What head t reads: features, and the logits of the head before it. */
size_t wni_head_inputs(const WniBackbone *backbone, int tap, size_t n_classes);

/* Multiply-accumulates of a frame that stops at tap t, its head and those before it included. */
uint64_t wni_backbone_macs(const WniBackbone *backbone, int tap, size_t n_classes);

/* Fills the writer with the network up to its last tap, whose outputs are the features [1, 2 C, 1,
 * 1] of each tap or, with heads, their logits [1, n_classes] (names: "exit0", ..., "logits", made
 * different from what is there).  Metadata stays as it is but for winnow.exits and winnow.output.
 * Errors: MEMORY. */
WnStatus wni_backbone_write(WniBackbone *backbone, const WniHeads *heads, WniWriter *writer,
                            WnError *error);

#endif
