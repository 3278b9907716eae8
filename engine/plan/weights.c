/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See weights.h.
 */
#include "plan/weights.h"

#include "base/half.h"
#include "graph/quantize.h"
#include "kernels/winograd.h"

#include <string.h>

enum { MAX_INT8_INPUTS = 1 << 16 }; /* times 255 times 128 fits an int32 */
enum { RUN = 512 };                 /* numbers that are widened at once */

/* DequantizeLinear of a constant: the integers themselves. */
static bool read_quantized(const WniGraph *graph, const WniNode *node, WniWeights *out) {
  const WniValue *value = wni_node_input(graph, node, 1);
  if (!wni_is_quantized_constant(graph, node->in[1])) return false;
  const WniNode *producer = &graph->nodes[value->producer];
  const WniValue *q = wni_node_input(graph, producer, 0);
  const WniValue *scale = wni_node_input(graph, producer, 1);
  const WniValue *zero = wni_node_input(graph, producer, 2);
  if (!q->known || !q->constant.bytes) return false;
  out->q = q->constant.bytes;
  out->q_signed = q->constant.is_signed;
  out->scale = scale->constant.f;
  out->n_scales = scale->constant.count;
  out->zero = zero ? (int)wni_constant_integer(&zero->constant, 0) : 0;
  return true;
}

WnStatus wni_weights_read(const WniGraph *graph, const WniNode *node, WniWeights *out,
                          WnError *error) {
  const WniValue *value = wni_node_input(graph, node, 1);
  const int64_t *dim = value->shape.dim;
  bool conv = node->op == WNI_OP_CONV;
  bool rows = conv || (node->op == WNI_OP_GEMM && wni_attr_int(node->proto, "transB", 0));
  *out = (WniWeights){
      .outputs = (size_t)dim[rows ? 0 : 1], .inputs = (size_t)dim[rows ? 1 : 0], .taps = 1};
  for (int d = 2; conv && d < value->shape.rank; d++) out->taps *= (size_t)dim[d];
  out->output_step = rows ? out->inputs * out->taps : 1;
  out->input_step = rows ? out->taps : out->outputs;
  if (value->known && !value->constant.is_int) {
    out->f = value->constant.f;
    out->halves = value->constant.halves;
    return WN_OK;
  }
  if (read_quantized(graph, node, out)) return WN_OK;
  return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its weights are not constant");
}

bool wni_weights_are_constant(const WniGraph *graph, const WniNode *node) {
  WniWeights weights;
  return wni_weights_read(graph, node, &weights, NULL) == WN_OK;
}

bool wni_weights_are_quantized(const WniGraph *graph, const WniNode *node) {
  WniWeights weights;
  return read_quantized(graph, node, &weights);
}

bool wni_weights_fit_int8(const WniWeights *weights) {
  return weights->q && weights->zero == (weights->q_signed ? 0 : 128) &&
         weights->inputs * weights->taps < MAX_INT8_INPUTS;
}

float wni_weights_scale(const WniWeights *weights, size_t output) {
  if (!weights->q) return 1;
  return weights->scale[weights->n_scales == 1 ? 0 : output];
}

const void *wni_weights_data(const WniWeights *weights, size_t *bytes) {
  const void *data = weights->q;
  *bytes = weights->outputs * weights->inputs * weights->taps;
  if (weights->f) {
    data = weights->f;
    *bytes *= sizeof *weights->f;
  } else if (weights->halves) {
    data = weights->halves;
    *bytes *= sizeof *weights->halves;
  }
  return data;
}

void wni_weights_release(const WniWeights *weights, const WniOnnx *onnx) {
  size_t bytes;
  const void *data = wni_weights_data(weights, &bytes);
  wni_onnx_release(onnx, data, bytes);
}

static size_t offset(const WniWeights *w, size_t output, size_t input, size_t tap) {
  return output * w->output_step + input * w->input_step + tap;
}

