/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a value lies and in which type: dimensions in ONNX order, each with its own stride, over a
 * buffer.  Transpose, Split, Slice and most Reshapes are only other views of the
 * same elements.  Images (rank 4) are stored NHWC, whatever their dimensions are
 * called, with room for the zeros that padded convolutions read around them:
 *
 *   +--------------------+   one row: (left + w + right) * c elements
 *   | top    zeros       |
 *   | l +------------+ r |   strides for logical [n][c][h][w]:
 *   |   | h x w x c  |   |   c: 1   w: c   h: (left + w + right) * c
 *   |   +------------+   |
 *   | bottom             |
 *   +--------------------+
 */
#ifndef WNI_PLAN_TENSOR_H
#define WNI_PLAN_TENSOR_H

#include "kernels/layers.h"
#include "graph/graph.h"

typedef struct WniTensor {
  int buffer;       /* of the plan; -1: a constant at `data` */
  const void *data; /* constants only */
  WniType type;
  WniQuant quant;   /* of type U8 */
  ptrdiff_t offset; /* of the first element in the buffer, in elements */
  WniShape shape;
  ptrdiff_t stride[WNI_MAX_RANK];
  /* zeros that lie in front of and behind each dimension */
  int64_t halo_begin[WNI_MAX_RANK], halo_end[WNI_MAX_RANK];
} WniTensor;

/* Sets strides and offset for the dimensions stored in `order`, outermost first, with the tensor's
 * halo around them; NULL: row-major.  Returns the elements of the buffer, -1: too many. */
int64_t wni_tensor_lay_out(WniTensor *tensor, const int *order);

/* The order, outermost first, of `rank` dimensions that lie like those of `tensor` (aligned at the
 * last one): an image's where its strides allow several, else row-major. */
void wni_tensor_order(const WniTensor *tensor, int rank, int *order);

/* Row-major without gaps, dimensions of 1 ignored. */
bool wni_tensor_is_contiguous(const WniTensor *tensor);

/* Whether dimension `axis` can be read as a run of neighbours; -1: the last one of a number that
 * has none, which can. */
bool wni_tensor_is_dense(const WniTensor *tensor, int axis);

/* The same elements, in the same logical order, as `shape`; false: they would
 * have to be copied. */
bool wni_tensor_reshape(const WniTensor *tensor, const WniShape *shape, WniTensor *out);

/* Rank 4 as an NHWC image. */
WniImage wni_tensor_image(const WniTensor *tensor);

/* The zeros around an image whose dimension `c` is the channels and h, h + 1 rows and columns. */
WniHalo wni_tensor_halo(const WniTensor *tensor, int c, int h);

/* The first element of a tensor over `arena`, or of a constant. */
const void *wni_tensor_data(const WniTensor *tensor, const void *arena);

/* Loops over the elements of tensors[0], the others broadcast to it (aligned at the last
 * dimension): dimensions sorted by its strides and merged where all allow it. */
void wni_tensor_loop(const WniTensor *const *tensors, int n_tensors, WniLoop *loop);

#endif
