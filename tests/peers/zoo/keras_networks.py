# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keras networks with random weights: applications, and small ones with one layer of interest."""

import keras
import numpy as np
from keras import layers

import maker

CLASSES = 10
BATCH = 4


def stir(network, pixels=False):
    """BatchNormalization's scales from noise, its statistics from a pass over noise.

    pixels: the network takes 0..255.
    """
    random = np.random.RandomState(maker.SEED)
    norms = [n for n in network._flatten_layers() if isinstance(n, layers.BatchNormalization)]
    for norm in norms:
        if norm.scale:  # InceptionV3's have none
            norm.gamma.assign(random.uniform(0.5, 1.5, norm.gamma.shape))
        if norm.center:
            norm.beta.assign(random.normal(0, 0.1, norm.beta.shape))
        norm.momentum = 0.0
    shape = [BATCH, *(side or 64 for side in network.inputs[0].shape[1:])]
    noise = random.rand(*shape) * 255 if pixels else random.randn(*shape)
    network(noise.astype(network.inputs[0].dtype), training=True)
    return network


def application(name, size, pixels):
    """keras.applications.NAME."""
    keras.utils.set_random_seed(maker.SEED)
    return stir(getattr(keras.applications, name)(weights=None, classes=CLASSES,
                                                  input_shape=(size, size, 3)), pixels)


def small(*middle, size=32, front=(), end="softmax", units=CLASSES, **options):
    """Convolution, BatchNormalization, the layers of interest, one more convolution, scores."""
    keras.utils.set_random_seed(maker.SEED)
    network = keras.Sequential([
        keras.Input((size, size, 3), **options), *(make() for make in front),
        layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
        layers.BatchNormalization(), *(make() for make in middle),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(units, activation=end)])
    return stir(network, pixels=bool(front))


def teachable_machine():
    """MobileNetV2 0.35, cut before its top, and two dense layers."""
    keras.utils.set_random_seed(maker.SEED)
    body = keras.applications.MobileNetV2(weights=None, include_top=False, alpha=0.35,
                                          input_shape=(224, 224, 3), pooling="avg")
    return stir(keras.Sequential([
        keras.Input((224, 224, 3)), body, layers.Dense(100, activation="relu"),
        layers.Dense(3, activation="softmax", use_bias=False)]))
