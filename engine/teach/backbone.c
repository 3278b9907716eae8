/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See backbone.h.
 */
#include "teach/backbone.h"

#include "base/error.h"
#include "session/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

WnStatus wni_backbone_open(WniBackbone *backbone, const char *path, const WnMeaning *given,
                           WnError *error) {
  WnStatus status = wni_part_open(&backbone->network, path, given, error);
  const WniGraph *graph = &backbone->network.graph;
  for (int n = 0; status == WN_OK && n < graph->n_nodes; n++)
    backbone->quantized |= graph->nodes[n].op == WNI_OP_QUANTIZE_LINEAR;
  if (status == WN_OK) status = wni_taps_find(backbone, error);
  return status == WN_OK ? status : wni_model_name_file(path, NULL, status, error);
}

void wni_backbone_clear(WniBackbone *backbone) {
  wni_part_clear(&backbone->network);
}

size_t wni_backbone_features(const WniBackbone *backbone) {
  size_t n = 0;
  for (int t = 0; t < backbone->n_taps; t++) n += backbone->taps[t].features;
  return n;
}

size_t wni_head_inputs(const WniBackbone *backbone, int tap, size_t n_classes) {
  return backbone->taps[tap].features + (tap > 0 ? n_classes : 0);
}

uint64_t wni_backbone_macs(const WniBackbone *backbone, int tap, size_t n_classes) {
  uint64_t macs = backbone->taps[tap].macs;
  for (int t = 0; t <= tap; t++) macs += wni_head_inputs(backbone, t, n_classes) * n_classes;
  return macs;
}

/* ---- writing ---- */

/* The names in the new file of what is made of each tap. */
typedef struct Names {
  const char *features[WNI_MAX_TAPS]; /* [1, 2 C, 1, 1] */
  const char *outputs[WNI_MAX_TAPS];
} Names;

static const char *add_node(WniWriter *writer, const char *op, const char *base, size_t n_input,
                            const char *const *input, int64_t axis) {
  char *out = wni_writer_name(writer, base, "");
  Onnx__NodeProto *node = out ? wni_writer_add(writer, op, out, n_input, input, out) : NULL;
  if (node && axis >= 0) wni_writer_int(writer, node, "axis", axis);
  return out;
}

static const char *add_features(WniWriter *writer, const char *tap, int t) {
  char base[3][32];
  const char *const in[] = {tap};
  snprintf(base[0], sizeof base[0], "tap%d/mean", t);
  snprintf(base[1], sizeof base[1], "tap%d/max", t);
  snprintf(base[2], sizeof base[2], "tap%d/features", t);
  const char *const pools[] = {add_node(writer, "GlobalAveragePool", base[0], 1, in, -1),
                               add_node(writer, "GlobalMaxPool", base[1], 1, in, -1)};
  if (!pools[0] || !pools[1]) return NULL;
  return add_node(writer, "Concat", base[2], 2, pools, 1);
}

static const char *add_tensor(WniWriter *writer, const char *base, int rank, size_t rows,
                              size_t columns, const float *data) {
  char *name = wni_writer_name(writer, base, "");
  if (name)
    wni_writer_tensor(writer, name, WNI_TENSOR_FLOAT, rank,
                      (const int64_t[]){(int64_t)rows, (int64_t)columns}, data);
  return name;
}

/* The weights of a head and, behind them in each row, those of the logits before it: a diagonal. */
static const char *add_weights(const WniBackbone *backbone, WniWriter *writer,
                               const WniHeads *heads, const char *base, int t) {
  size_t k = heads->n_classes, own = backbone->taps[t].features;
  size_t n = wni_head_inputs(backbone, t, k);
  float *all = wni_writer_alloc(writer, k * n, sizeof *all);
  for (size_t c = 0; all && c < k; c++) {
    memcpy(all + c * n, heads->weights[t] + c * own, own * sizeof *all);
    if (t > 0) all[c * n + own + c] = heads->previous[t];
  }
  return all ? add_tensor(writer, base, 2, k, n, all) : NULL;
}

