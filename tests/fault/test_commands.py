#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs with calls of the C library failing, one at a time and all of a kind from it on.

Whatever fails, a program ends by itself with a status of its own, says in one line why if that is
not 0, dies of no signal, and leaves no file but what it was asked for.  Calls are taken evenly over
the run: FAULTS of them a command (24; 0: all).

env WINNOW, WINNOW_CAMERA, LIBFAIL, CLASSIFIERS, SAMPLE
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LIMIT_S = 60
FAULTS = int(os.environ.get("FAULTS", "24"))
MODELS = pathlib.Path(os.environ["CLASSIFIERS"])
SAMPLE = pathlib.Path(os.environ["SAMPLE"])
WINNOW, CAMERA = os.environ["WINNOW"], os.environ.get("WINNOW_CAMERA")
PHOTO = next((SAMPLE / "cat").glob("*.jpg"))
# Who reads the pictures of a folder goes on without one that cannot be read, and says so.
MANY_LINES = {"eval", "tune", "quantize", "collect", "camera"}


def clip(path, frames=6):
    """A clip of so many grey frames."""
    with open(path, "wb") as file:
        file.write(b"YUV4MPEG2 W16 H16 F25:1 Cmono\n")
        for number in range(frames):
            file.write(b"FRAME\n" + bytes((number * 40 + i) % 256 for i in range(256)))


def commands(folder):
    """(name, arguments, files that it may make in `folder`)"""
    plain, photos = MODELS / "plain.onnx", folder / "photos"
    made = folder / "made.onnx"
    yield "inspect", [WINNOW, "inspect", "--json", plain], []
    yield "classify", [WINNOW, "classify", plain, PHOTO], []
    yield "eval", [WINNOW, "eval", plain, photos], []
    yield "tune", [WINNOW, "tune", plain, photos, "--max-accuracy-drop", "0.9",
                   "-o", made], [made]
    yield "quantize", [WINNOW, "quantize", MODELS / "mobile.onnx", photos, "-o", made], [made]
    yield "adopt", [WINNOW, "adopt", MODELS / "foreign.onnx", "--preset", "none", "-o",
                     made], [made, folder / "made.onnx.modelinfo"]
    yield "join", [WINNOW, "join", MODELS / "small.onnx", MODELS / "small.onnx", "-o", made], [made]
    yield "collect", [WINNOW, "collect", "--from", folder / "clip.y4m", folder / "into", "--label",
                      "a", "--count", "2", "--every", "0"], [folder / "into"]
    if CAMERA:
        yield "camera", [CAMERA, "--input", folder / "clip.y4m", "--model", plain, "--socket",
                         folder / "socket"], []


def run(arguments, folder, at=None, every=False):
    count = folder / "count"
    env = dict(os.environ, LC_ALL="C.UTF-8", WINNOW_AUTO="rule", OMP_NUM_THREADS="1")
    if at is not None:
        env.update(LD_PRELOAD=os.environ["LIBFAIL"], FAIL_AT=str(at), FAIL_COUNT=str(count))
        if every:
            env["FAIL_ALL"] = "1"
    result = subprocess.run(list(map(str, arguments)), env=env, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    number, name = (count.read_text().split() if count.exists() else []) or ("0", "-")
    count.unlink(missing_ok=True)
    return result, int(number), name


def prepare(folder):
    clip(folder / "clip.y4m")
    for label in "abcd":
        (folder / "photos" / label).mkdir(parents=True)
        for i, photo in enumerate(sorted((SAMPLE / "cat").glob("*.jpg"))[:2]):
            shutil.copy(photo, folder / "photos" / label / f"{i}.jpg")


def judge(name, result, failed, left):
    """What is wrong, or None."""
    lines = result.stderr.splitlines()
    if result.returncode not in (0, 1, 2):
        return f"ends with {result.returncode}"
    if result.returncode != 0 and not lines:
        return "does not say why"
    if len(lines) > 1 and name not in MANY_LINES:
        return f"says {len(lines)} lines"
    if left:
        return f"leaves {left}"
    return None


def try_command(index):
    """(failing calls, what is wrong)"""
    with tempfile.TemporaryDirectory(prefix="winnow-fault-") as top:
        folder = pathlib.Path(top)
        prepare(folder)
        name, arguments, outputs = list(commands(folder))[index]
        before = set(folder.rglob("*"))
        result, n_calls, _ = run(arguments, folder, at=0)
        if result.returncode != 0:
            return 0, [f"{name} does not work: {result.stderr}"]
        step = max(1, n_calls // FAULTS) if FAULTS else 1
        n_failed, wrong = 0, []
        for every in (False, True):
            for at in range(1, n_calls + 1, step):
                for output in outputs:
                    shutil.rmtree(output, ignore_errors=True)
                    output.unlink(missing_ok=True) if output.is_file() else None
                try:
                    result, _, failed = run(arguments, folder, at, every)
                except subprocess.TimeoutExpired:
                    wrong.append(f"{name}, call {at}: hangs")
                    continue
                n_failed += failed != "-"
                left = [str(path.relative_to(folder)) for path in folder.rglob("*")
                        if path not in before and path not in outputs and
                        not any(output in path.parents for output in outputs)]
                what = judge(name, result, failed, left)
                if what:
                    wrong.append(f"{name}, call {at} ({failed}): {what}: {result.stderr.strip()}")
                for path in left:
                    (folder / path).unlink() if (folder / path).is_file() else shutil.rmtree(
                        folder / path, ignore_errors=True)
        return n_failed, wrong


def main():
    with tempfile.TemporaryDirectory() as top:
        count = len(list(commands(pathlib.Path(top))))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(try_command, range(count)))
    for _, wrong in results:
        print(*wrong, sep="\n", end="\n" if wrong else "")
    failed, wrong = sum(n for n, _ in results), sum(len(w) for _, w in results)
    print(f"{failed} calls of {count} commands failed; {wrong} faults")
    sys.exit(wrong > 0 or failed < count * FAULTS / 2)


main()
