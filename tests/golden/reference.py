# SPDX-License-Identifier: LGPL-2.1-or-later
"""Computes an ONNX graph in NumPy, float64, from the operator specifications: slow and plain.

The second opinion beside ONNX Runtime when golden files are made, and the source of expected
values for the forms that ONNX Runtime does not take (opset 6, bfloat16).  Nothing is fused or
folded; every operator is one function of (inputs, attributes, context).
"""

import functools
import itertools
import math
from types import SimpleNamespace

import numpy as np

OPS = {}


def op(*names):
    def register(function):
        OPS.update(dict.fromkeys(names, function))
        return function
    return register


def run(model, feed):
    """model: from onnxfile.load(); feed: {input: array}.  Returns {output: float64 array}."""
    values = compute(model, feed)
    return {o.name: values[o.name] for o in model.outputs}


def shapes(model, feed):
    """{tensor: shape} of everything in the graph."""
    return {k: v.shape for k, v in compute(model, feed).items()}


def compute(model, feed):
    """{tensor: array} of everything in the graph."""
    def wide(a):
        return np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a)
    values = {k: wide(v) for k, v in {**model.initializers, **feed}.items()}
    for node in model.nodes:
        if node.op == "If":
            branch = node.attrs["then_branch" if values[node.inputs[0]] else "else_branch"]
            inside = compute(SimpleNamespace(opset=model.opset, **vars(branch)), values)
            values.update((o, inside[b.name]) for o, b in zip(node.outputs, branch.outputs))
            continue
        inputs = [values[i] if i else None for i in node.inputs]
        attrs = dict(node.attrs, _op=node.op, _opset=model.opset, _outputs=len(node.outputs))
        results = OPS[node.op](inputs, attrs)
        if not isinstance(results, (list, tuple)):
            results = [results]
        values.update((o, wide(r)) for o, r in zip(node.outputs, results) if o)
    return values


def optional(inputs, index, default=None):
    return inputs[index] if len(inputs) > index and inputs[index] is not None else default


def ints(inputs, index, attrs, name, default=None):
    """A list of integers that newer opsets take as an input and older ones as an attribute."""
    value = optional(inputs, index)
    return attrs.get(name, default) if value is None else [int(v) for v in np.ravel(value)]


# ---- element by element --------------------------------------------------------------------

for _name, _f in {
        "Relu": lambda x: np.maximum(x, 0), "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "Tanh": np.tanh, "Identity": lambda x: x, "Floor": np.floor, "Ceil": np.ceil,
        "Sqrt": np.sqrt, "Exp": np.exp, "Neg": np.negative, "Abs": np.abs,
        "Log": np.log, "Reciprocal": np.reciprocal, "Erf": np.vectorize(math.erf, "d"),
        "Sin": np.sin, "Cos": np.cos, "Sign": np.sign, "Round": np.rint, "IsNaN": np.isnan,
        "Not": np.logical_not, "Softplus": lambda x: np.logaddexp(x, 0),
        "Softsign": lambda x: x / (1 + abs(x)),
        "Mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
        "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1)}.items():
    OPS[_name] = lambda i, a, f=_f: f(i[0])


@op("Selu")
def selu(i, a):
    alpha, gamma = a.get("alpha", 1.6732632423543772), a.get("gamma", 1.0507009873554805)
    return gamma * np.where(i[0] < 0, alpha * np.expm1(np.minimum(i[0], 0)), i[0])


@op("Celu")
def celu(i, a):
    alpha = a.get("alpha", 1.0)
    return np.where(i[0] < 0, alpha * np.expm1(np.minimum(i[0], 0) / alpha), i[0])


@op("ThresholdedRelu")
def thresholded_relu(i, a):
    return np.where(i[0] > a.get("alpha", 1.0), i[0], 0)


@op("Swish")
def swish(i, a):
    return i[0] / (1 + np.exp(-a.get("alpha", 1.0) * i[0]))


@op("Gelu")
def gelu(i, a):
    x = i[0]
    if a.get("approximate") in ("tanh", b"tanh"):
        return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3))) / 2
    return x * (1 + OPS["Erf"]([x / np.sqrt(2)], a)) / 2


@op("LeakyRelu")
def leaky_relu(i, a):
    return np.where(i[0] < 0, a.get("alpha", 0.01) * i[0], i[0])


