/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes an ONNX file that is another one with changes.  The new file is a thin
 * layer over the old: it refers to whatever parts of the old one are kept, which
 * therefore must outlive it, and never changes them.  Fields that onnx.proto does not name
 * travel along.  Running out of memory is remembered and reported by wni_writer_save().
 */
#ifndef WNI_LOAD_ONNX_WRITE_H
#define WNI_LOAD_ONNX_WRITE_H

#include "base/names.h"
#include "load/metadata.h"
#include "load/onnx.h"
#include "load/pieces.h"

typedef struct WniWriter {
  Onnx__ModelProto model; /* model.graph points to `graph`: a writer must not be moved */
  Onnx__GraphProto graph;
  size_t node_capacity, initializer_capacity;
  WniNames taken; /* names of values */
  WniPieces pieces;
  bool failed; /* no memory */
} WniWriter;

/* A file like `from`, its opset and initialisers included, without nodes yet. */
void wni_writer_init(WniWriter *writer, const Onnx__ModelProto *from);
void wni_writer_clear(WniWriter *writer);

/* Notes the name of a value, so that wni_writer_name() makes no other one of it; not copied. */
void wni_writer_take(WniWriter *writer, const char *name);

/* Zeroed memory that lives as long as the writer; NULL: none left. */
void *wni_writer_alloc(WniWriter *writer, size_t count, size_t size);

/* PARTS, NULL behind the last, as one text. */
char *wni_writer_text(WniWriter *writer, const char *const *parts);

/* BASE with SUFFIX behind it, made different from every name of a value so far. */
char *wni_writer_name(WniWriter *writer, const char *base, const char *suffix);

/* Raises the version of the default operator set, and what that needs. */
void wni_writer_set_opset(WniWriter *writer, int64_t opset);

/* Sets a key of metadata_props, both copied; NULL removes it. */
void wni_writer_metadata(WniWriter *writer, const char *key, const char *value);

/* Sets winnow.input.* of the only input to all that somebody but the file's own keys has said of
 * it, and what a user has said of the scores. */
void wni_writer_meaning(WniWriter *writer, const WniMetadata *metadata);

/* Adds a node as it is. */
void wni_writer_keep(WniWriter *writer, Onnx__NodeProto *node);

/* A copy of `node` to be changed and added: lists of its own, room for `n_input` inputs ("" behind
 * its own) at least; NULL: no memory. */
Onnx__NodeProto *wni_writer_copy(WniWriter *writer, const Onnx__NodeProto *node, size_t n_input);

/* Adds a node with one output and returns it, NULL: no memory.  The names are not copied. */
Onnx__NodeProto *wni_writer_add(WniWriter *writer, const char *op, const char *name, size_t n_input,
                                const char *const *input, const char *output);

void wni_writer_int(WniWriter *writer, Onnx__NodeProto *node, const char *name, int64_t value);
/* `value` is not copied. */
void wni_writer_string(WniWriter *writer, Onnx__NodeProto *node, const char *name,
                       const char *value);
void wni_node_drop_attribute(Onnx__NodeProto *node, const char *name);

/* Adds an initialiser; `data`, its elements in row-major order, is copied. */
void wni_writer_tensor(WniWriter *writer, const char *name, int type, int rank, const int64_t *dim,
                       const void *data);

/* Adds an initialiser as it is. */
void wni_writer_keep_tensor(WniWriter *writer, Onnx__TensorProto *tensor);

/* A float32 output [batch, count]: `batch` is kept, NULL: 1.  NULL: no memory; the name is not
 * copied.
 */
Onnx__ValueInfoProto *wni_writer_scores(WniWriter *writer, const char *name, Onnx__Dimension *batch,
                                        int64_t count);

/* Removes nodes and initialisers that lead nowhere, and initialisers from the list of inputs. */
void wni_writer_prune(WniWriter *writer);

/* Writes the file, whole or not at all.  Errors: IO, MEMORY. */
WnStatus wni_writer_save(WniWriter *writer, const char *path, WnError *error);

#endif
