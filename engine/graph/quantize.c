/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * QuantizeLinear and DequantizeLinear in the graph (quantize.h).  Integers that QuantizeLinear
 * makes stand for numbers, and everybody reads the numbers: what only moves the integers moves
 * numbers, and DequantizeLinear behind it does nothing.  8 bits with one scale are stored as U8,
 * all else in float32, rounded to the grid.  DequantizeLinear of weights stays in front of the
 * layer that multiplies with them: lowering takes the integers (plan/weights.c).
 */
#include "graph/quantize.h"

#include <math.h>

/* TensorProto.DataType of what may be quantized, with the integers it holds. */
typedef struct IntegerType {
  int type, low, high;
} IntegerType;

static const IntegerType integer_types[] = {
    {2, 0, 255},    /* uint8 */
    {3, -128, 127}, /* int8 */
    {4, 0, 65535},  /* uint16 */
    {5, -32768, 32767} /* int16 */,
    {21, 0, 15}, /* uint4 */
    {22, -8, 7}, /* int4 */
};

enum { UINT8 = 2, MANY = 1 << 20 };

static const WniConstant *constant_of(const WniGraph *graph, int value) {
  return value < 0 ? NULL : &graph->values[value].constant;
}

float wni_grid_scale(const WniGraph *graph, const WniGrid *grid, size_t i) {
  const WniConstant *scale = constant_of(graph, grid->scale);
  return scale->f[scale->count == 1 ? 0 : i];
}

int wni_grid_zero(const WniGraph *graph, const WniGrid *grid, size_t i) {
  const WniConstant *zero = constant_of(graph, grid->zero);
  return zero ? (int)wni_constant_integer(zero, zero->count == 1 ? 0 : i) : 0;
}

/* Scales and zero points of either operator over `shape`, checked. */
static WnStatus read_grid(const WniGraph *graph, const WniNode *node, WniGrid *out,
                          WnError *error) {
  const WniValue *scale = wni_node_input(graph, node, 1), *zero = wni_node_input(graph, node, 2);
  const WniShape *shape = &wni_node_input(graph, node, 0)->shape;
  *out = (WniGrid){.scale = node->in[1], .zero = zero ? node->in[2] : -1, .n = 1};
  if (!scale->known || scale->constant.count < 1 || scale->constant.count > MANY ||
      (zero && (!zero->known || zero->constant.count != scale->constant.count)))
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its scale and zero point are not constants of one size");
  if (wni_attr_int(node->proto, "block_size", 0) != 0)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "scales for blocks are not supported");
  for (size_t i = 0; i < scale->constant.count; i++)
    if (!(scale->constant.f[i] > 0) || !isfinite(scale->constant.f[i]))
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "scale %zu is not above 0", i);
  out->n = scale->constant.count;
  if (out->n == 1) return WN_OK;
  if (!wni_axis(node->scale_axis, shape->rank, &out->axis) ||
      (size_t)shape->dim[out->axis] != out->n)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "it has %zu scales, not one for each index of its axis", out->n);
  return WN_OK;
}

/* The integers that QuantizeLinear may make. */
static WnStatus read_range(const WniGraph *graph, const WniNode *node, WniGrid *grid,
                           WnError *error) {
  const WniConstant *zero = constant_of(graph, grid->zero);
  int64_t told = wni_attr_int(node->proto, "output_dtype", 0);
  int64_t type = zero && zero->type ? zero->type : told ? told : UINT8;
  for (size_t i = 0; i < sizeof integer_types / sizeof *integer_types; i++)
    if (integer_types[i].type == type) {
      grid->low = integer_types[i].low;
      grid->high = integer_types[i].high;
      return WN_OK;
    }
  return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                       "it makes elements of type %lld; integers of 4, 8 or 16 bits are supported",
                       (long long)type);
}

static bool same_grid(const WniGraph *graph, const WniGrid *a, const WniGrid *b) {
  if (a->n != b->n || (a->n > 1 && a->axis != b->axis)) return false;
  for (size_t i = 0; i < a->n; i++)
    if (wni_grid_scale(graph, a, i) != wni_grid_scale(graph, b, i) ||
        wni_grid_zero(graph, a, i) != wni_grid_zero(graph, b, i))
      return false;
  return true;
}

