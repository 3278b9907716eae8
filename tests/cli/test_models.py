# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that are missing or damaged: one clear line and status 1 from every command."""
import json
import random
import unittest

from support import CAT, MODEL, SAMPLE, THRESHOLDS, CliTest, npy, winnow


class BadModels(CliTest):
    def each_command(self, model, status=1, says=()):
        tensor = self.file("x.npy", npy((1, 3, 32, 32)))
        for line in [("inspect", model), ("classify", model, CAT), ("eval", model, SAMPLE),
                     ("run", model, "--input", tensor), ("bench", model, "--frames", "1")]:
            with self.subTest(command=line[0]):
                self.expect_failure(status, *line, says=says)

    def test_missing(self):
        self.each_command(self.folder / "none.onnx", says="none.onnx")

    def test_names(self):
        """Without a path and .onnx: the working folder first, then the installed models."""
        (self.folder / "person").mkdir()  # a folder of that name is no model
        shown = winnow("inspect", "person", "--json", cwd=self.folder)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertEqual(json.loads(shown.stdout)["labels"], ["no person", "person"])
        for name in ("mcunet-in4", "mcunet-in4.onnx"):
            self.assertEqual(winnow("bench", name, "--frames", "1", cwd=self.folder).returncode, 0)
        joined = winnow("join", "mcunet-in4", "efficientnet-lite0", "-o", "everyday.onnx",
                        cwd=self.folder)
        self.assertEqual((joined.returncode, joined.stderr), (0, ""))
        shown = winnow("inspect", "everyday", "--json", cwd=self.folder)
        self.assertEqual(len(json.loads(shown.stdout)["inputs"]), 2)

    def test_no_such_name(self):
        self.each_command("nobody's", says=["nobody's: no such model here", "with or without",
                                            "/share/winnow/models/nobody's.onnx"])
        self.each_command("nobody.onnx", says=["no such model here, nor", "/nobody.onnx"])
        for line in (("tune", "none", SAMPLE, "--max-accuracy-drop", "0", "-o", self.folder / "x"),
                     ("quantize", "none", SAMPLE, "-o", self.folder / "x"),
                     ("join", MODEL, "none", "-o", self.folder / "x"),
                     ("eval", MODEL, SAMPLE, "--compare", "none")):
            self.expect_failure(1, *line, says="none: no such model")

    def test_folder(self):
        self.each_command(self.folder)

    def test_empty(self):
        self.each_command(self.file("empty.onnx", b""), says="empty.onnx")

    def test_text(self):
        self.each_command(self.file("notes.onnx", b"no model at all\n" * 10), says="notes.onnx")

    def test_truncated(self):
        data = MODEL.read_bytes()
        for share in (0.001, 0.3, 0.999):
            self.each_command(self.file("cut.onnx", data[:int(len(data) * share)]), says="cut.onnx")

    def test_bit_flips_never_crash(self):
        data = MODEL.read_bytes()
        chance = random.Random(1)
        # Structure lies at both ends of the file; flips in weights are legal numbers.
        places = [chance.randrange(2000) for _ in range(25)]
        places += [len(data) - 1 - chance.randrange(2000) for _ in range(25)]
        for place in places:
            flipped = bytearray(data)
            flipped[place] ^= 1 << chance.randrange(8)
            result = winnow("classify", self.file("flipped.onnx", bytes(flipped)), CAT)
            with self.subTest(place=place):
                self.assertIn(result.returncode, (0, 1), result.stderr)
                if result.returncode == 1:
                    self.assert_one_line(result.stderr)

    def test_contradicting_metadata(self):
        for old, new, says in [
                (b"airplane\nautomobile", b"airplane automobile", "label"),
                (THRESHOLDS, b"9" + THRESHOLDS[1:], "threshold"),
                (THRESHOLDS, THRESHOLDS.replace(b",", b"0", 1), "threshold"),
                (b"class-exclusion", b"class-exclusiom", "class-exclusiom"),
                (b"exit_0,exit_1", b"exit_0,exit_X", "exit_X"),
                (b"vehicle: airplane", b"vehicle: airplans", "airplans"),
        ]:
            with self.subTest(says=says):
                self.expect_failure(1, "classify", self.edited_model(old, new), CAT, says=says)

    def test_labels_file(self):
        short = self.file("short.txt", b"a\nb\n")
        result = winnow("classify", MODEL, CAT, "--labels", short)
        self.assertIn(result.returncode, (1, 2))
        self.assert_one_line(result.stderr)
        result = winnow("classify", MODEL, CAT, "--labels", self.folder / "none.txt")
        self.assertIn(result.returncode, (1, 2))
        self.assert_one_line(result.stderr, "none.txt")


if __name__ == "__main__":
    unittest.main()
