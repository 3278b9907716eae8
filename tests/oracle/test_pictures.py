# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pixels of picture files against Pillow's, which reads them with the same libraries: every one
must be equal.  Only CMYK, which has no one conversion, is held to the formula, and what is decoded
smaller to the mean of the pixels.  env PICTURE_DUMP: picture_dump.c.
"""
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

ORIENTATION = 0x112


def dump(paths, enough=(0, 0)):
    """An array a file, or the error as text."""
    output = subprocess.run([os.environ["PICTURE_DUMP"], *map(str, enough), *paths], check=True,
                            stdout=subprocess.PIPE).stdout
    found = []
    for _ in paths:
        line, _, output = output.partition(b"\n")
        if line.startswith(b"error"):
            found.append(line.decode())
            continue
        width, height = map(int, line.split())
        pixels, output = output[:width * height * 3], output[width * height * 3:]
        found.append(np.frombuffer(pixels, np.uint8).reshape(height, width, 3))
    assert not output
    return found


def scene(width, height):
    """Shades, an edge and some noise, other in every corner."""
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(1).integers(0, 24, (height, width, 3))
    pixels = np.stack([x * 200 / width, y * 200 / height, (x > y) * 150], -1) + noise
    return Image.fromarray(pixels.astype(np.uint8))


def with_orientation(value):
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return exif.tobytes()


def save_deep(path):
    """Grey of 16 bits, whose high bytes count."""
    values = (np.arange(30 * 20, dtype=np.uint32) * 109).astype(np.uint16).reshape(20, 30)
    Image.fromarray(values.astype(np.int32)).convert("I;16").save(path)
    return np.repeat((values >> 8).astype(np.uint8)[..., None], 3, -1)


def write_cases(folder):
    """(path, the right pixels)."""
    def save(name, image, right=None, **how):
        path = os.path.join(folder, name)
        image.save(path, **how)
        if right is None:
            with Image.open(path) as stored:
                right = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
        return path, right
    picture = scene(51, 37)
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.fromarray(np.arange(51 * 37, dtype=np.uint8).reshape(37, 51)))
    palette = picture.quantize(60)
    yield save("palette.png", palette)
    yield save("few.png", picture.quantize(3), bits=2)
    yield save("seethrough.png", palette, np.asarray(palette.convert("RGB")), transparency=5)
    yield save("grey.png", picture.convert("L"))
    yield save("bit.png", picture.convert("1"))
    yield save("grey-alpha.png", alpha.convert("LA"),
               np.asarray(picture.convert("L").convert("RGB")))
    yield save("alpha.png", alpha, np.asarray(picture))
    yield save("key.png", picture, np.asarray(picture), transparency=(1, 2, 3))
    yield save("alpha.webp", alpha, np.asarray(picture), lossless=True, exact=True)
    yield save("lossy.webp", picture, quality=60)
    yield save("grey.pgm", picture.convert("L"))
    yield save("plain.ppm", picture)
    yield save("grey.jpg", picture.convert("L"))
    for subsampling in range(3):
        for progressive in (False, True):
            yield save(f"{subsampling}{progressive}.jpg", picture, subsampling=subsampling,
                       progressive=progressive)
    for value in range(1, 9):
        for ending in ("jpg", "png", "webp"):
            yield save(f"turned{value}.{ending}", picture, exif=with_orientation(value))
    path = os.path.join(folder, "deep.png")
    yield path, save_deep(path)


def check_equal(folder):
    paths, right = zip(*write_cases(folder))
    failed = 0
    for path, got, want in zip(paths, dump(paths), right):
        if isinstance(got, str) or got.shape != want.shape or (got != want).any():
            print(f"FAIL {os.path.basename(path)}: "
                  f"{got if isinstance(got, str) else 'other pixels'}")
            failed += 1
    print(f"{len(paths)} files")
    return failed


def check_cmyk(folder):
    """Stored inverted, as Pillow and Adobe's programs write it."""
    path = os.path.join(folder, "ink.jpg")
    Image.merge("CMYK", [scene(48, 32).getchannel(c) for c in (0, 1, 2, 1)]).save(path, quality=95)
    ink = np.asarray(Image.open(path), dtype=np.int32)
    right = ((255 - ink[..., :3]) * (255 - ink[..., 3:]) + 127) // 255
    got, = dump([path])
    if isinstance(got, str) or (got != right).any():
        print(f"FAIL CMYK: {got}")
        return 1
    return 0


def check_enough(folder):
    """Halved as often as both sides stay long enough, and what is left looks the same."""
    failed = 0
    path = os.path.join(folder, "large.jpg")
    large = scene(900, 605)
    for value in (1, 6):
        large.save(path, quality=95, subsampling=0, exif=with_orientation(value))
        upright = ImageOps.exif_transpose(Image.open(path))
        for enough, halvings in (((0, 0), 0), ((900, 605), 0), ((450, 302), 1), ((451, 10), 0),
                                 ((300, 150), 1), ((225, 151), 2), ((32, 32), 3), ((1, 1), 3)):
            wanted = enough if value == 1 else enough[::-1]
            got, = dump([path], wanted)
            size = tuple(-(-side // 2**halvings) for side in upright.size)
            want = np.asarray(upright.resize(size, Image.Resampling.BOX), dtype=np.float64)
            if (isinstance(got, str) or got.shape != want.shape or
                    np.abs(got - want)[:-1, :-1].mean() > 3):
                print(f"FAIL enough {wanted}, orientation {value}: "
                      f"{got if isinstance(got, str) else got.shape}")
                failed += 1
    return failed


def main():
    with tempfile.TemporaryDirectory() as folder:
        failed = check_equal(folder) + check_cmyk(folder) + check_enough(folder)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
