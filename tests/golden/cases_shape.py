# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: matrix products, reductions, reshaping, shape arithmetic that folds, layouts."""

import numpy as np
from onnx import TensorProto, helper

from builder import case


def pooled(g, c=6):
    return g.node("Flatten", g.node("GlobalAveragePool", "x"))


@case(6, shape=(1, 6, 3, 4), ort=99)
def gemm_6(g):
    y = pooled(g)
    g.put("row", "Gemm", [y, g.weights(6, 5), g.weights(5)], broadcast=1)
    g.put("full", "Gemm", [y, g.weights(5, 6), g.weights(1, 5)], transB=1, alpha=0.5)


@case((7, 13), shape=(4, 6, 2, 1))
def gemm(g):
    y = pooled(g)
    turned = g.node("Transpose", y, perm=[1, 0])
    g.put("plain", "Gemm", [y, g.weights(6, 5), g.weights(5)])
    g.put("trans_b", "Gemm", [y, g.weights(5, 6), g.weights(5)], transB=1)
    g.put("trans_a", "Gemm", [turned, g.weights(6, 5), g.weights(5)], transA=1)
    g.put("trans_both", "Gemm", [turned, g.weights(5, 6), g.weights(5)], transA=1, transB=1)
    g.put("scaled", "Gemm", [y, g.weights(6, 5), g.weights(5)], alpha=0.5, beta=-2.0)
    g.put("c_scalar", "Gemm", [y, g.weights(6, 5), g.init(np.array(0.7, np.float32))])
    g.put("c_one", "Gemm", [y, g.weights(6, 5), g.init(np.array([0.7], np.float32))])
    g.put("c_row", "Gemm", [y, g.weights(6, 5), g.weights(1, 5)])
    g.put("c_column", "Gemm", [y, g.weights(6, 5), g.weights(4, 1)])
    g.put("c_full", "Gemm", [y, g.weights(6, 5), g.weights(4, 5)], beta=0.3)
    g.put("c_zero", "Gemm", [y, g.weights(6, 5), g.weights(5)], beta=0.0)
    g.put("relu", "Relu", g.node("Gemm", [y, g.weights(6, 19), g.weights(19)]))
    if g.opset >= 11:
        g.put("without_c", "Gemm", [y, g.weights(6, 5)])
        g.put("empty_c", "Gemm", [y, g.weights(6, 5), ""])


@case(13, shape=(1, 4, 3, 5))
def matmul(g):
    g.put("rank_4", "MatMul", ["x", g.weights(5, 6)])
    g.put("rank_4_batched", "MatMul", ["x", g.weights(4, 5, 2)])
    turned = g.node("Transpose", "x", perm=[0, 1, 3, 2])
    product = g.node("MatMul", ["x", turned])
    g.out(product, "runtime")
    g.put("attention", "MatMul", [g.node("Softmax", product, axis=3), "x"])
    g.put("constant_first", "MatMul", [g.weights(2, 3), "x"])
    g.put("vector", "MatMul", ["x", g.weights(5)])
    cube = g.node("Reshape", ["x", g.ints(4, 3, 5)])
    g.put("rank_3", "MatMul", [cube, g.weights(5, 2)])
    flat = g.node("Flatten", "x")
    g.put("with_bias", "Add", [g.node("MatMul", [flat, g.weights(60, 7)]), g.weights(7)])


@case(11, shape=(1, 4, 3, 5))
def reduce_mean(g):
    g.put("global", "ReduceMean", "x", axes=[2, 3])
    g.put("global_flat", "ReduceMean", "x", axes=[2, 3], keepdims=0)
    g.put("negative", "ReduceMean", "x", axes=[-1, -2], keepdims=0)
    g.put("channels", "ReduceMean", "x", axes=[1])
    g.put("rows", "ReduceMean", "x", axes=[2], keepdims=0)
    g.put("columns", "ReduceMean", "x", axes=[3])
    g.put("three", "ReduceMean", "x", axes=[1, 2, 3], keepdims=0)
    g.put("all", "ReduceMean", "x")
    g.put("scalar", "ReduceMean", "x", keepdims=0)


@case(18, shape=(1, 4, 3, 5))
def reduce_mean_18(g):
    g.put("global", "ReduceMean", ["x", g.ints(2, 3)])
    g.put("flat", "ReduceMean", ["x", g.ints(-2, -1)], keepdims=0)
    g.put("all", "ReduceMean", "x")
    g.put("same", "ReduceMean", "x", noop_with_empty_axes=1)


