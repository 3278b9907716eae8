/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See model_info.h.
 */
#include "session/model_info.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void sum_stages(WnModel *model) {
  const WniPlan *plan = &model->plan;
  int stage = 0;
  model->final_rows_step = -1;
  for (size_t s = 0; s < plan->n_steps; s++) {
    const WniStep *step = &plan->steps[s];
    while (stage < step->stage) model->first_step[++stage] = s;
    if (step->stage >= plan->n_stages) continue;
    *(step->head ? &model->stage_macs[stage].head : &model->stage_macs[stage].path) += step->macs;
    if (step->final_rows) {
      model->final_rows_step = (int)s;
      model->macs_per_row = step->macs / (uint64_t)plan->n_classes;
    }
  }
  while (stage < plan->n_stages + 1) model->first_step[++stage] = plan->n_steps;
}

static void describe_layers(WnModel *model) {
  const WniPlan *plan = &model->plan;
  for (size_t s = 0; s < plan->n_steps; s++) {
    const WniStep *step = &plan->steps[s];
    WnLayerInfo *layer = &model->layer_info[s];
    *layer = (WnLayerInfo){.name = step->name,
                           .op = step->op,
                           .kernel = step->kernel,
                           .stage = step->stage < plan->n_exits ? step->stage : plan->n_exits,
                           .head = step->head,
                           .rank = step->shape.rank,
                           .macs = step->macs,
                           .parameters = step->parameters,
                           .bytes = step->bytes};
    memcpy(layer->shape, step->shape.dim, sizeof layer->shape);
  }
}

static void describe_stages(WnModel *model) {
  const WniPlan *plan = &model->plan;
  const char **names = model->kernel_names;
  for (int stage = 0; stage < plan->n_stages; stage++) {
    WnStageInfo *info = &model->stage_info[stage];
    bool exit = stage < plan->n_exits;
    *info = (WnStageInfo){
        .macs = model->stage_macs[stage].path + model->stage_macs[stage].head,
        .exit_name = exit ? model->metadata.exits[stage] : NULL,
        .threshold =
            exit && model->metadata.thresholds ? model->metadata.thresholds[stage] : (double)NAN,
        .floor = model->metadata.floors ? model->metadata.floors[stage] : (double)NAN,
        .kernels = names};
    for (size_t s = model->first_step[stage]; s < model->first_step[stage + 1]; s++) {
      int k = 0;
      while (k < info->n_kernels && strcmp(names[k], plan->steps[s].kernel) != 0) k++;
      if (k == info->n_kernels) names[info->n_kernels++] = plan->steps[s].kernel;
    }
    names += info->n_kernels;
  }
}

static void describe_outputs(WnModel *model) {
  for (int i = 0; i < model->plan.n_outputs; i++) {
    const WniTensor *tensor = &model->plan.outputs[i];
    model->outputs[i] = (WnOutputInfo){.name = model->plan.output_names[i],
                                       .rank = tensor->shape.rank,
                                       .n_elements = (size_t)wni_shape_count(&tensor->shape)};
    memcpy(model->outputs[i].shape, tensor->shape.dim, sizeof model->outputs[i].shape);
  }
}

/* One number in the metadata serves every channel, and so do equal ones. */
static WnStatus set_channel(const char *key, const double *numbers, int given, int channels,
                            double fallback, double *out, WnError *error) {
  bool equal = given == 3 && numbers[0] == numbers[1] && numbers[1] == numbers[2];
  if (given > 1 && given != channels && !equal)
    return wni_fail(error, WN_ERROR_MODEL, "%s: %d numbers for an input of %d channel%s", key,
                    given, channels, channels == 1 ? "" : "s");
  for (int c = 0; c < 3; c++) out[c] = given == 0 ? fallback : numbers[given == 1 ? 0 : c];
  return WN_OK;
}

/* NULL: frames fit; else why not. */
static const char *refuse_input(const WniPlanInput *input) {
  const WniTensor *tensor = &input->tensor;
  const int64_t *dim = tensor->shape.dim;
  int h, c;
  if (!wni_shape_image(&tensor->shape, &c, &h))
    return "its input is not an image of 1 or 3 channels";
  if (dim[h] > WN_FRAME_MAX_SIDE || dim[h + 1] > WN_FRAME_MAX_SIDE)
    return "its input has more pixels a side than frames";
  return NULL;
}

