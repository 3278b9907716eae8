/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Chains of nodes that exporters write for one operator become that operator (graph.h), before
 * anything is merged: what follows sees x * sigmoid(x) as the activation it is.  Whoever else reads
 * a value inside a chain keeps the nodes that make it; the others die.
 */
#include "graph/pattern.h"

#include "base/error.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* sqrt(1/2) = 0.70710678, sqrt(2/pi) = 0.79788456 */
static const WniNamedPattern names[] = {
    {"square", "Pow(x, 2)"},
    {"square", "Mul(x, x)"},
    {"cube", "Pow(x, 3)"},
    {"cube", "Mul(square, x)"},
    {"cubic", "Add(x, Mul(cube, 0.044715))"},
    {"cubic", "Mul(x, Add(Mul(square, 0.044715), 1))"},
    {"normal", "Add(Erf(Mul(x, 0.70710678)), 1)"},
    {"normaltanh", "Add(Tanh(Mul(cubic, 0.79788456)), 1)"},
    {"normaltanh", "Add(Tanh(Mul(x, Mul(Add(Mul(square, 0.044715), 1), 0.79788456))), 1)"},

    {"centred", "Sub(x, ReduceMean(x))"},
    {"variance", "ReduceMean(Mul(centred, centred))"},
    {"variance", "Sub(ReduceMean(square), Mul(ReduceMean(x), ReduceMean(x)))"},
    {"deviation", "Sqrt(Add(variance, E))"},
    {"inverse", "Reciprocal(deviation)"},
    {"inverse", "Div(1, deviation)"},
    {"inverse", "Pow(Add(variance, E), -0.5)"},
    {"factor", "inverse"},
    {"factor", "Mul(inverse, s)"},
    {"rms", "Sqrt(Add(ReduceMean(square), E))"},
    {"inverserms", "Reciprocal(rms)"},
    {"inverserms", "Div(1, rms)"},
    {"inverserms", "Pow(Add(ReduceMean(square), E), -0.5)"},
    {"factorrms", "inverserms"},
    {"factorrms", "Mul(inverserms, s)"},

    {"powers", "Exp(Sub(x, ReduceMax(x)))"},
    {"powers", "Exp(x)"},
    {NULL, NULL},
};

/* An attribute of the new node is a number, or a capital letter of the pattern, or a word; "axes"
 * are those of the pattern, and "axis" their only one.  The letters s and t stand for constants. */
typedef struct Chain {
  const char *pattern;
  WniOp op;
  const char *inputs;     /* letters of the pattern; one that it did not meet: missing */
  const char *attributes; /* "name=value ..." */
} Chain;

