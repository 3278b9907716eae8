# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data sets: folders of class-named folders of images, and CIFAR-10/100 in their official files.

A data set is read once into an array of 8-bit pixels.  What is held out for validation is drawn
from the training images by class with the configuration's seed: the same ones every time, for
training, for the search of thresholds and for anyone who repeats it.
"""

import dataclasses
import io
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from tqdm import tqdm

from .config import ConfigError

IMAGE_NAMES = (".png", ".jpg", ".jpeg", ".ppm")


@dataclasses.dataclass
class Dataset:
    """images [N,S,S,3] uint8 RGB, labels [N] int64 indices of classes; files: [N] paths or None."""
    images: np.ndarray
    labels: np.ndarray
    classes: list
    files: list

    def __len__(self):
        return len(self.labels)

    def part(self, indices):
        files = None if self.files is None else [self.files[i] for i in indices]
        return Dataset(self.images[indices], self.labels[indices], self.classes, files)


class PlainUnpickler(pickle.Unpickler):
    """Reads the official files, which hold numbers, texts and arrays, and makes nothing else."""

    ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it holds a {module}.{name}")
        return super().find_class(module, name)


def unpickle(path):
    try:
        with open(path, "rb") as file:
            return PlainUnpickler(io.BytesIO(file.read()), encoding="latin1").load()
    except Exception as problem:  # a damaged pickle may raise anything
        raise ConfigError(f"{path}: not one of CIFAR's files: {problem}") from None


def read_cifar(folder, parts, label_key, names_file, names_key):
    """The official Python files: rows of 3072 bytes, all red values, then green, then blue."""
    images, labels = [], []
    for part in parts:
        path = os.path.join(folder, part)
        batch = unpickle(path)
        try:
            images.append(np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32))
            labels.append(np.asarray(batch[label_key], np.int64))
            if len(images[-1]) != len(labels[-1]):
                raise ValueError("it has not one label for each image")
        except (KeyError, TypeError, ValueError) as problem:
            raise ConfigError(f"{path}: not one of CIFAR's files: {problem}") from None
    classes = list(unpickle(os.path.join(folder, names_file))[names_key])
    pixels = np.ascontiguousarray(np.concatenate(images).transpose(0, 2, 3, 1))
    return Dataset(pixels, np.concatenate(labels), classes, None)


def list_folder(folder):
    """(files, labels, classes) of a folder of class-named folders, in alphabetical order."""
    classes = sorted(entry.name for entry in os.scandir(folder)
                     if entry.is_dir() and not entry.name.startswith("."))
    files, labels = [], []
    for k, name in enumerate(classes):
        inside = sorted(entry for entry in os.listdir(os.path.join(folder, name))
                        if entry.lower().endswith(IMAGE_NAMES))
        if not inside:
            raise ConfigError(f"{os.path.join(folder, name)}: no images in it "
                              f"({', '.join(IMAGE_NAMES)})")
        files += [os.path.join(folder, name, entry) for entry in inside]
        labels += [k] * len(inside)
    if len(classes) < 2:
        raise ConfigError(f"{folder}: must hold one folder of images for each class, "
                          f"at least two; there {'is' if len(classes) == 1 else 'are'} {len(classes)}")
    return files, np.array(labels, np.int64), classes


def fit(image, size):
    """The centre square at size x size, as Winnow's preprocessing makes it up to rounding."""
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    filter_ = Image.BOX if side > size else Image.BILINEAR
    return image.resize((size, size), filter_, (left, top, left + side, top + side))


def read_image(path, size, out):
    try:
        with Image.open(path) as image:
            image = image.convert("RGB")
            out[:] = np.asarray(image if image.size == (size, size) else fit(image, size))
    except Exception as problem:  # a damaged image may raise anything
        return f"{path}: not a readable image: {problem}"
    return None


def read_folder(folder, size):
    files, labels, classes = list_folder(folder)
    try:
        with Image.open(files[0]) as first:
            size = min(size, *first.size)
    except Exception as problem:
        raise ConfigError(f"{files[0]}: not a readable image: {problem}") from None
    images = np.empty((len(files), size, size, 3), np.uint8)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = pool.map(lambda i: read_image(files[i], size, images[i]), range(len(files)))
        bar = tqdm(jobs, "reading images", len(files), leave=False, disable=None)
        problems = [problem for problem in bar if problem]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{problems[0]}{more}")
    return Dataset(images, labels, classes, files)


def read(folder, size):
    """The training images under `folder`, no larger than `size` pixels a side.

    Raises ConfigError where there is no data set, or a damaged one.
    """
    def has(name):
        return os.path.exists(os.path.join(folder, name))

    if not os.path.isdir(folder):
        raise ConfigError(f"{folder}: no such folder; --data names the folder of a data set")
    for inner in ("cifar-10-batches-py", "cifar-100-python"):
        if has(inner):
            return read(os.path.join(folder, inner), size)
    if has("batches.meta") and has("data_batch_1"):
        return read_cifar(folder, [f"data_batch_{k}" for k in range(1, 6)], "labels",
                          "batches.meta", "label_names")
    if has("meta") and has("train") and os.path.isfile(os.path.join(folder, "train")):
        return read_cifar(folder, ["train"], "fine_labels", "meta", "fine_label_names")
    return read_folder(os.path.join(folder, "train") if has("train") else folder, size)


def by_class(labels, counts, generator):
    """Indices of counts[c] random members of each class c, sorted."""
    chosen = [generator.permutation(np.flatnonzero(labels == c))[:count]
              for c, count in enumerate(counts)]
    return np.sort(np.concatenate(chosen))


def spread(total, sizes):
    """`total` shared out over classes in proportion to their sizes, exactly."""
    ends = np.floor(np.cumsum(sizes) * (total / np.sum(sizes)) + 0.5).astype(int)
    return np.diff(ends, prepend=0)


def split(dataset, config):
    """(training part, validation part) of `dataset`."""
    data, n = config.data, len(dataset)
    if data.validation >= n:
        raise ConfigError(f"{config.path}: [data] validation = {data.validation}: "
                          f"the data set has {n} images in all")
    generator = np.random.default_rng(config.train.seed)
    sizes = np.bincount(dataset.labels, minlength=len(dataset.classes))
    held = by_class(dataset.labels, spread(data.validation, sizes), generator)
    rest = np.setdiff1d(np.arange(n), held)
    if data.images != "all" and data.images < len(rest):
        sizes = np.bincount(dataset.labels[rest], minlength=len(dataset.classes))
        rest = rest[by_class(dataset.labels[rest], spread(data.images, sizes), generator)]
    return dataset.part(rest), dataset.part(held)


def write_validation(dataset, folder):
    """The images as a folder of class-named folders: links to their files, or PNG files."""
    for name in dataset.classes:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for i, label in enumerate(dataset.labels):
        inside = os.path.join(folder, dataset.classes[label])
        if dataset.files is None:
            Image.fromarray(dataset.images[i]).save(os.path.join(inside, f"{i:06d}.png"))
            continue
        link = os.path.join(inside, os.path.basename(dataset.files[i]))
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(dataset.files[i]), link)
