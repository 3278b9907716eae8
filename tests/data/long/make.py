#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes late.onnx and early.onnx here: networks with an exit in front of layers that take long, or
behind them.
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "oracle"))

from onnxfile import make_model, make_node  # noqa: E402

CHANNELS, CLASSES, SIDE, WINDOW = 16, 4, 160, 15
META = {"winnow.version": "1", "winnow.exits": "e0", "winnow.output": "y",
        "winnow.strategy": "class-exclusion", "winnow.exit-score": "softmax",
        "winnow.thresholds": "0"}


def head(x, name):
    return [make_node("GlobalAveragePool", [x], [name + "p"]),
            make_node("Flatten", [name + "p"], [name + "f"]),
            make_node("Gemm", [name + "f", "head"], [name])]


def long_layers(x):
    half = WINDOW // 2
    return [make_node("Conv", [x, "inner"], ["c"], pads=[1] * 4), make_node("Relu", ["c"], ["r"]),
            make_node("AveragePool", ["r"], ["long"], kernel_shape=[WINDOW] * 2, pads=[half] * 4)]


def main():
    random = np.random.RandomState(1)
    weights = [(name, (random.randn(*shape) * 0.1).round(3).astype(np.float32)) for name, shape in
               (("outer", (CHANNELS, 3, 1, 1)), ("inner", (CHANNELS, CHANNELS, 3, 3)),
                ("head", (CHANNELS, CLASSES)))]
    stem = [make_node("Conv", ["x", "outer"], ["s"])]
    for name, nodes in (("late", stem + head("s", "e0") + long_layers("s") + head("long", "y")),
                        ("early", stem + long_layers("s") + head("long", "e0") + head("s", "y"))):
        model = make_model(nodes, [("x", (1, 3, SIDE, SIDE))],
                           [("e0", (1, CLASSES)), ("y", (1, CLASSES))], weights, 13, META)
        with open(os.path.join(HERE, name + ".onnx"), "wb") as file:
            file.write(model)


main()
