#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many lines of what reads foreign bytes the inputs of the fuzz targets reach.

coverage.py BUILD CORPUS [FILE]: the targets, built with -fprofile-instr-generate and
-fcoverage-mapping, and a folder of inputs for each.  Prints a line for each folder of the engine,
and the files that are reached least.  Some lines no input can lead to, since memory or a call of
the C library has to fail; tests/fuzz/no_memory and tests/fault/faults of the same build make them:
the second number is of all together.  FILE gets the lines that no input reaches; those that such a
failure does are marked.
"""

import collections
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ENGINE = HERE.parent.parent / "engine"
GOLDEN = HERE.parent / "data/golden"
FOLDERS = ("load", "graph", "ipc", "preprocess")
SEEDS = {"load": "corpus", "network": "classifiers", "teach": "classifiers"}
MODELS = ("no_tokens", "quantized_network", "mobile_blocks", "functions")
FAILING = {"tests/fuzz/no_memory": [GOLDEN / name / "model.onnx" for name in MODELS],
           "tests/fault/faults": [HERE / "classifiers"]}
WORST = 8
MOST_FILES = 1000  # for one command line


def tool(name):
    """With the version of clang behind it or without."""
    found = next((path for suffix in ("-14", "") if (path := shutil.which(name + suffix))), None)
    return found or sys.exit(f"coverage.py: no {name}; install llvm")


def run(program, arguments, profile):
    """`profile` may hold %p, the process."""
    subprocess.run([program, *arguments], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={"LLVM_PROFILE_FILE": str(profile), "WINNOW_AUTO": "rule"})


def replay(target, corpus, profiles):
    """Files that are named are run without asking what they lead to, which nothing here counts."""
    name = target.name.removeprefix("libfuzz_")
    folders = [corpus / name, HERE / SEEDS.get(name, "none")]
    files = sorted(file for folder in folders for file in folder.glob("*"))
    for at in range(0, len(files), MOST_FILES):
        run(target, files[at:at + MOST_FILES], profiles / f"{name}-{at}")


def count_lines(objects, profiles, merged):
    """{path: {line: whether it is reached}} of the engine's files."""
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *sorted(profiles.glob("*")),
                    "-o", merged], check=True)
    shown = subprocess.run([tool("llvm-cov"), "export", "-format=lcov", f"-instr-profile={merged}",
                            objects[0], *(f"-object={path}" for path in objects[1:]), ENGINE],
                           check=True, stdout=subprocess.PIPE, text=True).stdout
    files, lines = {}, {}
    for row in shown.splitlines():
        key, _, value = row.partition(":")
        if key == "SF":
            lines = files.setdefault(pathlib.Path(value).resolve(), {})
        elif key == "DA":
            number, times = value.split(",")[:2]
            lines[int(number)] = lines.get(int(number), False) or int(times) > 0
    own = {path.relative_to(ENGINE): lines for path, lines in files.items()
           if path.is_relative_to(ENGINE)}
    return {path: lines for path, lines in own.items() if path.parts[0] in FOLDERS}


def sum_up(files):
    """{folder: (reached, lines)}"""
    sums = collections.defaultdict(lambda: (0, 0))
    for path, lines in files.items():
        reached, n = sums[path.parts[0]]
        sums[path.parts[0]] = reached + sum(lines.values()), n + len(lines)
    return sums


def main():
    build, corpus = map(pathlib.Path, sys.argv[1:3])
    targets = sorted(path for path in (build / "tests/fuzz").glob("libfuzz_*") if path.is_file())
    failing = {build / name: arguments for name, arguments in FAILING.items()}
    libraries = filter(pathlib.Path.is_file, build.glob("engine/libwinnow.so.*.*.*"))
    objects = [*targets, *failing, *libraries]
    with tempfile.TemporaryDirectory() as top:
        profiles, merged = pathlib.Path(top, "profiles"), pathlib.Path(top, "merged")
        profiles.mkdir()
        for target in targets:
            replay(target, corpus, profiles)
        by_inputs = count_lines(objects, profiles, merged)
        for program, arguments in failing.items():
            run(program, arguments, profiles / program.name)
        files = count_lines(objects, profiles, merged)
    sums, all_sums = sum_up(by_inputs), sum_up(files)
    for folder in FOLDERS:
        reached, n = sums[folder]
        share, more = 100 * reached / n, 100 * all_sums[folder][0] / n
        print(f"{folder + '/':<12} {reached} of {n} lines, {share:.1f} %; "
              f"with calls that fail {more:.1f} %")
    worst = sorted((sum(lines.values()) / len(lines), path.name)
                   for path, lines in by_inputs.items())[:WORST]
    print("least:", ", ".join(f"{name} {100 * share:.0f} %" for share, name in worst))
    if len(sys.argv) > 3:
        pathlib.Path(sys.argv[3]).write_text("".join(
            f"{path}:{line}{' where a call fails' if files[path][line] else ''}\n"
            for path, lines in sorted(by_inputs.items())
            for line, reached in sorted(lines.items()) if not reached))


main()
