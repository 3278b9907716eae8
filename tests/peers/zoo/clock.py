# SPDX-License-Identifier: LGPL-2.1-or-later
"""Times one file of the zoo in winnow and in ONNX Runtime, one thread each on the same core.

    clock.py FOLDER BUILD

Blocks alternate, each a process of its own, as in compare.py; time.json gets the medians and the
ratio of neighbouring blocks.
"""

import json
import os
import statistics
import sys
import tempfile
from types import SimpleNamespace

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.dirname(HERE)
sys.path[:0] = [PEERS, os.path.join(os.path.dirname(PEERS), "oracle")]

import compare  # noqa: E402
import peer  # noqa: E402
import sides  # noqa: E402

ROUNDS = 3
SECONDS = 0.4  # of a block
FEWEST_FRAMES = 3
CORE = ["taskset", "-c", str(max(os.sched_getaffinity(0)))]


def winnow_block(build, case, made, n_frames):
    return sides.run_json([*CORE, os.path.join(build, "apps", "winnow", "winnow"), "bench",
                           case.model, "--input", case.tensor, "--json", "--threads", "1",
                           "--frames", str(n_frames), "--precision", made["precision"],
                           *made["arguments"]])


def peer_block(folder, n_frames):
    return sides.run_json([*CORE, sys.executable, os.path.join(HERE, "peer.py"), folder,
                           str(n_frames)])


def measure(folder, build):
    made = {}
    for name in ("made.json", "result.json"):
        with open(os.path.join(folder, name)) as f:
            made.update(json.load(f))
    with tempfile.TemporaryDirectory() as scratch:
        case = SimpleNamespace(model=os.path.join(folder, made["file"]),
                               tensor=os.path.join(scratch, "x.npy"))
        np.save(case.tensor, peer.first_input(made).astype(np.float32))
        first = winnow_block(build, case, made, FEWEST_FRAMES)
        n_frames = int(min(max(SECONDS * 1e9 / first["latency-median"], FEWEST_FRAMES),
                           compare.MAX_FRAMES))
        blocks = [(winnow_block(build, case, made, n_frames), peer_block(folder, n_frames))
                  for _ in range(ROUNDS)]
    ours, theirs = zip(*blocks)
    return {"winnow-ns": statistics.median(b["latency-median"] for b in ours),
            "peer-ns": statistics.median(b["latency-median"] for b in theirs),
            "ratio": compare.ratio(ours, theirs),
            "peer-version": theirs[0]["version"], "processor": compare.processor(),
            "busy": max(b["busy"] for b in ours + theirs)}


def main():
    folder, build = os.path.abspath(sys.argv[1]), sys.argv[2]
    measured = measure(folder, build)
    with open(os.path.join(folder, "time.json"), "w") as f:
        json.dump(measured, f, indent=1)


if __name__ == "__main__":
    main()
