# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken model files for fuzz_model.py: floats where integers belong, integers where floats belong,
and numbers of dimensions that no rule expects.
"""

import numpy as np

from hostile import chain, weights
from onnxfile import make_node


def types():
    """(name, bytes, must be refused) as purposeful() yields."""
    floats, image = weights(4), weights(1, 3, 4, 5)
    refused = (True, True)
    integers, flat = np.array([0, 1]), weights(1, 3)
    i8, one, pair = np.arange(4, dtype="i1"), np.float32(1), np.ones((2, 2), np.float32)
    chains = (  # what, operator, its constant inputs; x is the first input where None stands
        ("floats that are dequantized", "DequantizeLinear", (floats, one), {}),
        ("pixels that are dequantized", "DequantizeLinear", (None, one), {}),
        ("scales in a matrix", "DequantizeLinear", (i8, pair), {}),
        ("a zero point of floats", "DequantizeLinear", (i8, one, one), {}),
        ("an image quantized by integers", "QuantizeLinear", (None, integers), {}),
        ("an image quantized with a float zero", "QuantizeLinear", (None, one, one), {}),
        ("indices that are floats", "Gather", (floats, floats), {}),
        ("a scalar that is gathered from", "Gather", (one, integers), {}),
        ("a shape of floats, of a constant", "Reshape", (floats, floats), {}),
        ("a shape that is a scalar", "Reshape", (floats, np.int64(4)), {}),
        ("a shape that is a matrix", "Reshape", (floats, np.array([[4]])), {}),
        ("a constant of a float shape", "ConstantOfShape", (floats,), {}),
        ("a constant of a shape in a matrix", "ConstantOfShape", (np.array([[4]]),), {}),
        ("floats beside integers, joined", "Concat", (floats, integers), dict(axis=0)),
        ("pixels beside integers, joined", "Concat", (None, np.ones((1, 3, 4, 5), "i8")),
         dict(axis=0)),
        ("scalars, joined", "Concat", (one, one), dict(axis=0)),
        ("floats plus integers", "Add", (floats, np.arange(4)), {}),
        ("pixels plus integers", "Add", (None, np.arange(5)), {}),
        ("pixels by integers", "Div", (None, np.arange(1, 6)), {}),
        ("a sum with integers", "Sum", (None, np.arange(5)), {}),
        ("slopes of integers", "PRelu", (None, np.arange(5)), {}),
        ("integers that are limited", "Clip", (integers,), {}),
        ("a limit that is an integer", "Clip", (None, np.int64(0)), {}),
        ("a limit that is an image", "Clip", (None, image), {}),
        ("a convolution of a matrix", "Conv", (flat, weights(4, 3, 3, 3)), {}),
        ("a convolution with a matrix", "Conv", (None, weights(4, 3)), {}),
        ("a convolution with integers", "Conv", (None, np.ones((4, 3, 1, 1), "i8")), {}),
        ("a bias of integers", "Conv", (None, weights(4, 3, 1, 1), np.arange(4)), {}),
        ("a bias that is an image", "Conv", (None, weights(4, 3, 1, 1), weights(1, 4, 1, 1)), {}),
        ("a normalisation in a matrix", "BatchNormalization", (None,) + (weights(1, 3),) * 4, {}),
        ("a normalisation by integers", "BatchNormalization", (None,) + (np.arange(3),) * 4, {}),
        ("a product with an image", "Gemm", (flat, image), {}),
        ("a product with integers", "Gemm", (flat, np.ones((3, 3), "i8")), {}),
        ("a product plus integers", "Gemm", (flat, weights(3, 3), np.arange(3)), {}),
        ("a product plus an image", "Gemm", (flat, weights(3, 3), weights(1, 1, 1, 3)), {}),
        ("a product with a scalar", "MatMul", (None, one), {}),
        ("a product with a vector of integers", "MatMul", (None, np.arange(5)), {}),
        ("pads of floats", "Pad", (None, weights(8)), {}),
        ("pads in a matrix", "Pad", (None, np.zeros((1, 8), "i8")), {}),
        ("a pad of integers", "Pad", (None, np.zeros(8, "i8"), np.int64(0)), {}),
        ("axes of floats", "Squeeze", (None, floats), {}),
        ("new axes of floats", "Unsqueeze", (None, floats), {}),
        ("a mean over float axes", "ReduceMean", (None, floats), {}),
        ("a mean of integers", "ReduceMean", (integers,), {}),
        ("a product over float axes", "ReduceProd", (integers, floats), {}),
        ("a scalar that is cut", "Slice", (one, integers, integers), {}),
        ("a cut from floats on", "Slice", (None, floats, integers), {}),
        ("a scalar that is split", "Split", (one,), dict(axis=0)),
        ("a split into floats", "Split", (None, floats), dict(axis=1)),
        ("a pool of a matrix", "MaxPool", (flat,), dict(kernel_shape=[1, 1])),
        ("a pool of everything of a vector", "GlobalAveragePool", (floats,), {}),
        ("an LRN of a matrix", "LRN", (flat,), dict(size=3)),
        ("a softmax of integers", "Softmax", (integers,), {}),
        ("an activation of integers", "Sigmoid", (integers,), {}))
    for name, op, constants, attrs in chains:
        names = ["x" if c is None else f"c{k}" for k, c in enumerate(constants)]
        inits = [(n, c) for n, c in zip(names, constants) if c is not None]
        used = [make_node(op, names, ["t"], **attrs), make_node("Add", ["x", "t"], ["y"])]
        yield name + ", added to the image", chain(used, inits), refused
        yield name, chain([make_node(op, names, ["y"], **attrs)], inits), refused
    inits = [("s", np.float32(1)), ("w", weights(4, 3, 1, 1))]
    codes = make_node("QuantizeLinear", ["x", "s"], ["q"])
    again = [make_node("QuantizeLinear", ["q", "s"], ["r"]),
             make_node("DequantizeLinear", ["r", "s"], ["y"])]
    for name, after in (("a convolution of codes", [make_node("Conv", ["q", "w"], ["y"])]),
                        ("a pool of codes", [make_node("GlobalMaxPool", ["q"], ["y"])]),
                        ("codes plus pixels", [make_node("Add", ["q", "x"], ["y"])]),
                        ("codes, quantized again", again)):
        yield name, chain([codes] + after, inits), refused
