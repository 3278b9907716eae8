# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: activations, arithmetic with broadcasting, normalisation, types of initializers."""

import numpy as np
from onnx import TensorProto, helper

from builder import case


@case(6, shape=(1, 5, 3, 4))
def activations(g):
    g.put("relu", "Relu", "x")
    g.put("leaky", "LeakyRelu", "x")
    g.put("leaky_2", "LeakyRelu", "x", alpha=0.2)
    g.put("elu", "Elu", "x")
    g.put("elu_2", "Elu", "x", alpha=0.3)
    g.put("sigmoid", "Sigmoid", "x")
    g.put("tanh", "Tanh", "x")
    g.put("hard_sigmoid", "HardSigmoid", "x")
    g.put("hard_sigmoid_2", "HardSigmoid", "x", alpha=1 / 6, beta=0.4)
    g.put("identity", "Identity", "x")


@case(14, shape=(1, 5, 3, 4))
def hard_swish(g):
    wide = g.node("Mul", ["x", g.init(np.float32(3))])
    g.put("swish", "HardSwish", wide)
    g.put("after_conv", "HardSwish", g.conv("x", 5, 7))


@case((6, 13), shape=(1, 4, 3, 4), ort=7)
def activations_after_conv(g):
    """Each activation where it may be fused into the convolution before it."""
    for op, attrs in (("Relu", {}), ("LeakyRelu", {"alpha": 0.1}), ("Elu", {}), ("Sigmoid", {}),
                      ("Tanh", {}), ("HardSigmoid", {})):
        g.put(op.lower(), op, g.conv("x", 4, 5, k=2), **attrs)
    if g.opset >= 13:
        bounds = [g.init(np.float32(0)), g.init(np.float32(0.5))]
        g.put("clip", "Clip", [g.conv("x", 4, 5, k=2)] + bounds)
    else:
        g.put("clip", "Clip", g.conv("x", 4, 5, k=2), min=0.0, max=0.5)
    slope = g.weights(5, 1, 1) if g.opset >= 7 else g.weights(5)
    g.put("prelu", "PRelu", [g.conv("x", 4, 5, k=2), slope])


@case((6, 10))
def clip_attributes(g):
    g.put("both", "Clip", "x", min=-0.5, max=0.75)
    g.put("low", "Clip", "x", min=0.1)
    g.put("high", "Clip", "x", max=0.1)
    g.put("none", "Clip", "x")


@case((11, 13))
def clip_inputs(g):
    low, high = g.init(np.float32(-0.5)), g.init(np.float32(0.75))
    g.put("both", "Clip", ["x", low, high])
    g.put("low", "Clip", ["x", low])
    g.put("high", "Clip", ["x", "", high])
    g.put("none", "Clip", "x")
    bound = g.node("Constant", [], value=helper.make_tensor("v", TensorProto.FLOAT, [], [0.25]))
    g.put("from_constant", "Clip", ["x", "", bound])


@case(6, ort=99)
def prelu_6(g):
    g.put("scalar", "PRelu", ["x", g.init(np.array([0.3], np.float32))])
    g.put("channel", "PRelu", ["x", g.weights(3)])


@case((7, 9, 16))
def prelu(g):
    g.put("scalar", "PRelu", ["x", g.init(np.array([0.3], np.float32))])
    g.put("channel", "PRelu", ["x", g.weights(3, 1, 1)])
    g.put("channel_4d", "PRelu", ["x", g.weights(1, 3, 1, 1)])
    g.put("image", "PRelu", ["x", g.weights(3, 4, 5)])


@case((6, 11, 13), shape=(1, 4, 3, 2))
def softmax(g):
    x = "x"
    g.put("default", "Softmax", x)
    for axis in (1, 2):
        g.put(f"axis_{axis}", "Softmax", x, axis=axis)
    if g.opset >= 11:
        g.put("axis_minus_1", "Softmax", x, axis=-1)
    scores = g.node("Mul", [x, g.init(np.array([300], np.float32))]) if g.opset > 6 else x
    g.put("large", "Softmax", g.node("Flatten", scores), axis=1)


