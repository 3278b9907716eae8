/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lowering of operators that take elements dimension by dimension (graph/indexing.h): another view
 * of the input where strides can say it, else a step that copies runs; of those that find each
 * element by a place of its own (graph/offsets.h); and of Resize by weights, one dimension after
 * the other.
 */
#include "plan/lower.h"

#include "graph/indexing.h"
#include "graph/offsets.h"
#include "graph/resize.h"

#include <stdlib.h>
#include <string.h>

/* `tensor` with dimensions of 1 in front. */
static void raise_rank(WniTensor *tensor, int rank) {
  WniTensor wide = *tensor;
  int more = rank - tensor->shape.rank;
  wide.shape.rank = rank;
  for (int d = 0; d < rank; d++) {
    wide.shape.dim[d] = d < more ? 1 : tensor->shape.dim[d - more];
    wide.stride[d] = d < more ? 0 : tensor->stride[d - more];
    wide.halo_begin[d] = wide.halo_end[d] = 0;
  }
  *tensor = wide;
}

/* x seen through the indices; false: strides cannot say it. */
static bool view(const WniIndexing *indexing, const WniTensor *x, WniTensor *out) {
  *out = *x;
  out->shape = indexing->to;
  for (int d = 0; d < indexing->to.rank; d++) {
    int32_t first, step;
    if (!wni_indexing_is_regular(indexing, d, &first, &step)) return false;
    out->offset += first * x->stride[d];
    out->stride[d] = step * x->stride[d];
  }
  return true;
}

/* ---- the step ---- */

/* The dimensions of y from the widest stride to the narrowest, without those of 1 that are taken
 * as they are. */
static int sort_dimensions(const WniIndexing *indexing, const WniTensor *y, int *order) {
  int n = 0;
  for (int d = 0; d < y->shape.rank; d++) {
    if (y->shape.dim[d] == 1 && indexing->source[d][0] == 0) continue;
    int at = n++;
    for (; at > 0 && y->stride[order[at - 1]] < y->stride[d]; at--) order[at] = order[at - 1];
    order[at] = d;
  }
  return n;
}

/* Whether both walk dimension d from one end to the other, `length` elements apart. */
static bool is_run(const WniIndexing *indexing, int d, const WniTensor *x, const WniTensor *y,
                   ptrdiff_t length) {
  int32_t first, step;
  return wni_indexing_is_regular(indexing, d, &first, &step) && first == 0 && step == 1 &&
         indexing->from.dim[d] == indexing->to.dim[d] && x->stride[d] == length &&
         y->stride[d] == length;
}

/* Whether element i of a row is not taken, or filled, beside the one before it. */
static bool starts_run(const int32_t *source, size_t i, bool dense) {
  if (i == 0 || (source[i] < 0) != (source[i - 1] < 0)) return true;
  return source[i] >= 0 && (source[i] != source[i - 1] + 1 || !dense);
}

/* A row of n elements of y, each of `length` neighbours. */
static bool set_runs(WniPlan *plan, const int32_t *source, size_t n, ptrdiff_t x_stride,
                     ptrdiff_t length, size_t bytes, WniTake *take) {
  size_t n_runs = 0, r = 0;
  bool dense = x_stride == length;
  for (size_t i = 0; i < n; i++) n_runs += starts_run(source, i, dense);
  take->n_runs = n_runs;
  take->run = wni_plan_alloc(plan, n_runs, sizeof *take->run);
  if (!take->run) return false;
  for (size_t i = 0; i < n; i++) {
    if (starts_run(source, i, dense))
      take->run[r++].from = source[i] < 0 ? WNI_TAKE_FILL : source[i] * x_stride * (ptrdiff_t)bytes;
    take->run[r - 1].bytes += (size_t)length * bytes;
  }
  return true;
}

