# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: QuantizeLinear and DequantizeLinear around everything that can be int8.

Expected values are those of the file's float form: numbers rounded where the file says so.
"""

import numpy as np

from builder import case

P1 = dict(pads=[1] * 4)
STEP = 1 / 32  # of activations between -4 and 4


def pair(g, x, scale=STEP, zero=128, kind=np.uint8):
    """x rounded: QuantizeLinear and DequantizeLinear."""
    parameters = [g.init(np.float32(scale)), g.init(kind(zero))]
    return g.node("DequantizeLinear", [g.node("QuantizeLinear", [x] + parameters)] + parameters)


def weights(g, *shape, axis=0, kind=np.int8, zero=0, per_channel=True):
    """Integers with scales: (what DequantizeLinear makes of them, the scales)."""
    w = g.values(*shape)
    others = tuple(d for d in range(w.ndim) if d != axis) if per_channel else None
    scales = np.maximum(np.abs(w).max(others), 1e-3) / np.float32(127)
    shape = [-1 if d == axis else 1 for d in range(w.ndim)]
    wide = scales.reshape(shape) if per_channel else scales
    q = np.clip(np.rint(w / wide) + zero, -128 if kind is np.int8 else 0, 127 + max(zero, 0))
    inputs = [g.init(q.astype(kind)), g.init(scales.astype(np.float32))]
    if zero or kind is not np.int8:
        inputs.append(g.init(np.full(scales.shape, zero, kind)))
    attrs = dict(axis=axis) if per_channel else {}
    return g.node("DequantizeLinear", inputs, **attrs), scales.astype(np.float32)


def bias(g, n, x_scale, scales):
    """int32 in steps of the products."""
    step = (np.float32(x_scale) * scales * np.ones(n, np.float32)).astype(np.float32)
    q = np.rint(g.values(n, scale=0.1) / step).astype(np.int32)
    return g.node("DequantizeLinear", [g.init(q), g.init(step)], axis=0)


def conv(g, x, c_in, c_out, k=3, group=1, with_bias=True, x_scale=STEP, w=None, **attrs):
    w, scales = w or weights(g, c_out, c_in // group, k, k)
    inputs = [x, w] + ([bias(g, c_out, x_scale, scales)] if with_bias else [])
    return g.node("Conv", inputs, kernel_shape=[k, k], group=group, **attrs)


@case(13, shape=(1, 3, 9, 8))
def quantized_conv(g):
    x = pair(g, "x")
    g.out(pair(g, conv(g, x, 3, 5, **P1)), "plain")
    g.out(pair(g, g.node("Relu", conv(g, x, 3, 20, **P1)), zero=0), "relu")
    g.out(pair(g, conv(g, x, 3, 5, 1, strides=[2, 2])), "pointwise")
    g.out(conv(g, x, 3, 7, pads=[0, 1, 2, 0]), "not_rounded")
    g.out(pair(g, conv(g, x, 3, 18, 3, dilations=[2, 2], with_bias=False)), "dilated")
    g.out(pair(g, g.node("Clip", [conv(g, x, 3, 6, **P1), g.init(np.float32(-0.5)),
                                  g.init(np.float32(1.3))])), "clip")
    g.out(pair(g, g.node("LeakyRelu", conv(g, x, 3, 6, **P1))), "leaky")
    g.out(pair(g, g.node("Relu", conv(g, x, 3, 6, **P1)), zero=40), "relu_above_zero_point")
    far = pair(g, "x", scale=1 / 300, zero=7)  # nearly everything saturates
    g.out(pair(g, conv(g, far, 3, 6, x_scale=1 / 300, **P1), scale=0.0099), "saturated")


@case(13, shape=(1, 12, 6, 5))
def quantized_groups(g):
    x = pair(g, "x", zero=3, scale=1 / 60)
    s = dict(x_scale=1 / 60)
    g.out(pair(g, conv(g, x, 12, 8, group=2, **P1, **s)), "two")
    g.out(pair(g, conv(g, x, 12, 12, group=12, **P1, **s)), "depthwise")
    g.out(pair(g, g.node("Clip", [conv(g, x, 12, 12, 3, 12, strides=[2, 2], **s),
                                  g.init(np.float32(0)), g.init(np.float32(6))]), zero=0),
          "depthwise_relu6")
    g.out(conv(g, x, 12, 12, group=12, with_bias=False, **P1, **s), "depthwise_not_rounded")


@case(13, shape=(1, 6, 5, 4))
def quantized_types(g):
    signed = pair(g, "x", zero=-5, kind=np.int8)
    g.out(pair(g, conv(g, signed, 6, 9, **P1), zero=11, kind=np.int8), "int8")
    x = pair(g, "x")
    g.out(pair(g, conv(g, x, 6, 9, w=weights(g, 9, 6, 3, 3, kind=np.uint8, zero=128), **P1)),
          "uint8_weights")
    g.out(pair(g, conv(g, x, 6, 9, w=weights(g, 9, 6, 3, 3, kind=np.uint8, zero=100), **P1)),
          "odd_zero_point")
    g.out(pair(g, conv(g, x, 6, 9, w=weights(g, 9, 6, 3, 3, per_channel=False), **P1)),
          "one_scale")
    g.out(pair(g, g.node("Conv", [x, weights(g, 4, 6, 1, 1)[0], g.weights(4, scale=0.1)])),
          "float_bias")
    g.out(pair(g, g.node("Conv", [x, g.weights(4, 6, 3, 3)], **P1)), "float_weights")
    g.out(g.node("Conv", ["x", weights(g, 4, 6, 3, 3)[0]], **P1), "float_input")
    g.out(g.node("Add", ["x", weights(g, 1, 6, 5, 4, per_channel=False)[0]]), "constant")


@case(13, shape=(1, 8, 6, 6))
def quantized_network(g):
    x = pair(g, "x")
    a = pair(g, g.node("Relu", conv(g, x, 8, 8, **P1)), zero=0, scale=1 / 64)
    b = pair(g, conv(g, a, 8, 8, x_scale=1 / 64, **P1))
    total = pair(g, g.node("Relu", g.node("Add", [b, x])), zero=0, scale=0.0197)
    g.out(total, "residual")
    unrounded = conv(g, a, 8, 8, x_scale=1 / 64, **P1)
    g.out(pair(g, g.node("Relu", g.node("Add", [unrounded, a])), zero=0), "residual_unrounded")
    pool = g.node("MaxPool", total, kernel_shape=[2, 2], strides=[2, 2])
    pooled = pair(g, pool, zero=0, scale=0.0197)
    g.out(pooled, "maxpool")
    g.out(pair(g, g.node("AveragePool", pooled, kernel_shape=[2, 2], pads=[0, 0, 1, 1])), "average")
    both = pair(g, g.node("Concat", [total, x], axis=1), scale=0.0243)
    g.out(pair(g, conv(g, both, 16, 5, x_scale=0.0243)), "concat")
    mean = pair(g, g.node("GlobalAveragePool", total), zero=0, scale=0.0099)
    flat = pair(g, g.node("Flatten", mean), zero=0, scale=0.0099)
    w, scales = weights(g, 10, 8)
    g.out(g.node("Gemm", [flat, w, bias(g, 10, 0.0099, scales)], transB=1), "gemm")
    corners = pair(g, g.node("Flatten", pooled), zero=0, scale=0.0197)
    w, scales = weights(g, 72, 10, axis=1)
    g.out(g.node("MatMul", [corners, w]), "matmul")
    g.out(g.node("ReduceMean", total, axes=[2, 3], keepdims=0), "reduce_mean")
    g.put("softmax", "Softmax", [total], axis=1)
    g.out(pair(g, g.node("Sum", [total, x, b])), "sum")
    g.out(pair(g, g.node("HardSwish", x)) if g.opset >= 14 else pair(g, g.node("Sigmoid", x)),
          "activation")
    g.out(g.node("Transpose", total, perm=[0, 2, 3, 1]), "turned")


@case(13, shape=(1, 4, 40, 36))
def quantized_blocks(g):
    """Images large enough to be walked over in bands; zeros around them are zero points."""
    x = pair(g, "x", zero=100)

    def expanded(c, zero):
        return pair(g, conv(g, x, 4, c, 1), zero=zero)

    y = pair(g, conv(g, expanded(40, 77), 40, 40, group=40, **P1), zero=60)
    y = pair(g, conv(g, y, 40, 4, 1))
    g.out(pair(g, g.node("Add", [x, y])), "residual")
    y = expanded(56, 3)
    y = pair(g, g.node("Relu", conv(g, y, 56, 56, 5, 56, pads=[2] * 4, strides=[2, 2])), zero=0)
    g.out(conv(g, y, 56, 3, 1), "stride_2")
    y = expanded(150, 200)
    y = pair(g, conv(g, y, 150, 150, group=150, strides=[3, 3], pads=[1, 0, 1, 2]), zero=0)
    g.out(g.node("GlobalMaxPool", y), "channels_apart")


@case(13, shape=(1, 8, 40, 36))
def own_residuals(g):
    """What a convolution reads is added to its output, too; int8 weights do not take that along."""
    def added(y):
        y = g.node("Add", [conv(g, y, 8, 8, 1, with_bias=False), y])
        return g.node("GlobalMaxPool", y)

    g.out(added(g.conv("x", 8, 8, 3, group=8, **P1)), "behind_depthwise")
    y = g.node("Relu", "x")
    gate = g.node("Sigmoid", g.conv(g.node("GlobalAveragePool", y), 8, 8, 1))
    g.out(added(g.node("Mul", [y, gate])), "behind_gate")


@case(13, shape=(1, 6, 7, 5))
def quantized_channels(g):
    """Bytes that layers write into a Concat, or that are copied there, are shuffled and split."""
    x = pair(g, "x")

    def shuffle(y, groups):
        y = g.node("Reshape", [y, g.ints(1, groups, 24 // groups, 7, 5)])
        y = g.node("Transpose", y, perm=[0, 2, 1, 3, 4])
        return pair(g, g.node("Reshape", [y, g.ints(1, 24, 7, 5)]))

    for groups in (2, 3):
        parts = [pair(g, conv(g, x, 6, 10, **P1)), pair(g, conv(g, x, 6, 8, 1), zero=99), x]
        y = shuffle(pair(g, g.node("Concat", parts, axis=1)), groups)
        left, right = g.node("Split", y, outputs=2, axis=1)
        g.out(pair(g, conv(g, pair(g, right), 12, 12, group=12, **P1)), f"right_{groups}")
        g.out(pair(g, conv(g, left, 12, 4, 1)), f"left_{groups}")


@case(13, shape=(1, 16, 9, 10))
def quantized_3x3(g):
    """Wide enough for every way to compute a 3x3 convolution; sides that no tile divides."""
    x = pair(g, "x", zero=77)
    a = pair(g, g.node("Relu", conv(g, x, 16, 32, **P1)), zero=0, scale=1 / 70)
    g.out(a, "relu")
    b = pair(g, conv(g, a, 32, 48, pads=[0, 1, 1, 0], x_scale=1 / 70), scale=0.0317)
    g.out(b, "asymmetric")
    g.out(conv(g, b, 48, 16, x_scale=0.0317), "not_rounded")
    far = pair(g, "x", scale=1 / 500, zero=255)  # every number is at one end
    g.out(pair(g, conv(g, far, 16, 16, x_scale=1 / 500, **P1), scale=1 / 300), "saturated")


@case(13, shape=(1, 6, 5, 4))
def quantized_moves(g):
    """What exporters leave between QuantizeLinear and DequantizeLinear."""
    scale, zero = g.init(np.float32(STEP)), g.init(np.uint8(128))

    def between(x, op, more=(), undo=None, **attrs):
        q = g.node("QuantizeLinear", [x, scale, zero])
        return g.node("DequantizeLinear",
                      [g.node(op, [q, *more], **attrs), *(undo or [scale, zero])])

    g.out(conv(g, between("x", "Transpose", perm=[0, 1, 3, 2]), 6, 4, **P1), "turned")
    g.out(between("x", "Reshape", [g.ints(1, 3, 10, 4)]), "reshaped")
    g.out(between("x", "Cast", to=2), "cast")
    g.out(between("x", "MaxPool", kernel_shape=[2, 2]), "pooled")
    g.out(between("x", "Clip", [g.init(np.uint8(100)), g.init(np.uint8(140))]), "clipped")
    other = [g.init(np.float32(STEP * 2)), g.init(np.uint8(100))]
    g.out(between("x", "Identity", undo=other), "other_scale")
    behind = [g.node("Identity", [scale]), g.node("Identity", [zero])]
    g.out(g.node("DequantizeLinear", [g.node("QuantizeLinear", ["x", *behind]), *behind]),
          "zero_point_behind_identity")
    shaped = [g.init(np.float32([STEP])), g.node("Cast", [g.node(
        "ConstantOfShape", [g.ints(1)])], to=2)]
    g.out(g.node("DequantizeLinear", [g.node("QuantizeLinear", ["x", *shaped]), *shaped]),
          "zero_point_of_shape")
    per_channel = [g.init(np.float32(np.arange(1, 7) / 100)), g.init(np.arange(6).astype(np.uint8))]
    g.out(g.node("DequantizeLinear", [g.node("QuantizeLinear", ["x", *per_channel], axis=1),
                                      *per_channel], axis=1), "scale_per_channel")


@case(13, shape=(1, 6, 5, 4))
def quantized_clip(g):
    """Numbers are clipped behind a DequantizeLinear, and rounded to the same integers again."""
    def clipped(x, name, low, high, zero=0, kind=np.int8):
        x = pair(g, x, zero=zero, kind=kind)
        bounds = [g.init(np.float32(low)), g.init(np.float32(high))]
        g.out(pair(g, g.node("Clip", [x, *bounds]), zero=zero, kind=kind), name)

    clipped("x", "alone", 0, 0.5)
    clipped(conv(g, pair(g, "x", zero=0, kind=np.int8), 6, 5, **P1), "behind_conv", 0, 6)
    clipped("x", "unsigned", -0.25, 0.75, zero=128, kind=np.uint8)
    clipped("x", "above_zero", 0.1, 3, zero=-20)


@case(13, shape=(1, 6, 5, 4))
def quantized_weights_moved(g):
    x = pair(g, "x")
    w = g.values(4, 6, 3, 3)
    steps = [g.init(np.float32(np.abs(w).max() / 127)), g.init(np.int8(0))]
    qdq = g.node("DequantizeLinear", [g.node("QuantizeLinear", [g.init(w), *steps]), *steps])
    g.out(g.node("Conv", [x, qdq], **P1), "quantized_in_the_graph")
    flat = g.node("Flatten", x)
    matrix, _ = weights(g, 10, 120)
    g.out(g.node("MatMul", [flat, g.node("Transpose", [matrix], perm=[1, 0])]), "turned")
    one, _ = weights(g, 10, 6, 20, per_channel=False)
    g.out(g.node("Gemm", [flat, g.node("Reshape", [one, g.ints(10, 120)])], transB=1), "reshaped")
    wrong_axis, _ = weights(g, 4, 6, 3, 3, axis=1)
    g.out(g.node("Conv", [x, wrong_axis], **P1), "scale_per_input")


@case(21, shape=(1, 6, 5, 4), ir=10)
def sixteen_bits(g):
    x = pair(g, "x", scale=1 / 4096, zero=32768, kind=np.uint16)
    g.out(pair(g, conv(g, x, 6, 8, x_scale=1 / 4096, **P1), scale=1 / 2048, zero=-7,
               kind=np.int16), "conv")


MS = "com.microsoft"


@case(13, shape=(1, 6, 5, 4), ir=8)
def quantized_operators(g):
    """Operators that take integers with their scales."""
    def scales(scale=STEP, zero=128):
        return [g.init(np.float32(scale)), g.init(np.uint8(zero))]

    first = scales()
    x = g.node("QuantizeLinear", ["x", *first])

    def out(op, inputs, name, scale=STEP, zero=128, after=(), domain=MS, **attrs):
        made = scales(scale, zero)
        y = g.node(op, [*inputs, *made, *after], domain=domain, **attrs)
        g.out(g.node("DequantizeLinear", [y, *made]), name)
        return [y, *made]

    w = [g.init(g.random.randint(-127, 128, (8, 6, 3, 3)).astype(np.int8)),
         g.init(np.float32(np.linspace(1, 2, 8) / 900)), g.init(np.zeros(8, np.int8))]
    bias = g.init(g.random.randint(-900, 900, 8).astype(np.int32))
    conv = out("QLinearConv", [x, *first, *w], "conv", after=[bias], domain="", **P1)
    out("QLinearConv", [x, *first, *w], "no_bias", domain="", strides=[2, 2])
    total = out("QLinearAdd", [*conv, *conv], "sum", scale=STEP * 2)
    out("QLinearMul", [*conv, *total], "product")
    out("QLinearSigmoid", conv, "sigmoid", scale=1 / 256, zero=0)
    out("QLinearLeakyRelu", conv, "leaky", alpha=0.13)
    mean = out("QLinearGlobalAveragePool", conv, "mean", scale=STEP / 4, channels_last=0)
    flat = g.node("Flatten", mean[0])
    matrix = [g.init(g.random.randint(-127, 128, (8, 5)).astype(np.int8)),
              g.init(np.float32(1 / 300)), g.init(np.int8(0))]
    row = g.init(g.random.randint(-900, 900, 5).astype(np.int32))
    made = scales(STEP / 2)
    y = g.node("QGemm", [flat, *mean[1:], *matrix, row, *made], domain=MS)
    g.out(g.node("DequantizeLinear", [y, *made]), "gemm")
    out("QLinearMatMul", [flat, *mean[1:], *matrix], "matmul", domain="")
    made = scales(STEP * 2, 100)
    both = g.node("QLinearConcat", [*made, *conv, *total], domain=MS, axis=1)
    g.out(g.node("DequantizeLinear", [both, *made]), "concat")


@case(13, shape=(1, 6, 5, 4), ir=8)
def fused_conv(g):
    def fused(kind, name, params=None, residual=None):
        more = {} if params is None else dict(activation_params=params)
        inputs = ["x", g.weights(6, 6, 3, 3), g.weights(6, scale=0.1)]
        inputs += [residual] if residual else []
        g.out(g.node("FusedConv", inputs, domain=MS, activation=kind, **P1, **more), name)

    fused("Relu", "relu")
    fused("Relu", "residual", residual="x")
    fused("Clip", "clip", [0.0, 0.5])
    fused("LeakyRelu", "leaky", [0.1])
    fused("HardSigmoid", "hard_sigmoid", [0.2, 0.5])
    fused("Tanh", "tanh")
