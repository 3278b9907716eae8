# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file of twice as many parts takes about twice the work to open, whatever the parts are.

Work is instructions, counted by valgrind.  Of n, 2n and 4n parts the second step may take MOST
times the first: 2 were linear, 4 the square.

env WINNOW: the program.  usage: test_growth.py [WORD...]  those with a word in their name, and what
each takes
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "oracle")]

import hostile_many  # noqa: E402

PARTS, MOST = 1100, 2.8  # room for tables that double
SKIPPED = 77


def instructions(data, folder, name):
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(data)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}",
         os.environ["WINNOW"], "inspect", path, "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    os.unlink(path)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not counted:
        raise RuntimeError(f"{name}: status {done.returncode}: {done.stderr[-600:]}")
    return int(counted[1])


def growth(kind, folder):
    """(instructions for each size, how much more the second step takes than the first)."""
    name = kind.__name__
    costs = [instructions(kind(PARTS << k), folder, f"{name}-{k}") for k in range(3)]
    return costs, (costs[2] - costs[1]) / max(costs[1] - costs[0], 1)


def main():
    if not shutil.which("valgrind"):
        print("SKIP: valgrind is not installed")
        return SKIPPED
    words, failed = sys.argv[1:], 0
    kinds = [k for k in hostile_many.KINDS if not words or any(w in k.__name__ for w in words)]
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        for kind, (costs, ratio) in zip(kinds, threads.map(lambda k: growth(k, folder), kinds)):
            failed += ratio > MOST
            if words or ratio > MOST:
                print(f"{'FAIL ' if ratio > MOST else ''}{kind.__name__}: "
                      f"{', '.join(str(c // 10 ** 6) for c in costs)} million instructions, "
                      f"a step of {ratio:.2f} times the one before")
    print(f"{len(kinds)} kinds of files, {failed} grow too fast")
    return failed > 0 or not kinds


if __name__ == "__main__":
    sys.exit(main())
