# SPDX-License-Identifier: LGPL-2.1-or-later
"""The layers of networks.py.  Each is a function of (network, name of a value) that appends nodes;
@layer(weight, ranks, opset) lists it: how often it is drawn, of which ranks, from which opset on.
"""

from types import SimpleNamespace

import numpy as np

from networks import Unfit

LAYERS = []
ANY, IMAGES, WINDOWS = range(0, 7), (4,), (3, 4)
SOME = range(1, 7)


def layer(weight, ranks, opset=11):
    def register(make):
        LAYERS.append(SimpleNamespace(make=make, weight=weight, ranks=ranks, opset=opset))
        return make
    return register


def divisor(g, n):
    return g.random.choice([d for d in range(1, n + 1) if n % d == 0])


# ---- windows ----


def ends(g, n, effective, stride, most_pad, ceil=False):
    """(size of the output, pad before, pad after) along a dimension."""
    before, after = (g.random.randint(0, most_pad) if g.chance(0.5) else 0 for _ in range(2))
    room = n + before + after - effective
    if room < 0:
        raise Unfit
    out = (room + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (out - 1) * stride >= n + before:
        raise Unfit  # a window begins in the padding behind, which files of old opsets count
    return out, before, after


def window(g, sizes, kernels=(1, 2, 3, 3, 3, 4, 5, 7), ceil=False, dilate=True, most_pad=None):
    """(attributes, sizes of the output)."""
    rank = len(sizes)
    square = g.chance(0.6)
    draw = lambda choices: ([g.random.choice(choices)] * rank if square
                            else [g.random.choice(choices) for _ in range(rank)])
    kernel, strides = draw(kernels), draw((1, 1, 1, 2, 2, 3))
    dilations = draw((1, 1, 1, 1, 2, 3)) if dilate else [1] * rank
    effective = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    attrs = {"kernel_shape": kernel}
    if strides != [1] * rank or g.chance(0.3):
        attrs["strides"] = strides
    if dilations != [1] * rank:
        attrs["dilations"] = dilations
    # Where strides skip the rest of a window's step, ONNX Runtime pads SAME by less than nothing.
    if not ceil and g.chance(0.15) and all(s <= e for s, e in zip(strides, effective)):
        attrs["auto_pad"] = g.random.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))
        if attrs["auto_pad"] == "VALID":
            return attrs, [(n - e) // s + 1 for n, e, s in zip(sizes, effective, strides)]
        if "dilations" in attrs or any(e > n for n, e in zip(sizes, effective)):
            raise Unfit  # ONNX Runtime refuses dilations here, or forgets them in MaxPool
        return attrs, [-(-n // s) for n, s in zip(sizes, strides)]
    sides = [ends(g, n, e, s, k - 1 if most_pad is None else most_pad, ceil)
             for n, e, s, k in zip(sizes, effective, strides, kernel)]
    pads = [side[1] for side in sides] + [side[2] for side in sides]
    if any(pads):
        attrs["pads"] = pads
    return attrs, [side[0] for side in sides]


def reaches(attrs, sizes, out):
    """Whether every window has an element of the input."""
    rank = len(sizes)
    pads, strides, dilations = (attrs.get(name, [default] * rank) for name, default in
                                (("pads", 0), ("strides", 1), ("dilations", 1)))
    return all(any(0 <= i * stride - before + tap * step < n for tap in range(k))
               for n, k, stride, step, before, end in zip(sizes, attrs["kernel_shape"], strides,
                                                          dilations, pads, out)
               for i in range(end))


@layer(16, WINDOWS)
def conv(g, x, depthwise=None, pointwise=False):
    n, c, *sizes = g.shape(x)
    attrs, out = window(g, sizes, (1,) if pointwise else (1, 2, 3, 3, 3, 4, 5, 7))
    depthwise = g.chance(0.3) if depthwise is None else depthwise
    groups = c if depthwise else divisor(g, c) if g.chance(0.25) else 1
    filters = groups * g.random.choice((1, 1, 2)) if groups > 1 else g.random.randint(1, 20)
    if groups > 1:
        attrs["group"] = groups
    shape = (filters, c // groups, *attrs["kernel_shape"])
    same = [name for name, a in g.inits.items() if a.shape == shape and a.dtype == np.float32]
    weights = same[0] if same and g.chance(0.5) else g.weights(*shape)
    inputs = [x, weights] + ([g.near(-1, 1, filters)] if g.chance(0.6) else [])
    y = g.add("Conv", inputs, (n, filters, *out), **attrs)
    if g.chance(0.3):
        y = batch_norm(g, y)
    return activation(g, y) if g.chance(0.6) else y


@layer(2, IMAGES)
def conv_transpose(g, x):
    n, c, *sizes = g.shape(x)
    groups = divisor(g, c) if g.chance(0.3) else 1
    filters = groups * g.random.randint(1, 5)
    kernel = [g.random.choice((1, 2, 3, 4)) for _ in sizes]
    strides = [g.random.choice((1, 2, 2, 3)) for _ in sizes]
    extra = [g.random.randint(0, s - 1) if g.chance(0.3) else 0 for s in strides]
    pads = [g.random.randint(0, k - 1) if g.chance(0.4) else 0 for k in kernel * 2]
    out = [(s - 1) * st + e + k - pads[i] - pads[i + 2]
           for i, (s, st, e, k) in enumerate(zip(sizes, strides, extra, kernel))]
    attrs = {"output_padding": extra} if any(extra) else {}
    inputs = [x, g.weights(c, filters // groups, *kernel)]
    inputs += [g.near(-1, 1, filters)] if g.chance(0.5) else []
    return g.add("ConvTranspose", inputs, (n, filters, *out), kernel_shape=kernel, strides=strides,
                 pads=pads, group=groups, **attrs)


@layer(6, WINDOWS)
def pool(g, x):
    n, c, *sizes = g.shape(x)
    op, ceil = g.random.choice(("MaxPool", "AveragePool")), g.chance(0.3)
    dilate = op == "MaxPool" or g.opset >= 19
    attrs, out = window(g, sizes, (1, 2, 2, 3, 3, 5), ceil, dilate)
    if op == "MaxPool" and "auto_pad" not in attrs and not reaches(attrs, sizes, out):
        raise Unfit  # the largest of nothing is the lowest float32 in ONNX Runtime
    if ceil:
        attrs["ceil_mode"] = 1
    if op == "AveragePool" and g.chance(0.4):
        attrs["count_include_pad"] = 1
    return g.add(op, [x], (n, c, *out), exact=op == "MaxPool" and g.values[x].exact, **attrs)


@layer(2, WINDOWS)
def global_pool(g, x):
    n, c, *sizes = g.shape(x)
    return g.add(g.random.choice(("GlobalAveragePool", "GlobalMaxPool")), [x],
                 (n, c, *[1] * len(sizes)))


@layer(3, IMAGES)
def resize(g, x):
    n, c, h, w = g.shape(x)
    mode = g.random.choice(("nearest", "nearest", "linear", "linear", "cubic"))
    modes = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    attrs = {"mode": mode, "coordinate_transformation_mode": g.random.choice(modes)}
    if mode == "nearest":
        attrs["nearest_mode"] = g.random.choice(("floor", "ceil", "round_prefer_floor",
                                                 "round_prefer_ceil"))
    none = ""
    if g.chance(0.5):
        scale = [g.random.choice((0.5, 1, 1.5, 2, 2, 3)) for _ in "hw"]
        out = (n, c, int(h * scale[0]), int(w * scale[1]))
        given = [g.init([1, 1, *scale])]
    else:
        out = (n, c, g.random.randint(1, 2 * h), g.random.randint(1, 2 * w))
        given = [none, g.ints(*out)]
    roi = g.init(np.zeros(0)) if g.opset < 13 else none
    if g.opset < 13 and given[0] == none:
        given[0] = g.init(np.zeros(0))
    return g.add("Resize", [x, roi, *given], out, **attrs)


@layer(2, IMAGES)
def depth_and_space(g, x):
    n, c, h, w = g.shape(x)
    b = g.random.choice((2, 2, 3))
    if c % (b * b) == 0:
        return g.add("DepthToSpace", [x], (n, c // b // b, h * b, w * b), blocksize=b,
                     mode=g.random.choice(("DCR", "CRD")))
    if h % b or w % b:
        raise Unfit
    return g.add("SpaceToDepth", [x], (n, c * b * b, h // b, w // b), blocksize=b)


# ---- products ----


@layer(4, (2,))
def gemm(g, x):
    m, k = g.shape(x)
    n = g.random.randint(1, 20)
    attrs = {}
    turned = g.chance(0.5)
    weights = g.weights(n, k) if turned else g.weights(k, n)
    if turned:
        attrs["transB"] = 1
    inputs = [x, weights]
    if g.chance(0.1):
        inputs[0] = g.add("Transpose", [x], (k, m), perm=[1, 0])
        attrs["transA"] = 1
    if g.chance(0.7):
        inputs.append(g.near(-1, 1, *g.random.choice(((n,), (1, n), (m, n), (m, 1), (1,)))))
    if g.chance(0.2):
        attrs["alpha"] = 0.5
    if g.chance(0.2):
        attrs["beta"] = -1.5
    return g.add("Gemm", inputs, (m, n), **attrs)


@layer(4, range(2, 6))
def matmul(g, x):
    *batch, m, k = g.shape(x)
    n = g.random.randint(1, 20)
    if g.chance(0.5):
        y = g.add("MatMul", [x, g.weights(k, n)], (*batch, m, n))
        return g.add("Add", [y, g.near(-1, 1, n)], (*batch, m, n)) if g.chance(0.6) else y
    stack = [d if g.chance(0.7) else 1 for d in batch]
    if g.chance(0.3):
        return g.add("MatMul", [g.weights(*stack, n, m), x], (*batch, n, k))
    return g.add("MatMul", [x, g.weights(*stack, k, n)], (*batch, m, n))


@layer(1, range(2, 5))
def with_itself(g, x):
    *batch, m, k = g.shape(x)
    perm = [*range(len(batch)), len(batch) + 1, len(batch)]
    y = g.add("Transpose", [x], (*batch, k, m), perm=perm)
    return g.add("MatMul", [x, y], (*batch, m, m))


@layer(1, (4,), 12)
def einsum(g, x):
    a, b, c, d = g.shape(x)
    n = g.random.randint(1, 9)
    equation, weights, out = g.random.choice((
        ("abcd,de->abce", (d, n), (a, b, c, n)), ("abcd,eb->aecd", (n, b), (a, n, c, d)),
        ("abcd,abed->abce", (a, b, n, d), (a, b, c, n)), ("abcd,abcd->ab", (a, b, c, d), (a, b))))
    return g.add("Einsum", [x, g.weights(*weights)], out, equation=equation)


# ---- elementwise ----

PLAIN = {"Relu": {}, "Sigmoid": {}, "Tanh": {}, "Elu": {"alpha": 0.7}, "LeakyRelu": {"alpha": 0.1},
         "HardSigmoid": {"alpha": 0.25, "beta": 0.4}, "Softplus": {}, "Softsign": {}, "Selu": {},
         "Abs": {}, "Neg": {}, "Erf": {}, "Sin": {}, "Cos": {},
         "ThresholdedRelu": {"alpha": 0.5}, "Identity": {}}
LATER = {"Celu": 12, "HardSwish": 14, "Mish": 18, "Gelu": 20}


@layer(8, ANY)
def activation(g, x):
    shape = g.shape(x)
    if g.chance(0.35):
        return g.add("Relu", [x], shape, exact=g.values[x].exact)
    if g.chance(0.2):
        low, high = g.random.choice(((0, 6), (-1, 1), (0, None), (None, 2), (0.5, 0.75)))
        return g.add("Clip", [x, *("" if v is None else g.init(v) for v in (low, high))], shape)
    op = g.random.choice(list(PLAIN) + [op for op, since in LATER.items() if g.opset >= since])
    return g.add(op, [x], shape, **PLAIN.get(op, {}))


@layer(2, SOME)
def positive_only(g, x):
    """What asks for numbers above zero."""
    shape, op = g.shape(x), g.random.choice(("Sqrt", "Log", "Reciprocal", "Pow", "Exp"))
    if op == "Exp":
        small = g.add("Clip", [x, g.init(-10), g.init(5)], shape)
        return g.add(op, [small], shape)
    y = g.add("Add", [g.add("Abs", [x], shape), g.init(0.5)], shape)
    power = [g.init(g.random.choice((0.5, 2, 3, -1, 1.7)))] if op == "Pow" else []
    return g.add(op, [y, *power], shape)


@layer(2, range(2, 6))
def prelu(g, x):
    shape = g.shape(x)
    slope = g.random.choice(((1,), (shape[1], *[1] * (len(shape) - 2)), shape[1:], (shape[-1],)))
    return g.add("PRelu", [x, g.near(-0.5, 0.5, *slope)], shape)


def broadcastable(g, shape):
    """A shape that goes into `shape`."""
    cut = g.random.randint(0, len(shape))
    return [d if g.chance(0.6) else 1 for d in shape[cut:]]


@layer(8, ANY)
def arithmetic(g, x):
    shape = g.shape(x)
    op = g.random.choice(("Add", "Add", "Sub", "Mul", "Mul", "Div", "Max", "Min"))
    others = [v for v in g.floats() if v != x and fits(g.shape(v), shape)]
    if others and op != "Div" and g.chance(0.6):
        other = g.random.choice(others)
    else:
        other = g.near(0.5, 2, *broadcastable(g, shape))
    pair = [x, other]
    if op != "Div" and g.chance(0.3):
        pair.reverse()
    return g.add(op, pair, shape)


def fits(small, shape):
    return len(small) <= len(shape) and all(
        a in (1, b) for a, b in zip(small[::-1], shape[::-1]))


@layer(2, ANY)
def of_many(g, x):
    """Operators of any number of inputs, which broadcast."""
    shape = g.shape(x)
    others = [v for v in g.floats() if fits(g.shape(v), shape)]
    inputs = [x] + [g.random.choice(others) if g.chance(0.5)
                    else g.near(-1, 1, *broadcastable(g, shape))
                    for _ in range(g.random.randint(1, 3))]
    g.random.shuffle(inputs)
    return g.add(g.random.choice(("Max", "Min", "Sum")), inputs, shape)


@layer(2, SOME)
def choose(g, x):
    """Where, by a comparison."""
    shape = g.shape(x)
    op = g.random.choice(("Greater", "Less") + (("GreaterOrEqual", "LessOrEqual")
                                               if g.opset >= 12 else ()))
    bar = g.near(-1, 1, *broadcastable(g, shape))
    mask = g.add(op, [x, bar], shape, kind="b")
    if g.chance(0.3):
        mask = g.add("Not", [mask], shape, kind="b")
    if g.chance(0.2):
        number = g.add("Cast", [mask], shape, exact=True, to=1)
        return g.add("Mul", [x, number], shape)
    sides = [x, g.near(-1, 1, *broadcastable(g, shape))]
    g.random.shuffle(sides)
    return g.add("Where", [mask, *sides], shape)


# ---- normalisation ----


def batch_norm(g, x):
    c = g.shape(x)[1]
    return g.add("BatchNormalization", [x, g.near(0.5, 2, c), g.near(-1, 1, c), g.near(-1, 1, c),
                                        g.near(0.3, 2, c)], g.shape(x), epsilon=1e-3)


@layer(4, range(2, 6))
def normalise(g, x):
    shape = g.shape(x)
    c, last = shape[1], shape[-1]
    # Of images of one element ONNX Runtime's x a + (b - mean a) leaves little of b.
    kinds = ["batch"] + ["instance"] * (np.prod(shape[2:]) > 1) + ["lrn"] * (len(shape) == 4)
    kinds += ["layer"] * (g.opset >= 17) + ["group"] * (g.opset >= 21 and len(shape) > 2)
    kind = g.random.choice(kinds)
    if kind == "batch":
        return batch_norm(g, x)
    if kind == "instance":
        return g.add("InstanceNormalization", [x, g.near(0.5, 2, c), g.near(-1, 1, c)], shape,
                     epsilon=1e-2)
    if kind == "lrn":
        return g.add("LRN", [x], shape, size=g.random.choice((1, 3, 5)), alpha=0.5, beta=0.7,
                     bias=1.0)
    if kind == "layer":
        more = [g.near(-1, 1, last)] if g.chance(0.7) else []
        return g.add("LayerNormalization", [x, g.near(0.5, 2, last), *more], shape, axis=-1,
                     epsilon=1e-2)
    return g.add("GroupNormalization", [x, g.near(0.5, 2, c), g.near(-1, 1, c)], shape,
                 num_groups=divisor(g, c), epsilon=1e-2)


@layer(3, SOME)
def softmax(g, x):
    axis = g.random.randint(-len(g.shape(x)), len(g.shape(x)) - 1)
    return g.add("Softmax" if g.chance(0.8) else "LogSoftmax", [x], g.shape(x), axis=axis)


# ---- reductions ----

REDUCTIONS = ("ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1",
              "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceProd")


@layer(4, SOME)
def reduction(g, x):
    shape, op = g.shape(x), g.random.choice(REDUCTIONS)
    axes = sorted(g.random.sample(range(len(shape)), g.random.randint(1, len(shape))))
    keep = g.chance(0.5)
    if op == "ReduceProd" and np.prod([shape[a] for a in axes]) > 20:
        op = "ReduceMean"
    out = [1 if d in axes else n for d, n in enumerate(shape) if keep or d not in axes]
    written = [a - len(shape) if g.chance(0.3) else a for a in axes]
    if g.opset >= (13 if op == "ReduceSum" else 18):
        return g.add(op, [x, g.ints(*written)], out, keepdims=int(keep))
    return g.add(op, [x], out, keepdims=int(keep), axes=written)


@layer(1, SOME)
def order(g, x):
    shape = g.shape(x)
    axis = g.random.randrange(len(shape))
    out = list(shape)
    if g.chance(0.1):
        return g.add("CumSum", [x, g.init(axis, np.int64)], shape, exclusive=int(g.chance(0.3)),
                     reverse=int(g.chance(0.3)))
    out[axis] = g.random.randint(1, min(shape[axis], 1024))  # what Winnow takes
    values, places = g.add_many("TopK", [x, g.ints(out[axis])], [out, out], axis=axis,
                                largest=int(g.chance(0.7)))
    g.values[places].kind = "i"
    return values
