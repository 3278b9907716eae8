/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Quantized integers in the graph, and what they stand for: (q - zero) * scale, with one scale or
 * one for each index of an axis (ONNX QuantizeLinear-21, DequantizeLinear-21).
 */
#ifndef WNI_GRAPH_QUANTIZE_H
#define WNI_GRAPH_QUANTIZE_H

#include "graph/graph.h"

/* Scale and zero point number i of a grid; those of a grid with one have that one. */
float wni_grid_scale(const WniGraph *graph, const WniGrid *grid, size_t i);
int wni_grid_zero(const WniGraph *graph, const WniGrid *grid, size_t i);

/* Says that `value` holds integers that stand for numbers. */
void wni_put_on_grid(WniGraph *graph, int value, const WniGrid *grid);

/* QuantizeLinear to 16 bits with one scale, as an activation; false: it is none such. */
bool wni_grid_activation(const WniGraph *graph, const WniNode *node, WniActivation *out);

/* What the outputs of `node`, which is not folded, stand for.  Errors: UNSUPPORTED, MODEL. */
WnStatus wni_quantize_infer(WniGraph *graph, const WniNode *node, WnError *error);

/* Whether `node` is a DequantizeLinear of what stands for the same numbers already. */
bool wni_dequantize_is_alias(const WniGraph *graph, const WniNode *node);

/* DequantizeLinear as y = scale[i] x + shift[i] along *axis, x the numbers of its input; how many
 * (scale NULL: that alone), 0: two grids that do not go together. */
size_t wni_dequantize_affine(const WniGraph *graph, const WniNode *node, int *axis, float *scale,
                             float *shift);

/* The numbers of DequantizeLinear, the integers (and their TensorProto.DataType) of QuantizeLinear
 * of a constant.  Errors: UNSUPPORTED, MODEL. */
WnStatus wni_dequantize(const WniGraph *graph, const WniNode *node, float *to, WnError *error);
WnStatus wni_quantize_constant(const WniGraph *graph, const WniNode *node, int64_t *to, int *type,
                               WnError *error);

/* Whether `value` is what DequantizeLinear makes of a constant, not computed yet. */
bool wni_is_quantized_constant(const WniGraph *graph, int value);

/* Whether a layer can multiply with the integers themselves of such a value, its input number
 * `input`. */
bool wni_weights_stay_integers(const WniGraph *graph, const WniNode *node, int input);

#endif
