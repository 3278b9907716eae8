# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random networks through Winnow and ONNX Runtime: the same outputs, or both refuse.

Each network (networks.py) runs in Winnow fp32 as it is and with all its values as outputs, so that
nothing can be fused, with every instruction set, on one thread and on three (differ.c), and in ONNX
Runtime (differ.mjs).  The bound of a value is that of kernels that sum in another order, and how
far errors spread up to there: what ONNX Runtime makes of the network when each of its values is
off by networks.NOISE.  A network that fails is shrunk and kept.

env DIFFER: the program of differ.c; NODE_PATH: where onnxruntime-node is
usage: differ.py [--seconds S] [--found FOLDER] [FIRST-SEED [NETWORKS]]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "oracle")]

import numpy as np  # noqa: E402

import networks  # noqa: E402

SKIPPED = 77
OWN, SPREAD = 2e-5, 8  # of a value's largest number; times what the noise makes of it
# ONNX Runtime's LRN adds squares to a running sum and takes them off again: what a larger number
# leaves of it may be negative.
LRN_LARGEST = 1000

# What sums numbers that may cancel: ONNX Runtime adds them one after the other, however many.
MEANS = ("ReduceMean", "GlobalAveragePool", "AveragePool")

# What Winnow alone refuses, by its message, and why that is no fault.
WINNOW_REFUSES = {
    "it is supported on constants only": "no layer computes it per frame",
}


