/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering: nodes to steps over tensors.  One function per kind of operator, as
 * load/ops.inc says; what they share is here.
 */
#ifndef WNI_PLAN_LOWER_H
#define WNI_PLAN_LOWER_H

#include "plan/plan.h"
#include "plan/weights.h"
#include "graph/indexing.h"
#include "graph/window.h"

/* Zeros that convolutions read around a value, in its own dimensions. */
typedef struct WniHaloNeed {
  int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK];
} WniHaloNeed;

/* Where a value lies in the output of a Concat (parts.c). */
typedef struct WniPart {
  int whole;       /* that output; -1: in none */
  int64_t channel; /* the first of the value's */
  bool reserved;   /* of an output: it has its buffer */
} WniPart;

typedef struct WniLowering {
  WniPlan *plan;
  WniGraph *graph;
  WniTensor *tensors;   /* [n_values] where values lie, once they are made */
  bool *placed;         /* [n_values] tensors[v] is valid */
  WniHaloNeed *halos;   /* [n_values] */
  WniPart *parts;       /* [n_values] */
  int final;            /* value of the final logits; -1: none */
  WniType type;         /* of activations where the file does not say: F32 or BF16 */
  double byte_cost;     /* of a byte of weights in multiply-accumulates (lower_sizes.c) */
  WniNode *node;        /* the one being lowered */
  WniPacked packed;     /* its weights; LATER: by the plan's packer */
  size_t bytes_counted; /* of the plan's weights, for the steps so far */
  WnError *error;
} WniLowering;

typedef WnStatus WniLowerFunction(WniLowering *lowering);

/* One for each lowering of ops.inc. */
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  extern WniLowerFunction wni_lower_##lower;
#include "load/ops.inc"
#undef WNI_OPERATOR

/* Where input i of the node lies, in whatever type; a known one is copied into the plan. */
WnStatus wni_lower_input(WniLowering *lowering, int i, WniTensor *out);
WnStatus wni_lower_value(WniLowering *lowering, int value, WniTensor *out);

/* Input i in float32, converted when it lies otherwise. */
WnStatus wni_lower_float(WniLowering *lowering, int i, WniTensor *out);

/* A new buffer for a tensor with the shape and type of `out`, which it completes: images in NHWC
 * with `halo` (may be NULL) around them, all else, and everything if `row_major`, without gaps. */
WnStatus wni_lower_buffer(WniLowering *lowering, const WniHaloNeed *halo, bool row_major,
                          WniTensor *out);

/* The buffer for output 0 of the node: in float32, or in the type that the value is to have. */
WnStatus wni_lower_output(WniLowering *lowering, bool row_major, WniTensor *out);
WnStatus wni_lower_typed_output(WniLowering *lowering, WniTensor *out);

/* The same in the order in memory of `like`, whose dimensions are aligned at the last one: an
 * operator that visits elements walks through memory whatever order the dimensions are named in,
 * and a Transpose between layouts stays a view.  `typed`: in the type that the value is to have. */
WnStatus wni_lower_buffer_like(WniLowering *lowering, const WniHaloNeed *halo,
                               const WniTensor *like, WniTensor *out);
WnStatus wni_lower_output_like(WniLowering *lowering, bool typed, const WniTensor *like,
                               WniTensor *out);

/* The one with more elements. */
const WniTensor *wni_lower_largest(const WniTensor *a, const WniTensor *b);

/* Says that output i of the node lies at `tensor`. */
void wni_lower_place(WniLowering *lowering, int i, const WniTensor *tensor);

/* Appends `step`, which reads `inputs` and writes `out`; the node's stage and names are filled in.
 * Zeros around `out` are written by the first step that writes its buffer. */
WnStatus wni_lower_push(WniLowering *lowering, WniStep *step, const WniTensor *const *inputs,
                        int n_inputs, const WniTensor *out);

/* Appends all[0] = activation(op(all[1], ...)), activation NULL: none. */
WnStatus wni_lower_elementwise(WniLowering *lowering, WniVecOp op, const WniActivation *activation,
                               const WniTensor *const *all, int n_inputs);