/* Without their zero point. */
static int integer_at(const WniWeights *w, size_t at) {
  int q = w->q_signed ? (int8_t)w->q[at] : w->q[at];
  return q - w->zero;
}

/* Of n neighbours, without their zero point. */
static int32_t sum_bytes(const WniWeights *w, size_t at, size_t n) {
  int32_t sum = 0;
  if (w->q_signed)
    for (size_t i = 0; i < n; i++) sum += (int8_t)w->q[at + i];
  else
    for (size_t i = 0; i < n; i++) sum += w->q[at + i];
  return sum - (int32_t)n * w->zero;
}

int32_t wni_weights_sum(const WniWeights *weights, size_t output) {
  int32_t sum = 0;
  if (weights->input_step == weights->taps)
    return sum_bytes(weights, output * weights->output_step, weights->inputs * weights->taps);
  for (size_t i = 0; i < weights->inputs; i++)
    for (size_t t = 0; t < weights->taps; t++)
      sum += integer_at(weights, offset(weights, output, i, t));
  return sum;
}

void wni_weights_sums(const WniWeights *weights, size_t output, int32_t *below, int32_t *above) {
  *below = *above = 0;
  for (size_t i = 0; i < weights->inputs; i++)
    for (size_t t = 0; t < weights->taps; t++) {
      int32_t w = integer_at(weights, offset(weights, output, i, t));
      *(w < 0 ? below : above) += w;
    }
}

/* One number, however it lies there. */
static inline float number_at(const WniWeights *w, size_t output, size_t at) {
  if (w->q) return (float)integer_at(w, at) * wni_weights_scale(w, output);
  return w->f ? w->f[at] : wni_half_to_f32(w->halves[at]);
}

/* Stores a number as element `index` of `to`. */
static inline void put_number(const WniPacking *packing, size_t output, float value, void *to,
                              size_t index) {
  value *= packing->row_scale[output];
  if (packing->type == WNI_BF16)
    ((uint16_t *)to)[index] = wni_f32_to_bf16(value);
  else
    ((float *)to)[index] = value;
}

/* Stores one weight as element `index` of `to`. */
static inline void put(const WniWeights *w, const WniPacking *packing, size_t output, size_t input,
                       size_t tap, void *to, size_t index) {
  size_t at = offset(w, output, input, tap);
  if (packing->type == WNI_U8)
    ((int8_t *)to)[index] = (int8_t)integer_at(w, at);
  else if (packing->type == WNI_F16)
    ((uint16_t *)to)[index] = w->halves[at];
  else
    put_number(packing, output, number_at(w, output, at), to, index);
}

/* Inputs of one output with all their taps lie side by side as floats, or can be brought to. */
static bool has_runs(const WniWeights *w) {
  return w->f || (w->halves && w->input_step == w->taps && w->taps <= RUN);
}

/* How many inputs at most are read at once: what they are read from and what they are written to
 * both stay in cache. */
static size_t run_inputs(const WniWeights *w) {
  enum { INPUTS = 16 };
  return w->halves && RUN / w->taps < INPUTS ? RUN / w->taps : INPUTS;
}

/* Inputs [begin, end) of an output: where they lie or, of float16, in buffer [RUN]. */
static const float *read_run(const WniWeights *w, size_t output, size_t begin, size_t end,
                             float *buffer) {
  size_t at = offset(w, output, begin, 0);
  if (w->f) return w->f + at;
  wni_half_widen(w->halves + at, (end - begin) * w->taps, buffer);
  return buffer;
}

/* Panels of one group. */
static size_t panel_number(const WniWeights *w, const WniPacking *packing) {
  return (w->outputs / packing->groups + packing->tile_n - 1) / packing->tile_n;
}

size_t wni_weights_columns(const WniWeights *weights, const WniPacking *packing) {
  return packing->groups * panel_number(weights, packing) * packing->tile_n;
}

size_t wni_weights_column(const WniWeights *weights, const WniPacking *packing, size_t output) {
  size_t per_group = weights->outputs / packing->groups;
  return output / per_group * panel_number(weights, packing) * packing->tile_n + output % per_group;
}

