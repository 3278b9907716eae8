/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which of a graph's outputs are the class scores.
 */
#ifndef WNI_GRAPH_OUTPUT_H
#define WNI_GRAPH_OUTPUT_H

#include "graph/graph.h"
#include "load/metadata.h"

/* The index of an output; -1: there is none of this name. */
int wni_output_named(const WniGraph *graph, const char *name);

/* Whether an output is a list of scores, and of how many.  Errors: MODEL, UNSUPPORTED. */
WnStatus wni_output_check(const WniGraph *graph, int output, int64_t *count, WnError *error);

/* The output that metadata or the user names; else the only one that can be the scores, exits
 * aside; else the one with as many values as there are labels (`n_labels`, 0: not known).  Errors:
 * MODEL, which lists the outputs, UNSUPPORTED. */
WnStatus wni_output_find(const WniGraph *graph, const WniMetadata *metadata, int n_labels,
                         int *output, int64_t *count, WnError *error);

#endif
