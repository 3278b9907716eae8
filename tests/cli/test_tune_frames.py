# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow tune` on what a camera sees: levels of unchanged from a clip, and thresholds without
labels.
env PUBLISH: tests/ipc/publish."""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from support import MODEL, SAMPLE, WINNOW, CliTest

PATIENCE = 60  # seconds; only a hang takes so long
SIDE = 48


def y4m(frames, fps=10):
    """A grey clip of frames of SIDE x SIDE bytes."""
    return (b"YUV4MPEG2 W%d H%d F%d:1 Cmono XCOLORRANGE=FULL\n" % (SIDE, SIDE, fps)
            + b"".join(b"FRAME\n" + frame for frame in frames))


def grey(value):
    return bytes([value]) * (SIDE * SIDE)


def share_unchanged(values, level, n_max_age=20):
    """Of flat frames, ten a second."""
    reference, since, n = None, 0, 0
    for i, value in enumerate(values):
        if reference is not None and abs(value - reference) <= level and i - since < n_max_age:
            n += 1
        else:
            reference, since = value, i
    return n / len(values)


class Unchanged(CliTest):
    def clip(self, frames, fps=10):
        return self.file("clip.y4m", y4m(frames, fps))

    def found(self, clip, *options):
        (found,) = self.succeed_json("tune", MODEL, "--unchanged-from", clip, *options)
        return found

    def test_levels(self):
        values = [100 + 3 * i % 40 for i in range(60)]
        found = self.found(self.clip(map(grey, values)))
        self.assertEqual(found["frames"], 60)
        self.assertEqual(found["max-age"], 2 * 10**9)
        self.assertGreater(len(found["levels"]), 8)
        for one in found["levels"]:
            self.assertAlmostEqual(one["unchanged"], share_unchanged(values, one["level"] + 0.01))
        self.assertGreater(found["levels"][-1]["unchanged"], found["levels"][0]["unchanged"])

    def test_best_level(self):
        still = self.found(self.clip([grey(100)] * 30))
        self.assertEqual(still["unchanged"], still["levels"][-1]["level"])
        self.assertEqual({one["same"] for one in still["levels"]}, {1})
        # Blocks of equal means whose pixels say something else: no level is right.
        flat = grey(128)
        board = bytes(255 if x % 6 < 3 else 1 for y in range(SIDE) for x in range(SIDE))
        worse = self.found(self.clip([flat, board] * 10))
        self.assertEqual({one["same"] for one in worse["levels"]}, {0.5})
        self.assertIsNone(worse["unchanged"])
        self.assertEqual(worse["max-disagreement"], 0.01)
        self.assertEqual(self.found(self.clip([flat, board] * 10), "--max-disagreement",
                                    "0.5")["unchanged"], 32)
        text = self.succeed("tune", MODEL, "--unchanged-from", self.clip([flat, board]))
        self.assertIn("no level", text)

    def test_text(self):
        text = self.succeed("tune", MODEL, "--unchanged-from", self.clip([grey(9)] * 30))
        self.assertRegex(text, r"30 frames of .*clip\.y4m\n\nlevel +unchanged +same answer\n")
        self.assertRegex(text, r"\n +8 +93\.3 % +100\.0 %\n")
        self.assertRegex(text, r"\nunchanged = 32: at most 1\.0 % of the frames ")

    def test_ten_frames_a_second(self):
        for fps, n_frames, n_taken in ((10, 25, 25), (5, 7, 7), (25, 50, 20), (30, 61, 21),
                                       (60, 60, 10),
                                       (12, 24, 20)):
            with self.subTest(fps=fps):
                found = self.found(self.clip([grey(50)] * n_frames, fps))
                self.assertEqual(found["frames"], n_taken)

    def test_standard_input(self):
        result = subprocess.run([WINNOW, "tune", MODEL, "--unchanged-from", "-", "--json"],
                                input=y4m([grey(5)] * 12), capture_output=True, check=True)
        self.assertEqual(json.loads(result.stdout)["frames"], 12)

    def test_refusals(self):
        clip = self.clip([grey(1)] * 3)
        level = ("tune", MODEL, "--unchanged-from", clip)
        for more in ([SAMPLE], ["-o", "x.onnx"], ["--max-accuracy-drop", "0.1"], ["--risk", "0.1"],
                     ["--watch", "cat"], ["--unlabelled", clip], ["--curve", "c.csv"],
                     ["--frames", "3"], ["--method", "greedy"]):
            with self.subTest(more=more):
                self.expect_failure(2, *level, *more, says="--unchanged-from")
        for limit in ("-1", "2", "much"):
            self.expect_failure(2, *level, "--max-disagreement", limit, says=limit)
        self.expect_failure(1, "tune", MODEL, "--unchanged-from", "/no/such", says="/no/such")
        self.expect_failure(1, "tune", MODEL, "--unchanged-from", SAMPLE, says="is a folder")
        self.expect_failure(1, "tune", MODEL, "--unchanged-from", self.clip([grey(1), b"short"]),
                            says="damaged at frame 1")
        self.expect_failure(1, "tune", "/no/model", "--unchanged-from", clip, says="/no/model")


class Unlabelled(CliTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.onnx"
        self.socket = str(self.folder / "channel")

    def tune(self, source, *options):
        return ("tune", MODEL, "--unlabelled", source, "-o", self.out, "--json", *options)

    def found(self, source, *options):
        (found,) = map(json.loads, self.succeed(*self.tune(source, *options)).splitlines())
        for key in ("accuracy", "accuracy-full", "accuracy-drop"):
            self.assertNotIn(key, found)
        return found

    def test_folder(self):
        pictures = self.folder / "pictures"
        shutil.copytree(SAMPLE, pictures / "deep" / "er")
        (pictures / "notes.txt").write_text("no picture")
        found = self.found(pictures, "--max-accuracy-drop", "0.1")
        self.assertEqual(found["images"], 40)
        self.assertLessEqual(found["disagreement"], 0.1)
        self.assertGreater(found["mac-reduction"], 0.2)
        paths = sorted(SAMPLE.glob("*/*.jpg"))
        labels = [[json.loads(line)["label"] for line in
                   self.succeed("classify", model, *paths, "--json", *how).splitlines()]
                  for model, how in ((MODEL, ["--strategy", "none"]), (self.out, []))]
        differing = sum(a != b for a, b in zip(*labels))
        self.assertAlmostEqual(found["disagreement"], differing / 40)

    def test_clip(self):
        clip = self.file("clip.y4m", y4m([grey(i) for i in range(60)], fps=20))
        found = self.found(clip, "--max-accuracy-drop", "0")
        self.assertEqual((found["images"], found["disagreement"]), (30, 0))

    def test_text(self):
        command = [part for part in self.tune(SAMPLE) if part != "--json"]
        text = self.succeed(*command, "--max-accuracy-drop", "0.1")
        self.assertRegex(text, r"disagreement +[0-9.]+ % of 40 images ")
        self.assertNotIn("accuracy", text)
        text = self.succeed(*command, "--risk", "0.5", "--confidence", "0.5")
        self.assertIn("disagreement <= 50.0 %", text)
        self.assertIn("neighbouring frames", text)

    def test_risk_and_watch(self):
        found = self.found(SAMPLE, "--risk", "0.5", "--confidence", "0.5")
        self.assertLessEqual(found["disagreement-tested"], 0.5)
        found = self.found(SAMPLE, "--watch", "cat", "--max-extra-misses", "0.3")
        self.assertEqual(found["misses-full"], 0)

    # ---- A channel

    def publish(self, *arguments):
        process = subprocess.Popen([os.environ["PUBLISH"], self.socket, *map(str, arguments)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        while not os.path.exists(self.socket):
            time.sleep(0.01)
        return process

    def start(self, *options):
        process = subprocess.Popen([WINNOW, *map(str, self.tune(self.socket, *options))], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_channel(self):
        self.publish(10000000, 2000)
        found = self.found(self.socket, "--max-accuracy-drop", "0.1", "--frames", "7",
                           "--every", "0")
        self.assertEqual(found["images"], 7)
        began = time.monotonic()
        self.found(self.socket, "--max-accuracy-drop", "0.1", "--frames", "4", "--every", "0.2")
        self.assertGreaterEqual(time.monotonic() - began, 0.6)

    def test_interrupt_is_enough(self):
        self.publish(10000000, 2000)
        process = self.start("--max-accuracy-drop", "0.1", "--every", "0.01")
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, errors)
        self.assertRegex(errors, r"\A.*channel: going on with \d+ frames\n\Z")
        self.assertIn(f"with {json.loads(output)['images']} frames", errors)
        self.assertTrue(self.out.exists())

    def test_publisher_that_goes(self):
        self.publish(400, 10000)
        process = self.start("--max-accuracy-drop", "0.1", "--every", "0.05")
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0, errors)
        self.assertLess(json.loads(output)["images"], 400)
        self.assertIn("going on with", errors)

    def test_nobody_publishes(self):
        publisher = self.publish(10000000, 2000)
        publisher.kill()
        publisher.wait()
        process = self.start("--max-accuracy-drop", "0.1")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, output), (1, ""))
        self.assert_one_line(errors, "no frame has come")
        self.assertFalse(self.out.exists())

    # ---- What is refused

    def refuse(self, status, *arguments, says):
        self.expect_failure(status, *arguments, says=says)
        self.assertFalse(self.out.exists())

    def test_refusals(self):
        drop = ("--max-accuracy-drop", "0.1")
        self.refuse(2, *self.tune(SAMPLE, *drop, SAMPLE), says="DATASET")
        self.refuse(2, *self.tune(SAMPLE), says="--max-accuracy-drop")
        self.refuse(2, *self.tune(SAMPLE, *drop, "--curve", "c.csv"), says="--curve")
        self.refuse(2, *self.tune(SAMPLE, *drop, "--frames", "3"), says="SOCKET")
        self.refuse(2, *self.tune(SAMPLE, *drop, "--every", "3"), says="SOCKET")
        self.refuse(2, *self.tune(SAMPLE, *drop, "--max-disagreement", "0.1"),
                    says="--unchanged-from")
        self.refuse(2, "tune", MODEL, *drop, "-o", self.out, says="expected MODEL DATASET")
        self.publish(10000000, 2000)
        self.refuse(2, *self.tune(self.socket, *drop, "--frames", "-3"), says="--frames")
        self.refuse(2, *self.tune(self.socket, *drop, "--every", "-3"), says="--every")
        self.refuse(2, *self.tune(self.socket, *drop, "--every", "1e300"), says="--every")

    def test_what_is_not_there(self):
        drop = ("--max-accuracy-drop", "0.1")
        self.refuse(1, *self.tune("/no/such", *drop), says="/no/such")
        self.refuse(1, *self.tune(self.folder, *drop), says="no pictures")
        self.refuse(1, *self.tune(MODEL, *drop), says="no YUV4MPEG2")
        (self.folder / "a.png").write_bytes(b"no picture")
        self.refuse(1, *self.tune(self.folder, *drop), says="a.png")


if __name__ == "__main__":
    unittest.main()
