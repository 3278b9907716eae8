# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts multiply-accumulates per stage from an ONNX graph: direct convolution, padding taps
included, bias not; a stage is what its exit needs and no earlier one did, its head what the end
of the network does not need of that.  Shapes come from computing the graph once (reference.py)."""

import math
import os
import sys

import numpy as np

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden"))

import reference


def node_macs(node, shapes):
    out = math.prod(shapes[node.outputs[0]])
    if node.op == "Conv":
        return out * math.prod(shapes[node.inputs[1]][1:])
    if node.op == "Gemm":
        return out * shapes[node.inputs[0]][0 if node.attrs.get("transA") else 1]
    if node.op == "MatMul":
        return out * shapes[node.inputs[0]][-1]
    return 0


def count(model, exits, output):
    """(macs of each stage with its head, macs of each head, macs of a row of the final layer)."""
    shape = [d or 1 for d in model.inputs[0].shape]
    shapes = reference.shapes(model, {model.inputs[0].name: np.zeros(shape, np.float32)})
    producer = {o: n for n in model.nodes for o in n.outputs if o}

    def needed(name):
        seen, todo = {}, [name]
        while todo:
            node = producer.get(todo.pop())
            if node is not None and id(node) not in seen:
                seen[id(node)] = node
                todo += [i for i in node.inputs if i]
        return seen

    wanted = {name: needed(name) for name in list(exits) + [output]}
    done, stages, heads = set(), [], []
    for nodes in wanted.values():
        new = {k: node_macs(n, shapes) for k, n in nodes.items() if k not in done}
        stages.append(sum(new.values()))
        heads.append(sum(macs for k, macs in new.items() if k not in wanted[output]))
        done |= set(nodes)
    last = producer[output]
    while last.op not in ("Gemm", "MatMul"):  # a Softmax or bias may follow
        last = producer[next(i for i in last.inputs if i in producer)]
    return stages, heads[:-1], node_macs(last, shapes) // shapes[last.outputs[0]][-1]
