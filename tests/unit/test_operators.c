/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * load/ops.inc and graph/inputs.c: every input of every operator, with elements and dimensions that
 * it may not have, is refused by name.
 */
#include "graph/graph.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { OPSET = 13, MAX_INPUTS = WNI_OP_MAX_INPUTS };

/* A node whose inputs are constants of one element, and the graph around it. */
typedef struct Fixture {
  Onnx__TensorProto tensor[MAX_INPUTS], *tensors[MAX_INPUTS];
  char names[MAX_INPUTS][4], *inputs[MAX_INPUTS], *outputs[1];
  Onnx__Dimension dim, *dims[1];
  Onnx__TensorShapeProto shape;
  Onnx__TensorTypeProto tensor_type;
  Onnx__TypeProto type;
  Onnx__ValueInfoProto info, *infos[1];
  Onnx__NodeProto node, *nodes[1];
  Onnx__GraphProto graph;
  Onnx__ModelProto model;
} Fixture;

static int64_t ones[WNI_MAX_RANK + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
static float one_float = 1;
static int64_t one_integer = 1;

static void put_constant(Fixture *fixture, int i, bool integers, int rank) {
  Onnx__TensorProto *tensor = &fixture->tensor[i];
  *tensor = (Onnx__TensorProto)ONNX__TENSOR_PROTO__INIT;
  tensor->name = fixture->names[i];
  tensor->n_dims = (size_t)rank;
  tensor->dims = ones;
  tensor->data_type = integers ? 7 : 1;
  tensor->has_data_type = true;
  tensor->n_float_data = !integers;
  tensor->float_data = &one_float;
  tensor->n_int64_data = integers;
  tensor->int64_data = &one_integer;
}

/* The operator with as many inputs as its row names, each as it may be. */
static void set_up(Fixture *fixture, WniOp op) {
  const WniOpInfo *info = wni_op_info(op);
  int n = 0;
  *fixture = (Fixture){0};
  for (; info->inputs[n].name; n++) {
    snprintf(fixture->names[n], sizeof fixture->names[n], "c%d", n);
    put_constant(fixture, n, info->inputs[n].elements == WNI_ELEMENTS_I, info->inputs[n].min_rank);
    fixture->tensors[n] = &fixture->tensor[n];
    fixture->inputs[n] = fixture->names[n];
  }
  fixture->dim = (Onnx__Dimension)ONNX__DIMENSION__INIT;
  fixture->dim.has_dim_value = true;
  fixture->dim.dim_value = 1;
  fixture->dims[0] = &fixture->dim;
  fixture->shape = (Onnx__TensorShapeProto)ONNX__TENSOR_SHAPE_PROTO__INIT;
  fixture->shape.n_dim = 1;
  fixture->shape.dim = fixture->dims;
  fixture->tensor_type = (Onnx__TensorTypeProto)ONNX__TENSOR_TYPE_PROTO__INIT;
  fixture->tensor_type.has_elem_type = true;
  fixture->tensor_type.elem_type = 1;
  fixture->tensor_type.shape = &fixture->shape;
  fixture->type = (Onnx__TypeProto)ONNX__TYPE_PROTO__INIT;
  fixture->type.tensor_type = &fixture->tensor_type;
  fixture->info = (Onnx__ValueInfoProto)ONNX__VALUE_INFO_PROTO__INIT;
  fixture->info.name = (char *)"image";
  fixture->info.type = &fixture->type;
  fixture->infos[0] = &fixture->info;
  fixture->outputs[0] = (char *)"made";
  fixture->node = (Onnx__NodeProto)ONNX__NODE_PROTO__INIT;
  fixture->node.op_type = (char *)info->name;
  fixture->node.n_input = (size_t)n;
  fixture->node.input = fixture->inputs;
  fixture->node.n_output = 1;
  fixture->node.output = fixture->outputs;
  fixture->nodes[0] = &fixture->node;
  fixture->graph = (Onnx__GraphProto)ONNX__GRAPH_PROTO__INIT;
  fixture->graph.n_node = 1;
  fixture->graph.node = fixture->nodes;
  fixture->graph.n_initializer = (size_t)n;
  fixture->graph.initializer = fixture->tensors;
  fixture->graph.n_input = 1;
  fixture->graph.input = fixture->infos;
  fixture->model = (Onnx__ModelProto)ONNX__MODEL_PROTO__INIT;
  fixture->model.graph = &fixture->graph;
}

/* What building the graph says; "" when it is taken. */
static const char *build(Fixture *fixture) {
  static WnError error;
  WniOnnx onnx = {.proto = &fixture->model, .opset = OPSET};
  WniGraph graph;
  error = (WnError){0};
  if (wni_graph_build(&onnx, (WniImageSizes){0}, WNI_GRAPH_TO_RUN, &graph, &error) == WN_OK)
    wni_graph_clear(&graph);
  return error.message;
}

static void assert_refused(Fixture *fixture, WniOp op, int i, const char *has) {
  const WniOpInfo *info = wni_op_info(op);
  char start[120];
  snprintf(start, sizeof start, "node 'made' (%s, opset %d): input %d (%s) %s", info->name, OPSET,
           i, info->inputs[i].name, has);
  const char *said = build(fixture);
  ck_assert_msg(strncmp(said, start, strlen(start)) == 0, "'%s' does not begin with '%s'", said,
                start);
}

START_TEST(what_a_row_allows_is_allowed) {
  for (int op = 0; op < WNI_OP_COUNT; op++) {
    Fixture fixture;
    set_up(&fixture, (WniOp)op);
    const char *said = build(&fixture);
    ck_assert_msg(!strstr(said, " holds ") && !strstr(said, "valid ONNX"), "%s", said);
  }
}
END_TEST

START_TEST(elements_of_another_type_are_refused) {
  int refused = 0;
  for (int op = 0; op < WNI_OP_COUNT; op++) {
    const WniOpInput *inputs = wni_op_info((WniOp)op)->inputs;
    for (int i = 0; inputs[i].name; i++) {
      bool integers = inputs[i].elements == WNI_ELEMENTS_I;
      bool first = true;
      for (int k = 0; k < i; k++) first = first && inputs[k].elements != WNI_ELEMENTS_T;
      if (inputs[i].elements == WNI_ELEMENTS_A) continue; /* takes either */
      if (inputs[i].elements == WNI_ELEMENTS_T && first) continue;
      Fixture fixture;
      set_up(&fixture, (WniOp)op);
      put_constant(&fixture, i, !integers, inputs[i].min_rank);
      assert_refused(&fixture, (WniOp)op, i, integers ? "holds floats in" : "holds integers in");
      refused++;
    }
  }
  ck_assert_int_ge(refused, WNI_OP_COUNT);
}
END_TEST

START_TEST(other_numbers_of_dimensions_are_refused) {
  int refused = 0;
  for (int op = 0; op < WNI_OP_COUNT; op++) {
    const WniOpInput *inputs = wni_op_info((WniOp)op)->inputs;
    for (int i = 0; inputs[i].name; i++) {
      const int ranks[] = {inputs[i].min_rank - 1, inputs[i].max_rank + 1};
      for (int r = 0; r < 2; r++) {
        Fixture fixture;
        char has[64];
        bool integers = inputs[i].elements == WNI_ELEMENTS_I;
        if (ranks[r] < 0 || ranks[r] > WNI_MAX_RANK) continue;
        set_up(&fixture, (WniOp)op);
        put_constant(&fixture, i, integers, ranks[r]);
        snprintf(has, sizeof has, "holds %s in %d dimension", integers ? "integers" : "floats",
                 ranks[r]);
        assert_refused(&fixture, (WniOp)op, i, has);
        refused++;
      }
    }
  }
  ck_assert_int_ge(refused, WNI_OP_COUNT);
}
END_TEST

/* One that is left empty in front of another. */
START_TEST(missing_inputs_are_named) {
  int refused = 0;
  for (int op = 0; op < WNI_OP_COUNT; op++) {
    const WniOpInput *inputs = wni_op_info((WniOp)op)->inputs;
    for (int i = 0; inputs[i].name && inputs[i + 1].name; i++) {
      Fixture fixture;
      if (inputs[i].need == WNI_INPUT_OPTIONAL) continue;
      set_up(&fixture, (WniOp)op);
      fixture.inputs[i] = (char *)"";
      assert_refused(&fixture, (WniOp)op, i, "is missing");
      refused++;
    }
  }
  ck_assert_int_ge(refused, 10);
}
END_TEST

/* Sum and Concat take any number of their last input. */
START_TEST(inputs_that_repeat_are_all_checked) {
  static const WniOp ops[] = {WNI_OP_SUM, WNI_OP_CONCAT};
  for (int k = 0; k < 2; k++) {
    Fixture fixture;
    char *inputs[3] = {fixture.names[0], (char *)"", fixture.names[0]};
    set_up(&fixture, ops[k]);
    fixture.node.n_input = 3;
    fixture.node.input = inputs;
    const char *said = build(&fixture);
    ck_assert_msg(strstr(said, "input 1 (") && strstr(said, ") is missing"), "%s", said);
  }
}
END_TEST

/* Input i as a list of nothing. */
static void put_nothing(Fixture *fixture, int i, bool integers) {
  static int64_t none[1] = {0};
  put_constant(fixture, i, integers, 1);
  fixture->tensor[i].dims = none;
  fixture->tensor[i].n_float_data = fixture->tensor[i].n_int64_data = 0;
}

/* Nothing may be read where a number is expected; sanitizers watch. */
START_TEST(lists_of_nothing_are_not_read) {
  for (int op = 0; op < WNI_OP_COUNT; op++) {
    const WniOpInput *inputs = wni_op_info((WniOp)op)->inputs;
    for (int i = 0; inputs[i].name; i++) {
      Fixture fixture;
      if (inputs[i].min_rank > 1 || inputs[i].max_rank < 1) continue;
      set_up(&fixture, (WniOp)op);
      put_nothing(&fixture, i, inputs[i].elements == WNI_ELEMENTS_I);
      const char *said = build(&fixture);
      if (op == WNI_OP_CUMSUM && i == 1) ck_assert(strstr(said, "its axis is out of range"));
      if (op == WNI_OP_RANGE) ck_assert(strstr(said, "a bound is not one number"));
    }
  }
}
END_TEST

SUITE_MAIN("operators", lists_of_nothing_are_not_read, what_a_row_allows_is_allowed,
           elements_of_another_type_are_refused, other_numbers_of_dimensions_are_refused,
           missing_inputs_are_named, inputs_that_repeat_are_all_checked)