@op("Elu")
def elu(i, a):
    return np.where(i[0] < 0, a.get("alpha", 1.0) * np.expm1(np.minimum(i[0], 0)), i[0])


@op("HardSigmoid")
def hard_sigmoid(i, a):
    return np.clip(a.get("alpha", 0.2) * i[0] + a.get("beta", 0.5), 0, 1)


@op("PRelu")
def prelu(i, a):
    x, slope = i
    if a["_opset"] < 7 and slope.size > 1:  # one slope per channel
        slope = slope.reshape([-1] + [1] * (x.ndim - 2))
    return np.where(x < 0, slope * x, x)


@op("Clip")
def clip(i, a):
    low = optional(i, 1, a.get("min", -np.inf))
    return np.minimum(np.maximum(i[0], low), optional(i, 2, a.get("max", np.inf)))


@op("LogSoftmax")
def log_softmax(i, a):
    return np.log(softmax(i, a))


@op("Softmax")
def softmax(i, a):
    x, axis = i[0], a.get("axis", 1 if a["_opset"] < 13 else -1)
    flat = x if a["_opset"] >= 13 else x.reshape(math.prod(x.shape[:axis % x.ndim]), -1)
    at = axis if a["_opset"] >= 13 else 1
    e = np.exp(flat - flat.max(at, keepdims=True))
    return (e / e.sum(at, keepdims=True)).reshape(x.shape)


def along(values, x, attrs):
    """One scale or zero point for each index of the axis, or one for all."""
    values = np.asarray(values)
    if values.size == 1:
        return values.reshape([])
    axis = attrs.get("axis", 1) % x.ndim
    return values.reshape([-1 if d == axis else 1 for d in range(x.ndim)])


@op("QuantizeLinear")
def quantize(i, a):
    x, zero = i[0], optional(i, 2, np.uint8(0))
    limits = np.iinfo(zero.dtype)
    q = np.rint(x / along(i[1], x, a)) + along(zero, x, a)
    return np.clip(q, limits.min, limits.max).astype(zero.dtype)


@op("DequantizeLinear")
def dequantize(i, a):
    x = i[0].astype(np.float64)
    return (x - along(optional(i, 2, np.int64(0)), x, a)) * along(i[1], x, a)


def on_integers(of, n_operands, constants=False):
    """The form of operator `of` that takes (integers, scale, zero point) for each operand, then
    scale and zero point of the output; constants: of the operands, a bias in steps of the product
    comes last (QLinearConv)."""
    def compute(i, a):
        operands = [dequantize([x, s, z], dict(a, axis=0 if k else 1))
                    for k, (x, s, z) in enumerate(zip(i[0::3], i[1::3], i[2::3]))
                    if k < n_operands]
        rest = list(i[3 * n_operands:])
        if constants:
            bias = rest.pop(0 if of == "Gemm" else -1) if len(rest) > (1 if of == "Gemm" else 2) \
                else None
            operands.append(None if bias is None else bias * np.asarray(i[1]) * np.asarray(i[4]))
        result = OPS[of](operands, a)
        return quantize([result, *rest], a) if rest else result
    return compute


for _of in ("Add", "Mul", "MatMul"):
    OPS["QLinear" + _of] = on_integers(_of, 2)
for _of in ("Sigmoid", "LeakyRelu", "GlobalAveragePool", "Softmax"):
    OPS["QLinear" + _of] = on_integers(_of, 1)
OPS["QLinearConv"], OPS["QGemm"] = on_integers("Conv", 2, True), on_integers("Gemm", 2, True)


@op("QLinearConcat")
def join_integers(i, a):
    parts = [dequantize(i[k:k + 3], a) for k in range(2, len(i), 3)]
    return quantize([np.concatenate(parts, a["axis"]), *i[:2]], a)


@op("FusedConv")
def fused_conv(i, a):
    x, p = OPS["Conv"](i[:3], a), a.get("activation_params", [])
    kind = a["activation"]
    x = x + i[3] if len(i) > 3 else x
    return {"Relu": lambda: np.maximum(x, 0), "Clip": lambda: np.clip(x, *p),
            "LeakyRelu": lambda: np.where(x < 0, p[0] * x, x),
            "HardSigmoid": lambda: np.clip(p[0] * x + p[1], 0, 1),
            "Tanh": lambda: np.tanh(x)}[kind.decode() if isinstance(kind, bytes) else kind]()


