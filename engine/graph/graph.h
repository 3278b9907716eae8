/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The network between the file and the plan: values by index, nodes in an order
 * in which every value is made before it is read.  inputs.c checks what nodes read, shape.c fills
 * in shapes and folds constants, fuse.c merges nodes, stage.c cuts at the exits; lower.c turns what
 * is left into steps.
 */
#ifndef WNI_GRAPH_H
#define WNI_GRAPH_H

#include "base/names.h"
#include "graph/front.h"
#include "kernels/kernels.h"
#include "load/meaning.h"
#include "load/onnx.h"

enum { WNI_MAX_ELEMENTS = 1 << 28 }; /* of one activation */

typedef struct WniShape {
  int rank;
  int64_t dim[WNI_MAX_RANK];
} WniShape;

/* What is known of the inputs, for images whose file leaves height and width open: of each by its
 * name or, of one without a name, of all. */
typedef struct WniImageSizes {
  const WniInputMeaning *inputs; /* [n] borrowed while the graph is built */
  int n;
} WniImageSizes;

/* What integers stand for (quantize.h). */
typedef struct WniGrid {
  int scale, zero; /* values; zero -1: all are 0 */
  size_t n;        /* scales */
  int axis;        /* of more than one */
  int low, high;   /* of the integers */
} WniGrid;

typedef struct WniValue {
  const char *name;
  int producer;   /* node; -1: graph input or initialiser */
  int n_readers;  /* inputs of living nodes, counted by fuse.c */
  bool is_output; /* of the graph */
  bool shaped;    /* `shape` is known */
  WniShape shape;
  bool is_int;  /* whole numbers or booleans; computed per frame, they are float32 all the same */
  bool on_grid; /* what QuantizeLinear makes: numbers for everyone who reads it */
  WniGrid grid;
  bool quantized; /* on a grid, and stored as U8 */
  WniQuant quant;
  bool known; /* `constant` holds its elements */
  WniConstant constant;
} WniValue;

typedef struct WniNode {
  const Onnx__NodeProto *proto;
  WniOp op;
  bool dead;     /* folded, or merged into another node */
  int *in, *out; /* values; -1: an optional one that is missing */
  int n_in, n_out;
  bool whole;         /* it computes with whole numbers, whatever its neighbours have become */
  int64_t scale_axis; /* of QuantizeLinear and DequantizeLinear */

  /* set by fuse.c */
  int residual; /* value added before the activation; -1: none */
  WniActivation activation;
  const char *activation_name; /* "Relu"; NULL: none */
  float *scale, *shift;        /* [channels] y = scale * (op without bias) + shift; NULL: none */
  float factor;                /* of a product of two computed operands (wni_is_product()); 1 */

  int64_t pad_begin[2], pad_end[2]; /* zeros of a Pad before a window, beside its own */

  /* set by stage.c */
  int stage;
  bool head; /* leads to exits only */
} WniNode;

/* As the file has it, for who writes its nodes into another one, or with chains replaced. */
typedef enum WniGraphUse { WNI_GRAPH_OF_FILE, WNI_GRAPH_TO_RUN } WniGraphUse;

typedef struct WniGraph {
  const WniOnnx *onnx; /* borrowed */
  WniImageSizes sizes; /* of images that have none in the file */
  WniGraphUse use;
  WniValue *values;
  size_t n_values, value_capacity;
  WniNode *nodes;
  int n_nodes;
  size_t node_capacity;
  WniPieces pieces; /* nodes of branches that were chosen (branch.c) */
  int n_branches;
  WniNames names;                  /* value names */
  WniNames initializers, declared; /* of the file: places in its lists of initialisers and inputs */
  int inputs[WNI_MAX_INPUTS];      /* [n_inputs] values, in file order */
  int input_types[WNI_MAX_INPUTS]; /* [n_inputs] WNI_TENSOR_ as the file declares them */
  WniFront fronts[WNI_MAX_INPUTS]; /* [n_inputs] before anything was quantized or merged */
  int n_inputs;                    /* 1 or more */
  int *outputs;                    /* [n_outputs] values, in file order */
  bool *output_integers;           /* [n_outputs] what QuantizeLinear makes is the file's output */
  const char **output_names;
  int n_outputs;
  uint64_t parameters;     /* float elements of the file's initialisers */
  int64_t fold_work;       /* see fold.c */
  int64_t folded;          /* bytes of folded constants */
  int64_t folded_products; /* see fold.c */
  void **owned;            /* [n_owned] what wni_graph_own() was given */
  size_t n_owned, owned_capacity;
} WniGraph;

