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
  int64_t blocks[2]; /* of Col2Im: how many stand side by side */
} WniWindow;

/* An image [n][c][h][w] as it is; a sequence [n][c][w] as an image of one row.  So for weights. */
WniShape wni_image_shape(const WniShape *shape);

/* Reads the window of `node` over an image or a sequence, the zeros of a Pad that was merged
 * into it among its pads.  `weights` say the kernel's size, NULL:
 * from kernel_shape.  Errors: MODEL, UNSUPPORTED. */
WnStatus wni_window_read(const WniGraph *graph, const WniNode *node, const WniShape *x,
                         const WniShape *weights, WniWindow *out, WnError *error);

/* The same of a ConvTranspose, whose outputs lie `stride` apart; its pads take away from the output
 * and may be negative. */
WnStatus wni_window_transposed(const WniGraph *graph, const WniNode *node, const WniShape *x,
                               const WniShape *weights, WniWindow *out, WnError *error);

/* The blocks of a Col2Im, whose image is `out`. */
WnStatus wni_window_blocks(const WniGraph *graph, const WniNode *node, WniWindow *out,
                           WnError *error);

#endif
