/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The winnow.* keys of a model's metadata_props, checked.  Read in two steps:
 * the names of the outputs are needed to plan the network, and the number of
 * classes that labels and groups must agree with is known only after that.
 */
#ifndef WNI_LOAD_METADATA_H
#define WNI_LOAD_METADATA_H

#include "base/labels.h"
#include "load/found.h"
#include "load/meaning.h"
#include "load/onnx.h"

/* Betas for one watch set. */
typedef struct WniWatchThresholds {
  bool *watched;      /* [n_classes] */
  double *thresholds; /* [n_exits] */
} WniWatchThresholds;

typedef struct WniMetadata {
  /* after wni_metadata_read() */
  char **exits; /* [n_exits] */
  int n_exits;
  char *output;              /* NULL: not named */
  const char *output_source; /* who names it */
  bool output_given;         /* a user does */
  WnScores scores;
  const char *scores_source; /* who says so; NULL: nobody, the graph tells */
  WnStrategy strategy;
  bool score_softmax, has_score; /* the key is there */
  double *thresholds;            /* [n_exits] or NULL */
  double *floors;                /* [n_exits + 1] NaN: none; NULL: none at all */
  bool floor_standardised;       /* what they are compared with; else logits */
  WniInputMeaning *inputs;       /* [n_inputs] a cascade's in the order of its networks, or one */
  int n_inputs;
  bool cascade; /* winnow.inputs is there */
  bool own; /* winnow.version is: what its keys do not say has the values they are missing for */
  WniFound found; /* of a file that is not */
  bool taught;    /* winnow.taught is: its heads know the network as fp32 has it */

  /* after wni_metadata_bind() */
  int n_classes;
  char **labels; /* [n_classes] */
  bool has_labels;
  const char *labels_source; /* who says them; NULL: nobody, they are numbers */
  WniLabels index;           /* of `labels` */
  char **groups;             /* [n_groups] names */
  WniNames group_index;      /* the first group of a name */
  int n_groups;
  int nothing;   /* the class that answers `nothing`; -1: none */
  int *group_of; /* [n_classes] index of the class's group, -1: none */
  WniWatchThresholds *watch;
  int n_watch;
} WniMetadata;

/* `given` is what a user says, which counts before what the file says; NULL: nothing.  `path` is
 * the file's, for those that lie beside it; NULL: there are none.  Errors: MODEL, ARGUMENT
 * (`given`), MEMORY.  On failure `out` is empty. */
WnStatus wni_metadata_read(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                           WniMetadata *out, WnError *error);

/* Of that only what is said of the inputs, for a file whose other keys are of no interest. */
WnStatus wni_metadata_read_inputs(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                                  WniMetadata *out, WnError *error);

/* `labels_file`: see WnModelOptions; NULL for the model's own.  Errors: MODEL, IO and ARGUMENT
 * (labels file), MEMORY.  On failure the caller still clears `metadata`. */
WnStatus wni_metadata_bind(WniMetadata *metadata, const WniOnnx *onnx, int n_classes,
                           const char *labels_file, WnError *error);
void wni_metadata_clear(WniMetadata *metadata);

/* How many labels the model comes with: those of the file `labels_file` (NULL: none) or its own; 0:
 * none, or they cannot be read. */
int wni_labels_count(const WniOnnx *onnx, const char *labels_file);

const char *wni_floor_score_name(bool standardised); /* "logit", "standardised" */

/* Errors of the list parsers are the caller's mistake in an option but the model's in metadata:
 * turns ARGUMENT into MODEL. */
WnStatus wni_model_error(WnStatus status, WnError *error);

/* Whether `count` thresholds are possible for `strategy`; `what` begins the error (ARGUMENT). */
WnStatus wni_thresholds_check(WnStrategy strategy, const double *thresholds, int count,
                              const char *what, WnError *error);

#endif
