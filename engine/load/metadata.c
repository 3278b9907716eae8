/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See metadata.h.
 */
#include "load/metadata.h"

#include "base/error.h"
#include "base/list.h"
#include "load/floors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_EXITS = 256, MAX_INPUT_NAME = 200 };

WnStatus wni_model_error(WnStatus status, WnError *error) {
  if (status != WN_ERROR_ARGUMENT) return status;
  if (error) error->status = WN_ERROR_MODEL;
  return WN_ERROR_MODEL;
}

WnStatus wni_thresholds_check(WnStrategy strategy, const double *thresholds, int count,
                              const char *what, WnError *error) {
  for (int i = 0; i < count; i++) {
    double t = thresholds[i];
    bool ok = strategy == WN_STRATEGY_CLASS_EXCLUSION ? t >= 0 && t < 1
              : strategy == WN_STRATEGY_CONFIDENCE    ? t >= 0 && t <= 1
              : strategy == WN_STRATEGY_ENTROPY       ? t >= 0
                                                      : true;
    if (!ok)
      return wni_fail(error, WN_ERROR_ARGUMENT, "%s: %g at exit %d is out of range; %s takes %s",
                      what, t, i, wn_strategy_name(strategy),
                      strategy == WN_STRATEGY_CLASS_EXCLUSION ? "0 <= beta < 1"
                      : strategy == WN_STRATEGY_CONFIDENCE    ? "0 to 1"
                                                              : "nats >= 0");
  }
  return WN_OK;
}

static char *copy_text(const char *text, size_t length) {
  char *copy = malloc(length + 1);
  if (!copy) return NULL;
  memcpy(copy, text, length);
  copy[length] = 0;
  return copy;
}

static int count_char(const char *text, char c) {
  int n = 0;
  for (; *text; text++) n += *text == c;
  return n;
}

static WnStatus read_exits(const char *text, WniMetadata *out, WnError *error) {
  const char *end, *item;
  size_t length;
  if (!text || !*text) return WN_OK;
  end = text + strlen(text);
  if (count_char(text, ',') >= MAX_EXITS)
    return wni_fail(error, WN_ERROR_MODEL, "winnow.exits: more than %d exits", MAX_EXITS);
  out->exits = calloc(MAX_EXITS, sizeof *out->exits);
  if (!out->exits) return wni_fail_memory(error, "exits");
  while (wni_list_next(&text, end, ',', &item, &length)) {
    out->exits[out->n_exits] = copy_text(item, length);
    if (!out->exits[out->n_exits++]) return wni_fail_memory(error, "exits");
  }
  return WN_OK;
}

static WnStatus read_strategy(const WniOnnx *onnx, WniMetadata *out, WnError *error) {
  const char *strategy = wni_onnx_metadata(onnx, "winnow.strategy");
  const char *score = wni_onnx_metadata(onnx, "winnow.exit-score");
  const char *thresholds = wni_onnx_metadata(onnx, "winnow.thresholds");
  WnStatus status;
  out->strategy = WN_STRATEGY_NONE;
  if (strategy && wn_strategy_parse(strategy, &out->strategy, NULL) != WN_OK)
    return wni_fail(error, WN_ERROR_MODEL,
                    "winnow.strategy: '%.60s' is not class-exclusion, confidence, entropy or none",
                    strategy);
  if (out->strategy == WN_STRATEGY_MODEL)
    return wni_fail(error, WN_ERROR_MODEL, "winnow.strategy: 'model' is not a model's strategy");
  if (score && strcmp(score, "sigmoid") != 0 && strcmp(score, "softmax") != 0)
    return wni_fail(error, WN_ERROR_MODEL, "winnow.exit-score: '%.60s' is not sigmoid or softmax",
                    score);
  out->has_score = score != NULL;
  out->score_softmax = score && strcmp(score, "softmax") == 0;
  if (!thresholds || !*thresholds || out->strategy == WN_STRATEGY_NONE) return WN_OK;
  out->thresholds = calloc((size_t)out->n_exits + 1, sizeof *out->thresholds);
  if (!out->thresholds) return wni_fail_memory(error, "thresholds");
  status = wni_list_numbers(thresholds, strlen(thresholds), out->thresholds, out->n_exits,
                            "winnow.thresholds", error);
  if (status == WN_OK)
    status = wni_thresholds_check(out->strategy, out->thresholds, out->n_exits, "winnow.thresholds",
                                  error);
  return wni_model_error(status, error);
}

/* The input of a file that has only one. */
static WnStatus read_input(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                           WniMetadata *metadata, WnError *error) {
  WniInputMeaning keys = {0}, *out = &metadata->inputs[metadata->n_inputs++];
  WnStatus status = given ? wni_meaning_read_given(given, out, error) : WN_OK;
  if (status == WN_OK) status = wni_meaning_read_keys(onnx, &keys, error);
  if (status != WN_OK) return status;
  wni_meaning_take(out, &keys);
  if (!metadata->own) wni_found_read(onnx, path, &metadata->found);
  wni_meaning_take(out, &metadata->found.input);
  return WN_OK;
}

