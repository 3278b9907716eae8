# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Keras, TensorFlow and Teachable Machine make of photographs, each with a small network.

Rows as in pictures_torch.py; the options are those that docs/models.md names.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # before it is loaded

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

import keras_networks
import make_keras
import maker
import photos

SIZE = 96
STRETCH = ("--resize", "stretch", "--crop", "1")
PICKED = ("--interpolation", "nearest")  # keras.utils.load_img(target_size=...)
BETWEEN = ("--interpolation", "linear")  # tf.image.resize(), keras.utils.image_dataset_...
# Of keras.applications: what its preprocess_input() is, in options.
APPLICATIONS = {
    **dict.fromkeys(("mobilenet", "mobilenet_v2", "xception", "inception_v3",
                     "inception_resnet_v2", "nasnet", "resnet_v2"), ("--preset", "keras")),
    **dict.fromkeys(("resnet", "vgg16", "vgg19"), ("--preset", "caffe", *STRETCH, *PICKED)),
    "densenet": ("--preset", "torchvision", *STRETCH, *PICKED),
    # They take 0..255, which a Rescaling layer at their beginning shows.
    **dict.fromkeys(("mobilenet_v3", "efficientnet", "efficientnet_v2", "convnext"),
                    (*STRETCH, *PICKED)),
}
RESCALED = ("mobilenet_v3", "efficientnet", "efficientnet_v2", "convnext")


def export(path, transform, options=(), **network):
    photos.save(path, transform)
    told = make_keras.exported(lambda: keras_networks.small(size=SIZE, **network))(path)
    return {**told, "options": options}


def application_row(name):
    module = getattr(keras.applications, name)
    front = (make_keras.RESCALING,) if name in RESCALED else ()

    def load(photo):
        """load_img() of the photo, which has been opened."""
        return keras.utils.img_to_array(photo.resize((SIZE, SIZE), 0))

    def make(path):
        return export(path, lambda p: module.preprocess_input(load(p)), APPLICATIONS[name],
                      front=front)
    return maker.Row("keras", name, make)


def load_img(path):
    """What load_img() itself gives is what application_row() takes for it."""
    files = iter(photos.of(path))
    return export(path, lambda _: keras.utils.img_to_array(
        keras.utils.load_img(next(files), target_size=(SIZE, SIZE))), (*STRETCH, *PICKED),
        front=(make_keras.RESCALING,))


def data_set(path, options, **how):
    """A network that was trained with keras.utils.image_dataset_from_directory().

    From PNG: TensorFlow decodes JPEG with a faster and coarser transform, which alone makes 1.3
    grey levels.
    """
    folder = os.path.join(os.path.dirname(path), "png")
    os.makedirs(folder)
    for photo in photos.of(path):
        with Image.open(photo) as opened:
            opened.convert("RGB").save(os.path.join(folder, os.path.basename(photo) + ".png"))
    data = keras.utils.image_dataset_from_directory(
        folder, labels=None, shuffle=False, batch_size=1, image_size=(SIZE, SIZE), verbose=False,
        **how)
    pictures = iter(data)
    return export(path, lambda _: next(pictures)[0], options, front=(make_keras.RESCALING,))


def teachable_machine(path):
    """keras_model.h5's program, as its site shows it."""
    with open(os.path.join(os.path.dirname(path), "labels.txt"), "w") as f:
        f.writelines(f"{i} Class {i + 1}\n" for i in range(3))
    return export(path, lambda p: np.asarray(
        ImageOps.fit(p, (SIZE, SIZE), 1)).astype(np.float32) / 127.5 - 1, units=3)


def slim(photo):
    """TF-Slim's preprocess_for_eval()."""
    image = tf.image.convert_image_dtype(np.asarray(photo), tf.float32)
    image = tf.image.central_crop(image, central_fraction=0.875)
    return (tf.image.resize(image[None], (SIZE, SIZE))[0] - 0.5) * 2


def hub(photo):
    return tf.image.resize(np.asarray(photo), (SIZE, SIZE)) / 255


def rows():
    made = [application_row(name) for name in APPLICATIONS]
    return [*made, maker.Row("keras", "load_img", load_img),
            maker.Row("keras", "image_dataset", lambda p: data_set(p, (*STRETCH, *BETWEEN))),
            maker.Row("keras", "image_dataset-crop", lambda p: data_set(
                p, ("--resize", "crop", "--rounding", "first", *BETWEEN),
                crop_to_aspect_ratio=True)),
            maker.Row("teachable-machine", "keras_model", teachable_machine),
            maker.Row("tensorflow", "slim", lambda p: export(
                p, slim, ("--preset", "tensorflow"))),
            maker.Row("tensorflow", "hub", lambda p: export(
                p, hub, ("--range", "0..1", *STRETCH, *BETWEEN)))]


if __name__ == "__main__":
    maker.main(rows(), maker.parse())
