# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forms of tensors: every type in raw bytes and in the list that ONNX has for it."""

import struct

import numpy as np

import onnxfile as of
from forms import case, form, nodes, plain, tensor, weights, with_initializer
from onnxfile import make_node, text, varint

KINDS = {"float": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7,
         "bool": 9, "float16": 10, "double": 11, "uint32": 12, "uint64": 13, "bfloat16": 16,
         "uint4": 21, "int4": 22}
LISTS = {"float": 4, "double": 10, "int64": 7, "uint32": 11, "uint64": 11}  # others: int32_data
VALUES = [3, 0, 7, 1, 5, 2]
FORMATS = {"float": "f", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "int32": "i",
           "int64": "q", "bool": "B", "float16": "e", "double": "d", "uint32": "I", "uint64": "Q"}


def packed_halves(values):
    return bytes(a & 15 | (b & 15) << 4 for a, b in zip(values[::2], values[1::2]))


def raw(kind, values):
    if kind == "bfloat16":
        return np.asarray(values, "<f4").tobytes()[2::4] and b"".join(
            struct.pack("<f", v)[2:] for v in values)
    if kind.endswith("int4"):
        return packed_halves(values)
    return struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)


def listed(kind, values):
    """The payload of the typed list."""
    if kind in ("float", "double"):
        return struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)
    if kind.endswith("int4"):
        values = list(packed_halves(values))
    elif kind in ("float16", "bfloat16"):
        values = np.frombuffer(raw(kind, values), "<u2").tolist()
    return b"".join(varint(v) for v in values)


def in_network(kind, values, number, payload):
    """The plain network with a tensor of that kind, cast to floats, added to its scores."""
    body = nodes()[:-1] + [make_node("Gemm", ["f", "fw"], ["g"], transB=1),
                           make_node("Cast", ["t"], ["tf"], to=1),
                           make_node("Mul", ["tf", "zero"], ["tz"]),
                           make_node("Sub", ["tf", "values"], ["rest"]),
                           make_node("Add", ["g", "rest"], ["h"]),
                           make_node("Add", ["h", "tz"], ["y"])]
    inits = {**weights(), "zero": np.zeros(1, np.float32), "values": np.array(values, np.float32)}
    return with_initializer(plain(body, inits),
                            tensor("t", KINDS[kind], [len(values)], text(number, payload)))


def register(name, make):
    make.__name__ = name
    case(make)


for KIND in KINDS:
    NUMBERS = [v != 0 for v in VALUES] if KIND == "bool" else (
        [-v for v in VALUES] if KIND in ("int4", "int8", "int16", "int32", "int64", "float",
                                         "float16", "double", "bfloat16") else VALUES)
    NUMBERS = [int(v) for v in NUMBERS]
    register(f"{KIND}_raw", lambda k=KIND, v=NUMBERS: form(in_network(k, v, 9, raw(k, v))))
    register(f"{KIND}_listed", lambda k=KIND, v=NUMBERS: form(
        in_network(k, v, LISTS.get(k, 5), listed(k, v))))


@case
def too_few_halves():
    return form(in_network("uint4", VALUES, 9, bytes(2)), ["'t'", "2"])


@case
def strings_that_are_read():
    return form(with_initializer(plain(nodes() + [make_node("Identity", ["t"], ["z"])]),
                                 tensor("t", 8, [1], text(6, "text"))), ["'t'"])


@case
def a_zero_point_in_a_list():
    """As onnxruntime.quantization writes it: a scalar uint8 in int32_data."""
    body = [make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
            make_node("DequantizeLinear", ["q", "s", "z"], ["d"])]
    body += [make_node("Conv", ["d", "cw", "cb"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])]
    model = plain(body + nodes()[1:], {**weights(), "s": np.array(0.03, np.float32)})
    model = with_initializer(model, tensor("z", of.UINT8, [], text(5, varint(128))))
    return form(model, tolerance=0.1, precision="int8")
