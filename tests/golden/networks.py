# SPDX-License-Identifier: LGPL-2.1-or-later
"""Freshly initialised networks of the usual kinds for test_networks.py (needs PyTorch).

Each entry of NETWORKS makes (module, input shape, output names, metadata, export options).  A
module's forward returns its outputs in order, exits first.
"""

import warnings

import torch
from torch import nn
from torch.nn import functional as F


def conv_bn(c_in, c_out, k=3, stride=1, groups=1, act=nn.ReLU, **kw):
    layers = [nn.Conv2d(c_in, c_out, k, stride, kw.pop("padding", k // 2), groups=groups,
                        bias=False, **kw),
              nn.BatchNorm2d(c_out)]
    return nn.Sequential(*layers + ([act()] if act else []))


class Head(nn.Module):
    """A tiny classifier on a stage's output: 2x2 average pool, one linear layer."""

    def __init__(self, channels, size, classes):
        super().__init__()
        self.pool, self.fc = nn.AvgPool2d(size // 2), nn.Linear(channels * 4, classes)

    def forward(self, x):
        return self.fc(self.pool(x).flatten(1))


class VGGSmall(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.stages, self.heads = nn.ModuleList(), nn.ModuleList()
        c, size = 3, 32
        for width, depth in ((64, 2), (128, 2), (256, 3), (256, 3)):
            layers = []
            for _ in range(depth):
                layers, c = layers + [conv_bn(c, width)], width
            size //= 2
            self.stages.append(nn.Sequential(*layers, nn.MaxPool2d(2)))
            self.heads.append(Head(width, size, classes))
        self.heads = self.heads[:-1]
        self.classifier = nn.Sequential(nn.Linear(1024, 512), nn.ReLU(), nn.Dropout(),
                                        nn.Linear(512, classes))

    def forward(self, x):
        outputs = []
        for k, stage in enumerate(self.stages):
            x = stage(x)
            last = k == len(self.heads)
            outputs.append(self.classifier(x.flatten(1)) if last else self.heads[k](x))
        return tuple(outputs)


class AlexNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        def block(a, b, k, **kw):
            return [nn.Conv2d(a, b, k, **kw), nn.ReLU()]
        pool = nn.MaxPool2d(3, 2)
        self.features = nn.Sequential(
            *block(3, 64, 11, stride=4, padding=2), pool, *block(64, 192, 5, padding=2), pool,
            *block(192, 384, 3, padding=1), *block(384, 256, 3, padding=1),
                                      *block(256, 256, 3, padding=1), pool)
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(256 * 36, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096),
                                        nn.ReLU(),
            nn.Linear(4096, classes))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), 6)
        return (self.classifier(torch.flatten(x, 1)),)


class Bottleneck(nn.Module):
    def __init__(self, c_in, width, stride):
        super().__init__()
        self.body = nn.Sequential(conv_bn(c_in, width, 1), conv_bn(width, width, 3, stride),
                                  conv_bn(width, width * 4, 1, act=None))
        same = c_in == width * 4 and stride == 1
        self.skip = nn.Identity() if same else conv_bn(c_in, width * 4, 1, stride, act=None)

    def forward(self, x):
        return F.relu(self.body(x) + self.skip(x))


class ResNet50(nn.Module):
    def __init__(self, stem, classes, size=0):
        """stem: 3 for small images, 7 for 224; size: of the image when stages get exits, else 0."""
        super().__init__()
        self.stem = conv_bn(3, 64) if stem == 3 else nn.Sequential(conv_bn(3, 64, 7, 2),
                                                                   nn.MaxPool2d(3, 2, 1))
        self.stages, self.heads, c = nn.ModuleList(), nn.ModuleList(), 64
        for k, (width, depth) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            blocks = []
            for b in range(depth):
                blocks.append(Bottleneck(c, width, 2 if k and not b else 1))
                c = width * 4
            self.stages.append(nn.Sequential(*blocks))
            if size and k < 3:
                self.heads.append(Head(c, size >> k, classes))
        self.fc = nn.Linear(c, classes)

    def forward(self, x):
        outputs, x = [], self.stem(x)
        for k, stage in enumerate(self.stages):
            x = stage(x)
            if k < len(self.heads):
                outputs.append(self.heads[k](x))
        return tuple(outputs + [self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))])


class InvertedResidual(nn.Module):
    def __init__(self, c_in, c_out, stride, expand):
        super().__init__()
        hidden, act = c_in * expand, nn.ReLU6
        first = [conv_bn(c_in, hidden, 1, act=act)] if expand > 1 else []
        self.body = nn.Sequential(*first, conv_bn(hidden, hidden, 3, stride, hidden, act),
                                  conv_bn(hidden, c_out, 1, act=None))
        self.add = stride == 1 and c_in == c_out

    def forward(self, x):
        return x + self.body(x) if self.add else self.body(x)


