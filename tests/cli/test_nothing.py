# SPDX-License-Identifier: LGPL-2.1-or-later
"""Floors from `winnow tune` to `winnow classify`: what is nothing, and what every command says."""
import shutil
import sys
import unittest

from support import MODEL, N_EXITS, ROOT, SAMPLE, FewImagesTest

sys.path.append(str(ROOT / "tests" / "oracle"))

try:
    import onnxfile
except ImportError:  # without NumPy nothing looks into the file
    onnxfile = None

SHARED = ("accuracy", "accuracy-full", "macs-mean", "exits", "thresholds", "strategy", "images",
          "rejected", "nothing-images", "nothing-rejected", "nothing-macs-mean")


def metadata(path):
    return onnxfile.metadata(path.read_bytes())


class Nothing(FewImagesTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.onnx"
        self.walls = self.folder / "walls"
        for n in range(8):
            place = self.walls / ("near" if n % 2 else "far/away")
            place.mkdir(parents=True, exist_ok=True)
            header = b"P6 32 32 255\n"
            (place / f"{n}.ppm").write_bytes(header + bytes([30 * n, 255 - 30 * n, 99]) * 32 * 32)

    def tune(self, *options, model=MODEL, data=None):
        return ("tune", model, data or self.few, "-o", self.out, *options)

    def found(self, *options, **files):
        (found,) = self.succeed_json(*self.tune(*options, **files))
        return found

    def floored(self):
        """The model with floors that a flat picture does not pass."""
        self.found("--max-rejected", "0.7", "--nothing", self.walls)
        return self.out

    def test_eval_agrees(self):
        for options in ([], ["--max-accuracy-drop", "0.1"], ["--confidence", "0.5"],
                        ["--max-accuracy-drop", "0.1", "--strategy", "confidence"],
                        ["--max-accuracy-drop", "0.1", "--strategy", "entropy"]):
            with self.subTest(options=options):
                found = self.found("--max-rejected", "0.4", "--nothing", self.walls, *options)
                (measured,) = self.succeed_json("eval", self.out, self.few, "--nothing", self.walls)
                for key in SHARED:
                    self.assertEqual(found[key], measured[key], key)
                self.assertEqual(found["max-rejected"], 0.4)
                self.assertEqual(len(found["floors"]), N_EXITS + 1)
                self.assertEqual((found["images-calibrated"], found["nothing-images"]), (10, 8))
                self.assertLessEqual(found["rejected-calibrated"], 0.4)
                (shown,) = self.succeed_json("inspect", self.out)
                self.assertEqual([s["floor"] for s in shown["stages"]], found["floors"])
                self.assertEqual(shown["floor-score"], found["floor-score"])

    def test_watch(self):
        found = self.found("--max-rejected", "0.3", "--watch", "cat", "--max-extra-misses", "0.3")
        (measured,) = self.succeed_json("eval", self.out, self.few, "--watch", "cat")
        for key in ("accuracy", "macs-mean", "exits", "rejected"):
            self.assertEqual(found[key], measured[key], key)

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_alone_the_thresholds_stay(self):
        found = self.found("--max-rejected", "0.3")
        before, after = metadata(MODEL), metadata(self.out)
        self.assertEqual({k: v for k, v in after.items() if not k.startswith("winnow.floor")},
                         before)
        self.assertEqual(after["winnow.floors"].count(","), N_EXITS)
        self.assertEqual(after["winnow.floor-score"], found["floor-score"])
        # And floors stay where only thresholds are looked for.
        model = shutil.copy(self.out, self.folder / "in.onnx")
        again = self.found("--max-accuracy-drop", "0.1", model=model)
        self.assertEqual(metadata(self.out)["winnow.floors"], after["winnow.floors"])
        self.assertEqual(again["floors"], found["floors"])
        (measured,) = self.succeed_json("eval", self.out, self.few)
        self.assertEqual(again["accuracy"], measured["accuracy"])

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_without_exits(self):
        bare = self.file("bare.onnx", onnxfile.with_metadata(MODEL.read_bytes(), {
            "winnow.strategy": None, "winnow.thresholds": None, "winnow.exits": None,
            "winnow.watch-thresholds": None}))
        found = self.found("--max-rejected", "0.3", "--nothing", self.walls, model=bare)
        (measured,) = self.succeed_json("eval", self.out, self.few, "--nothing", self.walls)
        for key in SHARED:
            self.assertEqual(found[key], measured[key], key)
        self.assertEqual((len(found["floors"]), found["strategy"]), (1, "none"))

    def test_text(self):
        text = self.succeed(*self.tune("--max-rejected", "0.4", "--nothing", self.walls))
        self.assertRegex(text,
                         r"nothing +[0-9.]+ % of the images of known classes, counted as wrong")
        self.assertRegex(text, r"guarantee +<= 40.0 % of known images drawn like these, on average")
        self.assertRegex(text, r"nothing +[0-9.]+ % of 8 pictures of nothing")
        self.assertRegex(text, r"\nstage +threshold +floor +exits +share\n")
        text = self.succeed("eval", self.out, self.few, "--nothing", self.walls)
        self.assertRegex(text, r"nothing +[0-9.]+ % of 8 pictures of nothing, [0-9.]+ % saved")
        text = self.succeed("inspect", self.out)
        self.assertRegex(text, r"\nfloors +(logit|standardised)\n")
        self.assertRegex(text, r"so far +threshold +floor +kernels\n")
        self.assertNotIn("floor", self.succeed("inspect", MODEL))

    def test_classify(self):
        model = self.floored()
        walls = sorted(self.walls.rglob("*.ppm"))
        answers = self.succeed_json("classify", model, "--watch", "cat", *walls)
        rejected = [a for a in answers if a["class-index"] < 0]
        self.assertGreater(len(rejected), 3)
        for answer in rejected:
            self.assertEqual((answer["label"], answer["stop-reason"], answer["watched"]),
                             (None, "nothing", 0))
            self.assertEqual((answer["confidence"], answer["survivors"], answer["survivor-count"]),
                             (0, [], 0))
            self.assertEqual(answer["survivors-per-stage"][-1], 0)
        text = self.succeed("classify", model, "--watch", "cat", *walls)
        self.assertEqual(text.count(" nothing "), len(rejected))

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_a_class_of_nothing(self):
        """Its images are right when the answer is nothing, and no promise is about them."""
        model = self.file("cat.onnx", onnxfile.with_metadata(MODEL.read_bytes(),
                                                             {"winnow.nothing": "cat"}))
        (before,) = self.succeed_json("eval", MODEL, self.few)
        (after,) = self.succeed_json("eval", model, self.few)
        self.assertEqual(after["accuracy"], before["accuracy"])
        self.assertEqual(after["accuracy-full"], before["accuracy-full"])
        self.assertEqual(self.succeed_json("inspect", model)[0]["nothing"], "cat")
        answers = self.succeed_json("classify", model, *sorted((SAMPLE / "cat").iterdir()))
        nothing = [a for a in answers if a["class-index"] == -1]
        self.assertGreater(len(nothing), 2)
        for answer in nothing:
            self.assertEqual((answer["label"], answer["stop-reason"]), (None, "nothing"))
            self.assertEqual(answer["survivors"][0], 3)  # the scores are kept
        found = self.found("--max-rejected", "0.3", model=model)
        self.assertEqual(found["images-calibrated"], 9)

    def test_wrong_usage(self):
        floors = ("--max-rejected", "0.3")
        for options, words in ((["--max-rejected", "0"], "above 0"),
                               (["--max-rejected", "1"], "max-rejected"),
                               (["--max-rejected", "-0.1"], "max-rejected"),
                               (["--max-rejected", "many"], "many"),
                               (["--nothing", self.walls, "--max-accuracy-drop", "0.1"],
                                 "--nothing"),
                               ([*floors, "--confidence", "1"], "confidence"),
                               ([*floors, "--strategy", "entropy"], "--strategy"),
                               ([*floors, "--method", "greedy"], "--method")):
            with self.subTest(options=options):
                self.expect_failure(2, *self.tune(*options), says=words)
        self.expect_failure(2, "tune", MODEL, self.few, *floors, says="-o OUT.onnx")

    def test_bad_data(self):
        self.expect_failure(1, *self.tune("--max-rejected", "0.01"),
                            says=["20 images", "too few", "197 or more"])
        self.expect_failure(1, *self.tune("--max-rejected", "0.05", "--confidence", "0.9"),
                            says=["too few", "89 or more"])
        empty = self.folder / "empty"
        (empty / "er").mkdir(parents=True)
        for command in (self.tune("--max-rejected", "0.4", "--nothing", empty),
                        ("eval", MODEL, self.few, "--nothing", empty)):
            self.expect_failure(1, *command, says=[empty, "no pictures"])
        (empty / "er" / "note.txt").write_text("no picture")
        self.expect_failure(1, "eval", MODEL, self.few, "--nothing", empty, says="no pictures")
        (empty / "er" / "note.txt").rename(empty / "er" / "note.jpg")
        self.expect_failure(1, "eval", MODEL, self.few, "--nothing", empty, says="note.jpg")
        self.expect_failure(1, "eval", MODEL, self.few, "--nothing", self.folder / "none",
                            says="none")


if __name__ == "__main__":
    unittest.main()
