/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Constant folding of what computes element by element (elementwise.h).  Integers stay exact, since
 * shapes are made of them: they are int64 throughout and wrap around; floats are computed in
 * double, activations by the kernel that would run.
 */
#include "graph/elementwise.h"
#include "graph/fold.h"

#include <math.h>
#include <string.h>

static double whole_quotient(double a, double b, bool floored) {
  return floored ? floor(a / b) : trunc(a / b);
}

static double compute(WniVecOp op, double a, double b, double c) {
  switch (op) {
  case WNI_VEC_ADD:
    return a + b;
  case WNI_VEC_SUB:
    return a - b;
  case WNI_VEC_MUL:
    return a * b;
  case WNI_VEC_DIV:
    return a / b;
  case WNI_VEC_POW:
    return pow(a, b);
  case WNI_VEC_MIN:
    return a < b || isnan(a) ? a : b;
  case WNI_VEC_MAX:
    return a > b || isnan(a) ? a : b;
  case WNI_VEC_MOD:
    return a - b * whole_quotient(a, b, true);
  case WNI_VEC_FMOD:
    return fmod(a, b);
  case WNI_VEC_EQUAL:
    return a == b;
  case WNI_VEC_LESS:
    return a < b;
  case WNI_VEC_LESS_EQUAL:
    return a <= b;
  case WNI_VEC_GREATER:
    return a > b;
  case WNI_VEC_GREATER_EQUAL:
    return a >= b;
  case WNI_VEC_AND:
    return a != 0 && b != 0;
  case WNI_VEC_OR:
    return a != 0 || b != 0;
  case WNI_VEC_XOR:
    return (a != 0) != (b != 0);
  case WNI_VEC_PRELU:
    return a < 0 ? a * b : a;
  case WNI_VEC_WHERE:
    return a != 0 ? b : c;
  default:
    return a;
  }
}

/* a^b; 0 where that is below 1 */
static uint64_t integer_power(uint64_t a, int64_t b) {
  uint64_t y = 1;
  if (b < 0) return a == 1 ? 1 : a == UINT64_MAX ? (b & 1 ? a : 1) : 0;
  for (; b; b >>= 1, a *= a)
    if (b & 1) y *= a;
  return y;
}

