/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The plan: a list of steps in the order in which they run, cut into stages, over
 * one arena.  Made once per model, read-only from then on, shared by all sessions.
 */
#ifndef WNI_PLAN_PLAN_H
#define WNI_PLAN_PLAN_H

#include "graph/front.h"
#include "kernels/layers.h"
#include "load/metadata.h"
#include "plan/tensor.h"

typedef enum WniStepKind {
  WNI_STEP_CONV,
  WNI_STEP_DWCONV,
  WNI_STEP_BANDS,
  WNI_STEP_WINOGRAD,
  WNI_STEP_FULLY_CONNECTED,
  WNI_STEP_MATMUL,
  WNI_STEP_LSTM,
  WNI_STEP_POOL,
  WNI_STEP_ELEMENTWISE,
  WNI_STEP_SOFTMAX,
  WNI_STEP_NORMALIZE,
  WNI_STEP_REDUCE,
  WNI_STEP_LRN,
  WNI_STEP_TAKE,
  WNI_STEP_PLACES,
  WNI_STEP_INTERPOLATE,
  WNI_STEP_TOP,
  WNI_STEP_KIND_COUNT
} WniStepKind;

/* Where a step reads or writes: `offset` bytes into the arena, or a constant. */
typedef struct WniOperand {
  int buffer; /* -1: constant */
  ptrdiff_t offset;
  const void *data;
} WniOperand;

enum { WNI_STEP_INPUTS = 4 }; /* at most */

/* One layer.  What it computes is one driver call of kernels/layers.h. */
typedef struct WniStep {
  WniStepKind kind;
  union {
    WniConv conv; /* also depthwise */
    WniBands bands;
    WniWinograd winograd;
    WniFullyConnected fully_connected;
    WniMatmul matmul;
    WniLstm lstm;
    WniPool pool;
    WniElementwise elementwise;
    WniSoftmax softmax;
    WniNormalize normalize;
    WniReduce reduce;
    WniLrn lrn;
    WniTake take;
    WniPlaces places;
    WniInterpolate interpolate;
    WniTop top;
  } layer;
  WniOperand in[WNI_STEP_INPUTS], out;
  int n_in;
  WniHalo halo; /* zeros to write around the output; they begin at halo_at */
  WniOperand halo_at;
  int stage;       /* n_exits + 1: behind the final classifier, only run on demand */
  bool head;       /* only exits need it */
  bool alone;      /* too little work to share: thread 0 does it */
  bool final_rows; /* the final classifier: may compute the surviving rows alone */
  uint64_t macs, parameters, bytes; /* bytes read and written, weights included */
  double work;                      /* elementary operations (work.h) */
  const char *kernel;               /* its name */
  char *name;                       /* of the ONNX node */
  char *op;                         /* "Conv+Relu" */
  WniShape shape;                   /* of the output */
} WniStep;

/* A piece of the arena, alive from step `first` to step `last`. */
typedef struct WniBuffer {
  size_t bytes;
  int first, last; /* -1: not written yet */
  WniHalo halo;    /* its zeros: written by the first step that writes it */
  size_t offset;   /* bytes; set by wni_arena_place() */
} WniBuffer;

/* What the scores at the end of the network are, and how they come. */
typedef struct WniScoring {
  WnScores kind;      /* of the output, as winnow.scores says it */
  const char *source; /* who says so */
  int output;         /* index of it */
  WnScores form; /* of the numbers at the end: LOGITS where a last Softmax is left out, and where
                  * the sigmoid is yet to be taken */
  bool one;      /* one number for two classes: it is that of class 1 */
} WniScoring;

/* What classification needs of the network: values of the graph. */
typedef struct WniTargets {
  int inputs[WNI_MAX_INPUTS]; /* all of the graph's, in the order of their use */
  int *exits;                 /* [n_exits] */
  int n_exits;
  int final; /* the class scores: the final output, or what its Softmax reads; -1: any graph */
  int n_classes;
  WniScoring scoring;
} WniTargets;

/* An input of the graph.  Its buffer is its own for the whole frame, so that it may be written
 * whenever its stage begins, or once for many runs. */
typedef struct WniPlanInput {
  WniTensor tensor;
  WniHalo halo;
  WniOperand halo_at;
  char *name;
  int element_type; /* WNI_TENSOR_ as the file declares it; what is fed is float32 all the same */
  WniFront front;   /* what the network does with its pixels first */
  bool nhwc;
  int stage; /* the first that reads it */
  bool head; /* nothing but exits needs it */
} WniPlanInput;

