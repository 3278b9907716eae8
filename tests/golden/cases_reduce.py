# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: the Reduce operators, over any dimensions, per frame and on constants."""

import numpy as np

from builder import case

REDUCTIONS = ("Mean", "Sum", "Prod", "Max", "Min", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")


def axes_of(g, op, axes):
    """The operands and attributes behind the first: axes are inputs from opset 18 on, of
    ReduceSum from 13 on."""
    if g.opset >= (13 if op == "ReduceSum" else 18):
        return [g.ints(*axes)], {}
    return [], {"axes": list(axes)}


@case((12, 13, 18), shape=(1, 6, 4, 3), ir=8)
def reductions(g):
    """Of so few elements that their product is no denormal, which would be zero in a frame."""
    positive = g.node("Sigmoid", "x")
    for name in REDUCTIONS:
        op = "Reduce" + name
        for axes in ((1,), (2, 3), (1, 2, 3), (3,), (0, 2)):
            more, attrs = axes_of(g, op, axes)
            label = f"{name}_{''.join(map(str, axes))}"
            g.put(label, op, [positive] + more, keepdims=int(axes != (2, 3)), **attrs)
        g.put(f"{name}_all", op, positive, keepdims=0)


@case(13, shape=(2, 7, 5, 3))
def reductions_elsewhere(g):
    """On what is no image, on another order of dimensions, with an activation behind."""
    turned = g.node("Transpose", "x", perm=[0, 2, 3, 1])
    flat = g.node("Reshape", ["x", g.ints(2, 7, 15)])
    for name in ("Max", "L2", "Mean"):
        op = "Reduce" + name
        g.put(f"{name}_turned", op, turned, axes=[-1])
        g.put(f"{name}_turned_image", op, turned, axes=[1, 2], keepdims=0)
        g.put(f"{name}_flat", op, flat, axes=[2])
        g.put(f"{name}_rows", op, flat, axes=[1], keepdims=0)
        g.put(f"{name}_behind", "Tanh", g.node(op, "x", axes=[2]))
    norm = g.node("Clip", [g.node("ReduceL2", flat, axes=[2]), g.init(np.float32(1e-12))])
    g.put("normalised", "Div", [flat, norm])


@case(13, shape=(1, 4, 3, 2))
def reductions_of_constants(g):
    weights = g.init(g.values(4, 3, low=0.5))
    for name in REDUCTIONS:
        op = "Reduce" + name
        more, attrs = axes_of(g, op, (1,))
        row = g.node(op, [weights] + more, keepdims=1, **attrs)
        g.put(name, "Add", ["x", g.node("Reshape", [row, g.ints(4, 1, 1)])])
    shape = g.node("Shape", "x")
    for name in ("Sum", "Prod", "Max", "Min"):
        size = g.node("Reduce" + name, shape, keepdims=1)
        g.put(f"{name}_integers", "Mul", ["x", g.node("Cast", size, to=1)])


@case(18, shape=(1, 4, 3, 2), ir=8)
def reductions_of_nothing(g):
    none = g.init(np.array([], np.int64))
    g.put("all", "ReduceMax", ["x", none])
    g.put("left", "ReduceSum", ["x", none], noop_with_empty_axes=1)
