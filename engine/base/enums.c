/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names of the public enumerations, as users write and read them.
 */
#include "base/error.h"

#include <string.h>

static const char *const strategy_names[WN_STRATEGY_COUNT] = {"model", "class-exclusion",
                                                              "confidence", "entropy", "none"};
static const char *const precision_names[WN_PRECISION_COUNT] = {"auto", "fp32", "bf16", "int8"};
static const char *const scores_names[WN_SCORES_COUNT] = {"logits", "probabilities", "sigmoid"};

static WnStatus find_name(const char *name, const char *const *names, int count, const char *what,
                          const char *known, int *out, WnError *error) {
  for (*out = 0; *out < count; ++*out)
    if (name && strcmp(name, names[*out]) == 0) return WN_OK;
  return wni_fail(error, WN_ERROR_ARGUMENT, "%s: '%.60s' is not %s", what, name ? name : "", known);
}

const char *wn_strategy_name(WnStrategy strategy) {
  return (unsigned)strategy < WN_STRATEGY_COUNT ? strategy_names[strategy] : NULL;
}

WnStatus wn_strategy_parse(const char *name, WnStrategy *out, WnError *error) {
  int index;
  WnStatus status = find_name(name, strategy_names, WN_STRATEGY_COUNT, "strategy",
                              "model, class-exclusion, confidence, entropy or none", &index, error);
  if (status == WN_OK) *out = (WnStrategy)index;
  return status;
}

const char *wn_precision_name(WnPrecision precision) {
  return (unsigned)precision < WN_PRECISION_COUNT ? precision_names[precision] : NULL;
}

WnStatus wn_precision_parse(const char *name, WnPrecision *out, WnError *error) {
  int index;
  WnStatus status = find_name(name, precision_names, WN_PRECISION_COUNT, "precision",
                              "auto, fp32, bf16 or int8", &index, error);
  if (status == WN_OK) *out = (WnPrecision)index;
  return status;
}

const char *wn_scores_name(WnScores scores) {
  return (unsigned)scores < WN_SCORES_COUNT ? scores_names[scores] : NULL;
}

WnStatus wn_scores_parse(const char *name, WnScores *out, WnError *error) {
  int index;
  WnStatus status = find_name(name, scores_names, WN_SCORES_COUNT, "scores",
                              "logits, probabilities or sigmoid", &index, error);
  if (status == WN_OK) *out = (WnScores)index;
  return status;
}
