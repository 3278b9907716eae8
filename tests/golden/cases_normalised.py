# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: normalisations and softmax written out in reductions, in the orders that exporters
write, and beside each what is nearly one."""

import numpy as np

from builder import case


def number(g, value):
    return g.init(np.float32(value))


def reduced(g, op, x, axes, keep=1):
    if g.opset >= (13 if op == "ReduceSum" else 18):
        return g.node(op, [x, g.ints(*axes)], keepdims=keep)
    return g.node(op, x, axes=list(axes), keepdims=keep)


def mean(g, x, axes, keep=1):
    return reduced(g, "ReduceMean", x, axes, keep)


def square(g, x, power=False):
    return g.node("Pow", [x, number(g, 2)]) if power else g.node("Mul", [x, x])


def raised(g, x, epsilon=1e-5):
    return g.node("Add", [x, number(g, epsilon)])


def deviation(g, centred, axes, epsilon=1e-5, power=False):
    return g.node("Sqrt", raised(g, mean(g, square(g, centred, power), axes), epsilon))


def centred(g, x, axes):
    return g.node("Sub", [x, mean(g, x, axes)])


def scaled(g, x, *shape):
    return g.node("Mul", [x, g.weights(*shape, low=0.5)])


def shifted(g, x, *shape):
    return g.node("Add", [x, g.weights(*shape)])


@case((13, 18), shape=(1, 6, 5, 40))
def norm_chains(g):
    """PyTorch's forms: over the last, the last two, the channels, the pixels; with factors."""
    for label, axes, shape in (("last", [-1], (40,)), ("rows", [2, 3], (5, 40)),
                               ("channels", [1], (6, 1, 1)), ("pixels", [2, 3], (6, 1, 1))):
        x = centred(g, "x", axes)
        y = g.node("Div", [x, deviation(g, x, axes, 1e-3, power=label == "last")])
        g.out(shifted(g, scaled(g, y, *shape), *shape), label)
    x = centred(g, "x", [3])
    g.put("no_factors", "Div", [x, deviation(g, x, [3])])
    g.out(shifted(g, g.node("Div", [x, deviation(g, x, [3])]), 40), "no_scale")
    convolved = g.conv("x", 6, 40, 1)
    x = centred(g, convolved, [1])
    y = g.node("Div", [x, deviation(g, x, [1], 1e-6)])
    g.out(g.conv(shifted(g, scaled(g, y, 40, 1, 1), 40, 1, 1), 40, 4), "image")


@case((13, 18), shape=(2, 5, 4, 24))
def norm_chains_inverse(g):
    """TensorFlow's and Keras's: a factor of the inverse and the scale, mean and all at the end."""
    axes = [3]

    def inverse(x):
        return g.node("Reciprocal", deviation(g, centred(g, x, axes), axes, 1e-3))

    def ends(label, factor):
        x_part, m_part = g.node("Mul", ["x", factor]), g.node("Mul", [mean(g, "x", axes), factor])
        g.put(f"{label}_both", "Add", [x_part, g.node("Sub", [g.weights(24), m_part])])
        g.put(f"{label}_scale", "Sub", [x_part, m_part])
        negative = g.node("Mul", [g.node("Neg", mean(g, "x", axes)), factor])
        g.put(f"{label}_negative", "Add", [x_part, negative])
        g.put(f"{label}_centred", "Mul", [factor, centred(g, "x", axes)])

    ends("plain", inverse("x"))
    ends("scaled", scaled(g, inverse("x"), 24))
    moments = g.node("Sub", [mean(g, square(g, "x"), axes), square(g, mean(g, "x", axes), True)])
    root = g.node("Sqrt", raised(g, moments))
    g.put("moments", "Mul", [centred(g, "x", axes), g.node("Div", [number(g, 1), root])])


@case((13, 18), shape=(2, 5, 4, 24))
def rms_chains(g):
    """A root mean square, with the forms of its inverse."""
    def spread(axes=(-1,)):
        return raised(g, mean(g, square(g, "x", True), axes), 1e-3)

    g.put("div", "Div", ["x", g.node("Sqrt", spread())])
    inverse = g.node("Reciprocal", g.node("Sqrt", spread()))
    g.out(scaled(g, g.node("Mul", ["x", inverse]), 24), "reciprocal")
    inverse = g.node("Div", [number(g, 1), g.node("Sqrt", spread([1]))])
    g.out(scaled(g, g.node("Mul", [inverse, "x"]), 5, 1, 1), "channels")
    g.put("power", "Mul", ["x", scaled(g, g.node("Pow", [spread(), number(g, -0.5)]), 24)])


