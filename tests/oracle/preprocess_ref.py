# SPDX-License-Identifier: LGPL-2.1-or-later
"""Preprocessing in NumPy, float64, from the formula: slow, one matrix product per plane and axis.

Coordinates are continuous: pixel i of a plane covers [i, i + 1).  The crop window lies in luma
pixels and is mapped to every plane.  Per plane and axis a window of length L gives n samples:
L > n is a box mean over [a + iL/n, a + (i+1)L/n), weighted by overlap; otherwise linear
interpolation at a + (i + 0.5)L/n between the two nearest centres.  Beyond the plane's edge its
last sample repeats.
"""

import math

import numpy as np

FORMATS = ("NV12", "I420", "YV12", "YUY2", "UYVY", "RGB", "BGR", "RGBx", "BGRx", "RGBA", "BGRA",
           "GRAY8", "NV21", "NV16", "Y42B", "Y444", "xRGB", "xBGR", "ARGB", "ABGR", "P010_10LE",
           "I420_10LE", "GRAY16_LE")
YUV = ("NV12", "I420", "YV12", "YUY2", "UYVY", "NV21", "NV16", "Y42B", "Y444", "P010_10LE",
       "I420_10LE")
GREY = ("GRAY8", "GRAY16_LE")
# Is chroma at half size (x, y)?  (True, True) of the other ones.
HALVED = {"YUY2": (True, False), "UYVY": (True, False), "NV16": (True, False),
          "Y42B": (True, False), "Y444": (False, False)}
# Bits of a sample and those below it, where it has two bytes.
BITS = {"P010_10LE": (10, 6), "I420_10LE": (10, 0), "GRAY16_LE": (16, 0)}
KR_KB = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
# Is chroma cosited (x, y)?
SITES = {"mpeg2": (True, False), "centred": (False, False), "cosited": (True, True),
         "alt": (False, True)}


def plane_shapes(fmt, width, height):
    """[(rows, bytes per row)] of the planes as the format lists them."""
    size = 2 if fmt in BITS else 1
    halved_x, halved_y = HALVED.get(fmt, (True, True))
    cw = (width + 1) // 2 if halved_x else width
    ch = (height + 1) // 2 if halved_y else height
    if fmt in ("NV12", "NV21", "NV16", "P010_10LE"):
        return [(height, size * width), (ch, 2 * size * cw)]
    if fmt in ("I420", "YV12", "Y42B", "Y444", "I420_10LE"):
        return [(height, size * width)] + 2 * [(ch, size * cw)]
    if fmt in ("YUY2", "UYVY"):
        return [(height, 4 * cw)]
    return [(height, size * width * {"RGB": 3, "BGR": 3, "GRAY8": 1, "GRAY16_LE": 1}.get(fmt, 4))]


def whole_samples(fmt, plane):
    """A plane's samples, of two bytes in steps of an 8-bit sample."""
    if fmt not in BITS:
        return plane
    bits, unused = BITS[fmt]
    return (plane[:, 0::2] + 256.0 * plane[:, 1::2]) / 2 ** (bits - 8 + unused)


def components(fmt, planes, width):
    """The frame's components as separate 2-D arrays: Y, U, V or R, G, B or Y."""
    planes = [whole_samples(fmt, plane) for plane in planes]
    if fmt in ("NV12", "NV21", "NV16", "P010_10LE"):
        u = 1 if fmt == "NV21" else 0
        return [planes[0], planes[1][:, u::2], planes[1][:, 1 - u::2]]
    if fmt == "YV12":
        return [planes[0], planes[2], planes[1]]
    if fmt in ("I420", "Y42B", "Y444", "I420_10LE") + GREY:
        return planes
    if fmt in ("YUY2", "UYVY"):
        y, u, v = (0, 1, 3) if fmt == "YUY2" else (1, 0, 2)
        packed = planes[0]
        return [packed[:, y::2][:, :width], packed[:, u::4], packed[:, v::4]]
    step = 3 if len(fmt) == 3 else 4
    return [planes[0][:, fmt.index(c)::step] for c in "RGB"]


