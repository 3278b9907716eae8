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
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from .config import ConfigError

# The rule of apps/common/pictures.c, so that training and evaluation see the same pictures.
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".ppm", ".pgm")
KEPT_BY_SYSTEMS = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found")
UNSORTED = "unsorted"  # what winnow collect has not sorted yet is no class
MAX_PIXELS = 120_000_000


@dataclasses.dataclass
class Dataset:
    """images [M,S,S,3] uint8 RGB; labels [N] int64 indices of classes; files: [N] paths or None;
    rows [N]: which of the images are its own.  Parts share the images: they may fill the memory."""
    images: np.ndarray
    labels: np.ndarray
    classes: list
    files: list
    rows: np.ndarray = None

    def __post_init__(self):
        if self.rows is None:
            self.rows = np.arange(len(self.labels))

    def __len__(self):
        return len(self.labels)

    def part(self, indices):
        files = None if self.files is None else [self.files[i] for i in indices]
        return Dataset(self.images, self.labels[indices], self.classes, files, self.rows[indices])

    def pixels(self, indices):
        """[n,S,S,3], a copy."""
        return self.images[self.rows[indices]]


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
    except OSError as problem:
        raise ConfigError(f"{path}: cannot read it: {problem.strerror}") from None
    except Exception as problem:  # a damaged pickle may raise anything
        raise ConfigError(f"{path}: not one of CIFAR's files: {problem}") from None


def read_class_names(path, key):
    names = unpickle(path)
    names = names.get(key) if isinstance(names, dict) else None
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise ConfigError(f"{path}: not one of CIFAR's files: it has no list of {key}")
    return names


def read_cifar(folder, parts, label_key, names_file, names_key):
    """The official Python files: rows of 3072 bytes, all red values, then green, then blue."""
    classes = read_class_names(os.path.join(folder, names_file), names_key)
    images, labels = [], []
    for part in parts:
        path = os.path.join(folder, part)
        batch = unpickle(path)
        try:
            images.append(np.asarray(batch["data"], np.uint8).reshape(-1, 3, 32, 32))
            labels.append(np.asarray(batch[label_key], np.int64))
            if len(images[-1]) != len(labels[-1]):
                raise ValueError("it has not one label for each image")
            if not ((labels[-1] >= 0) & (labels[-1] < len(classes))).all():
                raise ValueError(f"it has labels that are none of the {len(classes)} classes")
        except (KeyError, OverflowError, TypeError, ValueError) as problem:
            raise ConfigError(f"{path}: not one of CIFAR's files: {problem}") from None
    pixels = np.ascontiguousarray(np.concatenate(images).transpose(0, 2, 3, 1))
    return Dataset(pixels, np.concatenate(labels), classes, None)


def is_hidden(name):
    return name.startswith(".") or name.lower() in KEPT_BY_SYSTEMS


def images_below(folder):
    """(paths of the images in `folder` and below it, sorted; how many other files are there)."""
    paths, n_others = [], 0
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not is_hidden(name)]
        names = [name for name in names if not is_hidden(name)]
        images = [os.path.join(path, name) for name in names if name.lower().endswith(ENDINGS)]
        paths += [image for image in images if os.path.isfile(image)]
        if not folders:  # else they are notes beside them
            n_others += len(names) - len(images)
    return sorted(paths), n_others


def list_folder(folder):
    """(files, labels, classes) of a folder of class-named folders, in alphabetical order."""
    classes = sorted(entry.name for entry in os.scandir(folder)
                     if entry.is_dir() and not is_hidden(entry.name) and entry.name != UNSORTED)
    files, labels, n_others = [], [], 0
    for k, name in enumerate(classes):
        inside, others = images_below(os.path.join(folder, name))
        if not inside:
            raise ConfigError(f"{os.path.join(folder, name)}: no images in it "
                              f"({', '.join(ENDINGS)})")
        files += inside
        labels += [k] * len(inside)
        n_others += others
    if n_others:
        print(f"training: {folder}: {n_others} file{'' if n_others == 1 else 's'} left out: what "
              f"can be read ends in {', '.join(ENDINGS)}", file=sys.stderr)
    if len(classes) < 2:
        there = "is" if len(classes) == 1 else "are"
        raise ConfigError(f"{folder}: must hold one folder of images for each class, "
                          f"at least two; there {there} {len(classes)}")
    return files, np.array(labels, np.int64), classes


def resample(pixels, start, length, n_out):
    """Axis 0 of `pixels` from the window [start, start + length) to n_out values, float32: means
    weighted by overlap when shrinking, else linear, as docs/preprocess.md has it."""
    step, n_in = length / n_out, len(pixels)
    out = np.empty((n_out, *pixels.shape[1:]), np.float32)
    for i in range(n_out):
        if step > 1:
            first, last = start + i * step, start + (i + 1) * step
            low, high = int(first), min(int(np.ceil(last)), n_in)
            line = np.arange(low, high)
            weights = np.minimum(line + 1, last) - np.maximum(line, first)
        else:
            at = np.clip(start + (i + 0.5) * step - 0.5, 0, n_in - 1)
            low, high = int(at), min(int(at) + 2, n_in)
            weights = 1 - np.abs(np.arange(low, high) - at)
        weights = (weights / weights.sum()).astype(np.float32)
        out[i] = np.tensordot(weights, pixels[low:high].astype(np.float32), 1)
    return out