/* Builds the graph of a file, shapes inferred and constants folded.  Images that have no size in
 * the file have `size`.  Errors: MODEL, UNSUPPORTED, MEMORY, with node, operator and opset.  On
 * failure `graph` is empty.  `onnx` must outlive it. */
WnStatus wni_graph_build(const WniOnnx *onnx, WniImageSizes sizes, WniGraphUse use, WniGraph *graph,
                         WnError *error);
void wni_graph_clear(WniGraph *graph);

/* Memory that lives as long as the graph; NULL: there was none, or no room to note it. */
void *wni_graph_own(WniGraph *graph, void *memory);

/* The index of the graph's input that `value` is; -1: it is none. */
int wni_graph_input(const WniGraph *graph, int value);

/* ---- Values by name (values.c) ---- */

/* Notes what the file has beside its nodes.  Errors: MODEL (a name that is there twice), MEMORY. */
WnStatus wni_values_declare(WniGraph *graph, WnError *error);

/* The value of that name, which may be an initialiser or input that nobody has read before;
 * *index = -1: there is none.  Errors: of what is read then. */
WnStatus wni_value_find(WniGraph *graph, const char *name, int *index, WnError *error);

/* Whether something has that name, read or not. */
bool wni_value_is_named(const WniGraph *graph, const char *name);

/* A new value; -1: no memory.  `name` may be NULL or "": one that nobody reads. */
int wni_value_add(WniGraph *graph, const char *name, int producer);

/* Puts the inputs that are read in the order of the file.  Errors: MODEL (there are none). */
WnStatus wni_values_order_inputs(WniGraph *graph, WnError *error);

/* Element type and shape of an input of the file, open dimensions filled in (image.c).  Errors:
 * UNSUPPORTED. */
WnStatus wni_input_read(const WniGraph *graph, const Onnx__ValueInfoProto *input, int *element_type,
                        WniValue *value, WnError *error);

/* Whether an input of this shape is an image with its channels last. */
bool wni_shape_is_nhwc(const WniShape *shape);

/* Which dimension of an image's shape counts the channels, and which the rows; that of the columns
 * is behind it.  One image may have no batch.  False: it is no image of 1 or 3 channels. */
bool wni_shape_image(const WniShape *shape, int *channels, int *rows);

/* The branch of an If node whose condition is known, as nodes under names of their own that live as
 * long as the graph; *node NULL: it is not known (branch.c).  Errors: MODEL, MEMORY. */
WnStatus wni_branch_choose(WniGraph *graph, const Onnx__NodeProto *proto, Onnx__NodeProto ***node,
                           size_t *n_node, WnError *error);

/* The same for a Conv over five dimensions that is one over four (expand.c). */
WnStatus wni_conv_expand(WniGraph *graph, const Onnx__NodeProto *proto, Onnx__NodeProto ***node,
                         size_t *n_node, WnError *error);

/* Whether the inputs of `node` have the types and ranks that ops.inc lists; the rules after it
 * count on that (inputs.c).  Errors: MODEL (missing), UNSUPPORTED. */
WnStatus wni_inputs_check(const WniGraph *graph, const WniNode *node, WnError *error);

/* Infers the shapes of all outputs of `node`, whose inputs are checked; folds it if it can. */
WnStatus wni_shape_infer(WniGraph *graph, WniNode *node, WnError *error);

/* Computes the single output of a node whose inputs are all known, or whose
 * shape alone says it; *done false: there is no rule for it, or it has to run. */
