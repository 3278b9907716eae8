/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Patterns of nodes, written as formulas of ONNX operators:
 *
 *   Mul(x, Sigmoid(x))      the operators of nodes, each of the value that the one around it reads
 *   x                       a small letter: any value; the same letter is the same value
 *   A                       a capital letter: a constant number, which the match tells
 *   0.5, inf                a constant of about this value
 *   half                    a longer name: one of the patterns that go by it
 *
 * Add, Mul, Max and Min match in either order; a division by a constant is a multiplication, a
 * subtraction of one an addition.  Behind the operand of an activation stand its parameters
 * (kernels.h): Clip(x, 0, 6), and behind those of a normalisation its epsilon.
 *
 *   Sub(x, ReduceMean(x))   what reduces, normalises or is a softmax has axes, which are no
 *                           operand: all of a pattern have the same, and keep their dimensions
 */
#ifndef WNI_GRAPH_PATTERN_H
#define WNI_GRAPH_PATTERN_H

#include "graph/graph.h"

/* One of the patterns that go by a name; a list of them ends with a NULL name. */
typedef struct WniNamedPattern {
  const char *name, *pattern;
} WniNamedPattern;

/* What the letters stand for. */
typedef struct WniMatch {
  int value[26];    /* small letters; -1: not in the pattern */
  float number[26]; /* capitals; NaN: not in the pattern */
  unsigned axes;    /* a bit for each dimension; 0: nothing in the pattern has any */
} WniMatch;

/* Whether what a node of `op` makes, or none where that is WNI_OP_COUNT, may match operand `i` of
 * the operator that `pattern` begins with, or all of it where i is -1.  For a glance at the nodes
 * around: it may match and still not do so. */
bool wni_pattern_may_match(const WniNamedPattern *names, const char *pattern, int i, WniOp op);

/* Whether all operators of the pattern are among those that are `present`, or, of what goes by a
 * name, those of one of its patterns. */
bool wni_pattern_is_among(const WniNamedPattern *names, const char *pattern,
                          const bool present[WNI_OP_COUNT]);

/* Whether the living node that makes `value` is the end of `pattern`, an operator or a name. */
bool wni_pattern_match(const WniGraph *graph, const WniNamedPattern *names, const char *pattern,
                       int value, WniMatch *match);

#endif
