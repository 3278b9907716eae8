# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: one operator written as several, in the orders that exporters write, behind a
convolution that may take it along, and with readers of what lies inside."""

import numpy as np

from builder import case


def number(g, value):
    return g.init(np.float32(value))


def times(g, x, factor):
    return g.node("Mul", [x, number(g, factor)])


def plus(g, x, term):
    return g.node("Add", [x, number(g, term)])


def capped(g, x, low, high):
    return g.node("Clip", [x, number(g, low), number(g, high)])


@case(13, shape=(1, 4, 5, 3))
def chains_of_gates(g):
    x = g.conv("x", 4, 6)
    g.put("silu", "Mul", [x, g.node("Sigmoid", x)])
    x = g.conv("x", 4, 6)
    g.put("silu_first", "Mul", [g.node("Sigmoid", x), x])
    x = g.conv("x", 4, 6)
    g.put("quick_gelu", "Mul", [x, g.node("Sigmoid", times(g, x, 1.702))])
    x = g.conv("x", 4, 6)
    g.put("mish", "Mul", [x, g.node("Tanh", g.node("Softplus", x))])
    x = g.conv("x", 4, 6)
    softplus = g.node("Log", plus(g, g.node("Exp", x), 1))
    g.put("mish_long", "Mul", [x, g.node("Tanh", softplus)])
    x = g.conv("x", 4, 6)
    g.put("hard_swish", "Mul", [x, g.node("HardSigmoid", x, alpha=1 / 6, beta=0.5)])
    x = times(g, g.conv("x", 4, 6), 3)
    g.out(times(g, g.node("Mul", [x, capped(g, plus(g, x, 3), 0, 6)]), 1 / 6), "hard_swish_mul")
    x = times(g, g.conv("x", 4, 6), 3)
    gate = g.node("Div", [capped(g, plus(g, x, 3), 0, 6), number(g, 6)])
    g.put("hard_swish_div", "Mul", [gate, x])
    x = times(g, g.conv("x", 4, 6), 3)
    low = g.node("Max", [plus(g, x, 3), number(g, 0)])
    g.out(times(g, g.node("Min", [low, number(g, 6)]), 1 / 6), "hard_sigmoid_min_max")
    x = g.conv("x", 4, 6)
    g.put("sigmoid", "Reciprocal", plus(g, g.node("Exp", g.node("Neg", x)), 1))
    x = g.conv("x", 4, 6)
    g.put("softsign", "Div", [x, plus(g, g.node("Abs", x), 1)])


@case(13, shape=(1, 4, 5, 3))
def chains_with_readers(g):
    """Values inside are read by others, or are outputs; constants that are nearly right."""
    x = g.conv("x", 4, 6)
    gate = g.node("Sigmoid", x)
    g.put("silu", "Mul", [x, gate])
    g.put("gate", "Identity", gate)
    y = g.conv("x", 4, 6)
    gate = g.node("Sigmoid", y)
    g.put("swish", "Mul", [gate, y])
    g.put("product", "Mul", [gate, x])
    g.put("quotient", "Div", [y, g.node("Sigmoid", y)])
    z = g.conv("x", 4, 6)
    g.put("other_gate", "Mul", [z, g.node("Sigmoid", y)])
    g.put("other_cap", "Mul", [times(g, capped(g, plus(g, z, 3), 0, 5), 1 / 6), z])
    g.put("other_term", "Mul", [times(g, capped(g, plus(g, z, 2), 0, 6), 1 / 6), z])
    g.put("wider", "Mul", [z, g.node("Sigmoid", g.node("GlobalAveragePool", z))])
    g.put("empty_range", "Max", [g.node("Min", [z, number(g, -1)]), number(g, 1)])
    g.put("two_caps", "Min", [capped(g, z, -0.5, 0.25), number(g, 1)])
    g.put("two_bottoms", "Max", [capped(g, z, -0.25, 0.5), number(g, -1)])
    ranks = g.init(np.ones((1, 1, 1, 1, 1), np.float32))
    g.put("more_dimensions", "Div", [z, g.node("Add", [g.node("Abs", z), ranks])])


@case(13, shape=(1, 4, 5, 3))
def chains_of_gelu(g):
    """Forms of PyTorch, TensorFlow and Keras, PaddlePaddle, and Hugging Face's."""
    def normal(x, root):
        return plus(g, g.node("Erf", root(x)), 1)

    def divided(x):
        return g.node("Div", [x, number(g, 2 ** 0.5)])

    def scaled(x):
        return times(g, x, 0.5 ** 0.5)

    def tanh(x, inner):
        return plus(g, g.node("Tanh", times(g, inner, (2 / np.pi) ** 0.5)), 1)

    def cubic(x, cube):
        return g.node("Add", [x, times(g, cube, 0.044715)])

    for label, root in (("div", divided), ("mul", scaled)):
        x = times(g, g.conv("x", 4, 6), 2)
        g.out(times(g, g.node("Mul", [x, normal(x, root)]), 0.5), f"last_{label}")
        x = times(g, g.conv("x", 4, 6), 2)
        g.put(f"first_{label}", "Mul", [times(g, x, 0.5), normal(x, root)])
        x = times(g, g.conv("x", 4, 6), 2)
        g.put(f"inner_{label}", "Mul", [x, g.node("Mul", [number(g, 0.5), normal(x, root)])])
        x = times(g, g.conv("x", 4, 6), 2)
        g.put(f"folded_{label}", "Mul", [plus(g, times(g, g.node("Erf", root(x)), 0.5), 0.5), x])
    x = times(g, g.conv("x", 4, 6), 2)
    power = g.node("Pow", [x, number(g, 3)])
    g.put("tanh_pow", "Mul", [times(g, x, 0.5), tanh(x, cubic(x, power))])
    x = times(g, g.conv("x", 4, 6), 2)
    product = g.node("Mul", [x, g.node("Mul", [x, x])])
    g.out(times(g, g.node("Mul", [x, tanh(x, cubic(x, product))]), 0.5), "tanh_mul")
    x = times(g, g.conv("x", 4, 6), 2)
    square = plus(g, times(g, g.node("Mul", [x, x]), 0.044715), 1)
    g.put("tanh_square", "Mul", [x, times(g, tanh(x, g.node("Mul", [x, square])), 0.5)])
