/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * See resize.h.  Formulas: ONNX Upsample-9, Resize-10, -11 and -19; coordinates are computed in
 * float32 as ONNX Runtime does, since rounding to the nearest hangs on their last bits: what is
 * TIE below a half is one that rounds up there.
 */
#include "graph/resize.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

/* Of an element, and of a dimension. */
enum { MAX_TAPS = 1 << 12, MAX_WEIGHTS = 1 << 22 };

static const double TIE = 1e-6;

static const char *const modes[WNI_RESIZE_MODE_COUNT] = {"nearest", "linear", "cubic"};
static const char *const coordinates[WNI_RESIZE_COORDINATE_COUNT] = {
    "half_pixel",    "half_pixel_symmetric", "pytorch_half_pixel",
    "align_corners", "asymmetric",           "tf_half_pixel_for_nn"};
static const char *const roundings[WNI_RESIZE_NEAREST_COUNT] = {
    "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};

/* The place of the attribute's text in `names`; *out stays when the node has none. */
static WnStatus read_name(const WniGraph *graph, const WniNode *node, const char *attribute,
                          const char *const *names, int n, int *out, WnError *error) {
  if (!wni_attr(node->proto, attribute)) return WN_OK;
  for (int i = 0; i < n; i++)
    if (wni_attr_is(node->proto, attribute, names[i])) {
      *out = i;
      return WN_OK;
    }
  return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error, "its %s is not supported",
                       attribute);
}

static WnStatus read_modes(const WniGraph *graph, const WniNode *node, WniResizing *out,
                           WnError *error) {
  bool old = node->op == WNI_OP_UPSAMPLE || graph->onnx->opset < 11;
  bool bilinear = wni_attr_is(node->proto, "mode", "bilinear"); /* as Upsample-7 also says it */
  int mode = WNI_RESIZE_NEAREST, nearest = WNI_RESIZE_ROUND_PREFER_FLOOR;
  int coordinate = old ? WNI_RESIZE_ASYMMETRIC : WNI_RESIZE_HALF_PIXEL;
  WnStatus status = WN_OK;
  if (!bilinear)
    status = read_name(graph, node, "mode", modes, WNI_RESIZE_MODE_COUNT, &mode, error);
  if (status == WN_OK)
    status = read_name(graph, node, "coordinate_transformation_mode", coordinates,
                       WNI_RESIZE_COORDINATE_COUNT, &coordinate, error);
  if (status == WN_OK)
    status = read_name(graph, node, "nearest_mode", roundings, WNI_RESIZE_NEAREST_COUNT, &nearest,
                       error);
  out->mode = bilinear ? WNI_RESIZE_LINEAR : (WniResizeMode)mode;
  out->coordinate = (WniResizeCoordinate)coordinate;
  out->nearest = (WniResizeNearest)nearest;
  out->simple = old;
  out->antialias = wni_attr_int(node->proto, "antialias", 0) != 0;
  out->exclude_outside = wni_attr_int(node->proto, "exclude_outside", 0) != 0;
  out->cubic_a = (double)wni_attr_float(node->proto, "cubic_coeff_a", -0.75f);
  return status;
}

/* The input that is a list of numbers and not empty; NULL: there is none. */
static const WniValue *list_input(const WniGraph *graph, const WniNode *node, int i) {
  const WniValue *value = wni_node_input(graph, node, i);
  return value && wni_shape_count(&value->shape) > 0 ? value : NULL;
}

/* Where scales and sizes are: Upsample-7 has an attribute, -9 and Resize-10 input 1, then roi
 * stands between. */
static WnStatus find_numbers(const WniGraph *graph, const WniNode *node, const float **scales,
                             const int64_t **sizes, size_t *n, WnError *error) {
  bool old = node->op == WNI_OP_UPSAMPLE || graph->onnx->opset < 11;
  const WniValue *by_scale = list_input(graph, node, old ? 1 : 2);
  const WniValue *by_size = old ? NULL : list_input(graph, node, 3);
  const Onnx__AttributeProto *attribute = wni_attr(node->proto, "scales");
  *scales = NULL;
  *sizes = NULL;
  if ((by_scale && !by_scale->known) || (by_size && !by_size->known))
    return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                         "its scales or sizes are computed");
  if (by_size) {
    *sizes = by_size->constant.i;
    *n = by_size->constant.count;
  } else if (by_scale) {
    *scales = by_scale->constant.f;
    *n = by_scale->constant.count;
  } else if (attribute && attribute->n_floats) {
    *scales = attribute->floats;
    *n = attribute->n_floats;
  } else {
    return wni_node_fail(graph, node, WN_ERROR_MODEL, error, "it has neither scales nor sizes");
  }
  return WN_OK;
}