@case(6, shape=(1, 4, 3, 2), ort=99)
def arithmetic_6(g):
    """Before opset 7 broadcasting is asked for by attributes."""
    for op in ("Add", "Sub", "Mul", "Div"):
        g.put(f"{op}_axis", op, ["x", g.weights(4, low=0.5)], broadcast=1, axis=1)
        g.put(f"{op}_tail", op, ["x", g.weights(3, 2, low=0.5)], broadcast=1)
        g.put(f"{op}_scalar", op, ["x", g.init(np.array([1.5], np.float32))], broadcast=1)
        g.put(f"{op}_same", op, ["x", g.weights(1, 4, 3, 2, low=0.5)])


@case(7, shape=(1, 4, 3, 2))
def arithmetic(g):
    for op in ("Add", "Sub", "Mul", "Div"):
        for name, shape in (("channel", (4, 1, 1)), ("channel_4d", (1, 4, 1, 1)), ("row", (2,)),
                            ("column", (3, 1)), ("scalar", ()), ("one", (1,))):
            g.put(f"{op}_{name}", op, ["x", g.weights(*shape, low=0.5)])
        positive = g.node("Sigmoid", "x")
        g.put(f"{op}_first", op, [g.weights(4, 1, 1, low=0.5), positive])


@case(14, shape=(1, 4, 3, 2))
def arithmetic_runtime(g):
    """Two computed operands, each of which may be the smaller one, or both."""
    pooled = g.node("GlobalAveragePool", "x")
    rows = g.node("ReduceMean", "x", axes=[1])
    flat = g.node("Reshape", [pooled, g.ints(4, 1, 1)])
    for op in ("Add", "Sub", "Mul"):
        g.put(f"{op}_right", op, ["x", pooled])
        g.put(f"{op}_left", op, [pooled, "x"])
        g.put(f"{op}_both", op, [pooled, rows])
        g.put(f"{op}_rank", op, [flat, "x"])
    g.put("self", "Mul", ["x", "x"])
    g.put("div", "Div", ["x", g.node("Sigmoid", pooled)])
    g.put("grows", "Add", [pooled, g.weights(1, 1, 2, 3)])


@case((6, 8, 13), shape=(1, 4, 3, 2))
def sums(g):
    y, z = g.node("Relu", "x"), g.node("Tanh", "x")
    g.put("one", "Sum", "x")
    g.put("two", "Sum", ["x", y])
    g.put("three", "Sum", ["x", y, z])
    if g.opset >= 8:
        g.put("broadcast", "Sum", ["x", g.node("GlobalMaxPool", y), g.weights(4, 1, 1)])


def batch_norms(g, conv_attrs=(), **attrs):
    g.out(g.bn("x", 4, **attrs), "alone")
    g.out(g.bn(g.conv("x", 4, 3, 2), 3, **attrs), "after_conv")
    if g.opset in (9, 14):
        return
    g.out(g.bn(g.conv("x", 4, 3, 1, bias=False), 3, **attrs), "after_conv_without_bias")
    g.put("with_relu", "Relu", g.bn(g.conv("x", 4, 4, pads=[1] * 4, group=4), 4, **attrs))
    g.out(g.conv(g.bn("x", 4, **attrs), 4, 3, pads=[1] * 4), "before_conv")
    shared = g.conv("x", 4, 5, 1)
    g.put("beside", "Add", [shared, g.bn(shared, 5, **attrs)])
    g.out(g.bn(g.node("Flatten", g.node("GlobalAveragePool", "x")), 4, **attrs), "flat")


@case((7, 9, 14, 15), shape=(1, 4, 3, 2))
def batch_norm(g):
    batch_norms(g, epsilon=0.01)


@case(6, shape=(1, 4, 3, 2), ort=99)
def batch_norm_6(g):
    batch_norms(g, is_test=1, epsilon=0.01, spatial=1)


