# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scripts make_*.py share: they write the files of the zoo, each in a folder of its own.

A row is one file: FOLDER/GROUP/NAME/ gets the file, whatever the tool leaves beside it, and
made.json, which says how to feed it, or why the tool could not write it.  A row that has its
made.json is not made again.  Each row is made by a process of its own, forked from one that has
already loaded the tool, so that a row that crashes, hangs or eats memory costs no other.

    make_TOOL.py FOLDER [--only A,B] [--largest MILLIONS] [--quick] [--again]
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any
from collections.abc import Callable

CPU_SECONDS = 300  # the most that one row may take
WALL_SECONDS = 1800  # on a busy machine
SEED = 0


@dataclass(frozen=True)
class Row:
    """One file; make(path) writes it there, and may return keys that made.json gets as well."""

    group: str
    name: str
    make: Callable[[str], dict[str, Any] | None]
    shape: tuple[int, ...] = (1, 3, 224, 224)
    dtype: str = "float32"
    int8: bool = False  # computes with integers, so that neighbouring steps are both right
    half: bool = False  # float16 inside
    arguments: tuple[str, ...] = ()  # for winnow
    refusal: str = ""  # the file has to be refused, in words that this expression finds
    millions: float = field(default=0, compare=False)  # parameters, where known before

    def folder(self, root):
        return os.path.join(root, self.group, self.name)


def bases(path):
    """A folder that the rows of all groups share, for what they start from."""
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(path))), "bases")
    os.makedirs(folder, exist_ok=True)
    return folder


def last_words(error):
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # without colours
    lines = [line for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].strip() if lines else ''}"[:300]


def make(row, folder):
    """In a process of its own: writes the file and made.json."""
    path = os.path.join(folder, row.name + ".onnx")
    made = {"group": row.group, "name": row.name, "shape": row.shape, "dtype": row.dtype,
            "int8": row.int8, "half": row.half, "arguments": row.arguments,
            "refusal": row.refusal, "file": os.path.basename(path)}
    try:
        made.update(row.make(path) or {})
    except BaseException as error:  # also what exporters end the process with
        traceback.print_exc()
        made["error"] = last_words(error)
    write(folder, made)


def write(folder, made):
    with open(os.path.join(folder, "made.json"), "w") as f:
        json.dump(made, f, indent=1)


def child(row, folder):
    log = os.open(os.path.join(folder, "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)  # some tools drop files where they stand
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    make(row, folder)
    sys.stdout.flush()
    os._exit(0)


def wait(pid):
    """How the process ended, in words; it is gone afterwards."""
    end = time.monotonic() + WALL_SECONDS
    while time.monotonic() < end:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            if os.WIFSIGNALED(status) and used.ru_utime + used.ru_stime > CPU_SECONDS - 1:
                return f"not done after {CPU_SECONDS} s"
            return f"the tool ended the process (status {status})"
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return f"not done after {WALL_SECONDS} s"


def make_apart(row, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    pid = os.fork()
    if pid == 0:
        child(row, folder)
    how = wait(pid)
    if not os.path.exists(os.path.join(folder, "made.json")):
        write(folder, {"group": row.group, "name": row.name, "error": how})


def wanted(rows, options):
    for row in rows:
        done = os.path.exists(os.path.join(row.folder(options.folder), "made.json"))
        named = any(word in f"{row.group}/{row.name}" for word in options.only.split(","))
        if not named or row.millions > options.largest:
            continue
        if options.again or not done:
            yield row


def parse():
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("folder", type=os.path.abspath)
    parser.add_argument("--only", default="", metavar="A,B",
                        help="rows whose GROUP/NAME contains one of these words")
    parser.add_argument("--largest", type=float, default=1e9, metavar="MILLIONS",
                        help="leave networks with more parameters out")
    parser.add_argument("--quick", action="store_true",
                        help="write architectures with PyTorch's old exporter, in a third of the "
                        "time")
    parser.add_argument("--again", action="store_true", help="also what is there already")
    return parser.parse_args()


def main(rows, options):
    for row in wanted(rows, options):
        start = time.monotonic()
        make_apart(row, row.folder(options.folder))
        with open(os.path.join(row.folder(options.folder), "made.json")) as f:
            error = json.load(f).get("error", "made")
        print(f"{row.group}/{row.name}: {error} ({time.monotonic() - start:.0f} s)", flush=True)
