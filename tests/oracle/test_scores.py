# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scores of a network mean: one network in all the forms in which a file may end.

Behind the same features stand logits, a Softmax or Sigmoids, and behind those what exporters put
there; the answers are compared with the formulas, written here again.
env WINNOW: the program.
"""

import json
import os
import shutil
import sys
import tempfile

import numpy as np
from PIL import Image

import common
import onnxfile as of
from onnxfile import make_node

LABELS = ["ant", "bee", "cat", "dog"]
N = len(LABELS)
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "grey": (40, 40, 40), "sky": (90, 160, 255)}
TOLERANCE = 1e-5
failures = []


def expect(good, *what):
    if not good:
        failures.append(what)
        print("FAIL", *what)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rows(x):
    """Dimensions, axes or whatever a node takes as a list of integers."""
    return np.array(x, np.int64)


# ---- networks ------------------------------------------------------------------------------


class Network:
    """The means of the channels of an image and, from them, `n` logits."""

    def __init__(self, n=N, seed=1, image=(1, 3, 8, 8)):
        """image: the input's shape; one that is not [1, 3, ...] is put into that form first."""
        self.weights = np.random.RandomState(seed).randn(3, n).astype(np.float32) * 4
        self.bias = np.linspace(-1, 1, n).astype(np.float32)
        self.inits = [("w", self.weights), ("b", self.bias)]
        self.nodes, self.last, self.count, self.image = [], "x", 0, image
        if len(image) == 3:
            self.add("Unsqueeze", rows([0]))
        if image[-1] == 3:
            self.add("Transpose", perm=[0, 3, 1, 2])
        self.nodes += [make_node("GlobalAveragePool", [self.last], ["pool"]),
                       make_node("Flatten", ["pool"], ["features"]),
                       make_node("Gemm", ["features", "w", "b"], ["logits"])]
        self.last = "logits"

    def logits(self, colour):
        return np.array(colour) / 255 @ self.weights.astype(np.float64) + self.bias

    def constant(self, array):
        self.inits.append((f"c{len(self.inits)}", np.asarray(array)))
        return self.inits[-1][0]

    def add(self, op, *constants, **attrs):
        """A node behind what there is; constants are its further inputs."""
        self.count += 1
        inputs = [self.last] + [self.constant(c) for c in constants]
        self.nodes.append(make_node(op, inputs, [f"t{self.count}"], **attrs))
        self.last = f"t{self.count}"
        return self

    def join(self, op, inputs, **attrs):
        """A node that reads values by their names."""
        self.count += 1
        self.nodes.append(make_node(op, inputs, [f"t{self.count}"], **attrs))
        self.last = f"t{self.count}"
        return self

    def model(self, shape, outputs=(), **meta):
        keys = {"winnow.input.mean": "0", "winnow.input.std": "1"}
        keys.update(("winnow." + k.replace("_", "-"), v) for k, v in meta.items())
        return of.make_model(self.nodes, [("x", self.image)],
                             [(self.last, shape)] + list(outputs), self.inits, 13, keys)


def quantize(n, scale):
    n.add("QuantizeLinear", np.float32(scale), np.uint8(0))
    return n.add("DequantizeLinear", np.float32(scale), np.uint8(0))


ROW = [1, N]

# name: what stands behind the logits, the output's shape
SOFTMAX = {
    "plain": (lambda n: n, ROW),
    "identity": (lambda n: n.add("Identity"), ROW),
    "dropout": (lambda n: n.add("Dropout"), ROW),
    "cast": (lambda n: n.add("Cast", to=1), ROW),
    "reshape": (lambda n: n.add("Reshape", rows([-1, N])), ROW),
    "to one dimension": (lambda n: n.add("Reshape", rows([N])), [N]),
    "squeeze": (lambda n: n.add("Squeeze", rows([0])), [N]),
    "unsqueeze": (lambda n: n.add("Unsqueeze", rows([1])), [1, 1, N]),
    "image": (lambda n: n.add("Unsqueeze", rows([2, 3])), [1, N, 1, 1]),
    "image, channels last": (lambda n: n.add("Unsqueeze", rows([1, 2])), [1, 1, 1, N]),
    "transpose": (lambda n: n.add("Unsqueeze", rows([2, 3])).add("Transpose", perm=[0, 2, 3, 1]),
                  [1, 1, 1, N]),
    "flatten": (lambda n: n.add("Unsqueeze", rows([2])).add("Flatten"), ROW),
    "clip": (lambda n: n.add("Clip", np.float32(1e-7), np.float32(1 - 1e-7)), ROW),
    "clip of nothing": (lambda n: n.add("Clip", np.float32(0), np.float32(1)), ROW),
    "whole slice": (lambda n: n.add("Slice", rows([0]), rows([N]), rows([1])), ROW),
    "two of these": (lambda n: n.add("Identity").add("Reshape", rows([1, 1, N])).add("Cast", to=1),
                     [1, 1, N]),
    "percent": (lambda n: n.add("Mul", np.float32(100)), ROW),
    "quantized": (lambda n: quantize(n, 1 / 256), ROW),
}