@case((6, 13), shape=(1, 9, 2, 3))
def lrn(g):
    g.put("five", "LRN", "x", size=5)
    g.put("three", "LRN", "x", size=3, alpha=0.5, beta=0.6, bias=2.0)
    g.put("wide", "LRN", "x", size=17, alpha=0.9)


@case(13, shape=(1, 9, 2, 3), ort=99)
def lrn_even(g):
    g.put("four", "LRN", "x", size=4, alpha=0.9)
    g.put("two", "LRN", "x", size=2, alpha=0.9)


@case((6, 7, 10, 12, 13), shape=(1, 2, 2, 3), ort=7)
def dropout(g):
    y = g.node("Relu", "x")
    if g.opset < 12:
        attrs = {"is_test": 1} if g.opset == 6 else {}
        g.put("plain", "Dropout", y, ratio=0.3, **attrs)
        z, _ = g.node("Dropout", y, 2, **attrs)
    else:
        ratio = g.init(np.float32(0.4))
        g.put("plain", "Dropout", y)
        g.put("ratio", "Dropout", [y, ratio], seed=3)
        z = g.node("Dropout", [y, ratio, g.init(np.array(False))])
    g.put("used", "Mul", [z, y])


# ---- how numbers are stored ----------------------------------------------------------------


@case(13, shape=(1, 3, 4, 4))
def typed_data(g):
    """float_data and int64_data instead of raw_data."""
    w, b = g.init(g.values(4, 3, 3, 3), raw=False), g.init(g.values(4), raw=False)
    y = g.node("Conv", ["x", w, b])
    g.put("y", "Reshape", [y, g.init(np.array([0, -1], np.int64), raw=False)])


def half_types(g, dtype, convert, **options):
    weights = [g.init(convert(g.values(4, 3, 3, 3)), dtype=dtype, **options),
               g.init(convert(g.values(4)), dtype=dtype, **options)]
    g.put("y", "Conv", ["x"] + [g.node("Cast", w, to=TensorProto.FLOAT) for w in weights])


@case(13, shape=(1, 3, 4, 4))
def float16_raw(g):
    half_types(g, TensorProto.FLOAT16, np.float16)


@case(13, shape=(1, 16, 8, 8))
def float16_shared(g):
    """Weights of several pages, once and again, which are packed from where they lie."""
    def stored(*shape):
        return g.init(g.values(*shape).astype(np.float16))

    def wide(half):
        return g.node("Cast", half, to=TensorProto.FLOAT)

    three, point, rows = stored(32, 16, 3, 3), stored(24, 32, 1, 1), stored(10, 24)
    y = g.node("Relu", g.node("Conv", ["x", wide(three)], pads=[1, 1, 1, 1]))
    again = g.node("Conv", ["x", wide(three)], pads=[0, 0, 0, 0])
    g.put("depthwise", "Conv", [y, wide(stored(32, 1, 3, 3))], group=32)
    g.put("grouped", "Conv", [y, wide(stored(6, 16, 5, 5))], group=2)
    y = g.node("Conv", [y, wide(point)])
    row = g.node("Flatten", g.node("GlobalAveragePool", y))
    g.put("gemm", "Gemm", [row, wide(rows)], transB=1)
    g.put("matmul", "MatMul", [row, wide(stored(24, 7))])
    g.put("alpha", "Gemm", [row, wide(stored(5, 24))], transB=1, alpha=0.3)
    scaled = g.node("Gemm", [row, wide(stored(5, 24)), g.weights(5)], transB=1)
    g.put("scaled", "Mul", [scaled, g.weights(5)])
    g.put("again", "Conv", [again, wide(point)])
    g.put("rows", "ReduceSum", wide(rows), keepdims=0)


@case(13, shape=(1, 3, 4, 4))
def float16_typed(g):
    half_types(g, TensorProto.FLOAT16, np.float16, raw=False)


@case(13, shape=(1, 3, 4, 4), ort=99)
def bfloat16_raw(g):
    half_types(g, TensorProto.BFLOAT16, np.float32)