static const Chain chains[] = {
    {"Reciprocal(Add(Exp(Neg(x)), 1))", WNI_OP_SIGMOID, "x", ""},
    {"Div(1, Add(Exp(Neg(x)), 1))", WNI_OP_SIGMOID, "x", ""},
    {"Log(Add(Exp(x), 1))", WNI_OP_SOFTPLUS, "x", ""},
    {"Div(x, Add(Abs(x), 1))", WNI_OP_SOFTSIGN, "x", ""},
    {"Pow(x, 2)", WNI_OP_MUL, "xx", ""},
    {"Pow(x, 0.5)", WNI_OP_SQRT, "x", ""},

    {"Min(Clip(x, A, inf), B)", WNI_OP_CLIP, "x", "min=A max=B"},
    {"Min(Relu(x), B)", WNI_OP_CLIP, "x", "min=0 max=B"},
    {"Max(Clip(x, -inf, B), A)", WNI_OP_CLIP, "x", "min=A max=B"},
    {"Max(x, A)", WNI_OP_CLIP, "x", "min=A"},
    {"Min(x, B)", WNI_OP_CLIP, "x", "max=B"},

    {"Mul(Clip(Add(x, 3), 0, 6), 0.16666667)", WNI_OP_HARD_SIGMOID, "x", "alpha=0.16666667"},
    {"Mul(Mul(x, Clip(Add(x, 3), 0, 6)), 0.16666667)", WNI_OP_HARD_SWISH, "x", ""},
    {"Mul(Mul(x, 0.16666667), Clip(Add(x, 3), 0, 6))", WNI_OP_HARD_SWISH, "x", ""},
    {"Mul(x, HardSigmoid(x, 0.16666667, 0.5))", WNI_OP_HARD_SWISH, "x", ""},
    {"Mul(x, Sigmoid(x))", WNI_OP_SWISH, "x", ""},
    {"Mul(x, Sigmoid(Mul(x, A)))", WNI_OP_SWISH, "x", "alpha=A"},
    {"Mul(x, Tanh(Softplus(x)))", WNI_OP_MISH, "x", ""},

    {"Mul(Mul(x, 0.5), normal)", WNI_OP_GELU, "x", ""},
    {"Mul(Mul(x, normal), 0.5)", WNI_OP_GELU, "x", ""},
    {"Mul(x, Mul(normal, 0.5))", WNI_OP_GELU, "x", ""},
    {"Mul(x, Add(Mul(Erf(Mul(x, 0.70710678)), 0.5), 0.5))", WNI_OP_GELU, "x", ""},
    {"Mul(Mul(x, 0.5), normaltanh)", WNI_OP_GELU, "x", "approximate=tanh"},
    {"Mul(Mul(x, normaltanh), 0.5)", WNI_OP_GELU, "x", "approximate=tanh"},
    {"Mul(x, Mul(normaltanh, 0.5))", WNI_OP_GELU, "x", "approximate=tanh"},

    {"Div(centred, deviation)", WNI_OP_LAYER_NORMALIZATION, "x", "epsilon=E axes"},
    {"Mul(centred, factor)", WNI_OP_LAYER_NORMALIZATION, "xs", "epsilon=E axes"},
    {"Sub(Mul(x, factor), Mul(ReduceMean(x), factor))", WNI_OP_LAYER_NORMALIZATION, "xs",
     "epsilon=E axes"},
    {"Add(Mul(x, factor), Mul(Neg(ReduceMean(x)), factor))", WNI_OP_LAYER_NORMALIZATION, "xs",
     "epsilon=E axes"},
    {"Add(Mul(x, factor), Sub(t, Mul(ReduceMean(x), factor)))", WNI_OP_LAYER_NORMALIZATION, "xst",
     "epsilon=E axes"},
    {"Mul(LayerNormalization(x, E), s)", WNI_OP_LAYER_NORMALIZATION, "xs", "epsilon=E axes"},
    {"Add(LayerNormalization(x, E), t)", WNI_OP_LAYER_NORMALIZATION, "xst", "epsilon=E axes"},
    {"Add(LayerNormalization(x, s, E), t)", WNI_OP_LAYER_NORMALIZATION, "xst", "epsilon=E axes"},
    {"Div(x, rms)", WNI_OP_RMS_NORMALIZATION, "x", "epsilon=E axes"},
    {"Mul(x, factorrms)", WNI_OP_RMS_NORMALIZATION, "xs", "epsilon=E axes"},
    {"Mul(RMSNormalization(x, E), s)", WNI_OP_RMS_NORMALIZATION, "xs", "epsilon=E axes"},

    {"Div(powers, ReduceSum(powers))", WNI_OP_SOFTMAX, "x", "axis"},
    {"Mul(powers, Reciprocal(ReduceSum(powers)))", WNI_OP_SOFTMAX, "x", "axis"},
    {"Log(Softmax(x))", WNI_OP_LOG_SOFTMAX, "x", "axis"},
    {"Sub(x, ReduceLogSumExp(x))", WNI_OP_LOG_SOFTMAX, "x", "axis"},
    {"Sub(Sub(x, ReduceMax(x)), Log(ReduceSum(powers)))", WNI_OP_LOG_SOFTMAX, "x", "axis"},
};

enum { N_CHAINS = sizeof chains / sizeof *chains, MAX_ATTRIBUTES = 4, MAX_NAME = 16 };

/* Which chains a node may be the end of, at a glance at what makes its operands and at the
 * operators that there are: a graph has few of them, and many nodes that end none. */
