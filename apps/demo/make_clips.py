#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the clips that demo.sh shows where there is no camera.

everyday.webm  things that the model `everyday` knows, as a still camera would see them: the photos
               of tests/data/photos one after the other, parts of BOTTLES, and a wall
person.webm    a part of PERSONS

BOTTLES and PERSONS are sample-videos_bottle-detection.mp4 and
sample-videos_one-by-one-person-detection.mp4 of Intel's sample videos (README.md).

Needs Pillow, NumPy, and gst-launch-1.0 with vp8enc and a decoder for H.264.
usage: make_clips.py BOTTLES PERSONS [FOLDER]
"""
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

WIDTH, HEIGHT, FPS = 640, 360, 10
PHOTO_FRAMES = 16
NOISE = 1.5  # grey levels; a camera is never quite still

HERE = pathlib.Path(__file__).resolve().parent
PHOTOS = HERE.parent.parent / "tests" / "data" / "photos"

# What is shown, in this order: a photo's class, (seconds of BOTTLES from, to), or the wall.
WALL = "wall"
SCENES = ["hummingbird", "fire engine", "cheeseburger", WALL, (0.0, 2.0), (6.0, 8.5), "zebra",
          "electric guitar", "daisy", "airliner", WALL, "albatross", "convertible", "snail",
          (16.0, 19.0), "toaster", "monarch", "mountain bike", WALL, "strawberry", "castle",
          "piggy bank"]
PERSONS_SECONDS = (3.0, 24.0)  # demo.sh teaches from frames of it, by their numbers


def decode(path, begin, end):
    """The frames from `begin` to `end` (s), [n, HEIGHT, WIDTH, 3] uint8."""
    done = subprocess.run(
        ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "decodebin", "!",
         "videorate", "!", "videoscale", "add-borders=false", "!", "videoconvert", "!",
         f"video/x-raw,format=RGB,width={WIDTH},height={HEIGHT},framerate={FPS}/1,"
         "pixel-aspect-ratio=1/1", "!", "fdsink"], stdout=subprocess.PIPE, check=True)
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    return frames[int(begin * FPS):int(end * FPS)]


def photo(label):
    """The picture fills the height; the sides are the same picture, blurred and dimmed."""
    picture = Image.open(next((PHOTOS / label).glob("*.jpg"))).convert("RGB")
    side = picture.width
    frame = picture.resize((WIDTH, HEIGHT), Image.LANCZOS, box=(0, side * 7 / 32, side,
                                                                side * 25 / 32))
    frame = ImageEnhance.Brightness(frame.filter(ImageFilter.GaussianBlur(24))).enhance(0.45)
    frame.paste(picture.resize((HEIGHT, HEIGHT), Image.LANCZOS), ((WIDTH - HEIGHT) // 2, 0))
    return np.asarray(frame)


def wall(random):
    """Plaster in uneven light."""
    grain = Image.fromarray(random.normal(128, 40, (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8))
    grain = np.asarray(grain.filter(ImageFilter.GaussianBlur(1.5)), float) - 128
    light = np.add.outer(np.linspace(20, -25, HEIGHT), np.linspace(-15, 20, WIDTH))
    level = (190 + light + 0.35 * grain)[..., None] * np.array([1.0, 0.98, 0.93])
    return level.clip(0, 255).astype(np.uint8)


def everyday(bottles, random):
    for scene in SCENES:
        if isinstance(scene, tuple):
            yield from decode(bottles, *scene)
            continue
        still = (wall(random) if scene == WALL else photo(scene)).astype(float)
        for _ in range(PHOTO_FRAMES):
            noisy = still + random.normal(0, NOISE, (HEIGHT, WIDTH, 1))
            yield noisy.clip(0, 255).astype(np.uint8)


def encode(frames, output):
    encoder = subprocess.Popen(
        ["gst-launch-1.0", "-q", "fdsrc", "!", "rawvideoparse", "format=rgb", f"width={WIDTH}",
         f"height={HEIGHT}", f"framerate={FPS}/1", "!", "videoconvert", "!", "vp8enc",
         "deadline=0", "cpu-used=0", "threads=2", "end-usage=cq", "cq-level=14",
         "target-bitrate=1000000", "keyframe-max-dist=60", "!", "webmmux", "!",
         "filesink", f"location={output}"], stdin=subprocess.PIPE)
    for frame in frames:
        encoder.stdin.write(frame.tobytes())
    encoder.stdin.close()
    if encoder.wait():
        sys.exit(f"{output} was not written")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    bottles, persons = sys.argv[1:3]
    folder = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else HERE
    encode(everyday(bottles, np.random.RandomState(1)), folder / "everyday.webm")
    encode(decode(persons, *PERSONS_SECONDS), folder / "person.webm")


if __name__ == "__main__":
    main()
