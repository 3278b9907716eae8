# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: the building blocks of real networks, where fusion and stages must not err."""

import numpy as np

from onnx import TensorProto, helper

from builder import case

P1 = dict(pads=[1] * 4)


def relu(g, x):
    return g.node("Relu", x)


def head(g, x, c, name, classes=4):
    g.put(name, "Gemm", [g.node("Flatten", g.node("GlobalAveragePool", x)), g.weights(classes, c),
                         g.weights(classes)], transB=1)


@case(13, shape=(1, 6, 4, 5))
def residual(g):
    a = relu(g, g.conv("x", 6, 6, **P1))
    after = relu(g, g.node("Add", [g.conv(a, 6, 6, **P1), "x"]))       # v1: Relu after the Add
    g.out(after, "relu_after")
    before = g.node("Add", [after, relu(g, g.conv(after, 6, 6, **P1))])  # Relu before the Add
    g.out(before, "relu_before")
    pre = relu(g, g.bn(before, 6))                                     # v2: BN and Relu first
    g.put("pre_activation", "Add", [g.conv(pre, 6, 6, **P1), before])
    twice = g.conv(before, 6, 6, 1)
    g.put("doubled", "Add", [twice, twice])
    g.put("two_convs", "Add", [g.conv(before, 6, 4, 1), g.conv("x", 6, 4, 1)])


@case(13, shape=(1, 5, 4, 4))
def second_reader(g):
    """A value that looks private to its activation but is read again elsewhere."""
    y = g.conv("x", 5, 5, **P1)
    r = relu(g, y)
    g.put("reads_both", "Sub", [r, y])
    z = g.conv(r, 5, 5, **P1)
    g.out(z, "output_before_relu")
    g.put("output_after_relu", "Relu", "output_before_relu")
    n = g.conv(r, 5, 5)
    g.put("bn_aside", "Mul", [g.bn(n, 5), g.node("Sigmoid", n)])
    s = g.node("Add", [g.conv(r, 5, 5, **P1), "x"])
    g.put("sum_aside", "Concat", [relu(g, s), s], axis=1)


@case(13, shape=(1, 4, 5, 4))
def inception(g):
    a = relu(g, g.conv("x", 4, 3, 1))
    b = relu(g, g.conv(relu(g, g.conv("x", 4, 2, 1)), 2, 5, 3, **P1))
    c = relu(g, g.conv(relu(g, g.conv("x", 4, 3, (1, 5), pads=[0, 2, 0, 2])), 3, 2, (5, 1),
                       pads=[2, 0, 2, 0]))
    d = g.conv(g.node("AveragePool", "x", kernel_shape=[3, 3], strides=[1, 1], **P1), 4, 3, 1)
    y = g.node("Concat", [a, b, c, d], axis=1)
    g.out(y, "joined")
    head(g, g.conv(y, 13, 3, **P1), 3, "scores")


@case(11, shape=(1, 4, 6, 6))
def densenet(g):
    y, c = "x", 4
    for _ in range(3):
        new = g.conv(relu(g, g.bn(y, c)), c, 3, **P1)
        y, c = g.node("Concat", [y, new], axis=1), c + 3
    y = g.node("AveragePool", g.conv(relu(g, g.bn(y, c)), c, 6, 1), kernel_shape=[2, 2],
               strides=[2, 2])
    g.out(y, "transition")
    head(g, relu(g, g.bn(y, 6)), 6, "scores")


@case(13, shape=(1, 8, 4, 5))
def shufflenet(g):
    left, right = g.node("Split", "x", 2, axis=1)
    right = relu(g, g.conv(right, 4, 4, 1))
    right = relu(g, g.conv(g.conv(right, 4, 4, 3, group=4, **P1), 4, 4, 1))
    y = g.node("Concat", [left, right], axis=1)
    y = g.node("Transpose", g.node("Reshape", [y, g.ints(1, 2, 4, 4, 5)]), perm=[0, 2, 1, 3, 4])
    y = g.node("Reshape", [y, g.ints(1, -1, 4, 5)])
    g.out(y, "shuffled")
    y = g.conv(y, 8, 8, 3, group=2, strides=[2, 2], **P1)
    head(g, y, 8, "scores")


@case(14, shape=(1, 8, 4, 4))
def squeeze_excite(g):
    y = g.node("HardSwish", g.conv("x", 8, 12, 1))
    s = relu(g, g.conv(g.node("GlobalAveragePool", y), 12, 4, 1))
    y = g.node("Mul", [y, g.node("HardSigmoid", g.conv(s, 4, 12, 1), alpha=1 / 6)])
    g.out(y, "hard")
    s = g.node("ReduceMean", y, axes=[2, 3], keepdims=1)
    s = g.node("Mul", [s, g.node("Sigmoid", s)])
    y = g.node("Mul", [g.node("Sigmoid", g.conv(s, 12, 12, 1)), y])
    g.out(y, "soft")
    flat = g.node("Gemm", [g.node("Flatten", g.node("GlobalAveragePool", y)), g.weights(12, 12)])
    gate = g.node("Unsqueeze", [g.node("Sigmoid", flat), g.ints(2, 3)])
    g.put("linear", "Mul", [y, gate])