def fit(pixels, size, resize):
    """uint8 [H,W,3] at size x size: the centre square for `crop`, all of it for `stretch`."""
    height, width = pixels.shape[:2]
    if height == width == size:
        return pixels
    side = min(height, width)
    rows, columns = (height, width) if resize == "stretch" else (side, side)
    narrow = resample(pixels, (height - rows) / 2, rows, size).swapaxes(0, 1)
    fitted = resample(narrow, (width - columns) / 2, columns, size).swapaxes(0, 1)
    return np.rint(fitted).astype(np.uint8)


def read_image(path, size, resize, out):
    """Fills `out` [size,size,3]; returns None, or what is wrong with the file."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width}x{image.height} pixels are too many")
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # 16 bits, which convert() would clip
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            out[:] = fit(np.asarray(upright.convert("RGB")), size, resize)
    except Exception as problem:  # a damaged image may raise anything
        return f"{path}: not a readable image: {' '.join(str(problem).split())}"
    return None


def size_to_store(files, size):
    """`size`, or the shorter side of the images when all are smaller: told from some of them."""
    largest = 1
    for path in files[::max(1, len(files) // 256)]:
        try:
            with Image.open(path) as image:
                largest = max(largest, min(image.size))
        except Exception:  # told by read_image
            continue
    return min(size, largest)


def available_memory():
    """In bytes, as Linux estimates it."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return float("inf")


def check_memory(folder, n_images, size):
    needed, there = n_images * size * size * 3, available_memory()
    if needed > there:
        raise ConfigError(f"{folder}: {n_images} images of {size}x{size} need "
                          f"{needed / 2**30:.1f} GiB of memory, and "
                          f"{there / 2**30:.1f} are available; "
                          "make [model] size smaller or take fewer images")


def read_folder(folder, size, resize):
    files, labels, classes = list_folder(folder)
    size = size_to_store(files, size)
    check_memory(folder, len(files), size)
    images = np.empty((len(files), size, size, 3), np.uint8)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = pool.map(lambda i: read_image(files[i], size, resize, images[i]), range(len(files)))
        bar = tqdm(jobs, "reading images", len(files), leave=False, disable=None)
        problems = [problem for problem in bar if problem]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(f"{problems[0]}{more}")
    return Dataset(images, labels, classes, files)


def read(folder, size, resize="crop"):
    """The training images under `folder`: CIFAR's as they are, others no larger than `size` pixels
    a side and made square as `resize` says.

    Raises ConfigError where there is no data set, or a damaged one.
    """
    def has(name):
        return os.path.exists(os.path.join(folder, name))

    if not os.path.isdir(folder):
        raise ConfigError(f"{folder}: no such folder; --data names the folder of a data set")
    for inner in ("cifar-10-batches-py", "cifar-100-python"):
        if has(inner):
            return read(os.path.join(folder, inner), size, resize)
    if has("batches.meta") and has("data_batch_1"):
        return read_cifar(folder, [f"data_batch_{k}" for k in range(1, 6)], "labels",
                          "batches.meta", "label_names")
    if has("meta") and has("train") and os.path.isfile(os.path.join(folder, "train")):
        return read_cifar(folder, ["train"], "fine_labels", "meta", "fine_label_names")
    inner = os.path.join(folder, "train")
    if os.path.isdir(inner) and any(os.path.isdir(os.path.join(inner, entry))
                                    for entry in os.listdir(inner)):
        folder = inner  # and not a class of that name, which holds images
    return read_folder(folder, size, resize)


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
    lacking = np.setdiff1d(np.arange(len(dataset.classes)), dataset.labels[rest])
    if len(lacking):
        raise ConfigError(f"{config.path}: [data] validation = {data.validation}, images = "
                          f"{data.images}: leaves no image of {dataset.classes[lacking[0]]} "
                          "to train on")
    return dataset.part(rest), dataset.part(held)


def write_validation(dataset, folder):
    """The images as a new folder of class-named folders: links to their files, or PNG files."""
    if os.path.exists(folder) and os.listdir(folder):
        raise ConfigError(f"{folder}: is not empty; name a new folder for the validation images")
    if len(dataset) == 0:
        raise ConfigError("the run held no images out for validation ([data] validation = 0)")
    for name in dataset.classes:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for i, label in enumerate(dataset.labels):
        inside = os.path.join(folder, dataset.classes[label])
        if dataset.files is None:
            Image.fromarray(dataset.pixels(i)).save(os.path.join(inside, f"{i:06d}.png"))
        else:
            link = os.path.join(inside, os.path.basename(dataset.files[i]))
            if os.path.lexists(link):  # of another folder of the class
                link = os.path.join(inside, f"{i:06d}-{os.path.basename(link)}")
            os.symlink(os.path.abspath(dataset.files[i]), link)