def classify(path, image, *options):
    precision = ("--precision", "auto") if "quantized" in path else common.FLOAT32
    return common.winnow_json("classify", path, image, *precision, *options)[0]


def inspect(path):
    return common.winnow_json("inspect", path)[0]["scores"]


def refused(command, path, *arguments, says):
    done = common.winnow(command, path, *arguments)
    expect(done.returncode in (1, 2) and says in done.stderr, command, path, says, done)


class Test:
    def __init__(self, folder):
        self.folder = folder
        self.images = {}
        for name, colour in COLOURS.items():
            self.images[name] = os.path.join(folder, name + ".png")
            Image.new("RGB", (16, 16), colour).save(self.images[name])

    def save(self, name, data):
        return common.write(os.path.join(self.folder, name.replace(" ", "-") + ".onnx"), data)

    def compare(self, what, path, net, want, options=()):
        """want(logits of `net`): the probabilities and the classes that survive, best first."""
        for name, image in self.images.items():
            p, survivors = want(net.logits(COLOURS[name]))
            found = classify(path, image, *options)
            expect(found["survivors"] == list(survivors), what, name, survivors, found)
            expect(np.allclose(found["survivor-scores"], p[list(survivors)], rtol=0,
                               atol=TOLERANCE), what, name, p, found)
            expect(found["confidence"] == found["survivor-scores"][0], what, name, found)
            expect(found["class-index"] == survivors[0], what, name, found)
            expect(found["exit-stage"] == 0 and found["stop-reason"] == "final", what, found)


def one_of(p):
    return p, np.argsort(-p, kind="stable")


def one_answer(logits):
    return one_of(softmax(logits))


def rounded(logits):
    return one_of(np.minimum(np.round(softmax(logits) * 256), 255) / 256)


def several_of(p):
    order = np.argsort(-p, kind="stable")
    return p, [c for c in order if p[c] > 0.5] or order[:1]


def several_answers(logits):
    return several_of(sigmoid(logits))


def two_classes(logits):
    p = sigmoid(logits[0])
    return several_of(np.array([1 - p, p]))


def test_softmax(test):
    """Never twice, whatever is behind it."""
    for name, (behind, shape) in SOFTMAX.items():
        net = Network()
        path = test.save("softmax " + name, behind(net.add("Softmax", axis=1)).model(shape))
        test.compare("softmax, " + name, path, net, rounded if name == "quantized" else one_answer)
        expect(inspect(path) == {"kind": "probabilities", "source": "graph"}, name, inspect(path))


def test_parts_of_a_softmax(test):
    """What no longer sums to 1 is left as it is."""
    net = Network(N + 1)
    path = test.save("slice", net.add("Softmax", axis=1)
                     .add("Slice", rows([1]), rows([N + 1]), rows([1])).model(ROW))
    test.compare("a class cut off", path, net, lambda z: one_of(softmax(z)[1:]))


def test_softmax_in_steps(test):
    """Exp divided by its sum, with and without the largest taken off before."""
    for shift in (False, True):
        net = Network()
        if shift:
            net.join("ReduceMax", ["logits"], axes=[1], keepdims=1).join("Sub", ["logits", "t1"])
        exp = net.add("Exp").last
        total = net.add("ReduceSum", rows([1]), keepdims=1).last
        path = test.save("steps", net.join("Div", [exp, total]).model(ROW))
        test.compare("softmax in steps", path, net, one_answer)
        expect(inspect(path)["kind"] == "probabilities", shift, inspect(path))


