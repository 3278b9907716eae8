/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which row of each network is which class of the cascade (wni_join_classes() in join.h).  Classes
 * and their order are those of the last network; what stands for none of them, `background`, is
 * left out of all.
 */
#include "join/join.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static const char background[] = "background";

/* Whether class c of the network is one of the cascade's. */
static bool is_kept(const WniPart *part, int c, bool keeps_background) {
  return keeps_background || !part->metadata.has_labels ||
         strcmp(part->metadata.labels[c], background) != 0;
}

/* The classes that are kept, in the network's own order. */
static WnStatus list_kept(WniPart *part, bool keeps_background, WnError *error) {
  part->row = calloc((size_t)part->n_classes, sizeof *part->row);
  if (!part->row) return wni_fail_memory(error, "the classes");
  part->n_rows = 0;
  for (int c = 0; c < part->n_classes; c++)
    if (is_kept(part, c, keeps_background)) part->row[part->n_rows++] = c;
  return WN_OK;
}

static const char *label(const WniPart *part, int i) {
  return part->metadata.labels[part->row[i]];
}

static bool same_order(const WniPart *a, const WniPart *b) {
  bool same = a->n_rows == b->n_rows;
  for (int i = 0; same && i < a->n_rows; i++) same = strcmp(label(a, i), label(b, i)) == 0;
  return same;
}

/* Position of each kept label; a label that is there twice has none. */
static WnStatus index_labels(const WniPart *part, WniNames *names, WnError *error) {
  for (int i = 0; i < part->n_rows; i++) {
    if (wni_names_find(names, label(part, i)) >= 0)
      return wni_fail(error, WN_ERROR_MODEL,
                      "'%.100s': two classes are called '%.60s', and the order of the classes is "
                      "not the same in all files; give each a name of its own",
                      part->path, label(part, i));
    if (!wni_names_put(names, label(part, i), i)) return wni_fail_memory(error, "the classes");
  }
  return WN_OK;
}

/* The first class of `a` that `b` lacks. */
static WnStatus find_all(const WniPart *a, const WniPart *b, const WniNames *of_b, WnError *error) {
  for (int i = 0; i < a->n_rows; i++)
    if (wni_names_find(of_b, label(a, i)) < 0)
      return wni_fail(error, WN_ERROR_MODEL,
                      "'%.100s' has no class '%.60s', which '%.100s' has; networks of a cascade "
                      "have the same classes",
                      b->path, label(a, i), a->path);
  return WN_OK;
}

/* Puts the rows of `part` into the order of `last`. */
static WnStatus match(WniPart *part, const WniPart *last, WnError *error) {
  WniNames own = {0}, others = {0};
  int *row = calloc((size_t)part->n_classes, sizeof *row);
  WnStatus status = row ? WN_OK : wni_fail_memory(error, "the classes");
  if (status == WN_OK) status = index_labels(part, &own, error);
  if (status == WN_OK) status = index_labels(last, &others, error);
  if (status == WN_OK) status = find_all(last, part, &own, error);
  if (status == WN_OK) status = find_all(part, last, &others, error);
  for (int i = 0; status == WN_OK && i < last->n_rows; i++)
    row[i] = part->row[wni_names_find(&own, label(last, i))];
  if (status == WN_OK) {
    free(part->row);
    part->row = row;
  } else {
    free(row);
  }
  wni_names_clear(&own);
  wni_names_clear(&others);
  return status;
}

/* Without labels the number of classes is all there is to compare. */
static WnStatus check_alike(const WniPart *part, const WniPart *last, WnError *error) {
  bool has = part->metadata.has_labels;
  if (has != last->metadata.has_labels)
    return wni_fail(error, WN_ERROR_MODEL,
                    "'%.100s' has no labels, and '%.100s' has; without them the order of its "
                    "classes is not known",
                    has ? last->path : part->path, has ? part->path : last->path);
  if (!has && part->n_classes != last->n_classes)
    return wni_fail(error, WN_ERROR_MODEL, "'%.100s' has %d classes, '%.100s' has %d", part->path,
                    part->n_classes, last->path, last->n_classes);
  return WN_OK;
}

/* Rows that stay as they are need not be moved. */
static void forget_identity(WniPart *part) {
  bool same = part->n_rows == part->n_classes;
  for (int i = 0; same && i < part->n_rows; i++) same = part->row[i] == i;
  if (!same) return;
  free(part->row);
  part->row = NULL;
}

WnStatus wni_join_classes(WniJoin *join, WnError *error) {
  WniPart *last = &join->parts[join->n_parts - 1];
  const char *nothing = wni_onnx_metadata(&last->file, "winnow.nothing");
  bool keeps_background = nothing && strcmp(nothing, background) == 0;
  WnStatus status = WN_OK;
  for (size_t i = 0; i < join->n_parts && status == WN_OK; i++) {
    status = check_alike(&join->parts[i], last, error);
    if (status == WN_OK) status = list_kept(&join->parts[i], keeps_background, error);
  }
  if (status == WN_OK && last->n_rows < 2)
    status = wni_fail(error, WN_ERROR_MODEL, "'%.200s': only one class is left", last->path);
  for (size_t i = 0; i + 1 < join->n_parts && status == WN_OK; i++)
    if (last->metadata.has_labels && !same_order(&join->parts[i], last))
      status = match(&join->parts[i], last, error);
  for (size_t i = 0; i < join->n_parts && status == WN_OK; i++) forget_identity(&join->parts[i]);
  return status;
}
