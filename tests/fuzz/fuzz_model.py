# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile model files: damaged at random and damaged on purpose.

Every run of `winnow inspect`, `classify`, `run`, `quantize` and `join` must end by itself with
status 0 or 1, write at most one line to stderr (exactly one when it fails, behind a warning that
nothing says what the pixels mean) and die of no signal, within LIMIT_BYTES of memory unless built
with a sanitizer.  Files that are broken on purpose in a way that no program may accept must be
refused.

Cases run side by side, one for each processor; which they are depends on the seed alone.

env WINNOW: the program; WINNOW_FUZZ_CASES: number of random cases (300); WINNOW_FUZZ_SEED: their
seed (1); WINNOW_FUZZ_KEEP: a folder where files that fail are kept.
"""

import concurrent.futures
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import threading

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TESTS, "oracle")]

import hostile  # noqa: E402
import hostile_types  # noqa: E402

LIMIT_BYTES = 2 << 30
WATCHDOG_S = 120
GOLDEN = os.path.join(TESTS, "data", "golden")
EDGE = os.path.join(os.path.dirname(TESTS), "models", "paper", "edge-cifar10.onnx")


class Runner:
    def __init__(self, scratch):
        program = os.environ["WINNOW"]
        self.model = os.path.join(scratch, "fuzz.onnx")
        self.whole = os.path.join(scratch, "whole.onnx")
        self.image = os.path.join(scratch, "image.ppm")
        with open(self.image, "wb") as f:
            f.write(b"P6\n5 4\n255\n" + bytes(range(60)))
        self.tensor, self.out = os.path.join(scratch, "x.npy"), os.path.join(scratch, "out")
        self.data, self.int8 = os.path.join(scratch, "data"), os.path.join(scratch, "int8.onnx")
        os.makedirs(os.path.join(self.data, "cat"))
        os.symlink(self.image, os.path.join(self.data, "cat", "image.ppm"))
        np.save(self.tensor, (np.arange(60, dtype=np.float32) / 30 - 1).reshape(1, 3, 4, 5))
        with open(program, "rb") as f:
            self.sanitized = b"__asan_init" in f.read()
        limits = ["--core=0"] + ([] if self.sanitized else [f"--as={LIMIT_BYTES}"])
        self.command = ["prlimit", *limits, program]
        self.env = dict(os.environ,
                        ASAN_OPTIONS="exitcode=99:allocator_may_return_null=1:detect_leaks=1",
                        UBSAN_OPTIONS="halt_on_error=1:exitcode=99")
        self.runs = self.refused = self.failures = 0

    def complaint(self, args):
        """What is wrong with how the program ended, or ""."""
        self.runs += 1
        try:
            done = subprocess.run(self.command + args, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, env=self.env, timeout=WATCHDOG_S)
        except subprocess.TimeoutExpired:
            return f"still running after {WATCHDOG_S} s"
        lines = done.stderr.decode(errors="replace").splitlines()
        if done.returncode == 1 and lines and "does not say what numbers" in lines[0]:
            del lines[0]
        self.refused += done.returncode == 1
        self.last_status = done.returncode
        if done.returncode not in (0, 1):
            return f"status {done.returncode}: {' | '.join(lines[:6])}"
        if len(lines) > 1 or (done.returncode and not lines):
            return (f"status {done.returncode} with {len(lines)} lines on stderr: "
                    f"{' | '.join(lines[:3])}")
        try:
            done.stderr.decode()
        except UnicodeDecodeError:
            return "stderr is not UTF-8"
        return ""

    def keep(self, name, data):
        folder = os.environ.get("WINNOW_FUZZ_KEEP")
        if folder:
            with open(os.path.join(folder, re.sub(r"[^A-Za-z0-9.-]+", "-", name) + ".onnx"),
                      "wb") as f:
                f.write(data)

    def check(self, name, data, tensor=None, refuse=(False, False)):
        """tensor: the input for `winnow run`; refuse: must the file be refused, and by run too?"""
        with open(self.model, "wb") as f:
            f.write(data)
        with open(self.whole, "wb") as f:  # without exits, which `join` refuses at once
            f.write(data.replace(b"winnow.exits", b"winnow_exits")
                    .replace(b"winnow.thresholds", b"winnow_thresholds"))
        commands = ((["inspect", self.model, "--json"], refuse[0]),
                    (["classify", self.model, "--json", self.image], refuse[0]),
                    (["run", self.model, "--input", tensor or self.tensor, "--output-dir",
                      self.out],
                     refuse[1]),
                    (["quantize", self.model, self.data, "-o", self.int8], refuse[0]),
                    (["join", self.whole, self.whole, "-o", self.int8], False))
        for command, must_fail in commands:
            complaint = self.complaint(command)
            if not complaint and must_fail and self.last_status == 0:
                complaint = "is accepted"
            if complaint:
                self.failures += 1
                print(f"FAIL {name}: {command[0]}: {complaint}", flush=True)
                self.keep(name, data)
                return


def seeds(scratch):
    """[(name, bytes, .npy file)] of sound models: the golden ones and, last, the shipped one."""
    out = []
    for name in sorted(os.listdir(GOLDEN)):
        path = os.path.join(GOLDEN, name, "model.onnx")
        if os.path.exists(path):
            out.append((name, path))
    out.append(("edge-cifar10", EDGE))
    models = []
    for name, path in out:
        tensor = os.path.join(scratch, name + ".npy")
        with np.load(os.path.join(GOLDEN, name, "tensors.npz")) as file:
            np.save(tensor, file["input"])
        with open(path, "rb") as f:
            models.append((name, f.read(), tensor))
    return models


def all_cases(models):
    """(name, bytes, input for `winnow run`, must it be refused): the arguments of check()."""
    for name, data, refuse in itertools.chain(hostile.purposeful(models[-1][1]),
                                              hostile_types.types()):
        yield name, data, None, refuse
    rng = random.Random(int(os.environ.get("WINNOW_FUZZ_SEED", "1")))
    for k in range(int(os.environ.get("WINNOW_FUZZ_CASES", "300"))):
        # one case in six on the large model: it has exits, labels and groups
        name, data, tensor = models[-1] if k % 6 == 0 else rng.choice(models[:-1])
        how, damaged = hostile.damage(rng, data, [m[1] for m in models])
        yield f"{k} {name} {how}", damaged, tensor, (False, False)


def take(cases, lock, runner):
    """Checks cases until there are none; one of several threads that take from the same."""
    while True:
        with lock:
            case = next(cases, None)
        if case is None:
            return
        runner.check(*case)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        cases, lock, runners = all_cases(seeds(scratch)), threading.Lock(), []
        for k in range(len(os.sched_getaffinity(0))):
            folder = os.path.join(scratch, f"runner-{k}")
            os.mkdir(folder)
            runners.append(Runner(folder))
        with concurrent.futures.ThreadPoolExecutor(len(runners)) as threads:
            for done in [threads.submit(take, cases, lock, runner) for runner in runners]:
                done.result()
    runs, refused, failures = (sum(getattr(runner, key) for runner in runners)
                               for key in ("runs", "refused", "failures"))
    print(f"{runs} runs{' (sanitized)' if runners[0].sanitized else ''}, "
          f"{refused} refused, {failures} failed")
    return failures > 0 or refused == 0


if __name__ == "__main__":
    sys.exit(main())
