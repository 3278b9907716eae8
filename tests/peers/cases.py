# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks that compare.py and floor.py measure, each with one input.

NAME-int8 is network NAME as `winnow quantize` writes it, calibrated on the pictures in tests/data:
good for timing, and for ten classes in CIFAR-10's order only.
"""

import os
import subprocess

import onnxfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = {"edge-cifar10": os.path.join(ROOT, "models", "paper", "edge-cifar10.onnx")}
MADE = ["vggsmall", "alexnet", "resnet50-32", "resnet50-224", "mobilenetv2"]
NAMES = list(SHIPPED) + MADE


def quantize(model, name, folder, winnow):
    """The path of the int8 form of `model`."""
    samples = os.path.join(ROOT, "tests", "data", "cifar10-sample")
    labels = os.path.join(folder, "labels.txt")
    with open(labels, "w") as f:
        f.write("\n".join(sorted(c for c in os.listdir(samples)
                                 if os.path.isdir(os.path.join(samples, c)))))
    path = os.path.join(folder, name + ".onnx")
    subprocess.run([winnow, "quantize", model, samples, "--labels", labels, "-o", path],
                   check=True, stderr=subprocess.DEVNULL)
    return path


class Case:
    """A network's file and one input for it."""

    def __init__(self, name, folder, winnow=None):
        import numpy as np  # board.py goes without
        if name.endswith("-int8") and not os.path.exists(name):
            name = quantize(Case(name[:-len("-int8")], folder).model, name, folder, winnow)
        self.name, self.text = os.path.splitext(os.path.basename(name))[0], None
        self.tensor = os.path.join(folder, self.name + ".npy")
        if name in MADE:
            self.model = os.path.join(folder, name + ".onnx")
            x = self.make()
        else:
            self.model = SHIPPED.get(name, name)
            with open(self.model, "rb") as f:
                shape = [d or 1 for d in onnxfile.load(f.read()).inputs[0].shape]
            x = np.random.RandomState(1).randn(*shape).astype(np.float32)
        np.save(self.tensor, x)

    def make(self):
        import networks  # only this needs PyTorch
        x, _, metadata = networks.make(self.name, self.model)
        with open(self.model, "rb") as f:
            data = f.read()
        with open(self.model, "wb") as f:
            f.write(onnxfile.with_metadata(data, metadata) if metadata else data)
        return x

    def layers(self):
        if self.text is None:
            import layers
            self.text = layers.lines(self.model)
        return self.text