/* Appends a copy between tensors of one shape, which may be of different types. */
WnStatus wni_lower_copy(WniLowering *lowering, const WniTensor *from, const WniTensor *to);

/* A sequence [n][c][w] as an image of one row; images stay as they are. */
void wni_lower_as_image(WniTensor *tensor);

/* The buffer for output 0 of the node as an image, in the type that the value is to have. */
WnStatus wni_lower_image_output(WniLowering *lowering, WniTensor *out);

/* How a layer reads or writes a tensor in float32. */
WniTyped wni_lower_read_as_float(const WniTensor *tensor);
WniTyped wni_lower_write_as_float(const WniTensor *tensor);

/* Input i in a form a kernel needs, copied when it lies otherwise: without gaps; as an
 * image with dense channels and at least the given zeros around it (NULL: none).  Of a type: F32 or
 * BF16, or U8, which only fits values that are quantized. */
WnStatus wni_lower_contiguous(WniLowering *lowering, int i, WniType type, WniTensor *out);
WnStatus wni_lower_image(WniLowering *lowering, int value, WniType type, const WniHaloNeed *halo,
                         WniTensor *out);

/* `tensor` without gaps in that type, copied when it lies otherwise. */
WnStatus wni_lower_compact(WniLowering *lowering, WniType type, WniTensor *tensor);

/* A value whose last dimension is a run of neighbours, and room for one as output 0. */
WnStatus wni_lower_rows(WniLowering *lowering, int value, WniType type, WniTensor *out);
WnStatus wni_lower_rows_output(WniLowering *lowering, WniTensor *out);

/* Appends y = softmax(x), or its logarithm, along dimension `axis`; y may be x. */
WnStatus wni_lower_push_softmax(WniLowering *lowering, const WniTensor *x, const WniTensor *y,
                                int axis, bool logarithm);

/* MatMul of two computed operands, or of a constant with more than two dimensions
 * (lower_product.c). */
WnStatus wni_lower_product(WniLowering *lowering);

/* Appends y = activation(alpha x w + add) for matrices in the last two dimensions of float32
 * tensors, the others broadcast; rows of x, y and `add` are runs of neighbours. */
typedef struct WniProduct {
  float alpha;
  const WniTensor *add;            /* broadcast to y; NULL: none */
  const WniActivation *activation; /* NULL: none */
} WniProduct;
/* `tensor`, whose last dimension may be 1 or missing, with rows of n neighbours. */
WnStatus wni_lower_fill_rows(WniLowering *lowering, int64_t n, WniTensor *tensor);
WnStatus wni_lower_push_product(WniLowering *lowering, const WniProduct *product,
                                const WniTensor *x, const WniTensor *w, const WniTensor *y);

/* The mean over the rows and columns of an image. */
WnStatus wni_lower_global_average(WniLowering *lowering);

/* The type in which a layer computes that reads x. */
WniType wni_lower_compute_type(const WniLowering *lowering, const WniTensor *x,
                               const WniWeights *weights);

/* Bias and, for U8, scale of a layer with weights that reads x and makes y; completes `packing`. */
WnStatus wni_lower_affine(WniLowering *lowering, const WniWeights *weights, WniPacking *packing,
                          const WniTensor *x, const WniTensor *y, void **bias, float **scale);

/* Whether a product of one row packs its float16 weights as they are: there is a kernel for them,
 * and nothing multiplies them (`node` may have scales by now). */
bool wni_lower_keeps_halves(const WniNode *node, const WniWeights *weights, WniType type);

/* Whether the QuantizeLinear `node` makes of x, which is quantized, the same numbers. */
bool wni_lower_quantize_is_view(const WniLowering *lowering, const WniNode *node,
                                const WniTensor *x);

/* Packs weights, or leaves that to the plan's packer: some outputs after the other.  What was read
 * of the file for those that only the node being lowered reads is given back at once, so that a
 * model never lies in memory twice; a layer may be most of it.  Of all that `pack` makes, `unit`
 * outputs side by side become `unit_bytes`. */
