# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: the largest and smallest along an axis, and where they stand."""

import numpy as np

from builder import case


def put_arg(g, name, op, x, **attrs):
    g.put(name, "Cast", g.node(op, x, **attrs), to=1)


@case((11, 13), shape=(1, 3, 4, 5))
def arg_max(g):
    y = g.node("Round", "x")  # with equal ones
    z = g.node("Relu", g.conv("x", 3, 7, k=1))  # an image as convolutions leave it
    for op in ("ArgMax", "ArgMin"):
        put_arg(g, op.lower(), op, y)
        put_arg(g, op.lower() + "_rows", op, y, axis=2, keepdims=0)
        put_arg(g, op.lower() + "_channels", op, z, axis=1, keepdims=0)
        put_arg(g, op.lower() + "_last_axis", op, z, axis=-1)
        if g.opset >= 13:
            put_arg(g, op.lower() + "_of_equal_the_last", op, y, axis=3, select_last_index=1)


@case((9, 11), shape=(2, 6, 3))
def top_k(g):
    def top(x, name, k, **attrs):
        inputs = [x]
        if g.opset < 10:
            attrs["k"] = k
        else:
            inputs.append(g.ints(k))
        values, indices = g.node("TopK", inputs, 2, **attrs)
        g.out(values, name)
        g.put(name + "_at", "Cast", indices, to=1)
    top("x", "last_axis", 2)
    top("x", "rows", 4, axis=1)
    top("x", "all", 6, axis=1)
    if g.opset >= 11:
        top(g.node("Mul", ["x", g.init(np.float32(2))]), "smallest", 3, axis=-2, largest=0)
