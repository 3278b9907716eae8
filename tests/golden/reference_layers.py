# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators of reference.py that multiply matrices, slide windows or normalise."""

import itertools

import numpy as np

from reference_ops import op, optional


@op("MatMul")
def matmul(i, a):
    return i[0] @ i[1]


@op("Gemm")
def gemm(i, a):
    x, w = (m.T if a.get(t) else m for m, t in zip(i, ("transA", "transB")))
    return a.get("alpha", 1.0) * (x @ w) + a.get("beta", 1.0) * optional(i, 2, 0.0)


@op("BatchNormalization")
def batch_norm(i, a):
    x = i[0]
    scale, bias, mean, var = (v.reshape([-1] + [1] * (x.ndim - 2)) for v in i[1:5])
    if a.get("training_mode"):
        axes = tuple(d for d in range(x.ndim) if d != 1)
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + a.get("epsilon", 1e-5)) * scale + bias


@op("LRN")
def lrn(i, a):
    x, size = i[0], a["size"]
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        low, high = max(0, c - (size - 1) // 2), c + size // 2 + 1
        total[:, c] = (x[:, low:high] ** 2).sum(1)
    return x / (a.get("bias", 1.0) + a.get("alpha", 1e-4) / size * total) ** a.get("beta", 0.75)


def of_rows(function):
    """Sequences [N,C,W] are images of one row."""
    def compute(i, a):
        if i[0].ndim != 3:
            return function(i, a)
        a = dict(a)
        for name in ("kernel_shape", "strides", "dilations", "pads"):
            if name in a:
                a[name] = [v for n in a[name] for v in ((0 if name == "pads" else 1), n)]
        wide = [v[:, :, None] if v is not None and v.ndim == 3 else v for v in i]
        return function(wide, a)[:, :, 0]
    return compute


def window_geometry(x, kernel, a):
    """Per spatial axis: (pad before, pad after, output size, stride, dilation)."""
    out = []
    for k, size in enumerate(x.shape[2:]):
        stride = a.get("strides", [1, 1])[k]
        dilation = a.get("dilations", [1, 1])[k]
        reach = (kernel[k] - 1) * dilation + 1
        auto = a.get("auto_pad", "NOTSET")
        if auto.startswith("SAME"):
            n = -(-size // stride)
            total = max((n - 1) * stride + reach - size, 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            out.append((before, total - before, n, stride, dilation))
            continue
        before, after = (0, 0) if auto == "VALID" else (a.get("pads", [0] * 4)[k],
                                                        a.get("pads", [0] * 4)[k + 2])
        room = size + before + after - reach
        n = (-(-room // stride) if a.get("ceil_mode") else room // stride) + 1
        if a.get("ceil_mode") and (n - 1) * stride >= size + before:
            n -= 1  # a window that would start in the padding after the image
        out.append((before, after, n, stride, dilation))
    return out


def taps(x, kernel, geometry, fill):
    """Yields (ky, kx, values [N,C,OH,OW]) for every tap of the window."""
    (top, _, oh, sy, dy), (left, _, ow, sx, dx) = geometry
    height = (oh - 1) * sy + (kernel[0] - 1) * dy + 1
    width = (ow - 1) * sx + (kernel[1] - 1) * dx + 1
    padded = np.full(x.shape[:2] + (max(height, top + x.shape[2]), max(width, left + x.shape[3])),
                     fill, np.float64)
    padded[:, :, top:top + x.shape[2], left:left + x.shape[3]] = x
    for ky, kx in itertools.product(range(kernel[0]), range(kernel[1])):
        y0, x0 = ky * dy, kx * dx
        yield ky, kx, padded[:, :, y0:y0 + (oh - 1) * sy + 1:sy, x0:x0 + (ow - 1) * sx + 1:sx]


def conv_of_cubes(i, a):
    """Tap by tap."""
    x, w = i[:2]
    groups, kernel = a.get("group", 1), w.shape[2:]
    strides, dilations = (a.get(k, [1, 1, 1]) for k in ("strides", "dilations"))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    pads = a.get("pads", [0] * 6)
    if a.get("auto_pad") == "SAME_UPPER":
        total = [r - 1 for r in reach]  # of strides of 1
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    x = np.pad(x, [(0, 0), (0, 0)] + list(zip(pads[:3], pads[3:])))
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, strides)]
    wg = w.reshape((groups, w.shape[0] // groups) + w.shape[1:])
    out = 0
    for tap in itertools.product(*map(range, kernel)):
        at = tuple(slice(t * d, t * d + (n - 1) * s + 1, s)
                   for t, d, n, s in zip(tap, dilations, size, strides))
        v = x[(slice(None), slice(None)) + at]
        v = v.reshape(x.shape[0], groups, -1, *size)
        out = out + np.einsum("goi,ngiabc->ngoabc", wg[(slice(None),) * 3 + tap], v)
    out = out.reshape(x.shape[0], -1, *size)
    bias = optional(i, 2)
    return out if bias is None else out + bias.reshape(-1, 1, 1, 1)


@op("Conv")
@of_rows
def conv(i, a):
    if i[0].ndim == 5:
        return conv_of_cubes(i, a)
    x, w = i[:2]
    groups, kernel = a.get("group", 1), w.shape[2:]
    geometry = window_geometry(x, kernel, a)
    n, oh, ow = x.shape[0], geometry[0][2], geometry[1][2]
    wg = w.reshape((groups, w.shape[0] // groups) + w.shape[1:])
    out = 0
    for ky, kx, v in taps(x, kernel, geometry, 0.0):
        v = v.reshape(n, groups, -1, oh * ow)
        out = out + np.matmul(wg[None, :, :, :, ky, kx], v)
    out = out.reshape(n, -1, oh, ow)
    bias = optional(i, 2)
    return out if bias is None else out + bias.reshape(-1, 1, 1)


@op("Col2Im")
def col2im(i, a):
    """Every block adds its pixels to where they lie in the image."""
    (h, v), (kh, kw) = i[1].astype(int), i[2].astype(int)
    top, left, bottom, right = a.get("pads", [0] * 4)
    (sy, sx), (dy, dx) = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    y = np.zeros((i[0].shape[0], i[0].shape[1] // (kh * kw), h + top + bottom, v + left + right))
    oh = (y.shape[2] - (kh - 1) * dy - 1) // sy + 1
    ow = (y.shape[3] - (kw - 1) * dx - 1) // sx + 1
    blocks = i[0].reshape(*y.shape[:2], kh, kw, oh, ow)
    for ky, kx in itertools.product(range(kh), range(kw)):
        y[:, :, ky * dy:ky * dy + (oh - 1) * sy + 1:sy,
          kx * dx:kx * dx + (ow - 1) * sx + 1:sx] += blocks[:, :, ky, kx]
    return y[:, :, top:top + h, left:left + v]


@op("ConvTranspose")
def conv_transpose(i, a):
    """Every pixel adds its weights to the outputs around it."""
    x, w = i[:2]
    groups, (kh, kw) = a.get("group", 1), w.shape[2:]
    (sy, sx), (dy, dx) = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
    n, c, h, v = x.shape
    more = a.get("output_padding", [0, 0])
    whole = [(h - 1) * sy + (kh - 1) * dy + 1 + more[0], (v - 1) * sx + (kw - 1) * dx + 1 + more[1]]
    y = np.zeros([n, groups, w.shape[1]] + whole)
    parts = x.reshape(n, groups, c // groups, h, v)
    wg = w.reshape(groups, c // groups, *w.shape[1:])
    for ky, kx in itertools.product(range(kh), range(kw)):
        part = np.einsum("ngihw,gio->ngohw", parts, wg[:, :, :, ky, kx])
        y[:, :, :, ky * dy:ky * dy + (h - 1) * sy + 1:sy,
          kx * dx:kx * dx + (v - 1) * sx + 1:sx] += part
    y = y.reshape([n, -1] + whole)
    pads, mode = a.get("pads", [0] * 4), a.get("auto_pad", "NOTSET")
    if mode.startswith("SAME"):
        total = [whole[0] - h * sy, whole[1] - v * sx]
        first = [t // 2 if mode == "SAME_UPPER" else t - t // 2 for t in total]
        pads = first + [t - f for t, f in zip(total, first)]
    y = y[:, :, pads[0]:whole[0] - pads[2], pads[1]:whole[1] - pads[3]]
    bias = optional(i, 2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@op("MaxPool")
@of_rows
def max_pool(i, a):
    geometry = window_geometry(i[0], a["kernel_shape"], a)
    return np.max([v for _, _, v in taps(i[0], a["kernel_shape"], geometry, -np.inf)], axis=0)


@op("AveragePool")
@of_rows
def average_pool(i, a):
    x, kernel = i[0], a["kernel_shape"]
    geometry = window_geometry(x, kernel, a)
    counted = np.ones((1, 1) + x.shape[2:])
    inside = geometry
    if a.get("count_include_pad"):  # padding counts, what ceil_mode reaches beyond it does not
        counted = np.ones((1, 1) + tuple(s + g[0] + g[1] for s, g in zip(x.shape[2:], geometry)))
        inside = [(0, 0) + g[2:] for g in geometry]
    total = sum(v for _, _, v in taps(x, kernel, geometry, 0.0))
    return total / sum(v for _, _, v in taps(counted, kernel, inside, 0.0))


@op("GlobalAveragePool")
def global_average_pool(i, a):
    return i[0].mean(tuple(range(2, i[0].ndim)), keepdims=True)


@op("GlobalMaxPool")
def global_max_pool(i, a):
    return i[0].max(tuple(range(2, i[0].ndim)), keepdims=True)


def normalise(x, axes, epsilon, centred=True):
    d = x - x.mean(axes, keepdims=True) if centred else x
    return d / np.sqrt((d * d).mean(axes, keepdims=True) + epsilon)


@op("LayerNormalization", "RMSNormalization")
def layer_norm(i, a):
    axes = tuple(range(a.get("axis", -1) % i[0].ndim, i[0].ndim))
    y = normalise(i[0], axes, a.get("epsilon", 1e-5), a["_op"] == "LayerNormalization")
    return y * i[1] + optional(i, 2, 0.0)


def per_channel(values, x):
    return np.repeat(values, x.shape[1] // len(values)).reshape([-1] + [1] * (x.ndim - 2))


@op("InstanceNormalization")
def instance_norm(i, a):
    y = normalise(i[0], tuple(range(2, i[0].ndim)), a.get("epsilon", 1e-5))
    return y * per_channel(i[1], y) + per_channel(i[2], y)


@op("GroupNormalization")
def group_norm(i, a):
    x = i[0].reshape(i[0].shape[0], a["num_groups"], -1)
    y = normalise(x, (2,), a.get("epsilon", 1e-5)).reshape(i[0].shape)
    return y * per_channel(i[1], y) + per_channel(i[2], y)


@op("Einsum")
def einsum(i, a):
    return np.einsum(a["equation"], *i)


def heads_of(x, heads):
    return x if x.ndim == 4 else x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(0, 2, 1, 3)


@op("Attention")
def attention(i, a):
    q = heads_of(i[0], a.get("q_num_heads"))
    k, v = (heads_of(x, a.get("kv_num_heads")) for x in i[1:3])
    k, v = (np.repeat(x, q.shape[1] // x.shape[1], 1) for x in (k, v))
    scores = q @ k.transpose(0, 1, 3, 2) * a.get("scale", q.shape[-1] ** -0.5)
    mask = optional(i, 3, np.zeros(1))
    scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    if a.get("is_causal"):
        scores = np.where(np.tri(*scores.shape[2:], dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True) @ v
    return y if i[0].ndim == 4 else y.transpose(0, 2, 1, 3).reshape(i[0].shape[:2] + (-1,))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def through_time(x, w, r, b, h, c):
    """(y, h, c) of one direction; x [time, batch, inputs]."""
    y = []
    for row in x:
        i, o, f, g = np.split(row @ w.T + h @ r.T + b[:len(w)] + b[len(w):], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        y.append(h)
    return np.stack(y), h, c


@op("LSTM")
def lstm(i, a):
    x, w, r = i[:3]
    zeros = np.zeros((len(w), x.shape[1], r.shape[2]))
    b = optional(i, 3, np.zeros((len(w), 8 * r.shape[2])))
    h, c = optional(i, 5, zeros), optional(i, 6, zeros)
    ends = []
    for d in range(len(w)):
        back = -1 if d == 1 or a.get("direction") == "reverse" else 1
        y, *last = through_time(x[::back], w[d], r[d], b[d], h[d], c[d])
        ends.append((y[::back], *last))
    y, h, c = zip(*ends)
    return [np.stack(y, 1), np.stack(h), np.stack(c)][:a["_outputs"]]
