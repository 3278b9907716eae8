/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See qdq.h.  A quantized activation x becomes
 *
 *     x --> QuantizeLinear --> x_quantized --> DequantizeLinear --> x_dequantized
 *
 * and every node reads x_dequantized; only an output of the network stays x.  Weights and
 * biases are stored as integers, each with a DequantizeLinear of its own.
 */
#include "quantize/qdq.h"

#include "base/error.h"
#include "quantize/weights.h"

#include <math.h>

typedef struct Qdq {
  const WniNetwork *network;
  const WniCalibration *calibration;
  WniWriter *out;
  char **scale, **zero_point; /* [n_values] initialisers of v where own[v] is v */
  char **dequantized;         /* [n_values] what readers read; NULL: the value itself */
  WnStatus status;
  WnError *error;
} Qdq;

/* ---- activations ---- */

static void write_scale(Qdq *q, int value) {
  const WniScale *scale = &q->calibration->scale[value];
  const char *name = q->network->graph.values[value].name;
  q->scale[value] = wni_writer_name(q->out, name, "_scale");
  q->zero_point[value] = wni_writer_name(q->out, name, "_zero_point");
  wni_writer_tensor(q->out, q->scale[value], WNI_TENSOR_FLOAT, 0, NULL, &scale->scale);
  wni_writer_tensor(q->out, q->zero_point[value], WNI_TENSOR_UINT8, 0, NULL, &scale->zero_point);
}

static void write_activation(Qdq *q, int value) {
  int own = value < 0 ? -1 : q->calibration->own[value];
  if (own < 0) return;
  if (own == value) write_scale(q, value);
  const char *name = q->network->graph.values[value].name;
  char *quantized = wni_writer_name(q->out, name, "_quantized");
  char *dequantized = wni_writer_name(q->out, name, "_dequantized");
  wni_writer_add(q->out, "QuantizeLinear", quantized, 3,
                 (const char *[]){name, q->scale[own], q->zero_point[own]}, quantized);
  wni_writer_add(q->out, "DequantizeLinear", dequantized, 3,
                 (const char *[]){quantized, q->scale[own], q->zero_point[own]}, dequantized);
  q->dequantized[value] = dequantized;
}

/* ---- weights ---- */

/* The weights of a layer, one row per output channel. */
typedef struct Rows {
  size_t n, columns;
  size_t taps;        /* columns that meet one input channel */
  size_t group_rows;  /* rows that share their input channels */
  const double *mean; /* of the input channels of the first group; NULL: unknown */
  float input_scale;
  const float *weights; /* [n][columns] */
  double *bias;         /* [n] */
  int8_t *q;            /* [n][columns] */
  float *scale;         /* [n] */
  int32_t *bias_q;      /* [n] */
  float *bias_scale;    /* [n] */
} Rows;

static bool allocate_rows(WniWriter *out, Rows *rows) {
  rows->bias = wni_writer_alloc(out, rows->n, sizeof *rows->bias);
  rows->q = wni_writer_alloc(out, rows->n, rows->columns);
  rows->scale = wni_writer_alloc(out, rows->n, sizeof *rows->scale);
  rows->bias_q = wni_writer_alloc(out, rows->n, sizeof *rows->bias_q);
  rows->bias_scale = wni_writer_alloc(out, rows->n, sizeof *rows->bias_scale);
  return rows->bias && rows->q && rows->scale && rows->bias_q && rows->bias_scale;
}

static bool is_finite(const Rows *rows) {
  double sum = 0; /* of finite floats it is finite */
  for (size_t i = 0; i < rows->n * rows->columns; i++) sum += (double)rows->weights[i];
  for (size_t r = 0; r < rows->n; r++) sum += rows->bias[r];
  return isfinite(sum);
}

/* False: what a row adds up is too large for a float. */
static bool round_rows(Rows *rows) {
  size_t n = rows->columns, group_channels = n / rows->taps;
  for (size_t r = 0; r < rows->n; r++) {
    const float *row = rows->weights + r * n;
    int8_t *q = rows->q + r * n;
    float least = wni_bias_min_scale(rows->bias[r], rows->input_scale);
    rows->scale[r] = wni_row_round(row, n, least, q);
    const double *mean =
        rows->mean ? rows->mean + r / rows->group_rows * group_channels : rows->mean;
    if (mean) rows->bias[r] -= wni_row_shift(row, q, rows->scale[r], n, mean, rows->taps);
    rows->bias_q[r] = wni_bias_round(rows->bias[r], rows->input_scale, rows->scale[r]);
    if (!wni_bias_scale(rows->input_scale, rows->scale[r], &rows->bias_scale[r])) return false;
  }
  return true;
}

/* The rows of a Gemm are the columns of its B unless transB says otherwise; alpha goes in. */
static const float *gemm_rows(Qdq *q, const WniNode *node, const WniValue *w, Rows *rows) {
  bool transposed = wni_attr_int(node->proto, "transB", 0) != 0;
  float alpha = wni_attr_float(node->proto, "alpha", 1);
  rows->n = (size_t)w->shape.dim[transposed ? 0 : 1];
  rows->columns = (size_t)w->shape.dim[transposed ? 1 : 0];
  float *weights = wni_writer_alloc(q->out, w->constant.count, sizeof *weights);
  for (size_t r = 0; weights && r < rows->n; r++)
    for (size_t c = 0; c < rows->columns; c++)
      weights[r * rows->columns + c] =
          alpha * w->constant.f[transposed ? r * rows->columns + c : c * rows->n + r];
  return weights;
}