@case(13, shape=(1, 3, 4, 4), ort=99)
def bfloat16_typed(g):
    half_types(g, TensorProto.BFLOAT16, np.float32, raw=False)


@case(13, shape=(1, 3, 4, 4), rounding=8)
def float16_inside(g):
    """A file converted to half precision with its input and output kept as float."""
    half = g.node("Cast", "x", to=TensorProto.FLOAT16)
    w, b = (g.init(v.astype(np.float16)) for v in (g.values(4, 3, 3, 3), g.values(4)))
    y = g.node("Relu", g.node("Conv", [half, w, b]))
    g.put("y", "Cast", y, to=TensorProto.FLOAT)


@case(13, shape=(1, 3, 4, 4))
def double_initializer(g):
    w = g.init(g.values(4, 3, 3, 3).astype(np.float64))
    g.put("y", "Conv", ["x", g.node("Cast", w, to=TensorProto.FLOAT)])


@case(8, shape=(1, 3, 4, 4), ir=3, inits_as_inputs=True)
def initializers_as_inputs(g):
    """Files of IR version 3 list every initializer among the graph's inputs as well."""
    y = g.node("Relu", g.bn(g.conv("x", 3, 5), 5))
    y = g.node("Flatten", g.node("GlobalAveragePool", y))
    g.put("y", "Gemm", [y, g.weights(7, 5), g.weights(7)], transB=1)


@case(12)
def constants(g):
    f = lambda *v: helper.make_tensor("v", TensorProto.FLOAT, [len(v)], v)
    g.put("tensor", "Mul", ["x", g.node("Constant", [], value=f(2.5))])
    g.put("float", "Mul", ["x", g.node("Constant", [], value_float=1.5)])
    g.put("floats", "Add", ["x", g.node("Constant", [], value_floats=[0.5] * 2 + [-1.0] * 3)])
    g.put("ints", "Reshape", ["x", g.node("Constant", [], value_ints=[0, -1])])
    axis = g.node("Unsqueeze", g.node("Constant", [], value_int=60), axes=[0])
    g.put("int", "Reshape", ["x", axis])
    folded = g.node("Add", [g.node("Constant", [], value_float=1.5), g.weights(5)])
    g.put("folded", "Sub", [folded, "x"])


@case(13)
def whole_numbers(g):
    """Integers computed per frame, and floats made of them."""
    whole = g.node("Cast", [g.node("Mul", ["x", g.init(np.float32(8))])], to=7)
    g.out(g.node("Div", [g.node("Cast", [whole], to=1), g.init(np.float32(2.5))]), "quotient")
    cut = g.node("Div", [whole, g.init(np.int64(3))])
    g.out(g.node("Relu", [g.node("Cast", [cut], to=1)]), "cut_quotient")


@case(13, shape=(2, 3, 9, 21))
def gates_of_channels(g):
    """One factor or two for each channel of all pixels: rows that are short, long, and uneven."""
    for c in (1, 2, 5, 24, 33, 128, 129):
        image = g.conv("x", 3, c, 1)
        gate = g.node("Sigmoid", g.conv(g.node("GlobalAveragePool", "x"), 3, c, 1))
        g.put(f"gate_{c}", "GlobalAveragePool", g.node("Mul", [image, gate]))
        g.put(f"under_{c}", "ReduceMax", g.node("Sub", [gate, g.node("Abs", image)]), axes=[1])
        both = g.node("BatchNormalization", [g.node("Tanh", image)] + [
            g.weights(c, low=0.5) for _ in range(4)])
        g.put(f"affine_{c}", "ReduceMean", g.node("Abs", both), axes=[1])
    g.put("columns", "Mul", ["x", g.node("ReduceMean", "x", axes=[2], keepdims=1)])
    g.put("rows", "Where", [g.node("Greater", ["x", g.init(np.zeros(21, np.float32))]), "x",
                            g.weights(9, 1)])
