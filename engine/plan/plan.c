/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See plan.h: lowers the nodes stage by stage and places everything in the arena.
 */
#include "plan/plan.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "graph/ending.h"
#include "graph/quantize.h"
#include "plan/lower.h"
#include "plan/work.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- tensors that outlive the steps ---- */

static WnStatus place_input(WniLowering *lowering, int value, WniPlanInput *input) {
  static const int order_nhwc[4] = {0, 2, 3, 1};
  WniPlan *plan = lowering->plan;
  const WniValue *v = &lowering->graph->values[value];
  const WniHaloNeed *need = &lowering->halos[value];
  WniTensor *tensor = &input->tensor;
  bool image = v->shape.rank == 4;
  *tensor = (WniTensor){.shape = v->shape};
  input->nhwc = wni_shape_is_nhwc(&v->shape);
  for (int d = 0; image && d < 4; d++) {
    tensor->halo_begin[d] = need->begin[d];
    tensor->halo_end[d] = need->end[d];
  }
  int64_t count = wni_tensor_lay_out(tensor, image && !input->nhwc ? order_nhwc : NULL);
  input->name = strdup(v->name);
  if (count < 0 || !input->name ||
      !wni_grow((void **)&plan->buffers, plan->n_buffers, &plan->buffer_capacity,
                sizeof *plan->buffers))
    return wni_fail_memory(lowering->error, "the input");
  tensor->buffer = (int)plan->n_buffers;
  plan->buffers[plan->n_buffers++] = (WniBuffer){.bytes = (size_t)count * sizeof(float)};
  if (image)
    input->halo = input->nhwc ? wni_tensor_halo(tensor, 3, 1) : wni_tensor_halo(tensor, 1, 2);
  input->halo_at = (WniOperand){tensor->buffer, 0, NULL};
  lowering->tensors[value] = *tensor;
  lowering->placed[value] = true;
  return WN_OK;
}

/* When it is read first, and by whom. */
static void find_readers(const WniGraph *graph, int value, WniPlanInput *input) {
  input->stage = INT_MAX;
  input->head = true;
  for (int i = 0; i < graph->n_nodes; i++) {
    const WniNode *node = &graph->nodes[i];
    bool reads = node->residual == value;
    for (int k = 0; k < node->n_in; k++) reads = reads || node->in[k] == value;
    if (node->dead || !reads) continue;
    if (node->stage < input->stage) input->stage = node->stage;
    input->head = input->head && node->head;
  }
}

static WnStatus place_inputs(WniLowering *lowering, const WniTargets *targets) {
  WniPlan *plan = lowering->plan;
  const WniGraph *graph = lowering->graph;
  plan->inputs = calloc((size_t)graph->n_inputs, sizeof *plan->inputs);
  if (!plan->inputs) return wni_fail_memory(lowering->error, "the inputs");
  WnStatus status = WN_OK;
  for (int i = 0; i < graph->n_inputs && status == WN_OK; i++) {
    WniPlanInput *input = &plan->inputs[plan->n_inputs++];
    int at = wni_graph_input(graph, targets->inputs[i]);
    input->element_type = graph->input_types[at];
    input->front = graph->fronts[at];
    status = place_input(lowering, targets->inputs[i], input);
    find_readers(graph, targets->inputs[i], input);
  }
  return status;
}

/* What leaves the network does so in float32. */
static WnStatus publish(WniLowering *lowering) {
  WnStatus status = WN_OK;
  for (int i = 0; i < lowering->node->n_out && status == WN_OK; i++) {
    int value = lowering->node->out[i];
    const WniTensor from = lowering->tensors[value];
    bool leaves = lowering->graph->values[value].is_output || value == lowering->final;
    if (!lowering->placed[value] || !leaves || from.type == WNI_F32) continue;
    WniTensor to = {.shape = from.shape};
    status = wni_lower_buffer(lowering, NULL, false, &to);
    if (status == WN_OK) status = wni_lower_copy(lowering, &from, &to);
    wni_lower_place(lowering, i, &to);
  }
  return status;
}

static WnStatus lower_stages(WniLowering *lowering, WniPacked packed) {
  WniGraph *graph = lowering->graph;
  for (int stage = 0; stage <= lowering->plan->n_stages; stage++)
    for (int i = 0; i < graph->n_nodes; i++) {
      WniNode *node = &graph->nodes[i];
      if (node->dead || node->stage != stage) continue;
      lowering->packed = packed == WNI_PACKED_LATER && stage == 0 ? WNI_PACKED_NOW : packed;
      WnStatus status = wni_lower_node(lowering, node);
      if (status == WN_OK) status = publish(lowering);
      if (status != WN_OK) return status;
    }
  return WN_OK;
}

/* Keeps a buffer to the end of the frame and beyond. */
static void keep(WniPlan *plan, const WniTensor *tensor) {
  if (tensor->buffer >= 0) plan->buffers[tensor->buffer].last = (int)plan->n_steps;
}

