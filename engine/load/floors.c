/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A part of metadata.h: what makes a model say `nothing`.  winnow.floors and winnow.floor-score are
 * read with the outputs' names, winnow.nothing with the labels.
 */
#include "load/floors.h"

#include "base/error.h"
#include "base/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const score_names[] = {"logit", "standardised"};

const char *wni_floor_score_name(bool standardised) {
  return score_names[standardised];
}

/* One number or `-` for each exit and for the end, into out [count]. */
static WnStatus read_numbers(const char *text, int count, double *out, WnError *error) {
  const char *end = text + strlen(text), *item;
  size_t length;
  int n = 0;
  for (; wni_list_next(&text, end, ',', &item, &length); n++) {
    double number = (double)NAN;
    WnStatus status = length == 1 && *item == '-'
                          ? WN_OK
                          : wni_list_numbers(item, length, &number, 1, "winnow.floors", error);
    if (status != WN_OK) return status;
    if (n < count) out[n] = number;
  }
  if (n == count) return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL,
                  "winnow.floors: %d given, but the model needs %d, one per exit and one for the "
                  "end ('-' for none)",
                  n, count);
}

WnStatus wni_floors_read(const WniOnnx *onnx, WniMetadata *out, WnError *error) {
  const char *score = wni_onnx_metadata(onnx, "winnow.floor-score");
  const char *floors = wni_onnx_metadata(onnx, "winnow.floors");
  if (score && strcmp(score, score_names[0]) != 0 && strcmp(score, score_names[1]) != 0)
    return wni_fail(error, WN_ERROR_MODEL,
                    "winnow.floor-score: '%.60s' is not logit or standardised", score);
  out->floor_standardised = score && strcmp(score, score_names[1]) == 0;
  if (!floors || !*floors) return WN_OK;
  out->floors = calloc((size_t)out->n_exits + 1, sizeof *out->floors);
  if (!out->floors) return wni_fail_memory(error, "floors");
  WnStatus status = read_numbers(floors, out->n_exits + 1, out->floors, error);
  return wni_model_error(status, error);
}

WnStatus wni_nothing_bind(const WniOnnx *onnx, WniMetadata *metadata, WnError *error) {
  static const char what[] = "winnow.nothing";
  const char *text = wni_onnx_metadata(onnx, what);
  if (!text || !*text) return WN_OK;
  bool *set = calloc((size_t)metadata->n_classes, sizeof *set);
  if (!set) return wni_fail_memory(error, what);
  WnStatus status = wni_list_labels(text, strlen(text), &metadata->index, set, what, error);
  int n = 0;
  for (int c = 0; status == WN_OK && c < metadata->n_classes; c++)
    if (set[c]) metadata->nothing = c, n++;
  if (status == WN_OK && n != 1)
    status = wni_fail(error, WN_ERROR_MODEL, "%s: '%.60s' names %d classes, but one is meant", what,
                      text, n);
  free(set);
  return wni_model_error(status, error);
}
