# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken model files for fuzz_model.py: purposeful() is a list of known tricks, damage() is chance.

purposeful() yields (name, bytes, (must be refused, by `winnow run` too)).  Where False, a program
may take the file or refuse it; `winnow run` need not look at the metadata.
"""

import struct

import numpy as np

import onnxfile as of
from onnxfile import integer, join, make_model, make_node, split, text

BIG = (2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 62, 2 ** 63 - 1)
INITS = [of.MODEL_GRAPH, of.GRAPH_INITIALIZER]
META = {"winnow.version": "1", "winnow.exits": "e0,e1", "winnow.output": "y",
        "winnow.labels": "a\nb\nc",
        "winnow.strategy": "class-exclusion", "winnow.exit-score": "softmax",
        "winnow.thresholds": "0.2,0.4"}


def weights(*shape):
    return (np.arange(np.prod(shape)) % 7 / 7 - 0.4).reshape(shape).astype(np.float32)


def sound(extra=(), outputs=None, inits=(), meta=META, opset=13, shape=("N", 3, 4, 5), drop=(),
          conv=None, pool=None):
    """A small network with two exits; the arguments break it.  extra: nodes appended."""
    conv = dict(dict(kernel_shape=[3, 3], pads=[1, 1, 1, 1]), **(conv or {}))
    head = lambda x, w, y: [make_node("GlobalAveragePool", [x], [y + "p"]),
                            make_node("Flatten", [y + "p"], [y + "f"]),
                            make_node("Gemm", [y + "f", w], [y])]
    nodes = [make_node("Conv", ["x", "cw"], ["c"], **conv), make_node("Relu", ["c"], ["r"])]
    nodes += head("r", "w4", "e0")
    nodes += [make_node("MaxPool", ["r"], ["m"], **dict(dict(kernel_shape=[2, 2]), **(pool or {})))]
    nodes += head("m", "w4", "e1") + head("m", "w4b", "y")
    given = {"cw": weights(4, 3, 3, 3), "w4": weights(4, 3), "w4b": weights(4, 3), **dict(inits)}
    for name in drop:
        given.pop(name)
    outputs = [(n, ("N", 3)) for n in ("e0", "e1", "y")] if outputs is None else outputs
    return make_model(nodes + list(extra), [("x", shape)], outputs, list(given.items()), opset,
                      meta)


def chain(nodes, inits=(), shape=(1, 3, 4, 5), opset=13):
    """A model of the given nodes from x to y."""
    return make_model(nodes, [("x", shape)], [("y", (1, 3))], list(inits), opset)


def raw_tensor(name, dims, kind, *data):
    return join([integer(1, d) for d in dims] + [integer(2, kind), text(8, name)] + list(data))


def with_tensor(tensor):
    """sound() with the convolution's weights replaced by these bytes."""
    return of.edit(sound(), INITS, lambda t: tensor if of.get(split(t), 8) == b"cw" else t)


def files(edge):
    yield "empty", b"", True
    yield "one byte", b"\x08", True
    yield "zeros", bytes(4096), True
    yield "a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), True
    yield "endless varint", b"\xff" * 4096, True
    yield "a length beyond the end", b"\x3a" + b"\xff\xff\xff\xff\x07" + bytes(64), True
    yield "only an IR version", join([integer(1, 7)]), True
    for part in (0.001, 0.3, 0.7, 0.999999):
        yield f"shipped model cut at {part}", edge[:int(len(edge) * part)], True
    yield "shipped model twice", edge + edge, False
    yield "trailing zeros", edge + bytes(100), True
    body = lambda op, graph: join([text(1, join([text(4, op), text(5, graph)]))])
    nested = b""
    while len(nested) < 300000:
        attribute = join([text(1, "g"), integer(20, 5), text(6, nested)])
        nested = body("If", attribute)
    opset = [f for f in split(sound()) if f[0] == of.MODEL_OPSET]
    yield "graphs nested in graphs", join([integer(1, 7), text(7, nested)] + opset), True
    yield "groups of unknown fields", sound() + b"\x9b\x06" * 5000, True
    yield "unknown field of a megabyte", sound() + join([text(999, bytes(1 << 20))]), False