/* The loop over the rows, and what a row is made of. */
static bool set_take(WniPlan *plan, const WniIndexing *indexing, const WniTensor *x,
                     const WniTensor *y, WniTake *take) {
  static const int32_t zero = 0;
  size_t bytes = wni_type_bytes(y->type);
  int order[WNI_MAX_RANK], n = sort_dimensions(indexing, y, order);
  ptrdiff_t length = 1; /* of what all dimensions further in hold */
  while (n && is_run(indexing, order[n - 1], x, y, length)) length *= y->shape.dim[order[--n]];
  /* with zeros around it an image has gaps between its rows */
  int row = n && y->stride[order[n - 1]] == length ? order[--n] : -1;
  take->element_bytes = bytes;
  take->loop.rank = n;
  for (int i = 0; i < n; i++) {
    int d = order[i];
    take->loop.dim[i] = (size_t)y->shape.dim[d];
    take->loop.stride[0][i] = y->stride[d] * (ptrdiff_t)bytes;
    take->source[i] = wni_plan_alloc(plan, take->loop.dim[i], sizeof **take->source);
    if (!take->source[i]) return false;
    for (size_t k = 0; k < take->loop.dim[i]; k++) {
      int32_t from = indexing->source[d][k];
      take->source[i][k] = from < 0 ? WNI_TAKE_FILL : from * x->stride[d] * (ptrdiff_t)bytes;
    }
  }
  return set_runs(plan, row < 0 ? &zero : indexing->source[row],
                  row < 0 ? 1 : (size_t)y->shape.dim[row], row < 0 ? 0 : x->stride[row], length,
                  bytes, take);
}

/* An element of the type of y that stands for `fill`. */
static void set_fill(const WniTensor *y, double fill, WniTake *take) {
  float value = (float)fill;
  const WniKernel *store = wni_kernel_find(WNI_KERNEL_store, y->type);
  if (store)
    store->run.store(&value, &y->quant, 1, take->fill);
  else
    memcpy(take->fill, &value, sizeof value);
}

