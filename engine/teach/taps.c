/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where exits may be put (wni_taps_find() in backbone.h).  Every path from the image to the scores
 * goes through a value exactly if
 *
 *   paths(image -> value) paths(value -> scores) = paths(image -> scores)
 *
 * Their numbers grow beyond all bounds, so they are counted modulo a prime; that a wrong value
 * passes by chance is as good as impossible.
 */
#include "teach/backbone.h"

#include "base/error.h"
#include "base/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRIME = 2147483629 };

/* Sections of the multiply-accumulates with a tap each, and the end.  In a fixed scene a tap at an
 * eighth of the network tells the states apart already, so they are narrower there. */
static const double sections[] = {0.08, 0.16, 0.26, 0.36, 0.48, 0.60, 0.72, 0.82, 0.92};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

typedef struct Search {
  const WniPart *part;
  uint64_t *before, *behind; /* [n_values] paths from the image, to the scores */
} Search;

static uint64_t times(uint64_t a, uint64_t b) {
  return a * b % PRIME;
}

static void count_paths(Search *s) {
  const WniPart *part = s->part;
  s->before[part->image] = 1;
  for (int n = 0; n < part->graph.n_nodes; n++) {
    const Onnx__NodeProto *proto = part->graph.nodes[n].proto;
    uint64_t paths = 0;
    for (size_t i = 0; part->needed[n] && i < proto->n_input; i++) {
      int v = wni_part_input(part, n, i);
      if (v >= 0) paths = (paths + s->before[part->same[v]]) % PRIME;
    }
    for (size_t i = 0; part->needed[n] && i < proto->n_output; i++) {
      int v = wni_part_output(part, n, i);
      if (v >= 0) s->before[v] = paths;
    }
  }
  s->behind[part->logits] = 1;
  for (int n = part->graph.n_nodes; n-- > 0;) {
    const Onnx__NodeProto *proto = part->graph.nodes[n].proto;
    uint64_t paths = 0;
    for (size_t i = 0; part->needed[n] && i < proto->n_output; i++) {
      int v = wni_part_output(part, n, i);
      if (v >= 0) paths = (paths + s->behind[v]) % PRIME;
    }
    for (size_t i = 0; part->needed[n] && i < proto->n_input; i++) {
      int v = wni_part_input(part, n, i);
      if (v >= 0) s->behind[part->same[v]] = (s->behind[part->same[v]] + paths) % PRIME;
    }
  }
}

static bool is_passed_by_all(const Search *s, int value) {
  uint64_t all = s->before[s->part->logits];
  return s->before[value] != 0 && times(s->before[value], s->behind[value]) == all;
}

/* ---- multiply-accumulates ---- */

static uint64_t macs_of(const WniPart *part, int node) {
  const WniNode *n = &part->graph.nodes[node];
  int a = wni_part_input(part, node, 0), w = wni_part_input(part, node, 1);
  int out = wni_part_output(part, node, 0);
  if (a < 0 || w < 0 || out < 0) return 0;
  const WniShape *x = &part->graph.values[a].shape, *weights = &part->graph.values[w].shape;
  const WniShape *y = &part->graph.values[out].shape;
  switch (n->op) {
  case WNI_OP_CONV:
    return (uint64_t)wni_shape_count(weights) * (uint64_t)(y->dim[0] * y->dim[2] * y->dim[3]);
  case WNI_OP_GEMM:
    return (uint64_t)wni_shape_count(y) *
           (uint64_t)x->dim[wni_attr_int(n->proto, "transA", 0) ? 0 : 1];
  case WNI_OP_MATMUL:
    return (uint64_t)wni_shape_count(y) * (uint64_t)x->dim[x->rank - 1];
  default:
    return 0;
  }
}

/* Of all that `value` is computed from; `needed` [n_nodes] is scratch. */
static uint64_t macs_up_to(const WniPart *part, int value, bool *needed) {
  uint64_t macs = 0;
  memset(needed, 0, (size_t)part->graph.n_nodes * sizeof *needed);
  if (part->producer[value] >= 0) needed[part->producer[value]] = true;
  for (int n = part->graph.n_nodes; n-- > 0;) {
    if (!needed[n]) continue;
    macs += macs_of(part, n);
    for (size_t i = 0; i < part->graph.nodes[n].proto->n_input; i++) {
      int v = wni_part_input(part, n, i), p = v < 0 ? -1 : part->producer[part->same[v]];
      if (p >= 0) needed[p] = true;
    }
  }
  return macs;
}

/* ---- choosing ---- */

static bool is_int(const WniPart *part, int value) {
  int node = part->producer[value];
  return node >= 0 && part->graph.nodes[node].op == WNI_OP_QUANTIZE_LINEAR;
}

/* What reads an integer value as float32; -1: nothing. */
static int dequantized(const WniPart *part, int value) {
  for (int n = 0; n < part->graph.n_nodes; n++)
    if (part->needed[n] && part->graph.nodes[n].op == WNI_OP_DEQUANTIZE_LINEAR &&
        wni_part_input(part, n, 0) == value)
      return wni_part_output(part, n, 0);
  return -1;
}

