# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators of reference.py that go element by element, and quantized integers."""

import functools
import math

import numpy as np

from reference_ops import op, OPS, optional


for _name, _f in {
        "Relu": lambda x: np.maximum(x, 0), "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "Tanh": np.tanh, "Identity": lambda x: x, "Floor": np.floor, "Ceil": np.ceil,
        "Sqrt": np.sqrt, "Exp": np.exp, "Neg": np.negative, "Abs": np.abs,
        "Log": np.log, "Reciprocal": np.reciprocal, "Erf": np.vectorize(math.erf, "d"),
        "Sin": np.sin, "Cos": np.cos, "Sign": np.sign, "Round": np.rint, "IsNaN": np.isnan,
        "Not": np.logical_not, "Softplus": lambda x: np.logaddexp(x, 0),
        "Softsign": lambda x: x / (1 + abs(x)),
        "Mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
        "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1)}.items():
    OPS[_name] = lambda i, a, f=_f: f(i[0])


@op("Selu")
def selu(i, a):
    alpha, gamma = a.get("alpha", 1.6732632423543772), a.get("gamma", 1.0507009873554805)
    return gamma * np.where(i[0] < 0, alpha * np.expm1(np.minimum(i[0], 0)), i[0])


@op("Celu")
def celu(i, a):
    alpha = a.get("alpha", 1.0)
    return np.where(i[0] < 0, alpha * np.expm1(np.minimum(i[0], 0) / alpha), i[0])


@op("ThresholdedRelu")
def thresholded_relu(i, a):
    return np.where(i[0] > a.get("alpha", 1.0), i[0], 0)


@op("Swish")
def swish(i, a):
    return i[0] / (1 + np.exp(-a.get("alpha", 1.0) * i[0]))


@op("Gelu")
def gelu(i, a):
    x = i[0]
    if a.get("approximate") in ("tanh", b"tanh"):
        return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3))) / 2
    return x * (1 + OPS["Erf"]([x / np.sqrt(2)], a)) / 2


@op("LeakyRelu")
def leaky_relu(i, a):
    return np.where(i[0] < 0, a.get("alpha", 0.01) * i[0], i[0])


@op("Elu")
def elu(i, a):
    return np.where(i[0] < 0, a.get("alpha", 1.0) * np.expm1(np.minimum(i[0], 0)), i[0])


@op("HardSigmoid")
def hard_sigmoid(i, a):
    return np.clip(a.get("alpha", 0.2) * i[0] + a.get("beta", 0.5), 0, 1)


@op("PRelu")
def prelu(i, a):
    x, slope = i
    if a["_opset"] < 7 and slope.size > 1:  # one slope per channel
        slope = slope.reshape([-1] + [1] * (x.ndim - 2))
    return np.where(x < 0, slope * x, x)


@op("Clip")
def clip(i, a):
    low = optional(i, 1, a.get("min", -np.inf))
    return np.minimum(np.maximum(i[0], low), optional(i, 2, a.get("max", np.inf)))


@op("LogSoftmax")
def log_softmax(i, a):
    return np.log(softmax(i, a))


@op("Softmax")
def softmax(i, a):
    x, axis = i[0], a.get("axis", 1 if a["_opset"] < 13 else -1)
    flat = x if a["_opset"] >= 13 else x.reshape(math.prod(x.shape[:axis % x.ndim]), -1)
    at = axis if a["_opset"] >= 13 else 1
    e = np.exp(flat - flat.max(at, keepdims=True))
    return (e / e.sum(at, keepdims=True)).reshape(x.shape)


def along(values, x, attrs):
    """One scale or zero point for each index of the axis, or one for all."""
    values = np.asarray(values)
    if values.size == 1:
        return values.reshape([])
    axis = attrs.get("axis", 1) % x.ndim
    return values.reshape([-1 if d == axis else 1 for d in range(x.ndim)])


@op("QuantizeLinear")
def quantize(i, a):
    x, zero = i[0], optional(i, 2, np.uint8(0))
    limits = np.iinfo(zero.dtype)
    q = np.rint(x / along(i[1], x, a)) + along(zero, x, a)
    return np.clip(q, limits.min, limits.max).astype(zero.dtype)


