/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Static post-training quantization (winnow/quantize.h): the float network, prepared, runs in the
 * engine on one image after another, with every value that will be quantized among its outputs;
 * what is seen there decides the scales.
 */
#include <winnow/quantize.h>

#include "base/error.h"
#include "base/fpmode.h"
#include "quantize/qdq.h"
#include "session/model.h"
#include "session/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PERCENTILE 99.99

typedef struct Observed {
  int value; /* of the network */
  const WniTensor *tensor;
  WniHistogram *histogram; /* NULL: it has another value's scale */
  size_t n_channels;
  double *sum, *mean; /* [n_channels]; `mean` is set when the file is written */
} Observed;

struct WnQuantizer {
  WnQuantizerOptions options;
  WniOnnx file;
  WniNetwork as_read; /* the file's; nodes that the graph made for itself are in `prepared` too */
  WniWriter prepared;
  WniMetadata metadata; /* what is known of its input */
  WniNetwork network;
  int *own;       /* [n_values], see wni_layout() */
  WnModel *model; /* the prepared network with the observed values as outputs */
  WnSession *session;
  Observed *observed;
  size_t n_observed;
  uint64_t n_images;
};

static WnStatus refuse_quantized(const WniOnnx *onnx, WnError *error) {
  const Onnx__GraphProto *graph = onnx->proto->graph;
  for (size_t i = 0; i < graph->n_node; i++) {
    const char *op = graph->node[i]->op_type ? graph->node[i]->op_type : "";
    if (strstr(op, "QuantizeLinear") || strncmp(op, "QLinear", 7) == 0 || strstr(op, "Integer"))
      return wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "the model is quantized already (node '%.100s', %.60s); give the float32 one",
                      wni_node_name(graph->node[i]), op);
  }
  return WN_OK;
}

/* The file as it will be quantized, and which of its values. */
static WnStatus prepare(WnQuantizer *q, WnError *error) {
  int64_t opset;
  const WniImageSizes sizes = {q->metadata.inputs, q->metadata.n_inputs};
  WnStatus status = wni_network_init(&q->as_read, q->file.proto, q->file.opset, sizes, error);
  if (status != WN_OK) return status;
  status = wni_prepare(&q->as_read, &q->prepared, &opset, error);
  if (status == WN_OK)
    status = wni_network_init(&q->network, &q->prepared.model, opset, sizes, error);
  if (status != WN_OK) return status;
  q->own = calloc(q->network.graph.n_values, sizeof *q->own);
  return q->own && wni_layout(&q->network, q->own) ? WN_OK : wni_fail_memory(error, "the network");
}

/* Lists the values to observe; they have no tensors yet. */
static WnStatus list_observed(WnQuantizer *q, WnError *error) {
  const WniGraph *graph = &q->network.graph;
  q->observed = calloc(graph->n_values, sizeof *q->observed);
  if (!q->observed) return wni_fail_memory(error, "the observed values");
  for (int v = 0; v < (int)graph->n_values; v++)
    if (q->own[v] >= 0) q->observed[q->n_observed++].value = v;
  if (q->n_observed > 0) return WN_OK;
  return wni_fail(error, WN_ERROR_UNSUPPORTED,
                  "no layer has constant weights or another form that can be quantized");
}

/* Opens the prepared network with the observed values in front of its own outputs. */
static WnStatus open_model(WnQuantizer *q, const char *path, WnError *error) {
  Onnx__ModelProto model = q->prepared.model;
  Onnx__GraphProto graph = q->prepared.graph;
  WniOnnx onnx = {.proto = &model, .opset = q->network.onnx.opset};
  size_t n = q->n_observed, n_all = n + graph.n_output;
  Onnx__ValueInfoProto *infos = calloc(n, sizeof *infos);
  Onnx__ValueInfoProto **outputs = calloc(n_all, sizeof *outputs);
  WnStatus status = infos && outputs ? WN_OK : wni_fail_memory(error, "the observed values");
  if (status == WN_OK) {
    for (size_t i = 0; i < n; i++) {
      onnx__value_info_proto__init(&infos[i]);
      infos[i].name = (char *)q->network.graph.values[q->observed[i].value].name;
      outputs[i] = &infos[i];
    }
    for (size_t i = n; i < n_all; i++) outputs[i] = graph.output[i - n];
    graph.output = outputs;
    graph.n_output = n_all;
    model.graph = &graph;
    const WnModelOptions exact = {
        .any_graph = true, .precision = WN_PRECISION_FP32, .meaning = q->options.meaning};
    status = wni_model_from_onnx(&onnx, path, &exact, &q->model, error);
  }
  free(infos);
  free(outputs);
  return status;
}