class MobileNetV2(nn.Module):
    TABLE = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
             (6, 160, 3, 2),
             (6, 320, 1, 1))  # expansion, channels, repeats, stride

    def __init__(self, classes=1000):
        super().__init__()
        layers, c = [conv_bn(3, 32, 3, 2, act=nn.ReLU6)], 32
        for expand, width, repeats, stride in self.TABLE:
            for k in range(repeats):
                layers.append(InvertedResidual(c, width, stride if k == 0 else 1, expand))
                c = width
        self.features = nn.Sequential(*layers, conv_bn(c, 1280, 1, act=nn.ReLU6))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes))

    def forward(self, x):
        return (self.classifier(self.features(x).mean([2, 3])),)


class Sampler(nn.Module):
    """Every kind of convolution at odd sizes, joined by Concat, with several activations."""

    def __init__(self, classes=7):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 18, (5, 3), (2, 1), (2, 0)), nn.LeakyReLU(0.1))
        self.depthwise = conv_bn(18, 18, 5, groups=18, act=nn.Hardswish)
        self.multiplied = nn.Sequential(nn.Conv2d(18, 36, 3, 2, 1, groups=18), nn.PReLU(36))
        self.dilated = nn.Sequential(nn.Conv2d(18, 21, 3, 2, 2, dilation=2), nn.ELU())
        self.grouped = conv_bn(57, 33, 3, groups=3, act=nn.Sigmoid)
        self.tall = nn.Sequential(nn.Conv2d(33, 19, (7, 1), padding=(3, 0)), nn.PReLU())
        self.wide = nn.Sequential(nn.Conv2d(33, 13, (1, 7), padding=(0, 3), dilation=1), nn.Tanh())
        self.squeeze = nn.Sequential(nn.Conv2d(32, 9, 1), nn.ReLU(), nn.Conv2d(9, 32, 1),
                                     nn.Hardsigmoid())
        self.pool = nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        x = self.depthwise(self.stem(x))
        x = torch.cat([self.multiplied(x), self.dilated(x)], 1)
        x = self.grouped(F.max_pool2d(x, 3, 1, 1))
        x = torch.cat([self.tall(x), self.wide(x)], 1)
        x = x * self.squeeze(x.mean([2, 3], keepdim=True))
        x = self.pool(F.pad(x, (1, 0, 2, 1)))
        return F.softmax(self.fc(x.flatten(2).mean(2)), 1), x


def exit_metadata(n_exits, strategy, score, thresholds):
    return {"winnow.version": "1", "winnow.exits": ",".join(f"exit_{k}" for k in range(n_exits)),
            "winnow.output": "logits", "winnow.strategy": strategy, "winnow.exit-score": score,
            "winnow.thresholds": thresholds,
            "winnow.labels": "\n".join(f"class {k}" for k in range(10))}


def exits(n):
    return [f"exit_{k}" for k in range(n)] + ["logits"]


# name: (module, input shape, output names, metadata, opset, BN kept as nodes, dynamic N)
NETWORKS = {
    "vggsmall": lambda: (VGGSmall(), (1, 3, 32, 32), exits(3),
                         exit_metadata(3, "class-exclusion", "sigmoid", "0.3,0.4,0.5"), 13, True,
                         True),
    "alexnet": lambda: (AlexNet(), (1, 3, 224, 224), ["logits"], {}, 9, False, False),
    "resnet50-32": lambda: (ResNet50(3, 10, 32), (1, 3, 32, 32), exits(3),
                            exit_metadata(3, "confidence", "softmax", "0.9,0.8,0.7"), 11, True,
                            True),
    "resnet50-224": lambda: (ResNet50(7, 1000), (1, 3, 224, 224), ["logits"], {}, 13, False, False),
    "mobilenetv2": lambda: (MobileNetV2(), (1, 3, 224, 224), ["logits"], {}, 12, True, False),
    "sampler": lambda: (Sampler(), (2, 3, 37, 41), ["scores", "features"], {}, 14, True, False),
}


def make(name, path):
    """Writes the file without metadata; returns (input, {output: float64 array}, metadata)."""
    torch.manual_seed(len(name) * 7 + 1)
    module, shape, outputs, metadata, opset, keep_bn, dynamic = NETWORKS[name]()
    x = torch.randn(shape)
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.normal_(layer.bias, 0, 0.1)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0  # one pass in training mode leaves the true statistics behind
    with torch.no_grad():
        if any(isinstance(m, nn.BatchNorm2d) for m in module.modules()):
            module.train()(torch.randn((4,) + shape[1:]))
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.uniform_(0.5, 1.5)
                layer.bias.normal_(0, 0.2)
                layer.running_mean.add_(torch.randn_like(layer.running_mean) * 0.1)
                layer.running_var.mul_(torch.empty_like(layer.running_var).uniform_(0.8, 1.25))
        module.eval()
        mode = torch.onnx.TrainingMode.PRESERVE if keep_bn else torch.onnx.TrainingMode.EVAL
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module, x, path, opset_version=opset, input_names=["input"], output_names=outputs,
                training=mode, do_constant_folding=not keep_bn,
                dynamic_axes={n: {0: "N"} for n in ["input"] + outputs} if dynamic else None)
        expected = module.double()(x.double())
    return x.numpy(), {n: e.numpy() for n, e in zip(outputs, expected)}, metadata