static bool is_picture(const WniPart *part, int value) {
  const WniShape *shape = &part->graph.values[value].shape;
  return shape->rank == 4 && shape->dim[0] == 1 && shape->dim[2] * shape->dim[3] > 1;
}

/* Pictures [capacity: n_values] that all paths go through, in the order of their computation; of
 * those with the same multiply-accumulates the last, behind normalisation and activation. */
static int list_candidates(const Search *s, bool *scratch, WniTap *out) {
  const WniPart *part = s->part;
  int n = 0;
  for (int node = 0; node < part->graph.n_nodes; node++)
    for (size_t i = 0; part->needed[node] && i < part->graph.nodes[node].proto->n_output; i++) {
      int value = wni_part_output(part, node, i);
      if (value < 0 || !is_picture(part, value) || !is_passed_by_all(s, value)) continue;
      WniTap tap = {value, 2 * (size_t)part->graph.values[value].shape.dim[1],
                    macs_up_to(part, value, scratch)};
      if (is_int(part, value)) tap.value = dequantized(part, value);
      if (tap.value < 0 || tap.macs == 0) continue;
      n -= n > 0 && out[n - 1].macs == tap.macs;
      out[n++] = tap;
    }
  return n;
}

/* The widest of each section, the later of two: on 13 kinds of objects the features of a
 * bottleneck's wide layer were right 6 to 10 points more often than those of the narrow one behind
 * it. */
static void choose(WniBackbone *backbone, const WniTap *candidates, int n) {
  double all = (double)candidates[n - 1].macs;
  for (int i = 0, c = 0; i < N_SECTIONS; i++) {
    const WniTap *best = NULL;
    for (; c < n - 1 && (double)candidates[c].macs <= sections[i] * all; c++)
      if (!best || candidates[c].features >= best->features) best = &candidates[c];
    if (best) backbone->taps[backbone->n_taps++] = *best;
  }
  backbone->taps[backbone->n_taps++] = candidates[n - 1];
}

static WnStatus read_named(WniBackbone *backbone, const char *text, bool *scratch, WnError *error) {
  const WniPart *part = &backbone->network;
  const char *end = text + strlen(text), *item;
  size_t length;
  while (wni_list_next(&text, end, ',', &item, &length)) {
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)(length < 255 ? length : 255), item);
    int value = wni_names_find(&part->graph.names, name);
    if (backbone->n_taps == WNI_MAX_TAPS)
      return wni_fail(error, WN_ERROR_MODEL, "winnow.taps: more than %d tensors", WNI_MAX_TAPS);
    if (value < 0 || part->producer[value] < 0 || !is_picture(part, value) || is_int(part, value))
      return wni_fail(error, WN_ERROR_MODEL,
                      "winnow.taps names '%.100s', which is no tensor [1, channels, height, width] "
                      "of numbers that the network computes",
                      name);
    WniTap tap = {value, 2 * (size_t)part->graph.values[value].shape.dim[1],
                  macs_up_to(part, value, scratch)};
    if (backbone->n_taps > 0 && tap.macs <= backbone->taps[backbone->n_taps - 1].macs)
      return wni_fail(error, WN_ERROR_MODEL,
                      "winnow.taps: '%.100s' is not computed behind the one before it", name);
    backbone->taps[backbone->n_taps++] = tap;
  }
  if (backbone->n_taps > 1) return WN_OK;
  return wni_fail(error, WN_ERROR_MODEL, "winnow.taps: needs two tensors, an exit's and the end's");
}

static WnStatus find(Search *s, WniBackbone *backbone, bool *scratch, WniTap *candidates,
                     WnError *error) {
  const char *named = wni_onnx_metadata(&backbone->network.file, "winnow.taps");
  if (named && *named) return read_named(backbone, named, scratch, error);
  count_paths(s);
  int n = list_candidates(s, scratch, candidates);
  if (n > 0) choose(backbone, candidates, n);
  if (backbone->n_taps > 1) return WN_OK;
  return wni_fail(
      error, WN_ERROR_UNSUPPORTED,
      "no tensors [1, channels, height, width] are found that every path from the image "
      "to the scores goes through; a network of convolutions can be taught");
}

WnStatus wni_taps_find(WniBackbone *backbone, WnError *error) {
  size_t n_values = backbone->network.graph.n_values;
  Search s = {&backbone->network, calloc(n_values, sizeof *s.before),
              calloc(n_values, sizeof *s.behind)};
  bool *scratch = calloc((size_t)backbone->network.graph.n_nodes + 1, sizeof *scratch);
  WniTap *candidates = calloc(n_values, sizeof *candidates);
  WnStatus status = s.before && s.behind && scratch && candidates
                        ? find(&s, backbone, scratch, candidates, error)
                        : wni_fail_memory(error, "the network");
  free(s.before);
  free(s.behind);
  free(scratch);
  free(candidates);
  return status;
}
