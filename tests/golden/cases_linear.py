# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: matrix products of any rank, attention, softmax, normalisation."""

import numpy as np
from onnx import TensorProto

from builder import case


@case((13, 21), shape=(1, 6, 5, 4))
def softmax_axes(g):
    """Along neighbours, across them, and in either layout."""
    turned = g.node("Transpose", "x", perm=[0, 2, 3, 1])
    convolved = g.conv("x", 6, 7, 1)
    for axis in (0, 1, 2, 3, -1):
        g.put(f"axis_{axis}", "Softmax", "x", axis=axis)
        g.put(f"turned_{axis}", "Softmax", turned, axis=axis)
        g.put(f"log_{axis}", "LogSoftmax", "x", axis=axis)
        g.put(f"image_{axis}", "Softmax", convolved, axis=axis)


@case(13, shape=(1, 3, 700))
def softmax_long(g):
    g.put("run", "Softmax", "x", axis=2)
    g.put("log", "LogSoftmax", "x", axis=2)
    g.put("across", "Softmax", g.node("Transpose", "x", perm=[0, 2, 1]), axis=1)
    g.put("before", "Softmax", "x", axis=1)


@case((11, 13), shape=(3, 10, 1, 1))
def softmax_before_window(g):
    """Over several dimensions as one, in front of what wants zeros around the image."""
    for axis in (1, 2, 3):
        y = g.node("Softmax", ["x"], axis=axis)
        g.out(g.conv(y, 10, 7, 3, pads=[1] * 4), f"axis_{axis}")


@case(13, shape=(2, 3, 5))
def log_softmax_far(g):
    """Of whole numbers around 131072, where float32 has two digits behind the point."""
    scaled = g.node("Floor", g.node("Mul", ["x", g.init(np.float32(4))]))
    x = g.node("Add", [scaled, g.init(np.float32(131072))])
    for axis in (1, -1):
        g.put(f"log_{axis}", "LogSoftmax", x, axis=axis)


@case(11, shape=(2, 3, 5))
def log_softmax_11(g):
    g.put("flat", "LogSoftmax", "x", axis=1)
    g.put("last", "LogSoftmax", "x", axis=2)


@case(17, shape=(1, 6, 5, 4))
def layer_norm(g):
    convolved = g.conv("x", 6, 40, 1)
    last = g.node("Transpose", convolved, perm=[0, 2, 3, 1])
    g.put("neighbours", "LayerNormalization", [last, g.weights(40), g.weights(40)], epsilon=1e-6)
    g.put("no_bias", "LayerNormalization", [last, g.weights(40)])
    g.put("row", "LayerNormalization", ["x", g.weights(4), g.weights(4)], axis=-1)
    g.put("image", "LayerNormalization", ["x", g.weights(6, 5, 4), g.weights(6, 5, 4)], axis=1)
    g.put("rows", "LayerNormalization", ["x", g.weights(5, 4), g.weights(4)], axis=-2)
    g.put("convolved", "LayerNormalization", [convolved, g.weights(4), g.weights(4)], axis=3)
    g.put("one", "LayerNormalization", ["x", g.weights(1), g.weights(1)], axis=2)


@case(17, shape=(1, 2, 9, 300))
def layer_norm_wide(g):
    """More neighbours than are worked on at a time."""
    g.put("row", "LayerNormalization", ["x", g.weights(300), g.weights(300)])
    g.put("all", "LayerNormalization", ["x", g.weights(300)], axis=1)


@case((6, 13), shape=(2, 12, 5, 4))
def instance_norm(g):
    g.put("plain", "InstanceNormalization", ["x", g.weights(12), g.weights(12)])
    convolved = g.node("Relu", g.conv("x", 12, 20, 1))
    g.put("image", "InstanceNormalization", [convolved, g.weights(20), g.weights(20)],
          epsilon=1e-3)
    flat = g.node("Reshape", [convolved, g.ints(2, 4, -1)]) if g.opset > 6 else None
    if flat:
        g.put("groups", "InstanceNormalization", [flat, g.weights(4), g.weights(4)])


