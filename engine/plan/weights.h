/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The constant weights of a Conv, Gemm or MatMul, as floats, float16 or the int8 of a quantized
 * model, and their packing into the orders in which the kernels read them:
 *
 *   igemm   [group][panel of tile n outputs][tap][input channels / tile k][tile n][tile k]
 *   winograd [product][panel of tile n outputs][input channels / tile k][tile n][tile k]
 * (kernels/winograd.h) dwconv  [tap][channel] fc      [output][tap][input]
 */
#ifndef WNI_PLAN_WEIGHTS_H
#define WNI_PLAN_WEIGHTS_H

#include "kernels/kernels.h"
#include "kernels/winograd.h"
#include "graph/graph.h"

/* One number is at [output * output_step + input * input_step + tap]. */
typedef struct WniWeights {
  const float *f;         /* or */
  const uint16_t *halves; /* float16, or */
  const uint8_t *q;       /* int8: scale[output or 0] * (q - zero) */
  bool q_signed;
  int zero;
  const float *scale;
  size_t n_scales;
  size_t outputs, inputs, taps; /* inputs of one group */
  size_t output_step, input_step;
} WniWeights;

/* Reads the weights of `node`: [outputs][inputs][taps] of a Conv, a matrix for the others.
 * Errors: UNSUPPORTED (they are computed). */
WnStatus wni_weights_read(const WniGraph *graph, const WniNode *node, WniWeights *out,
                          WnError *error);

/* Whether it can: they are known before a frame. */
bool wni_weights_are_constant(const WniGraph *graph, const WniNode *node);

/* Whether they come from DequantizeLinear of a constant. */
bool wni_weights_are_quantized(const WniGraph *graph, const WniNode *node);

/* Whether kernels for int8 can take them, with activations of type U8. */
bool wni_weights_fit_int8(const WniWeights *weights);

/* What one integer stands for in the rows of output o; 1 for floats. */
float wni_weights_scale(const WniWeights *weights, size_t output);

/* The sum of the int8 of output o, which times the zero point of the activations is what
 * these add. */
int32_t wni_weights_sum(const WniWeights *weights, size_t output);

/* Those of them that are below 0, and those above. */
void wni_weights_sums(const WniWeights *weights, size_t output, int32_t *below, int32_t *above);

/* Where they lie, whatever their type, and how many bytes that is. */
const void *wni_weights_data(const WniWeights *weights, size_t *bytes);

/* Gives the memory that these have in the file back: nobody reads them again. */
void wni_weights_release(const WniWeights *weights, const WniOnnx *onnx);

/* How to pack.  `row_scale` [outputs] multiplies floats; `offset` is the kernel's. */
typedef struct WniPacking {
  WniType type;
  size_t groups, tile_n, tile_k;
  size_t merged; /* taps that follow each other as one with so many times the channels */
  const float *row_scale;
  int offset;
  const WniWinogradMatrices *matrices; /* Winograd's filtering: these, and */
  size_t columns;                      /* outputs of all panels, those packed elsewhere too */
} WniPacking;

typedef void WniPackFunction(const WniWeights *weights, const WniPacking *packing, void *to);

/* Where the bias and scale of output o are. */
size_t wni_weights_column(const WniWeights *weights, const WniPacking *packing, size_t output);
size_t wni_weights_columns(const WniWeights *weights, const WniPacking *packing);

size_t wni_weights_panel_bytes(const WniWeights *weights, const WniPacking *packing);
void wni_weights_pack_igemm(const WniWeights *weights, const WniPacking *packing, void *to);
/* For Winograd's filtering: F32, or I16 from int8, whose inputs are an even number; outputs in
 * multiples of WNI_WINOGRAD_CHANNELS. */
void wni_weights_pack_winograd(const WniWeights *weights, const WniPacking *packing, void *to);
void wni_weights_pack_dwconv(const WniWeights *weights, const WniPacking *packing, void *to);
void wni_weights_pack_rows(const WniWeights *weights, const WniPacking *packing, void *to);

#endif
