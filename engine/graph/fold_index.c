/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Folding of what takes elements by an index, or makes tensors of positions (fold.h).
 */
#include "graph/fold.h"

#include "graph/indexing.h"
#include "graph/offsets.h"
#include "graph/resize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BETWEEN = 1 << 27 }; /* elements */

/* Element i of a constant that is being filled. */
static void put(const WniConstant *constant, void *data, size_t i, double value) {
  if (!constant->is_int)
    ((float *)data)[i] = (float)value;
  else if (constant->bytes)
    ((uint8_t *)data)[i] = (uint8_t)(int64_t)value;
  else
    ((int64_t *)data)[i] = (int64_t)value;
}

/* Expand, Tile, Gather, Pad, Resize to the nearest. */
WnStatus wni_fold_indexing(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  size_t bytes = wni_constant_element_bytes(x);
  int64_t stride[WNI_MAX_RANK] = {0}, step = 1;
  WniIndexing ix;
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  if (status == WN_OK) status = wni_indexing_read(fold->graph, fold->node, &ix, fold->error);
  if (status != WN_OK) return status;
  for (int d = ix.from.rank; d-- > 0; step *= ix.from.dim[d]) stride[d] = step;
  for (size_t flat = 0; flat < fold->out->count; flat++) {
    int64_t from = 0, rest = (int64_t)flat;
    bool inside = true;
    for (int d = ix.to.rank; d-- > 0; rest /= ix.to.dim[d]) {
      int32_t source = ix.source[d][rest % ix.to.dim[d]];
      inside = inside && source >= 0;
      from += source * stride[d];
    }
    if (inside)
      memcpy((char *)data + flat * bytes,
             (const char *)wni_constant_elements(x) + (size_t)from * bytes, bytes);
    else
      put(fold->out, data, flat, ix.fill);
  }
  wni_indexing_clear(&ix);
  return WN_OK;
}

/* One dimension of x [outer][n][inner] resampled: y [outer][n_out][inner]. */
static void resample(const WniResizing *resize, int d, const float *x, size_t outer, size_t inner,
                     const int32_t *source, const float *weight, float *y) {
  size_t n = (size_t)resize->in.dim[d], n_out = (size_t)resize->out.dim[d];
  size_t taps = wni_resize_taps(resize, d);
  for (size_t o = 0; o < outer; o++)
    for (size_t i = 0; i < n_out; i++)
      for (size_t k = 0; k < inner; k++) {
        double sum = 0;
        for (size_t t = 0; t < taps; t++)
          sum += (double)weight[i * taps + t] *
                 (double)x[(o * n + (size_t)source[i * taps + t]) * inner + k];
        y[(o * n_out + i) * inner + k] = (float)sum;
      }
}

/* x, whose dimensions before d are those of the output: replaced by what it is behind d. */
static bool resample_dimension(const WniResizing *resize, int d, float **x) {
  size_t n_out = (size_t)resize->out.dim[d], taps = wni_resize_taps(resize, d), outer = 1,
         inner = 1;
  for (int e = 0; e < d; e++) outer *= (size_t)resize->out.dim[e];
  for (int e = d + 1; e < resize->in.rank; e++) inner *= (size_t)resize->in.dim[e];
  int32_t *source = malloc(n_out * taps * sizeof *source);
  float *weight = malloc(n_out * taps * sizeof *weight);
  float *y = malloc(outer * n_out * inner * sizeof *y);
  bool good = source && weight && y;
  for (size_t i = 0; good && i < n_out; i++)
    wni_resize_weights(resize, d, (int64_t)i, source + i * taps, weight + i * taps);
  if (good) {
    resample(resize, d, *x, outer, inner, source, weight, y);
    free(*x);
    *x = y;
  } else {
    free(y);
  }
  free(source);
  free(weight);
  return good;
}

/* What stands between the dimensions may be larger than either end, and each element is a sum. */
static WnStatus count_between(WniFold *fold, const WniResizing *resize) {
  WniShape shape = resize->in;
  WnStatus status = WN_OK;
  for (int d = 0; d < shape.rank && status == WN_OK; d++) {
    int64_t taps = (int64_t)wni_resize_taps(resize, d);
    size_t count;
    shape.dim[d] = resize->out.dim[d];
    if (taps == 1) continue;
    if (!wni_constant_shape(shape.rank, shape.dim, MAX_BETWEEN, &count))
      return wni_node_fail(fold->graph, fold->node, WN_ERROR_MEMORY, fold->error,
                           "a constant becomes too large while it is resampled");
    status = wni_fold_work(fold, (int64_t)count * taps);
  }
  return status;
}

