# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times `winnow` beside other engines on the same networks, input and threads; prints Markdown.

Batch 1, the whole network, exits evaluated.  Blocks alternate (winnow, peer, winnow, ...), each
in a process of its own, so that an engine that waits costs the other nothing.  A time is the
median over the blocks of each block's median; a ratio is the median of the ratios of
neighbouring blocks, with the least and the greatest behind it.  Below 1 winnow is better.
"busy" is how many cores other programs kept busy meanwhile: figures are good where it is 0.0.
Memory is how much the peak of a fresh process grew from before loading to after 30 frames.

Peers: ONNX Runtime (onnxruntime-node, found through NODE_PATH), the whole network at its best
settings; oneDNN (libdnnl-dev when the project was configured), only the convolutions and matrix
products of fp32 networks with bias and Relu in its preferred formats, everything else left out.
Skipped (77) when there is no peer.  Networks are those of tests/golden/networks.py (needs
PyTorch), edge-cifar10, or paths of .onnx files.
"""

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "golden"), os.path.join(ROOT, "tests", "oracle")]

import cases  # noqa: E402
import sides  # noqa: E402

PEERS = {"ort": lambda options, folder: sides.OnnxRuntime(folder),
         "onednn": lambda options, folder: sides.OneDnn(options.build),
         "ort-exact": lambda options, folder: sides.ExactOnnxRuntime(folder)}
DEFAULT_PEERS = "ort,onednn"
MEMORY_FRAMES = 30
MAX_FRAMES = 1000


# ---- measuring -------------------------------------------------------------------------------


def ratio(ours, theirs):
    """{median, min, max} of ours over theirs, round by round."""
    ratios = [a["latency-median"] / b["latency-median"] for a, b in zip(ours, theirs)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def summary(blocks):
    keys = ("latency-median", "latency-min", "load-time", "macs-per-second", "busy")
    return {k: statistics.median(b[k] for b in blocks) for k in keys if k in blocks[0]}


def n_frames(first, options):
    """How many frames make a block, from a first one."""
    return int(min(max(options.seconds * 1e9 / first["latency-median"], 5), MAX_FRAMES))


def measure(case, winnow, peers, threads, options):
    """Everything about one network with one number of threads."""
    first = winnow.block(case, threads, 3)
    frames = n_frames(first, options)
    others = [p for p in peers if p.fits(first)]
    blocks = {side.name: [] for side in [winnow] + others}
    for _ in range(options.rounds):
        for side in [winnow] + others:
            blocks[side.name].append(
                sides.quiet_block(side, case, threads, frames, options.max_busy))
    results = {name: summary(b) for name, b in blocks.items()}
    for side in others:
        results[side.name]["ratio"] = ratio(blocks[winnow.name], blocks[side.name])
    for side in [winnow] + [p for p in others if isinstance(p, sides.OnnxRuntime)]:
        memory = side.block(case, threads, MEMORY_FRAMES)
        results[side.name].update({k: memory[k] for k in ("rss-growth-bytes", "call-overhead")
                                   if k in memory})
    versions = {p.name: blocks[p.name][0].get("version") for p in others}
    versions = {k: v for k, v in versions.items() if v}
    return {"network": case.name, "precision": first["precision"], "threads": threads,
            "frames": frames, "rounds": options.rounds, "sides": results,
            "versions": versions}


# ---- printing --------------------------------------------------------------------------------


def ms(ns):
    return f"{ns / 1e6:.3g}" if ns < 1e8 else f"{ns / 1e6:.0f}"


def mib(n_bytes):
    return f"{n_bytes / 2**20:.1f}"


def print_table(head, rows):
    if not rows:
        return
    head = ["network", "precision", "threads"] + head
    print("| " + " | ".join(head) + " |")
    print("|---|---|" + "---:|" * (len(head) - 2))
    for record, row in rows:
        print("| " + " | ".join([record["network"], record["precision"], str(record["threads"])] +
                                row) + " |")
    print()


def with_side(records, name):
    return [(r, r["sides"]["winnow"], r["sides"][name]) for r in records if name in r["sides"]]


def print_speed(records, peer):
    rows = [(r, [ms(ours["latency-median"]), ms(theirs["latency-median"]),
                 "{median:.2f}".format(**theirs["ratio"]),
                 "{min:.2f}..{max:.2f}".format(**theirs["ratio"]),
                 f"{max(ours['busy'], theirs['busy']):.1f}"])
            for r, ours, theirs in with_side(records, peer)]
    print_table(["winnow ms", f"{peer} ms", "ratio", "spread", "busy"], rows)


def print_load_and_memory(records, peer):
    rows = [(r, [cell for key, text in (("load-time", ms), ("rss-growth-bytes", mib))
                 for cell in (text(ours[key]), text(theirs[key]),
                              f"{ours[key] / theirs[key]:.2f}")])
            for r, ours, theirs in with_side(records, peer)]
    print_table(["winnow load ms", f"{peer} load ms", "ratio", "winnow MiB", f"{peer} MiB",
                 "ratio"], rows)


def print_exits(records):
    rows = []
    for r, ours, without in with_side(records, "without exits"):
        share = {k: 100 * (v - 1) for k, v in without["ratio"].items()}
        rows.append((r, [ms(ours["latency-median"]), ms(without["latency-median"]),
                         "{median:+.1f} %".format(**share),
                         "{min:+.1f}..{max:+.1f} %".format(**share)]))
    print_table(["with exits ms", "without ms", "heads cost", "spread"], rows)


def processor():
    with open("/proc/cpuinfo") as f:
        name = re.search(r"^(?:model name|Model)\s*:\s*(.+)", f.read(), re.M)
    return f"{name[1] if name else 'unknown processor'}, {os.cpu_count()} cores"


def print_tables(records):
    versions = {k: v for r in records for k, v in r["versions"].items()}
    print("; ".join([processor()] + [f"{k} {v}" for k, v in versions.items()]) + "\n")
    for peer in (sides.OnnxRuntime.name, sides.ExactOnnxRuntime.name, sides.OneDnn.name):
        print_speed(records, peer)
    print_load_and_memory(records, sides.OnnxRuntime.name)
    print_exits(records)
    overhead = [theirs["call-overhead"] for _, _, theirs in with_side(records, "ONNX Runtime")]
    if overhead:
        print("Of ONNX Runtime's times, "
              f"{statistics.median(overhead) / 1e3:.0f} us are the call from JavaScript.")


# ---- the command -----------------------------------------------------------------------------


def positive_list(text):
    values = [int(v) for v in text.split(",")]
    if min(values) < 1:
        raise ValueError
    return values


def add_options(parser):
    """Those that floor.py has too."""
    names = ",".join(cases.NAMES)
    parser.add_argument("--networks", default=names, metavar="A,B",
                        help=f"names or .onnx files (default {names})")
    parser.add_argument("--threads", type=positive_list, default=[1, 2], metavar="N,M",
                        help="default 1,2")
    parser.add_argument("--rounds", type=int, default=5, metavar="N",
                        help="blocks of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S",
                        help="about how long a block is (default 1)")
    parser.add_argument("--max-busy", type=float, default=math.inf, metavar="B",
                        help="repeat blocks during which others kept more cores busy, at most "
                        f"{sides.TRIES} times (default: do not)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="DIR",
                        help="the build folder (default build)")


def check_options(parser, options):
    for name in options.networks.split(","):
        if name.removesuffix("-int8") not in cases.NAMES and not os.path.isfile(name):
            parser.error(f"--networks {name}: neither a file nor one of {','.join(cases.NAMES)}, "
                         "with -int8 behind it or not")
    if options.rounds < 1 or not 0 < options.seconds <= 60:
        parser.error("--rounds must be at least 1, --seconds between 0 and 60")


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--peers", default=DEFAULT_PEERS, metavar="P,Q",
                        help=f"of {','.join(PEERS)} (default {DEFAULT_PEERS}); ort-exact: int8 "
                        "kernels that do not saturate")
    parser.add_argument("--json", action="store_true",
                        help="print one JSON object per network and number of threads")
    options = parser.parse_args()
    check_options(parser, options)
    for name in options.peers.split(","):
        if name not in PEERS:
            parser.error(f"--peers {name}: not one of {','.join(PEERS)}")
    return options


def find_peers(options, folder):
    found = []
    for name in options.peers.split(","):
        peer = PEERS[name](options, folder)
        missing = peer.missing()
        if missing:
            print(f"{peer.name} is left out: {missing}", file=sys.stderr)
        else:
            found.append(peer)
    return found


def compare(options, folder):
    records = []
    winnow, peers = sides.Winnow(options.build), find_peers(options, folder)
    if winnow.missing():
        sys.exit(f"{winnow.program} is missing: {winnow.missing()}")
    if not peers:
        print("skipped: there is no peer to compare with")
        return 77
    peers.append(sides.WithoutExits(options.build))
    for name in options.networks.split(","):
        try:
            case = cases.Case(name, folder, winnow.program)
        except ImportError as error:
            print(f"{name} is left out: {error}; install python3-torch", file=sys.stderr)
            continue
        for threads in options.threads:
            records.append(measure(case, winnow, peers, threads, options))
            if options.json:
                print(json.dumps(records[-1]), flush=True)
    if not records:
        print("skipped: there is no network to compare on")
        return 77
    if not options.json:
        print_tables(records)
    return 0


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        try:
            return compare(options, folder)
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error.cmd[0]} ended with status {error.returncode}")


if __name__ == "__main__":
    sys.exit(main())
