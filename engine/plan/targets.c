/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What classification needs of a network (plan.h): its inputs in order, its exits, and which of its
 * outputs are the class scores.
 */
#include "base/error.h"
#include "graph/ending.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- inputs ---- */

/* The graph's inputs in the order of winnow.inputs, which names all of them. */
static WnStatus find_inputs(const WniGraph *graph, const WniMetadata *metadata, WniTargets *targets,
                            WnError *error) {
  if (!metadata->cascade) {
    if (graph->n_inputs == 1) return WN_OK;
    return wni_fail(
        error, WN_ERROR_UNSUPPORTED,
        "the model has several inputs that nodes read ('%.80s', '%.80s', ...); what is "
        "not the image has to be a constant of the file, so export it as one (Keras: "
        "'python -m tf2onnx.convert --saved-model'); cascades are made by 'winnow join'",
        graph->values[graph->inputs[0]].name, graph->values[graph->inputs[1]].name);
  }
  if (metadata->n_inputs != graph->n_inputs)
    return wni_fail(error, WN_ERROR_MODEL, "winnow.inputs names %d inputs, the model has %d",
                    metadata->n_inputs, graph->n_inputs);
  for (int i = 0; i < metadata->n_inputs; i++) {
    const char *name = metadata->inputs[i].name;
    targets->inputs[i] = wni_names_find(&graph->names, name);
    if (targets->inputs[i] < 0 || wni_graph_input(graph, targets->inputs[i]) < 0)
      return wni_fail(error, WN_ERROR_MODEL, "winnow.inputs names '%.100s', which is no input",
                      name);
    for (int k = 0; k < i; k++)
      if (targets->inputs[k] == targets->inputs[i])
        return wni_fail(error, WN_ERROR_MODEL, "winnow.inputs names '%.100s' twice", name);
  }
  return WN_OK;
}

/* One image is classified at a time. */
static WnStatus check_batch(const WniGraph *graph, WnError *error) {
  for (int i = 0; i < graph->n_inputs; i++) {
    const WniValue *image = &graph->values[graph->inputs[i]];
    if (image->shape.rank == 4 && image->shape.dim[0] > 1)
      return wni_fail(
          error, WN_ERROR_UNSUPPORTED,
          "input '%.100s' takes %lld images at once; export the model with a batch of 1 "
          "or a dynamic one ('winnow run' runs it as it is)",
          image->name, (long long)image->shape.dim[0]);
  }
  return WN_OK;
}

/* ---- outputs ---- */

static int find_output(const WniGraph *graph, const char *name) {
  for (int i = 0; i < graph->n_outputs; i++)
    if (strcmp(graph->output_names[i], name) == 0) return i;
  return -1;
}

static bool is_exit(const WniMetadata *metadata, const char *name) {
  for (int k = 0; k < metadata->n_exits; k++)
    if (strcmp(metadata->exits[k], name) == 0) return true;
  return false;
}

/* "[1, 10]" */
static void shape_text(const WniShape *shape, char *text, size_t size) {
  size_t used = (size_t)snprintf(text, size, "[");
  for (int d = 0; d < shape->rank && used < size; d++)
    used += (size_t)snprintf(text + used, size - used, "%s%lld", d ? ", " : "",
                             (long long)shape->dim[d]);
  if (used < size) snprintf(text + used, size - used, "]");
}

/* How many scores output i holds; 0: they are none. */
static int64_t count_scores(const WniGraph *graph, int i) {
  int value = graph->outputs[i];
  const WniValue *v = &graph->values[value];
  bool whole = wni_value_is_int(v) && !v->on_grid;
  return whole || wni_ending_choice(graph, value) ? 0 : wni_ending_count(graph, value);
}