def shapes():
    for dims in ((0, 3, 4, 5), ("N", 3, 0, 5), ("N", 0, 4, 5), (1, 3, -1, 5), (-7, 3, 4, 5), (),
                 (1,), (1, 3), (1, 2, 4, 5),
                 (1, 3, 4, 5, 1, 1, 1), (1,) * 40, (1, 3, "H", "W")):
        # old exporters write an open dimension as 0 or as a negative number; the number of channels
        # is what the convolution reads
        yield f"input {dims}", sound(shape=dims), dims[1:] not in ((3, 4, 5), (0, 4, 5))
    for big in BIG:
        yield f"input height {big}", sound(shape=(1, 3, big, 5)), True
        yield f"batch {big}", sound(shape=(big, 3, 4, 5)), True
        yield f"weights of {big} rows", with_tensor(raw_tensor("cw", (big, 3, 3, 3), 1)), True
        yield f"weights of {big} columns", with_tensor(raw_tensor("cw", (4, 3, 3, big), 1,
                                                                  text(9, bytes(432)))), True
        yield f"reshape to {big}", chain([make_node("Reshape", ["x", "s"], ["y"])],
                                         [("s", np.array([1, big]))]), True
        zeros = make_node("ConstantOfShape", ["s"], ["z"])
        yield f"constant of {big}", chain([zeros, make_node("Add", ["x", "z"], ["y"])],
                                          [("s", np.array([big, big]))]), True
        pads = [("p", np.array([0, 0, big, 0, 0, 0, 0, 0]))]
        yield f"pad by {big}", chain([make_node("Pad", ["x", "p"], ["y"])], pads), True
        yield f"convolution padded by {big}", sound(conv=dict(pads=[big, 0, 0, 0])), True
        yield f"dilation {big}", sound(conv=dict(dilations=[big, 1])), True
        yield f"window {big}", sound(pool=dict(kernel_shape=[big, 2])), True
        yield f"stride {big}", sound(conv=dict(strides=[big, 1])), False
    yield "input of 2^20 x 2^20", sound(shape=(1, 3, 1 << 20, 1 << 20)), True
    for name, value in (("strides", [0, 1]), ("strides", [-1, 1]), ("dilations", [0, 1]),
                        ("dilations", [-1, 1]), ("group", 0),
                        ("group", -1), ("group", 3), ("kernel_shape", [2, 2]),
                        ("kernel_shape", [3]), ("pads", [-9, 0, 0, 0]),
                        ("pads", [1]), ("strides", [1]), ("auto_pad", "DIAGONAL")):
        yield f"convolution with {name} {value}", sound(conv={name: value}), True
    for value in ([0, 2], [-1, 2], [2], [100, 100]):
        yield f"pool of {value}", sound(pool=dict(kernel_shape=value)), True
    bare = make_node("MaxPool", ["r"], ["m"])
    yield "pool without a window", of.edit(
        sound(), [7, 1], lambda n: bare if of.get(split(n), 4) == b"MaxPool" else n), True


def work():
    """Short files that a frame would take hours for."""
    pads = [("p", np.array([0, 0, 0, 0, 0, 0, 6000, 6000]))]
    for op in ("MaxPool", "AveragePool"):
        yield f"{op} of 3000 x 3000 in 6000 x 6000", chain(
            [make_node("Pad", ["x", "p"], ["q"]),
             make_node(op, ["q"], ["m"], kernel_shape=[3000, 3000], strides=[1, 1]),
             make_node("GlobalAveragePool", ["m"], ["g"]), make_node("Flatten", ["g"], ["y"])],
            pads), True


