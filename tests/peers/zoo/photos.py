# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twenty photographs of many sizes, made of those in tests/data/photos, and what is done with them.

    photos.py FOLDER   writes them there, as JPEG
"""

import glob
import os
import sys

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "data", "photos")
# Boxes in photos of 299 x 299, then how many photos of a large one lie side by side and below.
WHOLE = 6
PARTS = ((0, 40, 299, 251), (0, 60, 299, 228), (20, 90, 271, 230), (50, 80, 250, 213),
         (44, 0, 255, 299), (66, 0, 234, 299), (90, 20, 230, 271), (100, 60, 169, 152))
GREY = ((0, 0, 299, 299), (0, 50, 299, 250))
LARGE = ((4, 3), (3, 4), (5, 2), (6, 8))


def photos(source):
    """In the order of the tables above."""
    side = source[0].width
    for i in range(WHOLE):
        yield source[i]
    for i, box in enumerate(PARTS):
        yield source[WHOLE + i].crop(box)
    for i, box in enumerate(GREY):
        yield source[i + 3].convert("L").crop(box)
    for n, (columns, rows) in enumerate(LARGE):
        large = Image.new("RGB", (columns * side, rows * side))
        for i in range(columns * rows):
            at = i % columns * side, i // columns * side
            large.paste(source[(i + 5 * n) % len(source)], at)
        yield large


def write(folder):
    os.makedirs(folder, exist_ok=True)
    source = [Image.open(p).convert("RGB") for p in sorted(glob.glob(f"{SOURCE}/*/*.jpg"))]
    for i, photo in enumerate(photos(source)):
        photo.save(os.path.join(folder, f"{i:02d}.jpg"), quality=95)


def listed(folder):
    return sorted(glob.glob(os.path.join(folder, "*.jpg")))


def of(path):
    """Those beside the groups of a file of the zoo."""
    return listed(os.path.join(os.path.dirname(path), "..", "..", "photos"))


def save(path, transform):
    """tensors.npy: what the tool makes of each photo; its shape."""
    tensors = np.stack([np.asarray(transform(Image.open(p).convert("RGB")), np.float32)
                        for p in of(path)])
    np.save(os.path.join(os.path.dirname(path), "tensors.npy"), tensors)
    return list(tensors.shape[1:])


if __name__ == "__main__":
    write(sys.argv[1])