/* Groups of tile k channels of one (merged) tap. */
static size_t k_groups(const WniWeights *w, const WniPacking *packing) {
  return (w->inputs * packing->merged + packing->tile_k - 1) / packing->tile_k;
}

size_t wni_weights_panel_bytes(const WniWeights *weights, const WniPacking *packing) {
  return weights->taps / packing->merged * k_groups(weights, packing) * packing->tile_n *
         packing->tile_k * wni_type_bytes(packing->type);
}

/* float32 rows of tile n.  Some inputs of one output after the other. */
static void pack_panel_f32(const WniWeights *w, const float *row_scale, size_t first, size_t n,
                           size_t tile_n, float *to) {
  size_t step = run_inputs(w);
  float buffer[RUN];
  for (size_t begin = 0; begin < w->inputs; begin += step) {
    size_t end = begin + step < w->inputs ? begin + step : w->inputs;
    for (size_t j = 0; j < n; j++) {
      const float *from = read_run(w, first + j, begin, end, buffer);
      for (size_t i = begin; i < end; i++, from += w->input_step)
        for (size_t t = 0; t < w->taps; t++)
          to[(t * w->inputs + i) * tile_n + j] = from[t] * row_scale[first + j];
    }
  }
}

static void pack_f32(const WniWeights *w, const WniPacking *packing, float *to) {
  size_t tile_n = packing->tile_n, per_group = w->outputs / packing->groups;
  for (size_t g = 0; g < packing->groups; g++)
    for (size_t first = 0; first < per_group; first += tile_n) {
      size_t left = per_group - first, n = left < tile_n ? left : tile_n;
      pack_panel_f32(w, packing->row_scale, g * per_group + first, n, tile_n, to);
      to += w->taps * w->inputs * tile_n;
    }
}

/* n bytes that lie `step` apart, as int8: what stands for 0 is 0 or 128 (wni_weights_fit_int8()).
 */
static inline void put_bytes(const WniWeights *w, size_t at, size_t step, size_t n, uint8_t *to) {
  const uint8_t *from = w->q + at, flip = w->q_signed ? 0 : 128;
  for (size_t i = 0; i < n; i++) to[i] = from[i * step] ^ flip;
}

/* Of n inputs of one output those of one tap; the first is element `in_group` of the group at `to`.
 */
static void pack_bytes(const WniWeights *w, const WniPacking *packing, size_t at, size_t n,
                       size_t in_group, uint8_t *to) {
  size_t tile_k = packing->tile_k, group_step = packing->tile_n * tile_k, step = w->input_step;
  enum { USUAL = 4 }; /* a number that the compiler knows */
  for (size_t some; n > 0; n -= some, at += some * step, to += group_step, in_group = 0) {
    some = n < tile_k - in_group ? n : tile_k - in_group;
    if (some == USUAL)
      put_bytes(w, at, step, USUAL, to + in_group);
    else
      put_bytes(w, at, step, some, to + in_group);
  }
}

/* Inputs [begin, end) of one output, whose first element is number `at` of `to`; from `run` where
 * that is no NULL. */
static void pack_inputs(const WniWeights *w, const WniPacking *packing, size_t output, size_t begin,
                        size_t end, const float *run, void *to, size_t at) {
  size_t tile_k = packing->tile_k, group_step = packing->tile_n * tile_k;
  size_t tap_step = k_groups(w, packing) * group_step;
  for (size_t t = 0; t < w->taps; t++) {
    size_t k = t % packing->merged * w->inputs + begin, in_group = k % tile_k;
    size_t group = at + t / packing->merged * tap_step + k / tile_k * group_step;
    if (packing->type == WNI_U8) {
      pack_bytes(w, packing, offset(w, output, begin, t), end - begin, in_group,
                 (uint8_t *)to + group);
      continue;
    }
    for (size_t i = begin; i < end; i++) {
      if (run)
        put_number(packing, output, run[(i - begin) * w->input_step + t], to, group + in_group);
      else
        put(w, packing, output, i, t, to, group + in_group);
      if (++in_group < tile_k) continue;
      in_group = 0;
      group += group_step;
    }
  }
}

