# SPDX-License-Identifier: LGPL-2.1-or-later
"""Data sets: folders, CIFAR's official files, what is wrong with them, what is held out."""

import contextlib
import io
import os
import re
import struct
import sys
import unittest
from unittest import mock

import numpy as np
from PIL import Image
from support import LABELS, ROOT, TrainingTest

from training import data

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
from preprocess_ref import axis_weights

RANDOM = np.random.default_rng(3)


def python2_pickle(value):
    """A pickle as Python 2 wrote CIFAR's files: strings of bytes, arrays of unsigned bytes."""
    if isinstance(value, str):
        return b"T" + struct.pack("<I", len(value)) + value.encode("latin1")
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, list):
        return b"](" + b"".join(map(python2_pickle, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(python2_pickle(x) for item in value.items() for x in item) + b"u"
    dtype = (b"cnumpy\ndtype\n" + python2_pickle("u1") + python2_pickle(0) + python2_pickle(1)
             + b"\x87R(" + python2_pickle(3) + python2_pickle("|") + b"NNN" + python2_pickle(-1)
             + python2_pickle(-1) + python2_pickle(0) + b"tb")
    shape = b"(" + b"".join(map(python2_pickle, value.shape)) + b"t"
    return (b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + python2_pickle(0) + b"\x85"
            + python2_pickle("b") + b"\x87R(" + python2_pickle(1) + shape + dtype + b"\x89"
            + python2_pickle(value.tobytes().decode("latin1")) + b"tb")


def pickled(value):
    return b"\x80\x02" + python2_pickle(value) + b"."


def rows(n):
    return RANDOM.integers(0, 256, (n, 3072)).astype(np.uint8)


class Cifar(TrainingTest):
    def ten(self, **changes):
        """A folder like CIFAR-10's, four images a file; `changes` replace or leave out files."""
        self.rows = rows(20)
        files = {"batches.meta": pickled({"label_names": LABELS})}
        for k in range(5):
            part = self.rows[4 * k:4 * k + 4]
            labels = [(4 * k + j) % 10 for j in range(4)]
            files[f"data_batch_{k + 1}"] = pickled({"data": part, "labels": labels})
        for name, content in {**files, **changes}.items():
            if content is not None:
                self.write(f"ten/cifar-10-batches-py/{name.replace('__', '.')}", content)
        return str(self.folder / "ten")

    def test_cifar10(self):
        dataset = data.read(self.ten(), 32)
        self.assertEqual(dataset.classes, LABELS)
        self.assertEqual(dataset.labels.tolist(), [k % 10 for k in range(20)])
        self.assertIsNone(dataset.files)
        planes = self.rows.reshape(20, 3, 32, 32)
        for channel in range(3):
            np.testing.assert_array_equal(dataset.images[..., channel], planes[:, channel])

    def test_cifar100(self):
        names = [f"class {k}" for k in range(100)]
        batch = {"data": rows(3), "fine_labels": [99, 0, 5], "coarse_labels": [1, 2, 3]}
        self.write("cifar-100-python/train", pickled(batch))
        self.write("cifar-100-python/test", pickled(batch))
        self.write("cifar-100-python/meta", pickled({"fine_label_names": names}))
        dataset = data.read(str(self.folder), 32)
        self.assertEqual((dataset.labels.tolist(), dataset.classes), ([99, 0, 5], names))

    def test_damaged_files(self):
        def batch(**keys):
            return pickled({"data": rows(4), "labels": [0, 1, 2, 3], **keys})

        good = batch()
        for content, says in ((None, "No such file"), (b"", "not one of CIFAR's"),
                              (good[:500], "not one of CIFAR's"),
                              (pickled([1]), "not one of CIFAR's"),
                              (batch(labels=[1, 2]), "one label for each image"),
                              (batch(labels=[0, 1, 2, 10]), "none of the 10 classes"),
                              (batch(labels=[0, 1, 2, -1]), "none of the 10 classes"),
                              (batch(labels=["a", "b", "c", "d"]), "not one of CIFAR's"),
                              (batch(data=rows(4)[:, :-1]), "not one of CIFAR's"),
                              (pickled({"labels": [1]}), "data")):
            with self.subTest(says):
                (self.folder / "ten/cifar-10-batches-py/data_batch_3").unlink(missing_ok=True)
                folder = self.ten(data_batch_3=content)
                self.assert_refused(["data_batch_3: ", says], data.read, folder, 32)
        for content in (pickled({}), pickled({"label_names": [1]}), pickled([1])):
            self.assert_refused(["batches.meta: "], data.read, self.ten(batches__meta=content), 32)

    def test_code_in_a_pickle_is_not_run(self):
        mark = self.folder / "mark"
        for name in (b"os\nsystem\n", b"posix\nsystem\n", b"builtins\neval\n", b"numpy\nload\n"):
            evil = b"\x80\x02c" + name + python2_pickle(f"touch {mark}") + b"\x85R."
            self.assert_refused(["data_batch_2", "it holds a"], data.read,
                                self.ten(data_batch_2=evil), 32)
        self.assertFalse(mark.exists())

    def test_validation_folder_of_png_files(self):
        settings = self.configuration({"data.validation": "10"})
        dataset = data.read(self.ten(), 32)
        _, held = data.split(dataset, settings)
        data.write_validation(held, str(self.folder / "held"))
        files = sorted((self.folder / "held").rglob("*.png"))
        self.assertEqual(len(files), 10)
        for i, label in enumerate(held.labels):
            image = np.asarray(Image.open(self.folder / "held" / LABELS[label] / f"{i:06d}.png"))
            np.testing.assert_array_equal(image, held.pixels(i))


class Folders(TrainingTest):
    def image(self, name, pixels=None, mode=None, **options):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = RANDOM.integers(0, 256, (8, 8, 3)).astype(np.uint8) if pixels is None else pixels
        Image.fromarray(pixels, mode).save(path, **options)
        return str(path)

    def test_sample(self):
        dataset = self.sample()
        self.assertEqual((len(dataset), dataset.classes), (40, LABELS))
        self.assertEqual(dataset.images.shape, (40, 32, 32, 3))
        self.assertEqual(dataset.labels.tolist(), [k // 4 for k in range(40)])
        for k in (0, 17, 39):
            pixels = np.asarray(Image.open(dataset.files[k]).convert("RGB"))
            np.testing.assert_array_equal(dataset.images[k], pixels)
            self.assertIn(f"/{LABELS[dataset.labels[k]]}/", dataset.files[k])

    def test_the_order_is_not_the_file_systems(self):
        listed = os.listdir
        with mock.patch("os.listdir", lambda folder: sorted(listed(folder), reverse=True)):
            self.assertEqual(self.sample().files, sorted(self.sample().files))

    def test_what_is_wrong_with_a_folder(self):
        self.assert_refused(["none: no such folder"], data.read, str(self.folder / "none"), 32)
        self.assert_refused(["at least two", "there are 0"], data.read, str(self.folder), 32)
        self.image("set/cat/1.png")
        self.assert_refused(["set: ", "at least two", "there is 1"], data.read,
                            str(self.folder / "set"), 32)
        self.write("set/dog/note.txt", "no image")
        self.assert_refused(["set/dog: no images"], data.read, str(self.folder / "set"), 32)
        self.write("set/dog/2.jpg", b"not a JPEG file")
        self.assert_refused(["set/dog/2.jpg: not a readable image"], data.read,
                            str(self.folder / "set"), 32)
        self.write("set/cat/0.png", b"")
        self.assert_refused(["set/cat/0.png: not a readable image", "(and 1 more)"], data.read,
                            str(self.folder / "set"), 32)

    def test_more_than_the_memory_holds(self):
        for name in ("cat", "dog"):
            self.image(f"set/{name}/1.png")
        with mock.patch("training.data.available_memory", return_value=100):
            self.assert_refused(["2 images of 8x8 need", "memory"], data.read,
                                str(self.folder / "set"), 32)
        self.assertGreater(data.available_memory(), 1 << 20)

    def test_training_part_beside_a_test_part(self):
        for name in ("train/cat/1", "train/dog/2", "test/cat/3", "test/dog/4"):
            self.image(f"set/{name}.png")
        dataset = data.read(str(self.folder / "set"), 32)
        self.assertEqual([os.path.basename(f) for f in dataset.files], ["1.png", "2.png"])

    def test_a_class_named_train(self):
        for name in ("bus/1", "train/2"):
            self.image(f"set/{name}.png")
        self.assertEqual(data.read(str(self.folder / "set"), 32).classes, ["bus", "train"])

    def test_hidden_files_and_notes_are_left_out(self):
        for name in ("cat/1.png", "cat/.2.png", "dog/3.PNG", ".old/4.png"):
            self.image(f"set/{name}")
        self.write("set/README.md", "a note")
        dataset = data.read(str(self.folder / "set"), 32)
        self.assertEqual((len(dataset), dataset.classes), (2, ["cat", "dog"]))

    def test_the_rule_of_pictures_c(self):
        """The names in the C source, and what is found with them."""
        rule = (ROOT / "apps" / "common" / "pictures.c").read_text(encoding="utf-8")
        for names, ours in (("endings", data.ENDINGS), ("kept", data.KEPT_BY_SYSTEMS)):
            quoted = re.search(rf"\b{names}\[\] = {{(.*?)}};", rule, re.DOTALL)[1]
            self.assertEqual(re.findall(r'"(.*?)"', quoted.lower()), list(ours))
        for name in ("cat/1.webp", "cat/Thumbs/2.PNG", "cat/__MACOSX/3.png", "dog/4.jpg",
                     "__MACOSX/cat/5.png", "unsorted/6.png"):
            self.image(f"set/{name}")
        self.image("set/dog/7.ppm")
        os.rename(self.folder / "set/dog/7.ppm", self.folder / "set/dog/7.pgm")
        for name in ("dog/Thumbs.db", "dog/labels.csv", "cat/notes.txt", "notes.txt"):
            self.write(f"set/{name}", "no image")
        with contextlib.redirect_stderr(io.StringIO()) as told:
            dataset = data.read(str(self.folder / "set"), 8)
        self.assertEqual([os.path.basename(path) for path in dataset.files],
                         ["1.webp", "2.PNG", "4.jpg", "7.pgm"])
        self.assertEqual(dataset.classes, ["cat", "dog"])
        self.assertIn("set: 2 files left out: what can be read ends in .png", told.getvalue())

    def test_pixels_have_a_limit(self):
        self.image("set/cat/1.png")
        self.image("set/dog/1.png")
        with mock.patch("training.data.MAX_PIXELS", 63):
            self.assert_refused(["cat/1.png", "8x8 pixels are too many"], data.read,
                                str(self.folder / "set"), 8)

    def read_pair(self, path, size=8):
        """The pixels of one image, read as a data set."""
        self.image("set/other/0.png", np.zeros((8, 8, 3), np.uint8))
        return data.read(str(self.folder / "set"), size).images[0]

    def test_kinds_of_images(self):
        rgb = RANDOM.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        alpha = np.dstack([rgb, RANDOM.integers(0, 256, (8, 8)).astype(np.uint8)])
        grey = rgb[..., 0]
        np.testing.assert_array_equal(self.read_pair(self.image("set/a/1.png", alpha)), rgb)
        np.testing.assert_array_equal(self.read_pair(self.image("set/a/1.png", grey)),
                                      np.dstack([grey] * 3))
        deep = (grey.astype(np.uint16) << 8) + 77
        np.testing.assert_array_equal(self.read_pair(self.image("set/a/1.png", deep)),
                                      np.dstack([grey] * 3))
        Image.fromarray(rgb).quantize(16).save(self.folder / "set/a/1.png")
        drawn = np.asarray(Image.open(self.folder / "set/a/1.png").convert("RGB"))
        np.testing.assert_array_equal(self.read_pair(None), drawn)

    def test_turned_photographs_are_put_upright(self):
        rgb = RANDOM.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned clockwise by a quarter
        self.image("set/a/1.png", rgb, exif=exif)
        np.testing.assert_array_equal(self.read_pair(None), np.rot90(rgb, -1))

    def test_small_first_image_does_not_shrink_the_others(self):
        big = RANDOM.integers(0, 256, (24, 24, 3)).astype(np.uint8)
        self.image("set/a/0.png")
        self.image("set/b/1.png", big)
        dataset = data.read(str(self.folder / "set"), 64)
        np.testing.assert_array_equal(dataset.images[1], big)

    def test_scaling_is_the_engines(self):
        for height, width, size in ((8, 8, 20), (37, 21, 16), (21, 50, 16), (16, 20, 16),
                                    (9, 7, 12)):
            pixels = RANDOM.integers(0, 256, (height, width, 3)).astype(np.uint8)
            for resize in ("crop", "stretch"):
                with self.subTest(height=height, width=width, size=size, resize=resize):
                    side = min(height, width)
                    rows_, columns = (side, side) if resize == "crop" else (height, width)
                    down = axis_weights((height - rows_) / 2, rows_, size, height)
                    across = axis_weights((width - columns) / 2, columns, size, width)
                    wanted = np.einsum("ih,hwc,jw->ijc", down, pixels.astype(float), across)
                    got = data.fit(pixels, size, resize).astype(np.float64)
                    self.assertLessEqual(np.abs(got - wanted).max(), 0.51)


class Split(TrainingTest):
    def test_the_same_every_time_disjoint_and_by_class(self):
        settings, dataset = self.configuration({"data.validation": "20"}), self.sample()
        training, held = data.split(dataset, settings)
        again, held_again = data.split(self.sample(), settings)
        self.assertEqual((training.files, held.files), (again.files, held_again.files))
        self.assertEqual(sorted(training.files + held.files), sorted(dataset.files))
        self.assertEqual(np.bincount(held.labels).tolist(), [2] * 10)
        for part in (training, held):
            for k, path in enumerate(part.files):
                self.assertIn(LABELS[part.labels[k]], path)
                np.testing.assert_array_equal(part.pixels(k), np.asarray(Image.open(path)))
        other = data.split(dataset, self.configuration({"data.validation": "20",
                                                        "train.seed": "2"}))[1]
        self.assertNotEqual(other.files, held.files)

    def test_fewer_images(self):
        settings = self.configuration({"data.images": "20"})
        training, held = data.split(self.sample(), settings)
        self.assertEqual((len(training), len(held)), (20, 10))
        self.assertEqual(np.bincount(training.labels).tolist(), [2] * 10)
        everything = self.configuration({"data.images": "1000", "data.validation": "0"})
        self.assertEqual([len(part) for part in data.split(self.sample(), everything)], [40, 0])

    def test_what_cannot_be_split(self):
        for changes, says in (({"data.validation": "40"}, ["validation = 40", "40 images in all"]),
                              ({"data.validation": "35"}, ["leaves no image of"]),
                              ({"data.images": "4"}, ["images = 4", "leaves no image of"])):
            self.assert_refused(["tiny.ini", *says], data.split, self.sample(),
                                self.configuration(changes))

    def test_shares_are_exact(self):
        for total, sizes in ((10, [7, 1, 30]), (5000, [500] * 100), (3, [1, 1, 1, 1]), (0, [4, 4])):
            shares = data.spread(total, sizes)
            self.assertEqual(shares.sum(), total)
            self.assertTrue((shares <= sizes).all() and (shares >= 0).all())

    def test_validation_folder_of_links(self):
        _, held = data.split(self.sample(), self.configuration())
        folder = self.folder / "held"
        data.write_validation(held, str(folder))
        links = sorted(folder.rglob("*.jpg"))
        self.assertEqual(len(links), 10)
        self.assertEqual(sorted(os.path.realpath(link) for link in links),
                         sorted(os.path.realpath(path) for path in held.files))
        for link in links:
            self.assertTrue(link.is_symlink())
            self.assertEqual(link.parent.name, link.resolve().parent.name)
        self.assert_refused(["held: is not empty"], data.write_validation, held, str(folder))
        none = data.split(self.sample(), self.configuration({"data.validation": "0"}))[1]
        self.assert_refused(["validation = 0"], data.write_validation, none,
                            str(self.folder / "none"))


if __name__ == "__main__":
    unittest.main()
