# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `winnow quantize` writes, computed by others: a NumPy reference that takes the QDQ nodes at
their word, and ONNX Runtime when it is there.

The shipped model must keep its answers, and small networks of several opsets, made on the fly
with the onnx package when that is there, their outputs.  Every file is checked with onnx.checker.
env WINNOW: the program; NODE_PATH: a folder with onnxruntime-node, optional.
"""

import os
import shutil
import sys
import tempfile

import numpy as np

import common
import onnxfile
import reference

try:
    import onnx

    import builder
except ImportError:
    onnx = builder = None
IMAGES = 40
failures = []


def expect(good, *what):
    if not good:
        failures.append(what)
        print("FAIL", *what)


# ---- QuantizeLinear and DequantizeLinear as the operator specification has them ----


def per_axis(parameter, x, attrs):
    if parameter.ndim == 0:
        return parameter
    return parameter.reshape([-1 if d == attrs.get("axis", 1) else 1 for d in range(x.ndim)])


def quantize_linear(i, attrs):
    scaled = np.rint(i[0] / per_axis(i[1], i[0], attrs)) + i[2]
    assert i[2].dtype == np.uint8
    return np.clip(scaled, 0, 255).astype(np.uint8)


def dequantize_linear(i, attrs):
    zero = per_axis(i[2], i[0], attrs).astype(np.int64)
    return (i[0].astype(np.int64) - zero) * per_axis(i[1], i[0], attrs)


reference.OPS.setdefault("QuantizeLinear", quantize_linear)
reference.OPS.setdefault("DequantizeLinear", dequantize_linear)


# ---- the file ----


def graph_part(data, number):
    return onnxfile.get_all(onnxfile.split(onnxfile.get(onnxfile.split(data),
                                                        onnxfile.MODEL_GRAPH)), number)


def real_inputs(data):
    """The input entries of the file that are no initialisers, as bytes."""
    weights = {onnxfile.tensor(t)[0] for t in graph_part(data, onnxfile.GRAPH_INITIALIZER)}
    return [i for i in graph_part(data, onnxfile.GRAPH_INPUT)
            if onnxfile.value_info(i).name not in weights]


def check_file(name, old, new):
    """Interfaces and metadata as before, integers where they belong."""
    model = onnxfile.load(new)
    expect(model.opset >= 13, name, "opset", model.opset)
    expect(onnxfile.metadata(new) == onnxfile.metadata(old), name, "metadata changed")
    expect(real_inputs(new) == real_inputs(old) == graph_part(new, onnxfile.GRAPH_INPUT), name,
           "inputs changed")
    expect(graph_part(new, onnxfile.GRAPH_OUTPUT) == graph_part(old, onnxfile.GRAPH_OUTPUT), name,
           "outputs changed")
    made = {o: n for n in model.nodes for o in n.outputs}
    for node in model.nodes:
        if node.op in ("Conv", "Gemm"):
            expect([made[i].op for i in node.inputs] == ["DequantizeLinear"] * 3, name,
                   f"{node.op} has float inputs")
            kinds = [model.initializers[made[i].inputs[0]].dtype for i in node.inputs[1:]]
            expect(kinds == [np.int8, np.int32], name, f"{node.op} has weights of {kinds}")
        expect(node.op not in ("BatchNormalization", "Identity", "Dropout"), name,
               f"{node.op} left")
    for output in model.outputs:
        expect(made[output.name].op not in ("QuantizeLinear", "DequantizeLinear"), name,
               f"output {output.name} is quantized")
    if onnx:
        onnx.checker.check_model(onnx.load_from_string(new), full_check=True)


def quantize(name, data, scratch, *options):
    old = common.write(os.path.join(scratch, "float.onnx"), data)
    new = os.path.join(scratch, "int8.onnx")
    folder = os.path.join(scratch, "data")
    done = common.winnow("quantize", old, folder, "-o", new, *options)
    if done.returncode or done.stderr:
        sys.exit(f"{name}: winnow quantize: status {done.returncode}: {done.stderr.strip()}")
    out = common.read(new)
    check_file(name, data, out)
    return out


def distance(a, b):
    """The root of the mean squared difference relative to the spread of b, worst output."""
    return max(np.sqrt(np.mean((a[k] - b[k]) ** 2)) / b[k].std() for k in b)


def compare(name, data, x, scratch, limit, *options):
    """Quantizes; returns the outputs of the old and the new file by the best judge there is."""
    new = quantize(name, data, scratch, *options)
    before, after = common.reference_logits(data, x), common.reference_logits(new, x)
    expect(distance(after, before) < limit, name, options, "far from float:",
           distance(after, before))
    print(f"{name} {options}: {distance(after, before):.4f} from float32", end="")
    runtime = common.ort_logits(new, x, scratch)
    if runtime:
        # a value that lies on the edge between two steps may fall to either side
        expect(distance(runtime, after) < limit / 2, name, "ONNX Runtime differs:",
               distance(runtime, after))
        print(f", {distance(runtime, after):.4f} from ONNX Runtime", end="")
    elif os.environ.get("NODE_PATH"):
        expect(False, name, "ONNX Runtime does not run the file")
    print()
    return before, after


# ---- networks ----


def old_network():
    """Opset 9: attributes that became inputs, initialisers among the inputs, and what is folded."""
    g = builder.Graph("quantize-old", 9, (1, 3, 32, 32), ir=3, inits_as_inputs=True, batch="N")
    x = g.node("Pad", g.x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="constant", value=0.0)
    x = g.bn(g.conv(x, 3, 8, strides=[2, 2]), 8)
    x = g.node("Clip", x, min=0.0, max=6.0)
    x = g.node("Identity", x)
    wide = g.bn(g.conv(x, 8, 8, group=8, pads=[1, 1, 1, 1], bias=False), 8)
    x = g.node("Sum", [x, wide])
    a, b = g.conv(x, 8, 6, k=1), g.node("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    x = g.node("Relu", g.node("Concat", [a, b], axis=1))
    x = g.node("LeakyRelu", g.conv(x, 14, 12, group=2))
    x = g.node("Squeeze", g.node("GlobalAveragePool", x), axes=[2, 3])
    x = g.node("Dropout", x, ratio=0.4)
    x = g.node("MatMul", [x, g.weights(12, 9, scale=0.4)])
    row = g.node("Constant", [], value=builder.numpy_helper.from_array(g.values(1, 9)))
    x = g.node("Relu", g.node("Add", [row, x]))
    x = g.node("Gemm", [x, g.weights(9, 10, scale=0.4), g.weights(1, 10)], alpha=0.5, beta=2.0)
    g.out(g.node("Softmax", x, axis=1), "scores")
    return g.model({"scores": (1, 10)})


def new_network():
    """Opset 17: a residual block before its activation, a gate, and an output in the middle."""
    g = builder.Graph("quantize-new", 17, (1, 3, 32, 32), ir=8, batch="N")
    x = g.conv(g.x, 3, 8, pads=[1, 1, 1, 1])
    y = g.conv(g.node("Relu", x), 8, 8, bias=False, pads=[1, 1, 1, 1])
    x = g.node("Add", [x, y])
    y = g.node("AveragePool", g.node("Relu", x), kernel_shape=[4, 4], strides=[4, 4])
    y = g.node("Flatten", y)
    g.out(g.node("Gemm", [y, g.weights(10, 512), g.weights(10)], transB=1), "exit_0")
    a, b = g.node("Split", x, 2, axis=1)
    x = g.node("Concat", [g.conv(b, 4, 4, k=1), a], axis=1)
    gate = g.conv(g.node("GlobalAveragePool", x), 8, 8, k=1)
    x = g.node("HardSwish", g.node("Mul", [x, g.node("Sigmoid", gate)]))
    x = g.conv(x, 8, 16, strides=[2, 2])
    x = g.node("ReduceMean", g.node("Transpose", x, perm=[0, 2, 3, 1]), axes=[1, 2], keepdims=0)
    x = g.node("Unsqueeze", [x, g.ints(2)])
    x = g.node("Reshape", [x, g.ints(0, 16)])
    g.out(g.node("MatMul", [x, g.weights(16, 10, scale=0.4)]), "logits")
    g.meta = {"winnow.exits": "exit_0", "winnow.output": "logits", "other": "kept"}
    return g.model({"exit_0": (1, 10), "logits": (1, 10)})


def shipped(photographs, scratch):
    data = common.read(common.EDGE)
    chosen = photographs[::4]
    x = common.tensors([common.pixels(p) for _, p in chosen], onnxfile.metadata(data))
    for options in ([], ["--ranges", "percentile"]):
        before, after = compare("edge-cifar10", data, x, scratch, 0.1, *options)
        for output in before:
            same = (before[output].argmax(1) == after[output].argmax(1)).mean()
            expect(same >= 0.9, "edge-cifar10", output, "same class:", same)


def main():
    photographs = common.photographs()[:IMAGES]
    names = sorted({name for name, _ in common.photographs()})
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(common.SAMPLE, os.path.join(scratch, "data"))
        shipped(photographs, scratch)
    if onnx is None:
        print("small networks need the onnx package (python3-onnx)")
    for model in [old_network(), new_network()] if onnx else []:
        with tempfile.TemporaryDirectory() as scratch:
            for k, name in enumerate(names):  # their labels are numbers
                shutil.copytree(os.path.join(common.SAMPLE, name),
                                os.path.join(scratch, "data", str(k)))
            x = common.tensors([common.pixels(p) for _, p in photographs[::4]], {})
            model.metadata_props.add(key="winnow.version", value="1")
            compare(f"opset {model.opset_import[0].version}", model.SerializeToString(), x, scratch,
                    0.1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
