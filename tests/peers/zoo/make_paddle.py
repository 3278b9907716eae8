# SPDX-License-Identifier: LGPL-2.1-or-later
"""PaddlePaddle's vision models through paddle2onnx."""

import glob
import os

import maker

SIZE = 224
CLASSES = 10
NETWORKS = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "resnet18",
            "shufflenet_v2_x0_25", "squeezenet1_1", "vgg11", "densenet121")
SHAPES = {"": [1, 3, SIZE, SIZE], "-dynamic-batch": [-1, 3, SIZE, SIZE],
          "-dynamic-size": [-1, 3, -1, -1]}


def stir(network):
    """BatchNorm's statistics and scales from noise, in place of 0 and 1."""
    import paddle
    for layer in network.sublayers():
        if not isinstance(layer, paddle.nn.layer.norm._BatchNormBase):
            continue
        for value, positive in ((layer._mean, False), (layer._variance, True),
                                (layer.weight, True), (layer.bias, False)):
            value.set_value(paddle.uniform(value.shape, min=0.5, max=1.5) if positive
                            else paddle.normal(0, 0.1, value.shape))


def converted(name, shape):
    def make(path):
        import paddle
        import paddle2onnx
        paddle.seed(maker.SEED)
        network = getattr(paddle.vision.models, name)(num_classes=CLASSES)
        network.eval()
        stir(network)
        paddle.jit.save(network, "saved", [paddle.static.InputSpec(shape, "float32", "x")])
        program = next(p for p in glob.glob("saved.*") if not p.endswith(".pdiparams"))
        paddle2onnx.export(program, "saved.pdiparams", path)
        os.remove("saved.pdiparams")
    return make


def rows():
    return [maker.Row("paddle", name + form, converted(name, shape),
                      arguments=("--input-size", f"{SIZE}x{SIZE}") if -1 in shape[2:] else ())
            for name in NETWORKS for form, shape in SHAPES.items()]


if __name__ == "__main__":
    maker.main(rows(), maker.parse())
