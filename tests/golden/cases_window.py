# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: convolution, pooling, padding."""

import numpy as np
from onnx import TensorProto, helper

from builder import case

TWO = dict(strides=[2, 2])
SAME = ("SAME_UPPER", "SAME_LOWER", "VALID")


@case(11, shape=(1, 3, 8, 7))
def conv_kernels(g):
    g.out(g.conv("x", 3, 5, 1), "k1")
    g.out(g.conv("x", 3, 5, 1, **TWO), "k1_stride")
    g.out(g.conv("x", 3, 5, 3, pads=[1] * 4), "k3")
    g.out(g.conv("x", 3, 5, 3, bias=False), "k3_valid")
    g.out(g.conv("x", 3, 3, 5, pads=[2] * 4), "k5")
    g.out(g.conv("x", 3, 2, 7, pads=[3] * 4, **TWO), "k7_stride")
    g.out(g.conv("x", 3, 5, (1, 5), pads=[0, 2, 0, 2]), "k1x5")
    g.out(g.conv("x", 3, 5, (7, 1), pads=[3, 0, 3, 0]), "k7x1")
    g.out(g.conv("x", 3, 5, (2, 4), strides=[1, 2]), "k2x4")


@case(13, shape=(1, 2, 6, 5))
def conv_pads(g):
    g.out(g.conv("x", 2, 3, 3, pads=[0, 1, 2, 3]), "asymmetric")
    g.out(g.conv("x", 2, 3, 3, pads=[1, 0, 0, 0], **TWO), "asymmetric_stride")
    g.out(g.conv("x", 2, 2, 3, pads=[4, 4, 4, 4]), "beyond_kernel")
    for mode in SAME:
        g.out(g.conv("x", 2, 3, 3, auto_pad=mode), mode)
        g.out(g.conv("x", 2, 3, 4, auto_pad=mode), f"{mode}_even")
        g.out(g.conv("x", 2, 3, 3, auto_pad=mode, **TWO), f"{mode}_stride")
        g.out(g.conv("x", 2, 3, (2, 5), auto_pad=mode, strides=[3, 2]), f"{mode}_odd")
    g.out(g.conv("x", 2, 3, 3, auto_pad="NOTSET", pads=[1] * 4), "notset")
    g.out(g.conv("x", 2, 3, 3, auto_pad="", pads=[1] * 4), "empty")


@case(13, shape=(1, 3, 8, 7))
def conv_dilations(g):
    g.out(g.conv("x", 3, 4, 3, dilations=[2, 2], pads=[2] * 4), "two")
    g.out(g.conv("x", 3, 4, 3, dilations=[1, 3], pads=[1, 3, 1, 3]), "mixed")
    g.out(g.conv("x", 3, 4, 3, dilations=[2, 2], **TWO), "stride")
    g.out(g.conv("x", 3, 4, (3, 2), dilations=[2, 3], strides=[1, 2]), "odd")
    g.out(g.conv("x", 3, 6, 3, group=3, dilations=[2, 2], pads=[2] * 4), "depthwise")
    # ONNX Runtime refuses auto_pad with dilations over 1 in some releases: not a case here.


@case(13, shape=(1, 12, 5, 4))
def conv_groups(g):
    p = dict(pads=[1] * 4)
    g.out(g.conv("x", 12, 8, 3, group=2, **p), "two")
    g.out(g.conv("x", 12, 12, 3, group=4, **p), "four")
    g.out(g.conv("x", 12, 18, 1, group=3), "pointwise")
    g.out(g.conv("x", 12, 12, 3, group=12, **p), "depthwise")
    g.out(g.conv("x", 12, 12, 3, group=12, bias=False, **p, **TWO), "depthwise_stride")
    g.out(g.conv("x", 12, 12, 5, group=12, pads=[2] * 4), "depthwise_5")
    g.out(g.conv("x", 12, 24, 3, group=12, **p), "multiplier_2")
    g.out(g.conv("x", 12, 36, 2, group=12, **TWO), "multiplier_3")
    g.out(g.conv("x", 12, 6, 3, group=6, **p), "two_in_one_out")
    g.put("depthwise_relu6", "Clip", [g.conv("x", 12, 12, 3, group=12, **p),
                                     g.init(np.float32(0)), g.init(np.float32(6))])


