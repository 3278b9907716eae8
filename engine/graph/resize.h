/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Resize and Upsample, resolved: which elements of the input an element of the output is made of
 * in one dimension, and by which weights.  Every mode is separable: a tensor is resampled in one
 * dimension after the other.
 */
#ifndef WNI_GRAPH_RESIZE_H
#define WNI_GRAPH_RESIZE_H

#include "graph/graph.h"

typedef enum WniResizeMode {
  WNI_RESIZE_NEAREST,
  WNI_RESIZE_LINEAR,
  WNI_RESIZE_CUBIC,
  WNI_RESIZE_MODE_COUNT
} WniResizeMode;

/* How an index of the output is one of the input; ONNX Resize-19 has the formulas. */
typedef enum WniResizeCoordinate {
  WNI_RESIZE_HALF_PIXEL,
  WNI_RESIZE_HALF_PIXEL_SYMMETRIC,
  WNI_RESIZE_PYTORCH_HALF_PIXEL,
  WNI_RESIZE_ALIGN_CORNERS,
  WNI_RESIZE_ASYMMETRIC,
  WNI_RESIZE_TF_HALF_PIXEL_FOR_NN,
  WNI_RESIZE_COORDINATE_COUNT
} WniResizeCoordinate;

typedef enum WniResizeNearest {
  WNI_RESIZE_ROUND_PREFER_FLOOR,
  WNI_RESIZE_ROUND_PREFER_CEIL,
  WNI_RESIZE_FLOOR,
  WNI_RESIZE_CEIL,
  WNI_RESIZE_NEAREST_COUNT
} WniResizeNearest;

typedef struct WniResizing {
  WniResizeMode mode;
  WniResizeCoordinate coordinate;
  WniResizeNearest nearest;
  bool antialias, exclude_outside;
  bool simple; /* before opset 11: rounded down, or up when shrinking */
  double cubic_a;
  WniShape in, out;
  float scale[WNI_MAX_RANK];
} WniResizing;

/* Reads a node's attributes, scales and sizes.  Errors: MODEL, UNSUPPORTED. */
WnStatus wni_resize_read(const WniGraph *graph, const WniNode *node, WniResizing *out,
                         WnError *error);

/* The index that element i of dimension d comes from in mode nearest. */
int64_t wni_resize_nearest(const WniResizing *resize, int d, int64_t i);

/* How many elements one of dimension d is made of at most, in the other modes; 1: it stays. */
size_t wni_resize_taps(const WniResizing *resize, int d);

/* Those of element i: indices and weights [wni_resize_taps], with weight 0 where they are fewer. */
void wni_resize_weights(const WniResizing *resize, int d, int64_t i, int32_t *source,
                        float *weight);

#endif
