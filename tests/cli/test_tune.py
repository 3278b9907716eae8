# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow tune`: what it finds is what `winnow eval` then measures; what it writes and refuses."""
import csv
import shutil
import sys
import unittest

from support import LABELS, MODEL, N_EXITS, ROOT, SAMPLE, FewImagesTest, on_terminal, winnow

sys.path.append(str(ROOT / "tests" / "oracle"))

try:
    import onnxfile
except ImportError:  # without NumPy nothing looks into the file
    onnxfile = None

SHARED = ("accuracy", "accuracy-full", "macs-mean", "macs-full", "mac-reduction", "exits",
          "thresholds", "strategy", "images")


def metadata(path):
    return onnxfile.metadata(path.read_bytes())


def watch_sets(path):
    """What the file's watch sets are called, in its order."""
    return [one.split(":")[0] for one in metadata(path)["winnow.watch-thresholds"].split("; ")]


class Tune(FewImagesTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.onnx"

    def tune(self, *options, model=MODEL, data=None):
        return ("tune", model, data or self.few, "-o", self.out, *options)

    def found(self, *options, **files):
        (found,) = self.succeed_json(*self.tune(*options, **files))
        return found

    def refuse(self, status, *options, says=(), **files):
        """The command fails and leaves nothing behind."""
        before = sorted(self.folder.iterdir())
        self.expect_failure(status, *self.tune(*options, **files), says=says)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def assert_eval_agrees(self, found, *options, data=None):
        (measured,) = self.succeed_json("eval", self.out, data or self.few, *options)
        for key in SHARED:
            self.assertEqual(found[key], measured[key], key)
        return measured

    def test_eval_agrees(self):
        for options in (["--strategy", "class-exclusion"], ["--exit-score", "sigmoid"],
                        ["--exit-score", "softmax"], ["--strategy", "confidence"],
                        ["--strategy", "entropy"], ["--method", "greedy"],
                        ["--method", "greedy", "--strategy", "entropy"], ["--threads", "1"]):
            for drop in ("0", "0.1") if "greedy" in options else ("0.1",):
                with self.subTest(options=options, drop=drop):
                    found = self.found("--max-accuracy-drop", drop, *options)
                    self.assert_eval_agrees(found)
                    self.assertLessEqual(found["accuracy-drop"], float(drop) + 1e-9)
                    self.assertGreater(found["mac-reduction"], 0.3)

    def test_threads_and_repetition_change_nothing(self):
        files = set()
        for threads in ("1", "2", "1"):
            self.found("--max-accuracy-drop", "0.1", "--threads", threads)
            files.add(self.out.read_bytes())
        self.assertEqual(len(files), 1)

    def test_text(self):
        text = self.succeed(*self.tune("--max-accuracy-drop", "0.1"))
        self.assertRegex(text, r"accuracy +[0-9.]+ % of 20 images \(whole network: [0-9.]+ %\)")
        self.assertRegex(text, r"\nstage +threshold +exits +share\n")
        text = self.succeed(*self.tune("--watch", "cat", "--max-extra-misses", "0.1"))
        self.assertRegex(text, r"misses +[0-9.]+ % of 2 images of watched classes")

    def test_watch(self):
        for n, labels in enumerate(["cat", "ship, 0", "cat"]):
            model = shutil.copy(self.out, self.folder / "in.onnx") if n else MODEL
            found = self.found("--watch", labels, "--max-extra-misses", "0.3", model=model)
            self.assert_eval_agrees(found, "--watch", labels)
            self.assertEqual(found["watch"], labels)
            self.assertEqual(found["images-watched"], 4 if "," in labels else 2)
            self.assertLessEqual(found["misses"] - found["misses-full"], 0.3)
            self.assertGreater(found["mac-reduction-others"], 0.3)
        if onnxfile:
            others = [one for one in watch_sets(MODEL) if one != "cat"]
            self.assertEqual(watch_sets(self.out), [*others, "ship, airplane", "cat"])
            old = metadata(MODEL)
            for key in ("winnow.thresholds", "winnow.strategy"):
                self.assertEqual(metadata(self.out)[key], old[key])

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_watch_a_group(self):
        """It is written as it was asked for, and stands for its labels."""
        for asked in ("animal", "bird,cat,deer,dog,frog,horse", "3, vehicle"):
            found = self.found("--watch", asked, "--max-extra-misses", "0.3")
            self.assertEqual(found["images-watched"], 10 if "vehicle" in asked else 12)
            self.assertEqual(watch_sets(self.out)[-1],
                             {"animal": "animal", "3, vehicle": "cat, vehicle"}.get(
                                 asked, asked.replace(",", ", ")))
            for same in (asked, "animal" if "bird" in asked else asked):
                self.assert_eval_agrees(found, "--watch", same)
            model = shutil.copy(self.out, self.folder / "in.onnx")
            self.found("--watch", asked, "--max-extra-misses", "0.2", model=model)
            self.assertEqual(len(watch_sets(self.out)), len(watch_sets(MODEL)) + 1)

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_watch_a_group_that_the_file_calls_otherwise(self):
        """With other labels a name may be a label of the file: then its classes are written."""
        names = self.file("names.txt", "\n".join(LABELS).encode())
        other = [*LABELS]
        other[0] = "animal"
        model = self.file("other.onnx", onnxfile.with_metadata(
            MODEL.read_bytes(), {"winnow.labels": "\n".join(other), "winnow.groups": "animal: cat",
                                 "winnow.watch-thresholds": None}))
        self.found("--watch", "animal", "--max-extra-misses", "0.3", "--labels", names, model=model)
        self.assertEqual(metadata(self.out)["winnow.watch-thresholds"].split(":")[0], "cat")

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_watch_of_one_of_two_equal_labels(self):
        """The file calls classes 3 and 5 both dog: its set says which by the index."""
        twice = [*LABELS]
        twice[3] = "dog"
        model = self.file("twice.onnx", onnxfile.with_metadata(
            MODEL.read_bytes(), {"winnow.labels": "\n".join(twice), "winnow.groups": None,
                                   "winnow.watch-thresholds": None}))
        names = self.file("names.txt", "\n".join(LABELS).encode())
        self.found("--watch", "cat", "--max-extra-misses", "0.3", "--labels", names, model=model)
        self.assertEqual(metadata(self.out)["winnow.watch-thresholds"].split(":")[0], "3")

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_the_rest_of_the_file_stays(self):
        self.found("--max-accuracy-drop", "0.1", "--exit-score", "sigmoid")
        old, new = onnxfile.split(MODEL.read_bytes()), onnxfile.split(self.out.read_bytes())
        kept = [[f for f in fields if f[0] != onnxfile.MODEL_METADATA] for fields in (old, new)]
        self.assertEqual(sorted(kept[0]), sorted(kept[1]))
        before, after = metadata(MODEL), metadata(self.out)
        self.assertEqual(after["winnow.exit-score"], "sigmoid")
        for key, value in before.items():
            if key not in ("winnow.thresholds", "winnow.exit-score", "winnow.watch-thresholds"):
                self.assertEqual(after[key], value)

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_watch_sets_of_another_score_go(self):
        self.found("--watch", "cat", "--max-extra-misses", "0.3")
        model = shutil.copy(self.out, self.folder / "in.onnx")
        text = self.succeed(*self.tune("--max-accuracy-drop", "0.1", "--exit-score", "sigmoid",
                                       model=model))
        self.assertIn(f"left out: thresholds of {len(watch_sets(MODEL))} watch sets", text)
        self.assertNotIn("winnow.watch-thresholds", metadata(self.out))
        self.out.unlink()
        self.refuse(2, "--watch", "dog", "--max-extra-misses", "0.3", "--exit-score", "sigmoid",
                    model=model, says=["exit-score", "softmax"])

    @unittest.skipIf(onnxfile is None, "needs NumPy")
    def test_a_model_that_has_no_thresholds_yet(self):
        for strategy in (None, "none"):
            bare = self.file("bare.onnx", onnxfile.with_metadata(MODEL.read_bytes(), {
                "winnow.strategy": strategy, "winnow.thresholds": None,
                "winnow.exit-score": None, "winnow.watch-thresholds": None}))
            found = self.found("--max-accuracy-drop", "0.1", model=bare)
            self.assertEqual((found["strategy"], found["exit-score"]),
                             ("class-exclusion", "softmax"))
            self.assert_eval_agrees(found)
        bare = self.file("exits.onnx", onnxfile.with_metadata(MODEL.read_bytes(), {
            "winnow.strategy": None, "winnow.thresholds": None, "winnow.exits": None,
            "winnow.watch-thresholds": None}))
        self.out.unlink()
        self.refuse(1, "--max-accuracy-drop", "0.1", model=bare, says=["exits.onnx", "no exits"])

    def test_risk(self):
        found = self.found("--risk", "0.5", "--confidence", "0.6", data=SAMPLE)
        self.assert_eval_agrees(found, data=SAMPLE)
        self.assertEqual((found["risk"], found["confidence"], found["images-tested"]),
                         (0.5, 0.6, 20))
        text = self.succeed(*self.tune("--risk", "0.5", "--confidence", "0.6", data=SAMPLE))
        self.assertIn("accuracy drop <= 50.0 % with probability >= 60.0 %", text)
        self.out.unlink()
        self.refuse(1, "--risk", "0.01", says=["too few", "more images"])

    def test_curve(self):
        table, plot = self.folder / "c.csv", self.folder / "c.png"
        tune = ("tune", MODEL, self.few)
        self.assertEqual(self.succeed(*tune, "--curve", table, "--curve", plot), "")
        self.assertEqual(plot.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        with table.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["strategy", "drop-allowed", "accuracy", "macs-mean",
                                         "mac-reduction", "thresholds"])
        self.assertEqual({row["strategy"] for row in rows},
                         {"class-exclusion", "confidence", "entropy"})
        for row in rows[::9]:
            (measured,) = self.succeed_json("eval", MODEL, self.few, "--strategy", row["strategy"],
                                            "--thresholds", row["thresholds"])
            self.assertEqual(len(row["thresholds"].split(",")), N_EXITS)
            self.assertAlmostEqual(float(row["accuracy"]), measured["accuracy"], 9)
            self.assertAlmostEqual(float(row["macs-mean"]), measured["macs-mean"], 0)
            self.assertGreaterEqual(measured["accuracy"],
                                    measured["accuracy-full"] - float(row["drop-allowed"]) - 1e-9)
        self.succeed(*tune, "--curve", self.folder / "d.csv", "--curve-on", self.few)
        self.assertEqual((self.folder / "d.csv").read_bytes(), table.read_bytes())

    def test_config(self):
        config = self.file("all.ini", b"[train]\nepochs = 3\n# a comment\n[tune]\n"
                           b"max-accuracy-drop = 0.1\nstrategy = entropy\nmethod = greedy\n"
                           b"[deploy]\nstrategy = none\nthreads = 1\ngroup-exit = no\n")
        found = self.found("--config", config)
        self.assertEqual((found["strategy"], found["method"]), ("entropy", "greedy"))
        found = self.found("--config", config, "--method=joint", "--strategy", "confidence")
        self.assertEqual((found["strategy"], found["method"]), ("confidence", "joint"))
        (measured,) = self.succeed_json("eval", MODEL, self.few, "--config", config)
        self.assertEqual(measured["strategy"], "none")
        (measured,) = self.succeed_json("eval", MODEL, self.few, "--config", config,
                                        "--strategy", "class-exclusion")
        self.assertEqual(measured["strategy"], "class-exclusion")
        self.succeed("bench", MODEL, "--frames", "1", "--config", config)
        (self.out).unlink()
        for section, text, words in (("tune", b"max-accuracy-drop = much", ["much"]),
                                     ("tune", b"max-drop = 0.1", ["max-drop"]),
                                     ("tune", b"no equals sign", []),
                                     ("deploy", b"epochs = 3", ["epochs"]),
                                     ("deploy", b"strategy = \\d", ["strategy"]),
                                     ("deploy", b"group-exit = maybe", ["group-exit"])):
            with self.subTest(text=text):
                bad = self.file("bad.ini", b"[" + section.encode() + b"]\n" + text + b"\n")
                command = (self.tune("--config", bad) if section == "tune"
                           else ("eval", MODEL, self.few, "--config", bad))
                self.expect_failure(2, *command, says=[bad, *words])
        self.expect_failure(2, "eval", MODEL, self.few, "--config", self.folder / "none.ini",
                            says="none.ini")

    def test_bar_on_a_terminal(self):
        status, _, drawn = on_terminal(*self.tune("--max-accuracy-drop", "0.1"))
        self.assertEqual(status, 0)
        self.assertIn(b"/20 images", drawn)
        self.assertTrue(drawn.endswith(b"\r\033[K"), drawn[-20:])

    def test_wrong_usage(self):
        drop = ("--max-accuracy-drop", "0.01")
        self.expect_failure(2, "tune", MODEL, self.few, *drop, says="-o OUT.onnx")
        for options, words in (([], "--max-accuracy-drop"),
                               (["--max-accuracy-drop", "-0.1"], "max-accuracy-drop"),
                               (["--max-accuracy-drop", "1.5"], "max-accuracy-drop"),
                               (["--max-accuracy-drop", "little"], "little"),
                               ([*drop, "--risk", "0.01"], "exclude each other"),
                               ([*drop, "--confidence", "0.9"], "--confidence"),
                               ([*drop, "--max-extra-misses", "0.1"], "--max-extra-misses"),
                               (["--risk", "0.1", "--confidence", "1"], "confidence"),
                               (["--risk", "0.1", "--method", "greedy"], "greedy"),
                               (["--watch", "cat"], "--max-extra-misses"),
                               (["--watch", "unicorn", "--max-extra-misses", "0.1"], "unicorn"),
                               ([*drop, "--method", "best"], "best"),
                               ([*drop, "--strategy", "none"], "strategy"),
                               ([*drop, "--exit-score", "tanh"], "tanh"),
                               ([*drop, "--curve", "c.pdf"], "c.pdf"),
                               ([*drop, "--curve-on", self.few], "--curve-on")):
            with self.subTest(options=options):
                self.refuse(2, *options, says=words)

    def test_bad_data(self):
        drop = ("--max-accuracy-drop", "0.01")
        data = self.folder / "data"
        (data / "cat").mkdir(parents=True)
        (data / "cat" / "zero.jpg").write_bytes(b"")
        self.refuse(1, *drop, data=data, says="zero.jpg")
        shutil.copy(SAMPLE / "cat" / "0000.jpg", data / "cat" / "zero.jpg")
        self.refuse(1, "--watch", "dog", "--max-extra-misses", "0.1", data=data, says="no image")
        self.refuse(1, "--watch", "cat", "--max-extra-misses", "0.1", data=data, says="no image")
        self.refuse(1, "--risk", "0.1", data=data, says="too few")

    def test_bad_outputs(self):
        for out in (self.folder / "none" / "out.onnx", "/proc/out.onnx", self.folder, "/dev/full"):
            result = winnow("tune", MODEL, self.few, "--max-accuracy-drop", "0.1", "-o", out)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assert_one_line(result.stderr, out)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
