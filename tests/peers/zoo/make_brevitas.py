# SPDX-License-Identifier: LGPL-2.1-or-later
"""Brevitas: networks trained with few bits, as export_onnx_qcdq writes them."""

import torch
from torch import nn

import maker
import pytorch
from noise import randomise


def network(bits):
    import brevitas.nn as qnn

    def block(n_in, n_out, stride):
        return [qnn.QuantConv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False,
                                weight_bit_width=bits),
                nn.BatchNorm2d(n_out), qnn.QuantReLU(bit_width=bits)]

    torch.manual_seed(maker.SEED)
    return nn.Sequential(
        qnn.QuantIdentity(bit_width=8), *block(3, 16, 2), *block(16, 32, 2), *block(32, 64, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), qnn.QuantIdentity(bit_width=bits),
        qnn.QuantLinear(64, pytorch.CLASSES, bias=True, weight_bit_width=bits))


def exported(bits, **options):
    def make(path):
        from brevitas.export import export_onnx_qcdq
        x = pytorch.picture((1, 3, 64, 64))
        made = randomise(network(bits).train(), x)
        with torch.no_grad():  # the scales of activations are learnt
            made.train()
            made(torch.randn(8, 3, 64, 64))
        export_onnx_qcdq(made.eval(), args=x, export_path=path, **options)
    return make


def rows():
    forms = {"8-bits": exported(8), "4-bits": exported(4),
             "8-bits-opset-17": exported(8, opset_version=17)}
    return [maker.Row("brevitas", name, make, (1, 3, 64, 64), int8=True)
            for name, make in forms.items()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
