# SPDX-License-Identifier: LGPL-2.1-or-later
"""What compare.py compares: each side runs one block of frames in a process of its own.

block(case, threads, frames) returns a dictionary with the keys of `winnow bench --json` as far
as the side has them, and `busy`.  missing() says what to do about a peer that is not there,
fits(first) whether it runs what made the block `first` of winnow.  A case has a name, a model, and
the .npy file of its input as tensor; None: random values, each side its own.
"""

import json
import os
import resource
import shutil
import subprocess
import time

import onnxfile

HERE = os.path.dirname(os.path.abspath(__file__))
TRIES = 10


def busy_seconds():
    """Processor time that the machine has spent on anything."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, soft, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def child_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_json(command, **options):
    """What the command prints, and as `busy` the cores that others used meanwhile."""
    before, start = busy_seconds() - child_seconds(), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options)
    others = busy_seconds() - child_seconds() - before
    return {**json.loads(done.stdout), "busy": max(others, 0) / (time.monotonic() - start)}


def quiet_block(side, case, threads, frames, max_busy):
    """A block during which others used no more than max_busy cores; the quietest of some tries."""
    best = None
    for _ in range(TRIES):
        block = side.block(case, threads, frames)
        if best is None or block["busy"] < best["busy"]:
            best = block
        if best["busy"] <= max_busy:
            break
    return best


class Winnow:
    name = "winnow"

    def __init__(self, build, exits="on", precision="auto"):
        self.program = os.path.join(build, "apps", "winnow", "winnow")
        self.options = ["--exits", exits, "--precision", precision]

    def missing(self):
        return None if os.path.exists(self.program) else "build the project, or name --build DIR"

    def block(self, case, threads, frames, *more, **environment):
        given = ["--input", case.tensor] if case.tensor else []
        return run_json([self.program, "bench", case.model, *given, "--json",
                         "--threads", str(threads), "--frames", str(frames), *self.options, *more],
                        env={**os.environ, **environment})


class WithoutExits(Winnow):
    name = "without exits"

    def __init__(self, build):
        super().__init__(build, "off")

    def fits(self, first):
        return len(first["stages"]) > 1


class OnnxRuntime:
    name = "ONNX Runtime"
    extra = []

    def __init__(self, folder):
        self.tiny = os.path.join(folder, "tiny.onnx")
        with open(self.tiny, "wb") as f:
            f.write(onnxfile.make_model([onnxfile.make_node("Relu", ["x"], ["y"])],
                                        [("x", [1])], [("y", [1])]))

    def missing(self):
        command = ["node", "-e", "require('onnxruntime-node')"]
        if shutil.which("node"):
            if subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0:
                return None
        return ("install node, `npm install onnxruntime-node` in any folder, and name its "
                "node_modules in NODE_PATH")

    def fits(self, first):
        return True

    def block(self, case, threads, frames):
        return run_json(["node", "--expose-gc", os.path.join(HERE, "ort_bench.mjs"), self.tiny,
                         case.model, case.tensor or "random", str(threads), str(frames),
                         *self.extra])


class ExactOnnxRuntime(OnnxRuntime):
    """Its int8 kernels told not to saturate (session.x64quantprecision), as ours never do."""

    name = "ONNX Runtime, exact"
    extra = ["exact"]


class OneDnn:
    name = "oneDNN"

    def __init__(self, build):
        self.program = os.path.join(build, "tests", "peers", "onednn_bench")

    def missing(self):
        try:
            import layers  # noqa: F401
        except ImportError:
            return "install python3-onnx"
        if os.path.exists(self.program):
            return None
        return "install libdnnl-dev, then meson setup --reconfigure and build"

    def fits(self, first):
        return first["precision"] == "fp32"

    def block(self, case, threads, frames):
        return run_json([self.program, str(frames)], input=case.layers(),
                        env={**os.environ, "OMP_NUM_THREADS": str(threads)})
