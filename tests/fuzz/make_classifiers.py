#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes classifiers/: small networks that fuzz_network begins with, one for each kind of layer
that real ones have.  Every one has an exit behind its trunk and the metadata of this project.
"""

import os
import shutil
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(TESTS, "oracle"))

from onnxfile import make_model, make_node  # noqa: E402

META = {"winnow.version": "1", "winnow.exits": "e0", "winnow.output": "y",
        "winnow.labels": "a\nb\nc\nd", "winnow.groups": "animal: a, b; rest: c, d",
        "winnow.strategy": "class-exclusion", "winnow.exit-score": "softmax",
        "winnow.thresholds": "0.2"}
CLASSES, CHANNELS = 4, 8


class Net:
    """Nodes in a row; `x` is the last value, with `channels` of them."""

    def __init__(self):
        self.nodes, self.inits, self.x, self.channels, self.n = [], [], "x", 3, 0
        self.random = np.random.RandomState(1)

    def constant(self, array):
        name = f"w{len(self.inits)}"
        self.inits.append((name, array))
        return name

    def weights(self, *shape):
        return self.constant((self.random.randn(*shape) * 0.4).round(2).astype(np.float32))

    def add(self, op, *others, x=None, **attrs):
        self.n += 1
        name = f"v{self.n}"
        self.nodes.append(make_node(op, [x or self.x, *others], [name], **attrs))
        self.x = name
        return name

    def conv(self, channels, side=3, group=1, bias=True, **attrs):
        w = self.weights(channels, self.channels // group, side, side)
        more = [self.weights(channels)] if bias else []
        self.channels = channels
        return self.add("Conv", w, *more, pads=[side // 2] * 4, group=group, **attrs)

    def clip(self):
        return self.add("Clip", self.constant(np.float32(0)), self.constant(np.float32(6)))

    def head(self, x, name):
        self.add("GlobalAveragePool", x=x)
        self.add("Flatten")
        w = self.weights(CLASSES, self.channels)
        self.nodes.append(make_node("Gemm", [self.x, w], [name], transB=1))

    def model(self, build, opset, meta=META, shape=(1, 3, 8, 8)):
        self.conv(CHANNELS, strides=[2, 2])
        stem = self.add("Relu")
        self.head(stem, "e0")
        self.x = stem
        build(self)
        if self.x != "y":
            self.head(self.x, "y")
        names = ["e0", "y"] if "winnow.exits" in meta else ["y"]
        return make_model(self.nodes, [("x", shape)], [(n, (1, CLASSES)) for n in names],
                          self.inits, opset, meta)


def plain(net):
    net.conv(CHANNELS)
    net.add("Relu")
    net.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def mobile(net):
    before = net.x
    net.conv(16, 1)
    net.clip()
    net.conv(16, group=16)
    net.clip()
    net.conv(CHANNELS, 1)
    net.add("Add", before)


def squeeze(net):
    before = net.conv(CHANNELS)
    net.add("GlobalAveragePool")
    net.conv(2, 1)
    net.add("Relu")
    net.conv(CHANNELS, 1)
    net.add("HardSigmoid")
    net.add("Mul", before)


def shuffled(net):
    net.conv(CHANNELS, 1, group=2)
    net.add("Reshape", net.constant(np.array([1, 2, 4, 4, 4])))
    net.add("Transpose", perm=[0, 2, 1, 3, 4])
    net.add("Reshape", net.constant(np.array([1, 8, 4, 4])))
    left = net.add("Identity")
    net.add("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    net.add("Concat", left, axis=1)
    net.channels = 2 * CHANNELS


def attention(net):
    net.add("Reshape", net.constant(np.array([1, 8, 16])))
    tokens = net.add("Transpose", perm=[0, 2, 1])
    net.add("LayerNormalization", net.weights(8), net.weights(8))
    q = net.add("MatMul", net.weights(8, 8))
    k = net.add("MatMul", net.weights(8, 8), x=tokens)
    net.add("Transpose", perm=[0, 2, 1])
    net.add("MatMul", net.x, x=q)
    net.add("Softmax", axis=-1)
    net.add("MatMul", k)
    net.add("ReduceMean", axes=[1], keepdims=0)
    net.nodes.append(make_node("MatMul", [net.x, net.weights(8, CLASSES)], ["y"]))
    net.x = "y"


def quantized(net):
    def there_and_back(x, scale, zero):
        s, z = net.constant(np.float32(scale)), net.constant(zero)
        net.add("QuantizeLinear", s, z, x=x)
        return net.add("DequantizeLinear", s, z)
    x = there_and_back(net.x, 0.02, np.uint8(0))
    w = net.constant((net.random.randn(8, 8, 3, 3) * 40).clip(-127, 127).astype(np.int8))
    w = net.add("DequantizeLinear", net.constant(np.full(8, 0.01, np.float32)),
                net.constant(np.zeros(8, np.int8)), x=w, axis=0)
    net.add("Conv", w, x=x, pads=[1] * 4)
    there_and_back(net.add("Relu"), 0.03, np.uint8(3))


def pyramid(net):
    before = net.x
    net.conv(CHANNELS, strides=[2, 2], auto_pad="NOTSET")
    net.add("Resize", "", net.constant(np.array([1, 1, 2, 2], np.float32)), mode="nearest")
    net.add("Add", before)
    net.add("InstanceNormalization", net.weights(8), net.weights(8))
    net.add("PRelu", net.weights(8, 1, 1))


def transposed(net):
    w = net.weights(8, 8, 2, 2)
    net.add("ConvTranspose", w, strides=[2, 2])
    net.add("BatchNormalization", *[net.constant(np.linspace(0.5, 1.5, 8).astype(np.float32))
                                    for _ in range(4)])
    net.add("DepthToSpace", blocksize=2)
    net.channels = 2


def exporters(net):
    """As PyTorch writes a view: the shape is computed."""
    x = net.x
    net.add("Shape")
    net.add("Gather", net.constant(np.array(0)), axis=0)
    net.add("Unsqueeze", net.constant(np.array([0])))
    net.add("Concat", net.constant(np.array([-1])), axis=0)
    net.add("Reshape", net.x, x=x)
    w = net.weights(128, CLASSES)
    net.nodes.append(make_node("Gemm", [net.x, w], ["s"]))
    net.nodes.append(make_node("Softmax", ["s"], ["y"], axis=1))
    net.x = "y"


def split(net):
    a, b = "a", "b"
    net.nodes.append(make_node("Split", [net.x], [a, b], axis=1))
    net.add("Sigmoid", x=b)
    net.add("Mul", a)
    net.add("Slice", net.constant(np.array([0])), net.constant(np.array([3])),
            net.constant(np.array([1])))
    net.add("Pad", net.constant(np.array([0, 0, 1, 1, 0, 0, 0, 0])))
    net.channels = 3


HALF = dict(META, **{"winnow.floors": "-3,0.5", "winnow.nothing": "d", "winnow.taps": "v2",
                     "winnow.watch-thresholds": "a: 0.3"})
FOREIGN = {"names": "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}", "imgsz": "[8, 8]"}
FILES = {
    "plain": (plain, 11, META), "mobile": (mobile, 13, META), "squeeze": (squeeze, 13, META),
    "shuffled": (shuffled, 13, META), "attention": (attention, 17, META),
    "quantized": (quantized, 13, META), "pyramid": (pyramid, 13, META),
    "transposed": (transposed, 13, META), "exporters": (exporters, 13, META),
    "split": (split, 13, META), "nothing": (plain, 13, HALF), "foreign": (squeeze, 17, FOREIGN),
}


def main():
    folder = os.path.join(HERE, "classifiers")
    os.makedirs(folder, exist_ok=True)
    for name, (build, opset, meta) in FILES.items():
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(Net().model(build, opset, meta))
    for name in ("joined", "small", "grey.v2"):
        shutil.copy(os.path.join(TESTS, "data", "cascade", name + ".onnx"), folder)


main()
