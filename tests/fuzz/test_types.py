# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every operator with each of its inputs of every type and several shapes: constant, computed,
missing, of no elements.  A model is opened and run, or refused for what it says (statuses MODEL and
UNSUPPORTED); nothing crashes, and nothing is called a lack of memory.

env OPEN_MANY: the program of open_many.c.
"""

import os
import re
import struct
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "oracle")]

import onnxfile as of  # noqa: E402
from onnxfile import integer, join, make_model, make_node, text  # noqa: E402

# TensorProto.DataType, bytes of an element (0: text, half a byte for int4)
TYPES = {"float": (1, 4), "double": (11, 8), "float16": (10, 2), "bfloat16": (16, 2),
         "int8": (3, 1), "uint8": (2, 1), "uint16": (4, 2), "int32": (6, 4), "int64": (7, 8),
         "bool": (9, 1), "string": (8, 0), "complex64": (14, 8), "float8": (17, 1),
         "int4": (22, .5)}
SHAPES = ((), (1,), (0,), (2, 3), (0, 3), (1, 3, 4, 5), (1, 3, 4, 5, 1))
ATTRIBUTES = {"Cast": dict(to=7), "MaxPool": dict(kernel_shape=[1, 1]), "Concat": dict(axis=0),
              "AveragePool": dict(kernel_shape=[1, 1]), "DepthToSpace": dict(blocksize=1),
              "SpaceToDepth": dict(blocksize=1), "Einsum": dict(equation="...->..."),
              "LRN": dict(size=3), "GroupNormalization": dict(num_groups=1),
              "LSTM": dict(hidden_size=1)}
FINE, OPSETS = (0, 2, 3), (6, 13, 22)  # WN_OK, WN_ERROR_MODEL, WN_ERROR_UNSUPPORTED


def operators():
    """(name, [(type, fewest dimensions, most)]) as ops.inc has them."""
    with open(os.path.join(ROOT, "engine", "load", "ops.inc")) as file:
        rows = file.read().split("clang-format off */")[1]
    for name, inputs in re.findall(r'WNI_OPERATOR\(\w+, (\w+),(.*?)"[FITC*]+"', rows, re.S):
        yield name, [(kind, int(low), int(high)) for kind, low, high in
                     re.findall(r"WNI_(?:IN|MAYBE|MANY)\(\w+, (\w), (\d), (\d)\)", inputs)]


def tensor(name, kind, shape):
    number, size = TYPES[kind]
    n = int(np.prod(shape))
    one = np.float32(1).tobytes() if kind == "float" else \
        np.float64(1).tobytes() if kind == "double" else b"\1" + bytes(max(int(size), 1) - 1)
    data = [text(6, b"a")] * n if kind == "string" else [text(9, (one * n)[:int(n * size + .5)])]
    return join([integer(1, d) for d in shape] + [integer(2, number), text(8, name)] + data)


def fitting(i, kind, low, high):
    """(name, initialisers) of an input as it may be: the image where that fits."""
    if i == 0 and kind != "I" and low <= 4 <= high:
        return "x", []
    return f"c{i}", [tensor(f"c{i}", "int64" if kind == "I" else "float", (1,) * low)]


def model(op, opset, inputs, at, name, wrong):
    """`op` whose input `at` is `name`, the initialiser `wrong` or none."""
    names, tensors = [], [wrong] if wrong else []
    for i, spec in enumerate(inputs):
        fits, more = fitting(i, *spec)
        names.append(name if i == at else fits)
        tensors += [] if i == at else more
    nodes = [make_node("Cast", ["x"], ["whole"], to=7),
             make_node(op, names, ["t"], **ATTRIBUTES.get(op, {})),
             make_node("Identity", ["t"], ["y"])]
    made = make_model(nodes, [("x", (1, 3, 4, 5))], [("y", (1, 3))], [], opset, {})
    return of.edit(made, [of.MODEL_GRAPH], lambda g: g + join([text(5, t) for t in tensors]))


def cases():
    for (op, inputs), opset in ((o, s) for o in operators() for s in OPSETS):
        for at in range(len(inputs)):
            for name in ("", "x", "whole"):
                yield f"{op} {opset}: input {at} '{name}'", model(op, opset, inputs, at, name, None)
            for kind in TYPES:
                for shape in SHAPES:
                    yield (f"{op} {opset}: input {at} {kind} {shape}",
                           model(op, opset, inputs, at, "w", tensor("w", kind, shape)))


def start():
    return subprocess.Popen([os.environ["OPEN_MANY"]], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE)


def main():
    step = 10 if os.environ.get("WINNOW_TEST_FEWER") else 1
    program, n, taken, failed = start(), 0, 0, 0
    for k, (name, data) in enumerate(cases()):
        if k % step:
            continue
        n += 1
        program.stdin.write(struct.pack("<I", len(data)) + data)
        program.stdin.flush()
        answer = program.stdout.readline().decode(errors="replace").split(" ", 1)
        if not answer[0]:
            failed += 1
            print(f"FAIL {name}: ends with status {program.wait()}", flush=True)
            program = start()
        elif int(answer[0]) not in FINE:
            failed += 1
            print(f"FAIL {name}: {answer[1].strip()}", flush=True)
        taken += answer[0] == "0"
    program.stdin.close()
    failed += program.wait() != 0
    print(f"{n} models, {taken} taken, {failed} failed")
    return failed > 0 or taken == 0


if __name__ == "__main__":
    sys.exit(main())