@op("DequantizeLinear")
def dequantize(i, a):
    x = i[0].astype(np.float64)
    return (x - along(optional(i, 2, np.int64(0)), x, a)) * along(i[1], x, a)


def on_integers(of, n_operands, constants=False):
    """The form of operator `of` that takes (integers, scale, zero point) for each operand, then
    scale and zero point of the output; constants: of the operands, a bias in steps of the product
    comes last (QLinearConv)."""
    def compute(i, a):
        operands = [dequantize([x, s, z], dict(a, axis=0 if k else 1))
                    for k, (x, s, z) in enumerate(zip(i[0::3], i[1::3], i[2::3]))
                    if k < n_operands]
        rest = list(i[3 * n_operands:])
        if constants:
            bias = rest.pop(0 if of == "Gemm" else -1) if len(rest) > (1 if of == "Gemm" else 2) \
                else None
            operands.append(None if bias is None else bias * np.asarray(i[1]) * np.asarray(i[4]))
        result = OPS[of](operands, a)
        return quantize([result, *rest], a) if rest else result
    return compute


for _of in ("Add", "Mul", "MatMul"):
    OPS["QLinear" + _of] = on_integers(_of, 2)
for _of in ("Sigmoid", "LeakyRelu", "GlobalAveragePool", "Softmax"):
    OPS["QLinear" + _of] = on_integers(_of, 1)
OPS["QLinearConv"], OPS["QGemm"] = on_integers("Conv", 2, True), on_integers("Gemm", 2, True)


@op("QLinearConcat")
def join_integers(i, a):
    parts = [dequantize(i[k:k + 3], a) for k in range(2, len(i), 3)]
    return quantize([np.concatenate(parts, a["axis"]), *i[:2]], a)


@op("FusedConv")
def fused_conv(i, a):
    x, p = OPS["Conv"](i[:3], a), a.get("activation_params", [])
    kind = a["activation"]
    x = x + i[3] if len(i) > 3 else x
    return {"Relu": lambda: np.maximum(x, 0), "Clip": lambda: np.clip(x, *p),
            "LeakyRelu": lambda: np.where(x < 0, p[0] * x, x),
            "HardSigmoid": lambda: np.clip(p[0] * x + p[1], 0, 1),
            "Tanh": lambda: np.tanh(x)}[kind.decode() if isinstance(kind, bytes) else kind]()


def binary(f):
    def compute(i, a):
        x, y = i
        if a["_opset"] < 7 and a.get("broadcast") and y.ndim < x.ndim:
            axis = a.get("axis", x.ndim - y.ndim) % x.ndim
            y = y.reshape(list(y.shape) + [1] * (x.ndim - axis - y.ndim))
        return f(x, y)
    return compute


def divide(x, y):
    return np.trunc(x / y).astype(np.int64) if x.dtype.kind == "i" else x / y


for _name, _f in {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": divide,
                  "Pow": np.power, "And": np.logical_and, "Or": np.logical_or,
                  "Xor": np.logical_xor, "Equal": np.equal, "Less": np.less,
                  "LessOrEqual": np.less_equal, "Greater": np.greater,
                  "GreaterOrEqual": np.greater_equal}.items():
    OPS[_name] = binary(_f)


@op("Mod")
def mod(i, a):
    return (np.fmod if a.get("fmod") else np.mod)(*i)


@op("Where")
def where(i, a):
    return np.where(*i)


@op("Max")
def maximum(i, a):
    return functools.reduce(np.maximum, i)


@op("Min")
def minimum(i, a):
    return functools.reduce(np.minimum, i)


@op("Sum")
def add_all(i, a):
    return sum(i[1:], i[0])


@op("Cast")
def cast(i, a):
    kinds = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64, 9: np.bool_,
             10: np.float16, 11: np.float64, 16: np.float32}
    return np.trunc(i[0]).astype(np.int64) if a["to"] in (6, 7) else i[0].astype(kinds[a["to"]])


@op("CastLike")
def cast_like(i, a):
    return np.trunc(i[0]).astype(np.int64) if i[1].dtype.kind == "i" else i[0].astype(i[1].dtype)


@op("Dropout")
def dropout(i, a):
    return [i[0], np.ones_like(i[0])]