def tensors():
    good = of.make_tensor("cw", weights(4, 3, 3, 3))
    yield "no data", with_tensor(raw_tensor("cw", (4, 3, 3, 3), 1)), True
    for n in (0, 1, 431, 433, 428, 436):
        yield f"{n} bytes for 432", with_tensor(raw_tensor("cw", (4, 3, 3, 3), 1,
                                                           text(9, bytes(n)))), True
    for kind, size in ((0, 4), (2, 1), (7, 8), (8, 4), (9, 1), (14, 8), (99, 4), (2 ** 31, 4)):
        yield f"weights of type {kind}", with_tensor(
            raw_tensor("cw", (4, 3, 3, 3), kind, text(9, bytes(108 * size)))), True
    for dims in ((-4, 3, 3, 3), (4, 3, 3, 0), (0,), (), (108,), (4, 3, 9), (1,) * 30,
                 (2 ** 32, 2 ** 32, 1, 1), (4, 2, 3, 3)):
        yield f"weights of shape {dims}", with_tensor(raw_tensor("cw", dims, 1,
                                                                 text(9, bytes(432)))), True
    outside = join([text(1, "location"), text(2, "/etc/passwd")])
    yield "data in another file", with_tensor(raw_tensor("cw", (4, 3, 3, 3), 1, text(13, outside),
                                                         integer(14, 1))), True
    yield "half a float", with_tensor(raw_tensor("cw", (4, 3, 3, 3), 1, text(4, bytes(431)))), True
    for value in (np.nan, np.inf, 3e38):
        poisoned = of.make_tensor("cw", np.full((4, 3, 3, 3), value, np.float32))
        yield f"weights of {value}", with_tensor(poisoned), False
    yield "an initializer twice", of.edit(sound(), [7], lambda g: g + join([text(5, good)])), True
    yield "no weights", sound(drop=["cw"]), True
    yield "an initializer named as a result", sound(inits=[("r", weights(3))]), True
    yield "an initializer nobody reads", sound(inits=[("unused", weights(3))]), False


def graphs():
    relu = lambda a, b: make_node("Relu", [a], [b])
    yield "a node that reads itself", chain([relu("y", "y")]), True
    yield "a cycle", chain([make_node("Add", ["x", "b"], ["a"]), relu("a", "b"),
                            relu("b", "y")]), True
    yield "a cycle aside", sound(extra=[relu("q", "s"), relu("s", "q")]), True
    yield "a missing input", sound(extra=[relu("nothing", "z")]), True
    yield "a result twice", sound(extra=[relu("x", "r")]), True
    yield "a result named as the input", sound(extra=[relu("r", "x")]), True
    yield "no nodes", chain([]), True
    yield "no outputs", sound(outputs=[]), True
    yield "an output nobody makes", sound(outputs=[("e0", (1, 3)), ("e1", (1, 3)), ("y", (1, 3)),
                                                   ("z", (1, 3))]), True
    yield "an output twice", sound(outputs=[("e0", (1, 3)), ("e1", (1, 3)), ("y", (1, 3)),
                                            ("y", (1, 3))]), False
    yield "a wrong output shape", sound(outputs=[("e0", (1, 3)), ("e1", (1, 3)),
                                                 ("y", (1, 300))]), False
    nodes = [make_node("GlobalAveragePool", ["x"], ["p"]), make_node("Flatten", ["p"], ["y"])]
    yield "no inputs", make_model(nodes, [], [("y", (1, 3))]), True
    yield "two inputs", make_model([make_node("Add", ["a", "b"], ["y"])],
                                   [("a", (1, 3, 4, 4)), ("b", (1, 3, 4, 4))],
                                   [("y", (1, 3, 4, 4))]), True
    integers = of.make_value("x", (1, 3, 4, 5), of.INT64)
    yield "an input of integers", of.edit(sound(), [7, 11], lambda v: integers), True
    yield "an unknown operator", sound(extra=[make_node("Frobnicate", ["r"], ["z"])]), True
    yield "a line break in an operator", sound(extra=[make_node("Frob\nni\rcate\x1b[2J", ["r"],
                                                                ["z"])]), True
    yield "a line break in a name", sound(extra=[relu("no\nsuch\nthing", "z")]), True
    yield "an operator of a megabyte", sound(extra=[make_node("F" * (1 << 20), ["r"], ["z"])]), True
    yield "a name that is not UTF-8", of.edit(
        sound(), [7, 1], lambda n: n.replace(b"e0f", b"\xff\xfe\x80")), False
    yield "an unknown operator that is not UTF-8", of.edit(
        sound(), [7, 1], lambda n: n.replace(b"Flatten", b"\xc3\xff\x80atte")), True
    yield "another domain", of.edit(sound(), [7, 1],
                                    lambda n: n + join([text(7, "com.example")])), True
    yield "a loop", sound(extra=[make_node("Loop", ["r"], ["z"])]), True
    yield "no output names", sound(extra=[join([text(1, "r"), text(4, "Relu")])]), False
    yield "too many inputs", sound(extra=[make_node("Relu", ["r"] * 9, ["z"])]), True
    yield "too few inputs", sound(extra=[make_node("Add", ["r"], ["z"])]), True
    yield "an empty input name", sound(extra=[relu("", "z")]), True
    names = ["x"] + [f"v{k}" for k in range(20000)]
    deep = [relu(a, b) for a, b in zip(names, names[1:])]
    pool = lambda x: [make_node("GlobalAveragePool", [x], ["p"]),
                      make_node("Flatten", ["p"], ["y"])]
    yield "a chain of 20,000 nodes", chain(deep + pool(names[-1])), False
    double = [make_node("Concat", [f"d{k}", f"d{k}"], [f"d{k + 1}"], axis=0) for k in range(60)]
    yield "a constant doubled 60 times", chain(double + [make_node("Add", ["x", "d60"], ["y"])],
                                               [("d0", weights(4))]), True
    pairs = list(zip(names[:60], names[1:61]))
    double = [make_node("Concat", [a, a], [b], axis=2) for a, b in pairs]
    yield "an image doubled 60 times", chain(double + pool("v59")), True
    double = [make_node("Add", [a, a], [b]) for a, b in pairs]
    yield "a value added to itself 60 times", chain(double + pool("v59")), False


