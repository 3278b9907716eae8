/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts the rows of a network's last layers into the order of the cascade's classes, and leaves out
 * those that are none (wni_part_move_rows() in join.h).  Weights are followed to the tensors of the
 * file and copied: other nodes may read them too.
 */
#include "join/join.h"

#include "base/error.h"

#include <string.h>

enum { MAX_DEPTH = 16 }; /* of nodes between a layer and the tensor that is its weights */

typedef struct Rows {
  const WniPart *part;
  WniWriter *writer;
  int node; /* whose weights they are, for messages */
  WnStatus status;
  WnError *error;
} Rows;

static char *fail(Rows *r, const char *reason) {
  if (r->status == WN_OK) r->status = wni_part_fail(r->part, r->node, reason, r->error);
  return NULL;
}

/* ---- one tensor: [outer][n_classes][inner] becomes [outer][n_rows][inner] ---- */

typedef struct Layout {
  size_t outer, inner, count;
} Layout;

/* False: the tensor has no dimension of the classes there. */
static bool layout_of(const WniPart *part, const Onnx__TensorProto *tensor, int axis, Layout *out) {
  *out = (Layout){1, 1, 0};
  if (axis < 0 || axis >= (int)tensor->n_dims || tensor->dims[axis] != part->n_classes)
    return false;
  for (int d = 0; d < axis; d++) out->outer *= (size_t)tensor->dims[d];
  for (int d = axis + 1; d < (int)tensor->n_dims; d++) out->inner *= (size_t)tensor->dims[d];
  out->count = out->outer * out->inner * (size_t)part->n_classes;
  return out->count > 0;
}

/* The rows of `n` elements at `from`, copied; NULL: no memory, or not as many as the shape says. */
static void *move(Rows *r, const Layout *layout, const void *from, size_t n, size_t element_bytes,
                  size_t *moved) {
  const WniPart *part = r->part;
  size_t n_rows = (size_t)part->n_rows, n_classes = (size_t)part->n_classes;
  size_t run = layout->inner * element_bytes;
  *moved = layout->outer * n_rows * layout->inner;
  if (n != layout->count) return fail(r, "its weights are not what their shape says");
  char *to = wni_writer_alloc(r->writer, *moved, element_bytes);
  for (size_t o = 0; to && o < layout->outer; o++)
    for (size_t c = 0; c < n_rows; c++)
      memcpy(to + (o * n_rows + c) * run,
             (const char *)from + (o * n_classes + (size_t)part->row[c]) * run, run);
  return to;
}

/* Elements are in one of the lists. */
static void move_elements(Rows *r, const Layout *layout, Onnx__TensorProto *copy) {
  if (copy->has_raw_data) {
    size_t element_bytes = copy->raw_data.len / layout->count, n;
    copy->raw_data.data =
        move(r, layout, copy->raw_data.data, element_bytes ? copy->raw_data.len / element_bytes : 0,
             element_bytes, &n);
    copy->raw_data.len = n * element_bytes;
  } else if (copy->n_float_data) {
    copy->float_data = move(r, layout, copy->float_data, copy->n_float_data,
                            sizeof *copy->float_data, &copy->n_float_data);
  } else if (copy->n_int32_data) {
    copy->int32_data = move(r, layout, copy->int32_data, copy->n_int32_data,
                            sizeof *copy->int32_data, &copy->n_int32_data);
  } else if (copy->n_int64_data) {
    copy->int64_data = move(r, layout, copy->int64_data, copy->n_int64_data,
                            sizeof *copy->int64_data, &copy->n_int64_data);
  } else {
    copy->double_data = move(r, layout, copy->double_data, copy->n_double_data,
                             sizeof *copy->double_data, &copy->n_double_data);
  }
}

