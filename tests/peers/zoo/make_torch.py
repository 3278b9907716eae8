# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every classification architecture of torchvision, and one small member of each family of timm,
as torch.onnx.export(network, (x,), FILE) writes them by default: opset 20, weights beside the file.

Where that exporter fails, the old one writes the file (dynamo=False), and made.json says so; with
--quick the old one comes first.
"""

import os
import sys

import timm
import torch
import torchvision

import maker
import timm_families
from noise import randomise

CLASSES = 10
SIZE = 224
TORCHVISION_SIZES = {"inception_v3": 299}


def export(network, x, path, quick):
    """With one exporter, or with the other where that fails."""
    first, second = ({"dynamo": False}, {}) if quick else ({}, {"dynamo": False})
    try:
        torch.onnx.export(network, (x,), path, **first)
        form = first
    except Exception as error:
        print(error, file=sys.stderr)
        for left in (path, path + ".data"):
            if os.path.exists(left):
                os.remove(left)
        torch.onnx.export(network, (x,), path, **second)
        form = second
    return {"form": "dynamo=False"} if form else {}


def torchvision_network(name):
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **options)


def timm_network(name):
    return timm.create_model(name, num_classes=CLASSES)


def millions(name):
    weights = torchvision.models.get_model_weights(name)
    return next(iter(weights)).meta["num_params"] / 1e6


def row(group, name, build, quick, n_millions=0.0):
    def make(path):
        torch.manual_seed(maker.SEED)
        network = build(name)
        shape = getattr(network, "default_cfg", {}).get("input_size") or (
            3, *[TORCHVISION_SIZES.get(name, SIZE)] * 2)
        x = torch.randn(1, *shape)
        return {**export(randomise(network, x), x, path, quick), "shape": list(x.shape)}
    return maker.Row(group, name, make, millions=n_millions)


def rows(quick):
    """Small ones first."""
    names = sorted(torchvision.models.list_models(module=torchvision.models), key=millions)
    made = [row("torchvision", n, torchvision_network, quick, millions(n)) for n in names]
    made += [row("timm", n, timm_network, quick) for n in timm_families.NAMES]
    return sorted(made, key=lambda r: r.millions > 100)


if __name__ == "__main__":
    torch.set_num_threads(1)  # no threads before the fork
    given = maker.parse()
    maker.main(rows(given.quick), given)
