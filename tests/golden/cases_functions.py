# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: functions of one element, comparisons, logic; per frame and on constants."""

import numpy as np
from onnx import TensorProto

from builder import case

UNARY = ("Abs", "Neg", "Exp", "Erf", "Sin", "Cos", "Sign", "Ceil", "Floor", "Round", "Softplus",
         "Softsign")


def number(g, value):
    return g.init(np.float32(value))


def as_float(g, x, name):
    """Booleans and integers leave as floats."""
    g.put(name, "Cast", x, to=TensorProto.FLOAT)


@case(13, shape=(1, 5, 3, 4))
def functions(g):
    wide = g.node("Mul", ["x", number(g, 3)])
    for op in UNARY:
        g.put(op, op, wide)
    positive = g.node("Exp", "x")
    for op in ("Sqrt", "Log", "Reciprocal"):
        g.put(op, op, positive)
    g.put("Selu", "Selu", wide)
    g.put("Selu_2", "Selu", wide, alpha=1.5, gamma=0.7)
    g.put("Celu", "Celu", wide, alpha=0.4)
    g.put("ThresholdedRelu", "ThresholdedRelu", wide, alpha=0.8)
    g.put("halves", "Round", g.node("Add", [g.node("Round", wide), number(g, 0.5)]))


@case(13, shape=(1, 5, 3, 4))
def functions_of_constants(g):
    wide = g.init(g.values(4, scale=3))
    positive = g.init(g.values(4, low=0.5))
    for op in UNARY:
        g.put(op, "Add", ["x", g.node(op, wide)])
    for op in ("Sqrt", "Log", "Reciprocal"):
        g.put(op, "Mul", ["x", g.node(op, positive)])
    g.put("Relu", "Add", ["x", g.node("Relu", wide)])
    g.put("Clip", "Add", ["x", g.node("Clip", [wide, number(g, -1), number(g, 0.5)])])
    g.put("Pow", "Mul", ["x", g.node("Pow", [positive, number(g, 1.5)])])
    g.put("Max", "Add", ["x", g.node("Max", [wide, positive, number(g, 0)])])
    g.put("Sum", "Add", ["x", g.node("Sum", [wide, positive, number(g, 2)])])
    whole = g.node("Where", [g.node("Less", [wide, positive]), wide, positive])
    g.put("Where", "Add", ["x", whole])


@case(20, shape=(1, 5, 3, 4), ir=9)
def gelu(g):
    wide = g.node("Mul", ["x", number(g, 3)])
    g.put("exact", "Gelu", wide)
    g.put("tanh", "Gelu", wide, approximate="tanh")
    g.put("after_conv", "Gelu", g.conv("x", 5, 7))
    g.put("mish", "Mish", wide)


@case(21, shape=(1, 5, 3, 4), ir=10, ort=99)
def swish(g):
    g.put("plain", "Swish", "x")
    g.put("alpha", "Swish", g.conv("x", 5, 7), alpha=1.7)


@case(13, shape=(1, 4, 3, 2))
def powers(g):
    positive = g.node("Exp", "x")
    for exponent in (2, 3, 0.5, -1.5):
        g.put(f"to_{exponent}", "Pow", [positive, number(g, exponent)])
    g.put("square", "Pow", ["x", number(g, 2)])
    g.put("integer", "Pow", ["x", g.init(np.array(3, np.int64))])
    g.put("tensor", "Pow", [positive, "x"])
    g.put("base", "Pow", [number(g, 2), "x"])


@case(13, shape=(1, 4, 3, 2))
def extremes(g):
    """Relu6 as some exporters write it; several operands; remainders."""
    y = g.node("Tanh", "x")
    pooled = g.node("GlobalAveragePool", "x")
    g.put("relu6", "Min", [g.node("Max", ["x", number(g, 0)]), number(g, 1)])
    g.put("relu6_first", "Max", [number(g, 0), g.node("Min", [number(g, 1), "x"])])
    g.put("one", "Max", "x")
    g.put("three", "Max", ["x", y, pooled])
    g.put("least", "Min", ["x", y, g.weights(4, 1, 1)])
    g.put("fmod", "Mod", ["x", g.weights(4, 1, 1, low=0.5)], fmod=1)


@case(16, shape=(1, 4, 3, 2), rounding=2)
def comparisons(g):
    zero = number(g, 0)
    y = g.node("Mul", ["x", g.init(np.array([1, -1], np.float32))])
    masks = {}
    for op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"):
        masks[op] = g.node(op, ["x", y])
        as_float(g, masks[op], op)
    for op in ("And", "Or", "Xor"):
        as_float(g, g.node(op, [masks["Less"], masks["Equal"]]), op)
    as_float(g, g.node("Not", masks["Less"]), "Not")
    as_float(g, g.node("IsNaN", g.node("Div", [y, zero])), "IsNaN")
    g.put("where", "Where", [masks["Greater"], "x", zero])
    g.put("where_channel", "Where", [g.node("Greater", [g.node("GlobalMaxPool", "x"), zero]),
                                     g.weights(4, 1, 1), y])
    g.put("like_float", "CastLike", [masks["Less"], "x"])
    as_float(g, g.node("CastLike", [g.node("Exp", "x"), g.ints(1)]), "like_integer")


@case(16, shape=(1, 4, 3, 2))
def integers_of_constants(g):
    """Arithmetic on shapes, as it stands around Resizing and CenterCrop of Keras."""
    size = g.node("Slice", [g.node("Shape", "x"), g.ints(1), g.ints(4)])
    halves = g.node("Div", [g.node("Sub", [size, g.ints(1, 1, 1)]), g.ints(2)])
    rest = g.node("Mod", [g.node("Neg", size), g.ints(3, 2, 5)])
    capped = g.node("Min", [g.node("Max", [halves, g.ints(1)]), g.ints(2, 3, 4)])
    inside = g.node("And", [g.node("Less", [halves, size]), g.node("Equal", [capped, g.ints(1)])])
    chosen = g.node("Where", [inside, size, g.node("Abs", g.node("Sub", [rest, size]))])
    clipped = g.node("Clip", [g.node("Pow", [chosen, g.ints(2)]), g.init(np.int64(2)),
                              g.init(np.int64(9))])
    for name, value in (("halves", halves), ("rest", rest), ("capped", capped),
                        ("chosen", chosen), ("clipped", clipped)):
        column = g.node("Reshape", [g.node("Cast", value, to=TensorProto.FLOAT), g.ints(3, 1)])
        g.put(name, "Add", ["x", column])