@case(18, shape=(2, 5, 4, 24))
def norm_chains_near(g):
    """What is none: other axes, epsilon elsewhere or none, dimensions that are gone, other
    operands; and one that others read the insides of."""
    x = centred(g, "x", [3])
    g.put("other_axes", "Div", [x, deviation(g, x, [2])])
    g.put("more_axes", "Div", [x, deviation(g, x, [2, 3])])
    root = g.node("Sqrt", mean(g, square(g, x), [3]))
    g.put("epsilon_outside", "Div", [x, raised(g, root, 0.5)])
    each = g.node("Add", [mean(g, square(g, x), [3]), g.weights(24, low=0.5)])
    g.put("epsilon_each", "Div", [x, g.node("Sqrt", each)])
    g.put("of_another", "Div", [x, deviation(g, centred(g, scaled(g, "x", 24), [3]), [3])])
    g.put("not_centred", "Div", ["x", deviation(g, x, [3])])
    g.put("sum", "Div", [x, g.node("Sqrt", raised(g, reduced(g, "ReduceSum", square(g, x), [3])))])
    gone = g.node("Sqrt", raised(g, mean(g, square(g, "x"), [2, 3], keep=0)))
    g.put("gone", "Div", ["x", g.node("Reshape", [gone, g.ints(2, 5, 1, 1)])])
    square_of = g.node("Slice", ["x", g.ints(0), g.ints(4), g.ints(3)])
    gone = g.node("Sqrt", raised(g, mean(g, square(g, square_of), [2], keep=0)))
    g.put("gone_and_aligned", "Div", [square_of, g.node("Reshape", [gone, g.ints(2, 5, 1, 4)])])
    row = mean(g, x, [2])
    g.put("wider", "Mul", [g.node("Div", [row, deviation(g, row, [3])]), g.weights(4, 24)])
    g.put("computed", "Mul", [g.node("Div", [x, deviation(g, x, [3])]), g.node("Abs", "x")])
    y = centred(g, "x", [1])
    root = deviation(g, y, [1])
    g.put("inside", "Div", [y, root])
    g.put("inside_root", "Sqrt", root)
    g.put("inside_centred", "Abs", y)


@case((12, 18), shape=(2, 5, 4, 24))
def softmax_chains(g):
    """With and without the largest taken away; the logarithms."""
    def powers(axes, largest=True):
        x = g.node("Sub", ["x", reduced(g, "ReduceMax", "x", axes)]) if largest else "x"
        return g.node("Exp", x)

    def total(x, axes):
        return reduced(g, "ReduceSum", x, axes)

    for axis in (3, 1):
        e = powers([axis])
        g.put(f"div_{axis}", "Div", [e, total(e, [axis])])
        e = powers([axis], False)
        g.put(f"bare_{axis}", "Div", [e, total(e, [axis])])
        e = powers([axis])
        g.put(f"mul_{axis}", "Mul", [e, g.node("Reciprocal", total(e, [axis]))])
        largest = g.node("Sub", ["x", reduced(g, "ReduceMax", "x", [axis])])
        logarithm = g.node("Log", total(powers([axis]), [axis]))
        g.put(f"log_{axis}", "Sub", [largest, logarithm])
        g.put(f"log_sum_{axis}", "Sub", ["x", reduced(g, "ReduceLogSumExp", "x", [axis])])
    g.put("log_of", "Log", g.node("Softmax", "x", axis=3))
    e = powers([3])
    g.put("near_other_axis", "Div", [e, total(e, [2])])
    g.put("near_two_axes", "Div", [powers([2, 3]), total(powers([2, 3]), [2, 3])])
    g.put("near_other_largest", "Div", [powers([2]), total(e, [3])])
    g.put("near_not_exp", "Div", [e, total("x", [3])])
    g.put("inside", "Div", [e, total(e, [3])])
    g.put("inside_powers", "Neg", e)