static WnStatus start_observing(WnQuantizer *q, WnError *error) {
  for (size_t i = 0; i < q->n_observed; i++) {
    Observed *o = &q->observed[i];
    o->tensor = &q->model->plan.outputs[i];
    o->n_channels = o->tensor->shape.rank > 1 ? (size_t)o->tensor->shape.dim[1] : 1;
    o->sum = calloc(o->n_channels, sizeof *o->sum);
    o->mean = calloc(o->n_channels, sizeof *o->mean);
    bool own = q->own[o->value] == o->value;
    if (own) o->histogram = calloc(1, sizeof *o->histogram);
    if (!o->sum || !o->mean || (own && !o->histogram))
      return wni_fail_memory(error, "the histograms");
  }
  WnSessionOptions options = {.threads = q->options.threads};
  return wn_session_new(q->model, &options, &q->session, error);
}

static WnStatus open_quantizer(WnQuantizer *q, const char *path, WnError *error) {
  if (q->options.percentile == 0) q->options.percentile = DEFAULT_PERCENTILE;
  if (!(q->options.percentile > 50 && q->options.percentile <= 100))
    return wni_fail(error, WN_ERROR_ARGUMENT, "percentile: %g is not between 50 and 100",
                    q->options.percentile);
  WnStatus status = wni_onnx_load(path, &q->file, error);
  if (status == WN_OK) status = refuse_quantized(&q->file, error);
  if (status == WN_OK)
    status = wni_metadata_read(&q->file, path, q->options.meaning, &q->metadata, error);
  if (status == WN_OK) status = prepare(q, error);
  if (status == WN_OK && q->network.graph.n_inputs > 1)
    status = wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "the model has %d inputs; quantize its networks and join the results",
                      q->network.graph.n_inputs);
  if (status == WN_OK) status = list_observed(q, error);
  if (status == WN_OK) status = open_model(q, path, error);
  if (status == WN_OK) status = start_observing(q, error);
  return status;
}

WnStatus wn_quantizer_new(const char *path, const WnQuantizerOptions *options, WnQuantizer **out,
                          WnError *error) {
  WNI_FP_SCOPE(mode);
  static const WnQuantizerOptions defaults;
  *out = NULL;
  if (!path || !*path) return wni_fail(error, WN_ERROR_ARGUMENT, "no model file is given");
  if (!options) options = &defaults;
  WnStatus status = WNI_RESERVED_CHECK(options, "quantizer options", error);
  if (status != WN_OK) return status;
  WnQuantizer *q = calloc(1, sizeof *q);
  if (!q) return wni_fail_memory(error, path);
  q->options = *options;
  status = open_quantizer(q, path, error);
  if (status != WN_OK) {
    wn_quantizer_free(q);
    return wni_model_name_file(path, NULL, status, error);
  }
  *out = q;
  return WN_OK;
}

void wn_quantizer_free(WnQuantizer *q) {
  if (!q) return;
  for (size_t i = 0; i < q->n_observed; i++) {
    free(q->observed[i].histogram);
    free(q->observed[i].sum);
    free(q->observed[i].mean);
  }
  free(q->observed);
  free(q->own);
  wn_session_free(q->session);
  wn_model_unref(q->model);
  wni_network_clear(&q->network);
  wni_writer_clear(&q->prepared);
  wni_network_clear(&q->as_read);
  wni_metadata_clear(&q->metadata);
  wni_onnx_clear(&q->file);
  free(q);
}

