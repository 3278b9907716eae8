# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases: elements taken by an index, repeated, padded, resampled."""

import numpy as np
from onnx import TensorProto

from builder import case


def ints(g, array):
    return g.init(np.array(array, np.int64))


def roi(g):
    """An input of Resize that is not there, and had to be before opset 13."""
    return "" if g.opset >= 13 else g.init(np.zeros(0, np.float32))


@case(13, shape=(1, 4, 5, 6))
def gather(g):
    y = g.node("Relu", g.conv("x", 4, 4, pads=[1] * 4))  # an image as convolutions leave it
    g.put("scalar", "Gather", [y, ints(g, 2)], axis=1)
    g.put("last", "Gather", [y, ints(g, -1)], axis=3)
    g.put("one", "Gather", [y, g.ints(3)], axis=2)
    g.put("turned", "Gather", [y, g.ints(3, 2, 1, 0)], axis=1)
    g.put("every_second", "Gather", [y, g.ints(0, 2, 4)], axis=-1)
    g.put("twice", "Gather", [y, g.ints(1, 1, 1)], axis=1)
    g.put("any", "Gather", [y, g.ints(3, 0, 1, 1, 2)], axis=1)
    g.put("any_rows", "Gather", [y, g.ints(4, 0, 1, 2, 0)], axis=2)
    g.put("matrix", "Gather", [y, ints(g, [[0, 3], [2, 2], [1, 0]])], axis=1)
    g.put("matrix_first", "Gather", [y, ints(g, [[0], [0]])], axis=0)
    g.put("cube", "Gather", [y, ints(g, [[[0, 5, 1]], [[2, 2, 4]]])], axis=3)
    bgr = g.node("Gather", [y, g.ints(2, 1, 0)], axis=1)
    g.out(g.conv(bgr, 3, 5, pads=[1] * 4), "convolved")
    flat = g.node("Flatten", y)
    g.put("of_flat", "Gather", [flat, g.ints(100, 3, 4, 5, 119)], axis=1)


@case(13, shape=(1, 16, 4, 4))
def class_token(g):
    """x[:, 0] of a sequence, as vision transformers end."""
    tokens = g.node("Transpose", g.node("Reshape", ["x", g.ints(1, 16, 16)]), perm=[0, 2, 1])
    token = g.node("Expand", [g.weights(1, 1, 16), g.ints(1, 1, 1)])
    y = g.node("Concat", [token, g.node("Relu", tokens)], axis=1)
    g.put("first", "Gemm", [g.node("Gather", [y, ints(g, 0)], axis=1), g.weights(5, 16),
                            g.weights(5)], transB=1)
    g.put("last", "Gather", [y, ints(g, -1)], axis=1)


@case((8, 13), shape=(1, 4, 1, 5))
def expand(g):
    y = g.node("Relu", "x")
    g.put("rows", "Expand", [y, g.ints(1, 4, 3, 5)])
    g.put("batch", "Expand", [y, g.ints(2, 1, 1, 1)])
    g.put("rank", "Expand", [y, g.ints(2, 1, 4, 3, 5)])
    g.put("shorter", "Expand", [y, g.ints(3, 1)])
    g.put("same", "Expand", [y, g.ints(1)])
    wide = g.node("Expand", [y, g.ints(1, 4, 3, 5)])
    g.out(g.conv(wide, 4, 6, pads=[1] * 4), "convolved")
    g.out(g.conv(wide, 4, 6, 1), "pointwise")
    g.put("pooled", "MaxPool", wide, kernel_shape=[2, 2])
    g.put("reshaped", "Reshape", [wide, g.ints(2, 30)])
    g.put("added", "Add", [wide, g.weights(3, 1)])
    g.put("joined", "Concat", [wide, wide], axis=2)
    mean = g.node("GlobalAveragePool", y)
    g.put("mean", "Concat", [y, g.node("Expand", [mean, g.ints(1, 4, 1, 5)])], axis=1)


@case((6, 13), shape=(1, 4, 3, 5))
def tile(g):
    y = g.node("Relu", "x")
    g.put("rows", "Tile", [y, g.ints(1, 1, 2, 1)])
    g.put("channels", "Tile", [y, g.ints(1, 3, 1, 1)])
    g.put("all", "Tile", [y, g.ints(2, 1, 2, 3)])
    g.put("same", "Tile", [y, g.ints(1, 1, 1, 1)])
    mean = g.node("GlobalAveragePool", y)
    g.put("of_ones", "Tile", [mean, g.ints(1, 1, 3, 5)])
    g.out(g.conv(g.node("Tile", [y, g.ints(1, 2, 1, 1)]), 8, 3, pads=[1] * 4), "convolved")


