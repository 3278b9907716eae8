# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the oracle tests share: the program, photographs, and logits by three independent ways."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
GOLDEN = os.path.join(os.path.dirname(HERE), "golden")
sys.path[:0] = [HERE, GOLDEN]

import onnxfile  # noqa: E402
import reference  # noqa: E402

EDGE = os.path.join(ROOT, "models", "paper", "edge-cifar10.onnx")
EDGE_EXITS = 8
FLOAT32 = ("--precision", "fp32")  # what the judges compute in
SAMPLE = os.path.join(ROOT, "tests", "data", "cifar10-sample")


def winnow(*args):
    return subprocess.run([os.environ["WINNOW"], *map(str, args)], capture_output=True,
                          text=True)


def winnow_json(*args):
    """The JSON objects that a command prints, one per line; the command must succeed quietly."""
    done = winnow(*args, "--json")
    if done.returncode or done.stderr:
        command = " ".join(map(str, args))[:300]
        sys.exit(f"winnow {command}: status {done.returncode}: {done.stderr.strip()}")
    decoder, text, out = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        out.append(value)
        text = text[end:].strip()
    return out


def photographs():
    """[(class name, path)]: the sample, or WINNOW_CIFAR10_IMAGES (1000) of WINNOW_CIFAR10."""
    folder = os.environ.get("WINNOW_CIFAR10", SAMPLE)
    classes = sorted(d for d in os.listdir(folder) if os.path.isdir(os.path.join(folder, d)))
    total = int(os.environ.get("WINNOW_CIFAR10_IMAGES", "1000"))
    out = []
    for name in classes:
        files = sorted(f for f in os.listdir(os.path.join(folder, name)) if f.endswith(".jpg"))
        out += [(name, os.path.join(folder, name, f)) for f in files[:total // len(classes)]]
    return out


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def tensors(images, meta):
    """[N,3,H,W] float32 of uint8 images that need no scaling."""
    mean, std = (np.array([float(v) for v in meta.get(f"winnow.input.{k}", d).split(",")])
                 for k, d in (("mean", "0,0,0"), ("std", "1,1,1")))
    x = (np.stack(images).astype(np.float64) / 255 - mean) / std
    return np.ascontiguousarray(x.astype(np.float32).transpose(0, 3, 1, 2))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


# ---- logits: {output: [N, classes] float64} -------------------------------------------------


def engine_logits(data, x, scratch, batch=20):
    """By `winnow run` on copies of the model with a fixed batch."""
    parts = []
    for start in range(0, len(x), batch):
        part = x[start:start + batch]
        model = write(os.path.join(scratch, "batch.onnx"), onnxfile.with_batch(data, len(part)))
        np.save(os.path.join(scratch, "batch.npy"), part)
        out = os.path.join(scratch, "batch.out")
        done = winnow("run", model, *FLOAT32, "--threads", "1",
                      "--input", os.path.join(scratch, "batch.npy"), "--output-dir", out)
        if done.returncode:
            sys.exit(f"winnow run on a batch of {len(part)}: {done.stderr.strip()}")
        parts.append({f[:-4]: np.load(os.path.join(out,
                                                   f)).astype(np.float64) for f in os.listdir(out)})
        shutil.rmtree(out)
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def ort_logits(data, x, scratch):
    """By ONNX Runtime, or None when node or onnxruntime-node is missing."""
    if not os.environ.get("NODE_PATH") or not shutil.which("node"):
        return None
    model = write(os.path.join(scratch, "ort.onnx"), data)
    np.save(os.path.join(scratch, "ort.npy"), x)
    out = os.path.join(scratch, "ort.out")
    shutil.rmtree(out, ignore_errors=True)
    done = subprocess.run(["node", os.path.join(GOLDEN, "ort.mjs"), model,
                           os.path.join(scratch, "ort.npy"), out],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode or done.stdout:
        return None
    return {f[:-4]: np.load(os.path.join(out, f)).astype(np.float64) for f in os.listdir(out)}


def torch_logits(data, x, batch=100):
    """By PyTorch, its functions called node by node; None without PyTorch."""
    try:
        import torch
        from torch.nn import functional as F
    except ImportError:
        return None
    model = onnxfile.load(data)
    constants = {k: torch.tensor(np.array(v)) for k, v in model.initializers.items()}

    def pads(a):
        top, left, bottom, right = a.get("pads", [0, 0, 0, 0])
        assert (top, left) == (bottom, right)
        return top, left

    def zero_pad(i, a):
        assert not i[1].any() and a.get("mode", "constant") == "constant"
        return i[0]

    ops = {
        "Conv": lambda i, a: F.conv2d(i[0], i[1], i[2] if len(i) > 2 else None, a.get("strides", 1),
                                      pads(a),
                                      a.get("dilations", 1), a.get("group", 1)),
        "Cast": lambda i, a: i[0].to({1: torch.float32}[a["to"]]),
        "Relu": lambda i, a: torch.relu(i[0]), "Add": lambda i, a: i[0] + i[1],
        "Flatten": lambda i, a: i[0].flatten(a.get("axis", 1)), "Constant": lambda i,
           a: torch.tensor(a["value"]),
        "Pad": zero_pad, "GlobalAveragePool": lambda i, a: i[0].mean([2, 3], keepdim=True),
        "AveragePool": lambda i, a: F.avg_pool2d(i[0], a["kernel_shape"], a.get("strides", 1),
                                                 pads(a)),
        "ReduceMean": lambda i, a: i[0].mean(a["axes"], keepdim=bool(a.get("keepdims", 1))),
        "Gemm": lambda i, a: F.linear(i[0], i[1] if a.get("transB") else i[1].t(), i[2]),
    }
    parts = []
    with torch.no_grad():
        for start in range(0, len(x), batch):
            values = dict(constants, **{model.inputs[0].name: torch.tensor(x[start:start + batch])})
            for node in model.nodes:
                values[node.outputs[0]] = ops[node.op]([values[i] for i in node.inputs if i],
                                                       node.attrs)
            parts.append({o.name: values[o.name].double().numpy() for o in model.outputs})
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}


def reference_logits(data, x):
    """By the float64 reference in NumPy."""
    model = onnxfile.load(data)
    return reference.run(model, {model.inputs[0].name: x})


def agreement(a, b):
    """The largest difference over all outputs, relative to each output's largest value."""
    return max(np.abs(a[k][:len(b[k])] - b[k]).max() / np.abs(b[k]).max() for k in b)
