/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a session sees of its model: the plan, the metadata, and sums over both.
 * Immutable once wn_model_open() has returned it, except for the reference count.
 */
#ifndef WNI_SESSION_MODEL_H
#define WNI_SESSION_MODEL_H

#include "load/metadata.h"
#include "plan/plan.h"
#include "preprocess/preprocess.h"
#include "session/meaning.h"

typedef struct WniStageMacs {
  uint64_t path, head;
} WniStageMacs;

struct WnModel {
  _Atomic int references;
  struct WnModel *next; /* in model.c's list; guarded by its lock, as is: */
  bool loading;         /* not for others yet */
  struct WniModelKey *key;
  WniPlan plan;
  WniMetadata metadata;
  WniStageMacs *stage_macs; /* [n_stages] */
  size_t *first_step;       /* [n_stages + 2]: steps of stage s are [s], [s + 1] */
  int final_rows_step;      /* -1: the final classifier has no rows to leave out */
  uint64_t macs_per_row;    /* of it */
  bool image;               /* `targets` are valid: frames can be classified */
  const char *not_image;    /* else why not */
  WniImageTarget *targets;  /* [plan.n_inputs] */
  WnModelInfo info;
  WnInputInfo *inputs; /* [plan.n_inputs] */
  WnOutputInfo *outputs;
  WnStageInfo *stage_info;
  WnLayerInfo *layer_info;
  const char **kernel_names; /* what stage_info points into */
  char *id, *path;
  char warning[WNI_WARNING_BYTES]; /* "": none */
};

/* Plans a network that is in memory already.  `path` stands for it in messages.  Nobody else is
 * given this model.  On failure *out is NULL. */
WnStatus wni_model_from_onnx(const WniOnnx *onnx, const char *path, const WnModelOptions *options,
                             WnModel **out, WnError *error);

/* wn_model_open() whose `auto` depends on nothing that is measured: the same scores each time. */
WnStatus wni_model_open_by_rule(const char *path, const WnModelOptions *options, WnModel **out,
                                WnError *error);

/* Every sentence about a model names a file: puts `path` in front of the error unless it, or
 * `labels_file`, is there already.  Returns `status`. */
WnStatus wni_model_name_file(const char *path, const char *labels_file, WnStatus status,
                             WnError *error);

#endif
