# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow join`: what it refuses and how, and that a file is written whole or not at all.  What it
computes is checked in tests/oracle."""
import os
import shutil
import unittest

from support import MODEL, ROOT, SAMPLE, CliTest

# Without these keys the shipped model is a network without exits.
OF_EXITS = ["exits", "strategy", "thresholds", "watch-thresholds", "groups"]
GOLDEN = ROOT / "tests" / "data" / "golden"


class Join(CliTest):
    def setUp(self):
        super().setUp()
        self.out = self.folder / "out.onnx"
        self.whole = self.network("whole.onnx")

    def network(self, name, *edits):
        """The shipped model without exits, and with the bytes of `edits` replaced by as many."""
        data = MODEL.read_bytes()
        for key in OF_EXITS:
            data = data.replace(f"winnow.{key}".encode(), f"winnow_{key}".encode())
        for old, new in edits:
            self.assertEqual(len(old), len(new))
            self.assertEqual(data.count(old), 1, old)
            data = data.replace(old, new)
        return self.file(name, data)

    def refuse(self, *models, says=(), status=1):
        """The command fails and leaves nothing behind."""
        before = sorted(self.folder.iterdir())
        self.expect_failure(status, "join", *models, "-o", self.out, says=says)
        self.assertEqual(sorted(self.folder.iterdir()), before)

    def test_groups_come_from_a_file(self):
        other = shutil.copy(self.whole, self.folder / "other.onnx")
        groups = self.file("groups.txt", b"pet: cat, dog;\nvehicle: ship,\n truck\n")
        self.succeed("join", self.whole, other, "-o", self.out, "--groups", groups)
        self.assertIn("groups      pet, vehicle\n", self.succeed("inspect", self.out))
        os.remove(self.out)
        for text, word in ((b"pet: cow", "cow"), (b"pet", "no ':'"), (b"a: cat; b: cat", "cat")):
            bad = self.file("bad.txt", text)
            self.refuse(self.whole, other, "--groups", bad, says=[word], status=2)
        self.refuse(self.whole, other, "--groups", self.folder / "none.txt", says=["none.txt"])

    def test_it_is_quiet_and_reproducible(self):
        other = shutil.copy(self.whole, self.folder / "other.onnx")
        self.assertEqual(self.succeed("join", self.whole, other, "-o", self.out), "")
        first = self.out.read_bytes()
        self.assertIn(b"whole/logits", first)
        self.assertIn(b"winnow.input.other.mean", first)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["other.onnx", "out.onnx", "whole.onnx"])
        self.succeed("join", self.whole, other, "--output", self.out)
        self.assertEqual(self.out.read_bytes(), first)

    def test_names(self):
        """Of the files, without what would end them in a list, and different from each other."""
        odd = shutil.copy(self.whole, self.folder / " a,b=ü.onnx")
        os.mkdir(self.folder / "more")
        same = shutil.copy(self.whole, self.folder / "more" / "whole.onnx")
        plain = shutil.copy(self.whole, self.folder / "model")
        self.succeed("join", self.whole, same, odd, plain, self.whole, "-o", self.out)
        self.assertIn("whole,whole-2,_a_b_ü,model,whole-3".encode(), self.out.read_bytes())

    def test_output_may_be_an_input(self):
        expected = self.folder / "expected.onnx"
        self.succeed("join", self.whole, self.whole, "-o", expected)
        self.succeed("join", self.whole, self.whole, "-o", self.whole)
        self.assertEqual(self.whole.read_bytes(), expected.read_bytes())

    def test_wrong_usage(self):
        self.expect_failure(2, "join", self.whole, "-o", self.out, says="SMALL BIG")
        self.expect_failure(2, "join", self.whole, self.whole, says="-o OUT.onnx")
        self.refuse(*[self.whole] * 17, says="unexpected", status=2)

    def test_networks_that_cannot_be_joined(self):
        self.refuse(MODEL, self.whole, says=["edge-cifar10.onnx", "exits"])
        self.refuse(self.whole, MODEL, says=["edge-cifar10.onnx", "exits"])
        cascade = self.folder / "cascade.onnx"
        self.succeed("join", self.whole, self.whole, "-o", cascade)
        self.refuse(cascade, self.whole, says=["cascade.onnx", "several inputs"])
        self.expect_failure(1, "quantize", cascade, SAMPLE, "-o", self.out,
                            says=["cascade.onnx", "quantize its networks"])
        self.refuse(self.folder / "none.onnx", self.whole, says="none.onnx")
        self.refuse(self.whole, self.file("text.onnx", b"not a model"), says="text.onnx")
        self.refuse(self.whole, self.file("short.onnx", self.whole.read_bytes()[:-1000]),
                    says="short.onnx")
        self.refuse(GOLDEN / "batch_2" / "model.onnx", self.whole, says="batch_2")
        self.refuse(GOLDEN / "early_exits" / "model.onnx", self.whole, says="early_exits")

    def test_classes(self):
        bat = self.network("bat.onnx", (b"\ncat\n", b"\nbat\n"))
        self.refuse(bat, self.whole, says=["bat.onnx", "no class 'cat'", "whole.onnx"])
        self.refuse(self.whole, bat, says=["whole.onnx", "no class 'bat'", "bat.onnx"])
        twice = self.network("twice.onnx", (b"\ncat\n", b"\ndog\n"))
        self.refuse(twice, self.whole, says=["twice.onnx", "'dog'", "two classes"])
        self.succeed("join", twice, twice, "-o", self.out)
        self.out.unlink()
        bare = self.network("bare.onnx", (b"winnow.labels", b"winnow_labels"))
        self.refuse(bare, self.whole, says=["bare.onnx", "no labels"])
        self.refuse(self.whole, bare, says=["bare.onnx", "no labels"])
        self.succeed("join", bare, bare, "-o", self.out)
        self.assertNotIn(b"winnow.labels", self.out.read_bytes())

    def test_bad_outputs(self):
        for out in (self.folder / "none" / "out.onnx", "/proc/out.onnx", self.folder, "/dev/full"):
            self.expect_failure(1, "join", self.whole, self.whole, "-o", out, says=out)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["whole.onnx"])


if __name__ == "__main__":
    unittest.main()