static bool read_rows(Qdq *q, int index, Rows *rows) {
  const WniNetwork *network = q->network;
  const WniNode *node = &network->graph.nodes[index];
  const WniValue *w = wni_network_weights(network, index, 1);
  const WniValue *b = wni_network_weights(network, index, 2);
  int x = wni_network_input(network, index, 0);
  float beta = 1;
  *rows = (Rows){.taps = 1,
                 .mean = q->calibration->mean[x],
                 .input_scale = q->calibration->scale[q->calibration->own[x]].scale};
  if (node->op == WNI_OP_GEMM) {
    rows->weights = gemm_rows(q, node, w, rows);
    rows->group_rows = rows->n;
    beta = wni_attr_float(node->proto, "beta", 1);
  } else {
    rows->weights = w->constant.f;
    rows->n = (size_t)w->shape.dim[0];
    rows->columns = w->constant.count / rows->n;
    rows->taps = rows->columns / (size_t)w->shape.dim[1];
    rows->group_rows = rows->n / (size_t)wni_attr_int(node->proto, "group", 1);
  }
  if (!rows->weights || !allocate_rows(q->out, rows)) return false;
  for (size_t r = 0; b && r < rows->n; r++)
    rows->bias[r] = (double)(beta * b->constant.f[b->constant.count == 1 ? 0 : r]);
  return true;
}

/* A constant of integers behind a DequantizeLinear along dimension 0; what that makes. */
static char *write_integers(Qdq *q, const char *name, const char *what, int type, int rank,
                            const int64_t *dim, const void *data, const float *scale) {
  char *base = wni_writer_name(q->out, name, what);
  if (!base) return NULL;
  char *input[3] = {wni_writer_name(q->out, base, "_quantized"),
                    wni_writer_name(q->out, base, "_scale"),
                    wni_writer_name(q->out, base, "_zero_point")};
  void *zeros = wni_writer_alloc(q->out, (size_t)dim[0], sizeof(int32_t));
  wni_writer_tensor(q->out, input[0], type, rank, dim, data);
  wni_writer_tensor(q->out, input[1], WNI_TENSOR_FLOAT, 1, dim, scale);
  wni_writer_tensor(q->out, input[2], type, 1, dim, zeros);
  Onnx__NodeProto *node =
      wni_writer_add(q->out, "DequantizeLinear", base, 3, (const char *const *)input, base);
  if (node) wni_writer_int(q->out, node, "axis", 0);
  return base;
}

static void write_weights(Qdq *q, int index, Onnx__NodeProto *node) {
  Rows rows;
  if (!read_rows(q, index, &rows)) return;
  if (!is_finite(&rows)) {
    q->status = wni_fail(q->error, WN_ERROR_NUMERIC, "node '%.200s': a weight is not finite",
                         wni_node_name(node));
    return;
  }
  if (!round_rows(&rows)) {
    q->status = wni_fail(q->error, WN_ERROR_NUMERIC,
                         "node '%.200s': its input and its weights are too large for 8 bits",
                         wni_node_name(node));
    return;
  }
  const WniValue *w = wni_network_weights(q->network, index, 1);
  const char *name = q->network->graph.values[wni_network_output(q->network, index, 0)].name;
  bool gemm = q->network->graph.nodes[index].op == WNI_OP_GEMM;
  const int64_t matrix[2] = {(int64_t)rows.n, (int64_t)rows.columns};
  node->input[1] = write_integers(q, name, "_weight", WNI_TENSOR_INT8, gemm ? 2 : w->shape.rank,
                                  gemm ? matrix : w->shape.dim, rows.q, rows.scale);
  node->input[2] =
      write_integers(q, name, "_bias", WNI_TENSOR_INT32, 1, matrix, rows.bias_q, rows.bias_scale);
  node->n_input = 3;
  if (!gemm) return;
  wni_node_drop_attribute(node, "alpha");
  wni_node_drop_attribute(node, "beta");
  wni_writer_int(q->out, node, "transB", 1);
}

/* ---- the network ---- */

static void write_node(Qdq *q, int index) {
  const Onnx__NodeProto *proto = q->network->graph.nodes[index].proto;
  size_t n_input = proto->n_input;
  Onnx__NodeProto *node = wni_writer_copy(q->out, proto, 3);
  if (!node) return;
  node->n_input = n_input;
  int x = wni_network_input(q->network, index, 0);
  if (x >= 0 && q->calibration->own[x] >= 0 && wni_is_weighted(q->network, index))
    write_weights(q, index, node);
  for (size_t i = 0; i < n_input; i++) {
    int v = wni_network_input(q->network, index, i);
    if (v >= 0 && q->dequantized[v]) node->input[i] = q->dequantized[v];
  }
  wni_writer_keep(q->out, node);
  for (size_t i = 0; i < proto->n_output; i++)
    write_activation(q, wni_network_output(q->network, index, i));
}

WnStatus wni_qdq_write(const WniNetwork *network, const WniCalibration *calibration, WniWriter *out,
                       WnError *error) {
  size_t n_values = network->graph.n_values;
  wni_writer_init(out, network->onnx.proto);
  Qdq q = {.network = network,
           .calibration = calibration,
           .out = out,
           .scale = wni_writer_alloc(out, n_values, sizeof *q.scale),
           .zero_point = wni_writer_alloc(out, n_values, sizeof *q.zero_point),
           .dequantized = wni_writer_alloc(out, n_values, sizeof *q.dequantized),
           .error = error};
  if (!out->failed) {
    write_activation(&q, network->graph.inputs[0]);
    for (int i = 0; i < network->graph.n_nodes && q.status == WN_OK; i++) write_node(&q, i);
    wni_writer_prune(out);
  }
  return out->failed ? wni_fail_memory(error, "the quantized network") : q.status;
}
