/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See offsets.h.  Formulas: ONNX GatherElements-13, GatherND-13, ScatterElements-18, ScatterND-18.
 */
#include "graph/offsets.h"

#include <stdlib.h>

static void row_major(const WniShape *shape, int64_t *stride) {
  int64_t step = 1;
  for (int d = shape->rank; d-- > 0; step *= shape->dim[d]) stride[d] = step;
}

/* The place that an index says along dimension d. */
static WnStatus place(const WniGraph *graph, const WniNode *node, const WniShape *data, int d,
                      int64_t index, int64_t stride, int64_t *at, WnError *error) {
  int64_t dim = data->dim[d];
  if (index < -dim || index >= dim)
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                         "index %lld is out of range for a dimension of %lld", (long long)index,
                         (long long)dim);
  *at += (index < 0 ? index + dim : index) * stride;
  return WN_OK;
}

/* Along `axis` the index is the element of the indices, in the others that of its own place. */
static WnStatus read_elements(const WniGraph *graph, const WniNode *node, WniOffsets *out,
                              WnError *error) {
  const WniShape *data = &wni_node_input(graph, node, 0)->shape;
  const WniConstant *index = &wni_node_input(graph, node, 1)->constant;
  int64_t stride[WNI_MAX_RANK];
  int axis = 0;
  WnStatus status = WN_OK;
  wni_axis(wni_attr_int(node->proto, "axis", 0), data->rank, &axis);
  row_major(data, stride);
  for (size_t i = 0; i < out->n && status == WN_OK; i++) {
    int64_t at = 0, rest = (int64_t)i;
    for (int d = data->rank; d-- > 0; rest /= index->dim[d])
      if (d != axis) at += rest % index->dim[d] * stride[d];
    status =
        place(graph, node, data, axis, wni_constant_integer(index, i), stride[axis], &at, error);
    out->at[i] = (int32_t)at;
  }
  return status;
}

/* The last dimension of the indices says the first dimensions of the data, behind `batch_dims`. */
static WnStatus read_nd(const WniGraph *graph, const WniNode *node, WniOffsets *out,
                        WnError *error) {
  const WniShape *data = &wni_node_input(graph, node, 0)->shape;
  const WniConstant *index = &wni_node_input(graph, node, 1)->constant;
  int batch = (int)wni_attr_int(node->proto, "batch_dims", 0);
  int told = (int)index->dim[index->rank - 1];
  int64_t stride[WNI_MAX_RANK], in_batch = 1;
  WnStatus status = WN_OK;
  row_major(data, stride);
  for (int d = batch; d < index->rank - 1; d++) in_batch *= index->dim[d];
  for (size_t i = 0; i < out->n && status == WN_OK; i++) {
    int64_t at = batch ? (int64_t)i / in_batch * stride[batch - 1] : 0;
    for (int k = 0; k < told && status == WN_OK; k++)
      status = place(graph, node, data, batch + k,
                     wni_constant_integer(index, i * (size_t)told + (size_t)k), stride[batch + k],
                     &at, error);
    out->at[i] = (int32_t)at;
  }
  return status;
}

static WnStatus read_mode(const WniGraph *graph, const WniNode *node, WniScatterMode *out,
                          WnError *error) {
  static const char *const names[] = {"none", "add", "mul", "max", "min"};
  *out = WNI_SCATTER_NONE;
  if (!wni_attr(node->proto, "reduction")) return WN_OK;
  for (int i = 0; i < 5; i++)
    if (wni_attr_is(node->proto, "reduction", names[i])) {
      *out = (WniScatterMode)i;
      return WN_OK;
    }
  return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its reduction is not supported");
}

WnStatus wni_offsets_read(const WniGraph *graph, const WniNode *node, WniOffsets *out,
                          WnError *error) {
  const WniValue *index = wni_node_input(graph, node, 1);
  const WniShape *data = &wni_node_input(graph, node, 0)->shape;
  bool nd = node->op == WNI_OP_GATHER_ND || node->op == WNI_OP_SCATTER_ND;
  *out = (WniOffsets){.run = 1};
  if (!index->known)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its indices are computed");
  out->n = index->constant.count;
  if (nd) {
    int64_t told = index->shape.dim[index->shape.rank - 1];
    int first = (int)(wni_attr_int(node->proto, "batch_dims", 0) + told);
    for (int d = first; d < data->rank; d++) out->run *= (size_t)data->dim[d];
    out->n /= (size_t)told;
  }
  out->at = malloc((out->n + 1) * sizeof *out->at);
  WnStatus status =
      out->at ? read_mode(graph, node, &out->mode, error)
              : wni_node_fail(graph, node, WN_ERROR_MEMORY, error, "no memory for its indices");
  if (status == WN_OK)
    status = nd ? read_nd(graph, node, out, error) : read_elements(graph, node, out, error);
  if (status != WN_OK) wni_offsets_clear(out);
  return status;
}

void wni_offsets_clear(WniOffsets *offsets) {
  free(offsets->at);
  *offsets = (WniOffsets){0};
}