@case((11, 13), shape=(1, 8, 3, 4))
def depth_to_space(g):
    y = g.node("Relu", g.conv("x", 8, 8, 1))
    g.put("default", "DepthToSpace", y, blocksize=2)
    g.put("dcr", "DepthToSpace", y, blocksize=2, mode="DCR")
    g.put("crd", "DepthToSpace", y, blocksize=2, mode="CRD")
    wide = g.node("DepthToSpace", y, blocksize=2, mode="CRD")
    g.out(g.conv(wide, 2, 5, pads=[1] * 4), "convolved")
    g.put("and_back", "SpaceToDepth", wide, blocksize=2)


@case((6, 13), shape=(1, 3, 6, 4))
def space_to_depth(g):
    g.put("two", "SpaceToDepth", "x", blocksize=2)
    g.put("one", "SpaceToDepth", "x", blocksize=1)
    g.out(g.conv(g.node("SpaceToDepth", "x", blocksize=2), 12, 6, pads=[1] * 4), "convolved")


@case(13, shape=(1, 12, 4, 6))
def focus(g):
    """Every second pixel, four times, as channels."""
    parts = []
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        rows = g.node("Slice", ["x", g.ints(row), g.ints(2 ** 62), g.ints(2), g.ints(2)])
        parts.append(g.node("Slice", [rows, g.ints(column), g.ints(2 ** 62), g.ints(3),
                                      g.ints(2)]))
    g.out(g.conv(g.node("Concat", parts, axis=1), 48, 5, pads=[1] * 4), "y")


@case(13, shape=(1, 4, 6))
def gather_of_nothing(g):
    """More indices than a tensor without elements has room for."""
    y = g.node("Relu", "x")
    for name, none in (("known", g.init(np.zeros((1, 0, 6), np.float32))),
                       ("computed", g.node("Slice", [y, g.ints(0), g.ints(0), g.ints(1)]))):
        picked = g.node("Gather", [none, g.ints(5, 0, 3, 3, 1, 2)], axis=2)
        g.put(name, "Concat", [picked, y], axis=1)


@case(13, shape=(1, 4, 6))
def slice_steps(g):
    """Steps that lead out of the image at once, or back."""
    y = g.node("Relu", "x")
    for name, begin, step in (("far", 1, 2 ** 61), ("near", 0, 5), ("back", 5, -2)):
        end = 2 ** 62 if step > 0 else -(2 ** 62)
        g.put(name, "Slice", [y, g.ints(begin), g.ints(end), g.ints(2), g.ints(step)])
    g.put("one", "Slice", [y, g.ints(0, 2), g.ints(1, 3), g.ints(1, 2), g.ints(2 ** 62, 2 ** 60)])


@case(19, shape=(1, 3, 4, 5))
def pad_modes(g):
    y = g.node("Relu", g.conv("x", 3, 3, pads=[1] * 4))
    pads = g.ints(0, 0, 2, 1, 0, 0, 1, 3)
    for mode in ("constant", "reflect", "edge", "wrap"):
        g.put(mode, "Pad", [y, pads], mode=mode)
    g.put("cut", "Pad", [y, g.ints(0, 1, -1, 2, 0, -1, 2, -3)])
    g.put("cut_edge", "Pad", [y, g.ints(0, 0, -1, 2, 0, 0, 2, -1)], mode="edge")
    g.put("value", "Pad", [y, pads, g.init(np.float32(1.5))])
    g.put("axes", "Pad", [y, g.ints(1, 2), "", g.ints(-1)])
    g.put("channels", "Pad", [y, g.ints(0, 1, 0, 0, 0, 2, 0, 0)])
    g.put("batch", "Pad", [y, g.ints(1, 0, 0, 0, 0, 0, 0, 0)])
    g.put("single", "Pad", [y, g.ints(0, 0, 1, 0, 0, 0, -4, 0)])  # one row, of nothing but zeros
    whole = g.node("Cast", y, to=TensorProto.INT64)
    padded = g.node("Pad", [whole, pads, ints(g, 7)])
    g.put("integers", "Cast", padded, to=TensorProto.FLOAT)


