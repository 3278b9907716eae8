# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGINT and SIGTERM end every command, whatever it is doing, and leave no piece of a file behind.
Waits are generous: they only end what hangs.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support import CAT, LABELS, MODEL, SAMPLE, WINNOW, CliTest, npy, read_npy

PATIENCE = 60
SIGNALS = (signal.SIGINT, signal.SIGTERM)
MANY = 30000  # pictures: more than any machine looks at before it is told to stop


def obey_signals():
    """What starts the tests may have ignored them, as a shell does for what runs behind it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


class SignalTest(CliTest):
    def different_photos(self, count):
        """A folder of two classes with `count` pictures each, no two files alike."""
        for label in ("cat", "dog"):
            folder = self.folder / "photos" / label
            folder.mkdir(parents=True)
            data = min((SAMPLE / label).iterdir()).read_bytes()
            for i in range(count):
                (folder / f"{i}.jpg").write_bytes(data + b"%d" % i)
        return self.folder / "photos"

    def start(self, *arguments, program=WINNOW, **options):
        process = subprocess.Popen([program, *map(str, arguments)], stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True,
                                   preexec_fn=obey_signals, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end(self, process, number):
        process.send_signal(number)
        return process.wait(PATIENCE)


class Ends(SignalTest):
    """With a large dataset, made once, of a picture a class."""

    @classmethod
    def setUpClass(cls):
        cls.many = pathlib.Path(tempfile.mkdtemp(prefix="winnow-many-"))
        cls.addClassCleanup(shutil.rmtree, cls.many)
        for label in LABELS:
            first = cls.many / label / "0.jpg"
            first.parent.mkdir()
            shutil.copyfile(min((SAMPLE / label).iterdir()), first)
            for i in range(1, MANY // len(LABELS)):
                os.link(first, cls.many / label / f"{i}.jpg")

    def check(self, *arguments, says=""):
        """Signals it while it is busy."""
        for number in SIGNALS:
            with self.subTest(signal=number.name):
                process = self.start(*arguments, stdout=subprocess.DEVNULL)
                time.sleep(1)
                self.assertIsNone(process.poll(), "it ended before it was told to")
                self.assertEqual(self.end(process, number), -number)
                self.assertEqual(process.stderr.read(), says)

    def test_eval(self):
        self.check("eval", MODEL, self.many)

    def test_tune(self):
        out = self.folder / "out.onnx"
        self.check("tune", MODEL, self.many, "--max-accuracy-drop", "0", "-o", out)
        self.assertEqual(os.listdir(self.folder), [])

    def test_quantize(self):
        out = self.folder / "out.onnx"
        self.check("quantize", MODEL, self.many, "--images", MANY, "-o", out)
        self.assertEqual(os.listdir(self.folder), [])

    def test_teach(self):
        photos, out = self.different_photos(3000), self.folder / "out.onnx"
        self.check("teach", "efficientnet-lite0", photos, "-o", out)
        self.assertEqual(os.listdir(self.folder), ["photos"])

    def test_classify(self):
        self.check("classify", MODEL, *[CAT] * MANY)

    def test_bench(self):
        self.check("bench", MODEL, "--frames", 1000000)

    def test_monitor(self):
        """It waits for a publisher; to leave it is no failure."""
        for number in SIGNALS:
            process = self.start("monitor", self.folder / "none", "--json",
                                 stdout=subprocess.DEVNULL)
            time.sleep(1)
            self.assertEqual(self.end(process, number), 0)

    @unittest.skipUnless("CAMERA" in os.environ, "winnow-camera is not built")
    def test_camera(self):
        """It ends as it should, and says what it did."""
        clip = self.file("clip.y4m",
                         b"YUV4MPEG2 W64 H48 F10:1\n" + (b"FRAME\n" + bytes(4608)) * 600)
        (self.folder / "photos").mkdir()
        os.mkfifo(self.folder / "photos" / "a.jpg")
        shutil.copyfile(CAT, self.folder / "photos" / "b.jpg")
        for i in range(200):
            os.link(self.folder / "photos" / "b.jpg", self.folder / "photos" / f"c{i}.jpg")
        for source in (clip, self.folder / "photos"):
            for number in SIGNALS:
                with self.subTest(source=source, signal=number.name):
                    process = self.start("--model", MODEL, "--input", source, "--json", "--fps", 5,
                                         program=os.environ["CAMERA"], stdout=subprocess.PIPE)
                    self.addCleanup(process.stdout.close)
                    self.assertIn("label", process.stdout.readline())
                    self.assertEqual(self.end(process, number), 0)
                    told = process.stderr.read()
                    self.assertRegex(told, r" \d+ frames in ")
                    if source != clip:
                        self.assertIn("a.jpg: is no file and so no picture", told)


class LeavesNothing(SignalTest):
    """Signalled as soon as something appears beside the output."""

    def strike(self, number, *arguments):
        folder = self.folder / "out"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        process = self.start(*arguments, cwd=folder, stdout=subprocess.DEVNULL)
        while process.poll() is None and not os.listdir(folder):
            pass
        status = self.end(process, number)
        self.assertIn(status, (0, -number), process.stderr.read())
        return [folder / name for name in sorted(os.listdir(folder))]

    def check(self, valid, *arguments):
        for i in range(4):
            for path in self.strike(SIGNALS[i % 2], *arguments):
                self.assertTrue(valid(path), path.name)

    def test_tune(self):
        size = MODEL.stat().st_size
        self.check(lambda path: path.name == "out.onnx" and abs(path.stat().st_size - size) < 500,
                   "tune", MODEL, SAMPLE, "--max-accuracy-drop", "0", "-o", "out.onnx")

    def test_quantize(self):
        sizes = set()
        def valid(path):
            sizes.add(path.stat().st_size)
            return path.name == "out.onnx" and len(sizes) == 1
        self.check(valid, "quantize", MODEL, SAMPLE, "--images", 1, "-o", "out.onnx")

    def test_teach(self):
        photos, sizes = self.different_photos(5), set()
        def valid(path):
            sizes.add(path.stat().st_size)
            return path.name == "out.onnx" and len(sizes) == 1
        self.check(valid, "teach", "mcunet-in4", photos, "-o", "out.onnx")

    def test_curve(self):
        ends = {"c.png": b"IEND\xaeB`\x82", "c.csv": b"\"\n"}
        self.check(lambda path: path.name in ends and path.read_bytes().endswith(ends[path.name]),
                   "tune", MODEL, SAMPLE, "--curve", "c.png", "--curve", "c.csv")

    def test_run(self):
        tensor = self.file("x.npy", npy([1, 3, 32, 32]))
        def valid(path):
            shape, values = read_npy(path)
            return path.suffix == ".npy" and len(values) == shape[0] * shape[1]
        self.check(valid, "run", MODEL, "--input", tensor)


if __name__ == "__main__":
    unittest.main()
