# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow run` on freshly initialised networks against PyTorch, and ONNX Runtime when it is there.

env WINNOW: the program; NODE_PATH: a folder with onnxruntime-node, optional.
usage: test_networks.py [NETWORK...].  Skipped (77) without PyTorch.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "oracle")]

try:
    import networks
except ImportError as error:
    print(f"skipped: no PyTorch ({error}); install python3-torch to run this test")
    sys.exit(77)

import onnxfile  # noqa: E402
from test_golden import array_name, compare, run  # noqa: E402


def ort_outputs(model, tensor, folder):
    """{file name: array} from ONNX Runtime, or None when it is not installed."""
    if not os.environ.get("NODE_PATH") or not shutil.which("node"):
        return None
    done = subprocess.run(["node", os.path.join(HERE, "ort.mjs"), model, tensor, folder],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode or done.stdout:
        print(f"  ONNX Runtime did not run: {done.stdout.strip() or 'not found'}")
        return None
    return {f: np.load(os.path.join(folder, f)) for f in os.listdir(folder)}


def check(name, scratch):
    """True when every output of the network agrees with every judge."""
    model, tensor = os.path.join(scratch, "model.onnx"), os.path.join(scratch, "input.npy")
    x, expected, metadata = networks.make(name, model)
    with open(model, "rb") as f:
        data = f.read()
    with open(model, "wb") as f:
        f.write(onnxfile.with_metadata(data, metadata) if metadata else data)
    np.save(tensor, x)
    ours, theirs = os.path.join(scratch, "ours"), os.path.join(scratch, "ort")
    complaint = run(model, tensor, ours)
    if complaint:
        print(f"FAIL {name}: {complaint}")
        return False
    judges = {"PyTorch": {array_name(k) + ".npy": v for k, v in expected.items()},
              "ONNX Runtime": ort_outputs(model, tensor, theirs)}
    good = True
    for judge, outputs in judges.items():
        for output, value in (outputs or {}).items():
            relative, complaint = compare(np.load(os.path.join(ours, output)), value)
            good = good and not complaint
            print("FAIL" if complaint else "ok  ", name, output[:-4],
                  f"against {judge}: {relative:.3g}", flush=True)
    return good


def main():
    results = []
    for name in sys.argv[1:] or networks.NETWORKS:
        with tempfile.TemporaryDirectory() as scratch:
            results.append(check(name, scratch))
    return not all(results)


if __name__ == "__main__":
    sys.exit(main())
