# SPDX-License-Identifier: LGPL-2.1-or-later
"""Weights in files beside the model."""

import numpy as np

import onnxfile as of
from forms import case, form, plain, tensor, weights, with_initializer
from onnxfile import integer, join, text


def place(name, array, **keys):
    """A TensorProto whose elements lie elsewhere."""
    entries = [text(13, join([text(1, k), text(2, str(v))])) for k, v in keys.items()]
    return tensor(name, of.FLOAT, array.shape, *entries, integer(14, 1))


def outside(location="model.onnx.data", shift=0, **wrong):
    """(model, bytes of the file that has its weights); wrong: keys of every tensor."""
    data, model = bytes(shift), plain(inits={})
    for name, array in weights().items():
        keys = dict(location=location, offset=len(data), length=array.nbytes)
        model = with_initializer(model, place(name, array, **{**keys, **wrong}))
        data += array.tobytes()
    return model, data


def beside(name="model.onnx.data", **options):
    model, data = outside(name, **options)
    return form(model, files={name: data})


@case
def external_weights():
    return beside()


@case
def external_at_odd_offsets():
    return beside(shift=3)


@case
def external_without_length():
    """One file for each tensor, of which only the name is given."""
    model, files = plain(inits={}), {}
    for name, array in weights().items():
        model = with_initializer(model, place(name, array, location=f"{name}.bin"))
        files[f"{name}.bin"] = array.tobytes()
    return form(model, files=files)


@case
def external_twice():
    """Two names for the same bytes."""
    model, data = outside()
    return form(with_initializer(model, place("more", np.zeros(4, np.float32),
                                              location="model.onnx.data", offset=0, length=16)),
                files={"model.onnx.data": data})


@case
def external_missing():
    return form(outside()[0], ["model.onnx.data", "missing"])


@case
def external_cut():
    model, data = outside()
    return form(model, ["model.onnx.data", "cut short"], files={"model.onnx.data": data[:-1]})


@case
def external_link():
    """Also one that stays in the folder."""
    model, data = outside("link")
    return form(model, ["'link'", "links"], files={"model.onnx.data": data,
                                                   "link": "model.onnx.data"})


@case
def external_above():
    return form(outside("../model.onnx.data")[0], ["only files in the folder"])


@case
def external_absolute():
    return form(outside("/etc/hostname")[0], ["only files in the folder"])


@case
def external_below_and_above():
    return form(outside("a/../../b")[0], ["'a/../../b'"])


@case
def external_folder():
    return form(outside(".")[0], ["'.'"])


@case
def external_without_name():
    return form(outside("")[0], ["only files in the folder"])


@case
def external_beyond_the_end():
    model, data = outside(offset=1 << 40)
    return form(model, ["ends before"], files={"model.onnx.data": data})


@case
def external_longer_than_the_file():
    model, data = outside(length=1 << 62)
    return form(model, ["cut short"], files={"model.onnx.data": data})


@case
def external_overflow():
    model, data = outside(offset=1 << 63, length=1 << 63)
    return form(model, ["ends before"], files={"model.onnx.data": data})


@case
def external_negative_offset():
    model, data = outside(offset=-4)
    return form(model, ["not a number"], files={"model.onnx.data": data})


@case
def external_too_short_for_the_shape():
    model, data = outside(length=16)
    return form(model, ["holds 4 elements"], files={"model.onnx.data": data})


@case
def external_all_the_same_bytes():
    """A short file that a thousand tensors read whole."""
    data, model = bytes(1 << 12), plain(inits={})
    array = np.zeros(1 << 10, np.float32)
    names = [f"t{k}" for k in range(1000)]
    for name in names:
        model = with_initializer(model, place(name, array, location="d"))
    nodes = [of.make_node("Sum", names, ["sum"])]
    model = of.edit(model, [of.MODEL_GRAPH],
                    lambda g: g + join([text(of.GRAPH_NODE, n) for n in nodes]))
    for name, values in weights().items():
        model = with_initializer(model, of.make_tensor(name, values))
    return form(model, ["larger than the files"], files={"d": data})