WnStatus wni_lower_pack(WniLowering *lowering, const WniWeights *weights, const WniPacking *packing,
                        WniPackFunction *pack, size_t unit, size_t unit_bytes, void *to);

/* y [m][outputs] = x [m][inputs] times the weights, in float32; with `activate`, bias and
 * activation of the node applied. */
WnStatus wni_lower_fully_connected(WniLowering *lowering, const WniWeights *weights,
                                   const WniTensor *x, const WniTensor *y, bool activate);

/* Appends a convolution of x whose `step` has kind, kernel, images, groups and activation: of a
 * window, or the product of rows with a matrix, which are pixels to it.  `residual` may be NULL. */
WnStatus wni_lower_push_conv(WniLowering *lowering, WniStep *step, const WniWindow *window,
                             const WniWeights *weights, const WniTensor *x,
                             const WniTensor *residual, const WniTensor *y);

/* Says what a byte of weights costs and makes room for all of them, before anything is lowered
 * (lower_sizes.c). */
WnStatus wni_lower_sizes(WniLowering *lowering);

/* The window of a Conv, and the type in which a layer will compute before its input is placed. */
WnStatus wni_lower_conv_window(const WniLowering *lowering, const WniNode *node, WniWindow *window);
WniType wni_lower_expected_type(const WniLowering *lowering, const WniNode *node);

/* How many outputs a side of a convolution Winograd's filtering should compute together; 0: none
 * (lower_winograd.c). */
int wni_winograd_choose(const WniLowering *lowering, const WniNode *node, const WniWindow *window,
                        WniType type);

/* How many times as many bytes its weights have then as they have directly. */
double wni_winograd_growth(const WniLowering *lowering, const WniNode *node,
                           const WniWindow *window, WniType type);

/* Appends the node's convolution of x, which has the type to compute in and the zeros that the
 * window reads; tile 0: directly, else by Winograd's filtering. */
WnStatus wni_lower_convolve(WniLowering *lowering, const WniWindow *window, int tile,
                            const WniWeights *weights, const WniTensor *x);

/* The same of a convolution whose weights are computed; x is float32 (lower_computed.c). */
WnStatus wni_lower_conv_computed(WniLowering *lowering, const WniWindow *window,
                                 const WniTensor *x);

/* Appends y = x at the indices; both have the dimensions of these (lower_moves.c). */
WnStatus wni_lower_take(WniLowering *lowering, const WniIndexing *indexing, const WniTensor *x,
                        const WniTensor *y);

/* Appends the convolution of x by Winograd's filtering; y is the output, or, without `finish`,
 * float32 sums of its shape. */
WnStatus wni_lower_winograd(WniLowering *lowering, const WniWindow *window, int tile,
                            const WniWeights *weights, const WniTensor *x, const WniTensor *y,
                            bool finish);

/* How a kernel stores y behind an activation that may be CLAMP; for U8 the clamp is in steps of y,
 * counted from its zero point. */
WniOutput wni_lower_output_stage(const WniActivation *activation, const WniTensor *y);

/* Fails for the node being lowered. */
WnStatus wni_lower_no_memory(WniLowering *lowering);

/* Appends the steps of one node (lower_table.c). */
WnStatus wni_lower_node(WniLowering *lowering, WniNode *node);

/* Finds the values that a Concat joins without copying; the zeros around them are known. */
void wni_lower_find_parts(WniLowering *lowering);

/* Completes `out`, which has shape and type of `value`, where it is part of the output of a Concat
 * or that output itself. */
WnStatus wni_lower_part(WniLowering *lowering, int value, WniTensor *out, bool *is_part);

/* A tensor of the value's shape and of the type in which it is stored. */
WniTensor wni_lower_typed(const WniLowering *lowering, int value);

/* Makes `need` one for `more` as well. */
void wni_lower_raise_halo(WniHaloNeed *need, const WniHaloNeed *more);

/* Records the zeros that the convolutions need around the values they read. */
WnStatus wni_lower_find_halos(WniLowering *lowering);

#endif