/* Sizes are bounds within which the picture keeps its shape, where the policy says so. */
static WnStatus keep_aspect(const WniGraph *graph, const WniNode *node, const int *axes, size_t n,
                            const int64_t *sizes, WniResizing *out, WnError *error) {
  static const char *const policies[] = {"stretch", "not_larger", "not_smaller"};
  int policy = 0;
  WnStatus status = read_name(graph, node, "keep_aspect_ratio_policy", policies, 3, &policy, error);
  if (status != WN_OK) return status;
  float all = policy == 1 ? INFINITY : 0;
  for (size_t i = 0; i < n; i++) {
    float scale = (float)sizes[i] / (float)out->in.dim[axes[i]];
    out->scale[axes[i]] = scale;
    all = policy == 1 ? fminf(all, scale) : fmaxf(all, scale);
    out->out.dim[axes[i]] = sizes[i];
  }
  for (size_t i = 0; policy && i < n; i++) {
    out->scale[axes[i]] = all;
    out->out.dim[axes[i]] = llroundf(all * (float)out->in.dim[axes[i]]);
  }
  return WN_OK;
}

static WnStatus read_axes(const WniGraph *graph, const WniNode *node, int rank, int *axes, size_t n,
                          WnError *error) {
  size_t n_axes;
  const int64_t *given = wni_attr_ints(node->proto, "axes", &n_axes);
  bool good = n == (given ? n_axes : (size_t)rank) && n <= WNI_MAX_RANK;
  for (size_t i = 0; good && i < n; i++) good = wni_axis(given ? given[i] : (int)i, rank, &axes[i]);
  return good ? WN_OK
              : wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                              "its scales or sizes do not fit the dimensions");
}

static WnStatus check_shape(const WniGraph *graph, const WniNode *node, const WniResizing *resize,
                            WnError *error) {
  int64_t count = 1;
  for (int d = 0; d < resize->in.rank; d++) {
    bool good = resize->in.dim[d] > 0 && resize->scale[d] > 0 && resize->out.dim[d] > 0 &&
                wni_mul_limited(count, resize->out.dim[d], WNI_MAX_ELEMENTS, &count);
    if (!good)
      return wni_node_fail(graph, node, WN_ERROR_MODEL, error,
                           "its output is empty or larger than %d elements", WNI_MAX_ELEMENTS);
    size_t taps = wni_resize_taps(resize, d);
    if (resize->mode != WNI_RESIZE_NEAREST &&
        (taps > MAX_TAPS || taps * (size_t)resize->out.dim[d] > MAX_WEIGHTS))
      return wni_node_fail(graph, node, WN_ERROR_UNSUPPORTED, error,
                           "dimension %d becomes %lld: too large, or shrunk too much", d,
                           (long long)resize->out.dim[d]);
  }
  return WN_OK;
}

WnStatus wni_resize_read(const WniGraph *graph, const WniNode *node, WniResizing *out,
                         WnError *error) {
  const WniShape *x = &wni_node_input(graph, node, 0)->shape;
  const float *scales;
  const int64_t *sizes;
  int axes[WNI_MAX_RANK];
  size_t n = 0;
  *out = (WniResizing){.in = *x, .out = *x};
  for (int d = 0; d < x->rank; d++) out->scale[d] = 1;
  WnStatus status = read_modes(graph, node, out, error);
  if (status == WN_OK) status = find_numbers(graph, node, &scales, &sizes, &n, error);
  if (status == WN_OK) status = read_axes(graph, node, x->rank, axes, n, error);
  if (status == WN_OK && sizes) status = keep_aspect(graph, node, axes, n, sizes, out, error);
  for (size_t i = 0; status == WN_OK && scales && i < n; i++) {
    float size = scales[i] * (float)x->dim[axes[i]];
    out->scale[axes[i]] = scales[i];
    out->out.dim[axes[i]] = size > 0 && size <= (float)WNI_MAX_ELEMENTS ? (int64_t)size : 0;
  }
  return status == WN_OK ? check_shape(graph, node, out, error) : status;
}