@case((6, 14), shape=(1, 4, 3, 6))
def reshape(g):
    g.put("flat", "Reshape", ["x", g.ints(1, 72)])
    g.put("minus_one", "Reshape", ["x", g.ints(2, -1)])
    g.put("zero", "Reshape", ["x", g.ints(0, 0, -1)])
    g.put("both", "Reshape", ["x", g.ints(0, -1, 2, 6)])
    g.put("rank_6", "Reshape", ["x", g.ints(1, 2, 2, 3, 2, 3)])
    g.put("vector", "Reshape", ["x", g.ints(-1)])
    if g.opset >= 14:
        g.put("allowzero", "Reshape", ["x", g.ints(1, 3, 4, 6)], allowzero=1)


@case((6, 13), shape=(1, 4, 3, 2))
def flatten(g):
    g.put("default", "Flatten", "x")
    for axis in (0, 1, 2, 3, 4) + ((-1, -3) if g.opset >= 11 else ()):
        g.put(f"axis_{axis}".replace("-", "minus_"), "Flatten", "x", axis=axis)


@case((6, 11), shape=(1, 4, 1, 5))
def squeeze_attributes(g):
    g.put("squeezed", "Squeeze", "x", axes=[0, 2])
    g.put("all", "Squeeze", "x")
    g.put("unsqueezed", "Unsqueeze", "x", axes=[0, 5])
    if g.opset >= 11:
        g.put("negative", "Squeeze", "x", axes=[-2])
        g.put("unsqueezed_negative", "Unsqueeze", "x", axes=[-1])


@case(13, shape=(1, 4, 1, 5))
def squeeze_inputs(g):
    g.put("squeezed", "Squeeze", ["x", g.ints(0, 2)])
    g.put("negative", "Squeeze", ["x", g.ints(-2)])
    g.put("all", "Squeeze", "x")
    g.put("unsqueezed", "Unsqueeze", ["x", g.ints(0, 5)])
    g.put("unsqueezed_negative", "Unsqueeze", ["x", g.ints(-1)])


@case(7, shape=(1, 4, 3, 2))
def transpose(g):
    g.put("default", "Transpose", "x")
    for perm in ((0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2), (1, 0, 2, 3), (3, 2, 1, 0)):
        g.put("p" + "".join(map(str, perm)), "Transpose", "x", perm=perm)
    g.put("sum", "Add", [g.node("Transpose", "x", perm=[0, 2, 3, 1]), g.weights(4)])


@case((6, 13), shape=(1, 4, 3, 2))
def concat(g):
    y = g.node("Relu", "x")
    g.put("channels", "Concat", ["x", y], axis=1)
    g.put("four", "Concat", ["x", y, g.conv("x", 4, 3, 1), y], axis=1)
    g.put("rows", "Concat", ["x", y, "x"], axis=2)
    g.put("columns", "Concat", ["x", y], axis=3)
    g.put("batch", "Concat", ["x", y], axis=0)
    g.put("one", "Concat", ["x"], axis=1)
    g.put("constant", "Concat", [g.weights(1, 2, 3, 2), y], axis=1)
    if g.opset >= 11:
        g.put("negative", "Concat", ["x", y], axis=-1)


@case((6, 11), shape=(1, 6, 3, 4))
def split_attributes(g):
    for k, (attrs, n) in enumerate((({"axis": 1}, 2), ({"axis": 1, "split": [1, 3, 2]}, 3),
                                    ({"axis": 3, "split": [1, 3]}, 2), ({"axis": 2}, 3))):
        for m, part in enumerate(g.node("Split", "x", n, **attrs)):
            g.put(f"s{k}_{m}", "Relu" if m else "Identity", part)


@case(13, shape=(1, 6, 3, 4))
def split_inputs(g):
    a, b, c = g.node("Split", ["x", g.ints(1, 3, 2)], 3, axis=1)
    g.out(a), g.out(b), g.out(c)
    d, e = g.node("Split", "x", 2, axis=-1)
    g.put("swapped", "Concat", [e, d], axis=3)


@case(18, shape=(1, 7, 3, 4))
def split_18(g):
    for part in g.node("Split", "x", 3, axis=1, num_outputs=3):  # 3, 3 and the rest: 1
        g.out(part)
    g.put("sum", "Add", g.node("Split", ["x", g.ints(2, 2)], 2, axis=3))


