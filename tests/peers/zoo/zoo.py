#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes classifiers with the tools that people use, runs them in winnow and in ONNX Runtime.

Four steps, all of them unless some are named:

    make    the tools write their files: random weights, seed 0; what is there stays
    check   each file in winnow and in ONNX Runtime: accepted, and do they agree (see judge.py)
    time    one thread on one core, alternating, files that agree only
    table   prints what is known so far, as Markdown or as JSON

and one that stands for itself:

    pictures  what winnow makes of twenty photographs beside what the tools' own libraries make of
              them, as Markdown; status 1: a row is further away than it may be

The tools come from PyPI, pinned in requirements/, into virtual environments of their own under
the folder.  All files together take about 60 GB and some hours; --largest 100 leaves the networks
with more than 100 million parameters out, --only A,B takes files whose GROUP/NAME has one of the
words.
"""

import argparse
import json
import os
import subprocess
import sys
import venv

import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
STEPS = ("make", "check", "time", "table")
PICTURES = "pictures"
JUDGE = "torch"  # the environment that has ONNX Runtime
MAKERS = (("make_torch.py", "torch"), ("make_forms.py", "torch"), ("make_quantised.py", "torch"),
          ("make_hub.py", "torch"), ("make_keras.py", "keras"), ("make_optimum.py", "optimum"),
          ("make_paddle.py", "paddle"), ("make_brevitas.py", "brevitas"),
          ("make_nncf.py", "nncf"))
PHOTOGRAPHERS = (("pictures_torch.py", "torch"), ("pictures_keras.py", "keras"),
                 ("pictures_paddle.py", "paddle"))


def python_of(options, name):
    """The interpreter of environment NAME, made on first use."""
    folder = os.path.join(options.folder, "venvs", name)
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(os.path.join(folder, "ready")):
        print(f"installing {name}", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r",
                        os.path.join(HERE, "requirements", name + ".txt")], check=True)
        open(os.path.join(folder, "ready"), "w").close()
    return python


def files_of(options):
    return os.path.join(options.folder, "files")


def make(options):
    for script, name in MAKERS:
        subprocess.run([python_of(options, name), os.path.join(HERE, script), files_of(options),
                        "--only", options.only, "--largest", str(options.largest),
                        *["--quick"] * options.quick], check=True)


def chosen(options, wanted):
    """Records of files that were made and that `wanted` takes."""
    return [r for r in table.records(files_of(options), options.only)
            if "error" not in r and wanted(r)]


def each(options, script, records, *arguments):
    """Runs the script on every file; one that breaks it is named and left as it was."""
    python = python_of(options, JUDGE)
    for i, record in enumerate(records):
        name = f"{record['group']}/{record['name']}"
        print(f"{i + 1}/{len(records)} {name}", file=sys.stderr)
        done = subprocess.run([python, os.path.join(HERE, script), record["folder"], *arguments])
        if done.returncode:
            print(f"{name}: {script} ended with status {done.returncode}", file=sys.stderr)


def check(options):
    """With --failing only files that did not agree the last time."""
    again = chosen(options, lambda r: not (options.failing and r.get("agrees")))
    each(options, "check.py", again, os.path.join(options.build, "apps", "winnow", "winnow"))


def time(options):
    each(options, "clock.py", chosen(options, lambda r: r.get("agrees")), options.build)


def print_table(options):
    records = table.records(files_of(options), options.only)
    if options.json:
        for record in records:
            print(json.dumps({k: v for k, v in record.items() if k != "folder"}))
    else:
        print(table.markdown(records))


def compare_pictures(options):
    folder = os.path.join(options.folder, PICTURES)
    judge = python_of(options, JUDGE)
    subprocess.run([judge, os.path.join(HERE, "photos.py"), os.path.join(folder, "photos")],
                   check=True)
    for script, name in PHOTOGRAPHERS:
        subprocess.run([python_of(options, name), os.path.join(HERE, script), folder, "--only",
                        options.only], check=True, stdout=sys.stderr)
    sys.exit(subprocess.run([judge, os.path.join(HERE, "pictures.py"), folder, options.build,
                             "--only", options.only]).returncode)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join((*STEPS, PICTURES)))
    parser.add_argument("--folder", default=os.path.join(ROOT, "build", "zoo"), metavar="DIR",
                        type=os.path.abspath, help="where everything lies (default build/zoo)")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="DIR",
                        type=os.path.abspath, help="the build folder (default build)")
    parser.add_argument("--only", default="", metavar="A,B", help="files with one of these words")
    parser.add_argument("--largest", type=float, default=1e9, metavar="MILLIONS",
                        help="leave networks with more parameters out")
    parser.add_argument("--quick", action="store_true",
                        help="make architectures with PyTorch's old exporter, in a third of the "
                        "time")
    parser.add_argument("--failing", action="store_true",
                        help="check only what did not agree the last time")
    parser.add_argument("--json", action="store_true", help="one JSON object per file")
    options = parser.parse_args()
    if unknown := [s for s in options.steps if s not in (*STEPS, PICTURES)]:
        parser.error(f"{unknown[0]} is no step; there are {', '.join((*STEPS, PICTURES))}")
    for step, act in zip(STEPS, (make, check, time, print_table)):
        if step in (options.steps or STEPS):
            act(options)
    if PICTURES in options.steps:
        compare_pictures(options)


if __name__ == "__main__":
    main()
