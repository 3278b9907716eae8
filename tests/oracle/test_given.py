# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is said of a model on the command line is in the files that are made of it, and inputs that
a file leaves open get their size from whoever says it, in a cascade each its own."""

import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import onnxfile as of

WINNOW = os.environ["WINNOW"]
CAFFE = "--preset", "caffe"
COLOURS = {"red": (200, 30, 20), "green": (30, 190, 40)}


def network(shape=(1, 3, "h", "w"), meta=None, channels=4):
    """Two convolutions and scores of red and green."""
    random = np.random.RandomState(channels)
    first = random.randn(channels, 3, 3, 3).astype(np.float32)
    last = random.randn(2, channels).astype(np.float32)
    middle = random.randn(channels, channels, 3, 3).astype(np.float32)
    nodes = [of.make_node("Conv", ["x", "a"], ["c"], pads=[1, 1, 1, 1]),
             of.make_node("Relu", ["c"], ["d"]),
             of.make_node("Conv", ["d", "m"], ["e"], strides=[2, 2], pads=[1, 1, 1, 1]),
             of.make_node("Relu", ["e"], ["r"]),
             of.make_node("GlobalAveragePool", ["r"], ["g"]),
             of.make_node("Flatten", ["g"], ["f"]),
             of.make_node("Gemm", ["f", "b"], ["y"], transB=1)]
    return of.make_model(nodes, [("x", shape)], [("y", (1, 2))],
                         [("a", first), ("m", middle), ("b", last)], meta=meta)


class Folder:
    """Models, and pictures of a colour each in folders of its name."""
    def __init__(self, path):
        self.path = pathlib.Path(path)
        random = np.random.RandomState(7)
        for name, colour in COLOURS.items():
            (self.path / "photos" / name).mkdir(parents=True)
            for k in range(12):
                pixels = np.clip(random.normal(colour, 20, (20, 24, 3)), 0, 255).astype(np.uint8)
                (self.path / "photos" / name / f"{k}.ppm").write_bytes(
                    b"P6 24 20 255\n" + pixels.tobytes())

    def put(self, name, data):
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        return name

    def run(self, *args, status=0):
        done = subprocess.run([WINNOW, *args], capture_output=True, text=True, check=False,
                              cwd=self.path)
        assert done.returncode == status, (args, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def inspect(self, model):
        return json.loads(self.run("inspect", model, "--json"))

    def keys(self, model):
        """Those of the file without winnow. in front."""
        found = of.load((self.path / model).read_bytes()).metadata
        return {key.removeprefix("winnow."): value for key, value in found.items()}


def joined(folder):
    for name in ("small", "big"):
        folder.put(f"{name}.onnx", network(channels=4 if name == "small" else 6))
    join = "join", "small.onnx", "big.onnx", "-o", "c.onnx"
    assert "--input-size" in folder.run(*join, status=1)
    folder.run(*join, "--input-size", "big=48x40", "--input-size", "16x12")
    keys, inputs = folder.keys("c.onnx"), folder.inspect("c.onnx")["inputs"]
    assert (keys["input.small.size"], keys["input.big.size"]) == ("16x12", "48x40"), keys
    assert [entry["size"] for entry in inputs] == ["16x12", "48x40"], inputs
    assert [entry["shape"] for entry in inputs] == [[1, 3, 12, 16], [1, 3, 40, 48]], inputs
    answer = json.loads(folder.run("classify", "c.onnx", "photos/red/0.ppm", "--json"))
    assert answer["stage-count"] == 2, answer
    x, y = (np.zeros((1, 3, h, w), np.float32) for h, w in ((12, 16), (40, 48)))
    np.save(folder.path / "x.npy", x)
    np.save(folder.path / "y.npy", y)
    folder.run("run", "c.onnx", "--input", "small=x.npy", "--input", "big=y.npy")
    for wrong, says in (("huge=16x16", "'huge'"), ("16", "WIDTHxHEIGHT"), ("big=", "WIDTHx"),
                        ("big=" + "1" * 50, "WIDTHxHEIGHT")):
        complaint = folder.run(*join, "--input-size", "16x16", "--input-size", wrong, status=2)
        assert says in complaint, complaint
    # a key of the file, a file beside it, a network of a size of its own
    folder.put("small.onnx", network(meta={"winnow.input.size": "20x16"}))
    folder.put("beside/big.onnx", network(channels=6))
    folder.put("beside/config.json", '{"image_size": 32}')
    folder.run("join", "small.onnx", "beside/big.onnx", "-o", "c.onnx")
    assert [e["size"] for e in folder.inspect("c.onnx")["inputs"]] == ["20x16", "32x32"]
    folder.put("fixed.onnx", network((1, 3, 24, 24), channels=6))
    folder.run("join", "small.onnx", "fixed.onnx", "-o", "c.onnx", "--input-size", "16x16")
    assert "input.fixed.size" not in folder.keys("c.onnx")
    # without the key the cascade says what it lacks
    data = (folder.path / "c.onnx").read_bytes()
    folder.put("c.onnx", data.replace(b"winnow.input.small.size", b"winnow.input.small.gone"))
    assert "winnow.input.small.size" in folder.run("inspect", "c.onnx", status=1)


def quantized(folder):
    folder.put("m.onnx", network())
    folder.put("sure.txt", "red\ngreen\n")
    folder.run("quantize", "m.onnx", "photos", "-o", "q.onnx", *CAFFE, "--input-size", "16x12",
               "--scores", "sigmoid", "--scores-output", "y")
    keys, entry = folder.keys("q.onnx"), folder.inspect("q.onnx")["inputs"][0]
    assert (keys["input.size"], keys["scores"], keys["output"]) == ("16x12", "sigmoid", "y"), keys
    assert (entry["channels"], entry["size"]) == ("bgr", "16x12"), entry


def tuned(folder):
    folder.put("m.onnx", network())
    folder.put("labels.txt", "red\ngreen\n")
    tune = "tune", "m.onnx", "photos", "--max-rejected", "0.2", "-o", "t.onnx"
    folder.run(*tune, *CAFFE, "--input-size", "16x12", "--scores", "logits")
    keys, shown = folder.keys("t.onnx"), folder.inspect("t.onnx")
    assert (keys["input.size"], keys["scores"]) == ("16x12", "logits"), keys
    assert shown["inputs"][0]["channels"] == "bgr" and shown["labels"] == ["red", "green"], shown
    # the labels of a file are those that its lists are written in
    folder.put("m.onnx", network((1, 3, 12, 16), {
        "winnow.version": "1", "winnow.labels": "r\ng", "winnow.groups": "all: r, g"}))
    folder.run(*tune, "--labels", "labels.txt", "--range", "-1..1")
    keys = folder.keys("t.onnx")
    assert (keys["labels"], keys["input.mean"]) == ("r\ng", "0.5"), keys


def taught(folder):
    folder.put("m.onnx", network())
    teach = "teach", "m.onnx", "photos", "-o", "t.onnx", "--group-by", "none"
    assert "--input-size" in folder.run(*teach, status=1)
    folder.run(*teach, *CAFFE, "--input-size", "16x12", "--resize", "auto")
    entry, keys = folder.inspect("t.onnx")["inputs"][0], folder.keys("t.onnx")
    assert (entry["channels"], entry["size"]) == ("bgr", "16x12"), entry
    assert abs(entry["std"][0] * 255 - 1) < 1e-6 and "input.crop" not in keys, (entry, keys)
    folder.run(*teach, *CAFFE, "--input-size", "16x12", "--resize", "stretch", "--crop", "0.5",
               "--scores", "logits")
    keys = folder.keys("t.onnx")
    assert (keys["input.crop"], keys["input.resize"]) == ("0.5", "stretch"), keys
    assert "scores" not in keys
    assert "melt" in folder.run(*teach, "--resize", "melt", status=2)
    assert "channels" in folder.run(*teach, "--channels", "rbg", status=2)


for check in (joined, quantized, tuned, taught):
    with tempfile.TemporaryDirectory() as scratch:
        check(Folder(scratch))
    print(f"{check.__name__}: right")
