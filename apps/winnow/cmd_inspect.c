/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * `winnow inspect`: prints what the engine knows about a model.
 */
#include <math.h>
#include <stdio.h>

#include <glib.h>

#include "commands.h"
#include "json.h"
#include "options.h"
#include "text.h"

enum { NAME_CHARACTERS = 28, SHAPE_CHARACTERS = 16, OP_CHARACTERS = 18, LABELS_SHOWN = 10 };

static void put_sources(json_t *json, const WnInputSources *from) {
  json_t *source = put_object(json, "source");
  put_text(source, "mean", from->mean);
  put_text(source, "std", from->std);
  put_text(source, "channels", from->channels);
  put_text(source, "resize", from->resize);
  put_text(source, "crop", from->crop);
  put_text(source, "rounding", from->rounding);
  put_text(source, "interpolation", from->interpolation);
  put_text(source, "size", from->size);
}

static void put_inputs(json_t *json, const WnModelInfo *info) {
  json_t *inputs = put_array(json, "inputs");
  for (int32_t i = 0; i < info->n_inputs; i++) {
    const WnInputInfo *input = &info->inputs[i];
    json_t *entry = put_object(inputs, NULL);
    char *size = g_strdup_printf("%dx%d", input->width, input->height);
    put_text(entry, "name", input->name);
    put_sizes(entry, "shape", input->shape, input->rank);
    put_int(entry, "stage", input->stage);
    put_reals(entry, "mean", input->mean, input->channels);
    put_reals(entry, "std", input->std, input->channels);
    put_text(entry, "channels", input->order);
    put_text(entry, "resize", input->resize);
    put_real(entry, "crop", input->crop);
    put_text(entry, "rounding", input->rounding);
    put_text(entry, "interpolation", input->interpolation);
    put_text(entry, "size", input->width > 0 ? size : NULL);
    put_sources(entry, &input->source);
    g_free(size);
  }
}

static const char *floor_score(const WnModelInfo *info) {
  return info->floor_score_standardised ? "standardised" : "logit";
}

static bool has_floors(const WnModelInfo *info) {
  for (int32_t i = 0; i < info->n_stages; i++)
    if (!isnan(info->stages[i].floor)) return true;
  return false;
}

static void print_inspect_json(const WnModelInfo *info) {
  json_t *json = json_object();
  put_text(json, "model-id", info->id);
  put_inputs(json, info);
  json_t *scores = put_object(json, "scores");
  put_text(scores, "kind", wn_scores_name(info->scores));
  put_text(scores, "source", info->scores_source);
  put_int(json, "classes", info->n_classes);
  put_texts(json, "labels", info->labels, info->n_classes);
  put_text(json, "labels-source", info->labels_source);
  put_text(json, "warning", info->warning);
  put_count(json, "parameters", info->parameters);
  put_count(json, "macs-full", info->macs_full);
  put_text(json, "floor-score", floor_score(info));
  put_text(json, "nothing", info->nothing_class >= 0 ? info->labels[info->nothing_class] : NULL);
  json_t *stages = put_array(json, "stages");
  for (int32_t i = 0; i < info->n_stages; i++) {
    const WnStageInfo *stage = &info->stages[i];
    json_t *entry = put_object(stages, NULL);
    put_int(entry, "index", i);
    put_count(entry, "macs", stage->macs);
    put_text(entry, "exit", stage->exit_name);
    put_real(entry, "threshold", stage->exit_name != NULL ? stage->threshold : NAN);
    put_real(entry, "floor", stage->floor);
    put_texts(entry, "kernels", stage->kernels, stage->n_kernels);
  }
  print_json(json);
}

/* The first `shown` of n. */
static void print_names(const char *title, const char *const *names, int32_t n, int32_t shown) {
  printf("%-12s", title);
  for (int32_t i = 0; i < MIN(n, shown); i++) {
    char *name = text_clean(names[i]);
    printf("%s%s", i > 0 ? ", " : "", name);
    g_free(name);
  }
  if (n > shown) printf(", ... %d more (--all-labels)", n - shown);
  putchar('\n');
}

