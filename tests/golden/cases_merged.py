# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: layers and arithmetic that become part of other layers, and what only looks so."""

import numpy as np

from builder import case

PADS = dict(pads=[1] * 4)


def number(g, value):
    return g.init(np.float32(value))


@case(13, shape=(1, 8, 7, 6))
def sums_of_layers(g):
    """One convolution each: RepVGG, RepGhost, MobileOne, and other windows that hold a smaller."""
    both = g.node("Add", [g.conv("x", 8, 8, 3, **PADS), g.bn("x", 8)])
    three = g.node("Add", [g.conv("x", 8, 8, 1), both])
    g.put("vgg", "Relu", three)
    strided = dict(strides=[2, 2])
    g.put("stride", "Add", [g.conv("x", 8, 5, 3, **PADS, **strided),
                            g.conv("x", 8, 5, 1, **strided)])
    cheap = g.conv("x", 8, 8, 3, group=8, **PADS)
    g.put("ghost", "Relu", g.node("Add", [cheap, g.bn("x", 8)]))
    g.put("itself", "Add", ["x", g.conv("x", 8, 8, 3, group=8, bias=False, **PADS)])
    g.put("groups", "Sum", [g.conv("x", 8, 8, 3, group=2, **PADS), "x"])
    small = g.bn(g.conv("x", 8, 4, 3, **PADS), 4)
    g.put("scaled", "Add", [small, g.bn(g.conv("x", 8, 4, 5, pads=[2] * 4), 4)])
    g.put("dilated", "Add", [g.conv("x", 8, 4, 3, dilations=[2, 2], pads=[2] * 4),
                             g.conv("x", 8, 4, (3, 1), dilations=[2, 1], pads=[2, 0, 2, 0])])
    g.put("corner", "Add", [g.conv("x", 8, 4, 2, pads=[0, 1, 1, 0]), g.conv("x", 8, 4, 1)])
    g.put("difference", "Sub", [g.conv("x", 8, 4, 1), g.conv("x", 8, 4, 3, **PADS)])
    mixed = g.node("Sub", [g.conv("x", 8, 8, 3, group=8, **PADS), g.bn("x", 8)])
    g.put("mixer", "Add", ["x", g.node("Mul", [mixed, g.weights(8, 1, 1, scale=1)])])
    halves = [g.node("Cast", g.init(g.values(4, 8, k, k).astype(np.float16)), to=1) for k in (3, 1)]
    g.put("halves", "Add", [g.node("Conv", ["x", halves[0]], **PADS),
                            g.node("Conv", ["x", halves[1]])])


@case(13, shape=(1, 8, 7, 6))
def sums_that_stay(g):
    """No window holds the other's taps, someone else reads one, or there is more than a sum."""
    def conv(k=3, c_out=8, **attrs):
        return g.conv("x", 8, c_out, k, **attrs)

    g.put("cross", "Add", [conv((1, 3), pads=[0, 1, 0, 1]), conv((3, 1), pads=[1, 0, 1, 0])])
    g.put("between", "Add", [conv(dilations=[2, 2], pads=[2] * 4), conv(**PADS)])
    g.put("beyond", "Add", [conv(2, pads=[0, 0, 1, 1]), conv(2, pads=[1, 1, 0, 0])])
    g.put("other_groups", "Add", [conv(group=8, **PADS), conv(1)])
    g.put("activated", "Add", [conv(**PADS), g.node("Relu", conv(1))])
    read = conv(1)
    g.put("read", "Add", [conv(**PADS), g.node("Relu", g.node("Add", [conv(1), read]))])
    g.put("reader", "Neg", read)
    g.put("broadcast", "Add", [conv((7, 6), c_out=1), conv(1)])
    strided = dict(strides=[2, 2])
    g.put("twice", "Add", [g.conv(g.conv("x", 8, 8, 3, **PADS), 8, 8, 3, **PADS, **strided),
                           conv(1, **strided)])


@case(13, shape=(1, 6, 7, 5))
def parts_of_concat(g):
    """What follows a Concat goes into the layers whose outputs it joins."""
    def join(*parts, axis=1):
        return g.node("Concat", list(parts), axis=axis)

    halves = g.node("Split", "x", outputs=2, axis=1)
    mixed = join(g.conv(halves[0], 3, 3, 3, group=3, **PADS),
                 g.conv(halves[1], 3, 3, 5, group=3, pads=[2] * 4))
    y = g.bn(mixed, 6)
    g.put("mixed", "Mul", [y, g.node("Sigmoid", y)])
    y = g.node("Mul", [join(g.conv("x", 6, 4), g.conv("x", 6, 5)), g.weights(9, 1, 1, scale=1)])
    g.put("factors", "Relu", y)
    rows = join(g.conv("x", 6, 4, 1), g.conv("x", 6, 4, 1), axis=2)
    g.put("rows", "Tanh", rows)
    g.put("rows_bn", "Relu", g.bn(join(g.conv("x", 6, 4, 1), g.conv("x", 6, 4, 1), axis=2), 4))
    g.put("with_input", "Relu", g.bn(join(g.conv("x", 6, 4, 1), "x"), 10))
    read = g.conv("x", 6, 4, 1)
    g.put("read", "Relu", g.bn(join(g.conv("x", 6, 4, 1), read), 8))
    g.put("reader", "Neg", read)
    g.put("activated", "Softplus",
          join(g.conv("x", 6, 4, 1), g.node("Relu", g.conv("x", 6, 4, 1))))


