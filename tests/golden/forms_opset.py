# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same network in every opset, and operators as the first ones wrote them."""

from forms import case, form, nodes, plain, weights
from onnxfile import join, make_node, text


def register(name, make):
    make.__name__ = name
    case(make)


def written_in(opset):
    body = nodes()
    if opset < 6:  # a leaving of exporters, without effect
        body[1] = make_node("Relu", ["c"], ["r"], consumed_inputs=[0])
    if opset < 11:  # C was no option
        body[4] = make_node("Gemm", ["f", "fw", "zero"], ["y"], transB=1,
                            **({"broadcast": 1} if opset < 7 else {}))
    zero = {"zero": weights()["cb"][:1] * 0}
    return form(plain(body, {**weights(), **zero}, opset))


for OPSET in range(1, 29):
    register(f"opset_{OPSET}", lambda o=OPSET: written_in(o))


@case
def opset_of_the_future():
    return form(plain(opset=99), ["opset 99", "1 to"])


@case
def reshape_1():
    body = nodes()
    body[3] = make_node("Reshape", ["p"], ["f"], shape=[0, -1], consumed_inputs=[0, 0])
    body[4] = make_node("Gemm", ["f", "fw", "zero"], ["y"], transB=1, broadcast=1)
    return form(plain(body, {**weights(), "zero": weights()["cb"][:1] * 0}, 4))


@case
def reshape_without_shape():
    body = nodes()
    body[3] = make_node("Reshape", ["p"], ["f"])
    return form(plain(body, opset=13), ["Reshape"])


@case
def cast_pad_and_dropout_1():
    body = nodes()[:1] + [make_node("Cast", ["c"], ["h"], to="FLOAT16"),
                          make_node("Cast", ["h"], ["k"], to="FLOAT"),
                          make_node("Pad", ["k"], ["q"], paddings=[0] * 8, mode="constant"),
                          make_node("Relu", ["q"], ["r"])] + nodes()[2:4]
    body += [make_node("Dropout", ["f"], ["d"], is_test=1),
             make_node("Gemm", ["d", "fw", "zero"], ["y"], transB=1, broadcast=1)]
    return form(plain(body, {**weights(), "zero": weights()["cb"][:1] * 0}, 1))


@case
def domain_by_name():
    body = [node + join([text(7, "ai.onnx")]) for node in nodes()]
    return form(plain(body))
