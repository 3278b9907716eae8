# SPDX-License-Identifier: LGPL-2.1-or-later
"""Short model files that ask for much, memory or time, for test_bounds.py."""

import numpy as np

import onnxfile as of
from hostile import chain
from onnxfile import integer, join, make_node, split, text


def ints(name, *values):
    return name, np.array(values, np.int64)


def last(name):
    """What nobody needs, and the network's result."""
    return [make_node("Identity", [name], ["kept"]), make_node("Relu", ["x"], ["y"])]


def constant(name, *dims):
    return [make_node("ConstantOfShape", [name + "_s"], [name])], [ints(name + "_s", *dims)]


def one(op, *dims, inits=(), **attrs):
    """A node on a constant of these dimensions."""
    nodes, shape = constant("c", *dims)
    return chain([*nodes, make_node(op, ["c", *(n for n, _ in inits)], ["d"], **attrs),
                  *last("d")], [*shape, *inits])


def repeated(op, times, *dims, inits=(), twice=False, **attrs):
    """The node on its own result, again and again; twice: it reads it twice."""
    nodes, shape = constant("v0", *dims)
    for k in range(times):
        read = [f"v{k}"] * (1 + twice) + [n for n, _ in inits]
        nodes.append(make_node(op, read, [f"v{k + 1}"], **attrs))
    return chain([*nodes, *last(f"v{times}")], [*shape, *inits])


def many(op, times, *dims, inits=(), **attrs):
    """So many nodes on one constant, of which little is left each time."""
    nodes, shape = constant("c", *dims)
    nodes += [make_node(op, ["c", *(n for n, _ in inits)], [f"d{k}"], **attrs)
              for k in range(times)]
    return chain([*nodes, *last("d0")], [*shape, *inits])


def function(name, body, inputs=("a",), outputs=("b",)):
    return text(25, join([text(1, name)] + [text(4, i) for i in inputs] +
                         [text(5, o) for o in outputs] + [text(7, n) for n in body] +
                         [text(9, join([text(1, ""), integer(2, 13)])), text(10, "own")]))


def call(name, reads, makes):
    return make_node(name, [reads], [makes]) + join([text(7, "own")])


def functions(depth, width):
    """Each calls the next one `width` times."""
    bodies = [function(f"F{d}", [call(f"F{d + 1}", "a" if k == 0 else f"t{k}",
                                      "b" if k + 1 == width else f"t{k + 1}")
                                 for k in range(width)]) for d in range(depth)]
    bodies.append(function(f"F{depth}", [make_node("Relu", ["a"], ["b"])]))
    opset = text(of.MODEL_OPSET, join([text(1, "own"), integer(2, 1)]))
    return join(split(chain([call("F0", "x", "y")])) + bodies + [opset])


def branches(depth):
    """An If in the branch of an If, whose conditions are known."""
    def body(*nodes):
        return join([text(1, n) for n in nodes] + [text(2, "g"), text(12, join([text(1, "z")]))])

    def choose(makes, taken):
        other = body(make_node("Relu", ["x"], ["z"]))
        return make_node("If", ["yes"], [makes]) + b"".join(
            join([text(5, join([text(1, name), text(6, graph), integer(20, 5)]))])
            for name, graph in (("then_branch", taken), ("else_branch", other)))

    graph = body(make_node("Relu", ["x"], ["z"]))
    for _ in range(depth):
        graph = body(choose("z", graph))
    yes = join([integer(2, 9), text(8, "yes"), text(9, b"\1")])
    return of.edit(chain([choose("y", graph)]), [of.MODEL_GRAPH],
                   lambda g: g + join([text(5, yes)]))


def sparse(*dims, times=1):
    """As many initialisers of one element, each read by a reduction along a dimension of 1."""
    fields, nodes = [], []
    for k in range(times):
        data = join([text(1, of.make_tensor(f"k{k}", np.ones(1, np.float32))),
                     text(2, of.make_tensor("", np.zeros(1, np.int64)))] +
                    [integer(3, d) for d in dims])
        fields.append(text(15, data))
        nodes.append(make_node("ReduceMax", [f"k{k}"], [f"r{k}"], axes=[1]))
    model = chain([*nodes, *last("r0")])
    return of.edit(model, [of.MODEL_GRAPH], lambda g: g + join(fields))