def operators():
    def one(name, op, inputs, inits=(), **attrs):
        return name, chain([make_node(op, ["x"] + inputs, ["y"], **attrs)], inits), True
    ints = lambda *v: [("i", np.array(v, np.int64))]
    yield one("two unknown dimensions", "Reshape", ["i"], ints(-1, -1))
    yield one("a wrong number of elements", "Reshape", ["i"], ints(7, -1))
    yield one("a dimension of -2", "Reshape", ["i"], ints(-2, 30))
    yield one("zero beyond the rank", "Reshape", ["i"], ints(0, 0, 0, 0, 0))
    yield one("a shape of floats", "Reshape", ["w"], [("w", weights(2))])
    yield one("a shape that is computed from pixels", "Reshape", ["x"])
    yield one("an axis beyond the rank", "Concat", ["x"], axis=9)
    yield one("no axis", "Concat", ["x"])
    yield one("an axis of -9", "Softmax", [], axis=-9)
    yield one("a flatten axis of 9", "Flatten", [], axis=9)
    yield one("a permutation with a repeat", "Transpose", [], perm=[0, 1, 1, 3])
    yield one("a short permutation", "Transpose", [], perm=[0, 1])
    yield one("a permutation beyond the rank", "Transpose", [], perm=[0, 1, 2, 9])
    yield one("a squeeze of 3", "Squeeze", ["i"], ints(1))
    yield one("an axis inserted twice", "Unsqueeze", ["i"], ints(1, 1))
    yield one("an axis inserted far out", "Unsqueeze", ["i"], ints(99))
    yield one("rank beyond any limit", "Unsqueeze", ["i"], ints(*range(60)))
    yield one("a pad of the wrong length", "Pad", ["i"], ints(1, 1))
    yield one("a reflection beyond the image", "Pad", ["i"], ints(0, 0, 50, 0, 0, 0, 50, 0),
              mode="reflect")
    yield one("a pad that removes everything", "Pad", ["i"], ints(0, 0, -9, 0, 0, 0, 0, 0))
    yield one("an unknown pad mode", "Pad", ["i"], ints(*[0, 0, 1, 1] * 2), mode="sideways")
    yield one("shapes that do not broadcast", "Add", ["w"], [("w", weights(7))])
    yield one("a product that does not fit", "MatMul", ["w"], [("w", weights(7, 2))])
    yield one("a normalisation of 5 channels", "BatchNormalization", ["w"] * 4, [("w", weights(5))])
    yield one("an LRN of size 0", "LRN", [], size=0)
    yield one("an LRN without a size", "LRN", [])
    yield one("slopes that do not broadcast", "PRelu", ["w"], [("w", weights(7))])
    yield one("a type that is none", "Cast", [], to=77)
    yield one("an attribute of the wrong type", "LeakyRelu", [], alpha="steep")
    parts = lambda *v: chain([make_node("Split", ["x", "i"], ["y", "z"], axis=1)], ints(*v))
    for v in ((1, 1), (-1, 4), (3, 0, 0), (2 ** 62, 2 ** 62)):
        yield f"a split into {v}", parts(*v), True
    shape = make_node("Shape", ["x"], ["s"])
    for name, op, inputs, attrs in (("an index out of range", "Gather", ["s", "i"], {}),
                                    ("a division by zero", "Div", ["s", "zero"], {}),
                                    ("a step of zero", "Slice", ["s", "zero", "i", "zero", "zero"],
                                     {})):
        inits = ints(99) + [("zero", np.array([0], np.int64))]
        yield name, chain([shape, make_node(op, inputs, ["t"], **attrs),
                           make_node("Reshape", ["x", "t"], ["y"])], inits), True
    smallest = [("a", np.array([-2 ** 63], np.int64)), ("b", np.array([-1], np.int64))]
    yield "the smallest integer by -1", chain([make_node("Div", ["a", "b"], ["t"]),
                                               make_node("Reshape", ["x", "t"], ["y"])],
                                              smallest), True
    yield "a product that overflows", chain([make_node("Mul", ["a", "a"], ["t"]),
                                             make_node("Reshape", ["x", "t"], ["y"])],
                                            smallest), True
    for opset in (0, 29, 9999, 2 ** 62):
        yield f"opset {opset}", sound(opset=opset), True
    yield "no opset", join([f for f in split(sound()) if f[0] != of.MODEL_OPSET]), True
    yield "negative opset", sound(opset=-1), True


