# SPDX-License-Identifier: LGPL-2.1-or-later
"""The forms in which PyTorch writes a network, and what the tools behind it make of that file."""

import os

import torch

import maker
import pytorch

SIZE_GIVEN = ("--input-size", f"{pytorch.SIZE}x{pytorch.SIZE}")
BATCH = {0: torch.export.Dim("batch")}
WHOLE = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
OLD_WHOLE = {"input": {0: "batch", 2: "height", 3: "width"}}

# ---- PyTorch's own options -------------------------------------------------------------------


def exported(name, **options):
    def make(path):
        x = pytorch.picture()
        torch.onnx.export(pytorch.network(name, x), (x,), path, **options)
    return make


def saved(name):
    def make(path):
        x = pytorch.picture()
        torch.onnx.export(pytorch.network(name, x), (x,)).save(path)
    return make


def narrow(name, dtype):
    def make(path):
        x = pytorch.picture()
        torch.onnx.export(pytorch.network(name, x).to(dtype), (x.to(dtype),), path)
    return make


PYTORCH = [(f"{form}-{name}", make(name), more)
           for names, form, make, more in (
    (("resnet18", "mobilenet_v2"), "default", exported, {}),
    (("resnet18", "mobilenet_v2", "vit_tiny_patch16_224"), "dynamic-batch",
     lambda n: exported(n, dynamic_shapes=(BATCH,)), {}),
    (("resnet18", "mobilenet_v2", "efficientnet_b0", "mobilevit_xxs"), "dynamic-size",
     lambda n: exported(n, dynamic_shapes=(WHOLE,)), {"arguments": SIZE_GIVEN}),
    (("resnet18", "mobilenet_v2"), "one-file", lambda n: exported(n, external_data=False), {}),
    (("resnet18", "mobilenet_v2"), "in-memory", saved, {}),
    (("resnet18", "mobilenet_v2", "vit_tiny_patch16_224"), "not-optimised",
     lambda n: exported(n, optimize=False), {}),
    (("resnet18", "vit_tiny_patch16_224", "swin_t"), "opset-23",
     lambda n: exported(n, opset_version=23), {}),
    (("resnet18", "vit_tiny_patch16_224"), "opset-18",
     lambda n: exported(n, opset_version=18), {}),
    (("resnet18", "mobilenet_v2", "vit_tiny_patch16_224"), "old-exporter",
     lambda n: exported(n, dynamo=False), {}),
    (("resnet18", "mobilenet_v2"), "old-exporter-opset-11",
     lambda n: exported(n, dynamo=False, opset_version=11), {}),
    (("resnet18", "mobilenet_v2", "mobilevit_xxs"), "old-exporter-dynamic-size",
     lambda n: exported(n, dynamo=False, input_names=["input"], dynamic_axes=OLD_WHOLE),
     {"arguments": SIZE_GIVEN}),
    (("mobilenet_v2",), "half", lambda n: narrow(n, torch.float16),
     {"dtype": "float16", "half": True}),
    (("mobilenet_v2",), "bfloat16", lambda n: narrow(n, torch.bfloat16), {}),
    (("fastai",), "default", exported, {}),
    (("fastai",), "old-exporter", lambda n: exported(n, dynamo=False), {}))
           for name in names]

# ---- other tools on one of its files ---------------------------------------------------------


def runtime_optimised(name, level, to=None):
    def make(path):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.graph_optimization_level = getattr(ort.GraphOptimizationLevel,
                                                   "ORT_ENABLE_" + level)
        options.optimized_model_filepath = to(path) if to else path
        if to:
            options.add_session_config_entry("session.save_model_format", "ORT")
        ort.InferenceSession(pytorch.base(name, path), options,
                             providers=["CPUExecutionProvider"])
        return {"file": os.path.basename(options.optimized_model_filepath)}
    return make


def transformers_optimised(name, level):
    def make(path):
        from onnxruntime.transformers import optimizer
        kind = "vit" if name.startswith("vit") else "bert"
        optimizer.optimize_model(pytorch.base(name, path), kind,
                                 opt_level=level).save_model_to_file(path)
    return make