/* b is not 0 where it divides. */
static int64_t compute_integer(WniVecOp op, int64_t a, int64_t b, int64_t c) {
  uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
  bool minus_one = b == -1; /* INT64_MIN / -1 would trap */
  switch (op) {
  case WNI_VEC_ADD:
    return (int64_t)(ua + ub);
  case WNI_VEC_SUB:
    return (int64_t)(ua - ub);
  case WNI_VEC_MUL:
    return (int64_t)(ua * ub);
  case WNI_VEC_DIV:
    return minus_one ? (int64_t)(0 - ua) : a / b;
  case WNI_VEC_POW:
    return (int64_t)integer_power(ua, b);
  case WNI_VEC_MIN:
    return a < b ? a : b;
  case WNI_VEC_MAX:
    return a > b ? a : b;
  case WNI_VEC_FMOD:
    return minus_one ? 0 : a % b;
  case WNI_VEC_MOD: {
    int64_t rest = minus_one ? 0 : a % b;
    return rest && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  case WNI_VEC_EQUAL:
    return a == b;
  case WNI_VEC_LESS:
    return a < b;
  case WNI_VEC_LESS_EQUAL:
    return a <= b;
  case WNI_VEC_GREATER:
    return a > b;
  case WNI_VEC_GREATER_EQUAL:
    return a >= b;
  case WNI_VEC_WHERE:
    return a ? b : c;
  default:
    return (int64_t)compute(op, (double)(a != 0), (double)(b != 0), 0); /* And, Or, Xor */
  }
}

static bool divides(WniVecOp op) {
  return op == WNI_VEC_DIV || op == WNI_VEC_MOD || op == WNI_VEC_FMOD;
}

/* An operand and where the elements of the result come from. */
typedef struct Operand {
  const WniConstant *x;
  int64_t stride[WNI_MAX_RANK];
} Operand;

static Operand operand_at(const WniFold *fold, int i) {
  Operand operand = {.x = wni_fold_input(fold, i)};
  int64_t own[WNI_MAX_RANK];
  int offset = wni_broadcast_offset(fold->graph, fold->node, fold->shape->rank, operand.x->rank);
  wni_fold_row_major(operand.x, own);
  for (int d = 0; d < operand.x->rank; d++)
    operand.stride[d + offset] = operand.x->dim[d] == 1 ? 0 : own[d];
  return operand;
}

static size_t element_of(const Operand *operand, const WniShape *shape, size_t flat) {
  int64_t at = 0, rest = (int64_t)flat;
  for (int d = shape->rank; d-- > 0; rest /= shape->dim[d])
    at += rest % shape->dim[d] * operand->stride[d];
  return (size_t)at;
}

/* out = op(out or operand 0, operand i, operand i + 1 if there is a third) */
static WnStatus fold_operand(WniFold *fold, WniVecOp op, int i, void *data) {
  bool select = op == WNI_VEC_WHERE;
  Operand a = operand_at(fold, 0), b = operand_at(fold, i), c = operand_at(fold, select ? 2 : 0);
  bool integers = b.x->is_int && (a.x->is_int || select);
  bool to_integers = fold->out->is_int;
  for (size_t flat = 0; flat < fold->out->count; flat++) {
    size_t at[3] = {element_of(&a, fold->shape, flat), element_of(&b, fold->shape, flat),
                    element_of(&c, fold->shape, flat)};
    if (integers) {
      int64_t first = i == 1 ? wni_constant_integer(a.x, at[0]) : ((int64_t *)data)[flat];
      if (divides(op) && wni_constant_integer(b.x, at[1]) == 0)
        return wni_node_fail(fold->graph, fold->node, WN_ERROR_MODEL, fold->error,
                             "an integer is divided by 0");
      ((int64_t *)data)[flat] = compute_integer(op, first, wni_constant_integer(b.x, at[1]),
                                                select ? wni_constant_integer(c.x, at[2]) : 0);
      continue;
    }
    double first = i == 1 ? wni_fold_number(a.x, at[0]) : (double)((float *)data)[flat];
    double y =
        compute(op, first, wni_fold_number(b.x, at[1]), select ? wni_fold_number(c.x, at[2]) : 0);
    if (to_integers)
      ((int64_t *)data)[flat] = fabs(y) < 9e18 ? (int64_t)y : 0;
    else
      ((float *)data)[flat] = (float)y;
  }
  return WN_OK;
}

WnStatus wni_fold_arithmetic(WniFold *fold) {
  WniVecOp op = wni_node_vec_op(fold->node);
  int last = op == WNI_VEC_WHERE ? 1 : fold->node->n_in - 1;
  void *data;
  if (last < 1) return wni_fold_same(fold);
  WnStatus status = wni_fold_allocate(fold, fold->graph->values[fold->node->out[0]].is_int, &data);
  for (int i = 1; i <= last && status == WN_OK; i++) status = fold_operand(fold, op, i, data);
  return status;
}

/* Input i of Clip on integers. */
static int64_t integer_bound(const WniFold *fold, int i, float fallback) {
  const WniConstant *bound = wni_fold_input(fold, i);
  if (bound && bound->count == 1) return wni_constant_integer(bound, 0);
  return isinf(fallback) ? (fallback < 0 ? INT64_MIN : INT64_MAX) : (int64_t)fallback;
}

static int64_t activate_integer(const WniFold *fold, const WniActivation *activation, int64_t x) {
  int64_t low, high;
  switch (activation->kind) {
  case WNI_ACT_NEG:
    return (int64_t)(0 - (uint64_t)x);
  case WNI_ACT_ABS:
    return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
  case WNI_ACT_SIGN:
    return (x > 0) - (x < 0);
  case WNI_ACT_NOT:
    return x == 0;
  case WNI_ACT_NONZERO:
    return x != 0;
  case WNI_ACT_CLAMP:
    low = integer_bound(fold, 1, activation->a);
    high = integer_bound(fold, 2, activation->b);
    x = x < low ? low : x;
    return x > high ? high : x;
  default: /* to whole numbers: they are */
    return x;
  }
}

WnStatus wni_fold_activation(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0);
  WniActivation activation;
  bool is_activation, is_int = fold->graph->values[fold->node->out[0]].is_int;
  void *data;
  WnStatus status =
      wni_activation_read(fold->graph, fold->node, &activation, &is_activation, fold->error);
  if (status == WN_OK) status = wni_fold_allocate(fold, is_int, &data);
  for (size_t i = 0; status == WN_OK && i < x->count; i++) {
    float y = (float)wni_fold_number(x, i);
    if (x->is_int && is_int) {
      ((int64_t *)data)[i] = activate_integer(fold, &activation, wni_constant_integer(x, i));
      continue;
    }
    wni_kernel_find(WNI_KERNEL_act, WNI_F32)->run.act(&activation, 1, &y);
    if (is_int)
      ((int64_t *)data)[i] = (int64_t)y; /* IsNaN */
    else
      ((float *)data)[i] = y;
  }
  return status;
}