/* ---- calibration ---- */

/* One position of the picture, all channels; false: a value is not finite. */
static bool count_row(Observed *o, const float *row, ptrdiff_t stride) {
  double sum = 0;
  for (size_t c = 0; c < o->n_channels; c++) {
    double x = (double)row[(ptrdiff_t)c * stride];
    o->sum[c] += x;
    sum += x;
  }
  if (!isfinite(sum)) return false;
  if (o->histogram) wni_histogram_add(o->histogram, row, o->n_channels, stride);
  return true;
}

static bool count_tensor(Observed *o, const float *arena) {
  const WniTensor *t = o->tensor;
  const float *data = wni_tensor_data(t, arena);
  int64_t n_rows = wni_shape_count(&t->shape) / (int64_t)o->n_channels;
  bool finite = true;
  for (int64_t i = 0; i < n_rows && finite; i++) {
    ptrdiff_t at = 0;
    int64_t rest = i;
    for (int d = t->shape.rank; d-- > 0;) {
      if (d == 1) continue; /* the channels */
      at += (ptrdiff_t)(rest % t->shape.dim[d]) * t->stride[d];
      rest /= t->shape.dim[d];
    }
    finite = count_row(o, data + at, t->shape.rank > 1 ? t->stride[1] : 1);
  }
  return finite;
}

WnStatus wn_quantizer_add(WnQuantizer *q, const float *input, size_t n_elements, WnError *error) {
  WNI_FP_SCOPE(mode);
  WnStatus status = wn_session_set_input(q->session, 0, input, n_elements, error);
  if (status == WN_OK) wn_session_run(q->session, true, NULL);
  for (size_t i = 0; i < q->n_observed && status == WN_OK; i++)
    if (!count_tensor(&q->observed[i], q->session->arena))
      status = wni_fail(error, WN_ERROR_NUMERIC,
                        "'%.150s': a value of '%.150s' is not finite for this image",
                        q->model->path, q->network.graph.values[q->observed[i].value].name);
  q->n_images += status == WN_OK;
  return status;
}

static WniScale choose_scale(const WnQuantizer *q, const WniHistogram *histogram) {
  return q->options.ranges == WN_RANGES_PERCENTILE
             ? wni_scale_percentile(histogram, q->options.percentile)
             : wni_scale_mse(histogram);
}

WnStatus wn_quantizer_write(WnQuantizer *q, const char *path, WnError *error) {
  WNI_FP_SCOPE(mode);
  size_t n_values = q->network.graph.n_values;
  WniScale *scale = calloc(n_values, sizeof *scale);
  const double **mean = calloc(n_values, sizeof *mean);
  WniCalibration calibration = {q->own, scale, mean};
  WniWriter out = {0};
  WnStatus status = WN_OK;
  if (!scale || !mean) status = wni_fail_memory(error, "the scales");
  if (status == WN_OK && q->n_images == 0)
    status = wni_fail(error, WN_ERROR_ARGUMENT, "nothing to calibrate with: no image was given");
  for (size_t i = 0; status == WN_OK && i < q->n_observed; i++) {
    Observed *o = &q->observed[i];
    double each = (double)wni_shape_count(&o->tensor->shape) / (double)o->n_channels;
    for (size_t c = 0; c < o->n_channels; c++)
      o->mean[c] = o->sum[c] / (each * (double)q->n_images);
    if (!q->options.keep_biases) mean[o->value] = o->mean;
    if (o->histogram) scale[o->value] = choose_scale(q, o->histogram);
  }
  if (status == WN_OK) status = wni_qdq_write(&q->network, &calibration, &out, error);
  if (status == WN_OK) wni_writer_meaning(&out, &q->metadata);
  if (status == WN_OK) status = wni_writer_save(&out, path, error);
  wni_writer_clear(&out);
  free(scale);
  free(mean);
  return status;
}
