# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keras 3 on TensorFlow: model.export(format="onnx"), tf2onnx, TensorFlow Lite through tf2onnx."""

import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before it is loaded

import keras
import numpy as np
import tensorflow as tf

import keras_networks
import maker

SIZE = 160
SIDE = 48  # where the network leaves height and width open
PIXELS = {"pixels": True}  # the network takes 0..255


def layer(name, *arguments, **options):
    """Makes the layer when called, so that a table can name it."""
    return lambda: getattr(keras.layers, name)(*arguments, **options)


def shape_of(network):
    return [1, *(d or SIDE for d in network.inputs[0].shape[1:])]


def empty(network):
    return np.zeros(shape_of(network), network.inputs[0].dtype)


def described(network, **more):
    return {"shape": shape_of(network), **more}


def exported(build, told=None, **options):
    """told: what made.json gets besides."""
    def make(path):
        network = build()
        network(empty(network))  # the exporter wants it used once
        network.export(path, format="onnx", verbose=False, **options)
        return described(network, **(told or {}))
    return make


def application(name):
    return lambda: keras_networks.application(name, SIZE, name in FOUND_INSIDE)


def small(*middle, **options):
    return lambda: keras_networks.small(*middle, **options)


def front(*made, **options):
    return lambda: keras_networks.small(front=made, **options)


APPLICATIONS = ["MobileNet", "MobileNetV2", "MobileNetV3Small", "ResNet50", "ResNet50V2",
                "DenseNet121", "Xception", "InceptionV3", "NASNetMobile", "EfficientNetB0",
                "EfficientNetV2B0", "ConvNeXtTiny", "VGG16"]
FOUND_INSIDE = ("EfficientNetB0", "EfficientNetV2B0", "MobileNetV3Small", "ConvNeXtTiny")

L = layer
RESCALING = L("Rescaling", 1 / 255)
NORMALIZATION = L("Normalization", mean=[0.485, 0.456, 0.406], variance=[0.05, 0.051, 0.052])
FRONT = {
    "rescaling": (RESCALING,), "rescaling-offset": (L("Rescaling", 1 / 127.5, offset=-1.0),),
    "rescaling-normalization": (RESCALING, NORMALIZATION), "normalization": (NORMALIZATION,),
    "resizing": (L("Resizing", 24, 24),),
    "resizing-nearest": (L("Resizing", 24, 24, interpolation="nearest"),),
    "resizing-crop": (L("Resizing", 24, 20, crop_to_aspect_ratio=True),),
    "center-crop": (L("CenterCrop", 24, 24),),
    "random-flip": (L("RandomFlip"),), "random-rotation": (L("RandomRotation", 0.1),),
}
LOST = {"normalization": "Sub"}  # its mean is an input that the file leaves without a value
ACTIVATIONS = ["relu6", "leaky_relu", "silu", "hard_silu", "elu", "tanh", "gelu", "celu", "mish",
               "softplus", "log_sigmoid", "selu", "softsign", "squareplus", "exponential",
               "hard_sigmoid"]
MIDDLE = {
    "average-same": (L("AveragePooling2D", 3, strides=2, padding="same"),),
    "separable": (L("SeparableConv2D", 24, 3, padding="same"),),
    "spatial-dropout": (L("SpatialDropout2D", 0.2),),
    "zero-padding": (L("ZeroPadding2D", ((0, 1), (0, 1))), L("DepthwiseConv2D", 3, strides=2)),
    "prelu-shared": (L("PReLU", shared_axes=[1, 2], alpha_initializer="random_uniform"),),
    "relu-6-slope": (L("ReLU", 6, 0.1),), "layer-norm": (L("LayerNormalization"),),
    "group-norm": (L("GroupNormalization", 4),), "rms-norm": (L("RMSNormalization"),),
    "unit-norm": (L("UnitNormalization"),), "upsampling-nearest": (L("UpSampling2D", 2),),
    "upsampling-bilinear": (L("UpSampling2D", 2, interpolation="bilinear"),),
    "transposed": (L("Conv2DTranspose", 24, 3, strides=2, padding="same"),),
    "max-same": (L("MaxPooling2D", 3, strides=2, padding="same"),),
}
ENDS = {"logits": {"end": None}, "sigmoid": {"end": "sigmoid"},
        "binary": {"end": "sigmoid", "units": 1}, "one-batch": {"batch_size": 1},
        "uint8": {"dtype": "uint8", "front": (RESCALING,)}}


