# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forms of tensors that list only what is not zero: as initialisers and in Constant."""

import numpy as np

import onnxfile as of
from forms import (call, case, form, function, graph, graph_attribute, nodes, plain, tensor,
                   weights, with_functions, with_initializer)
from onnxfile import integer, join, make_node, make_tensor, text, varint

SPARSE_INITIALIZER = 15
KERNEL = np.where(np.arange(108).reshape(4, 3, 3, 3) % 3, 0, weights()["cw"])
PLACES = np.flatnonzero(KERNEL)


def sparse(name="cw", values=None, places=PLACES, dims=KERNEL.shape):
    """The bytes of a SparseTensorProto; values and places may be those of TensorProtos."""
    values = KERNEL.ravel()[PLACES] if values is None else values
    as_tensor = lambda n, v: v if isinstance(v, bytes) else make_tensor(n, np.asarray(v))
    return join([text(1, as_tensor(name, values)), text(2, as_tensor("", places))] +
                [integer(3, d % 2 ** 64) for d in dims])


def dense():
    """What the network gives with this kernel: a form whose kernel is as usual."""
    return plain(inits={**weights(), "cw": KERNEL})


def with_sparse(model, data):
    field = join([text(SPARSE_INITIALIZER, data)])
    return of.edit(model, [of.MODEL_GRAPH], lambda g: g + field)


def network(data, body=None):
    inits = weights()
    inits.pop("cw")
    return with_sparse(plain(body, inits), data)


def constant(output, data):
    return make_node("Constant", [], [output]) + join([text(5, join(
        [text(1, "sparse_value"), text(22, data), integer(20, 11)]))])


def same(model):
    return form(model, like=dense())


@case
def sparse_linear():
    return same(network(sparse()))


@case
def sparse_by_dimension():
    return same(network(sparse(places=np.argwhere(KERNEL))))


@case
def sparse_in_lists():
    values = KERNEL.ravel()[PLACES].astype(np.float16)
    listed = b"".join(varint(int(v)) for v in values.view(np.uint16))
    places = tensor("", of.INT64, [len(PLACES)], text(7, b"".join(varint(int(p)) for p in PLACES)))
    halves = tensor("cw", 10, [len(PLACES)], text(5, listed))
    cast = plain(inits={**weights(), "cw": KERNEL.astype(np.float16).astype(np.float32)})
    return form(network(sparse(values=halves, places=places)), like=cast)


@case
def sparse_of_nothing():
    none = sparse(values=np.zeros(0, np.float32), places=np.zeros(0, np.int64))
    return form(network(none), like=plain(inits={**weights(), "cw": np.zeros_like(KERNEL)}))


@case
def sparse_shape():
    """Integers: a Reshape to [0, 4], which copies the batch."""
    body = nodes()
    body[3] = make_node("Reshape", ["p", "s"], ["f"])
    model = with_sparse(plain(body), sparse("s", np.array([4]), np.array([1]), [2]))
    return form(model)


@case
def sparse_constant():
    inits = weights()
    inits.pop("cw")
    return same(plain([constant("cw", sparse("")), *nodes()], inits))


@case
def sparse_constant_in_a_function():
    body = nodes()
    inits = weights()
    inits.pop("cw")
    own = function("Weights", [], ["w"], [constant("w", sparse(""))])
    return same(with_functions(plain([call("Weights", [], ["cw"]), *body], inits), own))


@case
def sparse_in_a_branch():
    branch = graph([make_node("Identity", ["k"], ["kept"])], ["kept"])
    branch += join([text(SPARSE_INITIALIZER, sparse("k"))])
    other = graph([make_node("Constant", [], ["none"], value_float=0.0)], ["none"])
    choose = make_node("If", ["yes"], ["cw"]) + join(
        [graph_attribute("then_branch", branch), graph_attribute("else_branch", other)])
    inits = weights()
    inits.pop("cw")
    yes = tensor("yes", of.BOOL, [], text(9, b"\1"))
    return same(with_initializer(plain([choose, *nodes()], inits), yes))


def refused(name, words, **parts):
    def make():
        return form(network(sparse(**parts)), words)
    make.__name__ = name
    case(make)


refused("sparse_beyond_its_shape", ["'cw'", "outside"], dims=(4, 3, 3, 2))
refused("sparse_before_its_shape", ["'cw'", "outside"], places=PLACES - 1)
refused("sparse_beyond_a_dimension", ["'cw'", "outside"],
        places=np.argwhere(KERNEL) + np.array([0, 0, 0, 3]))
refused("sparse_places_of_three_dimensions", ["'cw'", "indices"],
        places=np.argwhere(KERNEL)[:, :3])
refused("sparse_places_too_few", ["'cw'", "indices"], places=PLACES[:-1])
refused("sparse_places_of_32_bits", ["'cw'", "indices"], places=tensor(
    "", of.INT32, [len(PLACES)], text(9, PLACES.astype(np.int32).tobytes())))
refused("sparse_negative", ["'cw'", "negative"], dims=(4, 3, 3, -3))
refused("sparse_of_2_to_the_40", ["'cw'", "too large"], dims=(1 << 40, 3, 3, 3))
refused("sparse_that_overflows", ["'cw'", "too large"], dims=(1 << 32, 1 << 32, 3, 3))
refused("sparse_without_values", ["type 0"], values=b"", places=b"")
refused("sparse_in_another_file", ["'cw'", "another file"], values=tensor(
    "cw", 1, [len(PLACES)], text(13, join([text(1, "location"), text(2, "d")])), integer(14, 1)))


@case
def sparse_beside_a_dense_one():
    return form(with_sparse(plain(), sparse()), ["'cw'", "twice"])


@case
def sparse_many_that_are_large():
    model = plain()
    for k in range(3):
        model = with_sparse(model, sparse(f"k{k}", np.ones(1, np.float32), np.zeros(1, np.int64),
                                          [1 << 13, 1 << 12]))
    return form(model, ["'k2'", "too large"])