typedef struct Glance {
  bool present[WNI_OP_COUNT]; /* from the start, or where a chain is replaced */
  enum { UNASKED, POSSIBLE, IMPOSSIBLE } chain[N_CHAINS];
  bool known[WNI_OP_COUNT + 1]; /* the last row: made by no node */
  uint8_t fits[WNI_OP_COUNT + 1][N_CHAINS];
} Glance;

enum { FITS_END = 1, FITS_FIRST = 2, FITS_SECOND = 4 };

static const uint8_t *fits_of(Glance *glance, WniOp op) {
  uint8_t *fits = glance->fits[op];
  if (glance->known[op]) return fits;
  glance->known[op] = true;
  for (size_t i = 0; i < N_CHAINS; i++)
    for (int part = 0; part < 3; part++)
      if (wni_pattern_may_match(names, chains[i].pattern, part - 1, op))
        fits[i] = (uint8_t)(fits[i] | 1 << part);
  return fits;
}

static bool is_possible(Glance *glance, size_t i) {
  if (glance->chain[i] == UNASKED)
    glance->chain[i] =
        wni_pattern_is_among(names, chains[i].pattern, glance->present) ? POSSIBLE : IMPOSSIBLE;
  return glance->chain[i] == POSSIBLE;
}

static Glance *glance_new(const WniGraph *graph) {
  Glance *glance = calloc(1, sizeof *glance);
  if (!glance) return NULL;
  for (size_t i = 0; i < N_CHAINS; i++) glance->present[chains[i].op] = true;
  for (int i = 0; i < graph->n_nodes; i++) glance->present[graph->nodes[i].op] = true;
  return glance;
}

static WniOp maker_of(const WniGraph *graph, const WniNode *node, int i) {
  const WniValue *value = wni_node_input(graph, node, i);
  return value && value->producer >= 0 ? graph->nodes[value->producer].op : WNI_OP_COUNT;
}

/* A node of ours, as the file would have it. */
typedef struct MadeNode {
  Onnx__NodeProto proto;
  Onnx__AttributeProto attribute[MAX_ATTRIBUTES], *list[MAX_ATTRIBUTES];
  char name[MAX_ATTRIBUTES][MAX_NAME], word[MAX_ATTRIBUTES][MAX_NAME];
  int64_t axes[WNI_MAX_RANK];
} MadeNode;

/* The dimensions of `match`, in order; how many. */
static size_t list_axes(const WniMatch *match, int64_t *axes) {
  size_t n = 0;
  for (int d = 0; d < WNI_MAX_RANK; d++)
    if (match->axes >> d & 1) axes[n++] = d;
  return n;
}

/* text: "axes" or "axis" */
static void set_axes(MadeNode *made, Onnx__AttributeProto *attribute, const char *text,
                     const WniMatch *match) {
  size_t n = list_axes(match, made->axes);
  if (strncmp(text, "axis", 4) == 0) {
    attribute->has_i = 1;
    attribute->i = made->axes[0];
  } else {
    attribute->n_ints = n;
    attribute->ints = made->axes;
  }
}

static void set_attribute(MadeNode *made, size_t i, const char *text, const WniMatch *match) {
  Onnx__AttributeProto *attribute = &made->attribute[i];
  size_t name = strcspn(text, "= "), word;
  const char *value = text + name + (text[name] == '=');
  word = strcspn(value, " ");
  memcpy(made->name[i], text, name);
  onnx__attribute_proto__init(attribute);
  attribute->name = made->name[i];
  made->list[i] = attribute;
  if (text[name] != '=') {
    set_axes(made, attribute, text, match);
  } else if (islower((unsigned char)*value)) {
    memcpy(made->word[i], value, word);
    attribute->has_s = 1;
    attribute->s = (ProtobufCBinaryData){word, (uint8_t *)made->word[i]};
  } else {
    attribute->has_f = 1;
    attribute->f =
        isupper((unsigned char)*value) ? match->number[*value - 'A'] : strtof(value, NULL);
  }
}