@case(13, shape=(1, 10, 5, 7))
def conv_wide(g):
    """Channel counts that fill no vector register evenly, 3x3 kernels at odd sizes."""
    y = g.node("Relu", g.conv("x", 10, 35, 3, pads=[1] * 4))
    g.out(y, "k3")
    g.out(g.conv(y, 35, 17, 1), "k1")
    z = g.conv(y, 35, 6, 3, pads=[1] * 4, **TWO)
    g.out(g.conv(g.node("Relu", z), 6, 40, 3), "chain")


@case(13, shape=(1, 8, 4, 4))
def conv_image_sizes(g):
    """Images down to 1x1, kernels as large as the padded image."""
    one = g.node("GlobalAveragePool", "x")
    g.out(g.conv(one, 8, 6, 1), "one_k1")
    g.out(g.conv(one, 8, 6, 3, pads=[1] * 4), "one_k3")
    g.out(g.conv(one, 8, 8, 3, pads=[1] * 4, group=8), "one_depthwise")
    g.out(g.conv("x", 8, 6, 4), "whole")
    g.out(g.conv("x", 8, 3, 3, pads=[1] * 4, strides=[5, 5]), "stride_over_kernel")
    g.out(g.conv("x", 8, 2, 3, strides=[2, 2]), "leaves_rest")


@case(13, shape=(1, 3, 4, 4))
def conv_constant_bias(g):
    """A missing bias named by an empty string, and weights that come from a Constant node."""
    w = g.weights(4, 3, 3, 3)
    g.put("empty", "Conv", ["x", w, ""])
    folded = g.node("Mul", [w, g.init(np.float32(2))])
    g.put("folded", "Conv", ["x", g.node("Identity", folded)])


@case((6, 8, 12), shape=(1, 2, 7, 6))
def max_pool(g):
    g.put("k2", "MaxPool", "x", kernel_shape=[2, 2], **TWO)
    g.put("k3_pad", "MaxPool", "x", kernel_shape=[3, 3], pads=[1] * 4, **TWO)
    g.put("k3_stride_1", "MaxPool", "x", kernel_shape=[3, 3])
    g.put("k2x3", "MaxPool", "x", kernel_shape=[2, 3], strides=[1, 2], pads=[0, 1, 1, 0])
    for mode in SAME:
        g.put(mode, "MaxPool", "x", kernel_shape=[3, 2], auto_pad=mode, **TWO)
    if g.opset >= 10:
        g.put("ceil", "MaxPool", "x", kernel_shape=[3, 3], ceil_mode=1, **TWO)
        g.put("ceil_pad", "MaxPool", "x", kernel_shape=[2, 2], pads=[1] * 4, strides=[3, 3],
              ceil_mode=1)
        g.put("dilated", "MaxPool", "x", kernel_shape=[3, 2], dilations=[2, 3])
        g.put("dilated_ceil", "MaxPool", "x", kernel_shape=[3, 3], dilations=[2, 2], ceil_mode=1,
              **TWO)
    g.put("negative", "MaxPool", g.node("Elu", g.conv("x", 2, 2, 1), alpha=0.1),
          kernel_shape=[3, 3], pads=[1] * 4)


@case((6, 7, 11, 19), shape=(1, 2, 7, 6), ort=7)
def average_pool(g):
    g.put("k2", "AveragePool", "x", kernel_shape=[2, 2], **TWO)
    g.put("k3_pad", "AveragePool", "x", kernel_shape=[3, 3], pads=[1] * 4)
    g.put("whole", "AveragePool", "x", kernel_shape=[7, 6])
    for mode in SAME:
        g.put(mode, "AveragePool", "x", kernel_shape=[3, 2], auto_pad=mode, **TWO)
    if g.opset >= 7:
        g.put("include", "AveragePool", "x", kernel_shape=[3, 3], pads=[1, 0, 0, 1],
              count_include_pad=1)
        g.put("exclude", "AveragePool", "x", kernel_shape=[3, 3], pads=[1, 0, 0, 1],
              count_include_pad=0)
        g.put("include_stride", "AveragePool", "x", kernel_shape=[3, 3], pads=[1] * 4,
              count_include_pad=1,
              **TWO)
    if g.opset >= 10:
        g.put("ceil", "AveragePool", "x", kernel_shape=[2, 2], ceil_mode=1, **TWO)
        g.put("ceil_pad", "AveragePool", "x", kernel_shape=[2, 2], pads=[1] * 4, strides=[3, 3],
              ceil_mode=1)
    if g.opset >= 19:
        g.put("ceil_include", "AveragePool", "x", kernel_shape=[3, 3], pads=[1] * 4,
              count_include_pad=1,
              ceil_mode=1, **TWO)
        g.put("dilated", "AveragePool", "x", kernel_shape=[3, 2], dilations=[2, 2], pads=[1] * 4)