/* Class scores as one row [1, n] of numbers, however many dimensions of 1 the file gives them. */
static WnStatus place_scores(WniLowering *lowering, int value, WniTensor *scores) {
  const WniShape *input = &lowering->graph->values[lowering->graph->inputs[0]].shape;
  WnStatus status = wni_lower_value(lowering, value, scores);
  if (status != WN_OK) return status;
  int axis = wni_ending_axis(&scores->shape, wni_shape_batch(input));
  ptrdiff_t stride = scores->stride[axis];
  scores->shape = (WniShape){2, {1, scores->shape.dim[axis]}};
  scores->stride[0] = 0;
  scores->stride[1] = stride;
  return WN_OK;
}

static WnStatus place_outputs(WniLowering *lowering, const WniTargets *targets) {
  WniPlan *plan = lowering->plan;
  const WniGraph *graph = lowering->graph;
  WnStatus status = WN_OK;
  plan->outputs = calloc((size_t)graph->n_outputs, sizeof *plan->outputs);
  plan->integers = calloc((size_t)graph->n_outputs, sizeof *plan->integers);
  plan->output_names = calloc((size_t)graph->n_outputs, sizeof *plan->output_names);
  plan->exits = calloc((size_t)targets->n_exits + 1, sizeof *plan->exits);
  if (!plan->outputs || !plan->integers || !plan->output_names || !plan->exits)
    return wni_fail_memory(lowering->error, "outputs");
  for (int i = 0; i < graph->n_outputs && status == WN_OK; i++) {
    plan->n_outputs++;
    plan->output_names[i] = strdup(graph->output_names[i]);
    if (!plan->output_names[i]) return wni_fail_memory(lowering->error, "outputs");
    status = wni_lower_value(lowering, graph->outputs[i], &plan->outputs[i]);
    keep(plan, &plan->outputs[i]);
    const WniValue *value = &graph->values[graph->outputs[i]];
    if (graph->output_integers[i] && value->on_grid && value->grid.n == 1)
      plan->integers[i] =
          (WniQuant){wni_grid_scale(graph, &value->grid, 0), wni_grid_zero(graph, &value->grid, 0)};
  }
  for (int i = 0; i < targets->n_exits && status == WN_OK; i++)
    status = place_scores(lowering, targets->exits[i], &plan->exits[i]);
  if (targets->final >= 0 && status == WN_OK) {
    status = place_scores(lowering, targets->final, &plan->final);
    keep(plan, &plan->final);
  }
  for (int i = 0; i < plan->n_inputs; i++) keep(plan, &plan->inputs[i].tensor);
  /* wn_session_complete() computes the rest of the final rows later. */
  for (size_t s = 0; s < plan->n_steps; s++)
    if (plan->steps[s].final_rows && plan->steps[s].in[0].buffer >= 0)
      plan->buffers[plan->steps[s].in[0].buffer].last = (int)plan->n_steps;
  return status;
}

static void resolve(const WniPlan *plan, WniOperand *operand) {
  if (operand->buffer >= 0) operand->offset += (ptrdiff_t)plan->buffers[operand->buffer].offset;
}

static void resolve_tensor(const WniPlan *plan, WniTensor *tensor) {
  if (tensor->buffer >= 0)
    tensor->offset +=
        (ptrdiff_t)(plan->buffers[tensor->buffer].offset / wni_type_bytes(tensor->type));
}

/* From offsets in buffers to offsets in the arena. */
static void resolve_all(WniPlan *plan) {
  for (size_t s = 0; s < plan->n_steps; s++) {
    WniStep *step = &plan->steps[s];
    for (int i = 0; i < WNI_STEP_INPUTS; i++)
      if (!step->in[i].data) resolve(plan, &step->in[i]);
    resolve(plan, &step->out);
    if (step->halo.present) resolve(plan, &step->halo_at);
  }
  for (int i = 0; i < plan->n_inputs; i++) {
    resolve_tensor(plan, &plan->inputs[i].tensor);
    resolve(plan, &plan->inputs[i].halo_at);
  }
  resolve_tensor(plan, &plan->final);
  for (int i = 0; i < plan->n_exits; i++) resolve_tensor(plan, &plan->exits[i]);
  for (int i = 0; i < plan->n_outputs; i++) resolve_tensor(plan, &plan->outputs[i]);
}

/* Sharing a step costs the meeting of the threads behind it, some hundred nanoseconds. */
static void mark_small_steps(WniPlan *plan) {
  const uint64_t WORTH_SHARING = 16384; /* multiply-accumulates or elements */
  for (size_t s = 0; s < plan->n_steps; s++) {
    WniStep *step = &plan->steps[s];
    uint64_t read = step->in[0].buffer >= 0 ? plan->buffers[step->in[0].buffer].bytes : 0;
    step->alone = step->macs + read + (uint64_t)wni_shape_count(&step->shape) < WORTH_SHARING;
  }
}

