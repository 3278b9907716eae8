/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Constant folding of what multiplies and adds up: MatMul, Gemm and Einsum, which are sums of
 * products over strided operands, and Conv.  In double, plainly; what would take long is left to be
 * computed per frame.
 */
#include "graph/fold.h"

#include "graph/einsum.h"
#include "graph/window.h"

/* One dimension: its size, and how far its elements lie apart in both operands and in the result.
 */
typedef struct Dimension {
  size_t n;
  int64_t a, b, y;
} Dimension;

/* y = the sum of a b over the dimensions `summed`, the last of which the innermost loop walks, for
 * each point of `kept`. */
typedef struct Product {
  Dimension kept[2 * WNI_MAX_RANK], summed[2 * WNI_MAX_RANK];
  int n_kept, n_summed;
} Product;

static size_t points(const Dimension *dimension, int n) {
  size_t count = 1;
  for (int d = 0; d < n; d++) count *= dimension[d].n;
  return count;
}

/* Adds where point `flat` lies to `at`. */
static Dimension move(const Dimension *dimension, int n, size_t flat, Dimension at) {
  for (int d = n; d-- > 0; flat /= dimension[d].n) {
    int64_t i = (int64_t)(flat % dimension[d].n);
    at.a += i * dimension[d].a;
    at.b += i * dimension[d].b;
    at.y += i * dimension[d].y;
  }
  return at;
}

static double sum_at(const Product *product, const float *a, const float *b, Dimension from) {
  int outer = product->n_summed > 0 ? product->n_summed - 1 : 0;
  const Dimension one = {.n = 1}, *inner = product->n_summed ? &product->summed[outer] : &one;
  size_t runs = points(product->summed, outer);
  double sum = 0;
  for (size_t run = 0; run < runs; run++) {
    Dimension at = move(product->summed, outer, run, from);
    for (size_t i = 0; i < inner->n; i++, at.a += inner->a, at.b += inner->b)
      sum += (double)a[at.a] * (double)b[at.b];
  }
  return sum;
}

/* The output, of `product` times alpha; the node is left where that is too much work. */
static WnStatus multiply(WniFold *fold, const Product *product, double alpha, float **y) {
  const WniConstant *a = wni_fold_input(fold, 0), *b = wni_fold_input(fold, 1);
  size_t n = points(product->kept, product->n_kept);
  void *data;
  if (!wni_fold_afford(fold, n, points(product->summed, product->n_summed)))
    return wni_fold_NONE(fold);
  WnStatus status = wni_fold_allocate(fold, false, &data);
  if (status != WN_OK) return status;
  *y = data;
  for (size_t flat = 0; flat < n; flat++) {
    Dimension at = move(product->kept, product->n_kept, flat, (Dimension){0});
    (*y)[at.y] = (float)(alpha * sum_at(product, a->f, b->f, at));
  }
  return WN_OK;
}

/* How far matrices of an operand lie apart along dimension d of `n_batch`; 0: it is broadcast. */
static int64_t batch_stride(const WniConstant *x, const int64_t *stride, int d, int n_batch) {
  int at = d - (n_batch - (x->rank - 2));
  return x->rank < 2 || at < 0 || x->dim[at] == 1 ? 0 : stride[at];
}

WnStatus wni_fold_matmul(WniFold *fold) {
  const WniConstant *a = wni_fold_input(fold, 0), *b = wni_fold_input(fold, 1);
  int64_t sa[WNI_MAX_RANK], sb[WNI_MAX_RANK], sy = 1;
  bool row = a->rank == 1, column = b->rank == 1;
  int n_batch = fold->shape->rank - !row - !column;
  Product product = {.n_kept = fold->shape->rank, .n_summed = 1};
  Dimension *kept = product.kept;
  float *y;
  wni_fold_row_major(a, sa);
  wni_fold_row_major(b, sb);
  product.summed[0] = (Dimension){(size_t)a->dim[a->rank - 1], 1, column ? 1 : sb[b->rank - 2], 0};
  for (int d = 0; d < n_batch; d++)
    kept[d] =
        (Dimension){.a = batch_stride(a, sa, d, n_batch), .b = batch_stride(b, sb, d, n_batch)};
  if (!row) kept[n_batch] = (Dimension){.a = sa[a->rank - 2]};
  if (!column) kept[n_batch + !row] = (Dimension){.b = sb[b->rank - 1]};
  for (int d = fold->shape->rank; d-- > 0; sy *= fold->shape->dim[d]) {
    kept[d].n = (size_t)fold->shape->dim[d];
    kept[d].y = sy;
  }
  return multiply(fold, &product, 1, &y);
}