def test_logits(test):
    for shape, behind in (([N], lambda n: n.add("Squeeze", rows([0]))), (ROW, lambda n: n),
                          ([1, 1, N], lambda n: n.add("Unsqueeze", rows([0]))),
                          ([1, N, 1, 1], lambda n: n.add("Unsqueeze", rows([2, 3]))),
                          ([1, 1, 1, N], lambda n: n.add("Unsqueeze", rows([0, 1])))):
        net = Network()
        path = test.save("logits", behind(net).model(shape))
        test.compare(f"logits {shape}", path, net, one_answer)
        expect(inspect(path)["kind"] == "logits", shape)


def test_images(test):
    """An image is taken with and without a batch, whichever way its dimensions stand."""
    for shape in ((1, 3, 8, 8), (1, 8, 8, 3), (3, 8, 8), (8, 8, 3)):
        net = Network(image=shape)
        path = test.save("image", net.model(ROW))
        test.compare(f"image {shape}", path, net, one_answer)


def test_sigmoids(test):
    """Several labels at once."""
    for name, (behind, shape) in SOFTMAX.items():
        if name in ("percent", "quantized"):
            continue
        net = Network()
        path = test.save("sigmoid " + name, behind(net.add("Sigmoid")).model(shape))
        test.compare("sigmoid, " + name, path, net, several_answers)
        expect(inspect(path) == {"kind": "sigmoid", "source": "graph"}, name, inspect(path))
    refused("classify", path, test.images["red"], "--strategy", "confidence", "--thresholds", "0.5",
            says="each class is a yes or no of its own")
    refused("tune", path, test.folder, "--max-accuracy-drop", "0.1", "-o", "/dev/null",
            says="do not exclude each other")


def test_certainty(test):
    """Probabilities that are rounded to 0 and 1."""
    net = Network()
    path = test.save("certain", net.add("Mul", np.float32(1000)).add("Sigmoid").model(ROW))
    for name, image in test.images.items():
        found = classify(path, image)
        want = net.logits(COLOURS[name]) > 0
        expect(sorted(found["survivors"]) == list(np.nonzero(want)[0]), name, want, found)
        expect(set(found["survivor-scores"]) == {1}, name, found)


def test_gates_are_no_scores(test):
    """x * Sigmoid(x) is an activation, and what a Sigmoid weighs is a logit."""
    net = Network()
    net.join("Sigmoid", ["logits"]).join("Mul", ["logits", "t1"])
    path = test.save("gate", net.model(ROW))
    test.compare("gate", path, net, lambda z: one_answer(z * sigmoid(z)))


def test_one_score(test):
    """Two classes: 1 - p and p."""
    net = Network(1)
    path = test.save("binary", net.add("Sigmoid").model([1, 1]))
    test.compare("one sigmoid", path, net, two_classes)
    labels = common.write(os.path.join(test.folder, "two.txt"), b"stone\nanimal\n")
    found = classify(path, test.images["red"], "--labels", labels)
    expect(found["label"] == ("stone", "animal")[found["class-index"]], found)
    net = Network(1)
    path = test.save("one-logit", net.model([1, 1]))
    refused("classify", path, test.images["red"], says="--scores sigmoid")
    test.compare("--scores sigmoid", path, net, two_classes, ("--scores", "sigmoid"))
    path = test.save("one-logit-sigmoid", net.model([1, 1], scores="sigmoid"))
    test.compare("one logit", path, net, two_classes)


def test_said(test):
    """What metadata says counts more than what is found."""
    logits = Network()
    path = test.save("said", logits.model(ROW, scores="sigmoid"))
    test.compare("logits as sigmoid", path, logits, several_answers)
    expect(inspect(path) == {"kind": "sigmoid", "source": "winnow.scores"}, inspect(path))
    net = Network()
    path = test.save("said", net.add("Sigmoid").model(ROW, scores="probabilities"))
    test.compare("sigmoid as probabilities", path, net, lambda z: one_of(sigmoid(z)))
    path = test.save("said", net.model(ROW, scores="logits"))
    test.compare("sigmoid as logits", path, net, lambda z: one_answer(sigmoid(z)))
    refused("classify", test.save("said", net.model(ROW, scores="shares")), test.images["red"],
            says="winnow.scores: 'shares' is not logits, probabilities or sigmoid")


