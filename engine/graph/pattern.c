/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See pattern.h.  A pattern is matched while it is read, from the last node backwards.  Where the
 * operands of a node could match in either order, the first order that does is kept.
 */
#include "graph/pattern.h"

#include "graph/elementwise.h"
#include "graph/reduction.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 4 };

typedef struct Matching {
  const WniGraph *graph;
  const WniNamedPattern *names;
  WniMatch *match;
} Matching;

static size_t word_length(const char *at) {
  size_t n = 0;
  while (isalnum((unsigned char)at[n])) n++;
  return n;
}

/* Whether the word at `at` is `word`: mostly their first letters say no. */
static bool is_word(const char *at, const char *word) {
  while (*word && *at == *word) at++, word++;
  return !*word && !isalnum((unsigned char)*at);
}

static bool is_number(const char *at) {
  return isdigit((unsigned char)*at) || *at == '-' || strncmp(at, "inf", 3) == 0;
}

/* Where the operands of the operator at `at` begin; how many. */
static int operands_of(const char *at, const char *operand[MAX_OPERANDS]) {
  int depth = 0, n = 0;
  for (at += word_length(at); *at; at++) {
    bool begins = (*at == '(' && depth++ == 0) || (*at == ',' && depth == 1);
    if (*at == ')' && --depth == 0) break;
    if (begins && n < MAX_OPERANDS) operand[n++] = at + 1 + strspn(at + 1, " ");
  }
  return n;
}

/* The operator that a pattern may call by the name of another: x / 2 is x * 0.5. */
static const char *inverse_of(WniOp op) {
  return op == WNI_OP_DIV ? "Mul" : op == WNI_OP_SUB ? "Add" : NULL;
}

static bool is_commutative(WniOp op) {
  return op == WNI_OP_ADD || op == WNI_OP_MUL || op == WNI_OP_MAX || op == WNI_OP_MIN;
}

static bool constant_number(const WniValue *value, float *out) {
  if (!value || !value->known || value->constant.is_int || value->constant.count != 1) return false;
  *out = value->constant.f[0];
  return true;
}

/* The values that `node` computes with: the axes of a reduction are none. */
static int count_values(const WniNode *node) {
  return wni_reduction_of(node->op)->known ? 1 : node->n_in;
}

/* Operand i as a number, if it is one. */
static bool operand_number(const WniGraph *graph, const WniNode *node, int i, bool inverse,
                           float *out) {
  WniActivation activation;
  bool is_activation;
  if (node->op == WNI_OP_LAYER_NORMALIZATION || node->op == WNI_OP_RMS_NORMALIZATION) {
    *out = wni_attr_float(node->proto, "epsilon", 1e-5f);
    return i == node->n_in;
  }
  WnStatus status = wni_activation_read(graph, node, &activation, &is_activation, NULL);
  if (is_activation && i > 0) {
    *out = i == 1 ? activation.a : activation.b;
    return status == WN_OK;
  }
  if (!constant_number(wni_node_input(graph, node, i), out)) return false;
  if (inverse && i == 1) *out = node->op == WNI_OP_DIV ? 1 / *out : -*out;
  return !inverse || i == 1;
}

static bool match_number(Matching *m, const char *at, float number) {
  if (isupper((unsigned char)*at)) {
    m->match->number[*at - 'A'] = number;
    return true;
  }
  float wanted = strtof(at, NULL);
  if (number == wanted || !isfinite(wanted)) return number == wanted;
  return fabsf(number - wanted) <= 1e-4f * fabsf(wanted);
}

static bool match_value(Matching *m, const char *at, int value);

static bool match_operand(Matching *m, const char *at, const WniNode *node, int i, bool inverse) {
  float number;
  if (is_number(at) || (isupper((unsigned char)*at) && word_length(at) == 1))
    return operand_number(m->graph, node, i, inverse, &number) && match_number(m, at, number);
  return i < node->n_in && !(inverse && i > 0) && match_value(m, at, node->in[i]);
}

/* The operands in the pattern's order, or the first two of them the other way round. */
static bool match_operands(Matching *m, const char *const *operand, int n, const WniNode *node,
                           bool inverse, bool swapped) {
  WniMatch before = *m->match;
  for (int i = 0; i < n; i++)
    if (!match_operand(m, operand[i], node, swapped && i < 2 ? 1 - i : i, inverse)) {
      *m->match = before;
      return false;
    }
  return true;
}

