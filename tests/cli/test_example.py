# SPDX-License-Identifier: LGPL-2.1-or-later
"""apps/examples/classify.c: test_example.py PROGRAM MODEL"""
import pathlib
import subprocess
import sys
import tempfile

program, model = sys.argv[1:]
with tempfile.TemporaryDirectory(prefix="winnow-example-") as folder:
    picture = pathlib.Path(folder) / "ramp.ppm"
    pixels = bytes(v for y in range(40) for x in range(40) for v in (6 * x, 5 * y, 128))
    picture.write_bytes(b"P6\n40 40\n255\n" + pixels)
    good = subprocess.run([program, model, picture], capture_output=True, text=True, check=False)
    picture.write_bytes(b"P6\n40 40\n255\n" + pixels[:-1])
    cut = subprocess.run([program, model, picture], capture_output=True, text=True, check=False)
    lost = subprocess.run([program, "none.onnx", picture], capture_output=True, check=False)
assert good.returncode == 0 and "left the network at exit" in good.stdout, good
assert "still possible: " in good.stdout, good
assert cut.returncode == 1 and "cut short" in cut.stderr, cut
assert lost.returncode == 1, lost
