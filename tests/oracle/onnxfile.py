# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX files without the onnx package: reads, edits and writes the protobuf bytes.

Used by the golden, oracle and fuzz tests, so that they need nothing but NumPy; a model without
initialisers is made without that too.
A message is a list of [field number, wire type, value]; value is an int for
varints and bytes for everything else.  Writing a message that was read gives
the same fields in the same order.
"""

import struct
from types import SimpleNamespace

try:
    import numpy as np
except ImportError:
    np = None

UINT16, INT16 = 4, 5
FLOAT, UINT8, INT8, INT32, INT64, BOOL, FLOAT16, DOUBLE, BFLOAT16 = 1, 2, 3, 6, 7, 9, 10, 11, 16
DTYPES = {FLOAT: "<f4", UINT8: "u1", INT8: "i1", INT32: "<i4", INT64: "<i8", BOOL: "?",
          FLOAT16: "<f2", DOUBLE: "<f8", UINT16: "<u2", INT16: "<i2"}

# Field numbers of onnx.proto that are used here.
MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA = 7, 8, 14
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT = 1, 5, 11, 12


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def split(data):
    """The fields of a message."""
    fields, at = [], 0
    while at < len(data):
        key, at = read_varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 2:
            length, at = read_varint(data, at)
            value, at = bytes(data[at:at + length]), at + length
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
            value, at = bytes(data[at:at + length]), at + length
        else:
            raise ValueError(f"wire type {wire} at byte {at}")
        fields.append([key >> 3, wire, value])
    return fields


def join(fields):
    """The bytes of a message."""
    out = bytearray()
    for number, wire, value in fields:
        out += varint(number << 3 | wire)
        if wire == 0:
            out += varint(value)
        else:
            out += (varint(len(value)) if wire == 2 else b"") + value
    return bytes(out)


def text(number, value):
    return [number, 2, value.encode() if isinstance(value, str) else value]


def integer(number, value):
    return [number, 0, value]


def get(fields, number, default=None):
    return next((f[2] for f in fields if f[0] == number), default)


def get_all(fields, number):
    return [f[2] for f in fields if f[0] == number]


def edit(data, path, change):
    """Applies `change` (bytes -> bytes) to every submessage along `path`: field numbers."""
    if not path:
        return change(data)
    return join([[n, w, edit(v, path[1:], change)] if n == path[0] and w == 2 else [n, w, v]
                 for n, w, v in split(data)])


# ---- metadata ------------------------------------------------------------------------------


def metadata(model):
    entries = [split(e) for e in get_all(split(model), MODEL_METADATA)]
    return {get(e, 1, b"").decode(): get(e, 2, b"").decode() for e in entries}


def with_metadata(model, changes):
    """A copy of the model with keys set; a value of None removes the key."""
    kept = [f for f in split(model) if f[0] != MODEL_METADATA
            or get(split(f[2]), 1, b"").decode() not in changes]
    added = [text(MODEL_METADATA, join([text(1, k), text(2, v)]))
             for k, v in changes.items() if v is not None]
    return join(kept + added)


def with_batch(model, n):
    """A copy of the model whose inputs and outputs have a fixed first dimension of n."""
    def first_dim(shape):
        fields = split(shape)
        at = next(i for i, f in enumerate(fields) if f[0] == 1)
        fields[at] = text(1, join([integer(1, n)]))
        return join(fields)
    for place in (GRAPH_INPUT, GRAPH_OUTPUT):
        model = edit(model, [MODEL_GRAPH, place, 2, 1, 2], first_dim)
    return model


# ---- reading -------------------------------------------------------------------------------


def repeated_ints(fields, number):
    out = []
    for value in get_all(fields, number):
        if isinstance(value, int):
            out.append(signed(value))
            continue
        at = 0
        while at < len(value):
            one, at = read_varint(value, at)
            out.append(signed(one))
    return out


def bfloat16(bits):
    return (np.asarray(bits, np.uint32) << 16).view(np.float32)


def tensor(data):
    """(name, array) of a TensorProto; bfloat16 becomes float32."""
    f = split(data)
    dims, kind = repeated_ints(f, 1), get(f, 2, FLOAT)
    raw, floats = get(f, 9), b"".join(get_all(f, 4))
    if raw is not None:
        array = (bfloat16(np.frombuffer(raw, "<u2")) if kind == BFLOAT16
                 else np.frombuffer(raw, DTYPES[kind]))
    elif kind == FLOAT:
        array = np.frombuffer(floats, "<f4")
    elif kind == DOUBLE:
        array = np.frombuffer(b"".join(get_all(f, 10)), "<f8")
    elif kind == FLOAT16:
        array = np.array(repeated_ints(f, 5), np.uint16).view(np.float16)
    elif kind == BFLOAT16:
        array = bfloat16(repeated_ints(f, 5))
    else:
        array = np.array(repeated_ints(f, 7 if kind == INT64 else 5), DTYPES[kind])
    return get(f, 8, b"").decode(), array.reshape(dims)


def attribute(data):
    f = split(data)
    kind = get(f, 20) or next(n - 1 for n, *_ in f if 2 <= n <= 8)  # old files have no type
    value = {1: lambda: struct.unpack("<f", get(f, 2))[0], 2: lambda: signed(get(f, 3, 0)),
             3: lambda: get(f, 4, b"").decode(), 4: lambda: tensor(get(f, 5))[1],
             5: lambda: graph(split(get(f, 6))),
             6: lambda: list(np.frombuffer(b"".join(get_all(f, 7)), "<f4")),
             7: lambda: repeated_ints(f, 8)}[kind]()
    return get(f, 1).decode(), value


def value_info(data):
    f = split(data)
    shape = get(split(get(split(get(f, 2, b"")), 1, b"")), 2, b"")
    dims = [split(d) for d in get_all(split(shape), 1)]
    return SimpleNamespace(name=get(f, 1).decode(), shape=[get(d, 1) for d in dims])


def graph(fields):
    """Nodes, initialisers, inputs and outputs of a GraphProto."""
    nodes = []
    for node in map(split, get_all(fields, GRAPH_NODE)):
        nodes.append(SimpleNamespace(
            op=get(node, 4).decode(), attrs=dict(map(attribute, get_all(node, 5))),
            inputs=[i.decode() for i in get_all(node, 1)],
            outputs=[o.decode() for o in get_all(node, 2)]))
    initializers = dict(map(tensor, get_all(fields, GRAPH_INITIALIZER)))
    inputs = [v for v in map(value_info, get_all(fields, GRAPH_INPUT))
              if v.name not in initializers]
    return SimpleNamespace(nodes=nodes, initializers=initializers, inputs=inputs,
                           outputs=list(map(value_info, get_all(fields, GRAPH_OUTPUT))))


def load(data):
    """The parts of a model that a computation needs."""
    model = split(data)
    opsets = {get(split(o), 1, b"").decode(): get(split(o), 2) for o in get_all(model, MODEL_OPSET)}
    return SimpleNamespace(opset=opsets[""], metadata=metadata(data),
                           **vars(graph(split(get(model, MODEL_GRAPH)))))


# ---- writing -------------------------------------------------------------------------------


def make_value(name, shape, elem_type=FLOAT):
    dims = b"".join(join([text(1, join([text(2, d) if isinstance(d, str) else integer(1, d)]))])
                    for d in shape)
    return join([text(1, name), text(2, join([text(1, join([integer(1, elem_type),
                                                            text(2, dims)]))]))])


def make_tensor(name, array):
    array = np.asarray(array)
    kind = {"f4": FLOAT, "f2": FLOAT16, "i8": INT64, "i4": INT32, "u1": UINT8, "i1": INT8,
            "b1": BOOL}[array.dtype.str[1:]]
    return join([integer(1, d) for d in array.shape] +
                [integer(2, kind), text(8, name), text(9, array.tobytes())])


def make_attribute(name, value):
    if isinstance(value, int):
        body = [integer(3, value), integer(20, 2)]
    elif isinstance(value, float):
        body = [[2, 5, struct.pack("<f", value)], integer(20, 1)]
    elif isinstance(value, str):
        body = [text(4, value), integer(20, 3)]
    else:
        body = [integer(8, v) for v in value] + [integer(20, 7)]
    return join([text(1, name)] + body)


def make_node(op, inputs, outputs, **attrs):
    return join([text(1, i) for i in inputs] + [text(2, o) for o in outputs] + [text(4, op)] +
                [text(5, make_attribute(k, v)) for k, v in attrs.items()])


def make_model(nodes, inputs, outputs, initializers=(), opset=13, meta=None):
    """inputs and outputs: [(name, shape[, type])]; initializers: [(name, array)]; nodes: from
    make_node."""
    graph = join([text(GRAPH_NODE, n) for n in nodes] + [text(2, "g")] +
                 [text(GRAPH_INITIALIZER, make_tensor(*i)) for i in initializers] +
                 [text(GRAPH_INPUT, make_value(*v)) for v in inputs] +
                 [text(GRAPH_OUTPUT, make_value(*v)) for v in outputs])
    model = join([integer(1, 7), text(MODEL_GRAPH, graph),
                  text(MODEL_OPSET, join([text(1, ""), integer(2, opset)]))])
    return with_metadata(model, meta or {})
