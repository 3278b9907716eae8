# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-camera, and v4l2src, on a kernel's own camera driver, in a virtual machine.

env WINNOW and CAMERA: the programs; PLUGIN, where gst-launch-1.0 can load it: that of our elements;
WINNOW_TEST_FEWER: three pictures instead of ten.

vivid is the driver that Linux tests V4L2 programs with.  guest.sh runs in the machine, once for
all tests; each test looks at a section of what it wrote.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import machine

try:
    from PIL import Image
except ImportError:
    Image = None

SKIP = 77
ROOT = machine.ROOT
MODEL = ROOT / "models" / "paper" / "edge-cifar10.onnx"
SAMPLE = ROOT / "tests" / "data" / "cifar10-sample"
PLUGIN = os.environ.get("PLUGIN")
WIDTH, HEIGHT = 640, 480  # a CIFAR-10 picture, 15 times as large, between black margins


def find(pattern):
    """A file of this machine that a package installs."""
    found = sorted(pathlib.Path("/usr/lib").glob(pattern))
    if not found:
        raise machine.Unavailable(f"/usr/lib/{pattern} is not installed; './test.sh --vm' does it")
    return found[0]


def v4l2_ctl():
    path = shutil.which("v4l2-ctl")
    if path is None:
        raise machine.Unavailable("v4l2-ctl is not installed; './test.sh --vm' does it")
    return path