WnStatus wni_target_normalise(const WniInputMeaning *meaning, WniImageTarget *target,
                              WnError *error) {
  char key[WNI_INPUT_KEY_BYTES];
  wni_input_key(meaning, "mean", key);
  WnStatus status =
      set_channel(key, meaning->mean, meaning->n_mean, target->channels, 0, target->mean, error);
  wni_input_key(meaning, "std", key);
  if (status == WN_OK)
    status =
        set_channel(key, meaning->std, meaning->n_std, target->channels, 1, target->std, error);
  return status;
}

static WnStatus set_target(const WniPlanInput *input, const WniInputMeaning *meaning,
                           WniImageTarget *target, WnError *error) {
  const WniTensor *tensor = &input->tensor;
  const int64_t *dim = tensor->shape.dim;
  int h, c;
  wni_shape_image(&tensor->shape, &c, &h);
  target->channels = (int)dim[c];
  target->height = (int)dim[h];
  target->width = (int)dim[h + 1];
  target->channel_stride = tensor->stride[c];
  target->row_stride = tensor->stride[h];
  target->column_stride = tensor->stride[h + 1];
  target->resize = meaning->resize;
  target->crop = meaning->crop;
  target->rounding = meaning->rounding;
  target->interpolation = meaning->interpolation;
  target->bgr = meaning->bgr && target->channels == 3;
  return wni_target_normalise(meaning, target, error);
}

/* What the metadata says of input i; of more than it names, nothing. */
static WniInputMeaning *meaning_of(WnModel *model, int i) {
  static WniInputMeaning none;
  return i < model->metadata.n_inputs ? &model->metadata.inputs[i] : &none;
}

static WnStatus set_targets(WnModel *model, WnError *error) {
  WnStatus status = WN_OK;
  model->image = true;
  for (int i = 0; i < model->plan.n_inputs && status == WN_OK; i++) {
    const WniPlanInput *input = &model->plan.inputs[i];
    const char *why = refuse_input(input);
    if (!why) status = set_target(input, meaning_of(model, i), &model->targets[i], error);
    if (!why && wni_shape_batch(&input->tensor.shape) != 1) why = "its batch is over 1";
    if (!why) continue;
    model->image = false;
    model->not_image = why;
  }
  return status;
}

/* A size in the file leaves nothing to be said. */
static const char *size_source(const WniInputMeaning *meaning, const WniImageTarget *target) {
  bool said = meaning->height == target->height && meaning->width == target->width;
  return said ? meaning->source[WNI_SIZE] : target->width > 0 ? "the graph" : NULL;
}

static const char *element_type(int type) {
  switch (type) {
  case WNI_TENSOR_UINT8:
    return "uint8";
  case WNI_TENSOR_INT8:
    return "int8";
  case WNI_TENSOR_FLOAT16:
    return "float16";
  case WNI_TENSOR_DOUBLE:
    return "float64";
  default:
    return "float32";
  }
}

static void describe_inputs(WnModel *model) {
  for (int i = 0; i < model->plan.n_inputs; i++) {
    const WniPlanInput *input = &model->plan.inputs[i];
    const WniImageTarget *target = &model->targets[i];
    const WniInputMeaning *meaning = meaning_of(model, i);
    WnInputInfo *info = &model->inputs[i];
    *info = (WnInputInfo){.name = input->name,
                          .rank = input->tensor.shape.rank,
                          .n_elements = (size_t)wni_shape_count(&input->tensor.shape),
                          .nhwc = input->nhwc,
                          .channels = target->channels,
                          .height = target->height,
                          .width = target->width,
                          .resize = wni_resize_name(target->resize),
                          .stage = input->stage,
                          .order = wni_order_name(target->bgr),
                          .crop = target->crop > 0 ? target->crop : 1,
                          .rounding = wni_rounding_name(target->rounding),
                          .interpolation = wni_interpolation_name(target->interpolation),
                          .element_type = element_type(input->element_type),
                          .source = {.mean = meaning->source[WNI_MEAN],
                                     .std = meaning->source[WNI_STD],
                                     .channels = meaning->source[WNI_CHANNELS],
                                     .resize = meaning->source[WNI_RESIZE],
                                     .crop = meaning->source[WNI_CROP],
                                     .rounding = meaning->source[WNI_ROUNDING],
                                     .interpolation = meaning->source[WNI_INTERPOLATION],
                                     .size = size_source(meaning, target)}};
    memcpy(info->shape, input->tensor.shape.dim, sizeof info->shape);
    memcpy(info->mean, target->mean, sizeof info->mean);
    memcpy(info->std, target->std, sizeof info->std);
  }
}

