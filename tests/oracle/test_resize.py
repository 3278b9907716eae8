# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures as other libraries resize them, against Pillow, for every interpolation and rounding.

What torchvision, timm, Ultralytics and transformers do before a network is Pillow's resize to whole
pixels and a crop; Teachable Machine's programs use ImageOps.fit().  OpenCV's and TensorFlow's
linear interpolation, which Pillow has not, is held to its formula.  Photographs and noise, enlarged
and made smaller.  Pillow rounds and clamps to bytes after each axis, which is what is left.
env TENSOR_DUMP: tensor_dump.c.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

import common
import onnxfile

MEAN_LIMIT, BILINEAR_LIMIT = 0.6, 1.1  # grey levels
NEAREST_SHARE = 0.02  # of pixels that lie between two, where Pillow's own sum decides
JPEG_LIMIT = 1.0  # a large one is decoded smaller before it is resized
FILTERS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR,
           "bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}


def network(size, meta, path):
    """A network that takes pixels in 0..255."""
    nodes = [onnxfile.make_node("GlobalAveragePool", ["x"], ["p"]),
             onnxfile.make_node("Flatten", ["p"], ["y"])]
    keys = {"winnow.input." + k: v for k, v in meta.items()}
    keys.update({"winnow.version": "1", "winnow.input.std": repr(1 / 255)})
    model = onnxfile.make_model(nodes, [("x", (1, 3, size[1], size[0]))], [("y", (1, 3))], [],
                                opset=13, meta=keys)
    return common.write(path, model)


def dump(model, size, paths):
    done = subprocess.run([os.environ["TENSOR_DUMP"], model, *paths], stdout=subprocess.PIPE,
                          check=True)
    return np.frombuffer(done.stdout, "<f4").reshape(-1, 3, size[1], size[0]).transpose(0, 2, 3, 1)


def cut(image, size, rounding):
    """The middle of a resized picture."""
    def begin(length, wanted):
        return round((length - wanted) / 2) if rounding == "even" else (length - wanted) // 2
    left, top = begin(image.width, size[0]), begin(image.height, size[1])
    return image.crop((left, top, left + size[0], top + size[1]))


def shorter(image, side, how):
    """torchvision's Resize(side)."""
    if image.width <= image.height:
        size = side, int(side * image.height / image.width)
    else:
        size = int(side * image.width / image.height), side
    return image.resize(size, how)


def linear(image, size):
    """Between the two pixels around each place, whatever lies beyond them."""
    pixels = np.asarray(image, np.float64)
    for axis, n in ((0, size[1]), (1, size[0])):
        length = pixels.shape[axis]
        at = np.clip((np.arange(n) + 0.5) * length / n - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        part = (at - low).reshape([-1, 1, 1] if axis == 0 else [1, -1, 1])
        pixels = pixels.take(low, axis) * (1 - part) \
            + pixels.take(np.minimum(low + 1, length - 1), axis) * part
    return pixels


def cases():
    """(size of the input, keys, what a library does)."""
    for name, how in FILTERS.items():
        for rounding in ("even", "down"):
            for side, edge in ((224, 256), (224, 235), (96, 96), (32, 37)):
                yield (side, side), {"interpolation": name, "rounding": rounding,
                                     "crop": repr(side / edge)}, \
                    lambda p, s=side, e=edge, h=how, r=rounding: cut(shorter(p, e, h), (s, s), r)
            yield (64, 64), {"interpolation": name, "rounding": rounding, "resize": "stretch",
                             "crop": repr(64 / 71)}, \
                lambda p, h=how, r=rounding: cut(p.resize((71, 71), h), (64, 64), r)
        yield (96, 64), {"interpolation": name, "resize": "stretch"}, \
            lambda p, h=how: p.resize((96, 64), h)
        if name != "nearest":  # half a pixel in some places
            yield (96, 96), {"interpolation": name}, \
                lambda p, h=how: ImageOps.fit(p, (96, 96), h)
    yield (96, 64), {"interpolation": "linear", "resize": "stretch"}, \
        lambda p: linear(p, (96, 64))


def pictures():
    """Of several sizes, upright and wide, small and large."""
    def photo(name):
        folder = os.path.join(common.ROOT, "tests", "data", "photos", name)
        return Image.open(os.path.join(folder, os.listdir(folder)[0])).convert("RGB")
    yield photo("zebra")
    yield photo("castle").crop((0, 31, 299, 242))
    yield photo("snail").crop((40, 0, 221, 299))
    yield photo("daisy").crop((10, 20, 61, 90))
    tall = Image.new("RGB", (598, 897))
    for i, name in enumerate(("zebra", "toaster", "airliner", "daisy", "snail", "castle")):
        tall.paste(photo(name), (i % 2 * 299, i // 2 * 299))
    yield tall
    yield Image.fromarray(np.random.default_rng(1).integers(0, 256, (203, 330, 3), np.uint8))


def check(folder, size, meta, library):
    """How many pictures are not as they should be."""
    model, failed = network(size, meta, os.path.join(folder, "m.onnx")), 0
    images = list(pictures())
    paths = [os.path.join(folder, f"{i}.ppm") for i in range(len(images))]
    for image, path in zip(images, paths):
        image.save(path)
    for image, got in zip(images, dump(model, size, paths)):
        apart = np.abs(np.asarray(library(image), np.float64) - got)
        right = apart.mean() <= MEAN_LIMIT
        if meta["interpolation"] == "nearest":
            right = (apart > 0.01).mean() <= NEAREST_SHARE
        if "linear" in meta["interpolation"]:
            right = right and apart.max() <= BILINEAR_LIMIT
        if not right:
            print(f"FAIL {size} {meta} {image.size}: {apart.mean():.3g} grey levels on average, "
                  f"at most {apart.max():.3g}, in {(apart > 0.01).mean():.3g} of the pixels")
            failed += 1
    return failed


def check_jpeg(folder):
    """Decoded at a smaller size where pixels are averaged, never where single ones are picked."""
    path, failed = os.path.join(folder, "large.jpg"), 0
    *_, tall, _ = pictures()
    tall.resize((1196, 1794), Image.Resampling.BICUBIC).save(path, quality=95)
    image = Image.open(path).convert("RGB")
    for name, limit in (("bilinear", JPEG_LIMIT), ("bicubic", JPEG_LIMIT), ("nearest", MEAN_LIMIT)):
        model = network((96, 64), {"interpolation": name, "resize": "stretch"},
                        os.path.join(folder, "m.onnx"))
        apart = np.abs(np.asarray(image.resize((96, 64), FILTERS[name]), np.float64)
                       - dump(model, (96, 64), [path])[0]).mean()
        print(f"JPEG, {name}: {apart:.3g} grey levels on average")
        failed += not apart <= limit
    return failed


def main():
    with tempfile.TemporaryDirectory() as folder:
        failed = [check(folder, *case) for case in cases()]
        failed.append(check_jpeg(folder))
    print(f"{len(failed)} ways, {sum(failed)} failed")
    return min(sum(failed), 1)


if __name__ == "__main__":
    sys.exit(main())
