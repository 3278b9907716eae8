/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a network, looked at from behind: whether a value is a list of class scores, and
 * whether those are logits, one distribution over the classes (Softmax), or a yes or no of every
 * class (Sigmoid).
 */
#ifndef WNI_GRAPH_ENDING_H
#define WNI_GRAPH_ENDING_H

#include "graph/graph.h"

enum { WNI_MAX_CLASSES = 1 << 20 };

/* The dimension that counts the classes: all others are 1, but for a first one that is `batch`.
 * -1: this is no list of scores. */
int wni_ending_axis(const WniShape *shape, int64_t batch);

/* How many scores of one image the value holds; 0: it is no list of scores. */
int64_t wni_ending_count(const WniGraph *graph, int value);

typedef struct WniEnding {
  WnScores kind; /* of the value */
  /* What a last Softmax or LogSoftmax reads, with nothing behind it that changes a score or the
   * order; -1: there is none to be left out. */
  int logits;
  bool is_share; /* the values are within 0..1 */
} WniEnding;

/* What the `count` scores of `value` are. */
WniEnding wni_ending_find(const WniGraph *graph, int value, int64_t count);

/* The operator that makes `value` something else than scores, an index or a choice of them
 * ("ArgMax" and the like); NULL: there is none. */
const char *wni_ending_choice(const WniGraph *graph, int value);

#endif