typedef struct WniPlan {
  WniStep *steps;
  size_t n_steps, step_capacity;
  WniBuffer *buffers;
  size_t n_buffers, buffer_capacity;
  void **owned; /* packed weights and copied constants */
  size_t n_owned, owned_capacity;
  struct WniPacker *packer; /* of the weights that were left for later; NULL: none were */
  char *room; /* what is left of the piece that weights come from; owned[] has the piece */
  size_t room_bytes;
  size_t weight_bytes;
  size_t arena_bytes; /* of a session's arena */

  int n_exits, n_stages; /* n_stages = n_exits + 1 */
  int n_classes;         /* 0: any graph */
  WniPlanInput *inputs;  /* [n_inputs] in the order of winnow.inputs, else of the file */
  int n_inputs;
  WniTensor *exits; /* [n_exits] logits [1, n_classes]; offsets of these count from the arena */
  WniTensor final;  /* [1, n_classes], or [1, 1] of two classes; `scoring` says of what */
  WniScoring scoring;
  WniTensor *outputs; /* [n_outputs] in file order */
  WniQuant *integers; /* [n_outputs] of outputs that the file has as integers; scale 0: none */
  char **output_names;
  int n_outputs;
  uint64_t parameters;
  WnPrecision precision; /* the one in use */
  WniType type;          /* of activations that are not quantized: F32 or BF16 */
} WniPlan;

/* When weights are packed. */
typedef enum WniPacked {
  WNI_PACKED_NOW,
  WNI_PACKED_LATER, /* those of all stages but the first are left for wni_plan_pack_later() */
  WNI_PACKED_NEVER, /* they are whatever memory holds: the plan is there to be timed */
} WniPacked;

typedef struct WniPlanOptions {
  bool any_graph; /* exits and the final output are not looked at */
  WnPrecision precision;
  WniImageSizes sizes; /* of images that have none in the file */
  double max_work;     /* elementary operations of a frame (work.h) */
  WniPacked packed;
  int n_labels; /* that the model comes with; 0: none.  Of several outputs, the one with as many */
} WniPlanOptions;

/* Plans the network of `onnx`.  `metadata` names the exits and the final output.  Errors: MODEL,
 * UNSUPPORTED (also a precision that the file does not fit), MEMORY.  On failure `plan` is empty.
 */
WnStatus wni_plan_build(const WniOnnx *onnx, const WniMetadata *metadata,
                        const WniPlanOptions *options, WniPlan *plan, WnError *error);
void wni_plan_clear(WniPlan *plan);

/* Has the weights that were left for later packed from the file that the plan was made of, while
 * the caller goes on.  Takes over `onnx`, which malloc() gave, in any case. */
void wni_plan_pack_later(WniPlan *plan, WniOnnx *onnx);

/* Packs now what is left. */
void wni_plan_pack_now(const WniPlan *plan);

/* Finds inputs, exits and class scores of a network that classifies, and what the scores mean
 * (targets.c).  `targets` is to be cleared by freeing its exits.  Errors: MODEL, UNSUPPORTED,
 * MEMORY. */
WnStatus wni_targets_find(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                          WniTargets *targets, WnError *error);

/* Gives every living node its stage (stage.c). */
WnStatus wni_stage_assign(WniGraph *graph, const WniTargets *targets, WnError *error);

/* Joins convolutions whose images need not be whole in memory (join_bands.c).  Errors: MEMORY. */
WnStatus wni_plan_join_bands(WniPlan *plan);

/* Gives every buffer its place so that no two alive at once overlap (arena.c).
 * False: the arena would be too large. */
bool wni_arena_place(WniPlan *plan);

/* Zeroed memory for weights that lives as long as the plan; NULL: none left (storage.c). */
void *wni_plan_alloc(WniPlan *plan, size_t count, size_t size);

/* Makes room in one piece for so many bytes of wni_plan_alloc_raw(): large pieces come in huge
 * pages, with fewer page faults.  Without it each gets its own. */
void wni_plan_reserve(WniPlan *plan, double bytes);

/* The same without zeroing, for what is filled whole: pages become memory as they are written. */
void *wni_plan_alloc_raw(WniPlan *plan, size_t count, size_t size);

#endif