def pre_processed(name):
    def make(path):
        from onnxruntime.quantization.shape_inference import quant_pre_process
        quant_pre_process(pytorch.base(name, path), path)
    return make


def few_bits(name):
    def make(path):
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
        quantizer = MatMulNBitsQuantizer(onnx.load(pytorch.base(name, path)))
        quantizer.process()
        quantizer.model.save_model_to_file(path)
    return make


def slimmed(name, **options):
    def make(path):
        import onnxslim
        onnxslim.slim(pytorch.base(name, path), path, **options)
    return make


def simplified(name):
    def make(path):
        import onnx
        import onnxsim
        model, _ = onnxsim.simplify(pytorch.base(name, path))
        onnx.save(model, path)
    return make


def halved(name, module, **options):
    def make(path):
        import importlib

        import onnx
        convert = importlib.import_module(module).convert_float_to_float16
        onnx.save(convert(onnx.load(pytorch.base(name, path)), **options), path)
    return make


HALF = {"half": True}
HALF_INPUT = {**HALF, "dtype": "float16"}
COMMON, ORT16 = "onnxconverter_common.float16", "onnxruntime.transformers.float16"
BY_RUNTIME = {"refusal": "ONNX Runtime"}
REWORKED = [
    ("onnxruntime-basic-mobilenet_v2", runtime_optimised("mobilenet_v2", "BASIC"), {}),
    ("onnxruntime-basic-vit", runtime_optimised("vit_tiny_patch16_224", "BASIC"), {}),
    ("onnxruntime-extended-mobilenet_v2", runtime_optimised("mobilenet_v2", "EXTENDED"), {}),
    ("onnxruntime-all-mobilenet_v2", runtime_optimised("mobilenet_v2", "ALL"), BY_RUNTIME),
    ("onnxruntime-extended-vit", runtime_optimised("vit_tiny_patch16_224", "EXTENDED"),
     BY_RUNTIME),
    ("onnxruntime-ort-format", runtime_optimised("mobilenet_v2", "BASIC",
                                                 lambda p: p.removesuffix(".onnx") + ".ort"),
     BY_RUNTIME),
    ("onnxruntime-transformers-mobilenet_v2", transformers_optimised("mobilenet_v2", 0), {}),
    ("onnxruntime-transformers-vit", transformers_optimised("vit_tiny_patch16_224", 1),
     BY_RUNTIME),
    ("quant-pre-process-mobilenet_v2", pre_processed("mobilenet_v2"), {}),
    ("quant-pre-process-vit", pre_processed("vit_tiny_patch16_224"), {}),
    ("matmul-nbits-mobilenet_v2", few_bits("mobilenet_v2"), {}),
    ("onnxslim-mobilenet_v2", slimmed("mobilenet_v2"), {}),
    ("onnxslim-vit", slimmed("vit_tiny_patch16_224"), {}),
    ("onnxsim-mobilenet_v2", simplified("mobilenet_v2"), {}),
    ("onnxsim-vit", simplified("vit_tiny_patch16_224"), {}),
    ("float16-keep-io-mobilenet_v2", halved("mobilenet_v2", COMMON, keep_io_types=True), HALF),
    ("float16-mobilenet_v2", halved("mobilenet_v2", COMMON, keep_io_types=False), HALF_INPUT),
    ("float16-ort-keep-io-mobilenet_v2", halved("mobilenet_v2", ORT16, keep_io_types=True), HALF),
    ("float16-ort-keep-io-vit", halved("vit_tiny_patch16_224", ORT16, keep_io_types=True), HALF),
    ("onnxslim-fp16-mobilenet_v2", slimmed("mobilenet_v2", dtype="fp16"), HALF_INPUT),
]


def rows():
    return [maker.Row(group, name, make, **more)
            for group, table in (("pytorch", PYTORCH), ("reworked", REWORKED))
            for name, make, more in table]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