static WnStatus refuse_output(const WniGraph *graph, int i, WnError *error) {
  const char *name = graph->output_names[i];
  const char *choice = wni_ending_choice(graph, graph->outputs[i]);
  char shape[96];
  shape_text(&graph->values[graph->outputs[i]].shape, shape, sizeof shape);
  if (choice)
    return wni_fail(error, WN_ERROR_UNSUPPORTED,
                    "output '%.100s' is the answer of %s alone; the scores of all classes are "
                    "needed: export the network without it",
                    name, choice);
  return wni_fail(error, WN_ERROR_MODEL,
                  "output '%.100s' %s is not a list of class scores [N, classes]", name, shape);
}

/* Which of several it is has to be said, or what is said is none of them. */
static WnStatus refuse_all(const WniGraph *graph, const WniMetadata *metadata, WnError *error) {
  char list[300] = "", shape[96];
  size_t used = 0;
  for (int i = 0; i < graph->n_outputs && used < sizeof list; i++) {
    const char *name = graph->output_names[i];
    if (is_exit(metadata, name)) continue;
    shape_text(&graph->values[graph->outputs[i]].shape, shape, sizeof shape);
    used += (size_t)snprintf(list + used, sizeof list - used, "%s'%.60s' %s", used ? ", " : "",
                             name, shape);
  }
  if (metadata->output)
    return wni_fail(error, metadata->output_given ? WN_ERROR_ARGUMENT : WN_ERROR_MODEL,
                    "%s names '%.60s', which is no output; there is %s", metadata->output_source,
                    metadata->output, list);
  return wni_fail(error, WN_ERROR_MODEL,
                  "the model has several outputs: %s; name the class scores with --scores-output "
                  "(winnow.output in its metadata)",
                  list);
}

/* Of scores beside their own Softmax either will do. */
static bool are_the_same(const WniGraph *graph, int a, int b, int64_t count) {
  WniEnding ends[2] = {wni_ending_find(graph, graph->outputs[a], count),
                       wni_ending_find(graph, graph->outputs[b], count)};
  int logits[2] = {ends[0].logits >= 0 ? ends[0].logits : graph->outputs[a],
                   ends[1].logits >= 0 ? ends[1].logits : graph->outputs[b]};
  return logits[0] == logits[1];
}

/* The only output that can be the scores, or that has as many as there are labels.  *output -1:
 * there are several; *other: how many outputs are no exits. */
static void choose_output(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                          int *output, int *others) {
  int found = 0, fitting = 0, first = -1, fit = -1;
  *others = 0;
  for (int i = 0; i < graph->n_outputs; i++) {
    if (is_exit(metadata, graph->output_names[i])) continue;
    ++*others;
    *output = i;
    int64_t count = count_scores(graph, i), classes = count == 1 ? 2 : count;
    if (count < 1) continue;
    if (first < 0 || !are_the_same(graph, first, i, count)) found++;
    if (first < 0) first = i;
    if (classes != n_labels) continue;
    if (fit < 0 || !are_the_same(graph, fit, i, count)) fitting++;
    if (fit < 0) fit = i;
  }
  if (*others <= 1) return;
  *output = found == 1 ? first : fitting == 1 ? fit : -1;
}

/* The output that winnow.output names, or the one that it must be. */
static WnStatus find_final_output(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                                  int *output, WnError *error) {
  int others;
  *output = -1;
  if (metadata->output) {
    *output = find_output(graph, metadata->output);
    if (*output < 0) return refuse_all(graph, metadata, error);
    if (is_exit(metadata, metadata->output))
      return wni_fail(error, WN_ERROR_MODEL, "winnow.exits and %s both name '%.100s'",
                      metadata->output_source, metadata->output);
    return WN_OK;
  }
  choose_output(graph, metadata, n_labels, output, &others);
  if (others == 0) return wni_fail(error, WN_ERROR_MODEL, "all outputs of the model are exits");
  return *output < 0 ? refuse_all(graph, metadata, error) : WN_OK;
}

/* ---- what the scores are ---- */

