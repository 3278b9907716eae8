#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs gcc's analyzer over what a build folder compiles but tests and kernels, which own nothing:

    tests/style/analyze.py [BUILD]

BUILD (default: build) has compile_commands.json.  Prints the findings; the exit status is 0 if
there are none.  What is left out is wrong too often in GCC 12:

    malloc-leak              loses sight of what is kept in a caller's structure
    null-dereference         does not know what functions of other files have checked
    shift-count-overflow     takes the lanes of vectors for their bytes
    use-of-uninitialized-value  loses sight of arrays that loops fill
"""
import pathlib
import subprocess
import sys

import tidy

LEFT_OUT = ("malloc-leak", "null-dereference", "shift-count-overflow", "use-of-uninitialized-value")
WARNINGS = ["-fanalyzer", *(f"-Wno-analyzer-{name}" for name in LEFT_OUT),
            "-Wno-maybe-uninitialized"]
FOLDERS_LEFT_OUT = ("tests", "engine/kernels")
WITH_VALUE = ("-MQ", "-MF", "-o", "-c")  # of what the build makes


def as_gcc(command):
    options, words = [], iter(tidy.options_of(command))
    for word in words:
        if word in WITH_VALUE:
            next(words)
        elif word not in ("-MD", "-Werror") and not word.startswith("-O"):
            options.append(word)
    return ["gcc", *options, "-O1", *WARNINGS, "-fdiagnostics-plain-output", "-o", "/dev/null"]


def analyze(entry):
    done = subprocess.run([*entry["arguments"], "-c", entry["file"]], cwd=entry["directory"],
                          text=True, capture_output=True)
    return done.returncode == 0 and not done.stderr, done.stderr


def is_left_out(source):
    return any(pathlib.Path(source).is_relative_to(tidy.ROOT / folder)
               for folder in FOLDERS_LEFT_OUT)


def main():
    entries = tidy.once_each(tidy.build_given(), as_gcc)
    return tidy.report_all(analyze, [entry for source, entry in sorted(entries.items())
                                     if source.endswith(".c") and not is_left_out(source)])


if __name__ == "__main__":
    sys.exit(main())
