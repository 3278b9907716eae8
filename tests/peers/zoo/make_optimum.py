# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hugging Face Optimum: what optimum-cli export onnx leaves of the networks of make_hub.py."""

import os
import shutil

import torch

import maker
import pytorch
from make_hub import Scores, hugging_face, size_of
from noise import randomise

NETWORKS = ("vit", "resnet", "mobilevit", "convnext", "efficientnet", "mobilenet_v2", "deit",
            "swin", "levit", "segformer", "poolformer", "regnet")


def exported(name):
    def make(path):
        from optimum.exporters.onnx import main_export
        torch.manual_seed(maker.SEED)
        model, config, processor = hugging_face(name)
        shape = [1, 3, size_of(config), size_of(config)]
        randomise(Scores(model), pytorch.picture(shape))
        model.save_pretrained("saved")
        processor.save_pretrained("saved")
        main_export("saved", output=".", task="image-classification")
        shutil.rmtree("saved")
        os.rename("model.onnx", path)
        # The file takes any size; that of the processor may be another than the network's.
        return {"shape": shape, "arguments": ["--input-size", f"{shape[3]}x{shape[2]}"]}
    return make


def rows():
    return [maker.Row("optimum", name, exported(name)) for name in NETWORKS]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