/* The kind that is said, or else found, and which value shows it best. */
static void interpret(const WniGraph *graph, const WniMetadata *metadata, int64_t count,
                      WniTargets *targets) {
  WniScoring *scoring = &targets->scoring;
  int value = graph->outputs[scoring->output];
  const WniEnding ending = wni_ending_find(graph, value, count);
  bool said = metadata->scores_source != NULL;
  scoring->kind = said ? metadata->scores : ending.kind;
  scoring->source = said ? metadata->scores_source : "graph";
  scoring->one = count == 1;
  if (scoring->one && said && scoring->kind == WN_SCORES_PROBABILITIES)
    scoring->kind = WN_SCORES_SIGMOID; /* the probability of class 1 */
  scoring->form = scoring->kind;
  targets->final = value;
  if (scoring->kind == WN_SCORES_SIGMOID && !ending.is_share) scoring->form = WN_SCORES_LOGITS;
  bool is_cut =
      ending.logits >= 0 &&
      (!said || (scoring->kind == WN_SCORES_PROBABILITIES && scoring->kind == ending.kind));
  if (!is_cut) return;
  scoring->form = WN_SCORES_LOGITS;
  targets->final = ending.logits;
}

static WnStatus find_scores(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                            WniTargets *targets, WnError *error) {
  int output;
  WnStatus status = find_final_output(graph, metadata, n_labels, &output, error);
  if (status != WN_OK) return status;
  int64_t count = count_scores(graph, output);
  if (count < 1) return refuse_output(graph, output, error);
  targets->scoring.output = output;
  interpret(graph, metadata, count, targets);
  targets->n_classes = targets->scoring.one ? 2 : (int)count;
  if (!targets->scoring.one || targets->scoring.kind == WN_SCORES_SIGMOID) return WN_OK;
  return wni_fail(error, WN_ERROR_UNSUPPORTED,
                  "output '%.100s' is one number and no Sigmoid makes it; if its sigmoid is the "
                  "probability of the second of two classes, say --scores sigmoid (winnow.scores "
                  "in its metadata)",
                  graph->output_names[output]);
}

/* ---- exits ---- */

static WnStatus check_exit(const WniGraph *graph, int output, int n_classes, WnError *error) {
  int64_t count = count_scores(graph, output);
  if (count < 1) return refuse_output(graph, output, error);
  if (count == n_classes) return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL, "output '%.100s' has %lld classes, the final one has %d",
                  graph->output_names[output], (long long)count, n_classes);
}

static WnStatus find_exits(const WniGraph *graph, const WniMetadata *metadata, WniTargets *targets,
                           WnError *error) {
  targets->exits = calloc((size_t)metadata->n_exits + 1, sizeof *targets->exits);
  if (!targets->exits) return wni_fail_memory(error, "exits");
  for (int i = 0; i < metadata->n_exits; i++) {
    int output = find_output(graph, metadata->exits[i]);
    if (output < 0)
      return wni_fail(error, WN_ERROR_MODEL, "winnow.exits names '%.100s', which is no output",
                      metadata->exits[i]);
    targets->exits[targets->n_exits++] = graph->outputs[output];
    WnStatus status = check_exit(graph, output, targets->n_classes, error);
    if (status != WN_OK) return status;
    for (int k = 0; k < i; k++)
      if (strcmp(metadata->exits[k], metadata->exits[i]) == 0)
        return wni_fail(error, WN_ERROR_MODEL, "winnow.exits names '%.100s' twice",
                        metadata->exits[i]);
  }
  return WN_OK;
}

WnStatus wni_targets_find(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                          WniTargets *targets, WnError *error) {
  WnStatus status = find_inputs(graph, metadata, targets, error);
  if (status == WN_OK) status = check_batch(graph, error);
  if (status == WN_OK) status = find_scores(graph, metadata, n_labels, targets, error);
  if (status == WN_OK) status = find_exits(graph, metadata, targets, error);
  return status;
}
