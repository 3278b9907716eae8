# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the instructions of one frame on 64-bit Arm, without a board; prints Markdown.

QEMU runs Winnow and ONNX Runtime (its own build for arm64, in onnxruntime-node, found through
NODE_PATH) on the same files and the same input with one thread, as a processor of the name given,
and a plugin of it counts.  A frame is what a run of 2 N frames takes more than one of N,
divided by N, so that neither start nor loading is in it.  The network alone: preprocessing is left
out on both sides, exits are computed.  Instructions are no time: arm_loops.py has what
processors make of them.

The first run downloads QEMU, Node.js for arm64 and the libraries for the build (Debian 12's), and
builds in build-arm64/.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import arm_tools

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oracle"))

import cases  # noqa: E402

# QEMU's processors, and what Linux would say of them, which ONNX Runtime looks at.
PROCESSORS = {
    "cortex-a53": ("0xd03", "fp asimd evtstrm crc32 cpuid"),
    "cortex-a72": ("0xd08", "fp asimd evtstrm crc32 cpuid"),
    "cortex-a76": ("0xd0b", "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp "
                            "cpuid asimdrdm lrcpc dcpop asimddp"),
}
KINDS = ("float", "dot", "matrix", "long", "short")  # as count_insns.c names them


# ---- counting --------------------------------------------------------------------------------


def make_plugin():
    plugin = os.path.join(arm_tools.FOLDER, "count_insns.so")
    os.makedirs(arm_tools.FOLDER, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", plugin,
                    os.path.join(HERE, "count_insns.c")], check=True)
    return plugin


class Counter:
    """Runs programs as one processor and counts."""

    def __init__(self, cpu, plugin, folder):
        self.cpu, self.log = cpu, os.path.join(folder, "count.log")
        self.qemu = [*arm_tools.qemu(), "-plugin", plugin, "-d", "plugin", "-D", self.log]

    def count(self, command):
        """What the program printed, and {kind: instructions}."""
        done = subprocess.run([*self.qemu, *command], stdout=subprocess.PIPE, text=True,
                              check=True, env={**os.environ, "QEMU_CPU": self.cpu})
        with open(self.log) as f:
            counts = {k: int(v) for k, v in (pair.split("=") for pair in f.read().split())}
        return json.loads(done.stdout), counts

    def frame(self, command, frames):
        """Of one frame, where `command` takes their number last."""
        said, some = self.count([*command, str(frames)])
        _, more = self.count([*command, str(2 * frames)])
        return {**said, **{k: (more[k] - some[k]) / frames for k in some}}


class Winnow:
    name = "winnow"

    def missing(self):
        return None

    def command(self, cpu):
        libraries = os.path.join(arm_tools.SYSROOT, "usr/lib/aarch64-linux-gnu")
        return ["-L", arm_tools.CROSS, "-E", "LD_LIBRARY_PATH=" + libraries,
                os.path.join(arm_tools.BUILD, "tests", "arm_frames")]


class OnnxRuntime:
    name = "ONNX Runtime"

    def missing(self):
        for folder in os.environ.get("NODE_PATH", "").split(":"):
            if os.path.isdir(os.path.join(folder, "onnxruntime-node", "bin")):
                return None
        return "name the node_modules that have onnxruntime-node in NODE_PATH"

    def command(self, cpu):
        root = arm_tools.root("node")
        describe(root, *PROCESSORS[cpu])
        # Neither compiled nor collected at odd times, a frame's JavaScript takes next to nothing.
        return ["-L", root, os.path.join(root, "usr/bin/node"), "--jitless", "--no-expose-wasm",
                "--single-threaded", "--no-memory-reducer", "--no-scavenge-task",
                os.path.join(HERE, "arm_ort.mjs")]


def describe(root, part, features):
    """Puts one core of that kind into the root's /proc and /sys, where QEMU looks first; what this
    machine's own say is of another processor, and ends ONNX Runtime's start."""
    system = os.path.join(root, "sys/devices/system/cpu")
    os.makedirs(system, exist_ok=True)
    os.makedirs(os.path.join(root, "proc"), exist_ok=True)
    for name in ("possible", "present", "online", "kernel_max"):
        with open(os.path.join(system, name), "w") as f:
            f.write("0\n")
    with open(os.path.join(root, "proc/cpuinfo"), "w") as f:
        f.write(f"processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: {features}\n"
                "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\n"
                f"CPU part\t: {part}\nCPU revision\t: 3\n\n")


def count(case, cpu, sides, plugin, options, folder):
    counter = Counter(cpu, plugin, folder)
    record = {"network": case.name, "processor": cpu}
    for side in sides:
        command = [*side.command(cpu), case.model, case.tensor]
        record[side.name] = counter.frame(command, options.frames)
    return record


# ---- printing --------------------------------------------------------------------------------


def millions(counts):
    return f"{counts['all'] / 1e6:.1f}"


def multiplying(counts):
    return ", ".join(f"{counts[k] / 1e6:.1f} {k}" for k in KINDS if counts[k] >= 5e4)


def print_table(records, sides):
    print("Instructions of a frame in millions" + "".join(
        f"; {side.name} {records[0][side.name]['version']}" for side in sides[1:]) + "\n")
    ratio = ["ratio"] if len(sides) > 1 else []
    head = ["network", "precision", "processor", "sets", *(s.name for s in sides), *ratio,
            *(f"{s.name}: multiplying" for s in sides)]
    print("| " + " | ".join(head) + " |")
    print("|---|---|---|---|" + "---:|" * (len(head) - 4))
    for r in records:
        counts = [r[side.name] for side in sides]
        cells = [r["network"], counts[0]["precision"], r["processor"],
                 counts[0]["sets"].replace(",", ", "), *map(millions, counts)]
        if ratio:
            cells.append(f"{counts[0]['all'] / counts[1]['all']:.2f}")
        print("| " + " | ".join([*cells, *map(multiplying, counts)]) + " |")


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL.onnx")
    parser.add_argument("--cpus", default="cortex-a72,cortex-a76", metavar="A,B",
                        help=f"of {','.join(PROCESSORS)} (default cortex-a72,cortex-a76)")
    parser.add_argument("--frames", type=int, default=2, metavar="N", help="default 2")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args()
    for model in options.models:
        if not os.path.isfile(model):
            parser.error(f"{model}: there is no such file; name networks as .onnx files")
    for cpu in options.cpus.split(","):
        if cpu not in PROCESSORS:
            parser.error(f"--cpus {cpu}: not one of {','.join(PROCESSORS)}")
    if options.frames < 1:
        parser.error("--frames must be at least 1")
    return options


def count_all(sides, options):
    plugin, records = make_plugin(), []
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            try:
                case = cases.Case(model, folder)
            except ValueError as error:
                sys.exit(f"{model} is no ONNX file: {error}")
            for cpu in options.cpus.split(","):
                records.append(count(case, cpu, sides, plugin, options, folder))
                if options.json:
                    print(json.dumps(records[-1]), flush=True)
    return records


def main():
    options = parse()
    arm_tools.build()
    sides = [Winnow(), OnnxRuntime()]
    for side in sides[1:]:
        if side.missing():
            print(f"{side.name} is left out: {side.missing()}", file=sys.stderr)
    sides = [side for side in sides if not side.missing()]
    try:
        records = count_all(sides, options)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd[-4:])} ended with status {error.returncode}")
    if not options.json:
        print_table(records, sides)


if __name__ == "__main__":
    main()
