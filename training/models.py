# SPDX-License-Identifier: LGPL-2.1-or-later
"""The networks: each a chain of named blocks, after any of which an exit may be placed.

A row of NETWORKS makes (blocks, classifier): an ordered dict of modules that pass an image
[N,3,S,S] on as features [N,C,H,W], and the module that makes class scores [N,classes] of the last
features.  Sources: AlexNet (Krizhevsky 2014, the one-tower form), VGG (Simonyan and Zisserman 2015)
with batch normalisation, ResNet (He et al. 2016), MobileNetV2 (Sandler et al. 2018).
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from .config import ConfigError


def conv(c_in, c_out, kernel=3, stride=1, groups=1, act=nn.ReLU):
    """Convolution, batch normalisation and, unless act is None, an activation."""
    layers = [nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False),
              nn.BatchNorm2d(c_out)]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))


class Residual(nn.Module):
    """relu(body(x) + x); where the shapes differ, x goes through a 1x1 convolution.

    The body starts at zero, as if it were not there (Goyal et al., arXiv 1706.02677)."""

    def __init__(self, body, c_in, c_out, stride):
        super().__init__()
        self.body = body
        same = c_in == c_out and stride == 1
        self.skip = nn.Identity() if same else conv(c_in, c_out, 1, stride, act=None)
        nn.init.zeros_(body[-1][1].weight)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x), inplace=True)


class Mean(nn.Module):
    """[N,C,H,W] to [N,C]."""

    def forward(self, x):
        return x.mean((2, 3))


def basic_block(c_in, c_out, stride):
    return Residual(nn.Sequential(conv(c_in, c_out, 3, stride), conv(c_out, c_out, act=None)),
                    c_in, c_out, stride)


def bottleneck(c_in, width, stride):
    body = nn.Sequential(conv(c_in, width, 1), conv(width, width, 3, stride),
                         conv(width, 4 * width, 1, act=None))
    return Residual(body, c_in, 4 * width, stride)


def linear_classifier(config, channels, classes):
    return nn.Sequential(Mean(), nn.Dropout(config.model.dropout), nn.Linear(channels, classes))


def choose(config, key, usual, expected, what):
    """[model] `key`: as many numbers as expected, or the network's usual ones if none are given."""
    values = getattr(config.model, key) or usual
    if len(values) != expected:
        raise ConfigError(f"{config.path}: [model] {key}: {len(values)} numbers, but there must be "
                          f"{expected}: {what}")
    return values


def edge(config, classes):
    """A small residual network for cameras: a stem and one basic block per entry of `strides`."""
    strides = config.model.strides or [1, 2, 1, 2, 1, 2, 1]
    c, *widths = choose(config, "channels", [32, 32, 64, 64, 128, 128, 256, 256], len(strides) + 1,
                        "the stem's and one for each of [model] strides")
    blocks = OrderedDict(stem=conv(3, c, 3, 2 if config.model.stem == "3x3/2" else 1))
    for k, (width, stride) in enumerate(zip(widths, strides)):
        blocks[f"block{k}"] = basic_block(c, width, stride)
        c = width
    return blocks, linear_classifier(config, c, classes)


def vggsmall(config, classes):
    """VGG for small images: two 3x3 convolutions in each of three blocks, which halve the size."""
    blocks, c = OrderedDict(), 3
    for k, width in enumerate(choose(config, "channels", [128, 256, 512], 3, "one for each block")):
        blocks[f"conv{k}_0"] = conv(c, width)
        blocks[f"conv{k}_1"] = nn.Sequential(*conv(width, width), nn.MaxPool2d(2))
        c = width
    classifier = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * c, 512),
                               nn.ReLU(inplace=True), nn.Dropout(config.model.dropout),
                               nn.Linear(512, classes))
    return blocks, classifier


def resnet50(config, classes):
    """ResNet50 with a 3x3 stem and no pooling behind it, for small images."""
    blocks, c = OrderedDict(stem=conv(3, 64, 3, 2 if config.model.stem == "3x3/2" else 1)), 64
    for k, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for j in range(depth):
            blocks[f"block{k}_{j}"] = bottleneck(c, width, 2 if k and not j else 1)
            c = 4 * width
    return blocks, linear_classifier(config, c, classes)


class Inverted(nn.Module):
    """MobileNetV2's block: widen, filter each channel, narrow; x is added where shapes agree."""

    def __init__(self, c_in, c_out, stride, expand):
        super().__init__()
        wide = c_in * expand
        first = [conv(c_in, wide, 1, act=nn.ReLU6)] if expand > 1 else []
        self.body = nn.Sequential(*first, conv(wide, wide, 3, stride, wide, nn.ReLU6),
                                  conv(wide, c_out, 1, act=None))
        self.add = c_in == c_out and stride == 1

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


# expansion, channels, repeats, stride: table 2 of the paper
MOBILENETV2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
               (6, 160, 3, 2), (6, 320, 1, 1))


def mobilenetv2(config, classes):
    """MobileNetV2; for images under 128 pixels the first two halvings are left out."""
    small = config.model.size < 128
    blocks, c = OrderedDict(stem=conv(3, 32, 3, 1 if small else 2, act=nn.ReLU6)), 32
    for k, (expand, width, repeats, stride) in enumerate(MOBILENETV2):
        for j in range(repeats):
            halve = stride == 2 and j == 0 and not (small and k == 1)
            blocks[f"block{k}_{j}"] = Inverted(c, width, 2 if halve else 1, expand)
            c = width
    blocks["top"] = conv(c, 1280, 1, act=nn.ReLU6)
    return blocks, linear_classifier(config, 1280, classes)