@case(13, shape=(2, 12, 5, 4))
def group_norm_chain(g):
    """As PyTorch writes GroupNorm: between two Reshapes, with factors behind."""
    convolved = g.conv("x", 12, 20, 1)
    def group_norm(groups, scale, shift):
        y = g.node("Reshape", [convolved, g.ints(2, groups, -1)])
        y = g.node("InstanceNormalization", [y, scale, shift])
        return g.node("Reshape", [y, g.ints(2, 20, 5, 4)])
    y = g.node("Mul", [group_norm(1, g.weights(1), g.weights(1)), g.weights(20, 1, 1)])
    g.put("one", "Add", [y, g.weights(20, 1, 1)])
    g.out(group_norm(5, g.weights(5), g.weights(5)), "five")
    y = g.node("InstanceNormalization", [convolved, g.weights(20), g.weights(20)])
    g.put("channels", "Add", [y, g.weights(20, 1, 1)])


@case(18, shape=(2, 12, 5, 4), ort=99)
def group_norm_18(g):
    """One scale a group."""
    g.put("plain", "GroupNormalization", ["x", g.weights(3), g.weights(3)], num_groups=3)


@case(21, shape=(2, 12, 5, 4))
def group_norm(g):
    g.put("plain", "GroupNormalization", ["x", g.weights(12), g.weights(12)], num_groups=3)
    convolved = g.conv("x", 12, 20, 1)
    for groups in (1, 4, 20):
        g.put(f"image_{groups}", "GroupNormalization", [convolved, g.weights(20), g.weights(20)],
              num_groups=groups, epsilon=1e-3)


@case(13, shape=(1, 7, 12), rounding=16)
def matmul_rows(g):
    """A constant matrix and many rows: bias, activation and residual belong to it."""
    y = g.node("Add", [g.node("MatMul", ["x", g.weights(12, 40)]), g.weights(40)])
    y = g.node("Relu", y)
    y = g.node("Add", [g.node("MatMul", [y, g.weights(40, 12)]), g.weights(12)])
    y = g.node("Add", ["x", y])
    g.out(y, "block")
    turned = g.node("Transpose", "x", perm=[0, 2, 1])
    g.put("turned", "MatMul", [turned, g.weights(7, 5)])
    g.put("sigmoid", "Sigmoid", g.node("MatMul", ["x", g.weights(12, 3)]))
    flat = g.node("Reshape", ["x", g.ints(7, 12)])
    z = g.node("Gemm", [flat, g.weights(33, 12), g.weights(33)], transB=1, alpha=0.5)
    g.put("gemm", "Add", [z, g.node("Tanh", g.node("Gemm", [flat, g.weights(12, 33)]))])
    g.put("one_column", "MatMul", ["x", g.weights(12, 1)])


@case(13, shape=(1, 6, 5, 4))
def matmul_image(g):
    """Rows that are pixels in memory, with zeros around them for the next convolution."""
    y = g.node("Transpose", g.conv("x", 6, 12, 3, pads=[1] * 4), perm=[0, 2, 3, 1])
    y = g.node("Relu", g.node("MatMul", [y, g.weights(12, 20)]))
    y = g.node("MatMul", [y, g.weights(20, 12)])
    y = g.node("Transpose", y, perm=[0, 3, 1, 2])
    g.out(g.conv(y, 12, 12, 5, group=12, pads=[2] * 4), "y")
    windows = g.node("Reshape", [y, g.ints(1, 12, 5, 2, 2)])
    windows = g.node("Transpose", windows, perm=[0, 3, 2, 4, 1])
    g.put("windows", "MatMul", [windows, g.weights(12, 9)])