/* The logits of head t: a Gemm. */
static const char *add_head(const WniBackbone *backbone, WniWriter *writer, const WniHeads *heads,
                            const char *features, const char *previous, int t) {
  char base[4][32];
  snprintf(base[0], sizeof base[0], "head%d/features", t);
  snprintf(base[1], sizeof base[1], "head%d/weight", t);
  snprintf(base[2], sizeof base[2], "head%d/bias", t);
  snprintf(base[3], sizeof base[3], "exit%d", t);
  if (t + 1 == backbone->n_taps) strcpy(base[3], "logits");
  const char *const read[] = {add_node(writer, "Flatten", base[0], 1, &features, 1), previous};
  if (!read[0]) return NULL;
  const char *const in[] = {t > 0 ? add_node(writer, "Concat", base[0], 2, read, 1) : read[0],
                            add_weights(backbone, writer, heads, base[1], t),
                            add_tensor(writer, base[2], 1, heads->n_classes, 0, heads->bias[t])};
  if (!in[0] || !in[1] || !in[2]) return NULL;
  char *out = wni_writer_name(writer, base[3], "");
  Onnx__NodeProto *node = out ? wni_writer_add(writer, "Gemm", out, 3, in, out) : NULL;
  if (node) wni_writer_int(writer, node, "transB", 1);
  return out;
}

static WnStatus set_outputs(const WniBackbone *backbone, WniWriter *writer, const WniHeads *heads,
                            const Names *names, WnError *error) {
  size_t n = (size_t)backbone->n_taps;
  Onnx__GraphProto *graph = &writer->graph;
  graph->output = wni_writer_alloc(writer, n, sizeof *graph->output);
  graph->n_output = 0;
  for (size_t t = 0; graph->output && t < n; t++) {
    const char *name = heads ? names->outputs[t] : names->features[t];
    size_t width = heads ? heads->n_classes : backbone->taps[t].features;
    Onnx__ValueInfoProto *info = wni_writer_scores(writer, name, NULL, (int64_t)width);
    if (info) graph->output[graph->n_output++] = info;
  }
  return writer->failed || graph->n_output < n ? wni_fail_memory(error, "the model") : WN_OK;
}

static WnStatus name_exits(const WniBackbone *backbone, WniWriter *writer, const Names *names,
                           WnError *error) {
  size_t length = 1;
  for (int t = 0; t + 1 < backbone->n_taps; t++) length += strlen(names->outputs[t]) + 1;
  char *exits = calloc(length, 1);
  if (!exits) return wni_fail_memory(error, "the model");
  for (int t = 0; t + 1 < backbone->n_taps; t++) {
    if (t > 0) strcat(exits, ",");
    strcat(exits, names->outputs[t]);
  }
  wni_writer_metadata(writer, "winnow.exits", exits);
  wni_writer_metadata(writer, "winnow.output", names->outputs[backbone->n_taps - 1]);
  free(exits);
  return WN_OK;
}

WnStatus wni_backbone_write(WniBackbone *backbone, const WniHeads *heads, WniWriter *writer,
                            WnError *error) {
  const WniPart *network = &backbone->network;
  Names names = {0};
  wni_writer_init(writer, network->file.proto);
  for (int n = 0; n < network->graph.n_nodes; n++)
    if (network->needed[n])
      wni_writer_keep(writer, (Onnx__NodeProto *)(uintptr_t)network->graph.nodes[n].proto);
  for (int t = 0; t < backbone->n_taps && !writer->failed; t++) {
    names.features[t] =
        add_features(writer, network->graph.values[backbone->taps[t].value].name, t);
    if (heads && names.features[t])
      names.outputs[t] = add_head(backbone, writer, heads, names.features[t],
                                  t > 0 ? names.outputs[t - 1] : NULL, t);
    if (!names.features[t] || (heads && !names.outputs[t])) writer->failed = true;
  }
  if (writer->failed) return wni_fail_memory(error, "the model");
  WnStatus status = set_outputs(backbone, writer, heads, &names, error);
  if (status == WN_OK && heads) status = name_exits(backbone, writer, &names, error);
  if (status == WN_OK) wni_writer_prune(writer);
  return status == WN_OK && writer->failed ? wni_fail_memory(error, "the model") : status;
}
