# SPDX-License-Identifier: LGPL-2.1-or-later
"""winnow-camera with a model that does not say what its input means: by default it says so once,
and the command line or an INI file says it.  env CAMERA: the program."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from support import ROOT, SAMPLE, CliTest, run  # pylint: disable=C0413

CAMERA = os.environ["CAMERA"]
SILENT = ROOT / "tests" / "data" / "golden" / "typed_data" / "model.onnx"
GUESS = "0..1 are assumed"


class Meaning(CliTest):
    program = CAMERA

    def classify(self, *options):
        """(the confidences, standard error)."""
        done = run(CAMERA, "--model", SILENT, "--json", "--fps", 1000, "--input", SAMPLE, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line)["confidence"] for line in done.stdout.splitlines()], done.stderr

    def test_the_guess_is_said_once(self):
        results, said = self.classify()
        self.assertEqual((len(results), said.count(GUESS)), (40, 1), said)

    def test_options_and_ini(self):
        guessed, _ = self.classify()
        agreed, said = self.classify("--preset", "none")
        self.assertEqual(agreed, guessed)
        self.assertNotIn(GUESS, said)
        other, said = self.classify("--preset", "torchvision", "--scores", "sigmoid")
        self.assertNotEqual(other, guessed)
        self.assertNotIn(GUESS, said)
        config = self.file("seen.ini", b"[deploy]\npreset = torchvision\nscores = sigmoid\n")
        self.assertEqual(self.classify("--config", config)[0], other)

    def test_wrong_values(self):
        for name, value in [("preset", "other"), ("mean", "1,2"), ("crop", "2")]:
            with self.subTest(name=name):
                config = self.file("wrong.ini", f"[deploy]\n{name} = {value}\n".encode())
                self.expect_failure(2, "--model", SILENT, "--json", "--input", SAMPLE,
                                    "--config", config, says=f"{name}: ")


if __name__ == "__main__":
    unittest.main()