@case(13, shape=(2, 3, 9, 40))
def matmul_computed(g):
    """Two computed operands, turned, broadcast, long."""
    y = g.node("Tanh", "x")
    turned = g.node("Transpose", y, perm=[0, 1, 3, 2])
    scores = g.node("MatMul", ["x", turned])
    g.out(scores, "scores")
    g.put("masked", "Add", [scores, g.weights(1, 1, 9, 9)])
    g.put("masked_rows", "Add", [g.node("MatMul", [y, turned]), g.weights(3, 1, 9)])
    g.put("masked_columns", "Add", [g.node("MatMul", [y, turned]), g.weights(9, 1)])
    g.put("out", "MatMul", [scores, y])
    g.put("long", "MatMul", [turned, "x"])
    heads = g.node("Transpose", g.node("Reshape", [y, g.ints(2, 27, 5, 8)]), perm=[0, 2, 1, 3])
    g.put("heads", "MatMul", [heads, g.node("Transpose", heads, perm=[0, 1, 3, 2])])
    g.put("constant", "MatMul", [y, g.weights(3, 40, 6)])
    g.put("left", "MatMul", [g.weights(5, 9), y])
    g.put("broadcast", "MatMul", [y, g.node("ReduceMean", turned, axes=[0, 1], keepdims=1)])
    row = g.node("Reshape", [g.node("ReduceMean", y, axes=[0, 1, 2], keepdims=0), g.ints(40)])
    g.put("column", "MatMul", [y, row])
    g.put("row", "MatMul", [row, turned])
    g.put("dot", "MatMul", [row, row])
    g.put("relu", "Relu", g.node("MatMul", [y, turned]))


@case(13, shape=(1, 2, 3, 700))
def matmul_deep(g):
    """More terms than are packed at a time."""
    y = g.node("Transpose", g.node("Tanh", "x"), perm=[0, 1, 3, 2])
    g.put("y", "Sigmoid", g.node("Add", [g.node("MatMul", ["x", y]), g.weights(3)]))
@case(23, shape=(1, 6, 5, 4), ort=99)
def rms_norm(g):
    g.put("row", "RMSNormalization", ["x", g.weights(4)])
    g.put("image", "RMSNormalization", ["x", g.weights(6, 5, 4)], axis=1, epsilon=1e-3)




@case(13, shape=(1, 6, 5, 4))
def einsum(g):
    turned = g.node("Transpose", "x", perm=[0, 2, 3, 1])
    def put(name, equation, *operands):
        g.put(name, "Einsum", list(operands), equation=equation)
    put("matmul", "bcij,jk->bcik", "x", g.weights(4, 3))
    put("scores", "bhid,bhjd->bhij", "x", g.node("Tanh", "x"))
    put("turned_out", "bhij,bhjd->bidh", g.node("Einsum", ["x", "x"],
                                                equation="bhid,bhjd->bhij"), "x")
    put("rows", "bhwc,hkc->bhwk", turned, g.weights(5, 7, 6))
    put("columns", "bhwc,wkc->bhwk", turned, g.weights(4, 3, 6))
    put("two_sums", "nchw,khwc->nk", "x", g.weights(8, 5, 4, 6))
    put("implied", "ij,jk", g.node("Reshape", ["x", g.ints(6, 20)]), g.weights(20, 3))
    put("outer", "abc,de -> adbec", g.node("Reshape", ["x", g.ints(6, 5, 4)]), g.weights(2, 3))
    put("vector", "bhwc,c->bhw", turned, g.weights(6))


@case(23, shape=(1, 2, 7, 8), ort=24)
def attention(g):
    """Heads as a dimension and inside one, shared keys, masks."""
    y = g.node("Tanh", "x")
    z = g.node("Sigmoid", g.node("Slice", ["x", g.ints(0), g.ints(5), g.ints(2)]))
    g.put("self", "Attention", ["x", y, y])
    g.put("cross", "Attention", ["x", z, z], scale=0.3)
    g.put("causal", "Attention", ["x", y, y], is_causal=1)
    g.put("mask", "Attention", ["x", z, z, g.weights(7, 5)])
    g.put("mask_of_heads", "Attention", ["x", z, z, g.weights(1, 2, 7, 5)])
    g.put("mask_causal", "Attention", ["x", y, y, g.weights(2, 1, 7)], is_causal=1)
    allowed = g.init(g.values(1, 1, 7, 5) > -0.5)
    g.put("allowed", "Attention", ["x", z, z, allowed])
    rows = g.node("Reshape", [g.node("Transpose", "x", perm=[0, 2, 1, 3]), g.ints(1, 7, 16)])
    values = g.node("MatMul", [rows, g.weights(16, 4)])
    g.put("rows", "Attention", [rows, rows, rows], q_num_heads=4, kv_num_heads=4)
    keys = g.node("MatMul", [rows, g.weights(16, 8)])
    g.put("grouped", "Attention", [rows, keys, values], q_num_heads=4, kv_num_heads=2)
    g.put("grouped_mask", "Attention", [rows, keys, values, g.weights(4, 7, 7)], q_num_heads=4,
          kv_num_heads=2)


