# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes pictures of nothing in particular: walls, floors, skies, textures and noise.

usage: plain_pictures.py FOLDER [--count N] [--size WxH] [--seed S]

N pictures (40) of each of the five kinds, in FOLDER/KIND, as binary PPM of 256x192; the same for
the same seed. Needs NumPy. docs/nothing.md has what is rejected of them.
"""
import argparse
import pathlib

import numpy as np


def smooth(rng, height, width, scale):
    """Random hills, about `scale` pixels across, from -1 to 1: a coarse grid made finer."""
    rows, columns = int(height / scale) + 3, int(width / scale) + 3
    coarse = rng.uniform(-1, 1, (rows, columns))
    y, x = np.mgrid[0:height, 0:width] / scale
    i, j = y.astype(int), x.astype(int)
    a, b = y - i, x - j
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
    return ((1 - a) * ((1 - b) * coarse[i, j] + b * coarse[i, j + 1]) +
            a * ((1 - b) * coarse[i + 1, j] + b * coarse[i + 1, j + 1]))


def light(rng, height, width):
    """How bright it is: lit from one side, darker towards the corners."""
    y, x = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    side = x * np.cos(angle) + y * np.sin(angle)
    return 1 + rng.uniform(0, 0.3) * side - rng.uniform(0, 0.2) * (x * x + y * y)


def paint(grey, colour):
    return grey[..., None] * colour


def wall(rng, height, width):
    """Plain paint or plaster, at times with a skirting board."""
    colour = rng.uniform(110, 235) * (1 + rng.uniform(-0.12, 0.12, 3))
    plaster = 1 + rng.uniform(0, 0.05) * smooth(rng, height, width, rng.uniform(2, 8))
    picture = paint(light(rng, height, width) * plaster, colour)
    if rng.random() < 0.3:
        picture[int(height * rng.uniform(0.8, 0.95)):] *= rng.uniform(0.5, 1.3)
    return picture


def floor(rng, height, width):
    """Boards or tiles, seen at an angle."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    depth = 1 + rng.uniform(0, 1.5) * (1 - y / height)
    across, along = (x - width / 2) * depth, y * depth
    size, tiles = rng.uniform(15, 50), rng.random() < 0.5
    ratio = 1 if tiles else rng.uniform(4, 9)
    cell = np.floor(across / size) * 31 + np.floor(along / size / ratio) * 17
    shade = 1 + 0.12 * np.sin(cell * 12.9898) * (0.3 if tiles else 1)
    joint = (np.mod(across, size) < 1.5) | (np.mod(along, size * ratio) < 1.5)
    grain = 1 + 0.05 * smooth(rng, height, width, 3)
    colour = np.array([150, 115, 80]) if not tiles else np.full(3, 150) + rng.uniform(-25, 25, 3)
    grey = light(rng, height, width) * shade * grain * np.where(joint, 0.7, 1)
    return paint(grey, colour * rng.uniform(0.6, 1.3))


def sky(rng, height, width):
    """Blue to pale, with or without clouds."""
    y = np.linspace(0, 1, height)[:, None, None]
    top, bottom = np.array([70, 120, 200]) * rng.uniform(0.7, 1.2), np.array([190, 210, 235])
    picture = (1 - y) * top + y * bottom + np.zeros((height, width, 1))
    clouds = sum(smooth(rng, height, width, scale) / n
                 for n, scale in ((1, 80), (2, 40), (4, 20), (8, 10)))
    cover = np.clip((clouds - rng.uniform(-0.6, 1.5)) * 2, 0, 1)[..., None]
    return picture * (1 - cover) + 235 * cover


def texture(rng, height, width):
    """Grass, gravel, cloth: one pattern all over."""
    scale = rng.uniform(2, 14)
    stretched = smooth(rng, height, width * 3, scale)[:, ::3]
    fine = smooth(rng, height, width, max(2, scale / 3))
    colour = rng.uniform(50, 190, 3)
    return paint(1 + rng.uniform(0.2, 0.6) * (0.6 * stretched + 0.4 * fine), colour)


def noise(rng, height, width):
    """A dark sensor, or none connected."""
    level, spread = rng.uniform(0, 200), rng.uniform(5, 90)
    values = rng.normal(level, spread, (height, width, 3))
    return values if rng.random() < 0.5 else values.mean(axis=2, keepdims=True).repeat(3, axis=2)


KINDS = (wall, floor, sky, texture, noise)


def write(path, picture):
    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    path.write_bytes(b"P6 %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--size", default="256x192")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    for k, kind in enumerate(KINDS):
        folder = options.folder / kind.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for n in range(options.count):
            picture = kind(np.random.default_rng((options.seed, k, n)), height, width)
            write(folder / f"{n:04}.ppm", picture)


if __name__ == "__main__":
    main()