class Side:
    """A process that answers a line for each network."""

    def __init__(self, command):
        self.command, self.process = command, None

    def ask(self, *words):
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True)
        try:
            self.process.stdin.write(" ".join(words) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return line.strip()
        status = self.process.wait()
        self.process = None
        return f"died {status}"

    def close(self):
        if self.process:
            self.process.stdin.close()
            return self.process.wait()
        return 0


def write_tensors(path, arrays):
    with open(path, "wb") as file:
        for a in arrays:
            file.write(np.int32(a.ndim).tobytes() + np.array(a.shape, np.int64).tobytes())
            file.write(np.ascontiguousarray(a, np.float32).tobytes())


def read_tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    arrays, at = [], 0
    while at < len(data):
        rank = int(np.frombuffer(data, np.int32, 1, at)[0])
        shape = np.frombuffer(data, np.int64, rank, at + 4)
        n, start = int(np.prod(shape)), at + 4 + 8 * rank
        arrays.append(np.frombuffer(data, np.float32, n, start).reshape(shape))
        at = start + 4 * n
    return arrays


class Differ:
    def __init__(self, folder):
        self.folder = folder
        self.winnow = Side([os.environ["DIFFER"]])
        self.ort = Side(["node", os.path.join(HERE, "differ.mjs")])
        self.refused = self.loose = self.values = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def run_ort(self, g, outputs, noise):
        model = self.write("ort.onnx", g.model(outputs, noise))
        said = self.ort.ask(model, self.path("inputs"), self.path("ort"))
        return said, dict(zip(outputs, read_tensors(self.path("ort")))) if said == "ok" else {}

    def check(self, g, outputs):
        """What is wrong with the network, a line whose first words are its kind, and what ONNX
        Runtime says its values are; None: nothing."""
        write_tensors(self.path("inputs"), g.inputs.values())
        every = g.all_values()
        said, known = self.run_ort(g, every, False)
        if said != "ok":
            plain = self.winnow.ask(self.write("fused.onnx", g.model(outputs)), self.path("inputs"),
                                    self.path("fused"))
            return self.refusals(plain, said), {}
        values = {**g.inputs, **known}
        if any(n.op == "LRN" and np.max(np.abs(values[n.inputs[0]]), initial=0) > LRN_LARGEST
               for n in g.nodes if n.inputs[0] in values):
            self.refused += 1
            return None, {}
        noisy = self.run_ort(g, every, True)[1]
        makers = {v: node for node in g.nodes for v in node.outputs}
        bounds = {v: self.bound(known[v], noisy.get(v), values.get(makers[v].inputs[0])
                                if makers[v].op in MEANS else None) for v in every}
        for name, wanted in (("fused", outputs), ("apart", every)):
            model = self.write(name + ".onnx", g.model(wanted))
            said = self.winnow.ask(model, self.path("inputs"), self.path(name))
            if not said.startswith("ok"):
                return self.refusals(said, "ok", name), known
            for mask in said.split()[1:]:
                got = dict(zip(wanted, read_tensors(f"{self.path(name)}.{mask}")))
                for v in wanted:
                    node = makers[v]
                    wrong = self.compare(*self.sides(node, v, got[v], known, bounds))
                    if wrong:
                        return f"value, {name}: {v} ({node.op}) with {mask}: {wrong}", known
        return None, known

    def refusals(self, winnow, ort, name="fused"):
        if winnow.startswith(("died", "differs")) or ort.startswith("died"):
            return f"{'ort ' + ort if ort.startswith('died') else winnow}, {name}"
        if winnow.startswith("ok") == (ort == "ok"):
            return None
        if ort == "ok" and any(re.search(pattern, winnow) for pattern in WINNOW_REFUSES):
            self.refused += 1
            return None
        return (f"only Winnow, {name}: {winnow}" if ort == "ok" else
                f"only ONNX Runtime, {name}: {ort}")

    def sides(self, node, v, got, known, bounds):
        """(got, what it shall be, how near).  Where TopK says places, what is found there: the
        order of numbers that are nearly the same hangs on their last bits."""
        source = node.inputs[0]
        if node.op == "TopK" and v == node.outputs[1] and source in known:
            x, axis = known[source], node.attrs["axis"]
            if got.shape == known[v].shape and np.all((got >= 0) & (got < x.shape[axis])):
                return *(np.take_along_axis(x, places.astype(int), axis)
                         for places in (got, known[v])), bounds[source]
        return got, known[v], bounds[v]

    def bound(self, known, noisy, summed=None):
        """How near a value shall be to `known`, which is a mean of `summed`, if that is given."""
        finite = np.isfinite(known)
        largest = float(np.max(np.abs(known[finite]), initial=0))
        if summed is not None:
            largest = float(np.max(np.abs(summed[np.isfinite(summed)]), initial=largest))
        bound = OWN * largest + 1e-7
        if noisy is not None:
            finite &= np.isfinite(noisy)
            bound += SPREAD * float(np.max(np.abs(noisy[finite] - known[finite]), initial=0))
        self.values += 1
        self.loose += bound > 0.05 * largest + 1e-6
        return bound

    def compare(self, got, known, bound):
        """What is wrong with `got`; None: nothing."""
        if got.shape != known.shape:
            return f"its shape is {list(got.shape)}, not {list(known.shape)}"
        odd = ~np.isfinite(known)
        if not np.array_equal(got[odd], known[odd], equal_nan=True):
            at = np.argmax(odd & ~((got == known) | np.isnan(got) & np.isnan(known)))
            return f"element {at} is {got.flat[at]:g}, not {known.flat[at]:g}"
        error = np.where(odd, 0, np.abs(got.astype(np.float64) - np.where(odd, 0, known)))
        if not np.max(error, initial=0) <= bound:
            at = np.argmax(np.where(np.isnan(error), np.inf, error))
            return (f"element {at} is {got.flat[at]:.9g}, not {known.flat[at]:.9g} "
                    f"({bound:.1g} is allowed)")
        return None

    def shrink(self, g, outputs, wrong, known):
        """The smallest network found that is wrong in the same way."""
        kind = re.split("[,:]", wrong)[0]
        tries, again = 0, True
        while again and tries < 1500:
            again = False
            for small, wanted in g.smaller(known, outputs):
                tries += 1
                now, values = self.check(small, wanted) if small.nodes else (None, {})
                if now and re.split("[,:]", now)[0] == kind:
                    g, outputs, wrong, again = small, wanted, now, True
                    known = {**known, **values}
                    break
        return g, outputs, wrong

    def keep(self, folder, seed, g, outputs, wrong):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"differ-{seed}")
        with open(path + ".onnx", "wb") as file:
            file.write(g.model(outputs))
        for i, (name, array) in enumerate(g.inputs.items()):
            np.save(f"{path}-{i}-{name}.npy", array)
        print(f"seed {seed}: {wrong}\n  {path}.onnx, opset {g.opset}:", flush=True)
        print("  inputs", {n: a.shape for n, a in g.inputs.items()})
        for n in g.nodes:
            given = [f"{i}{list(g.inits[i].shape)}" if i in g.inits else i for i in n.inputs]
            print(f"  {n.op} {' '.join(given)} -> {n.outputs} {json.dumps(n.attrs)} "
                  f"{[g.shape(o) for o in n.outputs]}", flush=True)


def missing():
    if not shutil.which("node") or subprocess.run(
            ["node", "-e", "require('onnxruntime-node')"], stderr=subprocess.DEVNULL).returncode:
        return "node with onnxruntime-node (npm install onnxruntime-node, NODE_PATH) is not there"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, help="how long, instead of how many networks")
    parser.add_argument("--found", default="differ-found", help="folder for networks that fail")
    parser.add_argument("first", type=int, nargs="?", default=1)
    parser.add_argument("networks", type=int, nargs="?", default=300)
    options = parser.parse_args()
    if missing():
        print("SKIP:", missing())
        return SKIPPED
    end, failed, n = time.monotonic() + (options.seconds or 0), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        differ = Differ(folder)
        while n < options.networks if not options.seconds else time.monotonic() < end:
            seed = options.first + n
            n += 1
            g = networks.generate(seed)
            outputs = g.leaves()
            wrong, known = differ.check(g, outputs)
            if wrong:
                failed += 1
                differ.keep(options.found, seed, *differ.shrink(g, outputs, wrong, known))
        failed += differ.winnow.close() != 0
        differ.ort.close()
    print(f"{n} networks, {failed} wrong, {differ.refused} that one side refuses for a known "
          f"reason; of {differ.values} values {differ.loose} have a wide bound")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
