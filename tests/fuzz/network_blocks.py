# SPDX-License-Identifier: LGPL-2.1-or-later
"""Layers of networks.py that stand together in real networks, as exporters write them."""

import numpy as np

from network_layers import (ANY, IMAGES, LAYERS, SOME, WINDOWS,  # noqa: F401
                            activation, batch_norm, conv, divisor,
                            layer)
from network_moves import move
from networks import Unfit


def same_conv(g, x, filters, kernel=3, group=1):
    n, c, h, w = g.shape(x)
    inputs = [x, g.weights(filters, c // group, kernel, kernel)]
    inputs += [g.near(-1, 1, filters)] if g.chance(0.5) else []
    attrs = {"group": group} if group > 1 else {}
    y = g.add("Conv", inputs, (n, filters, h, w), kernel_shape=[kernel] * 2,
              pads=[kernel // 2] * 4, **attrs)
    return batch_norm(g, y) if g.chance(0.3) else y


@layer(4, IMAGES)
def residual(g, x):
    c, shape = g.shape(x)[1], g.shape(x)
    y = activation(g, same_conv(g, x, g.random.randint(1, 20), g.random.choice((1, 3))))
    y = same_conv(g, y, c, g.random.choice((1, 3)))
    y = g.add("Add", [x, y] if g.chance(0.5) else [y, x], shape)
    return activation(g, y) if g.chance(0.6) else y


@layer(4, IMAGES)
def inverted_residual(g, x):
    c = g.shape(x)[1]
    wide = c * g.random.choice((1, 2, 3))
    y = activation(g, same_conv(g, x, wide, 1))
    y = activation(g, same_conv(g, y, wide, g.random.choice((3, 5)), wide))
    if g.chance(0.4):
        y = squeeze_and_excite(g, y)
    y = same_conv(g, y, c, 1)
    return g.add("Add", [x, y], g.shape(x)) if g.chance(0.6) else y


@layer(2, IMAGES)
def squeeze_and_excite(g, x):
    n, c, h, w = g.shape(x)
    small = max(c // 4, 1)
    if g.chance(0.5):
        y = g.add("GlobalAveragePool", [x], (n, c, 1, 1))
    elif g.opset >= 18:
        y = g.add("ReduceMean", [x, g.ints(2, 3)], (n, c, 1, 1), keepdims=1)
    else:
        y = g.add("ReduceMean", [x], (n, c, 1, 1), keepdims=1, axes=[2, 3])
    y = g.add("Relu", [same_conv(g, y, small, 1)], (n, small, 1, 1))
    y = same_conv(g, y, c, 1)
    y = g.add(g.random.choice(("Sigmoid", "HardSigmoid")), [y], (n, c, 1, 1))
    return g.add("Mul", [x, y] if g.chance(0.5) else [y, x], (n, c, h, w))


@layer(3, (3,))
def attention(g, x):
    n, length, width = g.shape(x)
    heads = divisor(g, width)
    size = width // heads
    def head(perm):
        y = g.add("MatMul", [x, g.weights(width, width)], (n, length, width))
        y = g.add("Add", [y, g.near(-1, 1, width)], (n, length, width))
        y = g.add("Reshape", [y, g.ints(0, 0, heads, size)], (n, length, heads, size))
        dims = (n, length, heads, size)
        return g.add("Transpose", [y], [dims[p] for p in perm], perm=perm)
    q, k, v = head([0, 2, 1, 3]), head([0, 2, 3, 1]), head([0, 2, 1, 3])
    shape = (n, heads, length, length)
    scores = g.add("MatMul", [q, k], shape)
    scores = g.add(*g.random.choice((("Mul", [scores, g.init(size ** -0.5)]),
                                     ("Div", [scores, g.init(size ** 0.5)]))), shape)
    if g.chance(0.3):
        scores = g.add("Add", [scores, g.near(-2, 0, length, length)], shape)
    weights = g.add("Softmax", [scores], shape, axis=-1 if g.opset >= 13 else 3)
    y = g.add("MatMul", [weights, v], (n, heads, length, size))
    y = g.add("Transpose", [y], (n, length, heads, size), perm=[0, 2, 1, 3])
    y = g.add("Reshape", [y, g.ints(n, length, width)], (n, length, width))
    return g.add("Add", [x, g.add("MatMul", [y, g.weights(width, width)], g.shape(x))], g.shape(x))


@layer(1, IMAGES)
def tokens(g, x):
    """An image becomes a sequence, and mostly an attention layer follows."""
    n, c, h, w = g.shape(x)
    if h * w > 60:
        raise Unfit
    y = move(g, "Reshape", [x, g.ints(0, c, -1)], (n, c, h * w))
    y = move(g, "Transpose", [y], (n, h * w, c), perm=[0, 2, 1])
    return attention(g, y) if g.chance(0.7) else y


@layer(2, SOME)
def layer_norm_parts(g, x):
    shape, last = g.shape(x), g.shape(x)[-1]
    one = (*shape[:-1], 1)
    def mean(v):
        if g.opset >= 18:
            return g.add("ReduceMean", [v, g.ints(-1)], one, keepdims=1)
        return g.add("ReduceMean", [v], one, keepdims=1, axes=[-1])
    d = g.add("Sub", [x, mean(x)], shape)
    square = g.add("Pow", [d, g.init(2)], shape) if g.chance(0.6) else g.add("Mul", [d, d], shape)
    spread = g.add("Sqrt", [g.add("Add", [mean(square), g.init(1e-2)], one)], one)
    y = g.add("Div", [d, spread], shape)
    y = g.add("Mul", [y, g.near(0.5, 2, last)], shape)
    return g.add("Add", [y, g.near(-1, 1, last)], shape)


@layer(3, ANY)
def activation_parts(g, x):
    """Activations written out."""
    shape, kind = g.shape(x), g.random.choice(("silu", "gelu", "hardswish", "mish", "tanh gelu"))
    both = lambda op, a, b: g.add(op, [a, b] if g.chance(0.7) else [b, a], shape)
    if kind == "silu":
        return both("Mul", x, g.add("Sigmoid", [x], shape))
    if kind == "mish":
        return both("Mul", x, g.add("Tanh", [g.add("Softplus", [x], shape)], shape))
    if kind == "hardswish":
        y = g.add("Clip", [both("Add", x, g.init(3)), g.init(0), g.init(6)], shape)
        if g.chance(0.5):
            return g.add("Div", [both("Mul", x, y), g.init(6)], shape)
        return both("Mul", x, g.add("Div", [y, g.init(6)], shape))
    if kind == "gelu":
        y = g.add("Erf", [g.add("Div", [x, g.init(2 ** 0.5)], shape)], shape)
        y = both("Mul", x, both("Add", y, g.init(1)))
        return both("Mul", y, g.init(0.5))
    cube = g.add("Pow", [x, g.init(3)], shape)
    y = both("Add", x, both("Mul", cube, g.init(0.044715)))
    y = g.add("Tanh", [both("Mul", y, g.init((2 / np.pi) ** 0.5))], shape)
    return both("Mul", both("Mul", x, both("Add", y, g.init(1))), g.init(0.5))


@layer(3, range(2, 6))
def shape_computed(g, x):
    """Shape, Gather, Unsqueeze, Concat, Reshape: what PyTorch writes for view()."""
    shape = g.shape(x)
    dims = g.add("Shape", [x], (len(shape),), kind="i")
    first = g.add("Gather", [dims, g.init(0, np.int64)], (), kind="i", axis=0)
    if g.opset >= 13:
        first = g.add("Unsqueeze", [first, g.ints(0)], (1,), kind="i")
    else:
        first = g.add("Unsqueeze", [first], (1,), kind="i", axes=[0])
    if g.chance(0.5):
        target = g.add("Concat", [first, g.ints(-1)], (2,), kind="i", axis=0)
        return move(g, "Reshape", [x, target], (shape[0], np.prod(shape[1:], dtype=int)))
    rest = g.add("Slice", [dims, g.ints(1), g.ints(len(shape)), g.ints(0)], (len(shape) - 1,),
                 kind="i")
    target = g.add("Concat", [first, g.ints(1), rest], (len(shape) + 1,), kind="i", axis=0)
    return move(g, "Reshape", [x, target], (shape[0], 1, *shape[1:]))


@layer(2, WINDOWS)
def shuffle(g, x):
    """Channels in another order."""
    n, c, *sizes = g.shape(x)
    b = divisor(g, c)
    if b in (1, c) or c == 1:
        raise Unfit
    y = move(g, "Reshape", [x, g.ints(n, b, c // b, *sizes)], (n, b, c // b, *sizes))
    perm = [0, 2, 1, *range(3, 3 + len(sizes))]
    y = move(g, "Transpose", [y], (n, c // b, b, *sizes), perm=perm)
    return move(g, "Reshape", [y, g.ints(n, -1, *sizes)], g.shape(x))


@layer(2, WINDOWS)
def branches(g, x):
    """Two readers of a value, joined along the channels."""
    parts = [conv(g, x, pointwise=True), conv(g, x, depthwise=True)]
    if g.shape(parts[0])[2:] != g.shape(parts[1])[2:]:
        raise Unfit
    n = g.shape(x)[0]
    c = sum(g.shape(p)[1] for p in parts)
    return g.add("Concat", parts, (n, c, *g.shape(parts[0])[2:]), axis=1)


# ---- quantised ----
# Scales are powers of two and inputs multiples of one, so that float32 has the sums exactly and
# both must round to the same byte: one that differs is a whole step away, far outside the bound.


def quantised(g, x, scale, signed=False):
    dtype, kind = (np.int8, "i1") if signed else (np.uint8, "u1")
    zero = g.init(0 if signed else g.random.choice((0, 96, 128)), dtype)
    scale = g.init(scale)
    q = g.add("QuantizeLinear", [x, scale, zero], g.shape(x), kind=kind)
    return g.add("DequantizeLinear", [q, scale, zero], g.shape(x), exact=True)


def byte_weights(g, shape):
    """(dequantised weights, their scales)"""
    scales = 2.0 ** -g.numbers.randint(5, 8, shape[0] if g.chance(0.7) else ())
    q = g.init(g.numbers.randint(-127, 128, shape), np.int8)
    zero = g.init(np.zeros(scales.shape if isinstance(scales, np.ndarray) else ()), np.int8)
    attrs = {"axis": 0} if np.ndim(scales) else {}
    y = g.add("DequantizeLinear", [q, g.init(scales), zero], shape, kind="w", **attrs)
    return y, scales


@layer(8, IMAGES, 13)
def quantised_conv(g, x):
    if not g.values[x].exact:
        raise Unfit
    n, c, h, w = g.shape(x)
    k = g.random.choice((1, 1, 3, 3, 5))
    x = quantised(g, x, 2.0 ** -4, g.chance(0.3))
    groups = c if g.chance(0.4) else divisor(g, c) if g.chance(0.2) else 1
    filters = groups if groups > 1 else g.random.randint(1, 20)
    weights, scales = byte_weights(g, (filters, c // groups, k, k))
    inputs = [x, weights]
    if g.chance(0.6):
        q = g.init(g.numbers.randint(-500, 500, filters), np.int32)
        step = g.init(scales * 2.0 ** -4)
        attrs = {"axis": 0} if np.ndim(scales) else {}
        inputs.append(g.add("DequantizeLinear", [q, step], (filters,), kind="w", **attrs))
    stride = g.random.choice((1, 1, 2))
    pads = [g.random.choice((0, k // 2)) for _ in range(4)]
    out = [(s + pads[i] + pads[i + 2] - k) // stride + 1 for i, s in enumerate((h, w))]
    y = g.add("Conv", inputs, (n, filters, *out), exact=True, kernel_shape=[k, k], pads=pads,
              strides=[stride] * 2, group=groups)
    if g.chance(0.5):
        y = g.add("Relu", [y], g.shape(y), exact=True)
    return quantised(g, y, 2.0 ** -3, g.chance(0.3))


@layer(3, SOME, 13)
def quantised_add(g, x):
    others = [v for v in g.floats() if g.shape(v) == g.shape(x) and g.values[v].exact]
    if not g.values[x].exact or not others:
        raise Unfit
    a, b = quantised(g, x, 2.0 ** -4), quantised(g, g.random.choice(others), 2.0 ** -3)
    return quantised(g, g.add("Add", [a, b], g.shape(x), exact=True), 2.0 ** -3)


@layer(2, (2,), 13)
def quantised_gemm(g, x):
    if not g.values[x].exact:
        raise Unfit
    m, k = g.shape(x)
    filters = g.random.randint(1, 20)
    x = quantised(g, x, 2.0 ** -4)
    weights, _ = byte_weights(g, (filters, k))
    y = g.add("Gemm", [x, weights], (m, filters), exact=True, transB=1)
    return quantised(g, y, 2.0 ** -3)