def shapes():
    """Huge constants."""
    for dims in ((1 << 40,), (1 << 20, 1 << 20), (0, 1 << 62), (0, 1 << 28, 1 << 28, 1 << 28),
                 (0, 1 << 27)):
        yield f"a constant of {dims}", one("Relu", *dims)
        for op, inits in (("Expand", [ints("n", *[1] * len(dims))]),
                          ("Tile", [ints("n", *[1] * len(dims))]),
                          ("Pad", [ints("n", *[0] * 2 * len(dims))])):
            yield f"{op} of a constant of {dims}", one(op, *dims, inits=inits)
        yield f"a constant of {dims}, turned", one("Transpose", *dims)
        yield f"a constant of {dims}, flattened", one("Flatten", *dims)
        yield f"a constant of {dims}, gathered", one("Gather", *dims, inits=[ints("n", 0, 0)],
                                                     axis=len(dims) - 1)
        yield f"a constant of {dims}, reduced", one("ReduceSum", *dims, inits=[ints("n", 0)])
    yield "a constant of 2^27", one("Relu", 1 << 27)
    yield "a constant of 2^26, again", one("Expand", 1 << 26, inits=[ints("n", 1)])
    yield "a constant of 2^26, padded", one("Pad", 1 << 26, inits=[ints("n", 0, 0)])
    for empty in ((0, 1 << 62), (1 << 62, 0), (1 << 40, 1 << 40, 0)):
        nothing = join([integer(1, d) for d in empty] + [integer(2, 1), text(8, "e")])
        for op in ("Relu", "Transpose", "Flatten", "Shape"):
            model = chain([make_node(op, ["e"], ["d"]), *last("d")])
            yield f"{op} of an initialiser of {empty}", of.edit(
                model, [of.MODEL_GRAPH], lambda g, t=nothing: g + join([text(5, t)]))
    bounds = [("a", np.array(0, np.int64)), ("b", np.array(2 ** 31, np.int64)),
              ("s", np.array(1, np.int64))]
    yield "a range to 2^31", chain([make_node("Range", ["a", "b", "s"], ["d"]), *last("d")], bounds)
    bounds[1] = ("b", np.array(2 ** 26, np.int64))
    yield "a range to 2^26", chain([make_node("Range", ["a", "b", "s"], ["d"]), *last("d")], bounds)
    yield "a pad by 2^40", one("Pad", 1, 1, inits=[ints("n", 0, 0, 1 << 40, 0)])
    yield "a pad by 2^26", one("Pad", 1, 1, inits=[ints("n", 0, 0, 1 << 26, 0)])
    for side in (1 << 20, 1 << 13):
        size = [("n", np.zeros(0, np.float32)), ("m", np.zeros(0, np.float32)),
                ints("k", 1, 1, side, side)]
        for mode in ("nearest", "linear", "cubic"):
            yield f"{mode} to {side} x {side}", one("Resize", 1, 1, 2, 2, inits=size, mode=mode)
    size = [("n", np.zeros(0, np.float32)), ("m", np.zeros(0, np.float32)), ints("k", 1 << 16, 1)]
    yield "a resizing that is large between", one("Resize", 1, 1 << 16, inits=size, mode="linear",
                                                  antialias=1)
    yield "sparse tensors of 2^40", sparse(1 << 20, 1 << 20)
    yield "a sparse tensor of 2^27", sparse(1 << 27, 1)
    yield "eight sparse tensors of 2^24", sparse(1 << 24, 1, times=8)


