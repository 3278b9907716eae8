# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forms of the graph: nodes in any order, what nobody reads, functions, branches."""

import numpy as np

import onnxfile as of
from forms import (INPUT, call, case, form, function, graph, graph_attribute, nodes, plain,
                   reference, tensor, weights, with_functions, with_initializer, with_input)
from onnxfile import integer, join, make_attribute, make_node, make_value, text


@case
def nodes_backwards():
    return form(plain(nodes()[::-1]))


@case
def nodes_in_a_circle():
    body = nodes()
    body[0] = make_node("Conv", ["back", "cw", "cb"], ["c"], kernel_shape=[3, 3],
                        pads=[1, 1, 1, 1])
    return form(plain(body + [make_node("Add", ["r", "x"], ["back"])]), ["circle"])


@case
def node_that_reads_itself():
    return form(plain(nodes() + [make_node("Relu", ["z"], ["z"])]), ["circle", "'z'"])


@case
def unread_input():
    return form(with_input(plain(), make_value("unread", ("a", "b"), 8)))


@case
def read_input():
    body = nodes()[:-1] + [make_node("Gemm", ["f", "fw"], ["g"], transB=1),
                           make_node("Add", ["g", "mean"], ["y"])]
    return form(with_input(plain(body), make_value("mean", (1, 6))), ["mean"])


@case
def unread_strings():
    return form(with_initializer(plain(), tensor("s", 8, [1], text(6, "a text"))))


@case
def unread_complex():
    return form(with_initializer(plain(), tensor("s", 14, [1], text(9, bytes(8)))))


@case
def unread_external():
    entry = text(13, join([text(1, "location"), text(2, "missing.bin")]))
    return form(with_initializer(plain(), tensor("s", 1, [4], entry, integer(14, 1))))


@case
def batch_of_eight():
    """What classifies frames refuses it when it is opened; `winnow run` does not."""
    return form(plain(x=("x", (8, 3, 5, 4)), y=("y", (8, 6))), ["'x' takes 8 images", "winnow run"])


# ---- functions -----------------------------------------------------------------------------


def silu_by_parts():
    return [make_node("Sigmoid", ["a"], ["s"]), make_node("Mul", ["a", "s"], ["b"])]


def network_with(*between):
    """The plain network with nodes from c to r in place of its Relu."""
    body = nodes()
    return plain(body[:1] + list(between) + body[2:])


@case
def function_relu():
    own = function("MyRelu", ["a"], ["b"], [make_node("Relu", ["a"], ["b"])])
    return form(with_functions(network_with(call("MyRelu", ["c"], ["r"])), own))


@case
def function_calls_function():
    inner = function("Inner", ["a"], ["b"], [make_node("Relu", ["a"], ["b"])])
    outer = function("Outer", ["q"], ["a"], [call("Inner", ["q"], ["b"]),
                                             call("Inner", ["b"], ["a"])])
    return form(with_functions(network_with(call("Outer", ["c"], ["r"])), outer, inner))


@case
def function_that_passes_through():
    own = function("Two", ["a"], ["a", "b", "b"], [make_node("Relu", ["a"], ["b"])])
    return form(with_functions(network_with(call("Two", ["c"], ["same", "other", "r"])), own))


def leaky(*given, **attrs):
    """LeakyRelu whose slope is an attribute of a function; 0 makes it Relu."""
    node = make_node("LeakyRelu", ["a"], ["b"]) + join([reference("alpha", "slope", 1)])
    own = function("Leaky", ["a"], ["b"], [node], *given)
    return with_functions(network_with(call("Leaky", ["c"], ["r"], **attrs)), own)


@case
def function_with_attribute():
    return form(leaky(["slope"], slope=0.0))


@case
def function_with_default():
    return form(leaky([], "own", [make_attribute("slope", 0.0)]))


@case
def function_without_attribute():
    """The node has its own default then: 0.01."""
    body = nodes()
    body[1] = make_node("LeakyRelu", ["c"], ["r"])
    random = weights()
    x = np.random.RandomState(3).randn(1, 3, 5, 4).astype(np.float32)
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    c = np.array([[[np.sum(padded[:, i:i + 3, j:j + 3] * k) for j in range(4)] for i in range(5)]
                  for k in random["cw"]]) + random["cb"][:, None, None]
    pooled = np.where(c < 0, 0.01 * c, c).mean((1, 2))
    return form(leaky(["slope"]), expected=random["fw"] @ pooled, tolerance=1e-5)