/* A new initialiser with the rows moved along `axis`; its name. */
static char *move_tensor(Rows *r, const Onnx__TensorProto *tensor, int axis, const char *base) {
  Layout layout;
  if (!layout_of(r->part, tensor, axis, &layout))
    return fail(r, "its weights have no row for each class");
  Onnx__TensorProto *copy = wni_writer_alloc(r->writer, 1, sizeof *copy);
  int64_t *dims = wni_writer_alloc(r->writer, tensor->n_dims, sizeof *dims);
  char *name = wni_writer_name(r->writer, base, "_rows");
  if (!copy || !dims || !name) return NULL;
  *copy = *tensor;
  copy->name = name;
  copy->dims = memcpy(dims, tensor->dims, tensor->n_dims * sizeof *dims);
  dims[axis] = r->part->n_rows;
  move_elements(r, &layout, copy);
  wni_writer_keep_tensor(r->writer, copy);
  return name;
}

/* ---- a constant value: a tensor, or what nodes make of one ---- */

/* What has been made of `value` already, or NULL. */
static char *find_moved(Rows *r, int value, int axis) {
  const WniMoved *moved = &r->part->moved[value];
  if (moved->name && moved->axis != axis) return fail(r, "its weights are used in two ways");
  return moved->name;
}

static char *note_moved(const Rows *r, int value, int axis, char *name) {
  r->part->moved[value] = (WniMoved){name, axis};
  return name;
}

/* A tensor of the file. */
static char *move_stored(Rows *r, int value, int axis) {
  const WniPart *part = r->part;
  const Onnx__TensorProto *tensor = part->tensor[value];
  int node = part->producer[value];
  char *name = find_moved(r, value, axis);
  if (name || r->status != WN_OK) return name;
  if (!tensor && node >= 0 && part->graph.nodes[node].op == WNI_OP_CONSTANT) {
    const Onnx__AttributeProto *attribute = wni_attr(part->graph.nodes[node].proto, "value");
    tensor = attribute ? attribute->t : NULL;
  }
  if (!tensor)
    return fail(r, "its weights are computed by nodes that cannot be followed; export them as "
                   "constants");
  return note_moved(r, value, axis, move_tensor(r, tensor, axis, part->as[value]));
}

/* The scales and zero points of DequantizeLinear, if there is one for each class. */
static void move_scales(Rows *r, int node, int axis, Onnx__NodeProto *copy) {
  const WniPart *part = r->part;
  const WniShape *shape = &part->graph.values[wni_part_output(part, node, 0)].shape;
  int own;
  for (size_t i = 1; i < copy->n_input; i++) {
    int v = wni_part_input(part, node, i);
    if (v < 0 || wni_shape_count(&part->graph.values[v].shape) == 1) continue;
    if (wni_axis(wni_attr_int(copy, "axis", 1), shape->rank, &own) && own == axis)
      copy->input[i] = move_stored(r, v, 0);
  }
}

/* The node again, reading `in`, whose rows are moved; its output. */
static char *move_node(Rows *r, int node, int axis, char *in) {
  const WniPart *part = r->part;
  const WniNode *n = &part->graph.nodes[node];
  int out = wni_part_output(part, node, 0);
  char *name = find_moved(r, out, axis);
  if (name || r->status != WN_OK) return name;
  Onnx__NodeProto *copy = wni_writer_copy(r->writer, n->proto, 0);
  if (!copy) return NULL;
  copy->input[0] = in;
  for (size_t i = 1; i < copy->n_input; i++)
    if (wni_part_input(part, node, i) >= 0)
      copy->input[i] = part->as[wni_part_input(part, node, i)];
  if (n->op == WNI_OP_DEQUANTIZE_LINEAR) move_scales(r, node, axis, copy);
  copy->output[0] = wni_writer_name(r->writer, part->as[out], "_rows");
  copy->name = copy->output[0];
  copy->domain = NULL;
  if (r->status == WN_OK) wni_writer_keep(r->writer, copy);
  return note_moved(r, out, axis, copy->output[0]);
}

/* Whether rows can be moved in front of the node. */
static bool is_followed(const WniPart *part, int node) {
  WniOp op = node < 0 ? WNI_OP_CONSTANT : part->graph.nodes[node].op;
  return op == WNI_OP_CAST || op == WNI_OP_IDENTITY || op == WNI_OP_TRANSPOSE ||
         op == WNI_OP_DEQUANTIZE_LINEAR;
}