@case((6, 13), shape=(1, 5, 3, 4))
def global_pool(g):
    g.put("average", "GlobalAveragePool", "x")
    g.put("maximum", "GlobalMaxPool", "x")
    g.put("after_conv", "GlobalAveragePool", g.node("Relu", g.conv("x", 5, 6, 2)))


@case(6, shape=(1, 2, 4, 5))
def pad_attributes(g):
    box = [0, 0, 1, 2, 0, 0, 3, 1]
    g.put("zero", "Pad", "x", pads=box)
    g.put("value", "Pad", "x", pads=box, mode="constant", value=0.5)
    g.put("reflect", "Pad", "x", pads=box, mode="reflect")
    g.put("edge", "Pad", "x", pads=box, mode="edge")
    g.put("channels", "Pad", "x", pads=[0, 1, 0, 0, 0, 2, 0, 0])
    g.put("negative", "Pad", "x", pads=[0, 0, -1, 0, 0, 0, 0, -2])


@case((11, 18), shape=(1, 2, 4, 5))
def pad_inputs(g):
    box = g.ints(0, 0, 1, 2, 0, 0, 3, 1)
    value = g.init(np.float32(-1.5))
    g.put("zero", "Pad", ["x", box])
    g.put("value", "Pad", ["x", box, value], mode="constant")
    g.put("reflect", "Pad", ["x", box], mode="reflect")
    g.put("edge", "Pad", ["x", box], mode="edge")
    g.put("negative", "Pad", ["x", g.ints(0, 0, -1, 1, 0, 0, 2, -2)])
    padded = g.node("Pad", ["x", g.ints(0, 0, 1, 1, 0, 0, 1, 1)])
    g.out(g.conv(padded, 2, 3, 3, **TWO), "before_conv")
    g.put("before_max_pool", "MaxPool", padded, kernel_shape=[3, 3], **TWO)
    g.put("before_average_pool", "AveragePool", padded, kernel_shape=[3, 3], pads=[1, 1, 0, 0])
    valued = g.node("Pad", ["x", g.ints(0, 0, 1, 1, 0, 0, 1, 1), value])
    g.out(g.conv(valued, 2, 3, 3), "value_before_conv")
    if g.opset >= 18:
        g.put("axes", "Pad", ["x", g.ints(1, 0, 2, 1), "", g.ints(2, -1)], mode="reflect")
        g.put("axes_value", "Pad", ["x", g.ints(1, 2), value, g.ints(3)])