@case((11, 13, 18), shape=(1, 3, 4, 5))
def resize_nearest(g):
    y = g.node("Relu", g.conv("x", 3, 3, pads=[1] * 4))
    scales = lambda *s: [roi(g), g.init(np.array(s, np.float32))]
    g.put("twice", "Resize", [y] + scales(1, 1, 2, 2), mode="nearest",
          coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    for k, coordinate in enumerate(("half_pixel", "asymmetric", "align_corners",
                                    "pytorch_half_pixel")):
        for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
            g.put(f"{rounding}_{k}", "Resize", [y] + scales(1, 1, 1.7, 0.6 + k / 10),
                  mode="nearest", coordinate_transformation_mode=coordinate,
                  nearest_mode=rounding)
    g.put("to_size", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 7, 9)], mode="nearest")
    g.put("smaller", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 2, 3)], mode="nearest")
    g.out(g.conv(g.node("Resize", [y] + scales(1, 1, 2, 2)), 3, 5, pads=[1] * 4), "convolved")
    if g.opset >= 18:
        g.put("axes", "Resize", [y, roi(g), roi(g), g.ints(7, 3)], axes=[3, 2], mode="nearest")
        for policy in ("stretch", "not_larger", "not_smaller"):
            g.put(policy, "Resize", [y, roi(g), roi(g), g.ints(11, 9)], axes=[2, 3],
                  keep_aspect_ratio_policy=policy)


@case(13, shape=(1, 1, 15, 30))
def resize_ties(g):
    """Places that are a half, but for what float32 leaves of them."""
    for h, w in ((16, 36), (9, 20)):
        for coordinate in ("half_pixel", "asymmetric"):
            for rounding in ("round_prefer_floor", "round_prefer_ceil"):
                g.put(f"{coordinate}_{rounding}_{h}", "Resize",
                      ["x", roi(g), roi(g), g.ints(1, 1, h, w)], mode="nearest",
                      coordinate_transformation_mode=coordinate, nearest_mode=rounding)


@case((11, 13, 19), shape=(1, 3, 5, 6))
def resize_linear(g):
    y = g.node("Relu", g.conv("x", 3, 3, pads=[1] * 4))
    scales = lambda *s: [roi(g), g.init(np.array(s, np.float32))]
    modes = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    if g.opset >= 19:
        modes.append("half_pixel_symmetric")
    for k, coordinate in enumerate(modes):
        for mode in ("linear", "cubic"):
            g.put(f"{mode}_{k}", "Resize", [y] + scales(1, 1, 1.7, 0.6 + k / 10), mode=mode,
                  coordinate_transformation_mode=coordinate)
    g.put("to_size", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 7, 4)], mode="linear")
    g.put("rows", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 9, 6)], mode="linear")
    g.put("one", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 1, 1)], mode="linear",
          coordinate_transformation_mode="pytorch_half_pixel")
    g.put("a", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 7, 9)], mode="cubic", cubic_coeff_a=-0.5)
    g.put("inside", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 7, 9)], mode="cubic",
          exclude_outside=1)
    g.put("same", "Resize", [y, roi(g), roi(g), g.ints(1, 3, 5, 6)], mode="linear")


@case(18, shape=(1, 3, 9, 12))
def resize_antialias(g):
    """As torchvision shrinks pictures."""
    for k, size in enumerate(((4, 5), (12, 7), (2, 2))):
        for mode in ("linear", "cubic"):
            g.put(f"{mode}_{k}", "Resize", ["x", "", "", g.ints(1, 3, *size)], mode=mode,
                  antialias=1)


@case(18, shape=(1, 9, 8, 3))
def resize_nhwc(g):
    """Keras: the picture is resized before it is turned."""
    y = g.node("Resize", ["x", "", g.init(np.array([1, 2 / 3, 1.25, 1], np.float32))],
               mode="linear")
    g.out(g.conv(g.node("Transpose", y, perm=[0, 3, 1, 2]), 3, 5, pads=[1] * 4), "y")


@case(10, shape=(1, 3, 4, 5))
def resize_10(g):
    for mode in ("nearest", "linear"):
        for k, scales in enumerate(((1, 1, 2, 2), (1, 1, 1.6, 2.5), (1, 1, 0.5, 0.7))):
            g.put(f"{mode}_{k}", "Resize", ["x", g.init(np.array(scales, np.float32))], mode=mode)


