# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators of reference.py that move elements, and reductions."""

import math

import numpy as np

from reference_ops import ints, op, OPS, optional


@op("Constant")
def constant(i, a):
    name, value = next((k, v) for k, v in a.items() if k.startswith("value"))
    return np.asarray(value, np.int64) if name in ("value_int", "value_ints") else np.asarray(value)


@op("ConstantOfShape")
def constant_of_shape(i, a):
    value = a.get("value", np.zeros(1, np.float32))
    return np.full([int(d) for d in i[0]], value.ravel()[0])


@op("Shape")
def shape(i, a):
    return np.array(i[0].shape[a.get("start", 0):a.get("end", None)], np.int64)


@op("Gather")
def gather(i, a):
    return np.take(i[0], i[1].astype(np.int64), axis=a.get("axis", 0))


@op("Slice")
def slice_(i, a):
    starts, ends = ints(i, 1, a, "starts"), ints(i, 2, a, "ends")
    axes = ints(i, 3, a, "axes", list(range(len(starts))))
    steps = ints(i, 4, a, "steps", [1] * len(starts))
    at = [slice(None)] * i[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        at[axis] = slice(start, end, step)
    return i[0][tuple(at)]


@op("Reshape")
def reshape(i, a):
    wanted = [int(d) for d in i[1]]
    if not a.get("allowzero"):
        wanted = [i[0].shape[k] if d == 0 else d for k, d in enumerate(wanted)]
    return i[0].reshape(wanted)


@op("Flatten")
def flatten(i, a):
    axis = a.get("axis", 1)
    axis += i[0].ndim if axis < 0 else 0
    return i[0].reshape(math.prod(i[0].shape[:axis]), -1)


@op("Squeeze")
def squeeze(i, a):
    axes = ints(i, 1, a, "axes")
    return np.squeeze(i[0], None if axes is None else tuple(axes))


@op("Unsqueeze")
def unsqueeze(i, a):
    return np.expand_dims(i[0], tuple(ints(i, 1, a, "axes")))


@op("Transpose")
def transpose(i, a):
    return np.transpose(i[0], a.get("perm"))


@op("Concat")
def concat(i, a):
    return np.concatenate(i, a["axis"])


@op("Split")
def split(i, a):
    axis, x = a.get("axis", 0), i[0]
    sizes = ints(i, 1, a, "split")
    if sizes is None:
        part = -(-x.shape[axis] // a["_outputs"])
        sizes = [min(part, x.shape[axis] - k * part) for k in range(a["_outputs"])]
    return np.split(x, np.cumsum(sizes)[:-1], axis)


@op("Pad")
def pad(i, a):
    x = i[0]
    pads = ints(i, 1, a, "pads")
    axes = ints(i, 3, a, "_axes", list(range(x.ndim)))
    width = [(0, 0)] * x.ndim
    for k, axis in enumerate(axes):
        width[axis] = (pads[k], pads[k + len(axes)])
    x = x[tuple(slice(max(-b, 0), x.shape[k] - max(-e, 0)) for k, (b, e) in enumerate(width))]
    width = [(max(b, 0), max(e, 0)) for b, e in width]
    mode = a.get("mode", "constant")
    if mode != "constant":
        return np.pad(x, width, mode)
    return np.pad(x, width, constant_values=optional(i, 2, a.get("value", 0.0)).item()
                  if optional(i, 2) is not None else a.get("value", 0.0))


@op("Expand")
def expand(i, a):
    shape = [int(d) for d in i[1]]
    return i[0] * np.ones(shape, i[0].dtype)


@op("Tile")
def tile(i, a):
    return np.tile(i[0], [int(r) for r in i[1]])


@op("DepthToSpace")
def depth_to_space(i, a):
    n, c, h, w = i[0].shape
    b, crd = a["blocksize"], a.get("mode", "DCR") == "CRD"
    x = i[0].reshape([n, c // b ** 2, b, b, h, w] if crd else [n, b, b, c // b ** 2, h, w])
    x = x.transpose([0, 1, 4, 2, 5, 3] if crd else [0, 3, 4, 1, 5, 2])
    return x.reshape(n, c // b ** 2, h * b, w * b)


@op("SpaceToDepth")
def space_to_depth(i, a):
    n, c, h, w = i[0].shape
    b = a["blocksize"]
    x = i[0].reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
    return x.reshape(n, c * b * b, h // b, w // b)


@op("GatherElements")
def gather_elements(i, a):
    axis = a.get("axis", 0)
    at = list(np.indices(i[1].shape))
    at[axis] = i[1].astype(np.int64)
    return i[0][tuple(at)]


@op("GatherND")
def gather_nd(i, a):
    batch = a.get("batch_dims", 0)
    at = list(np.indices(i[1].shape[:-1])[:batch]) + list(np.moveaxis(i[1].astype(np.int64), -1, 0))
    return i[0][tuple(at)]


# The larger or smaller of y and x as ONNX Runtime has it where one is not a number.
SCATTERS = {"none": lambda y, x: x, "add": np.add, "mul": np.multiply,
            "max": lambda y, x: np.where(y > x, y, x), "min": lambda y, x: np.where(y < x, y, x)}


def scatter(x, at, updates, a):
    y, combine = np.array(x), SCATTERS[a.get("reduction", "none")]
    for k in np.ndindex(at[0].shape):
        place = tuple(index[k] for index in at)
        y[place] = combine(y[place], updates[k])
    return y


@op("ScatterElements")
def scatter_elements(i, a):
    at = list(np.indices(i[1].shape))
    at[a.get("axis", 0)] = i[1].astype(np.int64)
    return scatter(i[0], tuple(at), i[2], a)


@op("ScatterND")
def scatter_nd(i, a):
    return scatter(i[0], tuple(np.moveaxis(i[1].astype(np.int64), -1, 0)), i[2], a)


@op("Range")
def range_(i, a):
    return np.arange(*(v.item() for v in i))


@op("Size")
def size(i, a):
    return np.array(i[0].size)


@op("EyeLike")
def eye_like(i, a):
    kind = {1: np.float32, 7: np.int64}[a["dtype"]] if "dtype" in a else i[0].dtype
    return np.eye(*i[0].shape, a.get("k", 0)).astype(kind)


@op("Trilu")
def trilu(i, a):
    return (np.triu if a.get("upper", 1) else np.tril)(i[0], int(optional(i, 1, np.array(0))))


@op("CumSum")
def cumsum(i, a):
    axis = int(i[1])
    x = np.flip(i[0], axis) if a.get("reverse") else i[0]
    y = np.cumsum(x, axis) - (x if a.get("exclusive") else 0)
    return np.flip(y, axis) if a.get("reverse") else y


def resize_filter(mode, a):
    """The weight of an element at distance x."""
    def linear(x):
        return max(1 - abs(x), 0)

    def cubic(x):
        c, x = a.get("cubic_coeff_a", -0.75), abs(x)
        near = (c + 2) * x ** 3 - (c + 3) * x ** 2 + 1
        return near if x <= 1 else c * (x ** 3 - 5 * x ** 2 + 8 * x - 4) if x < 2 else 0
    return (cubic, 2) if mode == "cubic" else (linear, 1)


def resize_coordinate(mode, i, scale, size, out):
    kind = type(scale)  # all numbers are of it: NumPy before 2 widens mixed ones
    i, size, out = kind(i), kind(size), kind(out)
    if mode == "asymmetric":
        return i / scale
    if mode == "align_corners":
        return i * (size - kind(1)) / (out - kind(1)) if out > 1 else 0
    if mode == "pytorch_half_pixel" and out == 1:
        return 0
    half, shift = kind(0.5), kind(0)
    if mode == "half_pixel_symmetric":
        shift = size * half * (kind(1) - out / (scale * size))
    return shift + (i + half) / scale - half


def resize_matrix(size, out, scale, a):
    """[out, size]: what every element of the output is made of."""
    mode, old = a.get("mode", "nearest"), a["_opset"] < 11
    coordinate = a.get("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    rounding = "old" if old else a.get("nearest_mode", "round_prefer_floor")
    nearest = {"old": np.ceil if scale < 1 else np.floor, "floor": np.floor, "ceil": np.ceil,
               "round_prefer_floor": lambda x: np.ceil(x - 0.5),
               "round_prefer_ceil": lambda x: np.floor(float(x) + 0.5 + 1e-6)}[rounding]
    weight, half = resize_filter(mode, a)
    wide = max(1 / scale, 1) if a.get("antialias") else 1
    cut = a.get("exclude_outside")
    matrix = np.zeros((out, size))
    for i in range(out):
        x = resize_coordinate(coordinate, i, scale, size, out)
        if mode == "nearest":  # in float32, whose last bits decide what is a half
            x = resize_coordinate(coordinate, np.float32(i), np.float32(scale), size, out)
            matrix[i, int(np.clip(nearest(x), 0, size - 1))] = 1
            continue
        if mode == "linear" and wide == 1:
            x = np.clip(x, 0, size - 1)
        for k in range(int(np.floor(x - half * wide)), int(np.ceil(x + half * wide)) + 1):
            if not cut or 0 <= k < size:
                matrix[i, np.clip(k, 0, size - 1)] += weight((k - x) / wide)
        matrix[i] /= matrix[i].sum()
    return matrix


@op("Resize", "Upsample")
def resize(i, a):
    x, old = i[0], a["_opset"] < 11
    sizes = None if old else optional(i, 3)
    scales = optional(i, 1, a.get("scales")) if old else optional(i, 2)
    axes = a.get("axes", list(range(x.ndim)))
    policy = a.get("keep_aspect_ratio_policy", "stretch")
    given = [float(s) / x.shape[d] for s, d in zip(sizes, axes)] if sizes is not None else scales
    if policy != "stretch":
        given = [(min if policy == "not_larger" else max)(given)] * len(axes)
    for k, axis in enumerate(axes):
        size, scale = x.shape[axis], float(given[k])
        out = (int(np.float32(scale) * np.float32(size)) if sizes is None else
               int(sizes[k]) if policy == "stretch" else int(np.floor(scale * size + 0.5)))
        if out != size or scale != 1:
            matrix = resize_matrix(size, out, scale, a)
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


def reduced(function, i, a):
    axes = ints(i, 1, a, "axes")
    if not axes and a.get("noop_with_empty_axes"):
        return i[0]
    return function(i[0], tuple(axes) if axes else None, keepdims=bool(a.get("keepdims", 1)))


for _name, _f in {
        "Mean": np.mean, "Sum": np.sum, "Prod": np.prod, "Max": np.max, "Min": np.min,
        "L1": lambda x, *a, **k: np.sum(abs(x), *a, **k),
        "L2": lambda x, *a, **k: np.sqrt(np.sum(x * x, *a, **k)),
        "SumSquare": lambda x, *a, **k: np.sum(x * x, *a, **k),
        "LogSum": lambda x, *a, **k: np.log(np.sum(x, *a, **k)),
        "LogSumExp": lambda x, *a, **k: np.log(np.sum(np.exp(x), *a, **k))}.items():
    OPS["Reduce" + _name] = lambda i, a, f=_f: reduced(f, i, a)


@op("ArgMax", "ArgMin")
def arg(i, a):
    x = -i[0] if a["_op"] == "ArgMin" else i[0]
    axis = a.get("axis", 0)
    if a.get("select_last_index", 0):
        out = x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis)
    else:
        out = np.argmax(x, axis)
    return np.expand_dims(out, axis) if a.get("keepdims", 1) else out


@op("TopK")
def top_k(i, a):
    axis = a.get("axis", -1)
    k = ints(i, 1, {"k": [a.get("k")]}, "k")[0]
    order = np.argsort(-i[0] if a.get("largest", 1) else i[0], axis, kind="stable")
    order = np.take(order, range(k), axis)
    return [np.take_along_axis(i[0], order, axis), order]