def transposed(g, x, c_in, c_out, k, group=1, bias=True, **attrs):
    inputs = [x, g.weights(c_in, c_out // group, *k)] + ([g.weights(c_out)] if bias else [])
    return g.node("ConvTranspose", inputs, kernel_shape=list(k), group=group, **attrs)


@case((9, 11), shape=(1, 6, 4, 5))
def conv_transpose(g):
    g.out(transposed(g, "x", 6, 5, (3, 3)), "plain")
    g.out(transposed(g, "x", 6, 5, (2, 2), **TWO), "twice")
    g.out(transposed(g, "x", 6, 5, (3, 4), strides=[2, 3], pads=[1, 2, 0, 1], bias=False), "pads")
    g.out(transposed(g, "x", 6, 5, (3, 3), strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]),
          "output_padding")
    g.out(transposed(g, "x", 6, 5, (2, 3), dilations=[2, 3], strides=[3, 1]), "dilated")
    g.out(transposed(g, "x", 6, 4, (3, 3), group=2, **TWO), "groups")
    g.out(transposed(g, "x", 6, 6, (4, 4), group=6, pads=[1] * 4, **TWO), "depthwise")
    g.out(transposed(g, "x", 6, 3, (3, 3), pads=[2, 2, 2, 2]), "cut")
    g.put("relu", "Relu", transposed(g, "x", 6, 5, (3, 3), **TWO))
    g.out(g.bn(transposed(g, "x", 6, 5, (3, 3), **TWO), 5), "bn")
    g.out(g.conv(transposed(g, "x", 6, 5, (2, 2), **TWO), 5, 4, pads=[1] * 4), "convolved")
    if g.opset >= 11:
        for mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
            g.out(transposed(g, "x", 6, 5, (3, 3), auto_pad=mode, **TWO), mode)


@case(12, shape=(1, 3, 5, 7))
def pool_over_input(g):
    """Windows larger than the image, and outputs that nobody reads."""
    large = dict(kernel_shape=[12, 20], strides=[12, 20], ceil_mode=1)
    g.put("mean", "AveragePool", "x", **large)
    g.put("mean_padded", "AveragePool", "x", pads=[1, 2, 0, 1], count_include_pad=1, **large)
    g.put("maximum", "MaxPool", "x", **large)
    g.put("rows_only", "AveragePool", "x", kernel_shape=[9, 2], strides=[9, 1], ceil_mode=1)
    g.out(g.node("MaxPool", "x", ["maximum_alone", "indices"], kernel_shape=[2, 2], **TWO)[0])


@case((9, 15), shape=(1, 4, 5, 5))
def normalised_weights(g):
    """Weights as constants of BatchNormalization: of inference, and standardised by training."""
    w = g.node("Reshape", [g.weights(5, 4, 3, 3), g.ints(1, 5, -1)])
    if g.opset < 15:
        y = g.bn(w, 5)
    else:
        given = [g.weights(5, low=0.5), g.weights(5), g.weights(5), g.weights(5, low=0.5)]
        y = g.node("BatchNormalization", [w] + given, ["standardised", "mean", "variance"],
                   training_mode=1)[0]
    g.put("y", "Conv", ["x", g.node("Reshape", [y, g.ints(5, 4, 3, 3)])])


@case(13, shape=(1, 4, 5, 6))
def computed_bias(g):
    bias = g.node("Squeeze", [g.node("GlobalAveragePool", "x"), g.ints(0, 2, 3)])
    y = g.node("Conv", ["x", g.weights(4, 4, 3, 3), bias], pads=[1] * 4)
    g.out(y, "conv")
    g.put("relu", "Relu", g.node("Conv", ["x", g.weights(4, 4, 3, 3), bias]))
    g.put("added", "Add", [g.node("Conv", ["x", g.weights(4, 4, 1, 1), bias]), "x"])
    g.out(g.bn(g.node("Conv", ["x", g.weights(4, 1, 3, 3), bias], group=4), 4), "bn")
    g.put("transposed", "ConvTranspose", ["x", g.weights(4, 4, 2, 2), bias], strides=[2, 2])


@case(13, shape=(1, 6, 9))
def sequences(g):
    """Convolutions and pools of one dimension."""
    def conv(x, c_in, c_out, k, **attrs):
        return g.node("Conv", [x, g.weights(c_out, c_in // attrs.get("group", 1), k),
                               g.weights(c_out)], kernel_shape=[k], **attrs)
    y = g.node("Relu", conv("x", 6, 4, 3, pads=[1, 1]))
    g.out(y, "conv")
    g.out(conv(y, 4, 5, 2, strides=[2], dilations=[3], pads=[2, 0]), "dilated")
    g.out(conv(y, 4, 4, 3, group=4, auto_pad="SAME_UPPER"), "depthwise")
    g.put("added", "Relu", g.node("Add", [conv(y, 4, 4, 1), y]))
    g.out(g.bn(conv(y, 4, 5, 3), 5), "bn")
    g.put("maximum", "MaxPool", y, kernel_shape=[3], strides=[2], pads=[1, 0], ceil_mode=1)
    g.put("mean", "AveragePool", y, kernel_shape=[2], strides=[2])
    g.put("global_mean", "GlobalAveragePool", y)
    g.put("global_maximum", "GlobalMaxPool", y)


@case(13, shape=(1, 6, 5, 4))
def channel_attention(g):
    """Efficient channel attention: a convolution along the channels."""
    pooled = g.node("Squeeze", [g.node("GlobalAveragePool", "x"), g.ints(3)])
    turned = g.node("Transpose", pooled, perm=[0, 2, 1])
    gate = g.node("Conv", [turned, g.weights(1, 1, 3)], pads=[1, 1])
    gate = g.node("Unsqueeze", [g.node("Transpose", gate, perm=[0, 2, 1]), g.ints(3)])
    g.put("y", "Mul", ["x", g.node("Sigmoid", gate)])


@case(13, shape=(1, 1, 6, 5))
def conv_one_channel(g):
    """One channel in and out, which is a depthwise convolution without groups."""
    g.out(g.conv("x", 1, 1, 3, pads=[1] * 4), "k3")
    g.out(g.conv("x", 1, 1, (2, 3), strides=[2, 1]), "k2x3")


@case(13, shape=(1, 6, 7, 3), rounding=16)
def zeros_before_windows(g):
    """Pads of exporters from TensorFlow: part of the window behind them, in either layout."""
    box, nchw = g.ints(0, 0, 1, 0, 0, 2, 1, 0), dict(perm=[0, 3, 1, 2])
    turned = g.node("Transpose", g.node("Pad", ["x", box]), **nchw)
    y = g.node("Relu", g.conv(turned, 3, 6, 3, **TWO))
    padded = g.node("Pad", [y, g.ints(0, 0, 0, 1, 0, 0, 1, 1)])
    g.out(g.conv(padded, 6, 6, 3, group=6, **TWO), "depthwise")
    g.out(g.conv(padded, 6, 4, 2, pads=[1] * 4), "own_pads")
    g.out(g.conv(padded, 6, 4, 3, auto_pad="SAME_UPPER", **TWO), "same")
    g.put("max", "MaxPool", padded, kernel_shape=[2, 2], **TWO)
    g.put("average", "AveragePool", padded, kernel_shape=[2, 2])
    g.put("average_own", "AveragePool", padded, kernel_shape=[2, 2], pads=[1] * 4)
    g.put("average_all", "AveragePool", padded, kernel_shape=[2, 2], pads=[1] * 4,
          count_include_pad=1)
    negative = g.conv(y, 6, 3, 1)
    g.put("max_negative", "MaxPool", g.node("Pad", [negative, g.ints(0, 0, 1, 1, 0, 0, 1, 1)]),
          kernel_shape=[2, 2])
    channels = g.node("Pad", [y, g.ints(0, 0, 1, 1, 0, 2, 1, 1)])
    g.out(g.conv(channels, 8, 3, 3), "channels_too")


@case(13, shape=(2, 4, 6, 5))
def other_pads_before_windows(g):
    """What copies rows into an image that has zeros around it."""
    taken = {"reflected": g.node("Pad", ["x", g.ints(0, 0, 2, 0, 0, 0, 1, 0)], mode="reflect"),
             "repeated": g.node("Pad", ["x", g.ints(0, 0, 0, 1, 0, 0, 2, 0)], mode="edge"),
             "more_images": g.node("Pad", ["x", g.ints(2, 0, 0, 0, 1, 0, 0, 0)]),
             "more_channels": g.node("Pad", ["x", g.ints(0, 1, 0, 0, 0, 2, 0, 0)]),
             "images_chosen": g.node("Gather", ["x", g.ints(1, 1, 0)], axis=0),
             "rows_chosen": g.node("Gather", ["x", g.ints(4, 0, 1)], axis=2)}
    for name, y in taken.items():
        g.out(g.conv(y, 7 if name == "more_channels" else 4, 3, 3, pads=[1] * 4), name)


@case(13, shape=(1, 6, 7, 3))
def layers_between_transposes(g):
    """As Keras' channels-last networks come: each layer turned to NCHW and back."""
    def turned(op, y, **attrs):
        y = g.node("Transpose", y, perm=[0, 3, 1, 2])
        y = op(y) if callable(op) else g.node(op, y, **attrs)
        return g.node("Transpose", y, perm=[0, 2, 3, 1])
    y = turned(lambda t: g.conv(t, 3, 8, 3, pads=[1] * 4), "x")
    y = g.node("Relu", g.node("Add", [g.node("Mul", [y, g.weights(8)]), g.weights(1, 8)]))
    gate = g.node("Sigmoid", g.node("ReduceMean", y, axes=[1, 2], keepdims=1))
    y = g.node("Mul", [y, gate])
    y = g.node("Add", [y, g.weights(8)])
    y = g.node("Relu", g.node("Pad", [y, g.ints(0, 1, 1, 0, 0, 1, 1, 0)]))
    z = turned(lambda t: g.conv(t, 8, 8, 3, group=8), y)
    z = g.node("Concat", [z, turned("MaxPool", y, kernel_shape=[3, 3])], axis=3)
    g.out(turned(lambda t: g.conv(t, 16, 5, 3, pads=[1] * 4), z), "image")
    g.put("softmax", "Softmax", z, axis=3)
    g.put("flat", "Reshape", [z, g.ints(1, -1)])


@case(18, shape=(2, 24, 12))
def col2im(g):
    """Blocks that overlap, leave gaps, or lie partly outside."""
    y = g.node("Relu", "x")
    fold = lambda name, image, block, **a: g.put(name, "Col2Im", [y, g.ints(*image),
                                                                 g.ints(*block)], **a)
    fold("tiles", (6, 8), (2, 2), strides=[2, 2])
    fold("overlap", (4, 5), (2, 2))
    fold("rows", (5, 4), (3, 1))
    fold("padded", (3, 4), (2, 4), pads=[1, 0, 1, 2])
    fold("dilated", (8, 6), (3, 4), dilations=[2, 1])
    fold("steps", (5, 7), (3, 2), strides=[1, 2], pads=[0, 0, 0, 1])
    image = g.node("Col2Im", [y, g.ints(4, 5), g.ints(2, 2)])
    g.out(g.conv(image, 6, 4, pads=[1] * 4), "convolved")


@case(13, shape=(1, 4, 6, 5))
def conv_computed(g):
    """Weights that depend on the picture, as experts mix them."""
    means = g.node("GlobalAveragePool", "x")

    def weights(*shape):
        factor = g.node("Sigmoid", g.node("Reshape", [g.conv(means, 4, 1, 1), g.ints(1)]))
        return g.node("Add", [g.weights(*shape), g.node("Mul", [g.weights(*shape), factor])])
    bias = g.node("Reshape", [g.conv(means, 4, 6, 1), g.ints(6)])
    pad = dict(pads=[1] * 4)
    g.put("point", "Conv", ["x", weights(6, 4, 1, 1)])
    g.put("biased", "Conv", ["x", weights(6, 4, 1, 1), g.weights(6)])
    g.put("window", "Conv", ["x", weights(6, 4, 3, 3), bias], **pad)
    g.put("strided", "Conv", ["x", weights(5, 4, 3, 2)], strides=[2, 1], dilations=[1, 2])
    g.put("groups", "Conv", ["x", weights(6, 2, 3, 3), g.weights(6)], group=2, **pad)
    g.put("spread", "Conv", ["x", weights(8, 1, 3, 3)], group=4, **pad)
    g.put("depthwise", "Conv", ["x", weights(4, 1, 3, 3)], group=4, strides=[2, 2], **pad)
    deep = g.node("Conv", ["x", weights(4, 1, 3, 3), g.weights(4)], group=4, **pad)
    g.put("depthwise_biased", "Sigmoid", deep)
    g.put("large", "Conv", ["x", weights(4, 1, 9, 9)], group=4, pads=[4] * 4)
    y = g.node("Conv", ["x", weights(4, 4, 3, 3), g.weights(4)], **pad)
    y = g.node("Relu", g.node("Add", [y, "x"]))  # the end of a residual block
    g.out(g.conv(y, 4, 3, **pad), "block")
    row = g.node("Reshape", ["x", g.ints(1, 4, 30)])
    g.put("sequence", "Conv", [row, weights(3, 4, 5)], pads=[2, 2])


@case(13, shape=(2, 3, 4, 5))
def conv_5d(g):
    """Windows that are one element long in one of three dimensions, as lambda layers slide them."""
    cube = g.node("Relu", g.node("Reshape", ["x", g.ints(2, 2, 2, 3, 5)]))
    same = dict(pads=[1, 1, 0, 1, 1, 0])
    g.put("last", "Conv", [cube, g.weights(4, 2, 3, 3, 1), g.weights(4)], **same)
    g.put("first", "Conv", [cube, g.weights(4, 2, 1, 2, 3)], strides=[1, 1, 2],
          kernel_shape=[1, 2, 3], dilations=[1, 2, 1])
    g.put("middle", "Conv", [cube, g.weights(4, 1, 2, 1, 4)], group=2, auto_pad="SAME_UPPER")
    g.put("point", "Conv", [cube, g.weights(4, 2, 1, 1, 1), g.weights(4)])
    y = g.node("Conv", [cube, g.weights(2, 2, 3, 3, 1)], **same)
    y = g.node("Relu", g.node("Add", [y, cube]))
    g.put("block", "Conv", [y, g.weights(4, 2, 3, 3, 1)], **same)


@case(13, shape=(1, 1, 16, 16))
def conv_large(g):
    """Filters that Winograd's filtering would make four times as large, all of one number."""
    def filters(c_in, k):
        value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1 / (c_in * k * k)])
        return g.node("ConstantOfShape", g.ints(320, c_in, k, k), value=value)

    y = g.node("Conv", ["x", filters(1, 1), g.weights(320)])
    for _ in range(2):
        y = g.node("Conv", [y, filters(320, 3)], pads=[1] * 4)
    y = g.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    for _ in range(2):
        y = g.node("Conv", [y, filters(320, 3)], pads=[1] * 4)
    g.put("y", "GlobalAveragePool", y)
