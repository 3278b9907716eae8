# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small networks with random weights, and the cascade of all of them in one file, put together here
by hand.  Run as a program it writes those of tests/data/cascade."""

import os
import sys
from types import SimpleNamespace

import numpy as np

import onnxfile

CLASSES = 7
LABELS = "\n".join(f"c{k}" for k in range(CLASSES))
# Different in all that an input can be: layout, size, channels, normalisation, resize.
NETWORKS = [
    SimpleNamespace(name="small", shape=[3, 6, 6], nhwc=False, resize="crop", mean="0.5", std="0.5",
                    width=8),
    SimpleNamespace(name="grey.v2", shape=[1, 10, 8], nhwc=True, resize="stretch", mean="0.4",
                    std="0.25", width=6),
    SimpleNamespace(name="big", shape=[3, 12, 9], nhwc=False, resize="letterbox",
                    mean="0.5,0.4,0.3", std="0.2,0.3,0.4", width=12),
]


def input_keys(network, prefix):
    return {f"{prefix}{key}": getattr(network, key) for key in ("mean", "std", "resize")}


def parts(network, prefix, seed):
    """Nodes, initialisers and input of one network, whose logits are PREFIXlogits."""
    rng = np.random.RandomState(seed)
    c, h, w = network.shape
    name = prefix.rstrip("/") if prefix else "x"
    nodes, x = [], name
    if network.nhwc:
        nodes.append(onnxfile.make_node("Transpose", [name], [f"{prefix}turned"],
                                        perm=[0, 3, 1, 2]))
        x = f"{prefix}turned"
    inits = [(f"{prefix}cw", (rng.randn(network.width, c, 3, 3)).astype(np.float32)),
             (f"{prefix}cb", rng.randn(network.width).astype(np.float32)),
             (f"{prefix}w", (rng.randn(CLASSES, network.width) * 1.5).astype(np.float32)),
             (f"{prefix}b", rng.randn(CLASSES).astype(np.float32))]
    nodes += [onnxfile.make_node("Conv", [x, f"{prefix}cw", f"{prefix}cb"], [f"{prefix}c"],
                                 kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
              onnxfile.make_node("Relu", [f"{prefix}c"], [f"{prefix}r"]),
              onnxfile.make_node("GlobalAveragePool", [f"{prefix}r"], [f"{prefix}p"]),
              onnxfile.make_node("Flatten", [f"{prefix}p"], [f"{prefix}f"]),
              onnxfile.make_node("Gemm", [f"{prefix}f", f"{prefix}w", f"{prefix}b"],
                                 [f"{prefix}logits"], transB=1)]
    shape = [1, h, w, c] if network.nhwc else [1, c, h, w]
    return nodes, inits, (name, shape)


def alone(index):
    """The file of one network."""
    network = NETWORKS[index]
    nodes, inits, x = parts(network, "", index)
    meta = {"winnow.version": "1", "winnow.labels": LABELS, **input_keys(network, "winnow.input.")}
    return onnxfile.make_model(nodes, [x], [("logits", [1, CLASSES])], inits, meta=meta)


def joined(thresholds="0,0"):
    nodes, inits, inputs = [], [], []
    outputs = [f"{n.name}/logits" for n in NETWORKS]
    meta = {"winnow.version": "1", "winnow.labels": LABELS, "winnow.exits": ",".join(outputs[:-1]),
            "winnow.output": outputs[-1], "winnow.strategy": "class-exclusion",
            "winnow.exit-score": "softmax", "winnow.thresholds": thresholds,
            "winnow.groups": "low: c0, c1, c2; high: c5, c6",
            "winnow.inputs": ",".join(n.name for n in NETWORKS)}
    for index, network in enumerate(NETWORKS):
        more = parts(network, network.name + "/", index)
        nodes += more[0]
        inits += more[1]
        inputs.append(more[2])
        meta.update(input_keys(network, f"winnow.input.{network.name}."))
    return onnxfile.make_model(nodes, inputs, [(o, [1, CLASSES]) for o in outputs], inits,
                               meta=meta)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    files = {n.name: alone(i) for i, n in enumerate(NETWORKS)}
    for name, data in {**files, "joined": joined()}.items():
        with open(os.path.join(folder, f"{name}.onnx"), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1])