WnStatus wni_lower_take(WniLowering *lowering, const WniIndexing *indexing, const WniTensor *x,
                        const WniTensor *y) {
  WniStep step = {.kind = WNI_STEP_TAKE, .kernel = "take__c"};
  set_fill(y, indexing->fill, &step.layer.take);
  if (!set_take(lowering->plan, indexing, x, y, &step.layer.take))
    return wni_lower_no_memory(lowering);
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* The output is of the type of x: what is moved is not rounded again. */
static WnStatus push_take(WniLowering *lowering, const WniIndexing *indexing, const WniTensor *x) {
  int value = lowering->node->out[0];
  const WniShape *shape = &lowering->graph->values[value].shape;
  bool in_order = wni_shape_equals(&indexing->to, shape); /* not so: many indices */
  WniTensor out = {.shape = *shape, .type = x->type, .quant = x->quant}, y;
  WnStatus status = in_order ? wni_lower_buffer_like(lowering, &lowering->halos[value], x, &out)
                             : wni_lower_buffer(lowering, NULL, true, &out);
  if (status != WN_OK) return status;
  wni_tensor_reshape(&out, &indexing->to, &y); /* without gaps: always possible */
  if (in_order) y = out;
  wni_lower_place(lowering, 0, &out);
  return wni_lower_take(lowering, indexing, x, &y);
}

/* Expand, Tile, Gather, Pad, Resize to the nearest. */
WnStatus wni_lower_indexing(WniLowering *lowering) {
  const WniNode *node = lowering->node;
  WniIndexing indexing;
  WniTensor x, seen, y;
  WnStatus status = wni_indexing_read(lowering->graph, node, &indexing, lowering->error);
  if (status != WN_OK) return status;
  status = wni_lower_input(lowering, 0, &x);
  /* a number between two steps of the quantized ones cannot be filled in */
  if (status == WN_OK && x.type == WNI_U8 && indexing.fill != 0)
    status = wni_lower_float(lowering, 0, &x);
  if (status != WN_OK) goto done;
  raise_rank(&x, indexing.to.rank);
  if (view(&indexing, &x, &seen)) {
    wni_tensor_reshape(&seen, &lowering->graph->values[node->out[0]].shape, &y);
    wni_lower_place(lowering, 0, &y);
  } else {
    status = push_take(lowering, &indexing, &x);
  }
done:
  wni_indexing_clear(&indexing);
  return status;
}

/* ---- by places ---- */

/* Appends the step that reads x; y lies row by row. */
static WnStatus push_places(WniLowering *lowering, const WniTensor *x, const WniTensor *y,
                            bool scatter) {
  WniStep step = {.kind = WNI_STEP_PLACES, .kernel = "places_f32__c"};
  WniPlaces *places = &step.layer.places;
  WniOffsets offsets;
  WnStatus status = wni_offsets_read(lowering->graph, lowering->node, &offsets, lowering->error);
  if (status != WN_OK) return status;
  *places =
      (WniPlaces){.n = offsets.n, .run = offsets.run, .scatter = scatter, .mode = offsets.mode};
  places->at = wni_plan_alloc(lowering->plan, offsets.n, sizeof *places->at);
  if (places->at) memcpy(places->at, offsets.at, offsets.n * sizeof *places->at);
  wni_offsets_clear(&offsets);
  return places->at ? wni_lower_push(lowering, &step, &x, 1, y) : wni_lower_no_memory(lowering);
}

/* GatherElements, GatherND */
WnStatus wni_lower_gather_places(WniLowering *lowering) {
  WniTensor x, y;
  WnStatus status = wni_lower_contiguous(lowering, 0, WNI_F32, &x);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
  return status == WN_OK ? push_places(lowering, &x, &y, false) : status;
}

/* ScatterElements, ScatterND */
WnStatus wni_lower_scatter_places(WniLowering *lowering) {
  WniTensor data, updates, y;
  WnStatus status = wni_lower_input(lowering, 0, &data);
  if (status == WN_OK) status = wni_lower_contiguous(lowering, 2, WNI_F32, &updates);
  if (status == WN_OK) status = wni_lower_output(lowering, true, &y);
  if (status == WN_OK) status = wni_lower_copy(lowering, &data, &y);
  return status == WN_OK ? push_places(lowering, &updates, &y, true) : status;
}

/* ---- Resize by weights ---- */

/* A tensor without dimension `axis`. */
static WniTensor drop_axis(const WniTensor *tensor, int axis) {
  WniTensor out = *tensor;
  out.shape.rank--;
  for (int d = axis; d < out.shape.rank; d++) {
    out.shape.dim[d] = tensor->shape.dim[d + 1];
    out.stride[d] = tensor->stride[d + 1];
  }
  return out;
}

/* y is x resampled in dimension `axis`. */
static WnStatus push_interpolate(WniLowering *lowering, const WniResizing *resize, int axis,
                                 const WniTensor *x, const WniTensor *y) {
  WniStep step = {.kind = WNI_STEP_INTERPOLATE, .kernel = "interpolate_f32__c"};
  WniInterpolate *layer = &step.layer.interpolate;
  layer->n_out = (size_t)y->shape.dim[axis];
  layer->n_taps = wni_resize_taps(resize, axis);
  layer->x_stride = x->stride[axis];
  layer->y_stride = y->stride[axis];
  size_t count = layer->n_out * layer->n_taps;
  layer->source = wni_plan_alloc(lowering->plan, count, sizeof *layer->source);
  layer->weight = wni_plan_alloc(lowering->plan, count, sizeof *layer->weight);
  if (!layer->source || !layer->weight) return wni_lower_no_memory(lowering);
  for (size_t i = 0; i < layer->n_out; i++)
    wni_resize_weights(resize, axis, (int64_t)i, layer->source + i * layer->n_taps,
                       layer->weight + i * layer->n_taps);
  WniTensor rest_y = drop_axis(y, axis), rest_x = drop_axis(x, axis);
  const WniTensor *rest[2] = {&rest_y, &rest_x};
  wni_tensor_loop(rest, 2, &layer->loop);
  return wni_lower_push(lowering, &step, &x, 1, y);
}

/* The dimensions to resample, those that shrink first. */
static int resampled_axes(const WniResizing *resize, int *axes) {
  int n = 0;
  for (int d = 0; d < resize->in.rank; d++) {
    if (wni_resize_taps(resize, d) == 1) continue;
    int at = n++;
    for (; at > 0 && resize->scale[axes[at - 1]] > resize->scale[d]; at--) axes[at] = axes[at - 1];
    axes[at] = d;
  }
  return n;
}

WnStatus wni_lower_resize(WniLowering *lowering) {
  WniResizing resize;
  WniTensor x, y;
  int axes[WNI_MAX_RANK];
  WnStatus status = wni_resize_read(lowering->graph, lowering->node, &resize, lowering->error);
  if (status == WN_OK && resize.mode == WNI_RESIZE_NEAREST) return wni_lower_indexing(lowering);
  if (status == WN_OK) status = wni_lower_float(lowering, 0, &x);
  if (status != WN_OK) return status;
  int n = resampled_axes(&resize, axes);
  if (n == 0) wni_lower_place(lowering, 0, &x);
  for (int i = 0; i < n && status == WN_OK; i++) {
    y = (WniTensor){.shape = x.shape};
    y.shape.dim[axes[i]] = resize.out.dim[axes[i]];
    status = i + 1 < n ? wni_lower_buffer_like(lowering, NULL, &x, &y)
                       : wni_lower_output_like(lowering, false, &x, &y);
    if (status == WN_OK) status = push_interpolate(lowering, &resize, axes[i], &x, &y);
    x = y;
  }
  return status;
}