/* Of a cascade the last network alone: whoever needed all of them has saved less than nothing. */
static uint64_t sum_macs(const WnModel *model) {
  uint64_t macs = 0;
  for (int s = 0; s < model->plan.n_stages; s++)
    macs += model->stage_macs[s].path + (model->metadata.cascade ? 0 : model->stage_macs[s].head);
  return macs;
}

/* Exits exclude classes that another is better than; where each is a yes or no of its own, no other
 * class says anything about it. */
static WnStrategy strategy_of(const WnModel *model) {
  WnStrategy own = model->metadata.strategy;
  return own && model->plan.scoring.kind != WN_SCORES_SIGMOID ? own : WN_STRATEGY_NONE;
}

WnStatus wni_model_info_make(WnModel *model, WnError *error) {
  const WniPlan *plan = &model->plan;
  WniMetadata *metadata = &model->metadata;
  size_t n_stages = (size_t)plan->n_stages;
  model->stage_macs = calloc(n_stages, sizeof *model->stage_macs);
  model->first_step = calloc(n_stages + 2, sizeof *model->first_step);
  model->targets = calloc((size_t)plan->n_inputs, sizeof *model->targets);
  model->inputs = calloc((size_t)plan->n_inputs, sizeof *model->inputs);
  model->outputs = calloc((size_t)plan->n_outputs, sizeof *model->outputs);
  model->stage_info = calloc(n_stages, sizeof *model->stage_info);
  model->layer_info = calloc(plan->n_steps + 1, sizeof *model->layer_info);
  model->kernel_names = calloc(plan->n_steps + 1, sizeof *model->kernel_names);
  if (!model->stage_macs || !model->first_step || !model->targets || !model->inputs ||
      !model->outputs || !model->stage_info || !model->layer_info || !model->kernel_names)
    return wni_fail_memory(error, "the model's description");
  for (int i = 0; i < metadata->n_inputs && i < plan->n_inputs; i++)
    wni_meaning_settle(&plan->inputs[i].tensor.shape, plan->inputs[i].element_type,
                       &plan->inputs[i].front, metadata->own, &metadata->inputs[i]);
  WnStatus status = set_targets(model, error);
  if (status != WN_OK) return status;
  if (model->image && plan->n_classes) wni_meaning_warn(metadata, model->path, model->warning);
  sum_stages(model);
  describe_layers(model);
  describe_stages(model);
  describe_inputs(model);
  describe_outputs(model);
  model->info = (WnModelInfo){
      .id = model->id,
      .path = model->path,
      .n_inputs = plan->n_inputs,
      .inputs = model->inputs,
      .n_classes = plan->n_classes,
      .labels = (const char *const *)metadata->labels,
      .has_labels = metadata->has_labels,
      .scores = plan->scoring.kind,
      .scores_source = plan->scoring.source,
      .scores_output = plan->n_classes ? plan->output_names[plan->scoring.output] : NULL,
      .labels_source = metadata->labels_source,
      .warning = *model->warning ? model->warning : NULL,
      .n_exits = plan->n_exits,
      .strategy = strategy_of(model),
      .exit_score_softmax = metadata->score_softmax,
      .floor_score_standardised = metadata->floor_standardised,
      .nothing_class = plan->n_classes ? metadata->nothing : -1,
      .precision = plan->precision,
      .parameters = plan->parameters,
      .macs_full = sum_macs(model),
      .weight_bytes = plan->weight_bytes,
      .arena_bytes = plan->arena_bytes,
      .n_groups = metadata->n_groups,
      .group_names = (const char *const *)metadata->groups,
      .n_stages = plan->n_stages,
      .stages = model->stage_info,
      .n_layers = (int32_t)plan->n_steps,
      .layers = model->layer_info,
  };
  return WN_OK;
}

void wni_model_info_clear(WnModel *model) {
  free(model->stage_macs);
  free(model->first_step);
  free(model->targets);
  free(model->inputs);
  free(model->outputs);
  free(model->stage_info);
  free(model->layer_info);
  free(model->kernel_names);
  model->stage_macs = NULL;
  model->first_step = NULL;
  model->targets = NULL;
  model->inputs = NULL;
  model->outputs = NULL;
  model->stage_info = NULL;
  model->layer_info = NULL;
  model->kernel_names = NULL;
}