def test_several_outputs(test):
    """The scores are the output that has as many values as there are labels."""
    net = Network()
    outputs = [("features", [1, 3])]
    path = test.save("outputs", net.model(ROW, outputs, labels="\n".join(LABELS)))
    test.compare("as many as labels", path, net, one_answer)
    path = test.save("outputs", net.model(ROW, outputs, output="logits"))
    test.compare("winnow.output", path, net, one_answer)
    path = test.save("outputs", net.model(ROW, outputs))
    test.compare("--scores-output", path, net, one_answer, ("--scores-output", "logits"))
    refused("classify", path, test.images["red"], "--scores-output", "scores",
            says="--scores-output names 'scores', which is no output; there is 'logits' [1, 4]")
    refused("classify", path, test.images["red"],
            says="'logits' [1, 4], 'features' [1, 3]; name the class scores")
    net = Network()
    path = test.save("outputs", net.add("Softmax", axis=1).model(ROW, [("logits", ROW)]))
    test.compare("beside their softmax", path, net, one_answer)
    net = Network()
    path = test.save("outputs", net.model(ROW, [("pool", [1, 3, 1, 1])], labels="a\nb"))
    refused("classify", path, test.images["red"], says="'pool' [1, 3, 1, 1]")


def test_choices(test):
    """The class alone is no list of scores; beside them it is left alone."""
    for op, attrs, constants in (("ArgMax", {"axis": 1, "keepdims": 0}, []),
                                 ("ArgMax", {"axis": 1}, []), ("TopK", {}, [rows([2])])):
        net = Network()
        net.add("Softmax", axis=1).add(op, *constants, **attrs)
        path = test.save("choice", net.model([1]))
        refused("classify", path, test.images["red"],
                says=f"is the answer of {op} alone; the scores of all classes are needed")
        path = test.save("choice", net.model([1], [("t1", ROW)]))
        test.compare("beside " + op, path, net, one_answer)


def test_join(test):
    """The exits of a cascade are logits: what cannot be led back to them is refused."""
    labels = "\n".join(LABELS)
    good = test.save("good", Network().add("Softmax", axis=1).model(ROW, labels=labels))
    net = Network(seed=2)
    other = test.save("other", net.model(ROW, [("features", [1, 3])], labels=labels))
    cascade = os.path.join(test.folder, "cascade.onnx")
    done = common.winnow("join", good, other, "-o", cascade)
    expect(done.returncode == 0, "join", done)
    for name, image in test.images.items():
        found = classify(cascade, image, "--strategy", "none")
        expect(found["class-index"] == np.argmax(net.logits(COLOURS[name])), name, found)
    for name, op, attrs, says in (("sigmoids", "Sigmoid", {}, "its scores are sigmoids"),
                                  ("softmax", "Softmax", {"axis": 1}, "its scores are probab")):
        net = Network().add(op, **attrs).add("Clip", np.float32(0.001), np.float32(0.999))
        refused("join", good, test.save(name, net.model(ROW, labels=labels)), "-o",
                cascade, says=says)


def test_eval(test):
    """A picture is right where its folder's class survives."""
    net = Network()
    path = test.save("eval", net.add("Sigmoid").model(ROW, labels="\n".join(LABELS)))
    data = os.path.join(test.folder, "data")
    right = total = 0
    for label in range(N):
        os.makedirs(os.path.join(data, LABELS[label]))
        for name, colour in COLOURS.items():
            shutil.copy(test.images[name], os.path.join(data, LABELS[label]))
            right += label in several_answers(net.logits(colour))[1]
            total += 1
    found = common.winnow_json("eval", path, data, *common.FLOAT32)[0]
    expect(0 < right < total and found["images"] == total, right, found)
    for key in ("accuracy", "accuracy-full"):
        expect(abs(found[key] - right / total) < 1e-9, key, right / total, found[key])


def main():
    folder = tempfile.mkdtemp(prefix="winnow-scores-")
    try:
        test = Test(folder)
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(test)
    finally:
        shutil.rmtree(folder)
    print(json.dumps({"failures": len(failures)}))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