/* The dimension of what a node reads that becomes `axis`. */
static int axis_before(const WniPart *part, int node, int axis) {
  const WniNode *n = &part->graph.nodes[node];
  int rank = part->graph.values[wni_part_input(part, node, 0)].shape.rank;
  size_t count;
  const int64_t *perm = wni_attr_ints(n->proto, "perm", &count);
  if (n->op != WNI_OP_TRANSPOSE) return axis;
  return count == (size_t)rank ? (int)perm[axis] : rank - 1 - axis;
}

/* The name of what `value` is with its rows moved along `axis`. */
static char *move_value(Rows *r, int value, int axis) {
  const WniPart *part = r->part;
  int node[MAX_DEPTH], along[MAX_DEPTH], n = 0;
  if (axis < 0) return fail(r, "its weights have no row for each class");
  for (; n < MAX_DEPTH && is_followed(part, part->producer[value]); n++) {
    node[n] = part->producer[value];
    along[n] = axis;
    axis = axis_before(part, node[n], axis);
    value = wni_part_input(part, node[n], 0);
  }
  char *name = move_stored(r, value, axis);
  while (n-- > 0 && name) name = move_node(r, node[n], along[n], name);
  return name;
}

/* ---- the layers of the tail ---- */

/* Input i of `copy` moved along the dimension that has one element for each class. */
static void move_input(Rows *r, size_t i, Onnx__NodeProto *copy) {
  int value = wni_part_input(r->part, r->node, i), axis = -1;
  if (value < 0) return;
  const WniShape *shape = &r->part->graph.values[value].shape;
  if (wni_shape_count(shape) == 1) return;
  for (int d = 0; d < shape->rank; d++)
    if (shape->dim[d] == r->part->n_classes) axis = d;
  copy->input[i] = move_value(r, value, axis);
}

/* Where Reshape is told the number of classes, that is another now. */
static void change_shape(Rows *r, Onnx__NodeProto *copy) {
  const WniPart *part = r->part;
  int value = wni_part_input(part, r->node, 1);
  const WniConstant *shape = value < 0 ? NULL : &part->graph.values[value].constant;
  int64_t dim[WNI_MAX_RANK], rank;
  bool told = false;
  if (!shape || !part->graph.values[value].known || shape->count > WNI_MAX_RANK) return;
  rank = (int64_t)shape->count;
  for (int64_t d = 0; d < rank; d++) {
    dim[d] = wni_constant_integer(shape, (size_t)d);
    if (dim[d] != part->n_classes) continue;
    dim[d] = part->n_rows;
    told = true;
  }
  if (!told || part->n_rows == part->n_classes) return;
  copy->input[1] = wni_writer_name(r->writer, part->as[value], "_rows");
  wni_writer_tensor(r->writer, copy->input[1], WNI_TENSOR_INT64, 1, &rank, dim);
}

static bool is_on_tail(const WniPart *part, int value) {
  return part->producer[value] >= 0 && part->tail[part->producer[value]];
}

WnStatus wni_part_move_rows(const WniPart *part, WniWriter *writer, int node, Onnx__NodeProto *copy,
                            WnError *error) {
  Rows r = {part, writer, node, WN_OK, error};
  switch (part->graph.nodes[node].op) {
  case WNI_OP_CONV:
    copy->input[1] = move_value(&r, wni_part_input(part, node, 1), 0);
    move_input(&r, 2, copy);
    break;
  case WNI_OP_GEMM:
    copy->input[1] =
        move_value(&r, wni_part_input(part, node, 1), wni_attr_int(copy, "transB", 0) ? 0 : 1);
    move_input(&r, 2, copy);
    break;
  case WNI_OP_MATMUL:
    copy->input[1] = move_value(&r, wni_part_input(part, node, 1), 1);
    break;
  case WNI_OP_ADD:
  case WNI_OP_SUB:
  case WNI_OP_MUL:
  case WNI_OP_DIV:
    move_input(&r, is_on_tail(part, wni_part_input(part, node, 0)) ? 1 : 0, copy);
    break;
  case WNI_OP_RESHAPE:
    change_shape(&r, copy);
    break;
  default:
    break;
  }
  return r.status;
}
