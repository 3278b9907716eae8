# SPDX-License-Identifier: LGPL-2.1-or-later
"""One small network in every form that a file can have: each gives the numbers of the plain form,
or is refused in one line that has certain words.

env WINNOW: the program.  usage: test_forms.py [CASE...]
"""

import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "oracle")]

import forms_external  # noqa: E402, F401  (importing a file of cases registers them)
import forms_graph  # noqa: E402, F401
import forms_opset  # noqa: E402, F401
import forms_sparse  # noqa: E402, F401
import forms_tensor  # noqa: E402, F401
from forms import CASES, form, plain  # noqa: E402


def run(folder, case):
    """(status, outputs by name, what the program says)"""
    model, out = os.path.join(folder, "model.onnx"), os.path.join(folder, "out")
    for name, content in {"model.onnx": case.data, **case.files}.items():
        path = os.path.join(folder, name)
        if isinstance(content, str):
            os.symlink(content, path)
            continue
        with open(path, "wb") as file:
            file.write(content)
    np.save(os.path.join(folder, "x.npy"), case.tensor)
    what = ["inspect", model] if case.refused else [
        "run", model, "--input", os.path.join(folder, "x.npy"), "--output-dir", out,
        "--precision", case.precision]
    done = subprocess.run([os.environ["WINNOW"], *what], capture_output=True, text=True)
    outputs = ({name[:-4]: np.load(os.path.join(out, name)) for name in os.listdir(out)}
               if os.path.exists(out) else {})
    return done.returncode, outputs, done.stderr.strip()


def complaint(case, right):
    """What is wrong with how the program takes the case, or ""."""
    with tempfile.TemporaryDirectory() as folder:
        status, outputs, said = run(folder, case)
    if case.refused is not None:
        missing = [word for word in case.refused if word not in said]
        return "" if status == 1 and not missing and said.count("\n") == 0 else (
            f"status {status}, without {missing}: {said}")
    if status:
        return f"status {status}: {said}"
    if case.like is not None:
        with tempfile.TemporaryDirectory() as folder:
            like = form(case.like, tensor=case.tensor, precision=case.precision)
            right = run(folder, like)[1]["y"]
    expected = right if case.expected is None else case.expected
    got = outputs.get("y")
    if got is None or got.size != expected.size:
        return f"outputs {[(k, v.shape) for k, v in outputs.items()]}"
    error = np.abs(got.ravel() - expected.ravel()).max() / np.abs(expected).max()
    return "" if error <= case.tolerance else f"off by {error:.1e}"


def main():
    with tempfile.TemporaryDirectory() as folder:
        right = run(folder, form(plain()))[1]["y"]
    failed = 0
    names = sys.argv[1:] or CASES
    for name in names:
        why = complaint(CASES[name](), right)
        failed += bool(why)
        if why:
            print(f"FAIL {name}: {why}")
    print(f"{len(names)} forms, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
