# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes tests/data/golden: one folder per case with model.onnx and tensors.npz, which has
`input` and every output as `output/NAME`, NAME as `winnow run` calls its file.

usage: make_golden.py [CASE...]   (needs the onnx package, node and, on NODE_PATH, onnxruntime-node)

Expected values come from ONNX Runtime (ort.mjs) and must agree with reference.py, an independent
float64 computation, to 1e-5 of the largest value; where ONNX Runtime takes no such model they are
reference.py's.  edge-cifar10 has no model of its own: model.txt names the one in models/.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GOLDEN = os.path.join(ROOT, "tests", "data", "golden")
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "oracle")]

import builder  # noqa: E402
import cases_chains  # noqa: E402, F401
import cases_elementwise  # noqa: E402, F401  (importing a file of cases registers them)
import cases_folded  # noqa: E402, F401
import cases_functions  # noqa: E402, F401
import cases_moves  # noqa: E402, F401
import cases_linear  # noqa: E402, F401
import cases_merged  # noqa: E402, F401
import cases_network  # noqa: E402, F401
import cases_normalised  # noqa: E402, F401
import cases_quantized  # noqa: E402, F401
import cases_reduce  # noqa: E402, F401
import cases_shape  # noqa: E402, F401
import cases_top  # noqa: E402, F401
import cases_window  # noqa: E402, F401
import onnxfile  # noqa: E402
import reference  # noqa: E402
from test_golden import TENSORS, array_name  # noqa: E402


class Case:
    """What is known before ONNX Runtime has run: where, on what, the reference's outputs."""
    def __init__(self, folder, tensor, expected, ort, model=None):
        self.folder, self.tensor, self.expected, self.ort = folder, tensor, expected, ort
        self.model = model or os.path.join(folder, "model.onnx")


def make(name):
    """Writes model.onnx."""
    folder = os.path.join(GOLDEN, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    graph = builder.build(name)
    graph_outputs = list(graph.outputs)
    draft = graph.model({o: [1] for o in graph_outputs}).SerializeToString()
    expected = reference.run(onnxfile.load(draft), {graph.x: graph.input})
    model = graph.model({o: expected[o].shape for o in graph_outputs}).SerializeToString()
    with open(os.path.join(folder, "model.onnx"), "wb") as f:
        f.write(model)
    return Case(folder, graph.input, expected, graph.ort)


def make_edge(image="ship"):
    """The shipped model on one photograph."""
    folder = os.path.join(GOLDEN, "edge-cifar10")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with open(os.path.join(folder, "model.txt"), "w") as f:
        f.write("models/paper/edge-cifar10.onnx\n")
    path = os.path.join(ROOT, "models", "paper", "edge-cifar10.onnx")
    with open(path, "rb") as f:
        model = onnxfile.load(f.read())
    samples = os.path.join(ROOT, "tests", "data", "cifar10-sample", image)
    photo = os.path.join(samples, sorted(os.listdir(samples))[0])
    mean, std = (np.array([float(v) for v in model.metadata[f"winnow.input.{k}"].split(",")])
                 for k in ("mean", "std"))
    pixels = np.asarray(Image.open(photo).convert("RGB"), np.float64) / 255
    tensor = ((pixels - mean) / std).astype(np.float32).transpose(2, 0, 1)[None]
    return Case(folder, np.ascontiguousarray(tensor), reference.run(model, {"input": tensor}), True,
                path)


def difference(a, b):
    """The largest difference relative to b's largest value; infinite when the shapes differ."""
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-30) if a.shape == b.shape else np.inf


def run_ort(made, scratch):
    """Runs ONNX Runtime on every case that it takes; returns what it complained about."""
    args = []
    for name, case in made.items():
        if case.ort:
            tensor = os.path.join(scratch, name + ".npy")
            np.save(tensor, case.tensor)
            args += [case.model, tensor, os.path.join(scratch, name)]
    return subprocess.run(["node", os.path.join(HERE, "ort.mjs")] + args, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def main():
    names = sys.argv[1:] or list(builder.CASES) + ["edge-cifar10"]
    made = {n: make_edge() if n == "edge-cifar10" else make(n) for n in names}
    worst, alone = 0.0, 0
    with tempfile.TemporaryDirectory() as scratch:
        complaints = run_ort(made, scratch)
        for name, case in made.items():
            alone += not case.ort
            tensors = {"input": case.tensor}
            for output, value in case.expected.items():
                path = os.path.join(scratch, name, array_name(output) + ".npy")
                if os.path.exists(path):
                    reference_value, value = value, np.load(path)
                    delta = difference(value, reference_value)
                    worst = max(worst, delta)
                    if delta > 1e-5:
                        complaints += f"{name}: {output}: differs from the reference by {delta}\n"
                tensors["output/" + array_name(output)] = value.astype(np.float32)
            np.savez_compressed(os.path.join(case.folder, TENSORS), **tensors)
    print(f"{complaints}{len(made)} cases, {alone} of them by the reference alone; "
          f"ONNX Runtime and the reference differ by at most {worst:.2g}")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
