/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Constant folding: the shape computations that exporters leave in a graph
 * (Shape, Gather, Concat, Reshape ...).  Elements are int64, float32 or the bytes of 8-bit
 * integers; moving operators treat all as bytes.
 */
#include "graph/fold.h"
#include "graph/quantize.h"

#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

/* Bytes of all folded constants of a model, and elements that folding reads and writes: a small
 * result may take long, too.  Products beyond MAX_PRODUCTS are left to be computed. */
enum { MAX_FOLDED = 1 << 29, MAX_PRODUCTS = 1 << 28 };
static const int64_t MAX_FOLD_WORK = (int64_t)1 << 30;

/* No rule: the node has to run. */
WnStatus wni_fold_NONE(WniFold *fold) {
  fold->left = true;
  return WN_OK;
}

const WniConstant *wni_fold_input(const WniFold *fold, int i) {
  const WniValue *value = wni_node_input(fold->graph, fold->node, i);
  return value ? &value->constant : NULL;
}

static bool within_budget(WniFold *fold, size_t element_bytes) {
  size_t count, left = (size_t)(MAX_FOLDED - fold->graph->folded) / element_bytes;
  if (!wni_constant_shape(fold->shape->rank, fold->shape->dim, left, &count)) return false;
  fold->graph->folded += (int64_t)(count * element_bytes);
  return true;
}

WnStatus wni_fold_work(WniFold *fold, int64_t elements) {
  fold->graph->fold_work += elements;
  if (fold->graph->fold_work <= MAX_FOLD_WORK) return WN_OK;
  return wni_node_fail(fold->graph, fold->node, WN_ERROR_UNSUPPORTED, fold->error,
                       "the model's constants take too long to compute; export it with its "
                       "constants folded");
}

bool wni_fold_afford(WniFold *fold, size_t n, size_t each) {
  int64_t left = MAX_PRODUCTS - fold->graph->folded_products, products;
  if (n > MAX_PRODUCTS || each > MAX_PRODUCTS ||
      !wni_mul_limited((int64_t)n, (int64_t)each, left, &products))
    return false;
  fold->graph->folded_products += products;
  return true;
}

/* After within_budget(): there is no more. */
static WnStatus no_memory(const WniFold *fold) {
  return wni_node_fail(fold->graph, fold->node, WN_ERROR_MEMORY, fold->error,
                       "not enough memory for the constant that it makes");
}

static WnStatus too_large(const WniFold *fold) {
  return wni_node_fail(fold->graph, fold->node, WN_ERROR_MEMORY, fold->error,
                       "its constant makes those of the model too large: more than %d MiB",
                       (int)(MAX_FOLDED >> 20));
}

WnStatus wni_fold_allocate(WniFold *fold, bool is_int, void **data) {
  if (!within_budget(fold, is_int ? sizeof(int64_t) : sizeof(float))) return too_large(fold);
  return wni_constant_new(fold->out, is_int, fold->shape->rank, fold->shape->dim, data)
             ? WN_OK
             : no_memory(fold);
}

WnStatus wni_fold_allocate_like(WniFold *fold, const WniConstant *x, void **data) {
  if (!within_budget(fold, wni_constant_element_bytes(x))) return too_large(fold);
  return wni_constant_new_like(fold->out, x, fold->shape->rank, fold->shape->dim, data)
             ? WN_OK
             : no_memory(fold);
}

static size_t element_bytes(const WniConstant *constant) {
  return wni_constant_element_bytes(constant);
}

static const char *bytes_of(const WniConstant *constant) {
  return wni_constant_elements(constant);
}

double wni_fold_number(const WniConstant *constant, size_t i) {
  return constant->is_int ? (double)wni_constant_integer(constant, i) : (double)constant->f[i];
}

/* Same elements, new shape: Reshape, Squeeze, Unsqueeze, Flatten, Identity. */
WnStatus wni_fold_same(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  if (status == WN_OK && x->count) memcpy(data, bytes_of(x), x->count * element_bytes(x));
  return status;
}

/* Cast, CastLike */
WnStatus wni_fold_cast(WniFold *fold) {
  WniConstant *x = &wni_node_input(fold->graph, fold->node, 0)->constant;
  const WniConstant *like = wni_fold_input(fold, 1);
  bool is_int = fold->graph->values[fold->node->out[0]].is_int;
  if (x->halves) { /* whoever reads the numbers widens them (halves.c) */
    x->lent = true;
    *fold->out = *x;
    return WN_OK;
  }
  int to = like ? like->type : (int)wni_attr_int(fold->node->proto, "to", 1);
  void *data;
  WnStatus status = wni_fold_allocate(fold, is_int, &data);
  if (is_int) fold->out->type = to;
  for (size_t i = 0; status == WN_OK && i < x->count; i++) {
    double value = wni_fold_number(x, i);
    if (!is_int)
      ((float *)data)[i] = (float)value;
    else if (to == WNI_BOOL)
      ((int64_t *)data)[i] = value != 0;
    else if (x->is_int)
      ((int64_t *)data)[i] = wni_constant_integer(x, i);
    else
      ((int64_t *)data)[i] = fabs(value) < 9e18 ? (int64_t)value : 0;
  }
  return status;
}

