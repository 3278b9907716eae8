/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Copies of nodes under other names: what a function or a branch is made of becomes part of the
 * graph that calls it.
 */
#ifndef WNI_LOAD_SCOPE_H
#define WNI_LOAD_SCOPE_H

#include "base/names.h"
#include "load/onnx.pb-c.h"
#include "load/pieces.h"

typedef struct WniScope {
  WniPieces *pieces;                   /* what copies are made of */
  const char *prefix;                  /* of names that get no other one */
  const Onnx__NodeProto *call;         /* whose attributes ref_attr_name means; NULL: none */
  const Onnx__FunctionProto *defaults; /* of attributes that the call lacks; NULL: none */
  WniNames names;                      /* to places in `actual` */
  char **actual;
  size_t n_actual, capacity;
} WniScope;

/* Makes `formal` mean `actual` (NULL: PREFIX/FORMAL) unless it means something already. */
void wni_scope_name(WniScope *scope, const char *formal, char *actual);

/* The same for what nodes make. */
void wni_scope_name_outputs(WniScope *scope, Onnx__NodeProto *const *node, size_t n_node);

/* What `name` means: itself where nothing was said about it. */
char *wni_scope_find(const WniScope *scope, char *name);

/* Copies under the scope's names, which share with the original what stays as it is; NULL: no
 * memory. */
Onnx__NodeProto *wni_scope_copy(WniScope *scope, const Onnx__NodeProto *node);
Onnx__TensorProto *wni_scope_copy_tensor(WniScope *scope, const Onnx__TensorProto *tensor);

/* A node that gives `from` another name. */
Onnx__NodeProto *wni_scope_identity(WniScope *scope, char *from, char *to);

void wni_scope_clear(WniScope *scope);

#endif