def enlarge(path):
    """The frame that shows the picture so that the network gets its own pixels back."""
    if Image is None:
        raise machine.Unavailable("python3-pil is not installed; './test.sh' does it")
    frame = Image.new("RGB", (WIDTH, HEIGHT))
    picture = Image.open(path).convert("RGB").resize((HEIGHT, HEIGHT), Image.Resampling.NEAREST)
    frame.paste(picture, ((WIDTH - HEIGHT) // 2, 0))
    return frame.tobytes()


def gstreamer():
    """What v4l2src and winnowclassify need in the machine."""
    plugins = [find("*/gstreamer-1.0/libgstcoreelements.so"),
               find("*/gstreamer-1.0/libgstvideo4linux2.so"), PLUGIN]
    return [(shutil.which("gst-launch-1.0"), "bin/gst-launch-1.0"),
            *((plugin, f"gst/{pathlib.Path(plugin).name}") for plugin in plugins)]


def run_guest(pictures):
    """What guest.sh wrote, as {section: lines}."""
    mplane = find("*/libv4l/plugins/libv4l-mplane.so")
    programs = [(v4l2_ctl(), "bin/v4l2-ctl"), (os.environ["CAMERA"], "bin/winnow-camera"),
                (os.environ["WINNOW"], "bin/winnow"), (mplane, str(mplane))]
    if PLUGIN is not None:
        programs += gstreamer()
    with tempfile.TemporaryDirectory(prefix="winnow-vm-") as folder:
        files = [(MODEL, "model.onnx")]
        for name, path in pictures.items():
            raw = pathlib.Path(folder) / name
            raw.write_bytes(enlarge(path))
            files.append((raw, f"pictures/{name}"))
        script = (ROOT / "tests" / "camera" / "guest.sh").read_text(encoding="utf-8")
        status, words, console = machine.boot(script, programs, files, timeout_s=1500)
    if status != 0:
        raise AssertionError(f"the machine ended with {status}\n{console[-4000:]}\n{words[-4000:]}")
    parts = re.split(r"^== (.*)\n", words, flags=re.M)
    return {name: text.splitlines() for name, text in zip(parts[1::2], parts[2::2])}


def results_of(lines):
    return [json.loads(line) for line in lines if line.startswith("{")]


class Camera(unittest.TestCase):
    def assert_left_well(self, lines, n_openings=1):
        """SIGTERM ended it with status 0, and every line that it wrote is among the expected."""
        self.assertIn("camera ended with 0", lines)
        self.assertNotIn("the socket was left", lines)
        self.assertEqual(sum("frames/s" in line for line in lines), n_openings, lines)
        self.assertRegex(lines[-1], r"^winnow-camera: \d+ frames in [\d.]+ s, ")

    def test_list_names_formats_sizes_rates_and_controls(self):
        lines = SECTIONS["list"]
        self.assertIn("/dev/video0  vivid (platform:vivid-000)", lines)
        text = "\n".join(lines)
        self.assertRegex(text, r"\n    YUYV  YUYV 4:2:2 +read as it is\n"
                               r"      320x180 +60, 50, .*, 1 frames/s\n      640x360 ")
        self.assertRegex(text, r"\n    YVYU  YVYU 4:2:2 +converted\n")
        self.assertRegex(text, r"\n    VYUY  VYUY 4:2:2 +cannot be read\n")
        self.assertRegex(text, r"\n    RGGB  8-bit Bayer \S+ +raw: needs libcamera\n")
        self.assertRegex(text, r"\n    brightness +0 to 255, now 128\n")
        self.assertRegex(text, r"\n    test_pattern .*\n      0  75% Colorbar  \(now\)\n      1  ")

    def test_list_shows_only_what_captures(self):
        self.assertEqual([line.split()[0] for line in SECTIONS["list-all"]],
                         ["/dev/video0", "/dev/video10"])

    def test_formats_read_directly_and_converted(self):
        for format_, pixels in [("YUYV", "YUY2"), ("NV12", "NV12"), ("RGB3", "RGB"),
                                ("YVYU", "I420"), ("RGBP", "RGB")]:
            with self.subTest(format=format_):
                lines = SECTIONS[f"format {format_}"]
                results = results_of(lines)
                self.assertEqual(len(results), 3)
                for result in results:
                    self.assertEqual((result["format"], result["width"], result["height"]),
                                     (pixels, 320, 180))
                    self.assertIsInstance(result["pts"], int)
                    # The test picture is the same in each format, but for a counter in it.
                    self.assertEqual(result["label"], "automobile")
                self.assert_left_well(lines)
                self.assertTrue(any(f"/dev/video0: {format_} 320x180" in line for line in lines))

    def test_multi_planar_device(self):
        lines = SECTIONS["multi-planar"]
        self.assertEqual([result["format"] for result in results_of(lines)], ["NV12"])
        self.assert_left_well(lines)

    def test_what_cannot_be_done_is_refused_in_one_line(self):
        lines = SECTIONS["refused"]
        self.assertEqual(lines[2::3], ["status 1"] * 10)
        says = dict(zip(lines[0::3], lines[1::3]))
        for options, words in [("--format H264", "offers: YUYV, UYVY"),
                               ("--format VYUY", "neither Winnow nor libv4lconvert"),
                               ("--size 321x181", "320x180, 640x360"),
                               ("--set no_such_control=1", "no such control"),
                               ("--set brightness=999", "0 to 255"),
                               ("--set brightness=much", "0 to 255"),
                               ("--set read_only_integer_32_bits=1", "only be read"),
                               ("--device /dev/video1", "captures no frames"),
                               ("--device /dev/video99", "there is no camera"),
                               ("--device /dev/null", "no V4L2 device")]:
            self.assertIn(words, says[options])
            self.assertTrue(says[options].startswith("winnow-camera: "))

    def test_controls_are_set(self):
        lines = SECTIONS["controls"]
        self.assertEqual(lines[:3], ["brightness: 77", "contrast: 66",
                                     "test_pattern: 7 (100% Red)"])
        self.assert_left_well(lines)

    def test_raw_pixels_when_asked_for(self):
        self.assertTrue(results_of(SECTIONS["raw"]))

    def test_busy(self):
        lines = SECTIONS["busy"]
        self.assertRegex(lines[0], "^winnow-camera: /dev/video0: the camera is busy; another "
                                   "program has it")
        self.assertEqual(lines[1], "status 1")
        self.assert_left_well(lines[2:])

    def test_unplugged_and_plugged_again(self):
        lines = SECTIONS["unplugged"]
        self.assertNotIn("the camera is still there", lines)
        self.assert_left_well(lines, n_openings=2)
        self.assertIn("winnow-camera: /dev/video0: the camera was unplugged; waiting for it", lines)

    def test_damaged_frames_and_a_driver_that_fails(self):
        lines = SECTIONS["failing"]
        self.assert_left_well(lines, n_openings=2)
        self.assertTrue(any("the camera failed" in line for line in lines))
        self.assertRegex(lines[-1], " [1-9][0-9]* damaged$")

    def test_a_driver_that_falls_silent(self):
        lines = SECTIONS["silent"]
        self.assert_left_well(lines, n_openings=2)
        self.assertTrue(any("no frame for 5 s; waiting" in line for line in lines))

    @unittest.skipIf(PLUGIN is None, "the plugin is not built, or not for gst-launch-1.0")
    def test_v4l2src(self):
        self.assertTrue(SECTIONS["gstreamer"])
        for line in SECTIONS["gstreamer"]:
            self.assertIn("label=(string)automobile", line)

    def test_pictures_have_the_classes_that_winnow_classify_gives_them(self):
        expected = subprocess.run(
            [os.environ["WINNOW"], "classify", MODEL, *PICTURES.values(), "--precision", "fp32",
             "--json"], capture_output=True, text=True, check=True).stdout.splitlines()
        for name, line in zip(PICTURES, expected):
            with self.subTest(picture=name):
                want = json.loads(line)
                results = results_of(SECTIONS[f"picture {name}"])
                self.assertEqual(len(results), 2)
                for got in results:
                    for key in ("label", "exit-stage", "survivors", "survivors-per-stage", "macs"):
                        self.assertEqual(got[key], want[key], key)
                    self.assertAlmostEqual(got["confidence"], want["confidence"], places=4)


if __name__ == "__main__":
    PICTURES = {path.name: sorted(path.glob("*.jpg"))[0]
                for path in sorted(SAMPLE.iterdir()) if path.is_dir()}
    if os.environ.get("WINNOW_TEST_FEWER"):
        PICTURES = dict(list(PICTURES.items())[:3])
    try:
        SECTIONS = run_guest(PICTURES)
    except machine.Unavailable as why:
        print(f"Skipped: {why}")
        sys.exit(SKIP)
    unittest.main()