static void pack_output(const WniWeights *w, const WniPacking *packing, size_t output, void *to,
                        size_t at) {
  float buffer[RUN];
  size_t step = has_runs(w) ? run_inputs(w) : w->inputs;
  for (size_t begin = 0; begin < w->inputs; begin += step) {
    size_t end = begin + step < w->inputs ? begin + step : w->inputs;
    const float *run = has_runs(w) ? read_run(w, output, begin, end, buffer) : NULL;
    pack_inputs(w, packing, output, begin, end, run, to, at);
  }
}

/* What the outputs and inputs there are do not fill. */
static void clear_tails(const WniWeights *w, const WniPacking *packing, char *to) {
  size_t panels = panel_number(w, packing), bytes = wni_weights_panel_bytes(w, packing);
  bool rows = w->inputs * packing->merged % packing->tile_k != 0;
  bool columns = w->outputs / packing->groups % packing->tile_n != 0;
  for (size_t panel = 0; panel < packing->groups * panels; panel++)
    if (rows || (columns && panel % panels == panels - 1)) memset(to + panel * bytes, 0, bytes);
}

void wni_weights_pack_igemm(const WniWeights *weights, const WniPacking *packing, void *to) {
  clear_tails(weights, packing, to);
  if (has_runs(weights) && packing->type == WNI_F32 && packing->tile_k == 1) {
    pack_f32(weights, packing, to);
    return;
  }
  size_t tile_n = packing->tile_n;
  size_t panel_count = wni_weights_panel_bytes(weights, packing) / wni_type_bytes(packing->type);
  for (size_t o = 0; o < weights->outputs; o++) {
    size_t column = wni_weights_column(weights, packing, o);
    size_t at = column / tile_n * panel_count + column % tile_n * packing->tile_k;
    pack_output(weights, packing, o, to, at);
  }
}

/* Filters of some outputs side by side. */
enum { LANES = 8 }; /* divides WNI_WINOGRAD_CHANNELS */
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double))));

/* a[0] x[0] + a[1] x[step] + ... of r, which is constant where this is inlined. */
static inline void combine(const double *a, const Lanes *x, int step, int r, Lanes *sum) {
  *sum = a[0] * x[0];
  for (int i = 1; i < r; i++) *sum += a[i] * x[i * step];
}

static inline void store_lanes(const Lanes *value, WniType type, void *to, size_t at, size_t step) {
  for (int j = 0; j < LANES; j++)
    if (type == WNI_I16)
      ((int16_t *)to)[at + (size_t)j * step] = (int16_t)(4 * (*value)[j]);
    else
      ((float *)to)[at + (size_t)j * step] = (float)(*value)[j];
}

/* G g Gt, g [row][column].  Where I16 is asked for, with G doubled; the next output is `step`
 * elements on. */
static inline void transform_filters(const WniWinogradMatrices *matrices, int r, const Lanes *g,
                                     WniType type, void *to, size_t step, size_t product_step) {
  int t = matrices->m + r - 1;
  for (int i = 0; i < t; i++) {
    Lanes half[WNI_WINOGRAD_MAX_R], value;
    for (int column = 0; column < r; column++)
      combine(matrices->filter[i], g + column, r, r, &half[column]);
    for (int k = 0; k < t; k++) {
      combine(matrices->filter[k], half, 1, r, &value);
      store_lanes(&value, type, to, (size_t)(i * t + k) * product_step, step);
    }
  }
}

/* The filters from `input` to outputs `first` and on, as the transform takes them: for I16 the
 * integers themselves. */
