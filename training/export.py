# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a trained network as an ONNX file with Winnow's metadata."""

import inspect
import io
import warnings

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from . import models

# What thresholds mean "never stop early": those of a model that `winnow tune` has not seen yet.
NEVER = {"class-exclusion": "0", "confidence": "1", "entropy": "0"}


class Tuple(nn.Module):
    """The exporter wants a tuple of outputs."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return tuple(self.model(x))


def exporter_options():
    """Newer versions of PyTorch have a second exporter, which needs a package of its own."""
    known = inspect.signature(torch.onnx.export).parameters
    return {"dynamo": False} if "dynamo" in known else {}


def trained_model(config, state):
    """The network of a checkpoint, ready for use, on the CPU."""
    model = models.build(config, len(state["classes"]))
    model.load_state_dict(state["average"] or state["model"])
    return model.eval()


def to_float16(graph):
    """Stores matrices and filters as float16, each behind a Cast to float32."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) < 2:
            continue
        half, name = tensor.name + ".half", tensor.name
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], name + ".cast",
                                      to=onnx.TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def metadata(config, state, names):
    exits = config.exits
    def numbers(values):
        return ",".join(f"{v:g}" for v in values)

    keys = {"winnow.version": "1", "winnow.exits": ",".join(names[:-1]),
            "winnow.output": names[-1], "winnow.labels": "\n".join(state["classes"]),
            "winnow.strategy": exits.strategy, "winnow.exit-score": exits.score,
            "winnow.input.mean": numbers(state["mean"]), "winnow.input.std": numbers(state["std"]),
            "winnow.input.resize": config.export.resize}
    if exits.strategy in NEVER:
        keys["winnow.thresholds"] = ",".join([NEVER[exits.strategy]] * (len(names) - 1))
    if config.export.groups:
        keys["winnow.groups"] = config.export.groups
    return keys


def to_onnx(config, state):
    """The onnx.ModelProto of a checkpoint: input `input` [N,3,S,S], outputs exit_0.. and logits."""
    model, size = trained_model(config, state), config.model.size
    names = [f"exit_{k}" for k in range(len(config.exits.after))] + ["logits"]
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Tuple(model), torch.zeros(1, 3, size, size), file, opset_version=13,
                          input_names=["input"], output_names=names,
                          dynamic_axes={name: {0: "N"} for name in ["input", *names]},
                          **exporter_options())
    proto = onnx.load_from_string(file.getvalue())
    if config.export.weights == "float16":
        to_float16(proto.graph)
    helper.set_model_props(proto, metadata(config, state, names))
    onnx.checker.check_model(proto)
    return proto