@case
def function_that_calls_itself():
    own = function("Own", ["a"], ["b"], [call("Own", ["a"], ["b"])])
    return form(with_functions(network_with(call("Own", ["c"], ["r"])), own), ["calls itself"])


@case
def functions_without_end():
    """32 functions, each of which calls the next one twice."""
    twice = [function(f"F{k}", ["a"], ["b"],
                      [call(f"F{k + 1}", ["a"], ["m"]), call(f"F{k + 1}", ["m"], ["b"])])
             for k in range(30)]
    last = function("F30", ["a"], ["b"], [make_node("Relu", ["a"], ["b"])])
    return form(with_functions(network_with(call("F0", ["c"], ["r"])), *twice, last), ["functions"])


@case
def unknown_function():
    return form(network_with(call("Nowhere", ["c"], ["r"])), ["Nowhere", "own"])


# ---- branches ------------------------------------------------------------------------------


def branches(condition, then_branch, else_branch, before=(), inits=()):
    """The plain network with `If condition` from c to r."""
    choice = make_node("If", [condition], ["r"]) + join(
        [graph_attribute("then_branch", then_branch), graph_attribute("else_branch", else_branch)])
    body = nodes()
    return plain(body[:1] + list(before) + [choice] + body[2:], {**weights(), **dict(inits)})


def right_branch():
    return graph([make_node("Relu", ["c"], ["b"])], ["b"])


def wrong_branch():
    """Has an operator that nobody knows: what is not chosen is not looked at."""
    return graph([make_node("Frobnicate", ["c"], ["b"])], ["b"])


TRUE = ("yes", np.array([1], np.uint8))


@case
def branch_then():
    return form(branches("yes", right_branch(), wrong_branch(), inits=[TRUE]))


@case
def branch_else():
    return form(branches("no", wrong_branch(), right_branch(),
                         inits=[("no", np.array(0, np.int64))]))


@case
def branch_by_shape():
    """As torch.jit.script leaves it: a condition on the size of the image."""
    before = [make_node("Shape", ["x"], ["s"]), make_node("Gather", ["s", "two"], ["height"]),
              make_node("Equal", ["height", "five"], ["is_five"])]
    return form(branches("is_five", right_branch(), wrong_branch(), before,
                         [("two", np.array(2)), ("five", np.array(5))]))


@case
def branch_with_initializer():
    body = graph([make_node("Relu", ["c"], ["cb"]), make_node("Add", ["cb", "nil"], ["b"])], ["b"],
                 inits=[("nil", np.zeros(1, np.float32))])
    return form(branches("yes", body.replace(b"\x02cb", b"\x02cq"), wrong_branch(), inits=[TRUE]))


@case
def branch_that_passes_through():
    """Its result was there before it."""
    before = [make_node("Relu", ["c"], ["q"])]
    return form(branches("yes", graph([], ["q"]), wrong_branch(), before, [TRUE]))


@case
def branch_in_a_branch():
    inner = make_node("If", ["yes"], ["b"]) + join(
        [graph_attribute("then_branch", right_branch()),
         graph_attribute("else_branch", wrong_branch())])
    return form(branches("yes", graph([inner], ["b"]), wrong_branch(), inits=[TRUE]))


@case
def branch_unsorted():
    """A branch reads what a later node makes, and is backwards itself."""
    body = graph([make_node("Relu", ["q"], ["b"]), make_node("Identity", ["late"], ["q"])], ["b"])
    model = branches("yes", body, wrong_branch(), inits=[TRUE])
    late = join([text(1, make_node("Identity", ["c"], ["late"]))])
    return form(of.edit(model, [of.MODEL_GRAPH], lambda g: g + late))


