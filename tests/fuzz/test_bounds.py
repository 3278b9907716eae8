# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opening a file takes no more memory and time than docs/models.md says, whatever it asks for.

env OPEN_COST: the program of open_cost.c.  usage: test_bounds.py [WORD...]  those with a word in
their name, and what each takes
"""

import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "oracle")]

import hostile_size  # noqa: E402

GIB = 1 << 30


def bounds():
    """The fixed part in bytes, the multiple of the file's size, and seconds, as they are stated."""
    with open(os.path.join(ROOT, "docs", "models.md")) as file:
        text = " ".join(file.read().split())
    said = re.search(r"at most (\d+) GiB and (\d+) times the file's size.*?(\d+) s of", text)
    return int(said[1]) * GIB, int(said[2]), int(said[3])


def main():
    fixed, multiple, most_s = bounds()
    words, failed, n, most, longest = sys.argv[1:], 0, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")
        for name, data in hostile_size.sizes():
            if words and not any(word in name for word in words):
                continue
            with open(path, "wb") as file:
                file.write(data)
            done = subprocess.run([os.environ["OPEN_COST"], path], capture_output=True, text=True,
                                  timeout=600)
            n += 1
            if done.returncode:
                failed += 1
                print(f"FAIL {name}: status {done.returncode}: {done.stderr.strip()}")
                continue
            taken, seconds = int(done.stdout.split()[0]), float(done.stdout.split()[1])
            most, longest = max(most, taken), max(longest, seconds)
            good = taken <= fixed + multiple * len(data) and seconds <= most_s
            failed += not good
            if words or not good:
                print(f"{'' if good else 'FAIL '}{name}: {taken >> 20} MiB, {seconds} s: "
                      f"{done.stderr.strip()}")
    print(f"{n} files, at most {most >> 20} MiB and {longest:.1f} s, {failed} failed")
    return failed > 0 or most == 0


if __name__ == "__main__":
    sys.exit(main())
