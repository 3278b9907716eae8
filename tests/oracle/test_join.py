# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow join`: every exit of a cascade has the logits of its network alone, in the last one's
order of classes.

Judges are the float64 reference, ONNX Runtime where its Python package is there, and onnx.checker
where that is.  Small networks end in all ways that are known; every golden network, raised to
opset 21, is a network of a cascade; the pretrained ones beside the source tree are joined in ONNX
Runtime if both are there.
env WINNOW: the program.
"""

import os
import re
import shutil
import sys
import tempfile

import numpy as np

import common
import onnxfile as of
import reference
from onnxfile import make_node

try:
    import onnxruntime
except ImportError:
    onnxruntime = None
try:
    import onnx
except ImportError:
    onnx = None

TOLERANCE = 1e-4
LABELS = ["ant", "bee", "cat", "dog", "eel", "fox"]
OTHERS = ["fox", "cat", "ant", "eel", "bee", "dog"]
FEATURES = 8
PRETRAINED = os.path.join(os.path.dirname(common.ROOT), "shared", "models", "pretrained")
NOT_IN_ORT = {"lrn_even", "bfloat16_raw", "bfloat16_typed"}
failures = []


def expect(good, *what):
    if not good:
        failures.append(what)
        print("FAIL", *what)


# ---- running -------------------------------------------------------------------------------


def run_ort(data, feed):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(None, feed)))


def difference(a, b):
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def join(scratch, files, name):
    """The cascade of [(name, bytes)]; None: it was refused, and failures say so."""
    paths = [common.write(os.path.join(scratch, n + ".onnx"), data) for n, data in files]
    out = os.path.join(scratch, "cascade.onnx")
    done = common.winnow("join", *paths, "-o", out)
    if done.returncode or done.stderr:
        return None, done.stderr
    data = common.read(out)
    model = of.load(data)
    if onnx and model.opset <= onnx.defs.onnx_opset_version():
        try:
            onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            expect(False, name, "onnx.checker:", str(error)[:300])
    return data, ""


def own_logits(data, x, run):
    """The scores of a network alone, and whether they are probabilities."""
    model = of.load(data)
    out = run(data, {model.inputs[0].name: x})[model.outputs[0].name]
    return out.reshape(1, -1).astype(np.float64), any(n.op == "Softmax" for n in model.nodes)


def run_reference(data, feed):
    return reference.run(of.load(data), feed)


def check(name, scratch, *files):
    """Joins [(name, bytes)] and compares every exit with its network alone."""
    data, problem = join(scratch, files, name)
    if data is None:
        expect(False, name, problem.strip())
        return None
    meta, model = of.metadata(data), of.load(data)
    inputs = meta["winnow.inputs"].split(",")
    exits = [*meta["winnow.exits"].split(","), meta["winnow.output"]]
    expect(inputs == [n for n, _ in files] == [i.name for i in model.inputs], name, inputs)
    expect(exits == [o.name for o in model.outputs], name, exits)
    random = np.random.RandomState(5)
    feed = {n: random.randn(*of_shape(d)).astype(np.float32) for n, d in files}
    worst = 0
    for run in [run_reference] + ([run_ort] if onnxruntime else []):
        joined = run(data, feed)
        for (n, alone), output in zip(files, exits):
            expected, probable = own_logits(alone, feed[n], run)
            own = of.metadata(alone).get("winnow.labels")
            got = softmax(joined[output]) if probable else joined[output]
            if own:
                order = [own.split("\n").index(c) for c in meta["winnow.labels"].split("\n")]
                expected = expected[:, order]
                if probable:  # those that are left out had their share
                    expected = expected / expected.sum()
            expect(got.shape == expected.shape, name, output, got.shape, expected.shape)
            worst = max(worst, difference(got, expected))
    expect(worst <= TOLERANCE, name, "differs by", worst)
    return data


def of_shape(data):
    return [d or 1 for d in of.load(data).inputs[0].shape]


# ---- small networks ------------------------------------------------------------------------


class Network:
    """Conv, Relu6, GlobalAveragePool, and one of the ends below."""

    def __init__(self, seed, labels, opset=13, size=8, meta=None, batch=1):
        self.random, self.opset, self.labels = np.random.RandomState(seed), opset, labels
        self.size, self.batch, self.nodes, self.inits = size, batch, [], []
        self.meta = {"winnow.input.mean": "0.5,0.5,0.5", **(meta or {})}
        if labels:
            self.meta["winnow.labels"] = "\n".join(labels)
        self.classes = len(labels) if labels else len(LABELS)
        x = self.add("Conv", ["image", self.weights(FEATURES, 3, 3, 3), self.weights(FEATURES)],
                     kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
        if opset < 11:
            x = self.add("Clip", [x], min=0.0, max=6.0)
        else:
            x = self.add("Clip", [x, self.init(np.float32(0)), self.init(np.float32(6))])
        self.image = x
        self.pooled = self.add("GlobalAveragePool", [x])

    def init(self, array):
        self.inits.append((f"w{len(self.inits)}", np.asarray(array)))
        return self.inits[-1][0]

    def weights(self, *shape, dtype=np.float32):
        return self.init(self.random.randn(*shape).astype(dtype))

    def add(self, op, inputs, **attrs):
        self.nodes.append(make_node(op, inputs, [f"t{len(self.nodes)}"], **attrs))
        return f"t{len(self.nodes) - 1}"

    def flat(self):
        return self.add("Flatten", [self.pooled])

    def file(self, y):
        shape = (self.batch, 3, self.size, self.size)
        return of.make_model(self.nodes, [("image", shape)], [(y, (self.batch, self.classes))],
                             self.inits, self.opset, self.meta)


def gemm(n):
    return n.add("Gemm", [n.flat(), n.weights(n.classes, FEATURES), n.weights(n.classes)], transB=1)


def gemm_untransposed(n):
    row = n.weights(1, n.classes)
    return n.add("Gemm", [n.flat(), n.weights(FEATURES, n.classes), row], alpha=0.5, beta=2.0)


def gemm_scalar_bias(n):
    return n.add("Gemm", [n.flat(), n.weights(FEATURES, n.classes), n.weights(1)])


def conv(n):
    y = n.add("Conv", [n.pooled, n.weights(n.classes, FEATURES, 1, 1), n.weights(n.classes)])
    return n.add("Flatten", [y])


def conv_of_four_dimensions(n):
    return n.add("Conv", [n.pooled, n.weights(n.classes, FEATURES, 1, 1)])


def conv_before_pool(n):
    y = n.add("Conv", [n.image, n.weights(n.classes, FEATURES, 1, 1), n.weights(n.classes)])
    y = n.add("GlobalAveragePool", [n.add("Relu", [y])])
    return n.add("Reshape", [y, n.init(np.array([1, n.classes]))])


def matmul_add(n):
    y = n.add("MatMul", [n.flat(), n.weights(FEATURES, n.classes)])
    return n.add("Add", [n.weights(n.classes), n.add("Mul", [y, n.weights(1, n.classes)])])


def half(n):
    w = n.add("Cast", [n.weights(n.classes, FEATURES, dtype=np.float16)], to=1)
    return n.add("Gemm", [n.flat(), w, n.weights(n.classes)], transB=1)


def behind_transpose(n):
    w = n.add("Transpose", [n.add("Identity", [n.weights(n.classes, FEATURES)])], perm=[1, 0])
    return n.add("MatMul", [n.flat(), w])


def shared_weights(n):
    """One matrix and one row for the features and for the classes."""
    w, row = n.weights(n.classes, n.classes), n.weights(n.classes)
    x = n.add("Gemm", [n.flat(), n.weights(FEATURES, n.classes), row])
    return n.add("Gemm", [n.add("Gemm", [x, w, row]), w, row])


def with_softmax(n):
    return n.add("Softmax", [gemm(n)], axis=1)


def softmax_then_layout(n):
    y = n.add("Softmax", [conv_of_four_dimensions(n)], axis=1)
    return n.add("Reshape", [n.add("Identity", [y]), n.init(np.array([1, n.classes]))])


def quantized_by_hand(n):
    """int8 weights with a scale for each class, and rounded scores."""
    def pair(x, scale, zero):
        q = n.add("QuantizeLinear", [x, scale, zero])
        return n.add("DequantizeLinear", [q, scale, zero])
    scales = n.init(np.abs(n.random.randn(n.classes)).astype(np.float32) / 50 + 0.01)
    q = n.init(n.random.randint(-127, 128, (n.classes, FEATURES)).astype(np.int8))
    w = n.add("DequantizeLinear", [q, scales, n.init(np.zeros(n.classes, np.int8))], axis=0)
    scale, zero = n.init(np.float32(0.03)), n.init(np.uint8(128))
    y = n.add("Gemm", [pair(n.flat(), scale, zero), w, n.weights(n.classes)], transB=1)
    return n.add("Softmax", [pair(y, n.init(np.float32(0.2)), zero)], axis=1)


ENDS = [gemm, gemm_untransposed, gemm_scalar_bias, conv, conv_of_four_dimensions, conv_before_pool,
        matmul_add, half, behind_transpose, shared_weights, with_softmax, softmax_then_layout,
        quantized_by_hand]


def named(seed, end, labels, **options):
    n = Network(seed, labels, **options)
    return n.file(end(n))


def small_networks(scratch):
    last = ("last", named(1, gemm, LABELS, opset=17, size=10))
    for k, end in enumerate(ENDS):
        opset = 13 if end is quantized_by_hand else (9, 11, 13)[k % 3]
        for labels in (OTHERS, LABELS, OTHERS[:2] + ["background"] + OTHERS[2:]):
            check(f"{end.__name__} {len(labels)}", scratch,
                  ("first", named(k + 2, end, labels, opset=opset)), last)
        check(f"{end.__name__} last", scratch, ("first", named(30, conv, OTHERS, batch="N")),
              ("second", named(31, with_softmax, LABELS)),
              ("last", named(k + 2, end, ["background"] + LABELS, opset=opset)))
    check("no labels", scratch, ("a", named(40, gemm, None)), ("b", named(41, conv, None)))


def rounded_probabilities(scratch):
    """QuantizeLinear behind Softmax goes with it: logits have another range."""
    n = Network(50, OTHERS)
    scale, zero = n.init(np.float32(1 / 256)), n.init(np.uint8(0))
    q = n.add("QuantizeLinear", [with_softmax(n), scale, zero])
    y = n.add("DequantizeLinear", [q, scale, zero])
    data = n.file(y)
    cascade, problem = join(scratch, [("a", data), ("b", named(51, gemm, LABELS))], "rounded")
    expect(cascade is not None, "rounded probabilities", problem)
    ops = [node.op for node in of.load(cascade).nodes]
    expect("Softmax" not in ops and "QuantizeLinear" not in ops, "rounded probabilities", ops)


def quantized_by_winnow(scratch):
    """Both networks int8, as `winnow quantize` writes them."""
    folder = os.path.join(scratch, "data")
    random = np.random.RandomState(7)
    for label in LABELS:
        os.makedirs(os.path.join(folder, label))
        common.write(os.path.join(folder, label, "0.ppm"),
                     b"P6 12 12 255\n" + random.bytes(12 * 12 * 3))
    files = []
    for name, end, labels in (("small", conv, OTHERS), ("big", with_softmax, LABELS)):
        source = common.write(os.path.join(scratch, "float.onnx"), named(60, end, labels, opset=11))
        out = os.path.join(scratch, name + ".onnx")
        done = common.winnow("quantize", source, folder, "-o", out)
        expect(done.returncode == 0, "quantize", done.stderr)
        files.append((name, common.read(out)))
    check("int8", scratch, *files)
    shutil.rmtree(folder)


def outputs_of_training(scratch):
    """BatchNormalization with all its outputs from before opset 14, which has no such form."""
    n = Network(80, OTHERS, opset=9)
    inputs = [n.pooled] + [n.init(np.float32(n.random.rand(FEATURES) + 0.5)) for _ in range(4)]
    n.nodes.append(make_node("BatchNormalization", inputs, ["bn", "m", "v", "sm", "sv"]))
    n.pooled = "bn"
    data, last = n.file(gemm(n)), named(81, gemm, LABELS, opset=17)
    cascade, problem = join(scratch, [("a", data), ("b", last)], "outputs of training")
    expect(cascade is not None, "outputs of training", problem)
    if cascade:
        node = next(n for n in of.load(cascade).nodes if n.op == "BatchNormalization")
        expect(node.outputs == ["a/bn"], "outputs of training", node.outputs)


def metadata(scratch):
    """What is taken over, what is renamed and what is left out."""
    keys = {"winnow.input.std": "0.2,0.2,0.2", "winnow.input.crop": "0.875"}
    small = named(70, gemm, OTHERS, meta=keys)
    big = named(71, gemm, LABELS[:1] + ["background"] + LABELS[1:],
                meta={"winnow.groups": "pets: cat, 4; insects: ant, bee; none: 1", "licence": "CC0",
                      "winnow.taps": "t1", "winnow.version": "1", "winnow.output": "t4",
                      "winnow.thresholds": "", "winnow.strategy": "none"})
    meta = of.metadata(check("metadata", scratch, ("s.m", small), ("big", big)))
    expected = {"winnow.version": "1", "winnow.inputs": "s.m,big", "winnow.exits": "s.m/logits",
                "winnow.output": "big/logits", "winnow.labels": "\n".join(LABELS),
                "winnow.groups": "pets: cat, dog; insects: ant, bee; ",
                "winnow.strategy": "class-exclusion", "winnow.exit-score": "softmax",
                "winnow.thresholds": "0", "winnow.input.s.m.mean": "0.5,0.5,0.5",
                "winnow.input.s.m.std": "0.2,0.2,0.2", "winnow.input.s.m.crop": "0.875",
                "winnow.input.big.mean": "0.5,0.5,0.5", "licence": "CC0"}
    expect(meta == expected, "metadata", meta)


# ---- operators of all opsets, raised ---------------------------------------------------------


def ending_in(data, output):
    """The model with one output, `output` as a row, said to be logits, behind a node at which the
    end is looked for no further."""
    def change(graph):
        fields = [f for f in of.split(graph) if f[0] != of.GRAPH_OUTPUT]
        reshape = make_node("Reshape", [output, "all of it"], ["one row"])
        concat = make_node("Concat", ["one row"], ["scores of it"], axis=1)
        fields += [of.text(of.GRAPH_NODE, reshape), of.text(of.GRAPH_NODE, concat),
                   of.text(of.GRAPH_INITIALIZER, of.make_tensor("all of it", np.array([1, -1]))),
                   of.text(of.GRAPH_OUTPUT, of.make_value("scores of it", (1, "classes")))]
        return of.join(fields)
    data = of.with_metadata(data, {**dict.fromkeys(of.metadata(data)), "winnow.scores": "logits"})
    return of.edit(data, [of.MODEL_GRAPH], change)


def newest(classes):
    """A network of opset 21 with so many classes."""
    nodes = [make_node("Flatten", ["x"], ["f"]), make_node("Gemm", ["f", "w"], ["y"])]
    return of.make_model(nodes, [("x", (1, 3, 1, 1))], [("y", (1, classes))],
                         [("w", np.ones((3, classes), np.float32))], 21)


def golden_outputs():
    """(name, model, input, output, expected) of the golden networks that take one image."""
    for name in sorted(os.listdir(os.path.join(common.ROOT, "tests", "data", "golden"))):
        folder = os.path.join(common.ROOT, "tests", "data", "golden", name)
        if not os.path.exists(os.path.join(folder, "model.onnx")):
            continue
        with np.load(os.path.join(folder, "tensors.npz")) as file:
            x = file["input"]
            outputs = {k[len("output/"):]: file[k] for k in file if k.startswith("output/")}
        data = common.read(os.path.join(folder, "model.onnx"))
        if x.ndim != 4 or x.shape[0] != 1:
            continue
        for output in of.load(data).outputs:
            expected = outputs[re.sub(r"[^A-Za-z0-9._-]", "_", output.name)]
            if expected.size > 1:
                yield name, data, x, output.name, expected


def golden_networks(scratch):
    """Refused is only what has no equal in opset 21."""
    last = np.float32([[[[1]], [[2]], [[3]]]])
    n = refused = 0
    for name, data, x, output, expected in golden_outputs():
        what = f"golden {name} {output}"
        cascade, problem = join(scratch, [("golden", ending_in(data, output)),
                                          ("newest", newest(expected.size))], what)
        n += 1
        if cascade is None:
            expect(name in ("softmax_6", "softmax_11", "folded_softmax") and
                   "opset 21" in problem and
                   ("several dimensions" in problem or "something else there" in problem),
                   what, problem)
            refused += 1
            continue
        feed = {"golden": x, "newest": last}
        runs = [run_reference]
        if onnxruntime and name not in NOT_IN_ORT:
            runs.append(run_ort)
        for run in runs:
            try:
                got = run(cascade, feed)["golden/logits"]
            except Exception as error:  # ONNX Runtime has many of its own
                expect(False, what, run.__name__, str(error)[:300])
                continue
            expect(got.size == expected.size and
                   difference(got.ravel(), expected.ravel()) <= TOLERANCE, what, run.__name__)
    print(f"{n} outputs of golden networks, {refused} refused")
    expect(n > 100 and refused < 10, "golden networks", n, refused)


# ---- pretrained networks ---------------------------------------------------------------------


def pretrained(scratch):
    if onnxruntime is None or not os.path.isdir(PRETRAINED):
        print("pretrained networks: skipped, they or onnxruntime are not there")
        return
    run_both = globals()["run_reference"]
    globals()["run_reference"] = run_ort  # the reference takes minutes
    for names in (("mcunet-in4-160", "efficientnet-lite0-224", "efficientnet-lite2-260"),
                  ("mobilenetv2-224", "efficientnet-lite2-260"),
                  ("efficientnet-lite0-224", "mobilenetv2-224")):
        files = [(n, common.read(os.path.join(PRETRAINED, n + ".onnx"))) for n in names]
        check(" ".join(names), scratch, *files)
    globals()["run_reference"] = run_both


def main():
    if onnxruntime is None:
        print("without ONNX Runtime: its Python package onnxruntime is not installed")
    for part in (small_networks, rounded_probabilities, quantized_by_winnow, outputs_of_training,
                 metadata, golden_networks, pretrained):
        with tempfile.TemporaryDirectory() as scratch:
            part(scratch)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