@case(14, shape=(1, 5, 7, 3))
def lstm(g):
    """Over the columns of the picture, one sequence a row."""
    x = g.node("Transpose", g.node("Reshape", ["x", g.ints(5, 7, 3)]), perm=[1, 0, 2])
    w = lambda n: [g.weights(n, 24, 3), g.weights(n, 24, 6), g.weights(n, 48)]
    both = g.node("LSTM", [x, *w(2)], ["both", "both_h", "both_c"], direction="bidirectional",
                  hidden_size=6)
    for name in both:
        g.out(name)
    state = ["", g.weights(1, 5, 6), g.weights(1, 5, 6)]
    forward = g.node("LSTM", [x, *w(1), *state], ["forward", "forward_h", "forward_c"],
                     hidden_size=6)
    back = g.node("LSTM", [x, *w(1)[:2]], ["back", "back_h", "back_c"], direction="reverse",
                  hidden_size=6)
    for name in (*forward[:2], *back[1:]):
        g.out(name)
    last = g.node("LSTM", [forward[1], g.weights(1, 24, 6), g.weights(1, 24, 6), g.weights(1, 48),
                           g.init(np.full(5, 1, np.int32))], ["second"], hidden_size=6)
    g.put("of_a_state", "Relu", last)


@case(13, shape=(1, 2, 6, 8))
def product_factors(g):
    """Constants that scale a product or its operands, and masks of all broadcasts."""
    turned = g.node("Transpose", "x", perm=[0, 1, 3, 2])

    def number(value):
        return g.init(np.float32(value))

    def scores(before=False):
        x = g.node("Mul", ["x", number(0.5)]) if before else "x"
        return g.node("MatMul", [x, g.node("Mul", [number(0.5), turned]) if before else turned])

    g.put("behind", "Mul", [scores(), number(0.25)])
    g.put("divided", "Div", [scores(), number(3)])
    g.put("before", "Relu", scores(True))
    g.put("masked", "Add", [g.node("Mul", [scores(), number(0.25)]), g.weights(2, 6, 6)])
    g.put("masked_row", "Add", [g.weights(6), g.node("Div", [scores(), number(2)])])
    g.put("masked_column", "Add", [scores(), g.weights(2, 6, 1)])
    computed = g.node("ReduceMax", "x", axes=[1, 3])
    g.put("masked_computed", "Add", [scores(), computed])
    product, early = scores(), scores()
    later = g.node("ReduceMax", g.node("MatMul", ["x", turned]), axes=[3])
    g.put("masked_later", "Add", [early, later])
    g.put("inside", "Mul", [product, number(0.5)])
    g.put("inside_product", "Neg", product)
    g.put("wider", "Add", [scores(), g.weights(3, 1, 6, 6)])
    g.put("wider_factor", "Mul", [scores(), g.init(np.ones((1, 1, 1, 1, 1), np.float32))])
    g.put("by_quotient", "Div", [number(2), scores()])
    g.put("masked_activated", "Add", [g.node("Tanh", scores()), g.weights(6)])


@case(13, shape=(1, 3, 6, 4))
def gemm_of_images(g):
    """Flatten in front of rows of weights, which may lie pixel by pixel as the image does; and
    where others read the row, or the weights are columns."""
    def row(channels):
        return g.node("Flatten", g.node("Relu", g.conv("x", 3, channels, pads=[1] * 4)))

    def gemm(name, x, n_in, n_out, rows=1):
        w = g.weights(n_out, n_in) if rows else g.weights(n_in, n_out)
        g.put(name, "Gemm", [x, w, g.weights(n_out)], transB=rows)

    shared = row(5)
    gemm("first", shared, 120, 7)
    gemm("second", shared, 120, 3)
    half = g.node("Cast", g.init(g.values(6, 168).astype(np.float16)), to=TensorProto.FLOAT)
    g.put("halves", "Gemm", [row(7), half], transB=1)
    read = row(4)
    gemm("beside", read, 96, 5)
    g.put("sigmoid", "Sigmoid", read)
    gemm("columns", row(4), 96, 5, rows=0)
    g.out(row(2), "shown")
    gemm("of_output", "shown", 48, 4)
