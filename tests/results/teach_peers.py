# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow teach` beside PyTorch on the same photos.

usage: teach_peers.py BACKBONE.onnx TRAIN TEST [--epochs N]       all layers fine-tuned
       teach_peers.py --frozen MOBILENET.onnx BACKBONE.onnx TRAIN TEST [--epochs N]
                                     MOBILENET frozen, its mean features, a dense layer of 128

TRAIN and TEST are folders of class-named folders.  Of fine-tuning it prints the accuracy on TEST
after each epoch, and how long it takes to reach that of `winnow teach`; evaluations do not count.
The float network is read from its ONNX file, up to its last pooling (Conv, Relu, Clip, Add).
The frozen network runs in each epoch, as its photos change.

WINNOW names the program (default build/apps/winnow/winnow).  Needs Debian's python3-torch,
python3-onnx and python3-pil.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnx
import torch
from onnx import numpy_helper
from PIL import Image

WINNOW = os.environ.get("WINNOW", "build/apps/winnow/winnow")
BATCH = 32
HIDDEN = 128


class Network(torch.nn.Module):
    """The network of an ONNX file up to its features [N, C], which are pooled last."""

    def __init__(self, path):
        super().__init__()
        model = onnx.load(path)
        self.meta = {entry.key: entry.value for entry in model.metadata_props}
        self.tensors = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
        self.input = next(each for each in model.graph.input if each.name not in self.tensors)
        self.size = self.input.type.tensor_type.shape.dim[2].dim_value
        nodes = list(model.graph.node)
        for node in nodes: # weights may be kept in half precision
            if node.op_type == "Cast" and node.input[0] in self.tensors:
                self.tensors[node.output[0]] = self.tensors[node.input[0]].astype(numpy.float32)
        last = max(i for i, node in enumerate(nodes) if node.op_type.endswith("AveragePool"))
        self.nodes = [node for node in nodes[:last] if node.op_type not in ("Cast", "Constant")]
        self.result = nodes[last].input[0]
        self.convs = torch.nn.ModuleDict()
        for node in self.nodes:
            if node.op_type == "Conv":
                self.convs[node.output[0].replace(".", "_")] = self.conv(node)
                self.width = self.tensors[node.input[1]].shape[0]

    def conv(self, node):
        weight = torch.tensor(self.tensors[node.input[1]].astype(numpy.float32))
        have = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        pads = have.get("pads", [0, 0, 0, 0])
        conv = torch.nn.Conv2d(weight.shape[1] * have.get("group", 1), weight.shape[0],
                               tuple(weight.shape[2:]), tuple(have.get("strides", [1, 1])),
                               groups=have.get("group", 1), bias=len(node.input) > 2)
        conv.weight.data = weight
        if len(node.input) > 2:
            conv.bias.data = torch.tensor(self.tensors[node.input[2]].astype(numpy.float32))
        return torch.nn.Sequential(torch.nn.ZeroPad2d((pads[1], pads[3], pads[0], pads[2])), conv)

    def step(self, node, x):
        if node.op_type == "Conv":
            return self.convs[node.output[0].replace(".", "_")](x[0])
        if node.op_type == "Relu":
            return torch.relu(x[0])
        if node.op_type == "Clip":
            return torch.clamp(x[0], 0, 6)
        if node.op_type == "Add":
            return x[0] + x[1]
        sys.exit(f"teach_peers.py: {node.op_type} is not known here")

    def forward(self, pictures):
        values = {self.input.name: pictures}
        for node in self.nodes:
            values[node.output[0]] = self.step(node, [values.get(name) for name in node.input])
        return values[self.result].mean((2, 3))

    def pictures(self, paths):
        """[N, 3, H, W] normalised, the whole photo stretched."""
        mean, std = (torch.tensor([float(x) for x in self.meta[f"winnow.input.{key}"].split(",")])
                     .reshape(-1, 1, 1) for key in ("mean", "std"))
        size = (self.size, self.size)
        arrays = [numpy.asarray(Image.open(path).convert("RGB").resize(size, Image.BILINEAR))
                  for path in paths]
        pixels = torch.tensor(numpy.stack(arrays)).permute(0, 3, 1, 2).float() / 255
        return (pixels - mean) / std


