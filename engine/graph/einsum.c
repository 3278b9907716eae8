/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See einsum.h.
 */
#include "graph/einsum.h"

#include <string.h>

enum { MAX_EQUATION = 128, OUT = 2 };

typedef struct Terms {
  char text[3][MAX_EQUATION]; /* of both operands and of the output */
  bool has_out;
} Terms;

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "ab,bc->ac" in its terms; false: it is none of two operands. */
static bool split(const Onnx__AttributeProto *equation, Terms *terms) {
  int term = 0;
  size_t n = 0;
  *terms = (Terms){0};
  if (!equation || equation->s.len >= MAX_EQUATION) return false;
  for (size_t i = 0; i < equation->s.len; i++) {
    char c = (char)equation->s.data[i];
    bool arrow = c == '-' && i + 1 < equation->s.len && equation->s.data[i + 1] == '>';
    if (is_letter(c)) {
      terms->text[term][n++] = c;
    } else if ((c == ',' && term == 0) || (arrow && term == 1)) {
      term++;
      n = 0;
      i += arrow;
      terms->has_out = arrow;
    } else if (c != ' ') {
      return false;
    }
  }
  return term >= 1;
}

/* Without an arrow: the letters of one operand alone, in order of the alphabet. */
static void imply_out(Terms *terms) {
  size_t n = 0;
  for (int c = 'A'; c <= 'z' && !terms->has_out; c++)
    if (is_letter((char)c) && !strchr(terms->text[0], c) != !strchr(terms->text[1], c))
      terms->text[OUT][n++] = (char)c;
}

static int position(const char *term, char letter) {
  const char *at = strchr(term, letter);
  return at ? (int)(at - term) : -1;
}

/* Whether no letter stands twice in a term. */
static bool each_once(const char *term) {
  for (; *term; term++)
    if (strchr(term + 1, *term)) return false;
  return true;
}

/* The part that a label plays; PARTS: it is summed over in one operand alone, or made of nothing.
 */
static WniEinsumPart part_of(const WniEinsumLabel *label) {
  bool a = label->in[0] >= 0, b = label->in[1] >= 0, out = label->out >= 0;
  if (a && b) return out ? WNI_EINSUM_BATCH : WNI_EINSUM_SUM;
  if (!out || (!a && !b)) return WNI_EINSUM_PARTS;
  return a ? WNI_EINSUM_ROWS : WNI_EINSUM_COLUMNS;
}

static WnStatus add_label(const WniGraph *graph, const WniNode *node, const Terms *terms,
                          char letter, WniEinsum *out, WnError *error) {
  WniEinsumLabel label = {.letter = letter, .dim = 1, .out = position(terms->text[OUT], letter)};
  for (int i = 0; i < 2; i++) {
    label.in[i] = position(terms->text[i], letter);
    if (label.in[i] < 0) continue;
    int64_t dim = wni_node_input(graph, node, i)->shape.dim[label.in[i]];
    if (i == 1 && label.in[0] >= 0 && dim != label.dim)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "'%c' has %lld and %lld elements",
                           letter, (long long)label.dim, (long long)dim);
    label.dim = dim;
  }
  label.part = part_of(&label);
  if (label.part == WNI_EINSUM_PARTS)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "'%c' is in one term of its equation alone", letter);
  out->label[out->n_labels++] = label;
  return WN_OK;
}

/* The labels of one part, in the order in which they stand in the output, else in an operand. */
static WnStatus add_part(const WniGraph *graph, const WniNode *node, const Terms *terms,
                         const char *order, WniEinsumPart part, WniEinsum *out, WnError *error) {
  WnStatus status = WN_OK;
  for (; *order && status == WN_OK; order++) {
    WniEinsumLabel label = {
        .in = {position(terms->text[0], *order), position(terms->text[1], *order)},
        .out = position(terms->text[OUT], *order)};
    WniEinsumPart own = part_of(&label);
    if (own == part || own == WNI_EINSUM_PARTS)
      status = add_label(graph, node, terms, *order, out, error);
  }
  return status;
}

WnStatus wni_einsum_read(const WniGraph *graph, const WniNode *node, WniEinsum *out,
                         WnError *error) {
  Terms terms;
  *out = (WniEinsum){0};
  if (!split(wni_attr(node->proto, "equation"), &terms) || node->n_in != 2)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its equation is not one of two operands and letters");
  imply_out(&terms);
  for (int i = 0; i < 3; i++)
    if (!each_once(terms.text[i]))
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                           "a letter stands twice in one term of its equation");
  for (int i = 0; i < 2; i++)
    if ((int)strlen(terms.text[i]) != wni_node_input(graph, node, i)->shape.rank)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "its equation does not have the dimensions of input %d", i);
  out->n_out = (int)strlen(terms.text[OUT]);
  if (out->n_out > WNI_MAX_RANK)
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "more than %d dimensions",
                         WNI_MAX_RANK);
  WnStatus status = WN_OK;
  for (int part = 0; part < WNI_EINSUM_PARTS && status == WN_OK; part++)
    status = add_part(graph, node, &terms, part == WNI_EINSUM_SUM ? terms.text[0] : terms.text[OUT],
                      (WniEinsumPart)part, out, error);
  /* one that is in the second operand alone and not in the output */
  for (const char *c = terms.text[1]; *c && status == WN_OK; c++)
    if (position(terms.text[0], *c) < 0 && position(terms.text[OUT], *c) < 0)
      status = add_label(graph, node, &terms, *c, out, error);
  return status;
}