@case(13, shape=(1, 4, 5, 6))
def numbers_behind_clamps(g):
    """One factor and one term for all channels behind a Relu, as PP-HGNetV2 has them."""
    def scaled(x, factor, term):
        return g.node("Add", [g.node("Mul", [number(g, factor), x]), number(g, term)])

    g.out(scaled(g.node("Relu", g.conv("x", 4, 6)), 1.5, 0.25), "relu")
    g.out(scaled(g.node("Relu", g.conv("x", 4, 4, group=4)), -0.5, -0.75), "negative")
    six = [number(g, 0.1), number(g, 0.6)]
    g.out(scaled(g.node("Clip", [g.conv("x", 4, 6)] + six), 3, 2), "clip")
    g.put("quotient", "Div", [g.node("Relu", g.conv("x", 4, 6)), number(g, 0.3)])
    g.put("difference", "Sub", [number(g, 0.3), g.node("Relu", g.conv("x", 4, 6))])
    g.put("zero", "Mul", [g.node("Relu", g.conv("x", 4, 6)), number(g, 0)])
    channels = g.weights(6, 1, 1, scale=1)
    g.put("channels", "Mul", [g.node("Relu", g.conv("x", 4, 6)), channels])
    g.out(scaled(g.node("Sigmoid", g.conv("x", 4, 6)), 3, 2), "sigmoid")
    residual = g.node("Relu", g.node("Add", [g.conv("x", 4, 4, 1), g.node("Abs", "x")]))
    g.out(scaled(residual, 2, 1), "residual")
    y = scaled(g.node("Relu", g.conv("x", 4, 6)), 2, -1)
    g.put("again", "Relu", y)
    padded = scaled(g.node("Relu", g.conv("x", 4, 6)), 2, 1)
    g.out(g.conv(padded, 6, 3, **PADS), "padded")


@case(13, shape=(1, 6, 8, 7))
def images_in_concat(g):
    """Layers write where a Concat joins their outputs, with the zeros that its readers want."""
    def join(*parts):
        return g.node("Concat", list(parts), axis=1)

    def conv(x, c_in, c_out, k=3, **attrs):
        return g.node("Relu", g.conv(x, c_in, c_out, k, pads=[k // 2] * 4, **attrs))

    pool = g.node("MaxPool", "x", kernel_shape=[3, 3], pads=[1] * 4)
    inception = join(conv("x", 6, 4, 1), conv("x", 6, 5), conv("x", 6, 3, 5), pool)
    g.out(conv(inception, 18, 4, 5), "inception")
    inner = join(conv("x", 6, 3), conv("x", 6, 5))
    g.out(conv(join(inner, conv(inner, 8, 4), "x"), 18, 3), "nested")
    features = [conv("x", 6, 6)]
    for _ in range(3):
        before = join(*features) if len(features) > 1 else features[0]
        features.append(conv(before, 6 + 4 * (len(features) - 1), 4))
    g.put("dense", "GlobalAveragePool", join(*features))
    parts = g.node("Split", conv("x", 6, 9), outputs=3, axis=1)
    mixed = join(*[conv(p, 3, 3, k, group=3) for p, k in zip(parts, (3, 5, 7))])
    g.out(mixed, "mixed")
    slices = [g.node("Slice", [mixed, g.ints(*begin), g.ints(*end), g.ints(1, 2)])
              for begin, end in (([0, 0], [4, 8]), ([4, 2], [9, 8]))]
    g.out(conv(slices[0], 4, 2), "first_channels")
    g.out(conv(slices[1], 5, 2), "channels_and_rows")
    twice = conv("x", 6, 2)
    g.put("twice", "Relu", join(twice, twice, conv(twice, 2, 3)))
    gate = g.node("Sigmoid", g.conv(g.node("GlobalAveragePool", "x"), 6, 6, 1))
    g.put("product", "Sigmoid", join(g.node("Mul", ["x", gate]), conv("x", 6, 1)))
    both = conv("x", 6, 2)
    g.put("also_rows", "Add", [g.node("Concat", [both, both], axis=2),
                               g.node("Concat", [conv("x", 6, 2), both], axis=2)])
    g.put("one_more", "Neg", join(both, conv("x", 6, 2)))


@case(13, shape=(1, 6, 5, 4))
def shuffled_channels(g):
    """ShuffleNet's shuffle of 2, 3 and 6 groups, in front of a window and behind one."""
    def shuffle(x, c, groups):
        shape = [1, groups, c // groups, 5, 4]
        x = g.node("Transpose", g.node("Reshape", [x, g.ints(*shape)]), perm=[0, 2, 1, 3, 4])
        return g.node("Reshape", [x, g.ints(1, c, 5, 4)])

    for groups in (2, 3, 6):
        x = g.conv("x", 6, 24, 1, group=2)
        g.put(f"groups_{groups}", "Relu", shuffle(x, 24, groups))
        x = shuffle(g.conv("x", 6, 24, 1), 24, groups)
        g.out(g.conv(x, 24, 24, 3, group=24, pads=[1] * 4), f"window_{groups}")
    left, right = g.node("Split", g.conv("x", 6, 20, 1), outputs=2, axis=1)
    x = shuffle(g.node("Concat", [left, g.conv(right, 10, 10, 3, pads=[1] * 4)], axis=1), 20, 2)
    left, right = g.node("Split", x, outputs=2, axis=1)
    g.out(g.conv(right, 10, 10, 3, group=10, pads=[1] * 4), "right")
    g.out(g.conv(left, 10, 3, 1), "left")
    turned = g.node("Transpose", "x", perm=[0, 2, 3, 1])
    g.put("rows", "Relu", g.node("Reshape", [turned, g.ints(1, 6, 5, 4)]))
