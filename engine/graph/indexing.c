/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See indexing.h.  Formulas: ONNX Expand-8, Tile-6, Gather-13, Pad-19.
 */
#include "graph/indexing.h"

#include "graph/resize.h"

#include <stdlib.h>

WnStatus wni_indexing_start(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                            WnError *error) {
  size_t count = 1;
  if (wni_shape_count(&out->to) == 0) /* no element is looked for */
    for (int d = 0; d < out->to.rank; d++) out->to.dim[d] = 0;
  for (int d = 0; d < out->to.rank; d++) count += (size_t)out->to.dim[d];
  out->owned = malloc(count * sizeof *out->owned);
  if (!out->owned)
    return wni_node_fail(graph, node, WN_ERROR_MEMORY, error, "not enough memory for its indices");
  int32_t *at = out->owned;
  for (int d = 0; d < out->to.rank; d++) {
    out->source[d] = at;
    at += out->to.dim[d];
    for (int64_t i = 0, dim = out->from.dim[d]; i < out->to.dim[d]; i++)
      out->source[d][i] = dim ? (int32_t)(i % dim) : -1;
  }
  return WN_OK;
}

static WnStatus read_gather(const WniGraph *graph, const WniNode *node, int axis, WniIndexing *out,
                            WnError *error) {
  const WniConstant *index = &wni_node_input(graph, node, 1)->constant;
  int64_t dim = out->from.dim[axis];
  if (wni_shape_count(&out->to) == 0) return WN_OK; /* there is no room for them */
  for (size_t i = 0; i < index->count; i++) {
    int64_t at = wni_constant_integer(index, i);
    if (at < -dim || at >= dim)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "index %lld is out of range for a dimension of %lld", (long long)at,
                           (long long)dim);
    out->source[axis][i] = (int32_t)(at < 0 ? at + dim : at);
  }
  return WN_OK;
}

typedef enum PadMode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP, PAD_UNKNOWN } PadMode;

static PadMode pad_mode(const WniNode *node) {
  static const char *const names[PAD_UNKNOWN] = {"constant", "reflect", "edge", "wrap"};
  int mode = PAD_CONSTANT;
  if (!wni_attr(node->proto, "mode")) return PAD_CONSTANT;
  while (mode < PAD_UNKNOWN && !wni_attr_is(node->proto, "mode", names[mode])) mode++;
  return (PadMode)mode;
}

/* Where element i of a padded dimension comes from; -1: from nowhere. */
static int64_t pad_source(int64_t i, int64_t dim, PadMode mode) {
  if (i >= 0 && i < dim) return i;
  switch (mode) {
  case PAD_REFLECT:
    return i < 0 ? -i : 2 * (dim - 1) - i;
  case PAD_EDGE:
    return i < 0 ? 0 : dim - 1;
  case PAD_WRAP:
    return ((i % dim) + dim) % dim;
  default:
    return -1;
  }
}

static WnStatus pad_value(const WniGraph *graph, const WniNode *node, double *out, WnError *error) {
  const WniValue *value = wni_node_input(graph, node, 2);
  *out = (double)wni_attr_float(node->proto, "value", 0);
  if (!value) return WN_OK;
  if (!value->known || value->constant.count != 1)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its value is not one constant number");
  *out = value->constant.is_int ? (double)wni_constant_integer(&value->constant, 0)
                                : (double)value->constant.f[0];
  return WN_OK;
}

static WnStatus read_pad(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                         WnError *error) {
  int64_t begin[WNI_MAX_RANK], end[WNI_MAX_RANK];
  PadMode mode = pad_mode(node);
  if (mode == PAD_UNKNOWN)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its mode is not constant, reflect, edge or wrap");
  WnStatus status = wni_pad_read(graph, node, begin, end, error);
  if (status == WN_OK) status = pad_value(graph, node, &out->fill, error);
  for (int d = 0; status == WN_OK && d < out->to.rank; d++) {
    if (mode != PAD_CONSTANT && out->from.dim[d] == 0 && out->to.dim[d] > 0)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "dimension %d has nothing that it could repeat", d);
    for (int64_t i = 0; i < out->to.dim[d]; i++)
      out->source[d][i] = (int32_t)pad_source(i - begin[d], out->from.dim[d], mode);
  }
  return status;
}

static WnStatus read_resize(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                            WnError *error) {
  WniResizing resize;
  WnStatus status = wni_resize_read(graph, node, &resize, error);
  for (int d = 0; status == WN_OK && d < out->to.rank; d++)
    for (int64_t i = 0; i < out->to.dim[d]; i++)
      out->source[d][i] = (int32_t)wni_resize_nearest(&resize, d, i);
  return status;
}

/* Dimensions of 1 in front of `shape`. */
static void raise_rank(WniShape *shape, int rank) {
  WniShape wide = {.rank = rank};
  int more = rank - shape->rank;
  for (int d = 0; d < rank; d++) wide.dim[d] = d < more ? 1 : shape->dim[d - more];
  *shape = wide;
}

WnStatus wni_indexing_read(const WniGraph *graph, const WniNode *node, WniIndexing *out,
                           WnError *error) {
  int axis = 0;
  *out = (WniIndexing){.from = wni_node_input(graph, node, 0)->shape,
                       .to = graph->values[node->out[0]].shape};
  if (node->op == WNI_OP_GATHER) {
    const WniValue *index = wni_node_input(graph, node, 1);
    if (!index->known)
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its indices are computed");
    wni_axis(wni_attr_int(node->proto, "axis", 0), out->from.rank, &axis);
    out->to = out->from;
    out->to.dim[axis] = (int64_t)index->constant.count;
  }
  raise_rank(&out->from, out->to.rank);
  WnStatus status = wni_indexing_start(graph, node, out, error); /* all of Expand and Tile */
  if (status != WN_OK) return status;
  if (node->op == WNI_OP_GATHER) status = read_gather(graph, node, axis, out, error);
  if (node->op == WNI_OP_PAD) status = read_pad(graph, node, out, error);
  if (node->op == WNI_OP_RESIZE || node->op == WNI_OP_UPSAMPLE)
    status = read_resize(graph, node, out, error);
  if (status != WN_OK) wni_indexing_clear(out);
  return status;
}

void wni_indexing_clear(WniIndexing *indexing) {
  free(indexing->owned);
  *indexing = (WniIndexing){0};
}

bool wni_indexing_is_regular(const WniIndexing *indexing, int d, int32_t *first, int32_t *step) {
  const int32_t *source = indexing->source[d];
  int64_t n = indexing->to.dim[d];
  if (n == 0 || source[0] < 0) return false;
  *first = source[0];
  *step = n > 1 ? source[1] - source[0] : 0;
  for (int64_t i = 1; i < n; i++)
    if (source[i] < 0 || source[i] != source[i - 1] + *step) return false;
  return true;
}