# ---- shape arithmetic ----------------------------------------------------------------------


@case((11, 13), shape=(1, 6, 3, 4), batch="N")
def shape_gather(g):
    """x.view(x.size(0), -1), as exporters write it."""
    size = g.node("Gather", [g.node("Shape", "x"), g.init(np.array(0, np.int64))], axis=0)
    parts = []
    for value in (size, g.init(np.array(-1, np.int64))):
        parts.append(g.node("Unsqueeze", [value, g.ints(0)] if g.opset >= 13 else value,
                            **({} if g.opset >= 13 else {"axes": [0]})))
    flat = g.node("Reshape", ["x", g.node("Concat", parts, axis=0)])
    g.put("y", "Gemm", [flat, g.weights(72, 5), g.weights(5)])


@case((9, 13), shape=(1, 6, 3, 4), batch="N")
def shape_slice(g):
    """The first dimension kept, the others multiplied: Slice, Cast, Mul and Div."""
    dims = g.node("Shape", g.node("Relu", "x"))
    if g.opset >= 10:
        part = lambda a, b: g.node("Slice", [dims, g.ints(a), g.ints(b), g.ints(0)])
    else:
        part = lambda a, b: g.node("Slice", dims, starts=[a], ends=[b], axes=[0])
    product = g.node("Mul", [g.node("Mul", [part(1, 2), part(2, 3)]), part(3, 2 ** 31 - 1)])
    half = g.node("Div", [product, g.ints(2)])
    half = g.node("Cast", g.node("Cast", half, to=TensorProto.FLOAT), to=TensorProto.INT64)
    target = g.node("Concat", [part(0, 1), g.ints(2), half], axis=0)
    g.put("y", "Reshape", ["x", target])


@case(15, shape=(1, 6, 3, 4), batch="N")
def shape_start_end(g):
    dims = g.node("Concat", [g.node("Shape", "x", end=1), g.ints(-1),
                             g.node("Shape", "x", start=-1)], axis=0)
    g.put("y", "Reshape", ["x", dims])
    two = g.node("Add", [g.node("Squeeze", g.node("Shape", "x", start=2, end=3)),
                         g.init(np.array(-1, np.int64))])
    target = g.node("Concat", [g.ints(1), g.node("Unsqueeze", [two, g.ints(0)]), g.ints(-1)],
                    axis=0)
    g.put("z", "Reshape", ["x", target])


@case((9, 18), shape=(1, 6, 3, 4))
def shape_reduce_prod(g):
    """The first dimension kept, the product of the others; and a product of weights."""
    dims = g.node("Shape", "x")
    axes = dict(axes=[0]) if g.opset < 18 else {}
    product = g.node("ReduceProd", [dims] + ([] if axes else [g.ints(0)]), keepdims=1, **axes)
    g.put("y", "Reshape", ["x", g.node("Concat", [g.ints(1), product], axis=0)])
    factor = g.node("ReduceProd", g.weights(2, 3, low=0.5), keepdims=0)
    g.put("z", "Mul", ["x", factor])


@case(9, shape=(1, 3, 4, 5))
def constant_of_shape(g):
    value = helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5])
    g.put("half", "Add", ["x", g.node("ConstantOfShape", g.ints(4, 5), value=value)])
    g.put("zero", "Concat", ["x", g.node("ConstantOfShape", g.ints(1, 2, 4, 5))], axis=1)
    g.put("like", "Sub", ["x", g.node("ConstantOfShape", g.node("Shape", "x"), value=value)])


@case(13, shape=(1, 3, 4, 5), batch="N")
def pad_from_shape(g):
    """nn.functional.pad builds its pads by ConstantOfShape, Concat, Slice and Transpose."""
    given = g.ints(1, 2, 0, 1)
    count = g.node("Sub", [g.ints(8), g.node("Shape", given)])
    zeros = g.node("ConstantOfShape", count, value=helper.make_tensor("v", TensorProto.INT64, [1],
                                                                      [0]))
    pairs = g.node("Reshape", [g.node("Concat", [given, zeros], axis=0), g.ints(-1, 2)])
    turned = g.node("Slice", [pairs, g.ints(-1), g.ints(-2 ** 63 + 1), g.ints(0), g.ints(-1)])
    pads = g.node("Reshape", [g.node("Transpose", turned, perm=[1, 0]), g.ints(-1)])
    pads = g.node("Cast", pads, to=TensorProto.INT64)
    g.put("y", "Pad", ["x", pads], mode="reflect")