@case(7, shape=(1, 3, 4, 5))
def upsample_7(g):
    g.put("nearest", "Upsample", "x", scales=[1.0, 1.0, 2.0, 3.0])
    g.put("linear", "Upsample", "x", scales=[1.0, 1.0, 2.0, 1.6], mode="linear")


@case(9, shape=(1, 3, 4, 5))
def upsample_9(g):
    scales = g.init(np.array([1, 1, 2, 2], np.float32))
    g.put("nearest", "Upsample", ["x", scales], mode="nearest")
    g.put("linear", "Upsample", ["x", scales], mode="linear")


@case(18, shape=(1, 3, 4, 5))
def gather_places(g):
    """Each element from a place of its own, as index arithmetic of PyTorch is exported."""
    y = g.node("Relu", g.conv("x", 3, 3, pads=[1] * 4))
    g.put("elements", "GatherElements", [y, ints(g, np.arange(30).reshape(1, 3, 2, 5) % 4 - 2)],
          axis=2)
    g.put("elements_first", "GatherElements", [y, ints(g, np.zeros((1, 3, 4, 5)))])
    pixels = ints(g, [[[0, 1, 2, 3], [0, 2, 0, -1]], [[0, -1, 3, 0], [0, 0, 0, 0]]])
    g.put("pixels", "GatherND", [y, pixels])
    g.put("rows", "GatherND", [y, ints(g, [[0, 2], [0, 0], [0, 2]])])
    g.put("batch", "GatherND", [y, ints(g, [[[1], [2]]])], batch_dims=1)
    patches = g.node("Transpose", y, perm=[2, 3, 0, 1])
    index = [[[r, c], [r + 1, c], [r, c + 1]] for r in (0, 2) for c in (0, 3)]
    g.put("patches", "GatherND", [patches, ints(g, index)])


@case(18, shape=(1, 3, 4, 5))
def scatter_places(g):
    y = g.node("Relu", g.conv("x", 3, 3, pads=[1] * 4))
    rows = ints(g, [[0, 1, 2], [0, 0, 0], [0, 1, 2]])
    g.put("rows", "ScatterND", [y, rows, g.weights(3, 5)])
    channel = g.node("Gather", [y, g.ints(1)], axis=1)
    g.put("into_constant", "ScatterND", [g.weights(1, 3, 4, 5), ints(g, [[0, 2]]),
                                         g.node("Squeeze", [channel, g.ints(0)])])
    for mode in ("add", "mul", "max", "min"):
        g.put(mode, "ScatterND", [y, rows, g.weights(3, 5)], reduction=mode)
    places = ints(g, [[[[0, 3, -1, 0, 0], [1, 2, 2, 2, 1]]]])
    g.put("elements", "ScatterElements", [y, places, g.weights(1, 1, 2, 5)], axis=2)
    g.put("elements_added", "ScatterElements", [y, places, g.weights(1, 1, 2, 5)], axis=2,
          reduction="add")


@case(18, shape=(1, 1, 1, 5))
def scatter_of_nan(g):
    """The larger and smaller one of what is no number: of constants and per frame."""
    nan = np.float32(np.nan)
    holes = g.init(np.array([nan, 1, nan, -1, 2], np.float32))
    news = g.init(np.array([1, nan, nan, nan, 5, 1], np.float32))
    places = ints(g, [[0], [1], [2], [4], [4], [3]])
    row = g.node("Squeeze", ["x", g.ints(0, 1, 2)])
    six = g.node("Concat", [row, g.node("Slice", [row, g.ints(0), g.ints(1)])], axis=0)

    def show(name, values):
        lost = g.node("IsNaN", values)
        kept = g.node("Where", [lost, g.init(np.float32(0)), values])
        g.put(name + "_lost", "Add", [row, g.node("Cast", lost, to=TensorProto.FLOAT)])
        g.put(name + "_kept", "Add", [row, kept])

    for mode in ("max", "min"):
        for op in ("ScatterND", "ScatterElements"):
            at = places if op == "ScatterND" else g.node("Squeeze", [places, g.ints(1)])
            for name, inputs in (("constant", (holes, news)), ("into", (holes, six)),
                                 ("from", (row, news))):
                values = g.node(op, [inputs[0], at, inputs[1]], reduction=mode)
                show(f"{op}_{mode}_{name}", values)


