# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exported model gives PyTorch's outputs, in `winnow` and in ONNX Runtime.

env WINNOW: the program; NODE_PATH: a folder with onnxruntime-node, optional.
"""

import json
import os
import shutil
import subprocess
import unittest

import numpy as np
import onnx
import torch
from support import LABELS, ROOT, TrainingTest

from training import data, export, train

WINNOW = os.environ["WINNOW"]
ORT = ROOT / "tests" / "golden" / "ort.mjs"


def winnow(*arguments):
    return subprocess.run([WINNOW, *map(str, arguments)], capture_output=True, text=True,
                          check=True)


class Export(TrainingTest):
    def exported(self, changes=None, name="model.onnx"):
        """(trainer, settings, path of the model) of a network with unusual statistics."""
        settings = self.configuration(changes)
        trainer = train.Trainer(settings, self.sample())
        random = torch.Generator().manual_seed(3)
        for value in trainer.average.model.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand(value.shape, generator=random) * 0.2)
        path = self.folder / name
        onnx.save(export.to_onnx(settings, trainer.state()), path)
        trainer.average.model.eval()
        return trainer, settings, path

    def compare(self, changes, tolerance, name="model.onnx"):
        trainer, _, path = self.exported(changes, name)
        x = np.random.default_rng(1).standard_normal((1, 3, 32, 32)).astype(np.float32)
        np.save(self.folder / "x.npy", x)
        with torch.no_grad():
            outputs = trainer.average.model(torch.from_numpy(x))
        wanted = dict(zip([f"exit_{k}" for k in range(len(outputs) - 1)] + ["logits"], outputs))
        winnow("run", path, "--precision", "fp32", "--input", self.folder / "x.npy", "--output-dir",
               self.folder / "winnow")
        folders = [self.folder / "winnow"]
        if os.environ.get("NODE_PATH") and shutil.which("node"):
            folders.append(self.folder / "ort")
            done = subprocess.run(["node", ORT, path, self.folder / "x.npy", folders[1]], text=True,
                                  stdout=subprocess.PIPE, check=True)
            self.assertEqual(done.stdout, "")
        for folder in folders:
            self.assertEqual(sorted(os.listdir(folder)), sorted(f"{key}.npy" for key in wanted))
            for key, value in wanted.items():
                self.assert_close(np.load(folder / f"{key}.npy"), value.numpy(), tolerance)
        return path

    def test_outputs_are_pytorchs(self):
        if not (os.environ.get("NODE_PATH") and shutil.which("node")):
            print("without ONNX Runtime: name a folder with onnxruntime-node in NODE_PATH")
        sums = self.compare({}, 1e-5)
        alone = self.compare({"exits.add": "no"}, 1e-5, "alone.onnx")
        self.assertIn("Add", {node.op_type for node in onnx.load(sums).graph.node})
        self.assertEqual(sum(node.op_type == "Gemm" for node in onnx.load(alone).graph.node), 3)

    def test_float16_weights(self):
        wide = {"model.channels": "8, 64, 64", "exits.pool": "2"}
        whole = self.compare(wide, 1e-5, "whole.onnx")
        half = self.compare({**wide, "export.weights": "float16"}, 1e-2, "half.onnx")
        self.assertLess(half.stat().st_size, 0.6 * whole.stat().st_size)
        self.assertGreater(half.stat().st_size, 0.4 * whole.stat().st_size)

    def test_metadata(self):
        changes = {"export.groups": "vehicle: ship, truck", "export.resize": "stretch",
                   "exits.score": "softmax", "data.mean": "0.5, 0.25, 0.125",
                   "data.std": "0.2, 0.3, 0.4"}
        expected = {
            "winnow.version": "1", "winnow.exits": "exit_0,exit_1", "winnow.output": "logits",
            "winnow.labels": "\n".join(LABELS), "winnow.strategy": "class-exclusion",
            "winnow.exit-score": "softmax", "winnow.thresholds": "0,0",
            "winnow.groups": "vehicle: ship, truck", "winnow.input.mean": "0.5,0.25,0.125",
            "winnow.input.std": "0.2,0.3,0.4", "winnow.input.resize": "stretch"}
        path = self.exported(changes)[2]
        self.assertEqual({p.key: p.value for p in onnx.load(path).metadata_props}, expected)
        for strategy, thresholds in (("confidence", "1,1"), ("entropy", "0,0"), ("none", None)):
            path = self.exported({"exits.strategy": strategy})[2]
            keys = {p.key: p.value for p in onnx.load(path).metadata_props}
            self.assertEqual(keys.get("winnow.thresholds"), thresholds)
            self.assertEqual(keys["winnow.strategy"], strategy)
            winnow("inspect", path)  # accepts it

    def test_inspect_shows_the_exits_and_the_cost(self):
        seen = json.loads(winnow("inspect", self.exported()[2], "--json").stdout)
        self.assertEqual((seen["inputs"][0]["shape"], seen["classes"], seen["labels"]),
                         ([1, 3, 32, 32], 10, LABELS))
        self.assertEqual([stage["exit"] for stage in seen["stages"]], ["exit_0", "exit_1", None])
        stem = 32 * 32 * 8 * 27 + 8 * 16 * 10
        block0 = 16 * 16 * (8 * 72 + 8 * 72 + 8 * 8) + 8 * 4 * 10
        block1 = 8 * 8 * (16 * 72 + 16 * 144 + 16 * 8) + 16 * 10
        self.assertEqual([stage["macs"] for stage in seen["stages"]], [stem, block0, block1])

    def test_an_untuned_model_runs_to_its_end(self):
        _, settings, path = self.exported()
        held = data.split(self.sample(), settings)[1]
        data.write_validation(held, str(self.folder / "held"))
        report = json.loads(winnow("eval", path, self.folder / "held", "--json").stdout)
        self.assertEqual((report["images"], report["exits"]), (10, [0, 0, 10]))
        self.assertEqual(report["accuracy"], report["accuracy-full"])

    def test_pictures_are_prepared_as_in_training(self):
        """`winnow classify` and the training's own validation give one answer."""
        trainer, _, path = self.exported({"exits.strategy": "none"})
        images = self.sample()
        with torch.no_grad():
            pixels = trainer.normalise(torch.from_numpy(images.pixels(slice(None))), 32)
            scores = torch.softmax(trainer.average.model(pixels)[-1], 1).numpy()
        lines = winnow("classify", path, "--precision", "fp32", "--json", *images.files).stdout
        for line, score in zip(lines.splitlines(), scores, strict=True):
            # JPEG decoders differ by a grey level
            self.assertAlmostEqual(json.loads(line)["confidence"], score.max(), delta=0.02)


if __name__ == "__main__":
    unittest.main()