/* Options that are about one input have no place where there are several. */
static WnStatus refuse_given(const WnMeaning *given, WnError *error) {
  WniInputMeaning meaning = {0};
  WnStatus status = given ? wni_meaning_read_given(given, &meaning, error) : WN_OK;
  for (int a = 0; a < WNI_N_ASPECTS && status == WN_OK; a++)
    if (meaning.source[a])
      status = wni_fail(error, WN_ERROR_ARGUMENT,
                        "%s: the model is a cascade, whose inputs have a meaning each; give it to "
                        "the networks before they are joined",
                        wni_aspect_name((WniAspect)a));
  return status;
}

/* A cascade names its inputs; any other file has one, which needs no name. */
static WnStatus read_inputs(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                            WniMetadata *out, WnError *error) {
  const char *text = wni_onnx_metadata(onnx, "winnow.inputs"), *item;
  const char *end = text ? text + strlen(text) : NULL;
  size_t length;
  out->cascade = text && *text;
  out->inputs = calloc(WNI_MAX_INPUTS, sizeof *out->inputs);
  if (!out->inputs) return wni_fail_memory(error, "inputs");
  if (!out->cascade) return read_input(onnx, path, given, out, error);
  if (count_char(text, ',') >= WNI_MAX_INPUTS)
    return wni_fail(error, WN_ERROR_MODEL, "winnow.inputs: more than %d inputs", WNI_MAX_INPUTS);
  WnStatus status = refuse_given(given, error);
  while (status == WN_OK && wni_list_next(&text, end, ',', &item, &length)) {
    WniInputMeaning *input = &out->inputs[out->n_inputs++];
    input->name = copy_text(item, length);
    if (!input->name) return wni_fail_memory(error, "inputs");
    if (length == 0 || length > MAX_INPUT_NAME)
      return wni_fail(error, WN_ERROR_MODEL,
                      "winnow.inputs: the name '%.60s' has %zu bytes, not 1 to %d", input->name,
                      length, MAX_INPUT_NAME);
    status = wni_meaning_read_keys(onnx, input, error);
  }
  return status;
}

/* What the scores at the end are, and which output. */
static WnStatus read_scores(const WniOnnx *onnx, const WnMeaning *given, WniMetadata *out,
                            WnError *error) {
  out->output_given = given && given->scores_output && *given->scores_output;
  const char *output =
      out->output_given ? given->scores_output : wni_onnx_metadata(onnx, "winnow.output");
  const char *scores = wni_onnx_metadata(onnx, "winnow.scores");
  if (output && *output && !(out->output = copy_text(output, strlen(output))))
    return wni_fail_memory(error, "metadata");
  out->output_source = out->output_given ? "--scores-output" : "winnow.output";
  if (given && given->scores && *given->scores) {
    out->scores_source = "option";
    return wn_scores_parse(given->scores, &out->scores, error);
  }
  if (!scores || !*scores) return WN_OK;
  out->scores_source = "winnow.scores";
  if (wn_scores_parse(scores, &out->scores, NULL) == WN_OK) return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL,
                  "winnow.scores: '%.60s' is not logits, probabilities or sigmoid", scores);
}

WnStatus wni_metadata_read_inputs(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                                  WniMetadata *out, WnError *error) {
  *out = (WniMetadata){.nothing = -1, .own = wni_onnx_metadata(onnx, "winnow.version") != NULL};
  WnStatus status = read_inputs(onnx, path, given, out, error);
  if (status != WN_OK) wni_metadata_clear(out);
  return status;
}

WnStatus wni_metadata_read(const WniOnnx *onnx, const char *path, const WnMeaning *given,
                           WniMetadata *out, WnError *error) {
  *out = (WniMetadata){.nothing = -1, .taught = wni_onnx_metadata(onnx, "winnow.taught") != NULL};
  const char *version = wni_onnx_metadata(onnx, "winnow.version");
  WnStatus status = WN_OK;
  out->own = version != NULL;
  if (version && strcmp(version, "1") != 0)
    status = wni_fail(error, WN_ERROR_UNSUPPORTED,
                      "winnow.version: %.20s is not 1; a newer Winnow is needed", version);
  if (status == WN_OK) status = read_exits(wni_onnx_metadata(onnx, "winnow.exits"), out, error);
  if (status == WN_OK) status = read_scores(onnx, given, out, error);
  if (status == WN_OK) status = read_strategy(onnx, out, error);
  if (status == WN_OK) status = wni_floors_read(onnx, out, error);
  if (status == WN_OK) status = read_inputs(onnx, path, given, out, error);
  if (status != WN_OK) wni_metadata_clear(out);
  return status;
}

static void free_texts(char **texts, int count) {
  for (int i = 0; texts && i < count; i++) free(texts[i]);
  free(texts);
}

void wni_metadata_clear(WniMetadata *metadata) {
  free_texts(metadata->exits, metadata->n_exits);
  free(metadata->output);
  for (int i = 0; i < metadata->n_inputs; i++) free(metadata->inputs[i].name);
  free(metadata->inputs);
  wni_found_clear(&metadata->found);
  free(metadata->thresholds);
  free(metadata->floors);
  free_texts(metadata->labels, metadata->n_classes);
  free_texts(metadata->groups, metadata->n_groups);
  free(metadata->group_of);
  wni_labels_clear(&metadata->index);
  wni_names_clear(&metadata->group_index);
  for (int i = 0; i < metadata->n_watch; i++) {
    free(metadata->watch[i].watched);
    free(metadata->watch[i].thresholds);
  }
  free(metadata->watch);
  *metadata = (WniMetadata){0};
}