@case(18, shape=(1, 4, 3, 5))
def moves_of_constants(g):
    """What exporters leave of masks, positions and tables: all of it folds, into weights too."""
    table = g.node("Gather", [g.weights(7, 4), ints(g, [[0, 6, 2], [3, 3, -1]])], axis=0)
    table = g.node("Expand", [g.node("Unsqueeze", [table, g.ints(3)]), g.ints(2, 3, 4, 5)])
    w = g.node("Reshape", [g.node("Transpose", table, perm=[0, 2, 1, 3]), g.ints(2, 4, 3, 5)])
    g.put("as_weights", "Conv", ["x", w])
    parts = g.node("Split", [g.weights(6, 4, 1, 1), g.ints(2, 4)], 2, axis=0)
    for k, part in enumerate(parts):
        g.put(f"part_{k}", "Conv", ["x", part])
    grid = g.node("Resize", [g.weights(1, 4, 2, 3), "", "", g.ints(1, 4, 3, 5)], mode="cubic")
    near = g.node("Resize", [g.weights(1, 4, 2, 3), "", "", g.ints(1, 4, 3, 5)], mode="nearest")
    g.put("positions", "Add", ["x", g.node("Add", [grid, near])])
    tiled = g.node("Tile", [g.weights(1, 2, 3, 5), g.ints(1, 2, 1, 1)])
    g.put("tiled", "Add", ["x", g.node("Pad", [tiled, g.ints(0, 0, 0, 1, 0, 0, 0, -1)])])
    count = g.node("Cast", g.node("Size", "x"), to=TensorProto.FLOAT)
    steps = g.node("Range", [g.init(np.array(1, np.int64)), g.init(np.array(11, np.int64)),
                             g.init(np.array(2, np.int64))])
    order = g.node("CumSum", [steps, g.init(np.array(0, np.int64))])
    order = g.node("Cast", g.node("Concat", [order, steps], axis=0), to=TensorProto.FLOAT)
    g.put("counted", "Add", ["x", g.node("Div", [g.node("Slice", [order, g.ints(3), g.ints(8)]),
                                                 count])])
    back = g.node("CumSum", [g.weights(3, 5), g.init(np.array(-1, np.int64))], reverse=1,
                  exclusive=1)
    triangle = g.node("Trilu", [back, g.init(np.array(1, np.int64))], upper=1)
    lower = g.node("Trilu", g.weights(3, 5), upper=0)
    g.put("triangle", "Add", ["x", g.node("Add", [triangle, lower])])
    mask = g.node("ScatterND", [g.weights(3, 5), ints(g, [[0, 1], [2, 4]]), g.weights(2)])
    mask = g.node("ScatterElements", [mask, ints(g, [[1], [0], [1]]), g.weights(3, 1)], axis=1)
    found = g.node("GatherND", [g.weights(3, 5), ints(g, [[[k, k]] * 5 for k in (0, 1, 2)])])
    found = g.node("GatherElements", [found, ints(g, np.ones((3, 5)))], axis=1)
    g.put("mask", "Mul", ["x", g.node("Add", [mask, found])])
    deep = g.node("DepthToSpace", g.weights(1, 16, 3, 5), blocksize=2)
    g.put("blocks", "Add", ["x", g.node("Slice", [deep, g.ints(3, 0), g.ints(6, 5),
                                                  g.ints(2, 3)])])


@case(13, shape=(1, 4, 4, 6))
def eye_like(g):
    """A matrix that nothing but the shape of another one decides, which the picture may make."""
    rows = g.node("Reshape", ["x", g.ints(16, 6)])
    g.put("as_it_is", "Add", ["x", g.node("EyeLike", g.weights(4, 6))])
    g.put("of_the_picture", "Add", [rows, g.node("EyeLike", rows, k=1)])
    below = g.node("EyeLike", rows, k=-3, dtype=int(TensorProto.INT64))
    g.put("below", "Mul", [rows, g.node("Cast", below, to=TensorProto.FLOAT)])
    g.put("beyond", "Add", [rows, g.node("EyeLike", rows, k=6, dtype=int(TensorProto.FLOAT))])


@case(13, shape=(1, 4, 6))
def no_tokens(g):
    """A sequence without class token, cut and joined as if it had some."""
    y = g.node("Relu", "x")
    none = g.node("Slice", [y, g.ints(0), g.ints(0), g.ints(1)])
    turned = g.node("Mul", [none, g.weights(6)])
    g.put("joined", "Concat", [turned, y], axis=1)
    parts = g.node("Split", [y, g.ints(0, 3, 1)], 3, axis=1)
    g.put("split", "Concat", [parts[2], parts[0], parts[1]], axis=1)
