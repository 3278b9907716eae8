# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow quantize`: what it writes, what it refuses and how."""
import os
import shutil
import unittest

from support import MODEL, ROOT, SAMPLE, CliTest, on_terminal, winnow


class Quantize(CliTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.onnx"

    def quantize(self, *options, model=MODEL, data=SAMPLE):
        return ("quantize", model, data, "-o", self.out, *options)

    def refuse(self, status, *options, says=(), **files):
        """The command fails and leaves nothing behind."""
        before = sorted(self.folder.iterdir())
        self.expect_failure(status, *self.quantize(*options, **files), says=says)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_it_is_quiet_small_and_reproducible(self):
        self.assertEqual(self.succeed(*self.quantize("--images", "8")), "")
        first = self.out.read_bytes()
        self.assertLess(len(first), 1.1 * 3.16e6)  # a byte for each parameter, and the graph
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out.onnx"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o666 & ~mask)
        self.succeed(*self.quantize("--images", "8", "--threads", "1"))
        self.assertEqual(self.out.read_bytes(), first)

    def test_options_matter(self):
        files = set()
        for options in (["--images", "4"], ["--images", "5"], ["--images", "4", "--keep-biases"],
                        ["--images", "4", "--ranges", "percentile"]):
            self.succeed(*self.quantize(*options))
            files.add(self.out.read_bytes())
        self.assertEqual(len(files), 4)
        self.succeed(*self.quantize("--images", "4", "--ranges", "mse"))
        self.assertIn(self.out.read_bytes(), files)
        self.succeed(*self.quantize("--images", "1000"))  # more than there are: all of them

    def test_bar_on_a_terminal(self):
        status, _, drawn = on_terminal(*self.quantize())
        self.assertEqual(status, 0)
        self.assertIn(b"/40 images", drawn)
        self.assertTrue(drawn.endswith(b"\r\033[K"), drawn[-20:])

    def test_wrong_usage(self):
        self.expect_failure(2, "quantize", MODEL, SAMPLE, says="-o OUT.onnx")
        self.refuse(2, "--images", "0", says="--images")
        self.refuse(2, "--images", "few", says="few")
        self.refuse(2, "--ranges", "widest", says=["widest", "percentile"])

    def test_bad_models(self):
        self.refuse(1, model=self.folder / "none.onnx", says="none.onnx")
        self.refuse(1, model=self.file("text.onnx", b"not a model"), says="text.onnx")
        self.refuse(1, model=self.file("short.onnx", MODEL.read_bytes()[:-1000]), says="short.onnx")
        # every fourth byte of this stretch of weights is an exponent
        data = bytearray(MODEL.read_bytes())
        middle = len(data) // 2
        data[middle:middle + 64] = b"\xff" * 64
        self.refuse(1, model=self.file("nan.onnx", data), says="nan.onnx")

    def test_networks_of_every_operator(self):
        """Each ends as a command should, those whose nodes become others too, and with a file that
        opens."""
        for model in sorted((ROOT / "tests" / "data" / "golden").glob("*/model.onnx")):
            done = winnow(*self.quantize("--images", "1", model=model))
            self.assertIn(done.returncode, (0, 1), (model.parent.name, done.stderr))
            self.assertLessEqual(done.stderr.count("\n"), 1, done.stderr)
            if done.returncode == 0:
                self.assertEqual(winnow("inspect", self.out).returncode, 0, model.parent.name)

    def test_no_second_time(self):
        self.succeed(*self.quantize("--images", "1"))
        self.refuse(1, model=shutil.copy(self.out, self.folder / "int8.onnx"),
                    says=["int8.onnx", "quantized already"])

    def test_bad_data(self):
        data = self.folder / "data"
        self.refuse(1, data=data, says="data")
        data.mkdir()
        self.refuse(1, data=data, says="no pictures")
        (data / "cat").mkdir()
        (data / "cat" / "zero.jpg").write_bytes(b"")
        self.refuse(1, data=data, says="zero.jpg")

    def test_bad_outputs(self):
        for out in (self.folder / "none" / "out.onnx", "/proc/out.onnx", self.folder, "/dev/full"):
            result = winnow("quantize", MODEL, SAMPLE, "-o", out, "--images", "1")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assert_one_line(result.stderr, out)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