def dynamic_size():
    keras.utils.set_random_seed(maker.SEED)
    return keras.Sequential([keras.Input((None, None, 3)), L("Resizing", 24, 24)(),
                             L("Conv2D", 16, 3)(), L("GlobalAveragePooling2D")(),
                             L("Dense", 10)()])


def with_policy(build):
    def make():
        keras.config.set_dtype_policy("mixed_float16")
        return build()
    return make


def export_rows():
    for name in APPLICATIONS:
        told = PIXELS if name in FOUND_INSIDE else {}
        yield maker.Row("keras", name, exported(application(name), told))
    for name, made in FRONT.items():
        yield maker.Row("keras", name, exported(front(*made), PIXELS),
                        refusal=LOST.get(name, ""))
    for name in ACTIVATIONS:
        yield maker.Row("keras", name, exported(small(L("Activation", name))))
    for name, made in MIDDLE.items():
        yield maker.Row("keras", name, exported(small(*made)))
    for name, options in ENDS.items():
        yield maker.Row("keras", name, exported(small(**options)),
                        dtype="uint8" if name == "uint8" else "float32")
    yield maker.Row("keras", "opset-13", exported(small(), opset_version=13))
    yield maker.Row("keras", "mixed-float16", exported(with_policy(small())), half=True)
    yield maker.Row("keras", "dynamic-size", exported(dynamic_size),
                    arguments=("--input-size", f"{SIDE}x{SIDE}"))
    yield maker.Row("keras", "teachable-machine",
                    exported(keras_networks.teachable_machine))


# ---- tf2onnx ---------------------------------------------------------------------------------


def convert(kind, source, path, *options):
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", kind, source, "--output", path,
                    *options], check=True)


def from_saved_model(build, told=None, *options):
    def make(path):
        network = build()
        network(empty(network))
        network.export("saved", format="tf_saved_model", verbose=False)
        convert("--saved-model", "saved", path, *options)
        made = described(network, **(told or {}))
        if "--inputs-as-nchw" in options:
            n, h, w, c = made["shape"]
            made["shape"] = [n, c, h, w]
        return made
    return make


def first_name(network):
    """What TensorFlow calls the input of the saved function."""
    return f"serving_default_{network.inputs[0].name}:0"


def pictures(network):
    """For the converter to calibrate with."""
    random = np.random.RandomState(maker.SEED)
    for _ in range(4):
        yield [random.rand(1, *network.inputs[0].shape[1:]).astype(np.float32)]


def lite(build, optimise=None, io=None):
    def make(path):
        network = build()
        converter = tf.lite.TFLiteConverter.from_keras_model(network)
        if optimise:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if optimise == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if optimise == "int8":
            converter.representative_dataset = lambda: pictures(network)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        if io:
            converter.inference_input_type = converter.inference_output_type = getattr(tf, io)
        with open("network.tflite", "wb") as f:
            f.write(converter.convert())
        convert("--tflite", "network.tflite", path)
        return described(network)
    return make


LITE = {"float": {}, "float16": {"optimise": "float16"}, "dynamic": {"optimise": "dynamic"},
        "int8": {"optimise": "int8"}, "uint8-io": {"optimise": "int8", "io": "uint8"},
        "int8-io": {"optimise": "int8", "io": "int8"}}


def tf2onnx_rows():
    forms = {"": (), "-opset-18": ("--opset", "18"), "-nchw": "nchw"}
    for name in ("MobileNetV2", "EfficientNetB0"):
        told = PIXELS if name in FOUND_INSIDE else {}
        for form, options in forms.items():
            if options == "nchw":
                options = ("--inputs-as-nchw", "keras_tensor")
            yield maker.Row("tf2onnx", name + form,
                            from_saved_model(application(name), told, *options))
    yield maker.Row("tf2onnx", "teachable-machine",
                    from_saved_model(keras_networks.teachable_machine))
    for name in ("MobileNetV2", "small"):
        build = small() if name == "small" else application(name)
        for form, options in LITE.items():
            yield maker.Row("tflite", f"{form}-{name}", lite(build, **options),
                            dtype=options.get("io", "float32"),
                            int8=form not in ("float", "float16"))


def rows():
    return [*export_rows(), *tf2onnx_rows()]


if __name__ == "__main__":
    maker.main(rows(), maker.parse())
