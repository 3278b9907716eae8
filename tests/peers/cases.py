# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks that compare.py and floor.py measure, each with one input."""

import os

import numpy as np

import onnxfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = {"edge-cifar10": os.path.join(ROOT, "models", "edge-cifar10.onnx")}
MADE = ["vggsmall", "alexnet", "resnet50-32", "resnet50-224", "mobilenetv2"]
NAMES = list(SHIPPED) + MADE


class Case:
    """A network's file and one input for it."""

    def __init__(self, name, folder):
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
