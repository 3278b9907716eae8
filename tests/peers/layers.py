# SPDX-License-Identifier: LGPL-2.1-or-later
"""The convolutions and matrix products of an ONNX file, as the lines that onednn_bench reads.

A line is: kind (conv or fc), groups, input channels, height, width, output channels, height,
width, kernel h, w, stride h, w, padding top, left, dilation h, w.
"""

import onnx
from onnx import shape_inference


def shapes_of(model):
    """{tensor: dimensions}, dynamic ones 1."""
    graph = shape_inference.infer_shapes(model).graph
    shapes = {t.name: list(t.dims) for t in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        shapes[value.name] = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
    return shapes


def conv_line(node, shapes):
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    x, w, y = (shapes[n] for n in (node.input[0], node.input[1], node.output[0]))
    strides = attributes.get("strides", [1, 1])
    dilations = attributes.get("dilations", [1, 1])
    pads = attributes.get("pads", [0, 0, 0, 0])
    return ["conv", attributes.get("group", 1), *x[1:], *y[1:], *w[2:], *strides, *pads[:2],
            *dilations]


def fc_line(node, shapes):
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    w = shapes[node.input[1]]
    n_in, n_out = w[::-1] if attributes.get("transB") else w
    return ["fc", 1, n_in, 1, 1, n_out, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1]


def lines(path):
    model = onnx.load(path)
    for value in model.graph.input:  # N is planned as 1
        value.type.tensor_type.shape.dim[0].dim_value = 1
    shapes = shapes_of(model)
    make = {"Conv": conv_line, "Gemm": fc_line, "MatMul": fc_line}
    return "".join(" ".join(map(str, make[n.op_type](n, shapes))) + "\n"
                   for n in model.graph.node if n.op_type in make)
