/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights between the file and the plan: what is copied of them, and when.
 */
#include <winnow/winnow.h>

#include "base/half.h"
#include "graph/graph.h"
#include "kernels/kernels.h"
#include "plan/weights.h"
#include "suite.h"

#include <string.h>

static void build(WniGraphUse use, WniOnnx *onnx, WniGraph *graph) {
  WnError error = {0};
  ck_assert_msg(wni_onnx_load(MODEL_FILE, onnx, &error) == WN_OK, "%s", error.message);
  ck_assert_msg(wni_graph_build(onnx, (WniImageSizes){0}, use, graph, &error) == WN_OK, "%s",
                error.message);
}

static void clear(WniOnnx *onnx, WniGraph *graph) {
  wni_graph_clear(graph);
  wni_onnx_clear(onnx);
}

/* The file has a Cast behind each of them. */
START_TEST(float16_stays_in_the_file) {
  WniOnnx onnx;
  WniGraph graph;
  int n = 0;
  build(WNI_GRAPH_TO_RUN, &onnx, &graph);
  for (int i = 0; i < graph.n_nodes; i++) {
    const WniNode *node = &graph.nodes[i];
    if (node->dead || (node->op != WNI_OP_CONV && node->op != WNI_OP_GEMM)) continue;
    const WniConstant *weights = &wni_node_input(&graph, node, 1)->constant;
    ck_assert_msg(weights->halves && !weights->owned, "%s has a copy", node->proto->name);
    n++;
  }
  ck_assert_int_ge(n, 20);
  clear(&onnx, &graph);
}
END_TEST

/* Whoever looks at a file as it is, reads numbers. */
START_TEST(float16_is_widened_for_readers) {
  WniOnnx onnx;
  WniGraph graph;
  build(WNI_GRAPH_OF_FILE, &onnx, &graph);
  for (int i = 0; i < graph.n_nodes; i++)
    for (int k = 0; k < graph.nodes[i].n_in && !graph.nodes[i].dead; k++) {
      const WniValue *value = wni_node_input(&graph, &graph.nodes[i], k);
      ck_assert(!value || !value->known || !value->constant.halves);
    }
  clear(&onnx, &graph);
}
END_TEST

/* The network would take 4 times the bytes where Winograd's filtering saves the most products. */
START_TEST(filters_do_not_grow_without_bound) {
  const WnModelOptions options = {.any_graph = true, .precision = WN_PRECISION_FP32};
  WnModel *model;
  WnError error;
  size_t direct = 0;
  bool winograd = false;
  ck_assert_msg(wn_model_open(GOLDEN_DIR "/conv_large/model.onnx", &options, &model, &error) ==
                    WN_OK,
                "%s", error.message);
  const WnModelInfo *info = wn_model_info(model);
  for (int l = 0; l < info->n_layers; l++) {
    direct += info->layers[l].parameters * sizeof(float);
    winograd = winograd || strncmp(info->layers[l].kernel, "winograd", 8) == 0;
  }
  ck_assert(winograd);
  ck_assert_uint_gt(direct, 12 << 20);
  ck_assert_uint_gt(info->weight_bytes, direct);
  ck_assert_uint_le(info->weight_bytes, 22 << 20);
  wn_model_unref(model);
}
END_TEST

static int count_layers(const WnModelInfo *info, const char *op) {
  int n = 0;
  for (int l = 0; l < info->n_layers; l++) n += strcmp(info->layers[l].op, op) == 0;
  return n;
}

/* Weights of its heads lie as the pixels do that they are multiplied with; of gemm_of_images three
 * rows are read by others too. */
START_TEST(images_are_not_turned_to_be_multiplied) {
  static const struct {
    const char *path;
    int turned;
  } models[] = {{MODEL_FILE, 0}, {GOLDEN_DIR "/gemm_of_images/model.onnx", 3}};
  for (int i = 0; i < 2; i++) {
    const WnModelOptions options = {.any_graph = true, .precision = WN_PRECISION_FP32};
    WnModel *model;
    WnError error;
    ck_assert_msg(wn_model_open(models[i].path, &options, &model, &error) == WN_OK, "%s",
                  error.message);
    ck_assert_int_eq(count_layers(wn_model_info(model), "Flatten"), models[i].turned);
    wn_model_unref(model);
  }
}
END_TEST