/* What has axes has those of the rest of the pattern. */
static bool match_axes(Matching *m, const WniNode *node) {
  bool axes[WNI_MAX_RANK];
  unsigned all = 0;
  if (!wni_has_axes(node)) return true;
  if (wni_axes_read(m->graph, node, axes, NULL) != WN_OK) return false;
  for (int d = 0; d < WNI_MAX_RANK; d++) all |= axes[d] ? 1U << d : 0;
  if (m->match->axes == 0) m->match->axes = all;
  return all != 0 && m->match->axes == all && wni_attr_int(node->proto, "keepdims", 1);
}

static bool match_operator(Matching *m, const char *at, int value) {
  const WniValue *v = &m->graph->values[value];
  const WniNode *node =
      v->producer >= 0 && !v->known && !v->quantized ? &m->graph->nodes[v->producer] : NULL;
  if (!node || node->dead || node->out[0] != value) return false;
  const char *name = wni_op_info(node->op)->name, *other = inverse_of(node->op);
  bool same = is_word(at, name), inverse = other && is_word(at, other);
  if (!same && !inverse) return false;
  const char *operand[MAX_OPERANDS];
  int n = operands_of(at, operand);
  if (count_values(node) > n) return false;
  WniMatch before = *m->match;
  if (match_axes(m, node) && (match_operands(m, operand, n, node, inverse, false) ||
                              (same && n == 2 && is_commutative(node->op) &&
                               match_operands(m, operand, n, node, inverse, true))))
    return true;
  *m->match = before;
  return false;
}

static bool match_name(Matching *m, const char *at, int value) {
  for (const WniNamedPattern *named = m->names; named->name; named++)
    if (is_word(at, named->name) && match_value(m, named->pattern, value)) return true;
  return false;
}

static bool match_value(Matching *m, const char *at, int value) {
  if (value < 0) return false;
  if (isupper((unsigned char)*at)) return match_operator(m, at, value);
  if (word_length(at) > 1) return match_name(m, at, value);
  int *stands_for = &m->match->value[*at - 'a'];
  if (*stands_for < 0) *stands_for = value;
  return *stands_for == value;
}

bool wni_pattern_match(const WniGraph *graph, const WniNamedPattern *names, const char *pattern,
                       int value, WniMatch *match) {
  Matching m = {graph, names, match};
  match->axes = 0;
  for (int i = 0; i < 26; i++) {
    match->value[i] = -1;
    match->number[i] = NAN;
  }
  return match_value(&m, pattern, value);
}

/* An operator's or a longer name, no letter and no number. */
static bool is_name(const char *at) {
  return word_length(at) > 1 && !is_number(at);
}

static bool is_operator(const char *at, WniOp op) {
  const char *other = inverse_of(op);
  return is_word(at, wni_op_info(op)->name) || (other && is_word(at, other));
}

static bool may_be(const WniNamedPattern *names, const char *at, WniOp op) {
  if (!is_name(at) || op == WNI_OP_COUNT) return !is_name(at);
  if (isupper((unsigned char)*at)) return is_operator(at, op);
  for (const WniNamedPattern *named = names; named->name; named++)
    if (is_word(at, named->name) && may_be(names, named->pattern, op)) return true;
  return false;
}

bool wni_pattern_may_match(const WniNamedPattern *names, const char *pattern, int i, WniOp op) {
  const char *operand[MAX_OPERANDS];
  if (i < 0) return may_be(names, pattern, op);
  return i >= operands_of(pattern, operand) || may_be(names, operand[i], op);
}

static bool is_present(const WniNamedPattern *names, const char *at,
                       const bool present[WNI_OP_COUNT]) {
  if (isupper((unsigned char)*at)) {
    for (int op = 0; op < WNI_OP_COUNT; op++)
      if (present[op] && is_operator(at, (WniOp)op)) return true;
    return false;
  }
  for (const WniNamedPattern *named = names; named->name; named++)
    if (is_word(at, named->name) && wni_pattern_is_among(names, named->pattern, present))
      return true;
  return false;
}

bool wni_pattern_is_among(const WniNamedPattern *names, const char *pattern,
                          const bool present[WNI_OP_COUNT]) {
  for (const char *at = pattern; *at; at += *at && !isalnum((unsigned char)*at)) {
    if (is_name(at) && !is_present(names, at, present)) return false;
    at += word_length(at);
  }
  return true;
}