WnStatus wni_fold_resize(WniFold *fold) {
  const WniConstant *in = wni_fold_input(fold, 0);
  WniResizing resize;
  void *data;
  WnStatus status = wni_resize_read(fold->graph, fold->node, &resize, fold->error);
  if (status != WN_OK) return status;
  if (resize.mode == WNI_RESIZE_NEAREST) return wni_fold_indexing(fold);
  status = wni_fold_allocate(fold, false, &data);
  if (status != WN_OK) return status;
  status = count_between(fold, &resize);
  if (status != WN_OK) return status;
  float *x = malloc((in->count + 1) * sizeof *x);
  bool good = x != NULL;
  if (good) memcpy(x, in->f, in->count * sizeof *x);
  for (int d = 0; good && d < resize.in.rank; d++)
    if (wni_resize_taps(&resize, d) > 1) good = resample_dimension(&resize, d, &x);
  if (good) memcpy(data, x, fold->out->count * sizeof *x);
  free(x);
  return good ? WN_OK
              : wni_node_fail(fold->graph, fold->node, WN_ERROR_MEMORY, fold->error,
                              "no memory to resample a constant");
}

WnStatus wni_fold_split(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  size_t bytes = wni_constant_element_bytes(x), outer = 1, row, before = 0;
  int axis = 0;
  wni_axis(wni_attr_int(fold->node->proto, "axis", 0), x->rank, &axis);
  for (int d = 0; d < axis; d++) outer *= (size_t)x->dim[d];
  row = outer ? x->count / outer * bytes : 0;
  for (int i = 0; i < fold->node->n_out; i++) {
    WniValue *out = &fold->graph->values[fold->node->out[i]];
    WniFold part = *fold;
    void *data;
    part.out = &out->constant;
    part.shape = &out->shape;
    WnStatus status = wni_fold_allocate_like(&part, x, &data);
    if (status != WN_OK) return status;
    size_t length = outer ? part.out->count / outer * bytes : 0;
    for (size_t o = 0; o < outer; o++)
      memcpy((char *)data + o * length, (const char *)wni_constant_elements(x) + o * row + before,
             length);
    before += length;
    out->known = true;
  }
  return WN_OK;
}

/* ---- by places ---- */

/* GatherElements, GatherND */
WnStatus wni_fold_gather_places(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  size_t bytes = wni_constant_element_bytes(x);
  WniOffsets offsets;
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  if (status == WN_OK) status = wni_offsets_read(fold->graph, fold->node, &offsets, fold->error);
  if (status != WN_OK) return status;
  for (size_t i = 0; i < offsets.n; i++)
    memcpy((char *)data + i * offsets.run * bytes,
           (const char *)wni_constant_elements(x) + (size_t)offsets.at[i] * bytes,
           offsets.run * bytes);
  wni_offsets_clear(&offsets);
  return WN_OK;
}

/* ScatterElements, ScatterND */
WnStatus wni_fold_scatter_places(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0), *updates = wni_fold_input(fold, 2);
  WniOffsets offsets;
  void *data;
  WnStatus status = wni_fold_allocate(fold, x->is_int, &data);
  if (status == WN_OK) status = wni_offsets_read(fold->graph, fold->node, &offsets, fold->error);
  if (status != WN_OK) return status;
  for (size_t i = 0; i < x->count; i++) put(fold->out, data, i, wni_fold_number(x, i));
  for (size_t i = 0; i < offsets.n * offsets.run; i++) {
    size_t at = (size_t)offsets.at[i / offsets.run] + i % offsets.run;
    double value = wni_fold_number(updates, i);
    put(fold->out, data, at, wni_scatter(offsets.mode, wni_fold_number(fold->out, at), value));
  }
  wni_offsets_clear(&offsets);
  return WN_OK;
}

/* ---- positions ---- */

WnStatus wni_fold_range(WniFold *fold) {
  const WniConstant *first = wni_fold_input(fold, 0), *step = wni_fold_input(fold, 2);
  void *data;
  WnStatus status = wni_fold_allocate(fold, first->is_int, &data);
  for (size_t i = 0; status == WN_OK && i < fold->out->count; i++)
    put(fold->out, data, i, wni_fold_number(first, 0) + (double)i * wni_fold_number(step, 0));
  return status;
}

WnStatus wni_fold_size_of(WniFold *fold) {
  void *data;
  WnStatus status = wni_fold_allocate(fold, true, &data);
  if (status == WN_OK)
    *(int64_t *)data = wni_shape_count(&wni_node_input(fold->graph, fold->node, 0)->shape);
  return status;
}