/* The index of the input, with its fraction, that index i of dimension d stands for. */
static float coordinate(const WniResizing *resize, int d, int64_t i) {
  float x = (float)i, scale = resize->scale[d];
  float in = (float)resize->in.dim[d], out = (float)resize->out.dim[d];
  switch (resize->coordinate) {
  case WNI_RESIZE_ASYMMETRIC:
    return x / scale;
  case WNI_RESIZE_ALIGN_CORNERS:
    return out > 1 ? x * (in - 1) / (out - 1) : 0;
  case WNI_RESIZE_PYTORCH_HALF_PIXEL:
    return out > 1 ? (x + 0.5f) / scale - 0.5f : 0;
  case WNI_RESIZE_TF_HALF_PIXEL_FOR_NN:
    return (x + 0.5f) / scale;
  case WNI_RESIZE_HALF_PIXEL_SYMMETRIC:
    return in / 2 * (1 - out / (scale * in)) + (x + 0.5f) / scale - 0.5f;
  default:
    return (x + 0.5f) / scale - 0.5f;
  }
}

static int64_t within(double index, int64_t dim) {
  return index < 0 ? 0 : index > (double)(dim - 1) ? dim - 1 : (int64_t)index;
}

int64_t wni_resize_nearest(const WniResizing *resize, int d, int64_t i) {
  int64_t dim = resize->in.dim[d];
  if (resize->scale[d] == 1 && resize->out.dim[d] == dim) return i;
  float x = coordinate(resize, d, i);
  if (resize->simple) return within((double)(resize->scale[d] < 1 ? ceilf(x) : truncf(x)), dim);
  switch (resize->nearest) {
  case WNI_RESIZE_FLOOR:
    return within((double)floorf(x), dim);
  case WNI_RESIZE_CEIL:
    return within((double)ceilf(x), dim);
  case WNI_RESIZE_ROUND_PREFER_CEIL:
    return within(floor((double)x + 0.5 + TIE), dim);
  default:
    return within((double)ceilf(x - 0.5f), dim);
  }
}

/* ---- linear and cubic ---- */

/* Half the width of the filter, in elements of the input. */
static double reach(const WniResizing *resize, int d) {
  double half = resize->mode == WNI_RESIZE_CUBIC ? 2 : 1, scale = (double)resize->scale[d];
  return resize->antialias && scale < 1 ? half / scale : half;
}

size_t wni_resize_taps(const WniResizing *resize, int d) {
  if (resize->scale[d] == 1 && resize->out.dim[d] == resize->in.dim[d]) return 1;
  double taps = 2 * ceil(reach(resize, d));
  return taps < MAX_TAPS ? (size_t)taps : MAX_TAPS + 1;
}

static double cubic_filter(double a, double x) {
  x = fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static double filter(const WniResizing *resize, double x) {
  if (resize->mode == WNI_RESIZE_CUBIC) return cubic_filter(resize->cubic_a, x);
  return fabs(x) < 1 ? 1 - fabs(x) : 0;
}

void wni_resize_weights(const WniResizing *resize, int d, int64_t i, int32_t *source,
                        float *weight) {
  size_t n = wni_resize_taps(resize, d);
  int64_t dim = resize->in.dim[d];
  bool cubic = resize->mode == WNI_RESIZE_CUBIC, linear = !cubic && !resize->antialias;
  bool cut = resize->exclude_outside && !linear;
  double half = reach(resize, d), sum = 0;
  double wide = half / (cubic ? 2 : 1);
  double x = (double)coordinate(resize, d, i);
  if (n == 1) x = (double)i;
  if (linear) x = fmin(fmax(x, 0), (double)(dim - 1));
  double first = n == 1 ? x : floor(x) - ceil(half) + 1;
  for (size_t t = 0; t < n; t++) {
    double at = first + (double)t, w = n == 1 ? 1 : filter(resize, (at - x) / wide);
    if (cut && (at < 0 || at > (double)(dim - 1))) w = 0;
    source[t] = (int32_t)within(at, dim);
    weight[t] = (float)w;
    sum += w;
  }
  for (size_t t = 0; t < n; t++) weight[t] = (float)((double)weight[t] / sum);
}