def quantized(scale=0.1, zero=np.uint8(9), weight_scale=0.01, weight_zero=None, w=None,
              undo=None, axis=0, **attrs):
    """A quantized convolution; the arguments break it."""
    w = np.ones((4, 3, 3, 3), np.int8) if w is None else w
    number = lambda v: np.asarray(v, np.float32) if np.asarray(v).dtype.kind == "f" else v
    inits = [("s", number(scale)), ("z", np.asarray(zero)), ("ws", number(weight_scale)), ("w", w),
             ("us", number(scale if undo is None else undo))]
    if weight_zero is not None:
        inits.append(("wz", np.asarray(weight_zero)))
    return chain([make_node("QuantizeLinear", ["x", "s", "z"], ["q"], **attrs),
                  make_node("DequantizeLinear", ["q", "us", "z"], ["n"]),
                  make_node("DequantizeLinear", ["w", "ws"] + ["wz"] * (weight_zero is not None),
                            ["wn"], axis=axis),
                  make_node("Conv", ["n", "wn"], ["y"])], inits)


def integers():
    yield "the sound quantized model", quantized(), False
    for scale in (0.0, -0.1, np.nan, np.inf):
        yield f"a scale of {scale}", quantized(scale=scale), True
        yield f"a weight scale of {scale}", quantized(weight_scale=scale), True
    yield "the smallest scales", quantized(scale=1e-45, weight_scale=1e-45), False
    yield "the largest scales", quantized(scale=3e38, weight_scale=3e38), True
    yield "an integer scale", quantized(scale=np.int64(1)), True
    yield ("scales for an activation's channels",
           quantized(scale=[0.1] * 3, zero=np.zeros(3, "u1")), False)
    yield "more zero points than scales", quantized(zero=np.zeros(3, np.uint8)), True
    yield "a zero point of 64 bits", quantized(zero=np.int64(3)), True
    yield "a float zero point", quantized(zero=np.float32(3)), True
    yield "another scale on the way back", quantized(undo=0.2), False
    yield "3 weight scales for 4 channels", quantized(weight_scale=[0.1] * 3), True
    yield "no weight scales", quantized(weight_scale=np.zeros(0, np.float32)), True
    for axis in (-9, 4, 9):
        yield f"weight scales along axis {axis}", quantized(weight_scale=[0.1] * 4, axis=axis), True
    yield "weight zero points that differ", quantized(weight_scale=[0.1] * 4,
                                                      weight_zero=np.arange(4, dtype="i1")), False
    yield "scales for blocks", quantized(block_size=2), True
    yield "a type of 16 bits", quantized(output_dtype=4), False
    yield "no integers to undo", chain([make_node("DequantizeLinear", ["x", "s"], ["y"])],
                                       [("s", np.float32(1))]), True
    yield "integers as the result", chain([make_node("QuantizeLinear", ["x", "s"], ["y"])],
                                          [("s", np.float32(1))]), False


