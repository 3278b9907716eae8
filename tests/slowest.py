# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `./test.sh --slowest` prints: the slowest tests of its last run, over all builds.

usage: slowest.py FOLDER N.  FOLDER has a file <section>.json for each section of the run, an object
a line with the name of a test, its result and its duration in seconds, as Meson logs them.
"""
import json
import pathlib
import sys

SLOW_S = 30  # a test that takes longer should be made smaller


def tests_of(folder):
    """[(seconds, section, name, result)] of the run."""
    tests = []
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            name = test["name"].rpartition(" / ")[2]  # without Meson's project and suites
            tests.append((test["duration"], path.stem, name, test["result"]))
    return tests


def main(folder, n):
    tests = tests_of(folder)
    if not tests:
        sys.exit("test.sh: no test has run; ./test.sh runs them")
    for seconds, section, name, result in sorted(tests, reverse=True)[:int(n)]:
        notes = ([result] if result != "OK" else []) + (
            [f"slow: over {SLOW_S} s"] if seconds > SLOW_S else [])
        print(f"{seconds:7.1f} s  {section:14} {name:24} {', '.join(notes)}".rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:])