/* "TITLE VALUE (SOURCE)" */
static void print_said(const char *title, const char *value, const char *source) {
  printf("%-12s%s (%s)\n", title, value, source != NULL ? source : "assumed");
}

/* One number where all channels have the same. */
static char *channels_text(const double *values, int32_t channels) {
  bool same = channels != 3 || (values[0] == values[1] && values[1] == values[2]);
  return same ? g_strdup_printf("%.6g", values[0])
              : g_strdup_printf("%.6g, %.6g, %.6g", values[0], values[1], values[2]);
}

/* What black and white become, of the channels the lowest and the highest. */
static char *range_text(const WnInputInfo *input) {
  double low = INFINITY, high = -INFINITY;
  for (int32_t c = 0; c < MAX(input->channels, 1); c++) {
    low = MIN(low, (0 - input->mean[c]) / input->std[c]);
    high = MAX(high, (1 - input->mean[c]) / input->std[c]);
  }
  return g_strdup_printf("%.4g to %.4g", low, high);
}

static void print_meaning(const WnInputInfo *input) {
  const WnInputSources *from = &input->source;
  char *texts[] = {channels_text(input->mean, input->channels),
                   channels_text(input->std, input->channels), range_text(input),
                   g_strdup_printf("%dx%d", input->width, input->height),
                   g_strdup_printf("%.4g of it", input->crop)};
  print_said("  size", texts[3], from->size);
  print_said("  resize", input->resize, from->resize);
  print_said("  crop", texts[4], from->crop);
  print_said("  rounding", input->rounding, from->rounding);
  print_said("  pixels", input->interpolation, from->interpolation);
  if (input->channels == 3) print_said("  channels", input->order, from->channels);
  print_said("  mean", texts[0], from->mean);
  print_said("  std", texts[1], from->std);
  printf("%-12s%s\n", "  range", texts[2]);
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) g_free(texts[i]);
}

static void print_input(const WnModelInfo *info, const WnInputInfo *input) {
  char *shape = text_shape(input->shape, input->rank);
  char *name = text_clean(input->name);
  printf("%-12s%s %s", "input", shape, (input->nhwc ? "NHWC" : "NCHW") + (input->rank == 3));
  if (info->n_inputs > 1) printf("; stage %d, %s", input->stage, name);
  putchar('\n');
  if (input->width > 0) print_meaning(input);
  g_free(name);
  g_free(shape);
}

static void print_summary(const WnModelInfo *info, bool all_labels) {
  char *parameters = text_count((double)info->parameters);
  char *macs = text_count((double)info->macs_full);
  char *weights = text_bytes((double)info->weight_bytes);
  char *arena = text_bytes((double)info->arena_bytes);
  char *id = text_clean(info->id);
  printf("%-12s%s\n", "model", id);
  for (int32_t i = 0; i < info->n_inputs; i++) print_input(info, &info->inputs[i]);
  printf("%-12s%s parameters, %s MACs%s, %s weights, %s activations, %s\n", "size", parameters,
         macs, info->n_inputs > 1 ? " (the last network's)" : "", weights, arena,
         wn_precision_name(info->precision));
  if (info->n_exits == 0)
    printf("%-12snone: every frame is computed to the end\n", "exits");
  else
    printf("%-12s%d, %s on %s scores\n", "exits", info->n_exits, wn_strategy_name(info->strategy),
           info->exit_score_softmax ? "softmax" : "sigmoid");
  printf("%-12s%d (%s)\n", "classes", info->n_classes,
         info->has_labels ? info->labels_source
                          : "no labels in the model; give them with --labels FILE");
  printf("%-12s%s (%s)\n", "scores", wn_scores_name(info->scores), info->scores_source);
  if (info->has_labels)
    print_names("labels", info->labels, info->n_classes,
                all_labels ? info->n_classes : LABELS_SHOWN);
  if (info->nothing_class >= 0) print_names("nothing", &info->labels[info->nothing_class], 1, 1);
  if (has_floors(info)) printf("%-12s%s\n", "floors", floor_score(info));
  if (info->n_groups > 0) print_names("groups", info->group_names, info->n_groups, info->n_groups);
  g_free(id);
  g_free(arena);
  g_free(weights);
  g_free(macs);
  g_free(parameters);
}

