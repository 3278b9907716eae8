# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the golden cases are written with: a graph under construction (needs the onnx package).

A case is a function that fills a Graph; @case registers it.  Weights are deterministic: they
depend only on the case's name and on how many were drawn before.
"""

import zlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

CASES = {}
# NumPy to TensorProto
KINDS = {"f4": 1, "f2": 10, "i8": 7, "i4": 6, "f8": 11, "b1": 9, "u1": 2, "i1": 3, "u2": 4, "i2": 5}


def case(opset, shape=(1, 3, 4, 5), **options):
    """Registers `function(g)` under its own name, or once per opset as name_OPSET for a tuple."""
    def register(function):
        for version in opset if isinstance(opset, tuple) else (opset,):
            name = function.__name__ + (f"_{version}" if isinstance(opset, tuple) else "")
            assert name not in CASES
            CASES[name] = (function, version, shape, options)
        return function
    return register


def build(name):
    function, opset, shape, options = CASES[name]
    graph = Graph(name, opset, shape, **options)
    function(graph)
    return graph


class Graph:
    def __init__(self, name, opset, shape, batch=None, ir=7, ort=6, rounding=None,
                 inits_as_inputs=False):
        """batch: what the file declares for N ("N": dynamic); ort: the first opset whose form of
        these operators ONNX Runtime takes;
        rounding: inputs and weights are multiples of 1/rounding; inits_as_inputs: as old files."""
        self.name, self.opset, self.ir, self.ort = name, opset, ir, opset >= ort
        self.random = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
        self.nodes, self.inits, self.infos, self.outputs, self.meta = [], [], [], [], {}
        self.renamed = {}
        self.inits_as_inputs = inits_as_inputs
        self.declared = [shape[0] if batch is None else batch] + list(shape[1:])
        self.input = self.random.randn(*shape).astype(np.float32)
        if rounding:
            self.input = np.round(self.input * rounding) / np.float32(rounding)
        self.x, self.count, self.rounding = "x", 0, rounding

    def fresh(self):
        self.count += 1
        return f"t{self.count}"

    def values(self, *shape, scale=None, low=None):
        """Random weights; by default scaled by the fan-in so that activations stay near 1."""
        if low is not None:
            return np.asarray(low + self.random.rand(*shape), np.float32)
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 16
        w = self.random.randn(*shape) * (fan_in ** -0.5 if scale is None else scale)
        if self.rounding:
            w = np.round(w * self.rounding) / self.rounding
        return w.astype(np.float32)

    def init(self, array, name=None, dtype=None, raw=True):
        """An initializer; raw False uses the typed data field."""
        array = np.asarray(array)
        name = name or f"init_{self.fresh()}"
        kind = dtype or KINDS[array.dtype.str[1:]]
        if kind == TensorProto.BFLOAT16:
            bits = (np.asarray(array, np.float32).view(np.uint32) >> 16).astype(np.uint16)
            tensor = TensorProto(name=name, dims=array.shape, data_type=kind)
            if raw:
                tensor.raw_data = bits.astype("<u2").tobytes()
            else:
                tensor.int32_data.extend(int(b) for b in bits.ravel())
        elif raw:
            tensor = numpy_helper.from_array(array, name)
        else:
            tensor = helper.make_tensor(name, kind, array.shape, array.ravel().tolist())
        self.inits.append(tensor)
        if self.inits_as_inputs:
            self.infos.append(helper.make_tensor_value_info(name, kind, array.shape))
        return name

    def weights(self, *shape, **options):
        return self.init(self.values(*shape, **options))

    def ints(self, *values):
        return self.init(np.array(values, np.int64))

    def node(self, op, inputs, outputs=1, **attrs):
        """Adds a node; outputs: a count or a list of names.  Returns its output name(s)."""
        inputs = [inputs] if isinstance(inputs, str) else inputs
        inputs = [self.renamed.get(i, i) for i in inputs]
        names = [self.fresh() for _ in range(outputs)] if isinstance(outputs, int) else outputs
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}",
                                           **attrs))
        return names[0] if len(names) == 1 else names

    def out(self, tensor, name=None):
        """Makes a tensor a graph output: under its own name, or renamed at its producer."""
        if name:
            for node in self.nodes:
                for field in (node.input, node.output):
                    field[:] = [name if t == tensor else t for t in field]
            self.renamed[tensor] = tensor = name
        self.outputs.append(tensor)
        return tensor

    def put(self, name, op, inputs, **attrs):
        """A node whose only use is a graph output called `name`."""
        self.outputs.append(self.node(op, inputs, [name], **attrs))

    def conv(self, x, c_in, c_out, k=3, bias=True, group=1, **attrs):
        k = (k, k) if isinstance(k, int) else k
        inputs = [x, self.weights(c_out, c_in // group, *k)]
        if bias:
            inputs.append(self.weights(c_out, scale=0.1))
        if group != 1:
            attrs["group"] = group
        return self.node("Conv", inputs, kernel_shape=list(k), **attrs)

    def bn(self, x, c, **attrs):
        inputs = [x, self.weights(c, low=0.5), self.weights(c, scale=0.1),
                  self.weights(c, scale=0.1),
                  self.weights(c, low=0.5)]
        return self.node("BatchNormalization", inputs, **attrs)

    def model(self, shapes):
        """shapes: {output: shape} as computed; the first dimension is declared like the input's."""
        def declare(name):
            shape = list(shapes[name])
            if isinstance(self.declared[0], str) and shape and shape[0] == self.input.shape[0]:
                shape[0] = self.declared[0]
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        image = helper.make_tensor_value_info(self.x, TensorProto.FLOAT, self.declared)
        graph = helper.make_graph(self.nodes, "golden", [image] + self.infos,
                                  [declare(o) for o in self.outputs], self.inits)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)] + [
            helper.make_opsetid(d, 1) for d in sorted({n.domain for n in self.nodes} - {""})],
                                  ir_version=self.ir, producer_name="winnow-golden")
        helper.set_model_props(model, self.meta)
        if self.opset <= 17:
            checker.check_model(model)
        return model
