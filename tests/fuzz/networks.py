# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small random networks for differ.py: generate(seed) is one, the same each time.

A Network knows the shape of each value, so that what layers (network_layers.py,
network_blocks.py) append to it is nearly always valid.
"""

import copy
import random
from types import SimpleNamespace

import numpy as np

import onnxfile as of

MOST_ELEMENTS = 30000  # of a value
OPSETS = range(11, 23)
NOISE = 2.0 ** -17  # a value's relative error, in what says how far errors spread
KINDS = {"f": of.FLOAT, "i": of.INT64, "b": of.BOOL, "u1": of.UINT8, "i1": of.INT8,
         "w": of.FLOAT}  # weights, which no layer reads but their own


class Network:
    def __init__(self, seed):
        self.random, self.numbers = random.Random(seed), np.random.RandomState(seed % 2 ** 32)
        self.opset = self.random.choice(OPSETS)
        self.inputs, self.inits, self.nodes, self.values, self.count = {}, {}, [], {}, 0

    # ---- making ----

    def fresh(self, stem="v"):
        self.count += 1
        return f"{stem}{self.count}"

    def chance(self, p):
        return self.random.random() < p

    def shape(self, name):
        return self.values[name].shape

    def input(self, shape):
        """Multiples of 1/8, so that the sums of quantised layers are exact."""
        array = np.round(self.numbers.randn(*shape) * 8).astype(np.float32) / np.float32(8)
        name = f"x{len(self.inputs)}"
        self.inputs[name] = array
        self.values[name] = SimpleNamespace(shape=tuple(shape), kind="f", exact=True)
        return name

    def init(self, array, dtype=np.float32):
        """A constant: an initialiser, or a node Constant would be the same to the reader."""
        name = self.fresh("c")
        self.inits[name] = np.asarray(array, dtype)
        return name

    def ints(self, *values):
        return self.init(values, np.int64)

    def weights(self, *shape):
        fan_in = max(int(np.prod(shape[1:])), 1)
        if self.opset >= 13 and self.chance(0.1):
            q = self.init(self.numbers.randint(-127, 128, shape), np.int8)
            return self.add("DequantizeLinear", [q, self.init(fan_in ** -0.5 / 64)], shape)
        return self.init(self.numbers.randn(*shape) * fan_in ** -0.5)

    def near(self, low, high, *shape):
        return self.init(self.numbers.uniform(low, high, shape))

    def add(self, op, inputs, shape, kind="f", exact=False, **attrs):
        """Appends a node of one output."""
        return self.add_many(op, inputs, [shape], kind, exact, **attrs)[0]

    def add_many(self, op, inputs, shapes, kind="f", exact=False, **attrs):
        outputs = [self.fresh() for _ in shapes]
        for name, shape in zip(outputs, shapes):
            shape = tuple(int(d) for d in shape)
            if min(shape, default=1) < 1 or np.prod(shape, dtype=float) > MOST_ELEMENTS:
                raise Unfit
            self.values[name] = SimpleNamespace(shape=shape, kind=kind, exact=exact)
        self.nodes.append(SimpleNamespace(op=op, inputs=list(inputs), outputs=outputs, attrs=attrs))
        return outputs

    def floats(self):
        return [v for v in self.values if self.values[v].kind == "f"]

    def pick(self):
        """What the next layer reads: mostly what the last one made."""
        known = self.floats()
        return known[-1] if self.chance(0.75) else self.random.choice(known)

    # ---- writing ----

    def leaves(self):
        read = {i for n in self.nodes for i in n.inputs}
        return [o for n in self.nodes for o in n.outputs if o not in read]

    def all_values(self):
        return [o for n in self.nodes for o in n.outputs]

    def model(self, outputs, noise=False):
        """The bytes of the file with these outputs; noise: each value that is rounded is off a
        little."""
        nodes, inits = [], dict(self.inits)
        for n in self.nodes:
            made = [self.disturb(o, inits) if noise else (o, []) for o in n.outputs]
            nodes.append(of.make_node(n.op, n.inputs, [name for name, _ in made], **n.attrs))
            nodes += [node for _, more in made for node in more]
        of_type = lambda v: (v, self.shape(v), KINDS[self.values[v].kind])
        return of.make_model(nodes, [(n, a.shape) for n, a in self.inputs.items()],
                             [of_type(v) for v in outputs], list(inits.items()), self.opset)

    def disturb(self, output, inits):
        """(the name that the node writes, nodes that make `output` of it)."""
        value = self.values[output]
        if value.kind != "f" or value.exact:
            return output, []
        generator = np.random.RandomState(len(inits))
        factor = 1 + NOISE * generator.choice([-1, 1], value.shape[-2:])
        inits[output + "_n"] = np.asarray(factor, np.float32)
        return output + "_", [of.make_node("Mul", [output + "_", output + "_n"], [output])]

    # ---- shrinking ----

    def pruned(self, outputs):
        """A copy of what these outputs need."""
        small, needed = copy.copy(self), set(outputs)
        small.nodes = []
        for n in reversed(self.nodes):
            if needed & set(n.outputs):
                small.nodes.insert(0, n)
                needed |= set(n.inputs)
        small.inits = {k: v for k, v in self.inits.items() if k in needed}
        small.inputs = {k: v for k, v in self.inputs.items() if k in needed}
        return small

    def renamed(self, old, new):
        """A copy whose nodes read `new` in place of `old`."""
        small = copy.copy(self)
        small.nodes = [SimpleNamespace(**{**vars(n), "inputs": [new if i == old else i
                                                                for i in n.inputs]})
                       for n in self.nodes]
        return small

    def smaller(self, known, outputs):
        """Copies that lack a part each, those that lack most first; known: what the values are, as
        far as that was found."""
        for n in reversed(self.nodes):
            for output in n.outputs:
                if output in outputs and len(outputs) > 1:
                    rest = [o for o in outputs if o != output]
                    yield self.pruned(rest), rest
                if output in outputs or self.values[output].kind != "f":
                    continue
                for i in n.inputs:
                    if i in self.values and vars(self.values[i]) == vars(self.values[output]):
                        yield self.renamed(output, i).pruned(outputs), outputs
                        break
                if output in known:
                    cut = self.renamed(output, "cut" + output)
                    cut.inputs = {**self.inputs, "cut" + output: known[output]}
                    cut.values = {**self.values, "cut" + output: self.values[output]}
                    yield cut.pruned(outputs), outputs


class Unfit(Exception):
    """A layer that the value before it has no room for."""


def generate(seed):
    """A network of 1 to 14 layers."""
    from network_blocks import LAYERS  # here: layers need the above
    g = Network(seed)
    n, rank = g.random.choice((1, 1, 1, 2, 3)), g.random.choice((2, 3, 3, 4, 4, 4, 4, 4, 4, 5))
    size = lambda most: g.random.randint(1, most)
    wide = g.chance(0.04)
    image = (32 + size(32), 20, 17 + size(3)) if wide else (size(20), size(17), size(17))
    g.input((n, *{2: (size(20),), 3: (size(20), size(17)), 4: image,
                  5: (size(6), size(5), size(7), size(6))}[rank]))
    weights = [layer.weight for layer in LAYERS]
    left = g.random.randint(1, 14)
    for _ in range(100):
        if left == 0:
            break
        layer, x = g.random.choices(LAYERS, weights)[0], g.pick()
        if len(g.shape(x)) not in layer.ranks or g.opset < layer.opset:
            continue
        before = copy.copy(g.nodes), dict(g.inits), dict(g.values)
        try:
            layer.make(g, x)
            left -= 1
        except Unfit:
            g.nodes, g.inits, g.values = before
    if not g.nodes:
        x = next(iter(g.inputs))
        g.add("Relu", [x], g.shape(x), exact=True)
    return g