@case(13)
def cast(g):
    g.put("same", "Cast", "x", to=TensorProto.FLOAT)
    integers = g.init(np.array([[1], [2], [-3]], np.int32))
    g.put("folded", "Mul",
          ["x", g.node("Unsqueeze", [g.node("Cast", integers, to=TensorProto.FLOAT),
                                                      g.ints(2)])])


# ---- layouts and batches -------------------------------------------------------------------


@case(13, shape=(1, 9, 8, 3), batch="N")
def nhwc_input(g):
    """As tf2onnx writes a Keras model: Transpose at the input, BN folded to Mul and Add."""
    y = g.node("Transpose", "x", perm=[0, 3, 1, 2])
    y = g.conv(y, 3, 6, 3, bias=False, auto_pad="SAME_UPPER", strides=[2, 2])
    y = g.node("Relu", g.node("Add", [g.node("Mul", [y, g.weights(1, 6, 1, 1)]),
                                      g.weights(1, 6, 1, 1)]))
    g.put("image", "Transpose", y, perm=[0, 2, 3, 1])
    y = g.node("ReduceMean", y, axes=[2, 3], keepdims=0)
    y = g.node("Add", [g.node("MatMul", [y, g.weights(6, 5)]), g.weights(5)])
    g.put("scores", "Softmax", y, axis=-1)


@case(13, shape=(1, 7, 6, 3))
def nhwc_throughout(g):
    """Every layer between two Transposes, padding and biases in NHWC, weights turned by nodes."""
    first = lambda x: g.node("Transpose", x, perm=[0, 3, 1, 2])
    last = lambda x: g.node("Transpose", x, perm=[0, 2, 3, 1])
    y = g.node("Pad", ["x", g.ints(0, 0, 0, 0, 0, 1, 1, 0)])
    w = g.node("Transpose", g.weights(3, 3, 3, 4), perm=[3, 2, 0, 1])
    y = last(g.node("Conv", [first(y), w], strides=[2, 2], kernel_shape=[3, 3]))
    y = g.node("Clip", [g.node("Add", [y, g.weights(4)]), g.init(np.float32(0)),
                        g.init(np.float32(6))])
    w = g.node("Reshape", [g.weights(3, 3, 4, 2), g.ints(3, 3, 1, 8)])
    w = g.node("Transpose", w, perm=[3, 2, 0, 1])
    y = last(g.node("Conv", [first(y), w], group=4, auto_pad="SAME_UPPER", kernel_shape=[3, 3]))
    y = g.node("Mul", [g.node("Add", [y, g.weights(1, 1, 1, 8)]), g.weights(8, low=0.5)])
    g.out(y, "features")
    y = last(g.node("AveragePool", first(y), kernel_shape=[2, 2], strides=[1, 1]))
    y = g.node("Squeeze", [g.node("GlobalAveragePool", first(y)), g.ints(2, 3)])
    y = g.node("Add", [g.node("MatMul", [y, g.weights(8, 4)]), g.weights(4)])
    g.put("scores", "Softmax", y)


@case(11, shape=(1, 6, 6, 1))
def nhwc_grey(g):
    y = g.node("Transpose", "x", perm=[0, 3, 1, 2])
    y = g.node("MaxPool", g.node("Relu", g.conv(y, 1, 4)), kernel_shape=[2, 2], strides=[2, 2])
    y = g.node("Transpose", y, perm=[0, 2, 3, 1])  # Keras flattens in its own order
    g.put("y", "Gemm", [g.node("Reshape", [y, g.ints(-1, 16)]), g.weights(16, 3), g.weights(3)])


def small_net(g):
    y = g.node("Relu", g.bn(g.conv("x", 3, 6, pads=[1] * 4), 6))
    y = g.node("Add", [g.conv(y, 6, 6, pads=[1] * 4), y])
    y = g.node("Flatten", g.node("GlobalAveragePool", g.node("Relu", y)))
    g.put("y", "Softmax", g.node("Gemm", [y, g.weights(5, 6), g.weights(5)], transB=1), axis=1)


@case(13, shape=(2, 3, 6, 5))
def batch_2(g):
    small_net(g)


@case(13, shape=(4, 3, 6, 5))
def batch_4(g):
    small_net(g)


@case(13, shape=(1, 3, 6, 5), batch="batch_size")
def batch_dynamic(g):
    small_net(g)