def changed(**keys):
    """The sound model with keys of its metadata replaced; `_` stands for `-`, None removes."""
    changes = {"winnow." + k.replace("_", "-"): v for k, v in keys.items()}
    return of.with_metadata(sound(), changes)


def metadata():
    thresholds = ("0.2", "0.2,0.4,0.5", "0.2,1.5", "0.2,1", "-0.1,0.4", "nan,0.4", "0.2,inf", "a,b",
                  "0.2,", "0.2;0.4", "0x1p900000,0.1", "0.2,0.4junk", "1e999,0.1")
    wrong = {
        "version": ("2", "x", ""), "exits": ("e0,nothing", "e0,e0", "e0,y", "nothing"),
        "output": ("nothing", "c"), "strategy": ("magic",),
        "labels": ("a\nb", "a\nb\nc\nd", '["a",\n"b"]\n'),
        "exit-score": ("magic",), "thresholds": thresholds,
        "floors": ("1,2", "1,2,3,4", "1,2,nan", "1,2,inf", "a,b,c", "1,,2", "--,1,2",
                   ",".join(["1"] * 1000)),
        "floor-score": ("magic", "sigmoid"), "nothing": ("z", "3", "a,b", "-1", "99999999999"),
        "watch-thresholds": ("a", "a: 0.1", "a: 0.1,2", "z: 0.1,0.1", ":", "a: 0.1,nan",
                             "g, : 0.1,0.1", "g: 0.1"),
        "groups": ("g: z", "g: a; h: a", "g a", "g: 99"),
        "input.mean": ("0.1,0.2", "0.1,0.2,nan", "a,b,c"),
        "input.std": ("0,1,1", "1,1", "1,1,nan", "1,1,-inf"), "input.resize": ("melt",)}
    for key, values in wrong.items():
        for value in values:
            yield f"{key} {value!r}", changed(**{key: value}), True
    for strategy, values in (("confidence", "0.5,1.5"), ("confidence", "-1,0.5"),
                             ("entropy", "-0.5,1"), ("entropy", "nan,1")):
        yield f"{strategy} {values}", changed(strategy=strategy, thresholds=values), True
    yield "no thresholds", changed(thresholds=None), False
    yield "a label of a megabyte", changed(labels="a\nb\n" + "c" * (1 << 20)), False
    yield "a zero byte in a label", changed(labels="a\nb\0\nc"), False
    yield "a million labels", changed(labels="a\n" * 1000000), True
    yield "a million exits", changed(exits="e0," * 1000000), True
    yield "a thousand thresholds", changed(thresholds=",".join(["0.1"] * 1000)), True
    bad = join([text(1, "winnow.labels"), text(2, b"a\nb\xff\xfe\nc")])
    yield "a label that is not UTF-8", changed(labels=None) + join([text(14, bad)]), True
    twice = join([text(14, join([text(1, "winnow.strategy"), text(2, "none")]))])
    yield "a key twice", sound() + twice, False
    yield "exits that score 4 classes", sound(inits=[("w4", weights(4, 4))]), True
    yield "classes that differ between exits", sound(inits=[("w4b", weights(4, 5))]), True