def binary(f):
    def compute(i, a):
        x, y = i
        if a["_opset"] < 7 and a.get("broadcast") and y.ndim < x.ndim:
            axis = a.get("axis", x.ndim - y.ndim) % x.ndim
            y = y.reshape(list(y.shape) + [1] * (x.ndim - axis - y.ndim))
        return f(x, y)
    return compute


def divide(x, y):
    return np.trunc(x / y).astype(np.int64) if x.dtype.kind == "i" else x / y


for _name, _f in {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": divide,
                  "Pow": np.power, "And": np.logical_and, "Or": np.logical_or,
                  "Xor": np.logical_xor, "Equal": np.equal, "Less": np.less,
                  "LessOrEqual": np.less_equal, "Greater": np.greater,
                  "GreaterOrEqual": np.greater_equal}.items():
    OPS[_name] = binary(_f)


@op("Mod")
def mod(i, a):
    return (np.fmod if a.get("fmod") else np.mod)(*i)


@op("Where")
def where(i, a):
    return np.where(*i)


@op("Max")
def maximum(i, a):
    return functools.reduce(np.maximum, i)


@op("Min")
def minimum(i, a):
    return functools.reduce(np.minimum, i)


@op("Sum")
def add_all(i, a):
    return sum(i[1:], i[0])


@op("Cast")
def cast(i, a):
    kinds = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_,
             10: np.float16, 11: np.float64, 16: np.float32}
    return np.trunc(i[0]).astype(np.int64) if a["to"] in (6, 7) else i[0].astype(kinds[a["to"]])


@op("CastLike")
def cast_like(i, a):
    return np.trunc(i[0]).astype(np.int64) if i[1].dtype.kind == "i" else i[0].astype(i[1].dtype)


@op("Dropout")
def dropout(i, a):
    return [i[0], np.ones_like(i[0])]


# ---- shapes --------------------------------------------------------------------------------


@op("Constant")
def constant(i, a):
    name, value = next((k, v) for k, v in a.items() if k.startswith("value"))
    return np.asarray(value, np.int64) if name in ("value_int", "value_ints") else np.asarray(value)


@op("ConstantOfShape")
def constant_of_shape(i, a):
    value = a.get("value", np.zeros(1, np.float32))
    return np.full([int(d) for d in i[0]], value.ravel()[0])


@op("Shape")
def shape(i, a):
    return np.array(i[0].shape[a.get("start", 0):a.get("end", None)], np.int64)


@op("Gather")
def gather(i, a):
    return np.take(i[0], i[1].astype(np.int64), axis=a.get("axis", 0))


