# SPDX-License-Identifier: LGPL-2.1-or-later
"""Model files of any number of parts, for test_growth.py: each function makes one of n of them."""

import numpy as np

import onnxfile as of
from hostile import chain
from onnxfile import make_model, make_node


def ones(*shape):
    return np.ones(shape, np.float32)


def head(name):
    return [make_node("GlobalAveragePool", [name], ["pool"]), make_node("Flatten", ["pool"], ["y"])]


def line(op, n, *more, **attrs):
    """n nodes, each on the one before it."""
    return [make_node(op, [f"v{k}" if k else "x", *more], [f"v{k + 1}"], **attrs) for k in range(n)]


def fan(op, n, *more, **attrs):
    """n nodes on the image."""
    return [make_node(op, ["x", *more], [f"v{k}"], **attrs) for k in range(n)]


def everything(n):
    return [f"v{k}" for k in range(n)]


def a_chain(n):
    return chain(line("Relu", n) + head(f"v{n}"))


def a_chain_backwards(n):
    return chain((line("Relu", n) + head(f"v{n}"))[::-1])


def a_chain_of_convolutions(n):
    return chain(line("Conv", n, "w") + head(f"v{n}"), [("w", ones(3, 3, 1, 1))])


def a_chain_of_nothing(n):
    return chain(line("Identity", n) + head(f"v{n}"))


def products_with_constants(n):
    nodes = [make_node("Mul", [f"v{k}" if k else "x", f"k{k}"], [f"v{k + 1}"]) for k in range(n)]
    return chain(nodes + head(f"v{n}"), [(f"k{k}", ones(1)) for k in range(n)])


def diamonds(n):
    nodes, last = [], "x"
    for k in range(n):
        nodes += [make_node("Relu", [last], [f"a{k}"]), make_node("Sigmoid", [last], [f"b{k}"]),
                  make_node("Add", [f"a{k}", f"b{k}"], [f"c{k}"])]
        last = f"c{k}"
    return chain(nodes + head(last))


def constants(n):
    return chain([make_node("Constant", [], [f"k{k}"], value_float=1.0) for k in range(n)] +
                 head("x"))


def initialisers(n):
    return chain(head("x"), [(f"k{k}", ones(1)) for k in range(n)])


def nodes_that_nobody_reads(n):
    return chain(fan("Relu", n) + head("x"))


def outputs(n):
    return make_model(fan("Relu", n) + head("x"), [("x", (1, 3, 4, 5))],
                      [("y", (1, 3))] + [(f"v{k}", (1, 3, 4, 5)) for k in range(n)], [], 13, {})


def outputs_of_a_chain(n):
    return make_model(line("Relu", n) + head(f"v{n}"), [("x", (1, 3, 4, 5))],
                      [("y", (1, 3))] + [(f"v{k + 1}", (1, 3, 4, 5)) for k in range(n)], [], 13, {})


def values_read_late(n):
    sums = [make_node("Add", [f"s{k}" if k else "x", f"v{k}"], [f"s{k + 1}"]) for k in range(n)]
    return chain(fan("Relu", n) + sums + head(f"s{n}"))


def a_long_concat(n):
    return chain([make_node("Concat", ["x"] * n, ["c"], axis=1)] + head("c"))


def a_concat_of_nodes(n):
    return chain(fan("Relu", n) + [make_node("Concat", everything(n), ["c"], axis=1)] + head("c"))


def a_long_sum(n):
    return chain(fan("Relu", n) + [make_node("Sum", everything(n), ["c"])] + head("c"))


def a_split(n):
    return chain([make_node("Concat", ["x"] * n, ["c"], axis=1),
                  make_node("Split", ["c"], everything(3 * n), axis=1),
                  make_node("Concat", everything(3 * n), ["d"], axis=1)] + head("d"))


def convolutions_of_one_image(n):
    return chain(fan("Conv", n, "w") + [make_node("Concat", everything(n), ["c"], axis=1)] +
                 head("c"), [("w", ones(1, 3, 1, 1))])


def quantized(n):
    nodes = []
    for k in range(n):
        nodes += [make_node("QuantizeLinear", [f"v{k}" if k else "x", "s", "z"], [f"q{k}"]),
                  make_node("DequantizeLinear", [f"q{k}", "s", "z"], [f"v{k + 1}"])]
    return chain(nodes + head(f"v{n}"), [("s", np.float32(.1)), ("z", np.uint8(3))])


def described(n):
    infos = b"".join(of.join([of.text(13, of.join([of.text(1, f"i{k}")]))]) for k in range(n))
    return of.edit(chain(head("x")), [of.MODEL_GRAPH], lambda g: g + infos)


def fnv(text, state=0xcbf29ce484222325):
    for c in text.encode():
        state = (state ^ c) * 0x100000001b3 % 2 ** 64
    return state


def names_of_one_place(n, bits=22):
    """Names whose hash has the same last bits in FNV-1a: of any two halves either may be taken."""
    names, state = [""], fnv("")
    while len(names) < n:
        seen, k = {}, 0
        while True:
            piece = f"{k:x}."
            place = fnv(piece, state) % 2 ** bits
            if place in seen:
                break
            seen[place] = piece
            k += 1
        names = [a + b for a in names for b in (piece, seen[place])]
        state = fnv(piece, state)
    return names[:n]


def names_that_collide(n):
    return chain([make_node("Identity", ["x"], [name]) for name in names_of_one_place(n)] +
                 head("x"))


def classes(n, **metadata):
    return make_model([make_node("Concat", ["x"] * n, ["c"], axis=1)] + head("c"),
                      [("x", (1, 3, 4, 5))], [("y", (1, 3 * n))], [], 13,
                      {"winnow.version": "1", **{f"winnow.{k}": v for k, v in metadata.items()}})


def labelled(n):
    return [f"label{k}" for k in range(3 * n)]


def labels_in_a_group(n):
    return classes(n, labels="\n".join(labelled(n)), groups="g: " + ",".join(labelled(n)[::-1]))


def labels_in_groups(n):
    groups = [f"g{k}: label{k},label{3 * n - 1 - k}" for k in range(n // 4)]  # 4096 at most
    return classes(n, labels="\n".join(labelled(n)), groups=";".join(groups))


def one_label_in_a_group(n):
    return classes(n, labels="\n".join(["same"] * (3 * n)),
                   groups="g: " + ",".join(["same"] * (3 * n)))


KINDS = (a_chain, a_chain_backwards, a_chain_of_convolutions, a_chain_of_nothing,
         products_with_constants, diamonds, constants, initialisers, nodes_that_nobody_reads,
         outputs, outputs_of_a_chain, values_read_late, a_long_concat, a_concat_of_nodes,
         a_long_sum, a_split, convolutions_of_one_image, quantized, described, names_that_collide,
         labels_in_a_group, labels_in_groups, one_label_in_a_group)
