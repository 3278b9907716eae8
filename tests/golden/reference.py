# SPDX-License-Identifier: LGPL-2.1-or-later
"""Computes an ONNX graph in NumPy, float64, from the operator specifications: slow and plain.

The second opinion beside ONNX Runtime when golden files are made, and the source of expected
values for the forms that ONNX Runtime does not take (opset 6, bfloat16).  Nothing is fused or
folded; every operator is one function of (inputs, attributes) in a file of its kind.
"""

from types import SimpleNamespace

import numpy as np

import reference_elements  # noqa: F401  (importing a file of operators registers them)
import reference_layers  # noqa: F401
import reference_shapes  # noqa: F401
from reference_ops import OPS


def run(model, feed):
    """model: from onnxfile.load(); feed: {input: array}.  Returns {output: float64 array}."""
    values = compute(model, feed)
    return {o.name: values[o.name] for o in model.outputs}


def shapes(model, feed):
    """{tensor: shape} of everything in the graph."""
    return {k: v.shape for k, v in compute(model, feed).items()}


def compute(model, feed):
    """{tensor: array} of everything in the graph."""
    def wide(a):
        return np.asarray(a, np.float64) if np.asarray(a).dtype.kind == "f" else np.asarray(a)
    values = {k: wide(v) for k, v in {**model.initializers, **feed}.items()}
    for node in model.nodes:
        if node.op == "If":
            branch = node.attrs["then_branch" if values[node.inputs[0]] else "else_branch"]
            inside = compute(SimpleNamespace(opset=model.opset, **vars(branch)), values)
            values.update((o, inside[b.name]) for o, b in zip(node.outputs, branch.outputs))
            continue
        inputs = [values[i] if i else None for i in node.inputs]
        attrs = dict(node.attrs, _op=node.op, _opset=model.opset, _outputs=len(node.outputs))
        results = OPS[node.op](inputs, attrs)
        if not isinstance(results, (list, tuple)):
            results = [results]
        values.update((o, wide(r)) for o, r in zip(node.outputs, results) if o)
    return values