WnStatus wni_fold_shape_of(WniFold *fold) {
  const WniShape *shape = &wni_node_input(fold->graph, fold->node, 0)->shape;
  int64_t start = wni_attr_int(fold->node->proto, "start", 0);
  void *data;
  WnStatus status = wni_fold_allocate(fold, true, &data);
  if (start < 0) start = start + shape->rank < 0 ? 0 : start + shape->rank;
  for (size_t i = 0; status == WN_OK && i < fold->out->count; i++)
    ((int64_t *)data)[i] = shape->dim[start + (int64_t)i];
  return status;
}

WnStatus wni_fold_constant(WniFold *fold) {
  const Onnx__AttributeProto *attribute = fold->node->proto->attribute[0];
  bool is_int = attribute->n_ints || (!attribute->n_floats && attribute->has_i);
  void *data;
  if (attribute->t)
    return wni_onnx_tensor(attribute->t, wni_node_name(fold->node->proto), fold->out, fold->error);
  if (!is_int && !attribute->n_floats && !attribute->has_f)
    return wni_node_fail(fold->graph, fold->node, WN_ERROR_UNSUPPORTED, fold->error,
                         "its value is neither numbers nor a tensor");
  WnStatus status = wni_fold_allocate(fold, is_int, &data);
  for (size_t i = 0; status == WN_OK && i < fold->out->count; i++) {
    if (is_int)
      ((int64_t *)data)[i] = attribute->n_ints ? attribute->ints[i] : attribute->i;
    else
      ((float *)data)[i] = attribute->n_floats ? attribute->floats[i] : attribute->f;
  }
  return status;
}

WnStatus wni_fold_constant_of_shape(WniFold *fold) {
  const Onnx__AttributeProto *attribute = wni_attr(fold->node->proto, "value");
  WniConstant value = {0};
  void *data;
  WnStatus status = WN_OK;
  if (attribute && attribute->t)
    status = wni_onnx_tensor(attribute->t, wni_node_name(fold->node->proto), &value, fold->error);
  if (status == WN_OK && !wni_constant_widen(&value)) status = too_large(fold);
  if (status == WN_OK && attribute && value.count != 1)
    status = wni_node_fail(fold->graph, fold->node, WN_ERROR_MODEL, fold->error,
                           "its value is not one number");
  if (status == WN_OK) status = wni_fold_allocate(fold, value.is_int, &data);
  if (status == WN_OK) fold->out->type = value.type;
  for (size_t i = 0; status == WN_OK && value.count && i < fold->out->count; i++) {
    if (value.is_int)
      ((int64_t *)data)[i] = wni_constant_integer(&value, 0);
    else
      ((float *)data)[i] = value.f[0];
  }
  wni_constant_clear(&value);
  return status;
}

/* Copies elements whose source index is linear in the output index. */
static void copy_strided(const WniFold *fold, char *data, const WniConstant *x, int64_t offset,
                         const int64_t *stride) {
  size_t bytes = element_bytes(x);
  for (size_t flat = 0; flat < fold->out->count; flat++) {
    int64_t from = offset, rest = (int64_t)flat;
    for (int d = fold->shape->rank; d-- > 0; rest /= fold->shape->dim[d])
      from += rest % fold->shape->dim[d] * stride[d];
    memcpy(data + flat * bytes, bytes_of(x) + (size_t)from * bytes, bytes);
  }
}

void wni_fold_row_major(const WniConstant *x, int64_t *stride) {
  int64_t step = 1;
  for (int d = x->rank; d-- > 0; step *= x->dim[d]) stride[d] = step;
}

size_t wni_fold_broadcast(const WniConstant *x, const WniShape *shape, size_t flat) {
  size_t at = 0, step = 1;
  for (int d = shape->rank, k = x->rank; k-- > 0; step *= (size_t)x->dim[k]) {
    size_t i = flat % (size_t)shape->dim[--d];
    flat /= (size_t)shape->dim[d];
    if (x->dim[k] > 1) at += i * step;
  }
  return at;
}

WnStatus wni_fold_transpose(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  int64_t from[WNI_MAX_RANK], stride[WNI_MAX_RANK];
  size_t n;
  const int64_t *perm = wni_attr_ints(fold->node->proto, "perm", &n);
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  if (status != WN_OK) return status;
  wni_fold_row_major(x, from);
  for (int d = 0; d < x->rank; d++) stride[d] = from[perm ? perm[d] : x->rank - 1 - d];
  copy_strided(fold, data, x, 0, stride);
  return WN_OK;
}