void wni_put_on_grid(WniGraph *graph, int value, const WniGrid *grid) {
  WniValue *v = &graph->values[value];
  v->on_grid = true;
  v->grid = *grid;
  v->quantized = grid->n == 1 && grid->high - grid->low == 255;
  if (!v->quantized) return;
  v->quant.scale = wni_grid_scale(graph, grid, 0);
  v->quant.zero = wni_grid_zero(graph, grid, 0) - grid->low; /* int8 is uint8, 128 higher */
}

bool wni_grid_activation(const WniGraph *graph, const WniNode *node, WniActivation *out) {
  const WniValue *value = &graph->values[node->out[0]];
  const WniGrid *grid = &value->grid;
  if (!value->on_grid || grid->n > 1 || grid->high - grid->low != 65535) return false;
  *out = (WniActivation){WNI_ACT_GRID_16, wni_grid_scale(graph, grid, 0),
                         (float)(grid->low - wni_grid_zero(graph, grid, 0))};
  return true;
}

static WnStatus quantize(WniGraph *graph, const WniNode *node, WnError *error) {
  WniGrid grid;
  WnStatus status = read_grid(graph, node, &grid, error);
  if (status == WN_OK) status = read_range(graph, node, &grid, error);
  if (status == WN_OK) wni_put_on_grid(graph, node->out[0], &grid);
  return status;
}

/* Operators that move integers and make none.  `typed`: in U8, too. */
typedef enum Moves { NOTHING, IN_FLOAT, TYPED } Moves;

static Moves moves(const WniGraph *graph, const WniNode *node) {
  switch (node->op) {
  case WNI_OP_CAST:
    return graph->values[node->out[0]].is_int ? TYPED : NOTHING;
  case WNI_OP_CLIP:
  case WNI_OP_CONCAT:
  case WNI_OP_FLATTEN:
  case WNI_OP_IDENTITY:
  case WNI_OP_MAX_POOL:
  case WNI_OP_RESHAPE:
  case WNI_OP_SLICE:
  case WNI_OP_SPLIT:
  case WNI_OP_SQUEEZE:
  case WNI_OP_TRANSPOSE:
  case WNI_OP_UNSQUEEZE:
    return TYPED;
  default:
    return NOTHING;
  }
}

/* Whether all inputs that may hold either elements are on the grid of the first. */
static bool share_grid(const WniGraph *graph, const WniNode *node) {
  const WniValue *first = wni_node_input(graph, node, 0);
  for (int i = 1; i < node->n_in; i++) {
    const WniValue *in = wni_node_input(graph, node, i);
    if (in && in->on_grid && !same_grid(graph, &first->grid, &in->grid)) return false;
    if (in && !in->on_grid && node->op == WNI_OP_CONCAT) return false;
  }
  return first->on_grid;
}

/* The output of what moves integers stands on their grid. */
static WnStatus pass_on(WniGraph *graph, const WniNode *node, WnError *error) {
  bool any = false;
  for (int i = 0; i < node->n_in; i++) {
    const WniValue *in = wni_node_input(graph, node, i);
    any = any || (in && in->on_grid);
  }
  if (!any) return WN_OK;
  Moves how = moves(graph, node);
  const WniGrid grid = wni_node_input(graph, node, 0)->grid;
  bool in_place = node->op == WNI_OP_CAST || node->op == WNI_OP_IDENTITY;
  if (how == NOTHING || !share_grid(graph, node) || (grid.n > 1 && !in_place))
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "it computes with quantized integers; move the DequantizeLinear in front "
                         "of it");
  for (int i = 0; i < node->n_out; i++) {
    wni_put_on_grid(graph, node->out[i], &grid);
    if (how == IN_FLOAT) graph->values[node->out[i]].quantized = false;
  }
  return WN_OK;
}

WnStatus wni_quantize_infer(WniGraph *graph, const WniNode *node, WnError *error) {
  WniGrid grid;
  if (node->op == WNI_OP_QUANTIZE_LINEAR) return quantize(graph, node, error);
  if (node->op == WNI_OP_DEQUANTIZE_LINEAR) return read_grid(graph, node, &grid, error);
  return pass_on(graph, node, error);
}

bool wni_dequantize_is_alias(const WniGraph *graph, const WniNode *node) {
  const WniValue *from = wni_node_input(graph, node, 0);
  WniGrid grid;
  return node->op == WNI_OP_DEQUANTIZE_LINEAR && from->on_grid &&
         read_grid(graph, node, &grid, NULL) == WN_OK && same_grid(graph, &from->grid, &grid);
}