@case((9, 14), shape=(1, 5, 5, 4))
def inverted_residual(g):
    six = (lambda x: g.node("Clip", x, min=0.0, max=6.0)) if g.opset < 11 else \
        (lambda x: g.node("Clip", [x, g.init(np.float32(0)), g.init(np.float32(6))]))
    y = six(g.bn(g.conv("x", 5, 15, 1, bias=False), 15))
    y = six(g.bn(g.conv(y, 15, 15, 3, bias=False, group=15, **P1), 15))
    y = g.node("Add", ["x", g.bn(g.conv(y, 15, 5, 1, bias=False), 5)])
    g.out(y, "block")
    head(g, y, 5, "scores")


@case(8, shape=(1, 3, 9, 9))
def old_style(g):
    """Conv, LRN, MaxPool, grouped Conv, Dropout, Gemm, Softmax: AlexNet and GoogLeNet."""
    y = g.node("LRN", relu(g, g.conv("x", 3, 8, 3, strides=[2, 2], pads=[1] * 4)), size=5,
               alpha=0.02)
    y = g.node("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
    y = relu(g, g.conv(y, 8, 8, group=2, **P1))
    y, _ = g.node("Dropout", g.node("Reshape", [y, g.ints(1, 32)]), 2, ratio=0.5)
    y = relu(g, g.node("Gemm", [y, g.weights(10, 32), g.weights(10)], transB=1))
    g.put("prob", "Softmax", g.node("Gemm", [y, g.weights(4, 10), g.weights(4)], transB=1))


@case(13, shape=(1, 3, 8, 8), batch="N")
def early_exits(g):
    """Two exits and their metadata; `winnow run` computes every output."""
    y, c = "x", 3
    for stage, width in enumerate((6, 9, 8)):
        y, c = relu(g, g.conv(y, c, width, **P1)), width
        head(g, y, width, ("early", "late", "final")[stage], 5)
    g.meta = {"winnow.version": "1", "winnow.exits": "early,late", "winnow.output": "final",
              "winnow.labels": "a\nb\nc, d\ne\nf", "winnow.strategy": "class-exclusion",
              "winnow.exit-score": "sigmoid", "winnow.thresholds": "0.5,0.7"}


@case(13, shape=(1, 3, 8, 8))
def exit_through_transpose(g):
    """Exits on a branch that leaves the trunk before an activation, and on a pooled branch."""
    y = g.conv("x", 3, 6, **P1)
    head(g, g.node("Tanh", y), 6, "early", 5)
    y = relu(g, y)
    p = g.node("AveragePool", y, kernel_shape=[4, 4], strides=[4, 4])
    g.put("late", "Gemm", [g.node("Flatten", p), g.weights(24, 5), g.weights(5)])
    y = g.node("Concat", [y, "x"], axis=1)
    head(g, g.conv(y, 9, 7), 7, "final", 5)
    g.meta = {"winnow.version": "1", "winnow.exits": "early,late", "winnow.output": "final",
              "winnow.strategy": "confidence", "winnow.exit-score": "softmax",
              "winnow.thresholds": "0.5,0.7"}


@case(13, shape=(1, 3, 5, 5))
def odd_names(g):
    """Characters that a file name cannot carry, a node nobody reads, an output also read."""
    g.out(g.conv("x", 3, 4), "a/b:0 c")
    g.node("Sigmoid", "x")
    g.out(relu(g, "a/b:0 c"), "..dots-and_lines.1")
    g.put("same", "Identity", "x")


@case((16, 17, 18, 20, 21), shape=(1, 3, 8, 8))
def newest(g):
    """The usual operators in files of the newest opsets."""
    y = g.node("Relu", g.bn(g.conv("x", 3, 8, **P1), 8))
    a, b = g.node("Split", [y, g.ints(3, 5)], 2, axis=1)
    y = g.node("Concat", [b, g.node("Identity", a)], axis=1)
    y = g.node("AveragePool", g.node("HardSwish", y), kernel_shape=[2, 2], strides=[2, 2])
    y = g.node("Pad", [y, g.ints(0, 0, 1, 1, 0, 0, 1, 1)])
    y = g.node("LeakyRelu", g.conv(y, 8, 6), alpha=0.1)
    y = g.node("Mul", [g.node("Cast", y, to=1), g.node("Constant", [], value_float=0.5)])
    if g.opset >= 18:
        mean = g.node("ReduceMean", [y, g.ints(2, 3)])
    else:
        mean = g.node("ReduceMean", y, axes=[2, 3])
    batch = g.node("Shape", y, start=0, end=1)
    y = g.node("Reshape", [mean, g.node("Concat", [batch, g.ints(-1)], axis=0)])
    y = g.node("Dropout", g.node("Squeeze", [g.node("Unsqueeze", [y, g.ints(0)]), g.ints(0)]))
    g.put("y", "Softmax", g.node("Gemm", [y, g.weights(6, 4), g.weights(4)]))


@case(13, shape=(1, 12))
def no_image(g):
    """A vector for an input: it runs, though it takes no frames."""
    y = relu(g, g.node("Gemm", ["x", g.weights(6, 12), g.weights(6)], transB=1))
    g.put("y", "Gemm", [y, g.weights(4, 6), g.weights(4)], transB=1)


@case((11, 21))
def branches(g):
    """Conditions that are constant, or say something about the shape."""
    def branch(name, *nodes):
        out = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph(list(nodes), name, [], [out])
    def two(inside):
        return dict(then_branch=branch("a", helper.make_node("Relu", [inside], ["a"])),
                    else_branch=branch("b", helper.make_node("Neg", [inside], ["b"]),))
    true, false = (g.init(np.array(v, bool)) for v in (True, False))
    g.put("then", "If", [true], **two("x"))
    g.put("else", "If", [false], **two("x"))
    height = g.node("Gather", [g.node("Shape", "x"), g.init(np.array(2))])
    g.put("by_shape", "If", [g.node("Equal", [height, g.init(np.array(4))])], **two("x"))


@case(14, shape=(1, 4, 40, 36))
def gated_blocks(g):
    """Squeeze-and-excite on images that are walked over in bands, and forms that are not."""
    def gated(c, first=False, act="Sigmoid"):
        x = relu(g, g.conv("x", 4, c, 3, **P1))
        gate = g.node(act, g.conv(g.node("GlobalAveragePool", x), c, c, 1))
        return g.node("Mul", [gate, x] if first else [x, gate])

    g.put("residual", "Add", [g.conv(gated(24), 24, 4, 1), "x"])
    g.out(relu(g, g.conv(gated(20, True, "HardSigmoid"), 20, 1, 1)), "gate_first")
    g.out(g.conv(gated(17), 17, 1, 1), "uneven")
    g.out(g.conv(gated(24), 24, 1, 3, **P1), "window")
    g.out(g.conv(relu(g, gated(24, act="Tanh")), 24, 1, 1), "activated")
    g.out(g.conv(gated(24), 24, 2, 1, group=2), "grouped")
    twice = gated(24)
    g.put("second_reader", "GlobalAveragePool", twice)
    g.out(g.conv(twice, 24, 1, 1), "product_read_twice")
    both = relu(g, g.conv("x", 4, 24, 3, **P1))
    g.out(g.conv(g.node("Mul", [both, both]), 24, 1, 1), "no_gate")


@case(13, shape=(1, 3, 8, 8))
def truth_between_layers(g):
    """A classifier that chooses between layers' numbers by what it compares."""
    y = g.conv("x", 3, 4, 3)
    zero = g.init(np.zeros((1, 1, 1, 1), np.float32))
    less = g.node("Less", [y, zero])
    chosen = g.node("Where", [g.node("Concat", [less, less], axis=1),
                              g.node("Concat", [y, y], axis=1), zero])
    y = g.node("GlobalAveragePool", g.conv(chosen, 8, 10, 1))
    g.out(g.node("Flatten", y), "scores")


@case(14, shape=(1, 4, 40, 36))
def mobile_blocks(g):
    """Images large enough to be walked over in bands, with every kind of window between."""
    def act(x, kind):
        return g.node("Clip", [x, g.init(np.float32(0)), g.init(np.float32(6))]) \
            if kind == "Clip" else g.node(kind, x)

    def depthwise(x, c, k, kind="Clip", **attrs):
        return act(g.conv(x, c, c, k, group=c, **attrs), kind)

    def expanded(c, kind="Clip"):
        return act(g.conv("x", 4, c, 1), kind)

    y = depthwise(expanded(24), 24, 3, **P1)
    g.put("residual", "Add", [g.conv(y, 24, 4, 1), "x"])
    y = depthwise(expanded(40, "HardSwish"), 40, 5, "HardSwish", pads=[2] * 4, strides=[2, 2])
    g.out(g.conv(y, 40, 3, 1), "stride_2")
    stem = act(g.conv("x", 4, 32, 3, strides=[1, 1], **P1), "Relu")
    g.out(g.conv(depthwise(stem, 32, 7, "Sigmoid", pads=[3] * 4, strides=[2, 2]), 32, 3, 1), "stem")
    y = depthwise(expanded(20), 20, 3, dilations=[2, 3], pads=[2, 3, 2, 3], strides=[2, 1])
    g.out(g.conv(y, 20, 2, 1), "dilated")
    y = depthwise(expanded(17), 17, 3, pads=[0, 0, 1, 1], strides=[2, 2])
    g.out(g.node("Relu", g.conv(y, 17, 3, 1)), "uneven")
    wide = depthwise(expanded(150), 150, 3, pads=[1, 0, 1, 2], strides=[2, 2])
    g.put("channels_apart", "GlobalAveragePool", wide)
    twice = expanded(24)
    g.put("second_reader", "GlobalAveragePool", twice)
    g.out(g.conv(depthwise(twice, 24, 3), 24, 2, 1), "not_expanded")