WnStatus wni_fold(WniGraph *graph, WniNode *node, bool *done, WnError *error);

/* What the nodes behind the image input `input`, a value, do with its pixels first (front.c). */
void wni_front_find(const WniGraph *graph, int input, WniFront *out);

/* Makes of each input of `node` that is DequantizeLinear of a constant what the node can read:
 * weights that layers multiply with stay integers, all else becomes numbers (weights.c). */
WnStatus wni_settle_weights(WniGraph *graph, WniNode *node, WnError *error);

/* Widens the float16 constants that `node` reads, but those that layers pack as they are
 * (halves.c). Errors: MEMORY. */
WnStatus wni_settle_halves(WniGraph *graph, WniNode *node, WnError *error);

/* Folds DequantizeLinear of a constant, weights or not. */
WnStatus wni_fold_weights(WniGraph *graph, WniNode *node, WnError *error);

/* Chains of nodes that stand for one operator become that operator (chains.c). */
WnStatus wni_replace_chains(WniGraph *graph, WnError *error);

/* Merges nodes: batch normalisation and constant arithmetic into convolutions,
 * residual additions, activations; removes what does nothing. */
WnStatus wni_fuse(WniGraph *graph, WnError *error);

/* ---- One node (node.c) ---- */

/* Fails with "node 'NAME' (Op, opset N): ...". */
WnStatus wni_node_fail(const WniGraph *graph, const WniNode *node, WnStatus status, WnError *error,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The value that a node reads as input i; NULL when missing. */
WniValue *wni_node_input(const WniGraph *graph, const WniNode *node, int i);

/* Whether the elements of a value are integers or booleans: those of a constant, or what is
 * computed per frame. */
bool wni_value_is_int(const WniValue *value);

enum { WNI_BOOL = 9 }; /* of TensorProto.DataType */

/* Whether Cast to this TensorProto.DataType makes integers or booleans. */
bool wni_cast_is_int(int64_t to);

/* Integers that opsets give first as attribute `name`, later as constant input
 * `index`.  *count = -1 when neither is there. */
WnStatus wni_node_ints(const WniGraph *graph, const WniNode *node, const char *name, int index,
                       const int64_t **values, int *count, WnError *error);

/* `axis` counted from the end when negative; false: out of range. */
bool wni_axis(int64_t axis, int rank, int *out);

/* The dimension of the first operand that the second one's first dimension meets
 * in a broadcast (opset 6 lets the node choose). */
int wni_broadcast_offset(const WniGraph *graph, const WniNode *node, int rank_a, int rank_b);

int64_t wni_shape_count(const WniShape *shape);
bool wni_shape_equals(const WniShape *a, const WniShape *b);

/* How many images an input of this shape takes at once; what is no list of images is one. */
int64_t wni_shape_batch(const WniShape *input);

/* Attributes that several passes read, resolved and checked once (attributes.c). */

/* Slice: begin, step (never 0) and number of elements in every dimension. */
typedef struct WniSlice {
  int64_t begin[WNI_MAX_RANK], step[WNI_MAX_RANK], count[WNI_MAX_RANK];
} WniSlice;
WnStatus wni_slice_read(const WniGraph *graph, const WniNode *node, WniSlice *out, WnError *error);

/* Pad: elements added (cut away where negative) in front and behind. */
WnStatus wni_pad_read(const WniGraph *graph, const WniNode *node, int64_t *begin, int64_t *end,
                      WnError *error);

/* The Reduce operators: which dimensions go; [WNI_MAX_RANK]. */
WnStatus wni_reduce_read(const WniGraph *graph, const WniNode *node, bool *reduced, WnError *error);

/* Whether `node` reduces dimensions, or normalises or is a softmax over some; which,
 * [WNI_MAX_RANK]. LayerNormalization and RMSNormalization that chains.c has made may have any,
 * their `axes`. */
bool wni_has_axes(const WniNode *node);
WnStatus wni_axes_read(const WniGraph *graph, const WniNode *node, bool *axes, WnError *error);

#endif