static inline void read_filters(const WniWeights *w, const WniPacking *packing, size_t first,
                                size_t input, Lanes *g) {
  float buffer[RUN];
  for (size_t j = 0; j < LANES; j++) {
    size_t output = first + j;
    const float *run = has_runs(w) ? read_run(w, output, input, input + 1, buffer) : NULL;
    double scale = packing->type == WNI_I16 ? 1 : (double)packing->row_scale[output];
    if (w->q && packing->type != WNI_I16) scale *= (double)wni_weights_scale(w, output);
    for (size_t t = 0; t < w->taps; t++)
      g[t][j] = (run ? (double)run[t] : integer_at(w, offset(w, output, input, t))) * scale;
  }
}

void wni_weights_pack_winograd(const WniWeights *weights, const WniPacking *packing, void *to) {
  const WniWinogradMatrices *matrices = packing->matrices;
  size_t tile_n = packing->tile_n, bytes = wni_type_bytes(packing->type);
  size_t pair = packing->type == WNI_I16 ? 2 : 1; /* channels side by side */
  size_t product_step = packing->columns * weights->inputs;
  for (size_t first = 0; first < weights->outputs; first += LANES)
    for (size_t i = 0; i < weights->inputs; i++) {
      Lanes g[WNI_WINOGRAD_MAX_R * WNI_WINOGRAD_MAX_R];
      size_t at = first / tile_n * tile_n * weights->inputs + i / pair * pair * tile_n + i % pair +
                  first % tile_n * pair;
      void *panel = (char *)to + at * bytes;
      read_filters(weights, packing, first, i, g);
      if (matrices->r == 3)
        transform_filters(matrices, 3, g, packing->type, panel, pair, product_step);
      else
        transform_filters(matrices, WNI_WINOGRAD_MAX_R, g, packing->type, panel, pair,
                          product_step);
    }
}

void wni_weights_pack_dwconv(const WniWeights *weights, const WniPacking *packing, void *to) {
  for (size_t c = 0; c < weights->outputs; c++)
    for (size_t t = 0; t < weights->taps; t++)
      put(weights, packing, c, 0, t, to, t * weights->outputs + c);
}

/* One output whose inputs lie side by side, at element `at` of `to`. */
static void pack_row(const WniWeights *w, const WniPacking *packing, size_t output, void *to,
                     size_t at) {
  float buffer[RUN], scale = packing->row_scale[output];
  for (size_t begin = 0; begin < w->inputs; begin += RUN, at += RUN) {
    size_t n = w->inputs - begin < RUN ? w->inputs - begin : RUN;
    const float *from = read_run(w, output, begin, begin + n, buffer);
    if (packing->type == WNI_BF16)
      for (size_t i = 0; i < n; i++) ((uint16_t *)to)[at + i] = wni_f32_to_bf16(from[i] * scale);
    else
      for (size_t i = 0; i < n; i++) ((float *)to)[at + i] = from[i] * scale;
  }
}

void wni_weights_pack_rows(const WniWeights *weights, const WniPacking *packing, void *to) {
  size_t inputs = weights->inputs, count = inputs * weights->taps;
  bool rows = weights->taps == 1 && weights->input_step == 1;
  if (rows && packing->type == WNI_F16 && weights->output_step == inputs) {
    memcpy(to, weights->halves, weights->outputs * inputs * sizeof *weights->halves);
    return;
  }
  if (rows && !weights->q && packing->type != WNI_F16) {
    for (size_t o = 0; o < weights->outputs; o++) pack_row(weights, packing, o, to, o * inputs);
    return;
  }
  if (rows && packing->type == WNI_U8) {
    for (size_t o = 0; o < weights->outputs; o++)
      put_bytes(weights, offset(weights, o, 0, 0), 1, inputs, (uint8_t *)to + o * inputs);
    return;
  }
  for (size_t o = 0; o < weights->outputs; o++)
    for (size_t t = 0; t < weights->taps; t++)
      for (size_t i = 0; i < inputs; i++)
        put(weights, packing, o, i, t, to, o * count + t * inputs + i);
}
