/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See output.h.
 */
#include "graph/output.h"

#include "base/error.h"
#include "graph/ending.h"

#include <stdio.h>
#include <string.h>

int wni_output_named(const WniGraph *graph, const char *name) {
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
static WnStatus find(const WniGraph *graph, const WniMetadata *metadata, int n_labels, int *output,
                     WnError *error) {
  int others;
  *output = -1;
  if (metadata->output) {
    *output = wni_output_named(graph, metadata->output);
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

WnStatus wni_output_check(const WniGraph *graph, int output, int64_t *count, WnError *error) {
  *count = count_scores(graph, output);
  return *count < 1 ? refuse_output(graph, output, error) : WN_OK;
}

WnStatus wni_output_find(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                         int *output, int64_t *count, WnError *error) {
  WnStatus status = find(graph, metadata, n_labels, output, error);
  return status == WN_OK ? wni_output_check(graph, *output, count, error) : status;
}
