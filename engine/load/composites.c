/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See composites.h.  A body is read for one call: what that leaves out leaves out statements.
 */
#include "load/composites.h"

#include "base/memory.h"
#include "load/onnx.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 24, MAX_ARGUMENTS = 4096, MAX_WORD = 48, MAX_ATTRIBUTES = 8 };

typedef struct Composite {
  const char *domain, *name, *inputs, *outputs, *statements;
} Composite;

static const Composite composites[] = {
#define WNI_COMPOSITE(domain, name, inputs, outputs, statements)                                   \
  {domain, #name, inputs, outputs, statements},
#include "load/composites.inc"
#undef WNI_COMPOSITE
};

typedef struct Maker {
  WniPieces *pieces;
  const Onnx__NodeProto *call;
  Onnx__FunctionProto *function;
  size_t n_repeats; /* of the inputs that come again and again */
  size_t node_capacity;
  const char *missing[MAX_NODES]; /* names that stand for nothing */
  size_t n_missing;
  int n_constants;
} Maker;

static const char *activation_of(const Onnx__NodeProto *node, size_t *length) {
  const Onnx__AttributeProto *attribute = wni_attr(node, "activation");
  *length = attribute && attribute->has_s ? attribute->s.len : 0;
  return *length ? (const char *)attribute->s.data : "";
}

static const Composite *find(const Onnx__NodeProto *node) {
  const char *type = node->op_type ? node->op_type : "";
  size_t length, n_type = strlen(type);
  const char *activation = activation_of(node, &length);
  for (size_t i = 0; i < sizeof composites / sizeof *composites; i++) {
    const Composite *c = &composites[i];
    if (strcmp(c->domain, wni_node_domain(node)) != 0 || strncmp(c->name, type, n_type) != 0)
      continue;
    const char *rest = c->name + n_type;
    if (!length ? !*rest
                : *rest == ':' && strlen(rest + 1) == length &&
                      memcmp(rest + 1, activation, length) == 0)
      return c;
  }
  return NULL;
}

bool wni_composite_is(const Onnx__NodeProto *node) {
  return find(node) != NULL;
}

/* ---- words ---- */

/* The next word of letters, digits and ._-$ at *at; "": there is none. */
static void read_word(const char **at, char word[MAX_WORD]) {
  size_t n = 0;
  while (**at == ' ') ++*at;
  while ((isalnum((unsigned char)**at) || strchr("._-$", **at)) && **at && n + 1 < MAX_WORD) {
    if (strncmp(*at, "...", 3) == 0) break;
    word[n++] = *(*at)++;
  }
  word[n] = 0;
}

static bool read_text(const char **at, const char *text) {
  while (**at == ' ') ++*at;
  size_t n = strlen(text);
  if (strncmp(*at, text, n) != 0) return false;
  *at += n;
  return true;
}

static char *name_of(Maker *m, const char *word, long repeat) {
  char number[24] = "";
  if (repeat >= 0) snprintf(number, sizeof number, "%ld", repeat);
  return wni_pieces_text(m->pieces, (const char *const[]){word, number, NULL});
}

static bool is_missing(const Maker *m, const char *name) {
  for (size_t i = 0; i < m->n_missing; i++)
    if (strcmp(m->missing[i], name) == 0) return true;
  return false;
}

static void say_missing(Maker *m, const char *name) {
  if (m->n_missing < MAX_NODES)
    m->missing[m->n_missing++] = name;
  else
    m->pieces->failed = true;
}

/* The names of `list` as the function's inputs or outputs. */
static char **declare(Maker *m, const char *list, size_t most, size_t *count) {
  char **name = wni_pieces_alloc(m->pieces, most + MAX_ATTRIBUTES + 16, sizeof *name);
  char word[MAX_WORD];
  const char *again = strstr(list, "...") ? strstr(list, "x ") : NULL;
  for (*count = 0; name && *list;) {
    if (list == again) break;
    read_word(&list, word);
    if (!*word) break;
    name[(*count)++] = name_of(m, word, -1);
    while (*list == ' ') list++;
  }
  for (size_t k = 0; name && again && *count < most; k++) {
    const char *at = again;
    for (read_word(&at, word); *word && *count < most; read_word(&at, word))
      name[(*count)++] = name_of(m, word, (long)k);
    m->n_repeats = k + 1;
  }
  return name;
}

/* ---- statements ---- */

static Onnx__NodeProto *new_node(Maker *m, const char *op, char *output) {
  Onnx__FunctionProto *f = m->function;
  Onnx__NodeProto *node = wni_pieces_alloc(m->pieces, 1, sizeof *node);
  char **out = wni_pieces_alloc(m->pieces, 1, sizeof *out);
  if (!node || !out || f->n_node == m->node_capacity) {
    m->pieces->failed = true;
    return NULL;
  }
  onnx__node_proto__init(node);
  out[0] = output;
  node->op_type = name_of(m, op, -1);
  node->n_output = 1;
  node->output = out;
  node->attribute = wni_pieces_alloc(m->pieces, MAX_ATTRIBUTES, sizeof *node->attribute);
  f->node[f->n_node++] = node;
  return node;
}

static Onnx__AttributeProto *new_attribute(Maker *m, Onnx__NodeProto *node, const char *name) {
  Onnx__AttributeProto *attribute = wni_pieces_alloc(m->pieces, 1, sizeof *attribute);
  if (!attribute || !node->attribute || node->n_attribute == MAX_ATTRIBUTES) {
    m->pieces->failed = true;
    return NULL;
  }
  onnx__attribute_proto__init(attribute);
  attribute->name = name_of(m, name, -1);
  node->attribute[node->n_attribute++] = attribute;
  return attribute;
}

static void set_float(Onnx__AttributeProto *attribute, float value) {
  attribute->has_type = attribute->has_f = 1;
  attribute->type = 1; /* AttributeProto.FLOAT */
  attribute->f = value;
}

/* "255", or "$1" of the call's activation_params. */
static float number_of(const Maker *m, const char *word) {
  const Onnx__AttributeProto *given = wni_attr(m->call, "activation_params");
  size_t i = *word == '$' ? (size_t)atoi(word + 1) : 0;
  if (*word != '$') return strtof(word, NULL);
  return given && i < given->n_floats ? given->floats[i] : 0;
}

static bool is_number(const char *word) {
  return isdigit((unsigned char)*word) || *word == '$' || *word == '-';
}

/* A node that makes a number; its name. */
static char *add_constant(Maker *m, const char *word) {
  char name[24];
  snprintf(name, sizeof name, "constant%d", m->n_constants++);
  char *output = name_of(m, name, -1);
  Onnx__NodeProto *node = output ? new_node(m, "Constant", output) : NULL;
  Onnx__AttributeProto *value = node ? new_attribute(m, node, "value_float") : NULL;
  if (!value) return NULL;
  set_float(value, number_of(m, word));
  return output;
}

typedef struct Call {
  char *argument[MAX_ARGUMENTS];
  size_t n;
  bool nothing, same; /* without its first argument; without one that may be missing */
} Call;

static void add_argument(Maker *m, Call *call, char *name, bool may_miss) {
  static char none[] = "";
  bool missing = !name || is_missing(m, name);
  if (call->n == MAX_ARGUMENTS) {
    m->pieces->failed = true;
    return;
  }
  call->nothing = call->nothing || (missing && call->n == 0);
  call->same = call->same || (missing && may_miss);
  call->argument[call->n++] = missing ? none : name;
}

static void read_arguments(Maker *m, const char **at, long repeat, Call *call) {
  char word[MAX_WORD];
  *call = (Call){.n = 0};
  do {
    read_word(at, word);
    if (read_text(at, "...")) {
      for (size_t k = 0; k < m->n_repeats; k++)
        add_argument(m, call, name_of(m, word, (long)k), false);
    } else if (is_number(word)) {
      add_argument(m, call, add_constant(m, word), false);
    } else {
      bool again = repeat >= 0;
      bool may_miss = read_text(at, "?");
      add_argument(m, call, name_of(m, word, again ? repeat : -1), may_miss);
    }
  } while (read_text(at, ","));
  read_text(at, ")");
}

static void read_attributes(Maker *m, const char **at, Onnx__NodeProto *node) {
  char name[MAX_WORD], value[MAX_WORD];
  for (read_word(at, name); *name; read_word(at, name)) {
    bool given = read_text(at, "=");
    if (given) read_word(at, value);
    Onnx__AttributeProto *attribute = node ? new_attribute(m, node, name) : NULL;
    if (!attribute) continue;
    if (!given) {
      attribute->ref_attr_name = attribute->name;
    } else if (*value == '$') {
      set_float(attribute, number_of(m, value));
    } else {
      attribute->has_type = attribute->has_i = 1;
      attribute->type = 2; /* AttributeProto.INT */
      attribute->i = atoi(value);
    }
  }
}

/* One statement, or one of its repetitions. */
static const char *read_statement(Maker *m, const char *at, long repeat, Call *call) {
  char output[MAX_WORD], op[MAX_WORD];
  read_word(&at, output);
  read_text(&at, "=");
  read_word(&at, op);
  read_text(&at, "(");
  read_arguments(m, &at, repeat, call);
  char *made = name_of(m, output, repeat);
  if (call->nothing && made) say_missing(m, made);
  Onnx__NodeProto *node =
      call->nothing || !made ? NULL : new_node(m, call->same ? "Identity" : op, made);
  if (node) {
    node->n_input = call->same ? 1 : call->n;
    node->input = wni_pieces_alloc(m->pieces, node->n_input, sizeof *node->input);
    if (node->input) memcpy(node->input, call->argument, node->n_input * sizeof *node->input);
  }
  read_attributes(m, &at, call->same ? NULL : node);
  return at;
}

static void read_statements(Maker *m, const char *at) {
  Call *call = malloc(sizeof *call);
  if (!call) m->pieces->failed = true;
  while (call && *at && !m->pieces->failed) {
    const char *end = strchr(at, ';');
    bool again = end - at > 3 && strncmp(end - 3, "...", 3) == 0;
    if (again)
      for (size_t k = 0; k < m->n_repeats; k++) read_statement(m, at, (long)k, call);
    else
      read_statement(m, at, -1, call);
    at = end + 1;
    while (*at == ' ') at++;
  }
  free(call);
}

const Onnx__FunctionProto *wni_composite_make(WniPieces *pieces, const Onnx__NodeProto *call) {
  const Composite *composite = find(call);
  if (!composite) return NULL;
  Onnx__FunctionProto *function = wni_pieces_alloc(pieces, 1, sizeof *function);
  if (!function) return NULL;
  onnx__function_proto__init(function);
  Maker m = {.pieces = pieces, .call = call, .function = function};
  function->input = declare(&m, composite->inputs, call->n_input, &function->n_input);
  function->output = declare(&m, composite->outputs, call->n_output, &function->n_output);
  m.node_capacity = MAX_NODES + call->n_input;
  function->node = wni_pieces_alloc(pieces, m.node_capacity, sizeof *function->node);
  if (!function->input || !function->output || !function->node) return NULL;
  for (size_t i = 0; i < function->n_input; i++)
    if (i >= call->n_input || !*call->input[i]) say_missing(&m, function->input[i]);
  read_statements(&m, composite->statements);
  return pieces->failed ? NULL : function;
}
