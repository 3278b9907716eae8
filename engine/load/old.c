/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See old.h.
 */
#include "load/old.h"

#include <stdbool.h>
#include <string.h>

enum { ATTRIBUTE_INT = 2 }; /* AttributeProto.AttributeType */

/* TensorProto.DataType from 1 on. */
static const char *const type_names[] = {"FLOAT",  "UINT8",  "INT8",   "UINT16", "INT16",
                                         "INT32",  "INT64",  "STRING", "BOOL",   "FLOAT16",
                                         "DOUBLE", "UINT32", "UINT64"};

static void number_type(Onnx__AttributeProto *to) {
  for (size_t i = 0; to->has_s && i < sizeof type_names / sizeof *type_names; i++) {
    size_t length = strlen(type_names[i]);
    if (to->s.len != length || memcmp(to->s.data, type_names[i], length) != 0) continue;
    to->has_s = 0;
    to->has_i = to->has_type = 1;
    to->i = (int64_t)i + 1;
    to->type = ATTRIBUTE_INT;
  }
}

static bool is(const char *text, const char *word) {
  return text && strcmp(text, word) == 0;
}

void wni_old_attributes(Onnx__GraphProto *graph) {
  for (size_t n = 0; n < graph->n_node; n++)
    for (size_t i = 0; i < graph->node[n]->n_attribute; i++) {
      Onnx__AttributeProto *attribute = graph->node[n]->attribute[i];
      if (is(graph->node[n]->op_type, "Cast") && is(attribute->name, "to")) number_type(attribute);
      if (is(graph->node[n]->op_type, "Pad") && is(attribute->name, "paddings"))
        strcpy(attribute->name, "pads"); /* shorter */
    }
}