@op("Slice")
def slice_(i, a):
    starts, ends = ints(i, 1, a, "starts"), ints(i, 2, a, "ends")
    axes = ints(i, 3, a, "axes", list(range(len(starts))))
    steps = ints(i, 4, a, "steps", [1] * len(starts))
    at = [slice(None)] * i[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        at[axis] = slice(start, end, step)
    return i[0][tuple(at)]


@op("Reshape")
def reshape(i, a):
    wanted = [int(d) for d in i[1]]
    if not a.get("allowzero"):
        wanted = [i[0].shape[k] if d == 0 else d for k, d in enumerate(wanted)]
    return i[0].reshape(wanted)


@op("Flatten")
def flatten(i, a):
    axis = a.get("axis", 1)
    axis += i[0].ndim if axis < 0 else 0
    return i[0].reshape(math.prod(i[0].shape[:axis]), -1)


@op("Squeeze")
def squeeze(i, a):
    axes = ints(i, 1, a, "axes")
    return np.squeeze(i[0], None if axes is None else tuple(axes))


@op("Unsqueeze")
def unsqueeze(i, a):
    return np.expand_dims(i[0], tuple(ints(i, 1, a, "axes")))


@op("Transpose")
def transpose(i, a):
    return np.transpose(i[0], a.get("perm"))


@op("Concat")
def concat(i, a):
    return np.concatenate(i, a["axis"])


@op("Split")
def split(i, a):
    axis, x = a.get("axis", 0), i[0]
    sizes = ints(i, 1, a, "split")
    if sizes is None:
        part = -(-x.shape[axis] // a["_outputs"])
        sizes = [min(part, x.shape[axis] - k * part) for k in range(a["_outputs"])]
    return np.split(x, np.cumsum(sizes)[:-1], axis)


@op("Pad")
def pad(i, a):
    x = i[0]
    pads = ints(i, 1, a, "pads")
    axes = ints(i, 3, a, "_axes", list(range(x.ndim)))
    width = [(0, 0)] * x.ndim
    for k, axis in enumerate(axes):
        width[axis] = (pads[k], pads[k + len(axes)])
    x = x[tuple(slice(max(-b, 0), x.shape[k] - max(-e, 0)) for k, (b, e) in enumerate(width))]
    width = [(max(b, 0), max(e, 0)) for b, e in width]
    mode = a.get("mode", "constant")
    if mode != "constant":
        return np.pad(x, width, mode)
    return np.pad(x, width, constant_values=optional(i, 2, a.get("value", 0.0)).item()
                  if optional(i, 2) is not None else a.get("value", 0.0))


@op("Expand")
def expand(i, a):
    shape = [int(d) for d in i[1]]
    return i[0] * np.ones(shape, i[0].dtype)


@op("Tile")
def tile(i, a):
    return np.tile(i[0], [int(r) for r in i[1]])


@op("DepthToSpace")
def depth_to_space(i, a):
    n, c, h, w = i[0].shape
    b, crd = a["blocksize"], a.get("mode", "DCR") == "CRD"
    x = i[0].reshape([n, c // b ** 2, b, b, h, w] if crd else [n, b, b, c // b ** 2, h, w])
    x = x.transpose([0, 1, 4, 2, 5, 3] if crd else [0, 3, 4, 1, 5, 2])
    return x.reshape(n, c // b ** 2, h * b, w * b)


@op("SpaceToDepth")
def space_to_depth(i, a):
    n, c, h, w = i[0].shape
    b = a["blocksize"]
    x = i[0].reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * b * b, h // b, w // b)


@op("GatherElements")
def gather_elements(i, a):
    axis = a.get("axis", 0)
    at = list(np.indices(i[1].shape))
    at[axis] = i[1].astype(np.int64)
    return i[0][tuple(at)]


@op("GatherND")
def gather_nd(i, a):
    batch = a.get("batch_dims", 0)
    at = list(np.indices(i[1].shape[:-1])[:batch]) + list(np.moveaxis(i[1].astype(np.int64), -1, 0))
    return i[0][tuple(at)]


def scatter(x, at, updates, a):
    y, mode = np.array(x), a.get("reduction", "none")
    if mode == "none":
        y[at] = updates
    else:
        function = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[mode]
        function.at(y, at, updates)
    return y


@op("ScatterElements")
def scatter_elements(i, a):
    at = list(np.indices(i[1].shape))
    at[a.get("axis", 0)] = i[1].astype(np.int64)
    return scatter(i[0], tuple(at), i[2], a)


@op("ScatterND")
def scatter_nd(i, a):
    return scatter(i[0], tuple(np.moveaxis(i[1].astype(np.int64), -1, 0)), i[2], a)


@op("Range")
def range_(i, a):
    return np.arange(*(v.item() for v in i))


@op("Size")
def size(i, a):
    return np.array(i[0].size)


@op("Trilu")
def trilu(i, a):
    return (np.triu if a.get("upper", 1) else np.tril)(i[0], int(optional(i, 1, np.array(0))))


@op("CumSum")
def cumsum(i, a):
    axis = int(i[1])
    x = np.flip(i[0], axis) if a.get("reverse") else i[0]
    y = np.cumsum(x, axis) - (x if a.get("exclusive") else 0)
    return np.flip(y, axis) if a.get("reverse") else y


def resize_filter(mode, a):
    """The weight of an element at distance x."""
    def linear(x):
        return max(1 - abs(x), 0)

    def cubic(x):
        c, x = a.get("cubic_coeff_a", -0.75), abs(x)
        near = (c + 2) * x ** 3 - (c + 3) * x ** 2 + 1
        return near if x <= 1 else c * (x ** 3 - 5 * x ** 2 + 8 * x - 4) if x < 2 else 0
    return (cubic, 2) if mode == "cubic" else (linear, 1)


def resize_coordinate(mode, i, scale, size, out):
    if mode == "asymmetric":
        return i / scale
    if mode == "align_corners":
        return i * (size - 1) / (out - 1) if out > 1 else 0
    if mode == "pytorch_half_pixel" and out == 1:
        return 0
    shift = size / 2 * (1 - out / (scale * size)) if mode == "half_pixel_symmetric" else 0
    return shift + (i + 0.5) / scale - 0.5


def resize_matrix(size, out, scale, a):
    """[out, size]: what every element of the output is made of."""
    mode, old = a.get("mode", "nearest"), a["_opset"] < 11
    coordinate = a.get("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    rounding = "old" if old else a.get("nearest_mode", "round_prefer_floor")
    nearest = {"old": np.ceil if scale < 1 else np.floor, "floor": np.floor, "ceil": np.ceil,
               "round_prefer_floor": lambda x: np.ceil(x - 0.5),
               "round_prefer_ceil": lambda x: np.floor(x + 0.5)}[rounding]
    weight, half = resize_filter(mode, a)
    wide = max(1 / scale, 1) if a.get("antialias") else 1
    cut = a.get("exclude_outside")
    matrix = np.zeros((out, size))
    for i in range(out):
        x = resize_coordinate(coordinate, i, scale, size, out)
        if mode == "nearest":  # in float32, whose last bit decides what is a half
            x = resize_coordinate(coordinate, np.float32(i), np.float32(scale), size, out)
            matrix[i, int(np.clip(nearest(x), 0, size - 1))] = 1
            continue
        if mode == "linear" and wide == 1:
            x = np.clip(x, 0, size - 1)
        for k in range(int(np.floor(x - half * wide)), int(np.ceil(x + half * wide)) + 1):
            if not cut or 0 <= k < size:
                matrix[i, np.clip(k, 0, size - 1)] += weight((k - x) / wide)
        matrix[i] /= matrix[i].sum()
    return matrix


@op("Resize", "Upsample")
def resize(i, a):
    x, old = i[0], a["_opset"] < 11
    sizes = None if old else optional(i, 3)
    scales = optional(i, 1, a.get("scales")) if old else optional(i, 2)
    axes = a.get("axes", list(range(x.ndim)))
    policy = a.get("keep_aspect_ratio_policy", "stretch")
    given = [float(s) / x.shape[d] for s, d in zip(sizes, axes)] if sizes is not None else scales
    if policy != "stretch":
        given = [(min if policy == "not_larger" else max)(given)] * len(axes)
    for k, axis in enumerate(axes):
        size, scale = x.shape[axis], float(given[k])
        out = (int(np.float32(scale) * np.float32(size)) if sizes is None else
               int(sizes[k]) if policy == "stretch" else int(np.floor(scale * size + 0.5)))
        if out != size or scale != 1:
            matrix = resize_matrix(size, out, scale, a)
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


def reduced(function, i, a):
    axes = ints(i, 1, a, "axes")
    if not axes and a.get("noop_with_empty_axes"):
        return i[0]
    return function(i[0], tuple(axes) if axes else None, keepdims=bool(a.get("keepdims", 1)))


for _name, _f in {
        "Mean": np.mean, "Sum": np.sum, "Prod": np.prod, "Max": np.max, "Min": np.min,
        "L1": lambda x, *a, **k: np.sum(abs(x), *a, **k),
        "L2": lambda x, *a, **k: np.sqrt(np.sum(x * x, *a, **k)),
        "SumSquare": lambda x, *a, **k: np.sum(x * x, *a, **k),
        "LogSum": lambda x, *a, **k: np.log(np.sum(x, *a, **k)),
        "LogSumExp": lambda x, *a, **k: np.log(np.sum(np.exp(x), *a, **k))}.items():
    OPS["Reduce" + _name] = lambda i, a, f=_f: reduced(f, i, a)


# ---- matrices and windows ------------------------------------------------------------------


@op("MatMul")
def matmul(i, a):
    return i[0] @ i[1]


@op("Gemm")
def gemm(i, a):
    x, w = (m.T if a.get(t) else m for m, t in zip(i, ("transA", "transB")))
    return a.get("alpha", 1.0) * (x @ w) + a.get("beta", 1.0) * optional(i, 2, 0.0)


@op("BatchNormalization")
def batch_norm(i, a):
    x = i[0]
    scale, bias, mean, var = (v.reshape([-1] + [1] * (x.ndim - 2)) for v in i[1:5])
    if a.get("training_mode"):
        axes = tuple(d for d in range(x.ndim) if d != 1)
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + a.get("epsilon", 1e-5)) * scale + bias


@op("LRN")
def lrn(i, a):
    x, size = i[0], a["size"]
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        low, high = max(0, c - (size - 1) // 2), c + size // 2 + 1
        total[:, c] = (x[:, low:high] ** 2).sum(1)
    return x / (a.get("bias", 1.0) + a.get("alpha", 1e-4) / size * total) ** a.get("beta", 0.75)


def of_rows(function):
    """Sequences [N,C,W] are images of one row."""
    def compute(i, a):
        if i[0].ndim == 4:
            return function(i, a)
        a = dict(a)
        for name in ("kernel_shape", "strides", "dilations", "pads"):
            if name in a:
                a[name] = [v for n in a[name] for v in ((0 if name == "pads" else 1), n)]
        wide = [v[:, :, None] if v is not None and v.ndim == 3 else v for v in i]
        return function(wide, a)[:, :, 0]
    return compute


def window_geometry(x, kernel, a):
    """Per spatial axis: (pad before, pad after, output size, stride, dilation)."""
    out = []
    for k, size in enumerate(x.shape[2:]):
        stride = a.get("strides", [1, 1])[k]
        dilation = a.get("dilations", [1, 1])[k]
        reach = (kernel[k] - 1) * dilation + 1
        auto = a.get("auto_pad", "NOTSET")
        if auto.startswith("SAME"):
            n = -(-size // stride)
            total = max((n - 1) * stride + reach - size, 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            out.append((before, total - before, n, stride, dilation))
            continue
        before, after = (0, 0) if auto == "VALID" else (a.get("pads", [0] * 4)[k],
                                                        a.get("pads", [0] * 4)[k + 2])
        room = size + before + after - reach
        n = (-(-room // stride) if a.get("ceil_mode") else room // stride) + 1
        if a.get("ceil_mode") and (n - 1) * stride >= size + before:
            n -= 1  # a window that would start in the padding after the image
        out.append((before, after, n, stride, dilation))
    return out


def taps(x, kernel, geometry, fill):
    """Yields (ky, kx, values [N,C,OH,OW]) for every tap of the window."""
    (top, _, oh, sy, dy), (left, _, ow, sx, dx) = geometry
    height = (oh - 1) * sy + (kernel[0] - 1) * dy + 1
    width = (ow - 1) * sx + (kernel[1] - 1) * dx + 1
    padded = np.full(x.shape[:2] + (max(height, top + x.shape[2]), max(width, left + x.shape[3])),
                     fill, np.float64)
    padded[:, :, top:top + x.shape[2], left:left + x.shape[3]] = x
    for ky, kx in itertools.product(range(kernel[0]), range(kernel[1])):
        y0, x0 = ky * dy, kx * dx
        yield ky, kx, padded[:, :, y0:y0 + (oh - 1) * sy + 1:sy, x0:x0 + (ow - 1) * sx + 1:sx]


@op("Conv")
@of_rows
def conv(i, a):
    x, w = i[:2]
    groups, kernel = a.get("group", 1), w.shape[2:]
    geometry = window_geometry(x, kernel, a)
    n, oh, ow = x.shape[0], geometry[0][2], geometry[1][2]
    wg = w.reshape((groups, w.shape[0] // groups) + w.shape[1:])
    out = 0
    for ky, kx, v in taps(x, kernel, geometry, 0.0):
        v = v.reshape(n, groups, -1, oh * ow)
        out = out + np.matmul(wg[None, :, :, :, ky, kx], v)
    out = out.reshape(n, -1, oh, ow)
    bias = optional(i, 2)
    return out if bias is None else out + bias.reshape(-1, 1, 1)


@op("ConvTranspose")
def conv_transpose(i, a):
    """Every pixel adds its weights to the outputs around it."""
    x, w = i[:2]
    groups, (kh, kw) = a.get("group", 1), w.shape[2:]
    (sy, sx), (dy, dx) = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    n, c, h, v = x.shape
    more = a.get("output_padding", [0, 0])
    whole = [(h - 1) * sy + (kh - 1) * dy + 1 + more[0], (v - 1) * sx + (kw - 1) * dx + 1 + more[1]]
    y = np.zeros([n, groups, w.shape[1]] + whole)
    parts = x.reshape(n, groups, c // groups, h, v)
    wg = w.reshape(groups, c // groups, *w.shape[1:])
    for ky, kx in itertools.product(range(kh), range(kw)):
        part = np.einsum("ngihw,gio->ngohw", parts, wg[:, :, :, ky, kx])
        y[:, :, :, ky * dy:ky * dy + (h - 1) * sy + 1:sy,
          kx * dx:kx * dx + (v - 1) * sx + 1:sx] += part
    y = y.reshape([n, -1] + whole)
    pads, mode = a.get("pads", [0] * 4), a.get("auto_pad", "NOTSET")
    if mode.startswith("SAME"):
        total = [whole[0] - h * sy, whole[1] - v * sx]
        first = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in total]
        pads = first + [t - f for t, f in zip(total, first)]
    y = y[:, :, pads[0]:whole[0] - pads[2], pads[1]:whole[1] - pads[3]]
    bias = optional(i, 2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@op("MaxPool")
@of_rows
def max_pool(i, a):
    geometry = window_geometry(i[0], a["kernel_shape"], a)
    return np.max([v for _, _, v in taps(i[0], a["kernel_shape"], geometry, -np.inf)], axis=0)


@op("AveragePool")
@of_rows
def average_pool(i, a):
    x, kernel = i[0], a["kernel_shape"]
    geometry = window_geometry(x, kernel, a)
    counted = np.ones((1, 1) + x.shape[2:])
    inside = geometry
    if a.get("count_include_pad"):  # padding counts, what ceil_mode reaches beyond it does not
        counted = np.ones((1, 1) + tuple(s + g[0] + g[1] for s, g in zip(x.shape[2:], geometry)))
        inside = [(0, 0) + g[2:] for g in geometry]
    total = sum(v for _, _, v in taps(x, kernel, geometry, 0.0))
    return total / sum(v for _, _, v in taps(counted, kernel, inside, 0.0))


@op("GlobalAveragePool")
def global_average_pool(i, a):
    return i[0].mean(tuple(range(2, i[0].ndim)), keepdims=True)


@op("GlobalMaxPool")
def global_max_pool(i, a):
    return i[0].max(tuple(range(2, i[0].ndim)), keepdims=True)


# ---- normalisation -------------------------------------------------------------------------


def normalise(x, axes, epsilon, centred=True):
    d = x - x.mean(axes, keepdims=True) if centred else x
    return d / np.sqrt((d * d).mean(axes, keepdims=True) + epsilon)


@op("LayerNormalization", "RMSNormalization")
def layer_norm(i, a):
    axes = tuple(range(a.get("axis", -1) % i[0].ndim, i[0].ndim))
    y = normalise(i[0], axes, a.get("epsilon", 1e-5), a["_op"] == "LayerNormalization")
    return y * i[1] + optional(i, 2, 0.0)


def per_channel(values, x):
    return np.repeat(values, x.shape[1] // len(values)).reshape([-1] + [1] * (x.ndim - 2))


@op("InstanceNormalization")
def instance_norm(i, a):
    y = normalise(i[0], tuple(range(2, i[0].ndim)), a.get("epsilon", 1e-5))
    return y * per_channel(i[1], y) + per_channel(i[2], y)


@op("GroupNormalization")
def group_norm(i, a):
    x = i[0].reshape(i[0].shape[0], a["num_groups"], -1)
    y = normalise(x, (2,), a.get("epsilon", 1e-5)).reshape(i[0].shape)
    return y * per_channel(i[1], y) + per_channel(i[2], y)


@op("Einsum")
def einsum(i, a):
    return np.einsum(a["equation"], *i)


def heads_of(x, heads):
    return x if x.ndim == 4 else x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(0, 2, 1, 3)


@op("Attention")
def attention(i, a):
    q = heads_of(i[0], a.get("q_num_heads"))
    k, v = (heads_of(x, a.get("kv_num_heads")) for x in i[1:3])
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], 1) for x in (k, v))
    scores = q @ k.transpose(0, 1, 3, 2) * a.get("scale", q.shape[-1] ** -0.5)
    mask = optional(i, 3, np.zeros(1))
    scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    if a.get("is_causal"):
        scores = np.where(np.tri(*scores.shape[2:], dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True) @ v
    return y if i[0].ndim == 4 else y.transpose(0, 2, 1, 3).reshape(i[0].shape[:2] + (-1,))
