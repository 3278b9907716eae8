# SPDX-License-Identifier: LGPL-2.1-or-later
"""The engine's preprocessing against preprocess_ref.py: at most one grey level off anywhere.

env PREPROCESS_DUMP: the built preprocess_dump, which calls wn_session_preprocess.  Frames are
noise on gradients, in all formats, odd sizes and strides, with every matrix, range, chroma site
and way of fitting; networks of one and three channels, NCHW and NHWC.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

import common
import onnxfile
from preprocess_ref import FORMATS, GREY, KR_KB, SITES, YUV, plane_shapes, preprocess

LIMIT = 1 / 255
SIZES = ((1, 1), (2, 2), (1, 9), (17, 3), (31, 31), (32, 32), (33, 47), (64, 64), (97, 61),
         (160, 120), (201, 333))
NETWORKS = (  # channels, height, width, how frames are fitted, NHWC, mean and std
    (3, 32, 32, "crop", False, True), (3, 32, 32, "letterbox", False, True),
            (3, 32, 32, "stretch", False, False),
    (1, 28, 28, "crop", False, True), (1, 20, 35, "letterbox", False, False),
            (3, 23, 40, "crop", False, True),
    (3, 41, 19, "letterbox", True, True), (1, 16, 24, "stretch", True, True),
            (3, 1, 1, "crop", False, False),
    (3, 65, 7, "stretch", False, True))


def network(net, mean, std, path):
    """A network that takes such an image; what it computes from it does not matter."""
    c, h, w, resize, nhwc, _ = net
    nodes = [onnxfile.make_node("Transpose", ["x"], ["i"], perm=[0, 3, 1, 2])] if nhwc else []
    nodes += [onnxfile.make_node("GlobalAveragePool", ["i" if nhwc else "x"], ["p"]),
              onnxfile.make_node("Flatten", ["p"], ["f"]),
              onnxfile.make_node("Gemm", ["f", "w"], ["y"])]
    meta = {"winnow.version": "1", "winnow.output": "y", "winnow.strategy": "none",
            "winnow.input.resize": resize}
    if mean is not None:
        meta.update({"winnow.input.mean": ",".join(map(repr, mean)),
                     "winnow.input.std": ",".join(map(repr, std))})
    shape = (1, h, w, c) if nhwc else (1, c, h, w)
    model = onnxfile.make_model(nodes, [("x", shape)], [("y", (1, 2))],
                                [("w", np.ones((c, 2), np.float32))], opset=13, meta=meta)
    return common.write(path, model)


def make_frame(rng, fmt, width, height, region=None):
    """(frame description, planes, the bytes that go over the pipe)."""
    frame = {"format": fmt, "width": width, "height": height, "region": region,
             "matrix": rng.choice(list(KR_KB)), "range": rng.choice(["limited", "full"]),
             "site": rng.choice(list(SITES))}
    planes, strides, data = [], [0, 0, 0], b""
    for k, (rows, row_bytes) in enumerate(plane_shapes(fmt, width, height)):
        slope = np.add.outer(np.linspace(0, 128, rows), np.linspace(0, 96, row_bytes))
        plane = (slope + rng.randint(0, 256, (rows, row_bytes))) % 256
        plane = plane.astype(np.uint8)
        if fmt == "I420_10LE":
            plane[:, 1::2] &= 3
        strides[k] = row_bytes + int(rng.choice([0, 1, 3, 13, 64]))
        padded = rng.randint(0, 256, (rows, strides[k])).astype(np.uint8)
        padded[:, :row_bytes] = plane
        planes.append(plane)
        data += padded.tobytes()[:(rows - 1) * strides[k] + row_bytes]
    numbers = [FORMATS.index(fmt), width, height, list(KR_KB).index(frame["matrix"]),
               ["limited", "full"].index(frame["range"]), list(SITES).index(frame["site"]),
               *strides,
               int(region is not None), *(region or (0, 0, 0, 0))]
    return frame, planes, " ".join(map(str, numbers)).encode() + b"\n" + data


def regions(width, height):
    """None and a few rectangles, also such as reach beyond the frame."""
    yield None
    if width > 8 and height > 8:
        yield (3, 1, width - 7, height - 5)
        yield (width // 2, height // 3, 5, 3)
        yield (-4, height - 6, width // 2 + 5, 40)
        yield (width - 1, height - 1, 1, 1)
        yield (0, 0, width, 1)


def cases(index):
    rng = np.random.RandomState(100 + index)
    for fmt in FORMATS:
        for width, height in SIZES:
            yield make_frame(rng, fmt, width, height)
    for width, height in ((33, 47), (160, 120), (9, 9)):
        for fmt in FORMATS:
            for region in list(regions(width, height))[1:]:
                yield make_frame(rng, fmt, width, height, region)
    if index == 0:  # every combination of the colour fields, enlarging and shrinking
        for fmt in YUV + GREY:
            for size in ((15, 21), (75, 91)):
                for k in range(16):
                    frame, planes, data = make_frame(rng, fmt, *size)
                    frame.update(matrix=list(KR_KB)[k & 1], range=["limited", "full"][k >> 1 & 1],
                                 site=list(SITES)[k >> 2])
                    head, body = data.split(b"\n", 1)
                    head = head.split()
                    head[3:6] = [str(v).encode() for v in (k & 1, k >> 1 & 1, k >> 2)]
                    yield frame, planes, b" ".join(head) + b"\n" + body
        for size in ((1920, 1080), (8191, 3)):
            yield make_frame(rng, "NV12", *size)
            yield make_frame(rng, "RGB", *size)


def check(net, index, scratch, program):
    """(frames, worst difference, failures)."""
    c, h, w, resize, nhwc, normalised = net
    mean = [0.4914, 0.4822, 0.4465][:c] if normalised else None
    std = [0.247, 0.243, 0.261][:c] if normalised else None
    model = network(net, mean, std, os.path.join(scratch, f"net{index}.onnx"))
    frames = list(cases(index))
    done = subprocess.run([program, model], input=b"".join(f[2] for f in frames),
                          capture_output=True)
    if done.returncode or len(done.stdout) != 4 * c * h * w * len(frames):
        print(f"FAIL {net}: {done.stderr.decode().strip()} after "
              f"{len(done.stdout) / (4 * c * h * w):g} of {len(frames)} frames")
        return len(frames), np.inf, 1
    got = np.frombuffer(done.stdout, "<f4").astype(np.float64)
    got = got.reshape((-1, h, w, c) if nhwc else (-1, c, h, w))
    got = got.transpose(0, 3, 1, 2) if nhwc else got
    m, s = (np.array(v or d)[:, None, None] for v, d in ((mean, [0.0] * c), (std, [1.0] * c)))
    worst, failures = 0.0, 0
    for tensor, (frame, planes, _) in zip(got, frames):
        expected, mask = preprocess(frame, planes, dict(channels=c, height=h, width=w,
                                                        resize=resize))
        error = np.abs(tensor * s + m - expected)[:, mask].max()
        border = tensor[:, ~mask].any()
        worst = max(worst, error)
        if not error <= LIMIT or border:
            failures += 1
            if failures <= 3:
                print(f"FAIL {net} {frame}: {error * 255:.3g} grey levels"
                      + (", the border is not zero" if border else ""))
    return len(frames), worst, failures


def main():
    program = os.environ["PREPROCESS_DUMP"]
    total, worst, failed = 0, 0.0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for index, net in enumerate(NETWORKS):
            n, error, failures = check(net, index, scratch, program)
            total, worst, failed = total + n, max(worst, error), failed + failures
            print(f"{net}: {n} frames, worst {error * 255:.3g} grey levels", flush=True)
    print(f"{total} frames, {failed} failed, worst difference {worst * 255:.3g} grey levels")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