def purposeful(edge):
    yield "the sound model", sound(), (False, False)
    for part in (files(edge), shapes(), work(), tensors(), graphs(), operators(),
                 integers()):
        for name, data, refused in part:
            yield name, data, (refused, refused)
    for name, data, refused in metadata():
        yield name, data, (refused, False)


# ---- chance --------------------------------------------------------------------------------

HOSTILE_INTS = (0, 1, 2, 127, 255, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 62, 2 ** 63 - 1,
                -1 % 2 ** 64, -2 ** 63 % 2 ** 64)
# Field numbers that lead from a model to something worth breaking, tried from the top.
PATHS = ([7, 1], [7, 1, 5], [7, 5], [7, 11], [7, 11, 2, 1, 2], [7, 12], [7, 12, 2, 1, 2, 1], [7],
         [8], [14], [])


def spot(rng, data):
    """An offset; in a large file mostly where the structure is, not the weights."""
    return rng.randrange(len(data) if len(data) < 60000 or rng.random() < 0.2 else 20000)


def flip_bits(rng, data, models):
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        out[spot(rng, data)] ^= 1 << rng.randrange(8)
    return bytes(out)


def truncate(rng, data, models):
    return data[:rng.randrange(len(data))]


def overwrite(rng, data, models):
    at, n = spot(rng, data), rng.choice((1, 2, 4, 16, 200))
    return data[:at] + rng.choice((bytes(n), b"\xff" * n, rng.randbytes(n))) + data[at + n:]


def splice(rng, data, models):
    other = rng.choice(models)
    a, b, n = spot(rng, data), spot(rng, other), rng.choice((3, 40, 300, 5000))
    return data[:a] + other[b:b + n] + data[a + (n if rng.random() < 0.5 else 0):]


def break_fields(rng, fields, strings):
    """Changes one field of a message."""
    if not fields:
        return fields
    at = rng.randrange(len(fields))
    _, wire, value = fields[at]
    choice = rng.randrange(6)
    if choice == 0:
        del fields[at]
    elif choice == 1:
        fields.insert(rng.randrange(len(fields) + 1), list(fields[at]))
    elif choice == 2:
        other = rng.randrange(len(fields))
        fields[at], fields[other] = fields[other], fields[at]
    elif choice == 3:
        fields[at][0] = rng.randrange(1, 24)
    elif wire == 0:
        fields[at][2] = rng.choice(HOSTILE_INTS)
    elif wire == 2:
        fields[at][2] = rng.choice((b"", value * 2, value[:len(value) // 2], rng.choice(strings),
                                    rng.randbytes(7)))
    else:
        fields[at][2] = rng.choice((b"\xff", b"\0",
                                    b"\x7f\xc0\0\0"))[:1] * len(value) if choice == 4 else \
            struct.pack("<d" if wire == 1 else "<f",
                        rng.choice((float("nan"), float("inf"), -1e30)))
    return fields


def restructure(rng, data, models):
    """Breaks fields somewhere in the tree of messages, lengths kept right."""
    graph = split(of.get(split(data), 7, b""))
    strings = [v for f in graph if f[0] == 1 for _, _, v in split(f[2]) if isinstance(v, bytes)]
    strings = strings or [b"x"]
    for _ in range(rng.choice((1, 1, 2, 3))):
        path = rng.choice(PATHS)
        target = rng.random()

        def change(message, target=target):
            if rng.random() > max(target, 0.05):  # one message of many
                return message
            try:
                return join(break_fields(rng, split(message), strings))
            except (ValueError, IndexError):
                return message
        try:
            data = of.edit(data, path, change)
        except (ValueError, IndexError):
            return data  # an earlier change left something that cannot be read
    return data


def damage(rng, data, models):
    """(what was done, damaged bytes)."""
    how = rng.choice((flip_bits, flip_bits, truncate, overwrite, splice, restructure, restructure,
                      restructure, restructure))
    return how.__name__, how(rng, data, models)