def growing():
    """Each node makes more of what the one before has made."""
    yield "Concat that doubles 60 times", repeated("Concat", 60, 2, twice=True, axis=0)
    yield "Concat that doubles 25 times", repeated("Concat", 25, 2, twice=True, axis=0)
    yield "Tile that doubles 60 times", repeated("Tile", 60, 2, inits=[ints("n", 2)])
    yield "Tile that repeats 64 times, 8 times", repeated("Tile", 8, 2, inits=[ints("n", 64)])
    yield "Expand to 2^60", one("Expand", 1, inits=[ints("n", 1 << 30, 1 << 30)])
    yield "Expand to 2^26", one("Expand", 1, inits=[ints("n", 1 << 13, 1 << 13)])
    grid = np.zeros((1 << 10,), np.int64)
    yield "Gather that grows", repeated("Gather", 4, 4, inits=[("n", grid)], axis=0)
    yield "Pad that grows", repeated("Pad", 60, 2, inits=[ints("n", 1 << 22, 1 << 22)])
    yield "Mul of a column and a row", chain(
        [make_node("Mul", ["c", "r"], ["d"]), make_node("Mul", ["d", "d"], ["e"]), *last("e")],
        [("c", np.ones((1 << 13, 1), np.float32)), ("r", np.ones((1, 1 << 13), np.float32))])
    yield "Range of what it has made", repeated("CumSum", 40, 1 << 20,
                                                inits=[("n", np.array(0, np.int64))])
    yield "Concat per frame that doubles 60 times", chain(
        [make_node("Concat", [f"v{k}" if k else "x"] * 2, [f"v{k + 1}"], axis=2)
         for k in range(60)] + [make_node("Relu", ["v60"], ["y"])])


def lasting():
    """Little comes of what takes long."""
    axes = [ints("n", 0)]
    yield "2000 sums of 2^26", many("ReduceSum", 2000, 1 << 26, inits=axes)
    yield "2000 slices of 2^26", many("Slice", 2000, 1 << 26, inits=[ints("a", 0), ints("b", 1)])
    yield "20000 largest ones of 2^20", many("ReduceMax", 20000, 1 << 20, axes=[0])
    grid = [("n", np.zeros(0, np.float32)), ("m", np.zeros(0, np.float32)), ints("k", 1, 8)]
    yield "40 resizings that read thousands", many("Resize", 40, 1 << 10, 1 << 14, inits=[
        grid[0], grid[1], ints("k", 1 << 10, 16)], mode="linear", antialias=1)
    yield "200 reshapings of 2^26", many("Reshape", 200, 1 << 26, inits=[ints("n", -1)])
    yield "functions 30 deep, 2 wide", functions(30, 2)
    yield "functions 4 deep, 1000 wide", functions(4, 1000)
    yield "functions 31 deep", functions(31, 1)
    yield "branches 12 deep", branches(12)
    yield "branches 300 deep", branches(300)
    yield "60000 nodes", chain(
        [make_node("Relu", [f"v{k}" if k else "x"], [f"v{k + 1}"]) for k in range(60000)] +
        [make_node("Relu", ["v60000"], ["y"])])
    yield "20000 nodes that read all", chain(
        [make_node("Relu", ["x"], [f"v{k}"]) for k in range(20000)] +
        [make_node("Sum", [f"v{k}" for k in range(20000)], ["y"])])
    zeros = [make_node("ConstantOfShape", ["s"], [f"z{i}"]) for i in range(40)]
    yield "40 constants of 2^26", chain(zeros + [make_node("Relu", ["x"], ["y"])],
                                        [ints("s", 1 << 13, 1 << 13)])


def packed():
    """Weights that are kept in another form."""
    for dims, more in (((1 << 12, 1 << 12, 1, 1), {}), ((1 << 11, 1 << 11, 3, 3), {}),
                       ((1 << 12, 1, 64, 64), {}), ((64, 3, 512, 512), {"pads": [256] * 4})):
        nodes, shape = constant("w", *dims)
        model = [*nodes, make_node("Conv", ["x", "w"], ["c"], **more),
                 make_node("GlobalAveragePool", ["c"], ["y"])]
        yield f"a convolution of {dims}", chain(model, shape, shape=(1, dims[1], 64, 64))
    nodes, shape = constant("w", 1 << 13, 1 << 13)
    yield "a product with 2^26", chain([*nodes, make_node("Gemm", ["x", "w"], ["y"])], shape,
                                       shape=(1, 1 << 13))
    yield "a table of 2^26", chain([*nodes, make_node("Add", ["x", "w"], ["y"])], shape,
                                   shape=(1, 1 << 13))


def sizes():
    """(name, bytes)."""
    for part in (shapes(), growing(), lasting(), packed()):
        yield from part
