#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many lines of what reads foreign bytes the inputs of the fuzz targets reach.

coverage.py BUILD CORPUS: the targets, built with -fprofile-instr-generate -fcoverage-mapping, and a
folder of inputs for each.  Prints a line for each folder of the engine, and the files that are
reached least.
"""

import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ENGINE = HERE.parent.parent / "engine"
FOLDERS = ("load", "graph", "ipc", "preprocess")
SEEDS = {"load": "corpus", "network": "classifiers"}
WORST = 8


def tool(name):
    """With the version of clang behind it or without."""
    found = next((path for suffix in ("-14", "") if (path := shutil.which(name + suffix))), None)
    return found or sys.exit(f"coverage.py: no {name}; install llvm")


def replay(target, corpus, profile):
    name = target.name.removeprefix("libfuzz_")
    folders = [corpus / name, HERE / SEEDS.get(name, "none")]
    subprocess.run([target, "-runs=0", *filter(pathlib.Path.is_dir, folders)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={"LLVM_PROFILE_FILE": str(profile), "WINNOW_AUTO": "rule"})


def main():
    build, corpus = map(pathlib.Path, sys.argv[1:3])
    targets = sorted(path for path in (build / "tests/fuzz").glob("libfuzz_*") if path.is_file())
    with tempfile.TemporaryDirectory() as top:
        profiles = [pathlib.Path(top, target.name) for target in targets]
        for target, profile in zip(targets, profiles):
            replay(target, corpus, profile)
        merged = pathlib.Path(top, "merged")
        subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *profiles, "-o", merged],
                       check=True)
        libraries = list(build.glob("engine/libwinnow.so.*.*.*"))
        objects = [f"-object={path}" for path in targets[1:] + libraries]
        shown = subprocess.run([tool("llvm-cov"), "export", "-summary-only",
                                f"-instr-profile={merged}", targets[0], *objects, ENGINE],
                               check=True, stdout=subprocess.PIPE).stdout
    files = {pathlib.Path(file["filename"]): file["summary"]["lines"]
             for file in json.loads(shown)["data"][0]["files"]}
    sums = collections.defaultdict(lambda: [0, 0])
    for path, lines in files.items():
        folder = path.resolve().relative_to(ENGINE).parts[0]
        sums[folder][0] += lines["covered"]
        sums[folder][1] += lines["count"]
    for folder in FOLDERS:
        reached, count = sums[folder]
        print(f"{folder + '/':<12} {reached} of {count} lines, {100 * reached / count:.1f} %")
    worst = sorted((lines["percent"], path) for path, lines in files.items()
                   if path.resolve().relative_to(ENGINE).parts[0] in FOLDERS)[:WORST]
    print("least:", ", ".join(f"{path.name} {percent:.0f} %" for percent, path in worst))


main()
