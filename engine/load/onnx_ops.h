/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The operators that Winnow knows: names, inputs and attributes of the rows of ops.inc.
 */
#ifndef WNI_LOAD_ONNX_OPS_H
#define WNI_LOAD_ONNX_OPS_H

#include <winnow/winnow.h>

#include "load/onnx.pb-c.h"

typedef enum WniOp {
#define WNI_OPERATOR(id, name, inputs, outputs, attributes, changed, shape, fold, lower)           \
  WNI_OP_##id,
#include "load/ops.inc"
#undef WNI_OPERATOR
  WNI_OP_COUNT
} WniOp;

/* What an input may hold, as ops.inc says it. */
typedef enum WniElements {
  WNI_ELEMENTS_F, /* floats */
  WNI_ELEMENTS_I, /* integers, 8-bit or other, and booleans */
  WNI_ELEMENTS_T, /* either; all inputs of this kind of a node hold the same */
  WNI_ELEMENTS_A, /* either, whatever the others hold */
} WniElements;

typedef enum WniInputNeed { WNI_INPUT_NEEDED, WNI_INPUT_OPTIONAL, WNI_INPUT_REPEATED } WniInputNeed;

typedef struct WniOpInput {
  const char *name; /* as ONNX names it; NULL ends the list */
  WniElements elements;
  int min_rank, max_rank;
  WniInputNeed need;
} WniOpInput;

enum { WNI_OP_MAX_INPUTS = 8, WNI_OP_ANY = 1 << 20 }; /* names in a row; as many as there are */

typedef struct WniOpInfo {
  const char *domain; /* "": ONNX's own */
  const char *name;
  WniOpInput inputs[WNI_OP_MAX_INPUTS + 1];
  const char *outputs, *attributes; /* see ops.inc */
  int changed;
} WniOpInfo;

const WniOpInfo *wni_op_info(WniOp op);

/* What input i may be; NULL: there is no such input. */
const WniOpInput *wni_op_input(WniOp op, int i);

/* What output i holds, the letter of ops.inc; 0: there is no such output. */
char wni_op_output(WniOp op, size_t i);

/* The operator of `node`, with its number of inputs and outputs and the names
 * of its attributes checked.  Errors name node, operator and opset: UNSUPPORTED (operator,
 * domain, attribute), MODEL (counts). */
WnStatus wni_op_find(const Onnx__NodeProto *node, int64_t opset, WniOp *out, WnError *error);

#endif
