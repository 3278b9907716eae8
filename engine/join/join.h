/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the steps of wn_join() share: the networks as they were read, each with what becomes of its
 * values, and the file that is made of them.
 */
#ifndef WNI_JOIN_JOIN_H
#define WNI_JOIN_JOIN_H

#include <winnow/join.h>

#include "graph/graph.h"
#include "load/metadata.h"
#include "load/onnx_write.h"

/* A constant whose rows are in another order in the new file. */
typedef struct WniMoved {
  char *name; /* there; NULL: it has not been moved */
  int axis;
} WniMoved;

/* One network. */
typedef struct WniPart {
  const char *path; /* borrowed */
  char *name;       /* of its input in the new file, and in front of all others */
  WniOnnx file;
  WniMetadata metadata; /* labels and groups too */
  WniGraph graph;       /* only what fusion leaves alone is used: names, shapes, constants */
  int image;            /* value: the input */
  int logits;           /* value: the scores, in front of a last Softmax */
  int n_classes;

  int *producer;              /* [n_values] node; -1: input or initialiser */
  Onnx__TensorProto **tensor; /* [n_values] the initialiser; NULL: none */
  int *same;                  /* [n_values] the value that it is replaced by, most often itself */
  bool *needed;               /* [n_nodes] leads to the logits */
  bool *tail;                 /* [n_nodes] from the classifier on, where rows are moved */

  int *row; /* [n_rows] of the classifier for each class of the cascade; NULL: as they are */
  int n_rows;

  /* in the writer's memory, set by wni_part_write() */
  char **as;       /* [n_values] names in the new file */
  WniMoved *moved; /* [n_values] */
  char *scores;    /* the output, NAME/logits */
} WniPart;

typedef struct WniJoin {
  WniPart *parts; /* [n_parts] */
  size_t n_parts;
  const char *groups; /* NULL: the last file's */
  int64_t opset;
  WniWriter writer; /* refers to the parts */
} WniJoin;

/* Reads the files and makes the new one in memory.  `join` is to be cleared whatever happens, and
 * must not be moved.  Errors: see wn_join(). */
WnStatus wni_join_make(const char *const *paths, size_t n_paths, const WnJoinOptions *options,
                       WniJoin *join, WnError *error);
void wni_join_clear(WniJoin *join);

/* Reads one network up to its logits (part.c, end.c).  `given` is what a user says of it; NULL:
 * nothing. */
WnStatus wni_part_open(WniPart *part, const char *path, const WnMeaning *given, WnError *error);
void wni_part_clear(WniPart *part);

/* The value that node `node` reads or makes; -1: none. */
int wni_part_input(const WniPart *part, int node, size_t i);
int wni_part_output(const WniPart *part, int node, size_t i);

/* Finds the logits behind value `output`, and leaves out a Softmax between them (end.c).  Errors:
 * UNSUPPORTED. */
WnStatus wni_part_find_logits(WniPart *part, int output, WnError *error);

/* Finds the layers whose rows are classes and marks them as the tail (end.c).  Errors:
 * UNSUPPORTED. */
WnStatus wni_part_find_tail(WniPart *part, WnError *error);

/* Sets `row` of all parts so that their classes are the same ones (classes.c).  Errors: MODEL. */
WnStatus wni_join_classes(WniJoin *join, WnError *error);

/* Adds nodes and initialisers of a network to the writer (part_write.c). */
WnStatus wni_part_write(WniPart *part, WniWriter *writer, int64_t opset, WnError *error);

/* Moves the rows of `copy`, which is node `node` of the tail (rows.c).  Errors: UNSUPPORTED. */
WnStatus wni_part_move_rows(const WniPart *part, WniWriter *writer, int node, Onnx__NodeProto *copy,
                            WnError *error);

/* Makes of `copy`, which is node `node`, what it is in `opset` (raise.c).  Errors: UNSUPPORTED. */
WnStatus wni_part_raise(const WniPart *part, WniWriter *writer, int node, Onnx__NodeProto *copy,
                        int64_t opset, WnError *error);

/* Sets the metadata of the new file (keys.c).  Errors: MEMORY. */
WnStatus wni_join_write_keys(WniJoin *join, WnError *error);

/* Fails with "node 'NAME' (Op, opset N): REASON". */
WnStatus wni_part_fail(const WniPart *part, int node, const char *reason, WnError *error);

#endif
