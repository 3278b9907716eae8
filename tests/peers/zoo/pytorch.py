# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks of PyTorch that more than one script exports, with random weights."""

import os

import torch
import torchvision

import maker
from noise import randomise

CLASSES = 10
SIZE = 224


class AdaptiveHead(torch.nn.Sequential):
    """What fastai puts behind a body: mean and maximum side by side, two normalised layers."""

    def __init__(self, channels):
        super().__init__()
        self.mean, self.max = torch.nn.AdaptiveAvgPool2d(1), torch.nn.AdaptiveMaxPool2d(1)
        self.rest = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.BatchNorm1d(2 * channels), torch.nn.Dropout(0.25),
            torch.nn.Linear(2 * channels, 64, bias=False), torch.nn.ReLU(),
            torch.nn.BatchNorm1d(64), torch.nn.Dropout(0.5),
            torch.nn.Linear(64, CLASSES, bias=False))

    def forward(self, x):
        return self.rest(torch.cat([self.max(x), self.mean(x)], 1))


def fastai_network():
    body = torchvision.models.resnet18(weights=None)
    return torch.nn.Sequential(*list(body.children())[:-2], AdaptiveHead(512))


def picture(shape=(1, 3, SIZE, SIZE)):
    torch.manual_seed(maker.SEED)
    return torch.randn(*shape)


def build(name):
    if name == "fastai":
        return fastai_network()
    if name in torchvision.models.list_models(module=torchvision.models):
        return torchvision.models.get_model(name, weights=None, num_classes=CLASSES)
    import timm
    return timm.create_model(name, num_classes=CLASSES)


def network(name, x=None):
    x = picture() if x is None else x
    torch.manual_seed(maker.SEED)
    return randomise(build(name), x)


def base(name, path):
    """The network as one file, made once for all rows that start from it."""
    kept = os.path.join(maker.bases(path), name + ".onnx")
    if not os.path.exists(kept):
        x = picture()
        torch.onnx.export(network(name, x), (x,), kept + ".new", external_data=False)
        os.rename(kept + ".new", kept)
    return kept