/* y = alpha A B + beta C */
WnStatus wni_fold_gemm(WniFold *fold) {
  const Onnx__NodeProto *proto = fold->node->proto;
  const WniConstant *a = wni_fold_input(fold, 0), *b = wni_fold_input(fold, 1),
                    *c = wni_fold_input(fold, 2);
  bool ta = wni_attr_int(proto, "transA", 0), tb = wni_attr_int(proto, "transB", 0);
  double beta = (double)wni_attr_float(proto, "beta", 1.0f);
  size_t m = (size_t)fold->shape->dim[0], n = (size_t)fold->shape->dim[1];
  Product product = {
      .kept = {{.n = m, .a = ta ? 1 : a->dim[1], .y = (int64_t)n},
               {.n = n, .b = tb ? b->dim[1] : 1, .y = 1}},
      .summed = {{.n = (size_t)a->dim[!ta], .a = ta ? a->dim[1] : 1, .b = tb ? 1 : b->dim[1]}},
      .n_kept = 2,
      .n_summed = 1};
  float *y = NULL;
  WnStatus status = multiply(fold, &product, (double)wni_attr_float(proto, "alpha", 1.0f), &y);
  if (status != WN_OK || fold->left || !c) return status;
  for (size_t i = 0; i < m * n; i++)
    y[i] += (float)(beta * (double)c->f[wni_fold_broadcast(c, fold->shape, i)]);
  return WN_OK;
}

WnStatus wni_fold_einsum(WniFold *fold) {
  WniEinsum einsum;
  int64_t sa[WNI_MAX_RANK], sb[WNI_MAX_RANK], sy[WNI_MAX_RANK], step = 1;
  Product product = {.n_kept = 0};
  float *y;
  WnStatus status = wni_einsum_read(fold->graph, fold->node, &einsum, fold->error);
  if (status != WN_OK) return status;
  wni_fold_row_major(wni_fold_input(fold, 0), sa);
  wni_fold_row_major(wni_fold_input(fold, 1), sb);
  for (int d = fold->shape->rank; d-- > 0; step *= fold->shape->dim[d]) sy[d] = step;
  for (int i = 0; i < einsum.n_labels; i++) {
    const WniEinsumLabel *label = &einsum.label[i];
    Dimension dimension = {.n = (size_t)label->dim,
                           .a = label->in[0] < 0 ? 0 : sa[label->in[0]],
                           .b = label->in[1] < 0 ? 0 : sb[label->in[1]],
                           .y = label->out < 0 ? 0 : sy[label->out]};
    if (label->part == WNI_EINSUM_SUM)
      product.summed[product.n_summed++] = dimension;
    else
      product.kept[product.n_kept++] = dimension;
  }
  return multiply(fold, &product, 1, &y);
}

/* ---- convolution ---- */

typedef struct Convolution {
  WniWindow window;
  WniShape x, w; /* as images */
  const float *from, *weights;
  int64_t groups;
} Convolution;

/* The sum at one pixel of output channel `channel`; the window is cut at the edges. */
static double pixel(const Convolution *conv, int64_t image, int64_t channel, const int64_t *at) {
  const WniWindow *window = &conv->window;
  const int64_t *x = conv->x.dim, *w = conv->w.dim;
  int64_t first = channel / (w[0] / conv->groups) * w[1];
  double sum = 0;
  for (int64_t c = 0; c < w[1]; c++)
    for (int64_t i = 0; i < w[2]; i++)
      for (int64_t j = 0; j < w[3]; j++) {
        int64_t row = at[0] * window->stride[0] + i * window->dilation[0] - window->pad_begin[0];
        int64_t column = at[1] * window->stride[1] + j * window->dilation[1] - window->pad_begin[1];
        if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
        sum += (double)conv->from[((image * x[1] + first + c) * x[2] + row) * x[3] + column] *
               (double)conv->weights[((channel * w[1] + c) * w[2] + i) * w[3] + j];
      }
  return sum;
}

WnStatus wni_fold_conv(WniFold *fold) {
  const WniConstant *x = wni_fold_input(fold, 0), *w = wni_fold_input(fold, 1),
                    *bias = wni_fold_input(fold, 2);
  const WniShape *x_shape = &wni_node_input(fold->graph, fold->node, 0)->shape,
                 *w_shape = &wni_node_input(fold->graph, fold->node, 1)->shape;
  Convolution conv = {.x = wni_image_shape(x_shape),
                      .w = wni_image_shape(w_shape),
                      .from = x->f,
                      .weights = w->f,
                      .groups = wni_attr_int(fold->node->proto, "group", 1)};
  const int64_t *out = conv.window.out;
  void *data;
  WnStatus status =
      wni_window_read(fold->graph, fold->node, x_shape, w_shape, &conv.window, fold->error);
  if (status != WN_OK) return status;
  size_t n = (size_t)wni_shape_count(fold->shape);
  if (!wni_fold_afford(fold, n, (size_t)(conv.w.dim[1] * conv.w.dim[2] * conv.w.dim[3])))
    return wni_fold_NONE(fold);
  status = wni_fold_allocate(fold, false, &data);
  for (size_t flat = 0; status == WN_OK && flat < n; flat++) {
    int64_t i = (int64_t)flat, at[2] = {i / out[1] % out[0], i % out[1]};
    int64_t channel = i / (out[0] * out[1]) % conv.w.dim[0];
    double sum = pixel(&conv, i / (out[0] * out[1] * conv.w.dim[0]), channel, at);
    ((float *)data)[flat] = (float)(sum + (bias ? (double)bias->f[channel] : 0));
  }
  return status;
}
