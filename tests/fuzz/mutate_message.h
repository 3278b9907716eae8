/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The file that is being changed (mutate.c), and its lists.  Those and the texts are the parser's,
 * malloc()'s, so that freeing the message frees what was added.  Memory that is missing ends the
 * program.
 */
#ifndef FUZZ_MUTATE_MESSAGE_H
#define FUZZ_MUTATE_MESSAGE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "load/onnx.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define PICK(list) ((list)[chance((uint32_t)COUNT(list))])

extern Onnx__ModelProto *model;
extern Onnx__GraphProto *graph; /* its */

/* From 0 to n - 1. */
uint32_t chance(uint32_t n);
int64_t any_integer(int64_t old); /* near it, or one that a parser may trip over */

char *copy_text(const char *text);
void set_text(char **text, const char *to);
void *made(size_t bytes); /* zeros */

/* Room for one more at `at` of a list of pointers; the caller fills it. */
void **insert(void *list, size_t *n, size_t at);
void *take_out(void *list, size_t *n, size_t at);

/* Any of them; NULL: there is none. */
Onnx__NodeProto *any_node(void);
Onnx__TensorProto *any_tensor(void);
Onnx__TensorProto *find_tensor(const char *name); /* an initialiser */
const char *new_name(void);                       /* that nothing has */

/* An output of a node, most often of one in front of `reader`, an input, or an initialiser. */
const char *any_value(const Onnx__NodeProto *reader);

/* An attribute: a list of `n` integers, or of n = 0 the one. */
void add_int(Onnx__NodeProto *node, const char *name, const int64_t *values, size_t n);

/* An initialiser of `n` elements near `value`; its name. */
const char *add_tensor(int type, const int64_t *dims, size_t rank, size_t n, double value);

/* One change of the graph's nodes each, with how often it is to be made (mutate_nodes.c). */
typedef struct Change {
  void (*change)(void);
  uint32_t weight;
} Change;
extern const Change node_changes[];
extern const size_t n_node_changes;

#endif
