#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes clip.webm, what demo.sh shows where there is no camera.

The pictures are the first three of every class in tests/data/cifar10-sample
(32x32 photographs, see the README there), one class after the other, enlarged
smoothly.  Each is shown for 0.7 s under a slow zoom and drift.  The picture
fills the height; the sides are the same picture, blurred and dimmed.

Needs Pillow and gst-launch-1.0 with vp8enc.  Usage: make_clip.py [OUTPUT.webm]
"""
import pathlib
import subprocess
import sys

from PIL import Image, ImageEnhance, ImageFilter

WIDTH, HEIGHT, FPS = 640, 480, 20
FRAMES_PER_PICTURE = 14  # 0.7 s
PICTURES_PER_CLASS = 3
ZOOM, DRIFT = 0.94, 0.5  # least share of the picture in view; drift in its pixels

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = HERE.parent.parent / "tests" / "data" / "cifar10-sample"


def pictures():
    """One picture of every class, then the next of every class, and so on."""
    classes = sorted(folder for folder in PICTURES.iterdir() if folder.is_dir())
    # Step through the classes by 3, so that animals and vehicles alternate.
    classes = [classes[i * 3 % len(classes)] for i in range(len(classes))]
    for index in range(PICTURES_PER_CLASS):
        for folder in classes:
            yield Image.open(sorted(folder.glob("*.jpg"))[index]).convert("RGB")


def frames(picture, inwards):
    """The frames of one picture; `inwards` zooms in, else out."""
    side = picture.width
    sides = picture.resize((WIDTH, HEIGHT), Image.LANCZOS, box=(0, side / 8, side, side * 7 / 8))
    sides = ImageEnhance.Brightness(sides.filter(ImageFilter.GaussianBlur(24))).enhance(0.45)
    for i in range(FRAMES_PER_PICTURE):
        t = i / (FRAMES_PER_PICTURE - 1)
        view = side * (1 - (1 - ZOOM) * (t if inwards else 1 - t))
        left = (side - view) * (0.5 + DRIFT * (t - 0.5))
        top = (side - view) / 2
        frame = sides.copy()
        frame.paste(picture.resize((HEIGHT, HEIGHT), Image.LANCZOS,
                                   box=(left, top, left + view, top + view)),
                    ((WIDTH - HEIGHT) // 2, 0))
        yield frame.tobytes()


def main():
    output = sys.argv[1] if len(sys.argv) > 1 else str(HERE / "clip.webm")
    encoder = subprocess.Popen(
        ["gst-launch-1.0", "-q", "fdsrc", "!", "rawvideoparse", "format=rgb", f"width={WIDTH}",
         f"height={HEIGHT}", f"framerate={FPS}/1", "!", "videoconvert", "!", "vp8enc",
         "deadline=0", "cpu-used=0", "threads=2", "end-usage=cq", "cq-level=14",
         "target-bitrate=1500000", "keyframe-max-dist=60", "!", "webmmux", "!",
         "filesink", f"location={output}"], stdin=subprocess.PIPE)
    for number, picture in enumerate(pictures()):
        for frame in frames(picture, number % 2 == 0):
            encoder.stdin.write(frame)
    encoder.stdin.close()
    sys.exit(encoder.wait())


if __name__ == "__main__":
    main()
