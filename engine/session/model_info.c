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
                           .parameters = step->parameters};
    memcpy(layer->shape, step->shape.dim, sizeof layer->shape);
  }
}

static void describe_stages(WnModel *model) {
  const WniPlan *plan = &model->plan;
  const char **names = model->kernel_names;
  for (int stage = 0; stage < plan->n_stages; stage++) {
    WnStageInfo *info = &model->stage_info[stage];
    bool exit = stage < plan->n_exits;
    *info = (WnStageInfo){.macs = model->stage_macs[stage].path + model->stage_macs[stage].head,
                          .exit_name = exit ? model->metadata.exits[stage] : NULL,
                          .threshold = exit && model->metadata.thresholds
                                           ? model->metadata.thresholds[stage]
                                           : (double)NAN,
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

/* One number in the metadata serves every channel. */
static WnStatus set_channel(const char *key, const double *numbers, int given, int channels,
                            double fallback, double *out, WnError *error) {
  if (given > 1 && given != channels)
    return wni_fail(error, WN_ERROR_MODEL, "%s: %d numbers for an input of %d channel%s", key,
                    given, channels, channels == 1 ? "" : "s");
  for (int c = 0; c < 3; c++) out[c] = given == 0 ? fallback : numbers[given == 1 ? 0 : c];
  return WN_OK;
}

static WnStatus set_target(WnModel *model, WnError *error) {
  const WniTensor *input = &model->plan.input;
  WniImageTarget *target = &model->target;
  const WniMetadata *metadata = &model->metadata;
  const int64_t *dim = input->shape.dim;
  int h = model->plan.input_nhwc ? 1 : 2, c = model->plan.input_nhwc ? 3 : 1;
  if (input->shape.rank != 4 || (dim[c] != 1 && dim[c] != 3)) {
    model->not_image = "its input is not an image of 1 or 3 channels";
    return WN_OK;
  }
  if (dim[h] > WN_FRAME_MAX_SIDE || dim[h + 1] > WN_FRAME_MAX_SIDE) {
    model->not_image = "its input has more pixels a side than frames";
    return WN_OK;
  }
  target->channels = (int)dim[c];
  target->height = (int)dim[h];
  target->width = (int)dim[h + 1];
  target->channel_stride = input->stride[c];
  target->row_stride = input->stride[h];
  target->column_stride = input->stride[h + 1];
  target->resize = metadata->resize;
  model->not_image = dim[0] != 1 ? "its batch is over 1" : NULL;
  model->image = dim[0] == 1;
  WnStatus status = set_channel("winnow.input.mean", metadata->mean, metadata->n_mean,
                                target->channels, 0, target->mean, error);
  if (status == WN_OK)
    status = set_channel("winnow.input.std", metadata->std, metadata->n_std, target->channels, 1,
                         target->std, error);
  return status;
}

WnStatus wni_model_info_make(WnModel *model, WnError *error) {
  const WniPlan *plan = &model->plan;
  const WniMetadata *metadata = &model->metadata;
  size_t n_stages = (size_t)plan->n_stages;
  model->stage_macs = calloc(n_stages, sizeof *model->stage_macs);
  model->first_step = calloc(n_stages + 2, sizeof *model->first_step);
  model->outputs = calloc((size_t)plan->n_outputs, sizeof *model->outputs);
  model->stage_info = calloc(n_stages, sizeof *model->stage_info);
  model->layer_info = calloc(plan->n_steps + 1, sizeof *model->layer_info);
  model->kernel_names = calloc(plan->n_steps + 1, sizeof *model->kernel_names);
  if (!model->stage_macs || !model->first_step || !model->outputs || !model->stage_info ||
      !model->layer_info || !model->kernel_names)
    return wni_fail_memory(error, "the model's description");
  WnStatus status = set_target(model, error);
  if (status != WN_OK) return status;
  sum_stages(model);
  describe_layers(model);
  describe_stages(model);
  describe_outputs(model);
  model->info = (WnModelInfo){
      .id = model->id,
      .path = model->path,
      .input_rank = plan->input.shape.rank,
      .input_nhwc = plan->input_nhwc,
      .channels = model->target.channels,
      .height = model->target.height,
      .width = model->target.width,
      .n_classes = plan->n_classes,
      .labels = (const char *const *)metadata->labels,
      .has_labels = metadata->has_labels,
      .n_exits = plan->n_exits,
      .strategy = metadata->strategy ? metadata->strategy : WN_STRATEGY_NONE,
      .exit_score_softmax = metadata->score_softmax,
      .precision = plan->precision,
      .parameters = plan->parameters,
      .weight_bytes = plan->weight_bytes,
      .arena_bytes = plan->arena_bytes,
      .resize = wni_resize_name(metadata->resize),
      .n_groups = metadata->n_groups,
      .group_names = (const char *const *)metadata->groups,
      .n_stages = plan->n_stages,
      .stages = model->stage_info,
      .n_layers = (int32_t)plan->n_steps,
      .layers = model->layer_info,
  };
  memcpy(model->info.input_shape, plan->input.shape.dim, sizeof model->info.input_shape);
  for (int c = 0; c < 3; c++) {
    model->info.mean[c] = (float)model->target.mean[c];
    model->info.std[c] = (float)model->target.std[c];
  }
  for (size_t s = 0; s < n_stages; s++) model->info.macs_full += model->stage_info[s].macs;
  return WN_OK;
}

void wni_model_info_clear(WnModel *model) {
  free(model->stage_macs);
  free(model->first_step);
  free(model->outputs);
  free(model->stage_info);
  free(model->layer_info);
  free(model->kernel_names);
}
