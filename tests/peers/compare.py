# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times `winnow` beside other engines on the same networks, input and threads; prints Markdown.

Batch 1, the whole network, exits evaluated.  Blocks alternate (winnow, peer, winnow, ...), each
in a process of its own, so that an engine that waits costs the other nothing.  A time is the
median over the blocks of each block's median; a ratio is the median of the ratios of
neighbouring blocks, with the least and the greatest behind it.  Below 1 winnow is faster.

Peers: ONNX Runtime (onnxruntime-node, found through NODE_PATH), the whole network at its best
settings; oneDNN (libdnnl-dev when the project was configured), only the convolutions and matrix
products with bias and Relu in its preferred formats, everything else left out.
"busy" is how many cores other programs kept busy meanwhile: figures are good where it is 0.0.
Skipped (77) when there is no peer.  Networks are those of tests/golden/networks.py (needs
PyTorch), edge-cifar10, or paths of .onnx files.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "golden"), os.path.join(ROOT, "tests", "oracle")]

import onnxfile  # noqa: E402

DEFAULT_NETWORKS = "edge-cifar10,vggsmall,alexnet,resnet50-32,resnet50-224,mobilenetv2"
MEMORY_FRAMES = 30


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


class Winnow:
    name = "winnow"

    def __init__(self, build):
        self.program = os.environ.get("WINNOW", os.path.join(build, "apps", "winnow", "winnow"))

    def block(self, case, threads, frames, exits="on"):
        return run_json([self.program, "bench", case.model, "--input", case.tensor, "--json",
                         "--threads", str(threads), "--frames", str(frames), "--exits", exits])


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, tiny):
        self.tiny = tiny

    @staticmethod
    def missing():
        command = ["node", "-e", "require('onnxruntime-node')"]
        if shutil.which("node") and not subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
            return None
        return "install node and onnxruntime-node and name its node_modules in NODE_PATH"

    def block(self, case, threads, frames):
        return run_json(["node", "--expose-gc", os.path.join(HERE, "ort_bench.mjs"), self.tiny,
                         case.model, case.tensor, str(threads), str(frames)])


class OneDnn:
    name = "oneDNN"

    def __init__(self, build):
        self.program = os.path.join(build, "tests", "peers", "onednn_bench")

    def missing(self):
        if os.path.exists(self.program):
            return None
        return "install libdnnl-dev and configure the build again"

    def block(self, case, threads, frames):
        return run_json([self.program, str(frames)], input=case.layers(),
                        env={**os.environ, "OMP_NUM_THREADS": str(threads)})


class Case:
    """A network's file and one input for it."""

    def __init__(self, name, folder):
        self.name, self.model = os.path.splitext(os.path.basename(name))[0], name
        self.tensor = os.path.join(folder, self.name + ".npy")
        if name == "edge-cifar10":
            self.model = os.path.join(ROOT, "models", "edge-cifar10.onnx")
        if os.path.exists(self.model):
            with open(self.model, "rb") as f:
                shape = [d or 1 for d in onnxfile.load(f.read()).inputs[0].shape]
            x = np.random.RandomState(1).randn(*shape).astype(np.float32)
        else:
            x = self.make(folder)
        np.save(self.tensor, x)
        self.text = None

    def make(self, folder):
        import networks  # only this needs PyTorch
        self.model = os.path.join(folder, self.name + ".onnx")
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


