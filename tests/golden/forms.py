# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the cases of test_forms.py are made of: the network, parts of files, a register."""

from types import SimpleNamespace

import numpy as np

import onnxfile as of
from onnxfile import integer, join, make_model, make_node, split, text

CASES = {}
INPUT = np.random.RandomState(3).randn(1, 3, 5, 4).astype(np.float32)


def case(function):
    CASES[function.__name__] = function
    return function


def form(data, refused=None, tensor=INPUT, files=None, expected=None, tolerance=1e-6,
         precision="fp32", like=None):
    """A file; refused: words of the message; expected: of output y where not the plain network's,
    like: a file that gives it; files: {name: bytes, or what it is a link to} beside it."""
    return SimpleNamespace(data=data, refused=refused, tensor=tensor, files=files or {},
                           expected=expected, tolerance=tolerance, precision=precision, like=like)


def weights():
    random = np.random.RandomState(1)
    return {"cw": random.randn(4, 3, 3, 3).astype(np.float32),
            "cb": random.randn(4).astype(np.float32),
            "fw": random.randn(6, 4).astype(np.float32)}


def nodes():
    return [make_node("Conv", ["x", "cw", "cb"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            make_node("Relu", ["c"], ["r"]),
            make_node("GlobalAveragePool", ["r"], ["p"]),
            make_node("Flatten", ["p"], ["f"]),
            make_node("Gemm", ["f", "fw"], ["y"], transB=1)]


def plain(body=None, inits=None, opset=13, x=("x", (1, 3, 5, 4)), y=("y", (1, 6)), **options):
    return make_model(nodes() if body is None else body, [x], [y],
                      list((weights() if inits is None else inits).items()), opset, **options)


def graph(body, outputs, inputs=(), inits=()):
    """The bytes of a GraphProto of these nodes; outputs and inputs are names."""
    info = lambda number, name: text(number, join([text(1, name)]))
    return join([text(of.GRAPH_NODE, n) for n in body] + [text(2, "branch")] +
                [text(of.GRAPH_INITIALIZER, of.make_tensor(*i)) for i in inits] +
                [info(of.GRAPH_INPUT, i) for i in inputs] +
                [info(of.GRAPH_OUTPUT, o) for o in outputs])


def graph_attribute(name, body):
    return text(5, join([text(1, name), text(6, body), integer(20, 5)]))


def reference(name, to, kind):
    """An attribute that has the value of the function's attribute `to`."""
    return text(5, join([text(1, name), text(21, to), integer(20, kind)]))


def function(name, inputs, outputs, body, attributes=(), domain="own", defaults=()):
    """A field of a ModelProto."""
    return text(25, join([text(1, name)] + [text(4, i) for i in inputs] +
                         [text(5, o) for o in outputs] + [text(6, a) for a in attributes] +
                         [text(7, n) for n in body] +
                         [text(9, join([text(1, ""), integer(2, 13)])), text(10, domain)] +
                         [text(11, d) for d in defaults]))


def call(name, inputs, outputs, domain="own", **attrs):
    return make_node(name, inputs, outputs, **attrs) + join([text(7, domain)])


def with_functions(model, *functions):
    return join(split(model) + list(functions) +
                [text(of.MODEL_OPSET, join([text(1, "own"), integer(2, 1)]))])


def with_initializer(model, tensor):
    """The model with the bytes of a TensorProto more."""
    field = join([text(of.GRAPH_INITIALIZER, tensor)])
    return of.edit(model, [of.MODEL_GRAPH], lambda g: g + field)


def with_input(model, info):
    return of.edit(model, [of.MODEL_GRAPH], lambda g: g + join([text(of.GRAPH_INPUT, info)]))


def tensor(name, kind, dims, *fields):
    """A TensorProto with these fields as its elements."""
    return join([integer(1, d) for d in dims] + [integer(2, kind), text(8, name)] + list(fields))
