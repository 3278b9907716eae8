# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ultralytics' classifiers and Hugging Face's, with what each leaves beside or inside the file."""

import os
import shutil

import torch
import transformers

import maker
import pytorch
from noise import randomise

# ---- Ultralytics -----------------------------------------------------------------------------


def yolo(name, size=pytorch.SIZE, **options):
    def make(path):
        os.environ.update(YOLO_CONFIG_DIR=os.path.dirname(path), YOLO_OFFLINE="true")
        from ultralytics import YOLO
        torch.manual_seed(maker.SEED)
        model = YOLO(name + ".yaml")
        randomise(model.model, pytorch.picture((1, 3, size, size)))
        shutil.move(model.export(format="onnx", device="cpu", imgsz=size, **options), path)
    return make


YOLO_FORMS = {"": {}, "-160": {"size": 160}, "-not-simplified": {"simplify": False},
              "-opset-12": {"opset": 12}, "-half": {"half": True}, "-dynamic": {"dynamic": True}}


def yolo_rows():
    for name in ("yolo11n-cls", "yolov8n-cls", "yolo26n-cls"):
        for form, options in YOLO_FORMS.items():
            size = options.get("size", pytorch.SIZE)
            yield maker.Row("ultralytics", name + form, yolo(name, **options),
                            (1, 3, size, size), half="half" in form)


# ---- transformers ----------------------------------------------------------------------------

SMALL = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 3,
         "intermediate_size": 768}
# (class prefix, processor, settings): as small as the architecture allows, otherwise its defaults
HUGGING_FACE = {
    "resnet": ("ResNet", "ConvNext", {}), "regnet": ("RegNet", "ConvNext", {}),
    "mobilenet_v1": ("MobileNetV1", "MobileNetV1", {}),
    "mobilenet_v2": ("MobileNetV2", "MobileNetV2", {}), "levit": ("Levit", "Levit", {}),
    "vit": ("ViT", "ViT", SMALL), "deit": ("DeiT", "DeiT", SMALL),
    "dinov2": ("Dinov2", "Bit", {k: v for k, v in SMALL.items() if k != "intermediate_size"}),
    "beit": ("Beit", "Beit", SMALL), "swin": ("Swin", "ViT", {"embed_dim": 48}),
    "convnext": ("ConvNext", "ConvNext", {"hidden_sizes": [32, 64, 128, 256]}),
    "convnextv2": ("ConvNextV2", "ConvNext", {"hidden_sizes": [32, 64, 128, 256]}),
    "mobilevit": ("MobileViT", "MobileViT", {"image_size": 256}),
    "segformer": ("Segformer", "Segformer", {}), "poolformer": ("PoolFormer", "PoolFormer", {}),
    "efficientnet": ("EfficientNet", "EfficientNet",
                     {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280,
                      "image_size": 224}),
}


class Scores(torch.nn.Module):
    """Tensors in and out, as exporters want them."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).logits


def hugging_face(name):
    """(network, its configuration, its picture processor)"""
    prefix, processor, settings = HUGGING_FACE[name]
    labels = {i: f"class {i}" for i in range(pytorch.CLASSES)}
    config = getattr(transformers, prefix + "Config")(
        **settings, id2label=labels, label2id={v: k for k, v in labels.items()})
    model = getattr(transformers, prefix + "ForImageClassification")(config)
    return model, config, getattr(transformers, processor + "ImageProcessor")()


def size_of(config):
    return config.image_size if isinstance(getattr(config, "image_size", None), int) \
        else pytorch.SIZE


def transformers_file(name, **options):
    def make(path):
        torch.manual_seed(maker.SEED)
        model, config, processor = hugging_face(name)
        x = pytorch.picture((1, 3, size_of(config), size_of(config)))
        network = randomise(Scores(model), x)
        torch.onnx.export(network, (x,), path, **options)
        config.save_pretrained(os.path.dirname(path))
        processor.save_pretrained(os.path.dirname(path))
        return {"shape": list(x.shape),
                "arguments": ["--input-size", f"{x.shape[3]}x{x.shape[2]}"]
                if "dynamic_axes" in options else []}
    return make


def transformers_rows():
    batch = {0: torch.export.Dim("batch")}
    whole = {"pixel_values": {0: "batch", 1: "channels", 2: "height", 3: "width"}}
    for name in HUGGING_FACE:
        yield maker.Row("transformers", name,
                        transformers_file(name, dynamic_shapes=(batch,)))
        yield maker.Row("transformers", name + "-old-exporter",
                        transformers_file(name, dynamo=False, input_names=["pixel_values"],
                                          output_names=["logits"], dynamic_axes=whole))


def rows():
    return [*yolo_rows(), *transformers_rows()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