def write_tiny(folder):
    """A network of one Relu on one element; see ort_bench.mjs."""
    from onnx import TensorProto, helper
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "tiny", info[:1], info[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    path = os.path.join(folder, "tiny.onnx")
    with open(path, "wb") as f:
        f.write(model.SerializeToString())
    return path


def alternate(sides, rounds):
    """Blocks of every side in turn: {name: [block of each round]}; sides: {name: function}."""
    blocks = {name: [] for name in sides}
    for _ in range(rounds):
        for name, block in sides.items():
            blocks[name].append(block())
    return blocks


def median(blocks, key="latency-median"):
    return statistics.median(b[key] for b in blocks)


def ratio(ours, theirs, key="latency-median"):
    """{median, min, max} of ours over theirs, round by round."""
    ratios = [a[key] / b[key] for a, b in zip(ours, theirs)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def measure(case, winnow, peers, threads, options):
    """Everything about one network with one number of threads."""
    first = winnow.block(case, threads, 3)
    frames = int(min(max(options.seconds * 1e9 / first["latency-median"], 5), 1000))
    sides = {winnow.name: lambda: winnow.block(case, threads, frames)}
    if len(first["stages"]) > 1:
        sides["without exits"] = lambda: winnow.block(case, threads, frames, "off")
    for peer in peers:
        sides[peer.name] = lambda peer=peer: peer.block(case, threads, frames)
    blocks = alternate(sides, options.rounds)
    record = {"network": case.name, "threads": threads, "precision": first["precision"],
              "frames": frames, "sides": {}}
    for name, side in blocks.items():
        record["sides"][name] = {key: median(side, key) for key in
                                 ("latency-median", "latency-min", "load-time", "busy")
                                 if key in side[0]}
        if name != winnow.name:
            record["sides"][name]["ratio"] = ratio(blocks[winnow.name], side)
    for side in [winnow] + [p for p in peers if isinstance(p, OnnxRuntime)]:
        memory = side.block(case, threads, MEMORY_FRAMES)
        record["sides"][side.name].update(
            {k: memory[k] for k in ("rss-growth-bytes", "call-overhead") if k in memory})
    return record


def ms(ns):
    return f"{ns / 1e6:.3g}" if ns < 1e8 else f"{ns / 1e6:.0f}"


def mib(n_bytes):
    return f"{n_bytes / 2**20:.1f}"


def print_table(head, rows):
    if not rows:
        return
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join(["---"] * 2 + ["---:"] * (len(head) - 2)) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def print_speed(records, peer):
    rows = []
    for r in records:
        if peer in r["sides"]:
            ours, theirs = r["sides"]["winnow"], r["sides"][peer]
            spread = theirs["ratio"]
            rows.append([r["network"], r["precision"], r["threads"], ms(ours["latency-median"]),
                         ms(theirs["latency-median"]), f"{spread['median']:.2f}",
                         f"{spread['min']:.2f}..{spread['max']:.2f}",
                         f"{max(ours['busy'], theirs['busy']):.1f}"])
    print_table(["network", "precision", "threads", "winnow ms", f"{peer} ms", "ratio", "spread",
                 "busy"], rows)


def print_load_and_memory(records, peer):
    rows = []
    for r in records:
        if peer in r["sides"]:
            ours, theirs = r["sides"]["winnow"], r["sides"][peer]
            row = [r["network"], r["precision"], r["threads"]]
            for key, text in (("load-time", ms), ("rss-growth-bytes", mib)):
                row += [text(ours[key]), text(theirs[key]), f"{ours[key] / theirs[key]:.2f}"]
            rows.append(row)
    print_table(["network", "precision", "threads", "winnow load ms", f"{peer} load ms", "ratio",
                 "winnow MiB", f"{peer} MiB", "ratio"], rows)


def print_exits(records):
    rows = []
    for r in records:
        if "without exits" in r["sides"]:
            ours, without = r["sides"]["winnow"], r["sides"]["without exits"]
            share = {k: 100 * (v - 1) for k, v in without["ratio"].items()}
            rows.append([r["network"], r["precision"], r["threads"], ms(ours["latency-median"]),
                         ms(without["latency-median"]), f"{share['median']:+.1f} %",
                         f"{share['min']:+.1f}..{share['max']:+.1f} %"])
    print_table(["network", "precision", "threads", "exits on ms", "exits off ms", "heads cost",
                 "spread"], rows)


def print_tables(records):
    for peer in ("ONNX Runtime", "oneDNN"):
        print_speed(records, peer)
    print_load_and_memory(records, "ONNX Runtime")
    print_exits(records)
    overhead = [r["sides"]["ONNX Runtime"]["call-overhead"] for r in records
                if "ONNX Runtime" in r["sides"]]
    if overhead:
        print(f"A call of ONNX Runtime on one element takes {statistics.median(overhead) / 1e3:.0f} us.")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--networks", default=DEFAULT_NETWORKS, metavar="A,B",
                        help=f"names or .onnx files (default {DEFAULT_NETWORKS})")
    parser.add_argument("--threads", default="1,2", metavar="N,M", help="default 1,2")
    parser.add_argument("--rounds", type=int, default=5, metavar="N",
                        help="blocks of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S",
                        help="about how long a block is (default 1)")
    parser.add_argument("--peers", default="ort,onednn", metavar="P,Q", help="default ort,onednn")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print one JSON object per row")
    return parser.parse_args()


def find_peers(options, folder):
    peers = []
    for name in options.peers.split(","):
        peer = {"ort": lambda: OnnxRuntime(write_tiny(folder)),
                "onednn": lambda: OneDnn(options.build)}[name]()
        missing = peer.missing()
        if missing:
            print(f"{peer.name} is left out: {missing}", file=sys.stderr)
        else:
            peers.append(peer)
    return peers


def main():
    options = parse()
    records = []
    with tempfile.TemporaryDirectory() as folder:
        winnow, peers = Winnow(options.build), find_peers(options, folder)
        if not peers:
            print("skipped: there is nothing to compare with")
            return 77
        for name in options.networks.split(","):
            case = Case(name, folder)
            for threads in map(int, options.threads.split(",")):
                records.append(measure(case, winnow, peers, threads, options))
                if options.json:
                    print(json.dumps(records[-1]), flush=True)
    if not options.json:
        print_tables(records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