def read(folder):
    labels = sorted(each.name for each in pathlib.Path(folder).iterdir() if each.is_dir())
    paths = [(path, i) for i, label in enumerate(labels)
             for path in sorted((pathlib.Path(folder) / label).iterdir())]
    return [path for path, _ in paths], torch.tensor([i for _, i in paths]), len(labels)


def vary(pictures):
    """Mirrored, and moved by up to an eighth."""
    side = pictures.shape[-1]
    padded = torch.nn.functional.pad(pictures, [side // 8] * 4, mode="reflect")
    out = torch.empty_like(pictures)
    for i in range(len(pictures)):
        y, x = torch.randint(0, side // 4 + 1, (2,)).tolist()
        out[i] = padded[i, :, y:y + side, x:x + side]
        if torch.rand(()) < 0.5:
            out[i] = out[i].flip(-1)
    return out


def accuracy(network, head, pictures, truth):
    network.eval()
    with torch.no_grad():
        answers = torch.cat([head(network(pictures[i:i + BATCH])).argmax(1)
                             for i in range(0, len(pictures), BATCH)])
    return float((answers == truth).float().mean())


def train(network, head, optimizer, options, wanted):
    """Prints each epoch; the seconds until the accuracy was first `wanted`, None: never."""
    paths, truth, _ = read(options.train)
    test_paths, test_truth, _ = read(options.test)
    pictures, test = network.pictures(paths), network.pictures(test_paths)
    steps = options.epochs * -(-len(paths) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    seconds, reached = 0, None
    for epoch in range(options.epochs):
        began = time.monotonic()
        for batch in torch.randperm(len(paths)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(head(network(vary(pictures[batch]))),
                                                     truth[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        seconds += time.monotonic() - began
        right = accuracy(network, head, test, test_truth)
        if reached is None and right >= wanted:
            reached = seconds
        print(f"  epoch {epoch + 1}: {100 * right:.1f} % after {seconds:.0f} s", flush=True)
    return reached


def fine_tune(options, n_classes, wanted):
    network = Network(options.backbone)
    head = torch.nn.Linear(network.width, n_classes)
    optimizer = torch.optim.AdamW([{"params": network.parameters(), "lr": 2e-4},
                                   {"params": head.parameters(), "lr": 2e-3}])
    return train(network, head, optimizer, options, wanted)


def frozen(options, n_classes, wanted):
    network = Network(options.frozen)
    for parameter in network.parameters():
        parameter.requires_grad = False
    head = torch.nn.Sequential(torch.nn.Linear(network.width, HIDDEN), torch.nn.ReLU(),
                               torch.nn.Dropout(0.3), torch.nn.Linear(HIDDEN, n_classes))
    return train(network, head, torch.optim.Adam(head.parameters(), lr=1e-3), options, wanted)


def teach(options):
    """Accuracy at the end on TEST, and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/taught.onnx"
        run = [[WINNOW, "teach", options.backbone, options.train, "-o", out, "--max-rejected", "0",
                "--json"], [WINNOW, "eval", out, options.test, "--json"]]
        told = [json.loads(subprocess.run(each, check=True, capture_output=True).stdout)
                for each in run]
    return told[1]["accuracy-full"], told[1]["accuracy"], told[0]["seconds"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage:")[1].split("\n\n")[0])
    parser.add_argument("backbone")
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--frozen")
    parser.add_argument("--epochs", type=int)
    options = parser.parse_args()
    options.epochs = options.epochs or (50 if options.frozen else 15)
    torch.manual_seed(1)
    full, with_exits, seconds = teach(options)
    print(f"winnow teach: {100 * full:.1f} % at the end, {100 * with_exits:.1f} % with exits, "
          f"{seconds:.1f} s", flush=True)
    reached = (frozen if options.frozen else fine_tune)(options, read(options.train)[2], full)
    print("PyTorch never reaches that" if reached is None else
          f"PyTorch reaches that after {reached:.0f} s: {reached / seconds:.1f} times as long")


if __name__ == "__main__":
    main()