/* 1 on a diagonal of a matrix that has the shape of another one. */
WnStatus wni_fold_eye_like(WniFold *fold) {
  bool is_int = fold->graph->values[fold->node->out[0]].is_int;
  int64_t k = wni_attr_int(fold->node->proto, "k", 0), columns = fold->shape->dim[1];
  void *data;
  WnStatus status = wni_fold_allocate(fold, is_int, &data);
  for (size_t i = 0; status == WN_OK && i < fold->out->count; i++)
    put(fold->out, data, i, (int64_t)i % columns - (int64_t)i / columns == k);
  return status;
}

/* What is above a diagonal, or below it, stays. */
WnStatus wni_fold_trilu(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0), *k = wni_fold_input(fold, 1);
  bool upper = wni_attr_int(fold->node->proto, "upper", 1) != 0;
  int64_t diagonal = k && k->count ? wni_constant_integer(k, 0) : 0;
  size_t bytes = wni_constant_element_bytes(x);
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  int64_t columns = x->dim[x->rank - 1], rows = x->dim[x->rank - 2];
  for (size_t i = 0; status == WN_OK && i < x->count; i++) {
    int64_t column = (int64_t)i % columns, row = (int64_t)i / columns % rows;
    bool stays = upper ? column - row >= diagonal : column - row <= diagonal;
    if (stays)
      memcpy((char *)data + i * bytes, (const char *)wni_constant_elements(x) + i * bytes, bytes);
  }
  return status;
}

/* The running sum along an axis. */
WnStatus wni_fold_cumsum(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0), *along = wni_fold_input(fold, 1);
  bool exclusive = wni_attr_int(fold->node->proto, "exclusive", 0) != 0;
  bool reverse = wni_attr_int(fold->node->proto, "reverse", 0) != 0;
  size_t inner = 1;
  int axis;
  void *data;
  if (along->count != 1 || !wni_axis(wni_constant_integer(along, 0), x->rank, &axis))
    return wni_node_fail(fold->graph, fold->node, WN_ERROR_MODEL, fold->error,
                         "its axis is out of range");
  WnStatus status = wni_fold_allocate(fold, x->is_int, &data);
  size_t n = (size_t)x->dim[axis];
  for (int d = axis + 1; d < x->rank; d++) inner *= (size_t)x->dim[d];
  for (size_t row = 0; status == WN_OK && n && row < x->count / n; row++) {
    size_t first = row / inner * n * inner + row % inner;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
      size_t at = first + (reverse ? n - 1 - i : i) * inner;
      double value = wni_fold_number(x, at);
      put(fold->out, data, at, exclusive ? sum : sum + value);
      sum += value;
    }
  }
  return status;
}

/* The channel of the deep image for pixel (i, j) of a block of the flat one's channel c. */
static int64_t deep_channel(int64_t c, int64_t i, int64_t j, int64_t block, int64_t channels,
                            bool column_row_depth) {
  return column_row_depth ? (c * block + i) * block + j : (i * block + j) * channels + c;
}

/* DepthToSpace and, the other way round, SpaceToDepth */
WnStatus wni_fold_depth_to_space(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  bool flattens = fold->node->op == WNI_OP_DEPTH_TO_SPACE;
  bool crd = flattens && wni_attr_is(fold->node->proto, "mode", "CRD");
  const int64_t *flat = flattens ? fold->shape->dim : x->dim, channels = flat[1];
  const int64_t *deep = flattens ? x->dim : fold->shape->dim;
  int64_t block = wni_attr_int(fold->node->proto, "blocksize", 1);
  size_t bytes = wni_constant_element_bytes(x);
  void *data;
  WnStatus status = wni_fold_allocate_like(fold, x, &data);
  for (size_t k = 0; status == WN_OK && k < x->count; k++) {
    int64_t column = (int64_t)k % flat[3], row = (int64_t)k / flat[3] % flat[2];
    int64_t c = (int64_t)k / (flat[3] * flat[2]) % channels;
    int64_t image = (int64_t)k / (flat[3] * flat[2] * channels);
    int64_t at = deep_channel(c, row % block, column % block, block, channels, crd);
    at = ((image * deep[1] + at) * deep[2] + row / block) * deep[3] + column / block;
    size_t to = flattens ? k : (size_t)at, from = flattens ? (size_t)at : k;
    memcpy((char *)data + to * bytes, (const char *)wni_constant_elements(x) + from * bytes, bytes);
  }
  return status;
}