def axis_weights(start, length, n_out, n_in):
    """[n_out, n_in]: what every sample of a plane's axis contributes to every output sample."""
    w = np.zeros((n_out, n_in))
    last = n_in - 1
    for i in range(n_out):
        if length > n_out:
            low, high = start + i * length / n_out, start + (i + 1) * length / n_out
            for k in range(math.floor(low), math.ceil(high)):
                overlap = min(high, k + 1) - max(low, k)
                w[i, min(max(k, 0), last)] += overlap / (high - low)
        else:
            centre = start + (i + 0.5) * length / n_out - 0.5
            k = math.floor(centre)
            w[i, min(max(k, 0), last)] += k + 1 - centre
            w[i, min(max(k + 1, 0), last)] += centre - k
    return w


def placement(resize, region, out_w, out_h):
    """(window x, y, w, h in luma pixels; x, y, w, h of its image in the output)."""
    x, y, w, h = region
    if resize == "stretch":
        return (x, y, w, h), (0, 0, out_w, out_h)
    if resize == "crop":
        cw, ch = (h * out_w / out_h, h) if w * out_h > h * out_w else (w, w * out_h / out_w)
        return (x + (w - cw) / 2, y + (h - ch) / 2, cw, ch), (0, 0, out_w, out_h)
    scale = min(out_w / w, out_h / h)
    iw, ih = (min(max(1, math.floor(v * scale + 0.5)), limit) for v,
              limit in ((w, out_w), (h, out_h)))
    return (x, y, w, h), ((out_w - iw) // 2, (out_h - ih) // 2, iw, ih)


def resample(plane, window, size, halved, cosited):
    """One plane through the window.  halved, cosited: per axis (x, y)."""
    out = []
    for axis in (0, 1):
        start, length = window[axis], window[axis + 2]
        if halved[axis]:
            start, length = (start + 0.5) / 2 if cosited[axis] else start / 2, length / 2
        out.append(axis_weights(start, length, size[axis], plane.shape[1 - axis]))
    return out[1] @ plane.astype(np.float64) @ out[0].T


def to_rgb(parts, fmt, frame):
    """Resampled components to R, G, B (or Y alone), 0..255."""
    kr, kb = KR_KB[frame["matrix"]]
    limited = frame["range"] == "limited"
    if fmt not in YUV + GREY:
        return parts, kr * parts[0] + (1 - kr - kb) * parts[1] + kb * parts[2]
    bits = BITS.get(fmt, (8, 0))[0]
    white = (2 ** bits - 1) / 2 ** (bits - 8)
    luma = (parts[0] - 16) * 255 / 219 if limited else parts[0] * 255 / white
    if fmt in GREY:
        return [luma] * 3, luma
    cb, cr = ((c - 128) * (255 / 224 if limited else 1) for c in parts[1:])
    r, b = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    return [r, (luma - kr * r - kb * b) / (1 - kr - kb), b], luma


def preprocess(frame, planes, net):
    """[C,H,W] before normalisation, 0..1, and a mask [H,W] of the pixels that hold image.

    frame: format width height matrix range site region; planes: uint8 [rows, row bytes];
    net: channels height width resize.
    """
    fmt, width, height = frame["format"], frame["width"], frame["height"]
    x, y, w, h = frame["region"] or (0, 0, width, height)
    x1, y1 = min(x + w, width), min(y + h, height)
    x, y = max(x, 0), max(y, 0)
    window, (left, top, iw, ih) = placement(net["resize"], (x, y, x1 - x, y1 - y), net["width"],
                                            net["height"])
    parts = []
    for k, plane in enumerate(components(fmt, planes, width)):
        chroma = k > 0 and fmt in YUV
        halved = HALVED.get(fmt, (True, True)) if chroma else (False, False)
        parts.append(resample(plane, window, (iw, ih), halved, SITES[frame["site"]]))
    rgb, luma = to_rgb(parts, fmt, frame)
    image = np.clip(np.stack(rgb if net["channels"] == 3 else [luma]), 0, 255) / 255
    out = np.zeros((net["channels"], net["height"], net["width"]))
    mask = np.zeros((net["height"], net["width"]), bool)
    out[:, top:top + ih, left:left + iw] = image
    mask[top:top + ih, left:left + iw] = True
    return out, mask
