#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs clang-tidy (.clang-tidy says what it looks for) over what a build folder compiles:

    tests/style/tidy.py [BUILD]

BUILD (default: build) has compile_commands.json.  Prints the findings; the exit status is 0 if
there are none.  A source that is compiled several times, as kernels are for each instruction set,
is looked at once.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("engine", "common", "gst-plugin", "apps", "tests")
TIDY = "clang-tidy-14"  # another version finds other things


def options_of(command):
    """Those of the command, whatever compiler, or cache before it, the build has."""
    words = shlex.split(command)
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    return [word for word in words[first:] if not word.startswith("-fdiagnostics-color")]


def as_clang(command):
    return ["clang", *options_of(command), "-Wno-unknown-warning-option"]


def once_each(build, as_other=as_clang):
    """{source: its entry}, without what the build itself makes."""
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if any(source.is_relative_to(ROOT / folder) for folder in FOLDERS):
            entries.setdefault(str(source), {"directory": entry["directory"], "file": str(source),
                                             "arguments": as_other(entry["command"])})
    return entries


def tidy(source, database):
    """(whether it is clean, what is said of it)"""
    done = subprocess.run([TIDY, "--quiet", "-p", database, source], cwd=ROOT, text=True,
                          capture_output=True)
    # On stderr are counts of what was not shown; and why it failed, if it found nothing.
    return done.returncode == 0, done.stdout or (done.stderr if done.returncode else "")


def build_given():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve()
    if not (build / "compile_commands.json").is_file():
        sys.exit(f"{build}: no compile_commands.json; build it first")
    return build


def report_all(look, what):
    """Prints what look(), which gives (clean, text), says of each; the exit status."""
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        results = list(threads.map(look, what))
    print("".join(said for _, said in results), end="")
    return 0 if all(clean for clean, _ in results) else 1


def main():
    build = build_given()
    if shutil.which(TIDY) is None:
        sys.exit(f"tidy.py: {TIDY} is missing; './test.sh --deps-only' installs it")
    entries = once_each(build)
    database = build / "tidy"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps(list(entries.values()), indent=1))
    return report_all(lambda source: tidy(source, database), sorted(entries))


if __name__ == "__main__":
    sys.exit(main())