WnStatus wni_fold_slice(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  WniSlice slice;
  int64_t stride[WNI_MAX_RANK], offset = 0;
  void *data;
  WnStatus status = wni_slice_read(fold->graph, fold->node, &slice, fold->error);
  if (status == WN_OK) status = wni_fold_allocate_like(fold, x, &data);
  if (status != WN_OK) return status;
  wni_fold_row_major(x, stride);
  for (int d = 0; d < x->rank; d++) {
    offset += slice.begin[d] * stride[d];
    stride[d] *= slice.step[d];
  }
  copy_strided(fold, data, x, offset, stride);
  return WN_OK;
}

/* Bytes beside int64 become int64. */
static bool store_alike(WniFold *fold) {
  bool wide = false;
  for (int i = 0; i < fold->node->n_in; i++) wide = wide || !wni_fold_input(fold, i)->bytes;
  for (int i = 0; wide && i < fold->node->n_in; i++)
    if (!wni_constant_widen(&wni_node_input(fold->graph, fold->node, i)->constant)) return false;
  return true;
}

WnStatus wni_fold_concat(WniFold *fold) {
  if (!store_alike(fold)) return too_large(fold);
  const WniConstant *first = wni_fold_input(fold, 0);
  size_t bytes = element_bytes(first), outer = 1;
  int axis = 0;
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, first, &data);
  if (status != WN_OK) return status;
  int64_t fallback = fold->graph->onnx->opset < 4 ? 1 : 0;
  wni_axis(wni_attr_int(fold->node->proto, "axis", fallback), first->rank, &axis);
  for (int d = 0; d < axis; d++) outer *= (size_t)first->dim[d];
  char *to = data;
  for (size_t o = 0; o < outer; o++)
    for (int i = 0; i < fold->node->n_in; i++) {
      const WniConstant *x = wni_fold_input(fold, i);
      size_t run = x->count ? x->count / outer * bytes : 0;
      if (run) memcpy(to, bytes_of(x) + o * run, run);
      to += run;
    }
  return WN_OK;
}

static WnStatus dequantize(WniFold *fold) {
  void *data;
  WnStatus status = wni_fold_allocate(fold, false, &data);
  return status == WN_OK ? wni_dequantize(fold->graph, fold->node, data, fold->error) : status;
}

/* Small ones: the bytes of weights stay as they are until somebody reads them
 * (quantized_weights.c). */
WnStatus wni_fold_dequantize(WniFold *fold) {
  WniConstant *q = &wni_node_input(fold->graph, fold->node, 0)->constant;
  if (!wni_constant_narrow(q)) return too_large(fold);
  return q->bytes && q->rank > 1 ? wni_fold_NONE(fold) : dequantize(fold);
}

WnStatus wni_fold_quantize(WniFold *fold) {
  void *data;
  WnStatus status = wni_fold_allocate(fold, true, &data);
  if (status == WN_OK)
    status = wni_quantize_constant(fold->graph, fold->node, data, &fold->out->type, fold->error);
  return status == WN_OK && !wni_constant_narrow(fold->out) ? too_large(fold) : status;
}

static WniFoldFunction *const rules[WNI_OP_COUNT] = {
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  [WNI_OP_##id] = wni_fold_##fold,
#include "load/ops.inc"
#undef WNI_OPERATOR
};

/* What the rule reads and makes, if it makes anything. */
static int64_t work_of(const WniFold *fold, bool of_shape) {
  int64_t elements = 1;
  size_t made;
  for (int i = 0; i < fold->node->n_in && !of_shape; i++) {
    const WniConstant *x = wni_fold_input(fold, i);
    if (x) elements += (int64_t)x->count;
  }
  if (wni_constant_shape(fold->shape->rank, fold->shape->dim, MAX_FOLDED, &made))
    elements += (int64_t)made;
  return rules[fold->node->op] == wni_fold_NONE ? 0 : elements;
}

WnStatus wni_fold_weights(WniGraph *graph, WniNode *node, WnError *error) {
  WniValue *out = &graph->values[node->out[0]];
  WniFold fold = {graph, node, &out->constant, &out->shape, error, false};
  WnStatus status = dequantize(&fold);
  if (status != WN_OK) return status;
  out->known = node->dead = true;
  return WN_OK;
}

WnStatus wni_fold(WniGraph *graph, WniNode *node, bool *done, WnError *error) {
  *done = false;
  bool of_shape =
      node->op == WNI_OP_SHAPE || node->op == WNI_OP_SIZE || node->op == WNI_OP_EYE_LIKE;
  for (int i = 0; i < node->n_in && !of_shape; i++) {
    const WniValue *in = wni_node_input(graph, node, i);
    if (in && !in->known) return WN_OK;
  }
  WniValue *out = &graph->values[node->out[0]];
  WniFold fold = {graph, node, &out->constant, &out->shape, error, false};
  WnStatus status = wni_fold_work(&fold, work_of(&fold, of_shape));
  if (status == WN_OK) status = rules[node->op](&fold);
  if (status != WN_OK || fold.left) return status;
  out->known = *done = true;
  return WN_OK;
}
