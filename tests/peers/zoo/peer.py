# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX Runtime's side of the zoo: what it makes of a file, how far it is from itself, its speed.

    peer.py FOLDER FRAMES   prints the time of a frame with one thread, as `winnow bench --json`

Needs onnx and onnxruntime.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

import judge

LEVELS = {"none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
          "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
          "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL}
REFUSALS = tuple(v for v in vars(ort.capi.onnxruntime_pybind11_state).values()
                 if isinstance(v, type) and issubclass(v, Exception))
N_NOISES = 3
INT8_SCALARS = 64  # weights that are scaled have more values than a shape or a scale


def open_file(path, level, threads=0):
    options = ort.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def first_input(made):
    """The same values for both engines: noise, or pixels where the file wants those."""
    random = np.random.RandomState(1)
    if made["dtype"] in ("uint8", "int8"):
        low = 0 if made["dtype"] == "uint8" else -128
        return random.randint(low, low + 256, made["shape"]).astype(made["dtype"])
    x = random.rand(*made["shape"]) * 255 if made.get("pixels") else random.randn(*made["shape"])
    return x.astype(made["dtype"])


def feeds(session, x):
    """The picture, and zeros for whatever else the file calls an input."""
    inputs = session.get_inputs()
    types = {"tensor(float)": np.float32, "tensor(int64)": np.int64}
    rest = {i.name: np.zeros([d if isinstance(d, int) else 1 for d in i.shape],
                             types.get(i.type, np.float32)) for i in inputs[1:]}
    return {inputs[0].name: x, **rest}


def outputs(path, x, level):
    session = open_file(path, level)
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds(session, x))))


def noise_spread(path, x, reference):
    """How far the outputs move when the input gets noise that nobody would see."""
    session, worst = open_file(path, "basic"), 0.0
    for seed in range(N_NOISES):
        noise = np.random.RandomState(seed + 2).randn(*x.shape) * judge.NOISE
        moved = session.run(list(reference), feeds(session, (x + noise).astype(x.dtype)))
        worst = max(worst, judge.distance(dict(zip(reference, moved)), reference))
    return worst


def moves(path, x, reference):
    """How far the outputs move with another picture: a network that is blind proves nothing."""
    return judge.distance(outputs(path, np.ascontiguousarray(x[..., ::-1]), "basic"), reference)


def output_steps(path):
    """{output: size of its step} of outputs that are quantised."""
    graph = onnx.load(path, load_external_data=False).graph
    makers = {name: n for n in graph.node for name in n.output}
    values = {t.name: t for t in graph.initializer}
    values.update({n.output[0]: n.attribute[0].t for n in graph.node if n.op_type == "Constant"})
    found = {}
    for output in graph.output:
        node = makers.get(output.name)
        if node is None:
            continue
        if node.op_type == "QuantizeLinear":
            found[output.name] = 1.0
        elif node.op_type == "DequantizeLinear" and node.input[1] in values:
            found[output.name] = float(numpy_helper.to_array(values[node.input[1]]).max())
    return found


def shrink(path, to):
    """The same network with weights x 0.7, in one file or with its weights beside it."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) >= 2 \
                and np.prod(tensor.dims) >= INT8_SCALARS:
            array = numpy_helper.to_array(tensor) * np.float32(judge.SHRINK)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    large = os.path.exists(path + ".data")
    onnx.save(model, to, save_as_external_data=large, location=os.path.basename(to) + ".data")


def widen(path, to):
    """The same network with float32 wherever the file says float16."""
    half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    model = onnx.load(path)
    graph = model.graph
    for node in graph.node:
        for a in node.attribute:
            if a.name == "to" and a.i == half:
                a.i = single
    constants = [a.t for n in graph.node if n.op_type == "Constant" for a in n.attribute]
    for tensor in [*graph.initializer, *constants]:
        if tensor.data_type == half:
            array = numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for value in [*graph.input, *graph.output]:
        if value.type.tensor_type.elem_type == half:
            value.type.tensor_type.elem_type = single
    del graph.value_info[:]
    onnx.save(model, to)


def bench(folder, n_frames):
    with open(os.path.join(folder, "made.json")) as f:
        made = json.load(f)
    session = open_file(os.path.join(folder, made["file"]), "all", threads=1)
    values, times = feeds(session, first_input(made)), []
    session.run(None, values)
    for _ in range(n_frames):
        start = time.perf_counter_ns()
        session.run(None, values)
        times.append(time.perf_counter_ns() - start)
    return {"latency-median": statistics.median(times), "version": ort.__version__}


if __name__ == "__main__":
    print(json.dumps(bench(sys.argv[1], int(sys.argv[2]))))
