# SPDX-License-Identifier: LGPL-2.1-or-later
"""Integer networks: the settings of onnxruntime.quantization, and PyTorch's own ways."""

import numpy as np
import torch
from onnxruntime import quantization as q
from onnxruntime.quantization.shape_inference import quant_pre_process

import maker
import pytorch
from noise import randomise

NETWORKS = ("resnet18", "mobilenet_v2")
N_CALIBRATION = 4

# ---- onnxruntime.quantization ----------------------------------------------------------------


class Noise:
    """Pictures to calibrate with."""

    def __init__(self):
        random = np.random.RandomState(maker.SEED)
        shape = (1, 3, pytorch.SIZE, pytorch.SIZE)
        self.rest = [{"x": random.randn(*shape).astype(np.float32)}
                     for _ in range(N_CALIBRATION)]

    def get_next(self):
        return self.rest.pop() if self.rest else None


def prepared(name, path):
    """The network after quant_pre_process, as the documentation asks for."""
    ready = path.removesuffix(".onnx") + "-prepared.onnx"
    quant_pre_process(pytorch.base(name, path), ready)
    return ready


def static(name, form="QDQ", prepare=True, activation="QUInt8", weight="QInt8", **options):
    def make(path):
        source = prepared(name, path) if prepare else pytorch.base(name, path)
        q.quantize_static(source, path, Noise(), quant_format=q.QuantFormat[form],
                          activation_type=q.QuantType[activation],
                          weight_type=q.QuantType[weight], **options)
    return make


def dynamic(name, **options):
    def make(path):
        if "weight" in options:
            options["weight_type"] = q.QuantType[options.pop("weight")]
        q.quantize_dynamic(pytorch.base(name, path), path, **options)
    return make


PAIRS = {"AddQDQPairToWeight": True}
STATIC = {"qdq": {}, "qdq-not-prepared": {"prepare": False},
          "qdq-s8-per-channel": {"activation": "QInt8", "per_channel": True},
          "qdq-u8s8-reduce-range": {"reduce_range": True, "per_channel": True},
          "qdq-u8u8": {"weight": "QUInt8"},
          "qdq-s8-symmetric": {"activation": "QInt8",
                               "extra_options": {"ActivationSymmetric": True}},
          "qdq-pair-to-weight": {"extra_options": PAIRS},
          "qdq-16-bit": {"activation": "QUInt16"},
          "qdq-16-bit-signed": {"activation": "QInt16"},
          "qoperator": {"form": "QOperator"},
          "qoperator-per-channel": {"form": "QOperator", "per_channel": True},
          "qoperator-s8": {"form": "QOperator", "activation": "QInt8"},
          "qoperator-u8u8": {"form": "QOperator", "weight": "QUInt8"}}
DYNAMIC = {"dynamic": {}, "dynamic-per-channel": {"per_channel": True},
           "dynamic-u8": {"weight": "QUInt8"}, "dynamic-reduce-range": {"reduce_range": True},
           "dynamic-matmul-only": {"op_types_to_quantize": ["MatMul", "Gemm"]}}


def runtime_rows():
    for name in (*NETWORKS, "vit_tiny_patch16_224"):
        settings = STATIC if name in NETWORKS else {k: STATIC[k] for k in ("qdq", "qoperator")}
        for setting, options in settings.items():
            yield f"{setting}-{name}", static(name, **options)
        for setting, options in DYNAMIC.items():
            yield f"{setting}-{name}", dynamic(name, **options)


# ---- PyTorch ---------------------------------------------------------------------------------


def calibrate(network):
    with torch.no_grad():
        for seed in range(N_CALIBRATION):
            torch.manual_seed(seed)
            network(torch.randn(1, 3, pytorch.SIZE, pytorch.SIZE))


def fx(name, backend, training=False):
    def make(path):
        from torch.ao.quantization import (get_default_qat_qconfig_mapping,
                                           get_default_qconfig_mapping)
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx, prepare_qat_fx
        torch.backends.quantized.engine = backend
        x = pytorch.picture()
        if training:
            network = prepare_qat_fx(pytorch.network(name, x).train(),
                                     get_default_qat_qconfig_mapping(backend, version=0), x)
        else:
            network = prepare_fx(pytorch.network(name, x),
                                 get_default_qconfig_mapping(backend), x)
        calibrate(network.eval())
        torch.onnx.export(convert_fx(network), (x,), path, dynamo=False)
    return make


def eager(name):
    """torchvision.models.quantization, fused, calibrated and converted."""
    def make(path):
        import torchvision
        torch.backends.quantized.engine = "fbgemm"
        x = pytorch.picture()
        network = torchvision.models.quantization.__dict__[name](
            weights=None, quantize=False, num_classes=pytorch.CLASSES)
        network = randomise(network, x)
        network.fuse_model(is_qat=False)
        network.qconfig = torch.ao.quantization.get_default_qconfig("fbgemm")
        torch.ao.quantization.prepare(network, inplace=True)
        calibrate(network)
        torch.onnx.export(torch.ao.quantization.convert(network), (x,), path, dynamo=False)
    return make


def pt2e(name):
    def make(path):
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
        from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
            X86InductorQuantizer, get_default_x86_inductor_quantization_config)
        x = pytorch.picture()
        quantizer = X86InductorQuantizer().set_global(
            get_default_x86_inductor_quantization_config())
        program = torch.export.export(pytorch.network(name, x), (x,)).module()
        network = prepare_pt2e(program, quantizer)
        calibrate(network)
        torch.onnx.export(convert_pt2e(network), (x,), path)
    return make


PYTORCH = [("fx-fbgemm-mobilenet_v2", fx("mobilenet_v2", "fbgemm")),
           ("fx-qnnpack-mobilenet_v2", fx("mobilenet_v2", "qnnpack")),
           ("fx-fbgemm-resnet18", fx("resnet18", "fbgemm")),
           ("fx-trained-fbgemm-mobilenet_v2", fx("mobilenet_v2", "fbgemm", training=True)),
           ("fx-trained-qnnpack-mobilenet_v2", fx("mobilenet_v2", "qnnpack", training=True)),
           ("eager-mobilenet_v2", eager("mobilenet_v2")),
           ("eager-resnet18", eager("resnet18")),
           ("pt2e-x86-mobilenet_v2", pt2e("mobilenet_v2")),
           ("pt2e-x86-resnet18", pt2e("resnet18"))]


def rows():
    tables = (("onnxruntime.quantization", runtime_rows()), ("pytorch-int8", PYTORCH))
    return [maker.Row(group, name, make, int8=True)
            for group, table in tables for name, make in table]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