size_t wni_dequantize_affine(const WniGraph *graph, const WniNode *node, int *axis, float *scale,
                             float *shift) {
  const WniValue *from = wni_node_input(graph, node, 0);
  const WniGrid *old = from->on_grid ? &from->grid : NULL;
  WniGrid grid;
  if (read_grid(graph, node, &grid, NULL) != WN_OK) return 0;
  size_t n = old && old->n > grid.n ? old->n : grid.n;
  if (old && old->n > 1 && grid.n > 1 && old->axis != grid.axis) return 0;
  *axis = grid.n > 1 || !old ? grid.axis : old->axis;
  for (size_t i = 0; scale && i < n; i++) {
    double step = (double)wni_grid_scale(graph, &grid, i);
    double zero = wni_grid_zero(graph, &grid, i);
    scale[i] = (float)(old ? step / (double)wni_grid_scale(graph, old, i) : step);
    shift[i] = (float)(((old ? wni_grid_zero(graph, old, i) : 0) - zero) * step);
  }
  return n;
}

/* ---- constants ---- */

/* Which of its scales element i of a constant of `shape` has. */
static size_t scale_of(const WniGrid *grid, const WniShape *shape, size_t i) {
  size_t inner = 1;
  if (grid->n == 1) return 0;
  for (int d = grid->axis + 1; d < shape->rank; d++) inner *= (size_t)shape->dim[d];
  return i / inner % grid->n;
}

WnStatus wni_dequantize(const WniGraph *graph, const WniNode *node, float *to, WnError *error) {
  const WniValue *q = wni_node_input(graph, node, 0);
  WniGrid grid;
  WnStatus status = read_grid(graph, node, &grid, error);
  for (size_t i = 0; status == WN_OK && i < q->constant.count; i++) {
    size_t k = scale_of(&grid, &q->shape, i);
    to[i] = (float)(wni_constant_integer(&q->constant, i) - wni_grid_zero(graph, &grid, k)) *
            wni_grid_scale(graph, &grid, k);
  }
  return status;
}

WnStatus wni_quantize_constant(const WniGraph *graph, const WniNode *node, int64_t *to, int *type,
                               WnError *error) {
  const WniValue *x = wni_node_input(graph, node, 0);
  WniGrid grid;
  WnStatus status = read_grid(graph, node, &grid, error);
  if (status == WN_OK) status = read_range(graph, node, &grid, error);
  if (status != WN_OK) return status;
  for (size_t i = 0; i < sizeof integer_types / sizeof *integer_types; i++)
    if (integer_types[i].low == grid.low && integer_types[i].high == grid.high)
      *type = integer_types[i].type;
  for (size_t i = 0; i < x->constant.count; i++) {
    size_t k = scale_of(&grid, &x->shape, i);
    float q = rintf(x->constant.f[i] / wni_grid_scale(graph, &grid, k));
    float y = fmaxf(q + (float)wni_grid_zero(graph, &grid, k), (float)grid.low); /* NaN: low */
    to[i] = (int64_t)fminf(y, (float)grid.high);
  }
  return WN_OK;
}

/* ---- weights ---- */

bool wni_is_quantized_constant(const WniGraph *graph, int value) {
  int producer = graph->values[value].producer;
  const WniNode *node = producer >= 0 ? &graph->nodes[producer] : NULL;
  return node && node->op == WNI_OP_DEQUANTIZE_LINEAR && !graph->values[value].known &&
         graph->values[node->in[0]].known;
}

/* The dimension of input 1 that counts the outputs of a layer with weights; -1: it has none. */
static int output_axis(const WniGraph *graph, const WniNode *node) {
  switch (node->op) {
  case WNI_OP_CONV:
    return 0;
  case WNI_OP_GEMM:
    return wni_attr_int(node->proto, "transB", 0) ? 0 : 1;
  case WNI_OP_MATMUL:
    return wni_node_input(graph, node, 1)->shape.rank == 2 ? 1 : -1;
  default:
    return -1;
  }
}

bool wni_weights_stay_integers(const WniGraph *graph, const WniNode *node, int input) {
  const WniNode *maker = &graph->nodes[graph->values[node->in[input]].producer];
  int axis = input == 1 ? output_axis(graph, node) : -1;
  WniGrid grid;
  if (axis < 0 || read_grid(graph, maker, &grid, NULL) != WN_OK) return false;
  for (size_t i = 1; i < grid.n; i++)
    if (wni_grid_zero(graph, &grid, i) != wni_grid_zero(graph, &grid, 0)) return false;
  return grid.n == 1 || grid.axis == axis;
}
