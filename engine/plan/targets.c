/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What classification needs of a network (plan.h): its inputs in order, its exits, and which of its
 * outputs are the class scores.
 */
#include "base/error.h"
#include "graph/ending.h"
#include "graph/output.h"
#include "plan/plan.h"

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
  int64_t count;
  WnStatus status = wni_output_find(graph, metadata, n_labels, &output, &count, error);
  if (status != WN_OK) return status;
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
  int64_t count;
  WnStatus status = wni_output_check(graph, output, &count, error);
  if (status != WN_OK || count == n_classes) return status;
  return wni_fail(error, WN_ERROR_MODEL, "output '%.100s' has %lld classes, the final one has %d",
                  graph->output_names[output], (long long)count, n_classes);
}

static WnStatus find_exits(const WniGraph *graph, const WniMetadata *metadata, WniTargets *targets,
                           WnError *error) {
  targets->exits = calloc((size_t)metadata->n_exits + 1, sizeof *targets->exits);
  if (!targets->exits) return wni_fail_memory(error, "exits");
  for (int i = 0; i < metadata->n_exits; i++) {
    int output = wni_output_named(graph, metadata->exits[i]);
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
