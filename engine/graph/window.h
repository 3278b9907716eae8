/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The geometry of a sliding window, shared by Conv and the pools: attributes of
 * a node, with auto_pad and ceil_mode resolved against an image size.
 */
#ifndef WNI_GRAPH_WINDOW_H
#define WNI_GRAPH_WINDOW_H

#include "graph/graph.h"

typedef struct WniWindow {
  int64_t size[2], stride[2], dilation[2], pad_begin[2], pad_end[2], out[2]; /* rows, columns */
} WniWindow;

/* Reads the window of `node` over an image of in[0] rows and in[1] columns.  `size` is the kernel's
 * where the weights say it, NULL: from kernel_shape.  Errors: MODEL, UNSUPPORTED. */
WnStatus wni_window_read(const WniGraph *graph, const WniNode *node, const int64_t in[2],
                         const int64_t *size, WniWindow *out, WnError *error);

/* The same of a ConvTranspose, whose outputs lie `stride` apart; its pads take away from the output
 * and may be negative. */
WnStatus wni_window_transposed(const WniGraph *graph, const WniNode *node, const int64_t in[2],
                               const int64_t size[2], WniWindow *out, WnError *error);

#endif