static char *number_text(double number) {
  return isnan(number) ? g_strdup("-") : g_strdup_printf("%.4g", number);
}

static void print_stages(const WnModelInfo *info) {
  bool floors = has_floors(info);
  printf("\n%-6s %-12s %10s %7s %10s%s  %s\n", "stage", "exit", "MACs", "so far", "threshold",
         floors ? "      floor" : "", "kernels");
  uint64_t so_far = 0;
  for (int32_t i = 0; i < info->n_stages; i++) {
    const WnStageInfo *stage = &info->stages[i];
    so_far += stage->macs;
    char *exit_name = text_column(stage->exit_name != NULL ? stage->exit_name : "(final)", 12);
    char *macs = text_count((double)stage->macs);
    char *share = text_percent((double)so_far / (double)info->macs_full);
    char *threshold = number_text(stage->exit_name != NULL ? stage->threshold : NAN);
    char *floor = number_text(stage->floor);
    printf("%-6d %s %10s %7s %10s ", i, exit_name, macs, share, threshold);
    if (floors) printf("%10s ", floor);
    for (int32_t k = 0; k < stage->n_kernels; k++) printf(" %s", stage->kernels[k]);
    putchar('\n');
    g_free(floor);
    g_free(threshold);
    g_free(share);
    g_free(macs);
    g_free(exit_name);
  }
}

static void print_layers(const WnModelInfo *info) {
  printf("\n%-6s %-*s %-*s %-*s %10s %10s  %s\n", "stage", NAME_CHARACTERS, "layer", OP_CHARACTERS,
         "operator", SHAPE_CHARACTERS, "output", "MACs", "parameters", "kernel");
  for (int32_t i = 0; i < info->n_layers; i++) {
    const WnLayerInfo *layer = &info->layers[i];
    char *name = text_column(layer->name, NAME_CHARACTERS);
    char *op = text_column(layer->op, OP_CHARACTERS);
    char *dimensions = text_shape(layer->shape, layer->rank);
    char *shape = text_column(dimensions, SHAPE_CHARACTERS);
    char *macs = layer->macs > 0 ? text_count((double)layer->macs) : g_strdup("-");
    char *parameters =
        layer->parameters > 0 ? text_count((double)layer->parameters) : g_strdup("-");
    printf("%-2d%-4s %s %s %s %10s %10s  %s\n", layer->stage, layer->head ? "exit" : "", name, op,
           shape, macs, parameters, layer->kernel);
    g_free(parameters);
    g_free(macs);
    g_free(shape);
    g_free(dimensions);
    g_free(op);
    g_free(name);
  }
}

static int run(int argc, char **argv) {
  gboolean as_json = FALSE, all_labels = FALSE;
  const GOptionEntry own[] = {
      {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object", NULL},
      {"all-labels", 0, 0, G_OPTION_ARG_NONE, &all_labels,
       "Print all labels, not only the first 10", NULL},
      G_OPTION_ENTRY_NULL};
  Options options = {0};
  WnModel *model = NULL;
  int status = options_parse(&command_inspect, OPTIONS_MODEL | OPTIONS_MEANING, own, argc, argv, 1,
                             1, &options);
  if (status != STATUS_OK) goto out;
  model = options_open_model(&options, options.arguments[0], false, &status);
  if (model == NULL) goto out;
  const WnModelInfo *info = wn_model_info(model);
  if (as_json) {
    print_inspect_json(info);
  } else {
    print_summary(info, all_labels);
    print_stages(info);
    print_layers(info);
  }

out:
  wn_model_unref(model);
  options_clear(&options);
  return status;
}

const Command command_inspect = {
    "winnow inspect",
    "MODEL",
    "Show a model's stages, exits, layers and cost",
    "A stage ends at an exit; 'so far' is the share of the whole network's\n"
    "multiply-accumulates that is spent when its exit is decided.\n\n"
    "Examples:\n"
    "  winnow inspect models/paper/edge-cifar10.onnx\n"
    "  winnow inspect models/paper/edge-cifar10.onnx --json | jq .stages",
    run,
    NULL};
