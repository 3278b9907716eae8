# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one file of the zoo in winnow and in ONNX Runtime and writes result.json beside it.

    check.py FOLDER WINNOW

What ONNX Runtime says is kept in peer.npz, since only winnow changes.  Keys of result.json: valid
(ONNX Runtime runs it), accepted, agrees, rule, distance, precision, message, and of ONNX Runtime
against itself: spread (by optimisation), noise (of the input), moves (another picture).
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

import judge
import peer

SECONDS = 300
NOT_INTEGER = "needs a quantized model"


def file_name(output):
    """How `winnow run` names an output's file."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", output)


def run_once(winnow, path, x, made, precision):
    """({output's file name: values}, message), None in place of the values: refused."""
    with tempfile.TemporaryDirectory() as folder:
        tensor = os.path.join(folder, "x.npy")
        np.save(tensor, x.astype(np.float32))
        done = subprocess.run([winnow, "run", path, "--input", tensor, "--output-dir",
                               os.path.join(folder, "out"), "--precision", precision,
                               *made["arguments"]],
                              capture_output=True, text=True, timeout=SECONDS)
        message = done.stderr.strip().replace(path, made["file"])
        if done.returncode:
            return None, message or f"ended with status {done.returncode}"
        return {os.path.basename(f).removesuffix(".npy"): np.load(f)
                for f in glob.glob(os.path.join(folder, "out", "*.npy"))}, message


def run_winnow(winnow, path, x, made):
    """The same and the precision: integers where the file can be run so, 16 bits cannot."""
    if made["int8"]:
        values, message = run_once(winnow, path, x, made, "int8")
        if NOT_INTEGER not in message:
            return values, message, "int8"
    return *run_once(winnow, path, x, made, "fp32"), "fp32"


def ask_peer(path, x, made):
    """ONNX Runtime's outputs and how it differs from itself; of float16, what float32 makes of it.

    ONNX Runtime rounds to float16 behind every operator, which moves the scores by some percent.
    """
    if made["half"]:
        peer.outputs(path, x, "basic")  # raises where the file is not valid
        with tempfile.TemporaryDirectory() as folder:
            wide = os.path.join(folder, "wide.onnx")
            peer.widen(path, wide)
            return ask_peer(wide, x.astype(np.float32), {**made, "half": False})
    reference = peer.outputs(path, x, "basic")
    spread = max(judge.distance(peer.outputs(path, x, level), reference)
                 for level in ("none", "all"))
    noise = peer.noise_spread(path, x, reference) if made["int8"] else 0.0
    return reference, {"spread": spread, "noise": noise, "moves": peer.moves(path, x, reference)}


def peers_answer(folder, path, x, made):
    """The same, from peer.npz when it is there."""
    kept = os.path.join(folder, "peer.npz")
    if not os.path.exists(kept):
        reference, itself = ask_peer(path, x, made)
        np.savez(kept, **itself, **{"output:" + k: v for k, v in reference.items()})
    with np.load(kept) as f:
        reference = {k.removeprefix("output:"): f[k] for k in f.files if k.startswith("output:")}
        return reference, {k: float(f[k]) for k in f.files if not k.startswith("output:")}


def shrunk(winnow, path, x, made):
    """The distance with weights x 0.7."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as folder:
        smaller = os.path.join(folder, "shrunk.onnx")
        peer.shrink(path, smaller)
        reference = named_as_files(peer.outputs(smaller, x, "basic"))
        ours, _, _ = run_winnow(winnow, smaller, x, made)
        return judge.distance(ours or {}, reference)


def named_as_files(values):
    return {file_name(k): v for k, v in values.items()}


def compare(winnow, path, x, made, answer):
    reference, itself = answer
    ours, message, precision = run_winnow(winnow, path, x, made)
    result = {"valid": True, "accepted": ours is not None, "message": message,
              "precision": precision, **itself}
    if ours is None:
        return {**result, "agrees": False}
    apart = judge.distance(ours, named_as_files(reference))
    in_steps = judge.steps(ours, named_as_files(reference),
                           named_as_files(peer.output_steps(path))) if made["int8"] else np.inf
    rule = judge.agree(apart, made["int8"], max(itself["noise"], itself["spread"]), in_steps)
    if not rule and judge.undecided(apart, itself["spread"]):
        result["distance-as-it-is"] = apart
        apart = shrunk(winnow, path, x, made)
        rule = "weights x 0.7" if judge.agree(apart) else None
    return {**result, "distance": apart, "agrees": bool(rule), "rule": rule}


def check(folder, winnow):
    with open(os.path.join(folder, "made.json")) as f:
        made = json.load(f)
    path, x = os.path.join(folder, made["file"]), peer.first_input(made)
    try:
        answer = peers_answer(folder, path, x, made)
    except peer.REFUSALS as error:
        ours, message, _ = run_winnow(winnow, path, x, made)
        return {"valid": False, "accepted": ours is not None, "agrees": False,
                "message": message, "peer": str(error).strip().splitlines()[0][:300]}
    return compare(winnow, path, x, made, answer)


def main():
    folder, winnow = os.path.abspath(sys.argv[1]), sys.argv[2]
    try:
        result = check(folder, winnow)
    except subprocess.TimeoutExpired:
        result = {"valid": True, "accepted": False, "agrees": False,
                  "message": f"winnow was not done after {SECONDS} s"}
    with open(os.path.join(folder, "result.json"), "w") as f:
        json.dump(result, f, indent=1)


if __name__ == "__main__":
    main()