static WnStatus lower_graph(WniGraph *graph, const WniTargets *targets,
                            const WniPlanOptions *options, WniPlan *plan, WnError *error) {
  WniLowering lowering = {
      .plan = plan, .graph = graph, .final = targets->final, .type = plan->type, .error = error};
  WnStatus status;
  lowering.tensors = calloc(graph->n_values, sizeof *lowering.tensors);
  lowering.placed = calloc(graph->n_values, sizeof *lowering.placed);
  lowering.halos = calloc(graph->n_values, sizeof *lowering.halos);
  lowering.parts = calloc(graph->n_values, sizeof *lowering.parts);
  if (!lowering.tensors || !lowering.placed || !lowering.halos || !lowering.parts) {
    status = wni_fail_memory(error, "the plan");
    goto done;
  }
  status = wni_lower_sizes(&lowering);
  if (status == WN_OK) status = wni_lower_find_halos(&lowering);
  if (status == WN_OK) wni_lower_find_parts(&lowering);
  if (status == WN_OK) status = place_inputs(&lowering, targets);
  if (status == WN_OK) status = lower_stages(&lowering, options->packed);
  if (status == WN_OK) status = place_outputs(&lowering, targets);
  if (status == WN_OK) status = wni_work_check(plan, options->max_work, error);
  if (status == WN_OK && wni_plan_join_bands(plan) != WN_OK)
    status = wni_fail_memory(error, "the plan");
  if (status == WN_OK && !wni_arena_place(plan))
    status = wni_fail(error, WN_ERROR_MEMORY, "the network needs more memory than is supported");
  if (status == WN_OK) {
    resolve_all(plan);
    mark_small_steps(plan);
  }
done:
  free(lowering.tensors);
  free(lowering.placed);
  free(lowering.halos);
  free(lowering.parts);
  return status;
}

static bool is_quantized(const WniGraph *graph) {
  for (size_t v = 0; v < graph->n_values; v++)
    if (graph->values[v].quantized) return true;
  return false;
}

/* Numbers of 16 bits, which bf16 would round once more. */
static bool has_fine_grid(const WniGraph *graph) {
  for (size_t v = 0; v < graph->n_values; v++)
    if (graph->values[v].on_grid && !graph->values[v].quantized) return true;
  return false;
}

/* The precision asked for and what the file holds have to agree; `auto` takes what is there, and
 * bf16 where the processor multiplies it and nothing was taught in fp32. */
static WnStatus choose_type(const WniGraph *graph, WnPrecision asked, bool taught, WniPlan *plan,
                            WnError *error) {
  bool int8 = is_quantized(graph);
  bool bf16 = wni_cpu_has_bf16_units() && !taught && !has_fine_grid(graph);
  plan->precision = asked != WN_PRECISION_AUTO ? asked
                    : int8                     ? WN_PRECISION_INT8
                    : bf16                     ? WN_PRECISION_BF16
                                               : WN_PRECISION_FP32;
  plan->type = plan->precision == WN_PRECISION_BF16 ? WNI_BF16 : WNI_F32;
  if (int8 && plan->precision != WN_PRECISION_INT8)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "precision: %s was asked for, but this is an int8 model; use auto or int8",
                    wn_precision_name(plan->precision));
  if (!int8 && plan->precision == WN_PRECISION_INT8)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "precision: int8 needs a quantized model; make one with 'winnow quantize'");
  return WN_OK;
}

static WnStatus build(WniGraph *graph, const WniMetadata *metadata, const WniPlanOptions *options,
                      WniPlan *plan, WnError *error) {
  WnStatus status = WN_OK;
  WniTargets targets = {.final = -1};
  memcpy(targets.inputs, graph->inputs, sizeof targets.inputs);
  if (!options->any_graph)
    status = wni_targets_find(graph, metadata, options->n_labels, &targets, error);
  plan->n_classes = targets.n_classes;
  plan->scoring = targets.scoring;
  plan->n_exits = targets.n_exits;
  plan->n_stages = targets.n_exits + 1;
  plan->parameters = graph->parameters;
  plan->final.buffer = -1;
  if (status == WN_OK) status = wni_stage_assign(graph, &targets, error);
  if (status == WN_OK)
    status = choose_type(graph, options->precision, metadata->taught, plan, error);
  if (status == WN_OK) status = lower_graph(graph, &targets, options, plan, error);
  free(targets.exits);
  return status;
}

WnStatus wni_plan_build(const WniOnnx *onnx, const WniMetadata *metadata,
                        const WniPlanOptions *options, WniPlan *plan, WnError *error) {
  WniGraph graph;
  *plan = (WniPlan){0};
  WnStatus status = wni_graph_build(onnx, options->sizes, WNI_GRAPH_TO_RUN, &graph, error);
  if (status != WN_OK) return status;
  status = build(&graph, metadata, options, plan, error);
  wni_graph_clear(&graph);
  if (status != WN_OK) wni_plan_clear(plan);
  return status;
}
