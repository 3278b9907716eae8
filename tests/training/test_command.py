# SPDX-License-Identifier: LGPL-2.1-or-later
"""`python3 -m training` as its users run it."""

import contextlib
import io
import os
import subprocess
import sys
import unittest
from unittest import mock

from support import ROOT, SAMPLE, TrainingTest, ini


class Command(TrainingTest):
    """Each command is called in this process: starting PyTorch anew takes a second."""

    def call(self, *arguments):
        """(exit status, stdout, stderr)"""
        with contextlib.redirect_stdout(io.StringIO()) as out, \
             contextlib.redirect_stderr(io.StringIO()) as err, \
             mock.patch.object(sys, "argv", ["training", *map(str, arguments)]), \
             self.assertRaises(SystemExit) as ended:
            sys.modules.pop("training.__main__", None)
            import training.__main__  # noqa: F401
        return ended.exception.code or 0, out.getvalue(), err.getvalue()

    def expect_failure(self, status, says, *arguments):
        code, out, err = self.call(*arguments)
        self.assertEqual((code, out), (status, ""), err)
        self.assertRegex(err, r"\Atraining: [^\n]+\n\Z")
        for word in says:
            self.assertIn(word, err)

    def test_help(self):
        code, out, err = self.call("--help")
        self.assertEqual((code, err), (0, ""))
        for command in ("train", "export", "validation", "plot"):
            self.assertIn(f"\n    {command}", out)
            code, text, err = self.call(command, "--help")
            self.assertEqual((code, err), (0, ""))
            self.assertIn(f"usage: python3 -m training {command}", text)

    def test_wrong_usage(self):
        self.expect_failure(2, ["COMMAND", "--help"])
        self.expect_failure(2, ["'fly'", "--help"], "fly")
        self.expect_failure(2, ["--data", "--help"], "train", "x.ini", "--out", "run")
        self.expect_failure(2, ["--fast"], "plot", "run", "--fast")
        self.expect_failure(2, ["--output"], "export", "run")

    def test_failures(self):
        config = self.write("tiny.ini", ini({"train.epochs": "1"}))
        none, run = self.folder / "none", self.folder / "run"
        self.expect_failure(1, ["none: no training run"], "export", none, "-o", "x.onnx")
        self.expect_failure(1, ["no log.csv"], "plot", none)
        self.expect_failure(1, ["none: cannot read it"],
                            "train", none, "--data", SAMPLE, "--out", run)
        self.expect_failure(1, ["none: no such folder"],
                            "train", config, "--data", none, "--out", run)
        self.expect_failure(1, ["no training run"], "train", config, "--data", SAMPLE, "--out", run,
                            "--resume")
        self.assertFalse(run.exists())
        bad = self.write("bad.ini", ini({"exits.after": "roof, block0"}))
        self.expect_failure(1, ["no block roof"], "train", bad, "--data", none, "--out", run)
        file = self.write("file", "")
        self.expect_failure(1, ["file"], "train", config, "--data", SAMPLE, "--out", file / "run")

    def test_from_pictures_to_a_model(self):
        config = self.write("tiny.ini", ini({"train.epochs": "1"}))
        run, model, held = (self.folder / name for name in ("run", "model.onnx", "held"))
        code, out, err = self.call("train", config, "--data", SAMPLE, "--out", run)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"\A30 images to train on, 10 for validation, 10 classes; .*\n"
                              r"epoch 1: loss [\d.]+, accuracy [\d.]+ [\d.]+ [\d.]+\n\Z")
        self.assertEqual(sorted(os.listdir(run)),
                         ["checkpoint.pt", "config.ini", "curves.png", "log.csv"])
        self.assertEqual((run / "config.ini").read_text(), config.read_text())
        self.expect_failure(1, ["run: holds a training run"], "train", config, "--data",
                            self.folder / "none", "--out", run)
        self.assertEqual(self.call("export", run, "-o", model), (0, "", ""))
        self.assertEqual(self.call("validation", config, "--data", SAMPLE, "-o", held), (0, "", ""))
        self.assertEqual(len(list(held.rglob("*.jpg"))), 10)
        (run / "curves.png").unlink()
        self.assertEqual(self.call("plot", run), (0, "", ""))
        self.assertTrue((run / "curves.png").exists())
        picture = next(held.rglob("*.jpg"))
        answer = subprocess.run([os.environ["WINNOW"], "classify", model, picture],
                                capture_output=True, check=True)
        self.assertEqual(answer.stderr, b"")
        self.expect_failure(1, ["nowhere"], "export", run, "-o", self.folder / "nowhere" / "x.onnx")

    def test_interrupted(self):
        config = self.write("tiny.ini", ini())
        with mock.patch("training.train.Trainer.step", side_effect=KeyboardInterrupt):
            code, _, err = self.call("train", config, "--data", SAMPLE,
                                     "--out", self.folder / "run")
        self.assertEqual(code, 130)
        self.assertRegex(err, r"\Atraining: interrupted; [^\n]*--resume[^\n]*\n\Z")

    def test_not_enough_memory(self):
        config = self.write("tiny.ini", ini())
        problem = RuntimeError("DefaultCPUAllocator: can't allocate memory")
        with mock.patch("training.train.Trainer.step", side_effect=problem):
            code, _, err = self.call("train", config, "--data", SAMPLE,
                                     "--out", self.folder / "run")
        self.assertEqual(code, 1)
        self.assertRegex(err, r"\Atraining: not enough memory[^\n]*batch[^\n]*\n\Z")

    def test_help_needs_no_pytorch(self):
        hidden = self.write("hidden/torch.py", "raise ImportError('No module named torch')")
        environment = {**os.environ, "PYTHONPATH": str(hidden.parent)}
        for arguments, status, says in ((["--help"], 0, ""),
                                        (["plot", "run"], 1, "python3-torch")):
            done = subprocess.run([sys.executable, "-m", "training", *arguments], cwd=ROOT,
                                  text=True, env=environment, capture_output=True, check=False)
            self.assertEqual(done.returncode, status)
            self.assertIn(says, done.stderr)
            self.assertLessEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