/* The node becomes the one that `chain` stands for. */
static WnStatus replace(WniGraph *graph, WniNode *node, const Chain *chain, const WniMatch *match,
                        WnError *error) {
  size_t n_in = strlen(chain->inputs);
  int *in = calloc(n_in + 1, sizeof *in);
  MadeNode *made = wni_graph_own(graph, calloc(1, sizeof *made));
  if (!in || !made) {
    free(in);
    return wni_fail_memory(error, "the graph");
  }
  made->proto = *node->proto;
  made->proto.op_type = (char *)(uintptr_t)wni_op_info(chain->op)->name;
  made->proto.n_attribute = 0;
  made->proto.attribute = made->list;
  for (const char *at = chain->attributes; *at; at += strcspn(at, " "), at += strspn(at, " "))
    set_attribute(made, made->proto.n_attribute++, at, match);
  for (size_t i = 0; i < n_in; i++) in[i] = match->value[chain->inputs[i] - 'a'];
  while (in[n_in - 1] < 0) n_in--;
  free(node->in);
  node->in = in;
  node->n_in = (int)n_in;
  node->op = chain->op;
  node->proto = &made->proto;
  return WN_OK;
}

/* Max and Min are a Clip only where the smaller bound is the lower one. */
static bool has_room(const WniMatch *match) {
  return !(match->number[0] > match->number[1]);
}

/* Before opset 13 a Softmax has one axis only if that is the last; before 7 constants are not
 * aligned at the last dimension. */
static bool has_axes(const WniGraph *graph, const Chain *chain, const WniMatch *match) {
  int64_t axes[WNI_MAX_RANK], opset = graph->onnx->opset;
  size_t n = list_axes(match, axes);
  if (strcmp(chain->attributes, "axis") == 0)
    return n == 1 &&
           (opset >= 13 || axes[0] == graph->values[match->value['x' - 'a']].shape.rank - 1);
  return n == 0 || opset >= 7;
}

static bool is_constant(const WniGraph *graph, const WniMatch *match, char letter) {
  int value = match->value[letter - 'a'];
  return value < 0 || graph->values[value].known;
}

/* Constants may add dimensions to what they are combined with. */
static bool keeps_shape(const WniGraph *graph, const WniNode *node, const WniMatch *match) {
  const WniShape *x = &graph->values[match->value['x' - 'a']].shape;
  const WniShape *y = &graph->values[node->out[0]].shape;
  return x->rank == y->rank && memcmp(x->dim, y->dim, (size_t)x->rank * sizeof *x->dim) == 0;
}

static WnStatus replace_chain(WniGraph *graph, WniNode *node, Glance *glance, WnError *error) {
  WniMatch match;
  const uint8_t *end = fits_of(glance, node->op), *a = fits_of(glance, maker_of(graph, node, 0)),
                *b = fits_of(glance, maker_of(graph, node, 1));
  for (size_t i = 0; i < N_CHAINS; i++) {
    bool in_order = a[i] & FITS_FIRST && b[i] & FITS_SECOND;
    bool swapped = b[i] & FITS_FIRST && a[i] & FITS_SECOND;
    if (!(end[i] & FITS_END) || (!in_order && !swapped) || !is_possible(glance, i)) continue;
    if (wni_pattern_match(graph, names, chains[i].pattern, node->out[0], &match) &&
        keeps_shape(graph, node, &match) && has_room(&match) &&
        has_axes(graph, &chains[i], &match) && is_constant(graph, &match, 's') &&
        is_constant(graph, &match, 't'))
      return replace(graph, node, &chains[i], &match, error);
  }
  return WN_OK;
}

WnStatus wni_replace_chains(WniGraph *graph, WnError *error) {
  WnStatus status = WN_OK;
  Glance *glance = glance_new(graph);
  if (!glance) return wni_fail_memory(error, "the graph");
  for (int i = 0; i < graph->n_nodes && status == WN_OK; i++)
    if (!graph->nodes[i].dead && !graph->values[graph->nodes[i].out[0]].is_int)
      status = replace_chain(graph, &graph->nodes[i], glance, error);
  free(glance);
  return status;
}
