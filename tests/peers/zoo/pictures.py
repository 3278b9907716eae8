# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what winnow makes of photographs with what the tool's own library makes of them.

    pictures.py FOLDER BUILD [--only A,B]   prints the table, status 1: a row is not as it should be

FOLDER has photos/ and what the scripts pictures_TOOL.py have written.  A file that needs
options goes through `winnow adopt` first.  The tensors are compared in grey levels, 1/255 of the
range from black to white; class and confidence are those of ONNX Runtime on the tool's tensor.
"""

import argparse
import json
import os
import subprocess
import sys

import numpy as np

import peer
import photos
import table

LEVEL = 1.0  # the most that a network's input may differ by, on average over all photos


class Winnow:
    def __init__(self, build):
        self.program = os.path.join(build, "apps", "winnow", "winnow")
        self.dump = os.path.join(build, "tests", "oracle", "tensor_dump")

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True)
        if done.returncode:
            raise ValueError(done.stderr.strip())
        return done

    def inspect(self, path):
        return json.loads(self.run("inspect", path, "--json").stdout)

    def classify(self, path, files):
        lines = self.run("classify", path, *files, "--json", "--precision", "fp32").stdout
        return [json.loads(line) for line in lines.splitlines()]

    def tensors(self, path, files, shape):
        done = subprocess.run([self.dump, path, *files], stdout=subprocess.PIPE, check=True)
        return np.frombuffer(done.stdout, "<f4").reshape(len(files), *shape)


def scores(path, tensors):
    session = peer.open_file(path, "basic")
    name = session.get_inputs()[0].name
    return np.stack([session.run(None, {name: t[None]})[0][0] for t in tensors]).astype(float)


def probabilities(values, kind):
    if kind != "logits":
        return values
    values = np.exp(values - values.max(1, keepdims=True))
    return values / values.sum(1, keepdims=True)


def grey_levels(entry, ours, theirs):
    """Differences in 1/255 of the range, one mean for each photo."""
    std = np.broadcast_to(entry["std"], 3)[::-1 if entry["channels"] == "bgr" else 1]
    if entry["shape"][-1] != 3:
        std = std[:, None, None]
    return (np.abs(ours - theirs) * std * 255).reshape(len(ours), -1).mean(1)


def compare(winnow, record, files):
    path = os.path.join(record["folder"], record["file"])
    options = record.get("options") or []
    seen = path
    if options:
        seen = os.path.join(record["folder"], "adopted.onnx")
        winnow.run("adopt", path, "-o", seen, *options)
    theirs = np.load(os.path.join(record["folder"], "tensors.npy"))
    shown = winnow.inspect(seen)
    ours = winnow.tensors(seen, files, theirs.shape[1:])
    apart = grey_levels(shown["inputs"][0], ours, theirs)
    right = probabilities(scores(path, theirs), shown["scores"]["kind"])
    got = winnow.classify(seen, files)
    same = [int(g["class-index"] == r.argmax()) for g, r in zip(got, right)]
    sure = [abs(g["confidence"] - r[g["class-index"]]) for g, r in zip(got, right)]
    return {"mean": apart.mean(), "worst": apart.max(), "same": sum(same), "of": len(files),
            "confidence": max(sure), "warning": shown["warning"]}


def row(record, found):
    options = " ".join(record.get("options") or []) or "none"
    return [record["group"], record["name"], f"`{options}`" if options != "none" else options,
            f"{found['mean']:.2f}", f"{found['worst']:.2f}", f"{found['same']} of {found['of']}",
            f"{100 * found['confidence']:.1f} %"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("build")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    winnow, rows, wrong = Winnow(options.build), [], []
    files = photos.listed(os.path.join(options.folder, "photos"))
    for record in table.records(options.folder, options.only):
        name = f"{record['group']}/{record['name']}"
        if "error" in record:
            wrong.append(f"{name}: its tool: {record['error']}")
            continue
        found = compare(winnow, record, files)
        rows.append(row(record, found))
        if found["mean"] > LEVEL or found["warning"]:
            wrong.append(f"{name}: {found['mean']:.2f} grey levels; {found['warning']}")
    head = ["tool", "what it does", "options", "mean", "worst photo", "same class", "confidence"]
    print("\n".join(table.lines(head, rows, head[:3])))
    print("\n".join(wrong), file=sys.stderr)
    return min(len(wrong), 1)


if __name__ == "__main__":
    sys.exit(main())