def alexnet(config, classes):
    """AlexNet for 224x224 images, with batch normalisation for local response normalisation."""
    def layer(c_in, c_out, kernel, stride=1, padding=0, pool=False):
        layers = [nn.Conv2d(c_in, c_out, kernel, stride, padding, bias=False),
                  nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers, *([nn.MaxPool2d(3, 2)] if pool else []))

    blocks = OrderedDict(conv0=layer(3, 64, 11, 4, 2, True), conv1=layer(64, 192, 5, 1, 2, True),
                         conv2=layer(192, 384, 3, 1, 1), conv3=layer(384, 256, 3, 1, 1),
                         conv4=layer(256, 256, 3, 1, 1, True))
    drop = config.model.dropout
    classifier = nn.Sequential(nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Dropout(drop),
                               nn.Linear(256 * 36, 4096), nn.ReLU(inplace=True), nn.Dropout(drop),
                               nn.Linear(4096, 4096), nn.ReLU(inplace=True),
                               nn.Linear(4096, classes))
    return blocks, classifier


NETWORKS = {"alexnet": alexnet, "edge": edge, "mobilenetv2": mobilenetv2, "resnet50": resnet50,
            "vggsmall": vggsmall}


class Head(nn.Module):
    """An exclusion head: average pooling to size x size, one linear layer.

    Features [N,C,H,W] in, logits [N,classes] out.  The weights are kept times `size`: a step of
    gradient descent changes the logits in proportion to the number of inputs, and many windows
    would otherwise need a learning rate of their own.
    """

    def __init__(self, channels, size, classes):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(size)
        self.fc = nn.Linear(channels * size * size, classes)
        self.scale = 1 / size

    def forward(self, x):
        return F.linear(self.pool(x).flatten(1), self.fc.weight * self.scale, self.fc.bias)


class EarlyExit(nn.Module):
    """A network with an exit after each of some blocks.

    Images [N,3,S,S] in; a list of logits [N,classes] out, exits first, the end last.  With `add`,
    a head learns what is to be added to the logits of the exit before it.
    """

    def __init__(self, blocks, classifier, heads, add):
        super().__init__()
        self.blocks = nn.ModuleDict(blocks)
        self.classifier = classifier
        self.heads = nn.ModuleDict(heads)
        self.add = add

    def forward(self, x):
        outputs = []
        for name, block in self.blocks.items():
            x = block(x)
            if name in self.heads:
                logits = self.heads[name](x)
                outputs.append(logits + outputs[-1] if self.add and outputs else logits)
        return [*outputs, self.classifier(x)]

    def freeze_backbone(self):
        for part in (self.blocks, self.classifier):
            part.requires_grad_(False)


def feature_shapes(config, key, size, blocks):
    """name -> (channels, height, width) of each block's output for an image of `size` pixels a
    side, which stands under `key` in the configuration."""
    shapes, x = OrderedDict(), torch.zeros(1, 3, size, size)
    try:
        with torch.no_grad():
            for name, block in blocks.items():
                x = block.eval()(x)
                shapes[name] = tuple(x.shape[1:])
    except RuntimeError:
        raise ConfigError(f"{config.path}: {key} = {size}: too small for network = "
                          f"{config.model.network}: nothing would be left of the image in {name}"
                          ) from None
    return shapes


def check_end(config, shapes, classifier):
    """ONNX knows pooling windows of one size only, so that those of the end must be equal."""
    last, (_, height, width) = list(shapes.items())[-1]
    for module in classifier:
        pool = getattr(module, "output_size", 1)
        if height % pool or width % pool:
            raise ConfigError(f"{config.path}: [model] size = {config.model.size}: {last} makes "
                              f"{width}x{height} values a channel, which the end of network = "
                              f"{config.model.network} cannot cover with {pool}x{pool} equal "
                              "windows")


def check_exits(config, shapes):
    names, last = list(shapes), next(reversed(shapes))
    after = config.exits.after
    for name in after:
        if name not in shapes:
            raise ConfigError(f"{config.path}: [exits] after: no block {name}; "
                              f"there are {', '.join(names)}")
        if name == last:
            raise ConfigError(f"{config.path}: [exits] after: {name} is the last block; "
                              "the end of the network follows it anyway")
    if [names.index(name) for name in after] != sorted({names.index(name) for name in after}):
        raise ConfigError(f"{config.path}: [exits] after: name each block once, in the order of "
                          f"the network: {', '.join(names)}")


def build(config, n_classes):
    """The network of `config` with its exits, freshly initialised from torch's random state.

    Raises ConfigError when an exit cannot be placed as asked.
    """
    exits = config.exits
    blocks, classifier = NETWORKS[config.model.network](config, n_classes)
    for size, _ in config.train.small_sizes:
        feature_shapes(config, "[train] small-sizes", size, blocks)
    shapes = feature_shapes(config, "[model] size", config.model.size, blocks)
    check_end(config, shapes, classifier)
    check_exits(config, shapes)
    pools = exits.pool * len(exits.after) if len(exits.pool) == 1 else exits.pool
    heads = OrderedDict()
    for name, pool in zip(exits.after, pools):
        c, height, width = shapes[name]
        if height % pool or width % pool:
            raise ConfigError(f"{config.path}: [exits] pool = {pool}: {name} makes "
                              f"{width}x{height} values a channel, which {pool}x{pool} equal "
                              "windows cannot cover")
        heads[name] = Head(c, pool, n_classes)
    return EarlyExit(blocks, classifier, heads, exits.add)
