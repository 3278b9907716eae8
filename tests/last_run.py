# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./test.sh says of its last run, over all builds.

usage: last_run.py FOLDER slowest N | failed.  FOLDER has a file <section>.json for each section of
the run, an object a line with the name of a test, its result and its duration in seconds, as Meson
logs them.
"""
import json
import pathlib
import sys

SLOW_S = 30  # a test that takes longer should be made smaller
LAST_LINES = 20  # of what a failed test wrote
PASSING = ("OK", "EXPECTEDFAIL", "SKIP")


def tests_of(folder):
    """[(section, test)] of the run."""
    tests = []
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            tests.append((path.stem, json.loads(line)))
    return tests


def line_of(section, test):
    name = test["name"].rpartition(" / ")[2]  # without Meson's project and suites
    notes = ([test["result"]] if test["result"] != "OK" else []) + (
        [f"slow: over {SLOW_S} s"] if test["duration"] > SLOW_S else [])
    return f"{test['duration']:7.1f} s  {section:14} {name:24} {', '.join(notes)}".rstrip()


def slowest(tests, n):
    if not tests:
        sys.exit("test.sh: no test has run; ./test.sh runs them")
    tests.sort(key=lambda found: (found[1]["duration"], found[0]), reverse=True)
    for section, test in tests[:int(n)]:
        print(line_of(section, test))


def failed(tests):
    """Each with the end of what it wrote, so that the end of a long log says why it failed."""
    for section, test in tests:
        if test["result"] not in PASSING:
            print(line_of(section, test))
            lines = (test.get("stdout", "") + test.get("stderr", "")).splitlines()
            print("".join(f"    {line}\n" for line in lines[-LAST_LINES:]), end="")


def main(folder, what, *arguments):
    {"slowest": slowest, "failed": failed}[what](tests_of(folder), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