@case
def branch_of_a_function():
    choice = make_node("If", ["which"], ["b"]) + join(
        [graph_attribute("then_branch", graph([make_node("Relu", ["a"], ["b"])], ["b"])),
         graph_attribute("else_branch", graph([make_node("Frobnicate", ["a"], ["b"])], ["b"]))])
    own = function("Choose", ["a", "which"], ["b"], [choice])
    body = nodes()
    calls = [call("Choose", ["c", "yes"], ["m"]), call("Choose", ["m", "yes"], ["r"])]
    return form(with_functions(plain(body[:1] + calls + body[2:],
                                     {**weights(), "yes": TRUE[1]}), own))


@case
def branch_by_the_image():
    before = [make_node("ReduceMax", ["c"], ["most"], keepdims=0),
              make_node("Greater", ["most", "nil"], ["bright"])]
    return form(branches("bright", right_branch(), right_branch(), before,
                         [("nil", np.array(0, np.float32))]), ["condition", "If"])


@case
def branches_too_deep():
    body = right_branch()
    for _ in range(40):
        inner = make_node("If", ["yes"], ["b"]) + join([graph_attribute("then_branch", body)])
        body = graph([inner], ["b"])
    return form(branches("yes", body, wrong_branch(), inits=[TRUE]), ["model.onnx"])


def integers_out(kind, zero, undo):
    """Pixels that are quantized, or those numbers again, as the file's output."""
    inits = {"s": np.array(1 / 16, np.float32), "z": np.array(zero, kind)}
    body = [make_node("QuantizeLinear", ["x", "s", "z"], ["q" if undo else "y"])]
    if undo:
        body += [make_node("DequantizeLinear", ["q", "s", "z"], ["y"])]
    q = np.clip(np.rint(INPUT * 16) + zero, np.iinfo(kind).min, np.iinfo(kind).max)
    return form(plain(body, inits, y=("y", INPUT.shape)), precision="auto",
                expected=(q - zero) / 16 if undo else q)


@case
def an_output_of_unsigned_integers():
    return integers_out(np.uint8, 130, undo=False)


@case
def an_output_of_signed_integers():
    return integers_out(np.int8, -3, undo=False)


@case
def an_output_of_their_numbers():
    return integers_out(np.int8, -3, undo=True)


@case
def a_step_beyond_all_outputs():
    """One step of the sums is more than the largest float times a step of the output: whatever is
    not 0 lies at an end."""
    inits = {"s": np.array(1, np.float32), "z": np.array(128, np.uint8),
             "wq": np.array([[1, 0, 0], [0, 0, 0]], np.int8).reshape(2, 3, 1, 1),
             "ws": np.array(3e36, np.float32), "ys": np.array(1e-3, np.float32)}
    body = [make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
            make_node("DequantizeLinear", ["q", "s", "z"], ["xq"]),
            make_node("DequantizeLinear", ["wq", "ws"], ["w"]),
            make_node("Conv", ["xq", "w"], ["c"], kernel_shape=[1, 1]),
            make_node("QuantizeLinear", ["c", "ys", "z"], ["cq"]),
            make_node("DequantizeLinear", ["cq", "ys", "z"], ["y"])]
    ends = np.sign(np.rint(INPUT[:, :1]))
    expected = np.where(ends > 0, 0.127, ends * 0.128)
    return form(plain(body, inits, y=("y", (1, 2, 5, 4))), precision="auto",
                expected=np.concatenate([expected, 0 * expected], axis=1))


@case
def open_channels_of_a_quantized_network():
    """How many there are says the convolution's weight, behind what quantizes both."""
    inits = {"s": np.array(1 / 16, np.float32), "z": np.array(128, np.uint8),
             "wq": np.random.RandomState(2).randint(-99, 99, (4, 6, 3, 3)).astype(np.int8),
             "ws": np.array(1 / 512, np.float32)}
    body = [make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
            make_node("DequantizeLinear", ["q", "s", "z"], ["xq"]),
            make_node("DequantizeLinear", ["wq", "ws"], ["w"]),
            make_node("Conv", ["xq", "w"], ["r"], kernel_shape=[3, 3]),
            make_node("GlobalAveragePool", ["r"], ["p"]), make_node("Flatten", ["p"], ["y"])]

    def network(channels):
        return plain(body, inits, x=("x", (1, channels, 5, 4)), y=("y", (1, 4)))
    return form(network("c"), tensor=np.tile(INPUT, (1, 2, 1, 1)), precision="auto",
                like=network(6))
