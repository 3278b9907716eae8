# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow run` on every folder of tests/data/golden: max|a-b| <= 1e-4 * max|b| on every output.

env WINNOW: the program.  usage: test_golden.py [CASE...]
Also shows that the comparison can fail: with one expected value changed it must not pass.
"""

import os
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests", "data", "golden")
TENSORS = "tensors.npz"
TOLERANCE = 1e-4


def array_name(output):
    """The file that `winnow run` writes an output to, without its .npy."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", output)


def run(model, tensor, folder):
    """Runs `winnow run` in float32, int8 models in their own arithmetic; returns its complaint, or
    "" when it succeeded."""
    for precision in ("fp32", "int8"):
        done = subprocess.run([os.environ["WINNOW"], "run", model, "--input", tensor,
                               "--output-dir", folder, "--precision", precision],
                              capture_output=True, text=True)
        if "this is an int8 model" not in done.stderr:
            break
    return f"status {done.returncode}: {done.stderr.strip()}" if done.returncode else ""


def compare(got, expected):
    """(relative difference, complaint or "")."""
    if got.dtype != np.float32 or got.shape != expected.shape:
        return np.inf, f"is {got.dtype} {got.shape}, must be float32 {expected.shape}"
    if not np.isfinite(got).all():
        return np.inf, "is not finite"
    largest = np.abs(expected).max()
    worst = np.abs(got.astype(np.float64) - expected).max()
    relative = worst / largest if largest else worst
    good = worst <= TOLERANCE * largest
    return relative, "" if good else f"differs by {relative:.3g} of the largest value"


def check_folder(folder):
    """(worst relative difference, outputs compared, complaints)."""
    model, complaints, worst = os.path.join(folder, "model.onnx"), [], 0.0
    if not os.path.exists(model):
        with open(os.path.join(folder, "model.txt")) as f:
            model = os.path.join(ROOT, f.read().strip())
    with np.load(os.path.join(folder, TENSORS)) as file:
        outputs = {key[len("output/"):]: file[key] for key in file if key.startswith("output/")}
        x = file["input"]
    with tempfile.TemporaryDirectory() as scratch:
        tensor, out = os.path.join(scratch, "x.npy"), os.path.join(scratch, "out")
        np.save(tensor, x)
        failed = run(model, tensor, out)
        if failed:
            return np.inf, 0, [failed]
        for name, expected in outputs.items():
            path = os.path.join(out, name + ".npy")
            if not os.path.exists(path):
                complaints.append(f"{name} was not written")
                continue
            got = np.load(path)
            relative, complaint = compare(got, expected)
            worst = max(worst, relative)
            if complaint:
                complaints.append(f"{name} {complaint}")
            changed = expected.copy()
            changed.flat[changed.size // 2] += 3e-4 * max(np.abs(expected).max(), 1e-3)
            if not complaint and not compare(got, changed)[1]:
                complaints.append(f"{name}: a changed expected value goes unnoticed")
        extra = set(os.listdir(out)) - {name + ".npy" for name in outputs}
        if extra:
            complaints.append(f"unexpected {sorted(extra)}")
    return worst, len(outputs), complaints


def main():
    names = sys.argv[1:] or sorted(os.listdir(GOLDEN))
    failures, total, worst = 0, 0, (0.0, "")
    for name in names:
        relative, count, complaints = check_folder(os.path.join(GOLDEN, name))
        total += count
        if complaints:
            failures += 1
            print(f"FAIL {name}: " + "; ".join(complaints))
        else:
            worst = max(worst, (relative, name))
    print(f"{len(names)} models, {total} outputs, {failures} failed; "
          f"worst difference {worst[0]:.3g} of the largest value, in {worst[1]}")
    return failures > 0 or total == 0


if __name__ == "__main__":
    sys.exit(main())