/* Of products of one row, where the processor widens them as it reads them. */
START_TEST(float16_stays_in_heads) {
  const WnModelOptions options = {.precision = WN_PRECISION_FP32};
  const WniKernel *half = wni_kernel_find(WNI_KERNEL_fc, WNI_F16);
  const char *expected = half->tile_m ? half->name : wni_kernel_find(WNI_KERNEL_fc, WNI_F32)->name;
  WnModel *model;
  int n = 0;
  ck_assert_int_eq(wn_model_open(MODEL_FILE, &options, &model, NULL), WN_OK);
  const WnModelInfo *info = wn_model_info(model);
  for (int l = 0; l < info->n_layers; l++)
    if (strncmp(info->layers[l].kernel, "fc_", 3) == 0) {
      ck_assert_str_eq(info->layers[l].kernel, expected);
      n++;
    }
  ck_assert_int_eq(n, info->n_exits + 1);
  wn_model_unref(model);
}
END_TEST

enum { OUTPUTS = 3, INPUTS = 700, N_ROWS = OUTPUTS * INPUTS };

static WniWeights rows_of(const float *f, const uint16_t *halves, const uint8_t *q) {
  return (WniWeights){.f = f,
                      .halves = halves,
                      .q = q,
                      .outputs = OUTPUTS,
                      .inputs = INPUTS,
                      .taps = 1,
                      .output_step = INPUTS,
                      .input_step = 1};
}

/* Each row times its scale, of floats and of float16 alike; whole numbers are exact in all types.
 */
START_TEST(rows_are_scaled) {
  static float f[N_ROWS], floats[N_ROWS];
  static uint16_t halves[N_ROWS], rounded[N_ROWS];
  static const uint16_t of_small[7] = {0xC200, 0xC000, 0xBC00, 0, 0x3C00, 0x4000, 0x4200};
  static const float scale[OUTPUTS] = {1, 2, -0.5F};
  for (int i = 0; i < N_ROWS; i++) {
    halves[i] = of_small[i % 7];
    f[i] = wni_half_to_f32(halves[i]);
  }
  for (int form = 0; form < 2; form++) {
    WniWeights weights = form ? rows_of(NULL, halves, NULL) : rows_of(f, NULL, NULL);
    WniPacking packing = {.type = WNI_F32, .row_scale = scale};
    wni_weights_pack_rows(&weights, &packing, floats);
    packing.type = WNI_BF16;
    wni_weights_pack_rows(&weights, &packing, rounded);
    for (int i = 0; i < N_ROWS; i++) {
      ck_assert_float_eq(floats[i], f[i] * scale[i / INPUTS]);
      ck_assert_float_eq(wni_bf16_to_f32(rounded[i]), floats[i]);
    }
  }
}
END_TEST

/* Both kinds of bytes become int8 whose zero is 0. */
START_TEST(rows_of_bytes_are_signed) {
  static uint8_t q[N_ROWS];
  static int8_t packed[N_ROWS];
  for (int i = 0; i < N_ROWS; i++) q[i] = (uint8_t)i;
  for (int is_signed = 0; is_signed < 2; is_signed++) {
    WniWeights weights = rows_of(NULL, NULL, q);
    WniPacking packing = {.type = WNI_U8};
    weights.q_signed = is_signed;
    weights.zero = is_signed ? 0 : 128;
    wni_weights_pack_rows(&weights, &packing, packed);
    for (int i = 0; i < N_ROWS; i++)
      ck_assert_int_eq(packed[i], is_signed ? (int8_t)q[i] : q[i] - 128);
  }
}
END_TEST

SUITE_MAIN("weights", float16_stays_in_the_file, float16_is_widened_for_readers,
           filters_do_not_grow_without_bound, images_are_not_turned_to_be_multiplied,
           float16_stays_in_heads, rows_are_scaled, rows_of_bytes_are_signed)
