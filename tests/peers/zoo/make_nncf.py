# SPDX-License-Identifier: LGPL-2.1-or-later
"""NNCF: post-training quantisation of an ONNX file, and of a PyTorch network."""

import numpy as np
import torch

import maker
import pytorch


def of_file(name):
    def make(path):
        import nncf
        import onnx
        model = onnx.load(pytorch.base(name, path))
        random = np.random.RandomState(maker.SEED)
        pictures = [{model.graph.input[0].name: random.randn(1, 3, pytorch.SIZE, pytorch.SIZE)
                     .astype(np.float32)} for _ in range(4)]
        onnx.save(nncf.quantize(model, nncf.Dataset(pictures), subset_size=4), path)
    return make


def of_network(name):
    def make(path):
        import nncf
        x = pytorch.picture()
        pictures = [torch.randn_like(x) for _ in range(4)]
        quantised = nncf.quantize(pytorch.network(name, x), nncf.Dataset(pictures), subset_size=4)
        torch.onnx.export(quantised, (x,), path, dynamo=False)
    return make


def rows():
    return [maker.Row("nncf", form, make, int8=True) for form, make in
            (("file-mobilenet_v2", of_file("mobilenet_v2")), ("file-resnet18", of_file("resnet18")),
             ("network-mobilenet_v2", of_network("mobilenet_v2")))]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
