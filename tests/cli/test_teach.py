# SPDX-License-Identifier: LGPL-2.1-or-later
"""`winnow teach`: what it takes for photos and classes, and that what it writes is a model of them.
How well it learns is measured elsewhere (tests/results/teach.py); these photos are easy.
"""
import json
import os
import pathlib
import random
import shutil
import struct
import unittest

from support import ROOT, CliTest, on_terminal, png_bytes, winnow

BACKBONE = "mcunet-in4"
SIDES = 48, 36
KEYS = ["images", "classes", "accuracy", "accuracy-low", "accuracy-high", "accuracy-full",
        "mac-reduction", "macs-mean", "macs-full", "rejected", "max-rejected", "confusion",
        "doubtful", "taps", "resize", "group-by", "seconds", "model"]


def stripes(chance):
    """Black and white, upright."""
    width, phase = chance.randrange(4, 8), chance.randrange(16)
    return lambda x, y: [255 * ((x + phase) // width % 2)] * 3


def meadow(chance):
    """Green, of some brightness."""
    base = chance.randrange(90, 180)
    return lambda x, y: [40, base + chance.randrange(40), 50]


def dots(chance):
    """Red on yellow."""
    step, shift = chance.randrange(9, 14), chance.randrange(9)
    return lambda x, y: [230, 30 if (x + shift) % step < 5 and y % step < 5 else 220, 30]


KINDS = {"dots": dots, "meadow": meadow, "stripes": stripes}


def photo(kind, number):
    """The bytes of a PPM file, another one for each number."""
    width, height = SIDES
    chance = random.Random(f"{kind}{number}")
    pixel = KINDS[kind](chance)
    return b"P6 %d %d 255\n" % SIDES + bytes(
        max(0, value - chance.randrange(8))
        for y in range(height) for x in range(width) for value in pixel(x, y))


def exif(seconds):
    """A TIFF block with DateTimeOriginal in its directory."""
    taken = b"2026:11:29 08:%02d:%02d\0" % divmod(seconds, 60)
    return (b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 4, 1, 26, 0) +
            struct.pack(">HHHIII", 1, 0x9003, 2, len(taken), 44, 0) + taken)


class TeachTest(CliTest):
    def setUp(self):
        super().setUp()
        self.photos = self.folder / "photos"
        self.out = self.folder / "out.onnx"

    def draw(self, *kinds, count=6, name="photo_{:04}.ppm", label=None):
        """Photos of these kinds in the folders that are called so, or all in `label`."""
        for kind in kinds:
            folder = self.photos / (label or kind)
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                (folder / name.format(number)).write_bytes(photo(kind, number))

    def line(self, *options, backbone=BACKBONE, photos=None):
        return ("teach", backbone, photos or self.photos, "-o", self.out, *options)

    def teach(self, *options, says=()):
        """The report and the lines on stderr, which must hold `says`, in their order."""
        done = winnow(*self.line("--resize", "stretch", *options))
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stderr.splitlines()
        few = [line for line in lines if "few photos" in line]
        self.assertEqual(len(few), 1, done.stderr)
        lines.remove(few[0])
        self.assertEqual(len(lines), len(says), done.stderr)
        for line, words in zip(lines, says):
            for word in words if isinstance(words, tuple) else [words]:
                self.assertIn(str(word), line)
        return done.stdout

    def report(self, *options, says=()):
        return json.loads(self.teach("--json", *options, says=says))

    def refuse(self, *says, status=1, options=(), **line):
        self.expect_failure(status, *self.line(*options, **line), says=says)
        self.assertFalse(self.out.exists())


class Teach(TeachTest):
    def test_a_model(self):
        self.draw("stripes", "meadow", count=8)
        self.draw("dots", count=6)
        found = self.report()
        self.assertEqual(list(found), KEYS)
        self.assertEqual(found["images"], 22)
        self.assertEqual(found["classes"], [{"label": "dots", "images": 6},
                                            {"label": "meadow", "images": 8},
                                            {"label": "stripes", "images": 8}])
        self.assertEqual([sum(row) for row in found["confusion"]], [6, 8, 8])
        self.assertEqual({len(row) for row in found["confusion"]}, {4})
        self.assertGreater(found["accuracy"], 0.8)
        self.assertLessEqual(found["accuracy-low"], found["accuracy"])
        self.assertLessEqual(found["accuracy"], found["accuracy-high"])
        self.assertLess(found["accuracy-low"], 0.99)
        self.assertEqual((found["resize"], found["group-by"]), ("stretch", "time"))
        self.assertEqual(found["model"], str(self.out))
        self.assertEqual(sum(tap["images"] for tap in found["taps"]), 22)
        self.assertIsNone(found["taps"][-1]["threshold"])
        for doubt in found["doubtful"]:
            self.assertEqual(pathlib.Path(doubt["image"]).parent.name, doubt["label"])
        self.assertAlmostEqual(found["mac-reduction"],
                               1 - found["macs-mean"] / found["macs-full"], 6)

        (model,) = self.succeed_json("inspect", self.out)
        self.assertEqual(model["labels"], ["dots", "meadow", "stripes"])
        self.assertEqual(len(model["stages"]), len(found["taps"]))
        self.assertEqual(model["inputs"][0]["resize"], "stretch")
        (measured,) = self.succeed_json("eval", self.out, self.photos)
        self.assertEqual((measured["images"], measured["strategy"]), (22, "class-exclusion"))
        self.assertGreater(measured["accuracy"], 0.9)
        self.assertEqual(measured["macs-full"], found["macs-full"])

    def test_text(self):
        self.draw("stripes", "meadow")
        text = self.teach()
        self.assertRegex(text, r"out.onnx: 2 classes from 12 photos in [0-9.]+ s\n")
        self.assertRegex(text, r"accuracy +[0-9.]+ %, between [0-9.]+ % and [0-9.]+ % on new")
        self.assertRegex(text, r"cross-validation in blocks of time\n")
        self.assertRegex(text, r"MACs +[0-9.]+ M a photo of [0-9.]+ M, [0-9.]+ % saved")
        self.assertRegex(text, r"nothing +[0-9.]+ % of known photos, [0-9.]+ % promised at most: "
                               r"so few photos allow no less\n")
        self.assertRegex(text, r"\ntap +MACs +threshold +photos +share\n")
        self.assertRegex(text, r"\nclass +meadow +stripes +nothing  <- answer\nmeadow +\d+ +\d+ +")
        self.assertNotIn("least sure", text)  # of these it is sure
        self.assertIn("at random", self.teach("--group-by", "none", "--max-rejected", "0"))
        self.assertIn("there are no floors", self.teach("--max-rejected", "0"))

    def test_a_photo_in_the_wrong_folder(self):
        self.draw("stripes", "meadow", count=8)
        wrong = self.photos / "meadow" / "photo_0044.ppm"
        wrong.write_bytes(photo("stripes", 44))
        doubtful = self.report("--group-by", "none", "--max-rejected", "0")["doubtful"]
        (found,) = [doubt for doubt in doubtful if doubt["image"] == str(wrong)]
        self.assertEqual((found["label"], found["answer"]), ("meadow", "stripes"))
        text = self.teach("--group-by", "none", "--max-rejected", "0")
        self.assertRegex(text, r"may be wrongly sorted: photo, class, answer\n(?s:.*)"
                               r"photo_0044.ppm +meadow +stripes +[0-9.]+ %\n")

    def test_many_classes(self):
        for number in range(13):
            self.draw("meadow", label=f"class {number}", name=f"{number}-{{}}.ppm", count=5)
        says = [("the same file in two classes", "class 0")] * 10 + ["more files"]
        text = self.teach("--max-rejected", "0", says=says)
        self.assertRegex(text, r"\nanswered wrongly\n +\d+ of class \d+ with class \d+\n")

    def test_same_photos_and_seed_same_file(self):
        self.draw("stripes", "meadow", "dots")
        self.teach()
        first = self.out.read_bytes()
        self.teach("--threads", "1")
        self.assertEqual(self.out.read_bytes(), first)
        self.teach("--seed", "4294967295")

    def test_background(self):
        """Is nothing, and right when it is called so."""
        self.draw("stripes", "meadow", count=8)
        self.draw("dots", label="background", count=8)
        found = self.report()
        self.assertEqual([c["label"] for c in found["classes"]],
                         ["background", "meadow", "stripes"])
        answers = self.succeed_json("classify", self.out,
                                    *sorted((self.photos / "background").iterdir()))
        self.assertGreaterEqual(len([a for a in answers if a["class-index"] == -1]), 6)
        (measured,) = self.succeed_json("eval", self.out, self.photos)
        self.assertGreater(measured["accuracy"], 0.9)

    def test_resize(self):
        self.draw("stripes", "meadow", count=5)
        for resize in ("crop", "letterbox"):
            self.assertEqual(self.report("--resize", resize)["resize"], resize)
        self.assertIn(self.report("--resize", "auto")["resize"], ("crop", "letterbox", "stretch"))

    def test_progress(self):
        self.draw("stripes", "meadow")
        (self.photos / "meadow" / "bad.jpg").write_text("no picture")
        status, printed, drawn = on_terminal(*self.line("--json"))
        self.assertEqual(status, 0, drawn)
        self.assertTrue(printed.startswith(b"{"))
        self.assertRegex(drawn, rb"/13 images, ")
        self.assertIn(b"learning, ", drawn)
        self.assertRegex(drawn, rb"\x1b\[Kwinnow: [^\r\n]*bad.jpg: [^\r\n]*\r\n")


class Order(TeachTest):
    """By what photos are held back."""

    def group_by(self, *options, name="photo_{:04}.ppm", folder="photos"):
        self.photos = self.folder / folder
        self.draw("stripes", "meadow", name=name)
        return self.report(*options)["group-by"]

    def test_names(self):
        for n, name in enumerate(("photo_{:04}.ppm", "frame-{:06}400ms.ppm",
                                  "20261129T0815{:02}.ppm", "IMG_20240101_1200{:02}.ppm")):
            self.assertEqual(self.group_by(name=name, folder=f"time{n}"), "time")
        for n, name in enumerate(("4bdb561770b5{}424.ppm", "{}c-0e29b-41d4a716.ppm")):
            self.assertEqual(self.group_by(name=name, folder=f"hash{n}"), "none", name)
        self.assertEqual(self.group_by("--group-by", "none"), "none")

    def test_exif(self):
        width, height = 24, 18
        for kind, shade in (("dark", 30), ("light", 220)):
            (self.photos / kind).mkdir(parents=True)
            for number in range(6):
                row = bytes([shade + 5 * number] * width)
                for name, chunks in (("plain", []), ("timed", [(b"eXIf", exif(40 * number))])):
                    folder = self.folder / name / kind
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / f"{'abcdef'[number]}.png").write_bytes(
                        png_bytes(width, height, [row] * height, 0, chunks=chunks))
        for name, used in (("plain", "none"), ("timed", "time")):
            self.photos = self.folder / name
            self.assertEqual(self.report()["group-by"], used)

    def test_groups_of_names(self):
        self.draw("stripes", "meadow")
        self.refuse("photos/meadow: with --group-by name", options=("--group-by", "name"))
        for kind in ("stripes", "meadow"):
            for number, path in enumerate(sorted((self.photos / kind).iterdir())):
                path.rename(path.with_name(f"walk{number // 2}_{number:03}.ppm"))
        self.assertEqual(self.report("--group-by", "name")["group-by"], "name")
        self.assertIn("in groups of names", self.teach("--group-by", "name"))


class Photos(TeachTest):
    """What is in the folder."""

    def test_what_is_left_out(self):
        self.draw("stripes", "meadow")
        self.draw("dots", label="unsorted")
        self.draw("dots", label=".trash")
        self.draw("dots", label="meadow", name=".hidden{}.ppm")
        (self.photos / "notes.txt").write_text("no class")
        (self.photos / "meadow" / "notes.txt").write_text("no photo")
        os.mkfifo(self.photos / "meadow" / "pipe.jpg")
        done = winnow(*self.line("--json"))
        said = sorted(done.stderr.splitlines())
        self.assertEqual(done.returncode, 0, said)
        self.assertEqual(len(said), 5, said)
        self.assertIn(f"{self.photos}/.trash: begins with a dot; left out", said[0])
        self.assertIn(f"{self.photos}/meadow/pipe.jpg: is no file", said[1])
        self.assertIn(f"{self.photos}/unsorted: waits to be sorted", said[2])
        self.assertIn(f"{self.photos}: 1 file left out", said[3])
        self.assertIn('"images":12', done.stdout)

    def test_eval_leaves_out_what_is_unsorted(self):
        self.draw("stripes", "meadow")
        self.draw("dots", label="unsorted", count=1)
        self.report(says=[("unsorted", "left out")])
        done = winnow("eval", self.out, self.photos)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("unsorted: waits to be sorted", done.stderr)

    def test_anywhere_in_a_folder(self):
        self.draw("stripes", "meadow")
        self.draw("dots", label="meadow/of/poppies", count=2)
        self.assertEqual(self.report()["images"], 14)

    def test_broken_photos(self):
        self.draw("stripes", "meadow")
        (self.photos / "meadow" / "a.jpg").write_bytes(b"")
        (self.photos / "stripes" / "z.jpg").write_bytes(photo("stripes", 0)[:900])
        found = self.report(says=[("meadow/a.jpg", "empty"), ("stripes/z.jpg", "damaged")])
        self.assertEqual(found["images"], 12)

    def test_too_few_are_left(self):
        self.draw("stripes", "meadow", count=5)
        bad = self.photos / "meadow" / "photo_0002.ppm"
        bad.write_bytes(b"no picture")
        done = winnow(*self.line())
        self.assertEqual(done.returncode, 1)
        self.assertIn("photo_0002.ppm", done.stderr.splitlines()[-2])
        self.assertRegex(done.stderr.splitlines()[-1], "photos/meadow: 4 photos could be read")
        self.assertFalse(self.out.exists())

    def test_twins(self):
        self.draw("stripes", "meadow")
        shutil.copy(self.photos / "meadow/photo_0003.ppm", self.photos / "meadow/copy.ppm")
        shutil.copy(self.photos / "meadow/photo_0004.ppm", self.photos / "stripes/wrong.ppm")
        found = self.report(says=[
            ("meadow/photo_0003.ppm: the same file as", "meadow/copy.ppm", "counted once"),
            ("meadow/photo_0004.ppm and", "stripes/wrong.ppm: the same file in two classes")])
        self.assertEqual(found["images"], 13)

    def test_output_among_the_photos(self):
        self.draw("stripes", "meadow")
        self.out = self.photos / "meadow" / "model.onnx"
        self.report()
        found = self.report(says=[("photos: 1 file left out",)])
        self.assertEqual(found["images"], 12)


class Errors(TeachTest):
    def test_photos(self):
        self.refuse("none", photos=self.folder / "none")
        self.photos.mkdir()
        self.refuse("photos: no class in it")
        self.draw("stripes")
        self.refuse("photos: one class alone, 'stripes'")
        self.draw("meadow", count=4)
        self.refuse("photos/meadow: 4 photos; every class needs at least 5")
        for path in self.photos.rglob("*.ppm"):
            path.unlink()
        self.refuse("photos: no pictures in its folders")
        self.refuse("is no", photos=self.file("photo.jpg", b""))

    def refuse(self, *says, **line):
        if line.get("photos") and line["photos"].is_file():
            says = (line["photos"],)
        super().refuse(*says, **line)

    def test_too_many_classes(self):
        for number in range(1001):
            (self.photos / str(number)).mkdir(parents=True)
        self.refuse("1001 classes are too many; the limit is 1000")

    def test_names_that_are_no_labels(self):
        self.draw("stripes", "meadow")
        for name in (b"two\nlines", b"not \xff UTF-8", b"  ", b"[1]", b"{", b"\xef\xbb\xbfmark",
                     b"nothing", b"unknown"):
            folder = os.path.join(os.fsencode(self.photos), name)
            os.mkdir(folder)
            self.refuse("cannot be a label")
            os.rmdir(folder)

    def test_backbone(self):
        self.draw("stripes", "meadow", count=5)
        self.refuse("none: no such model", backbone="none")
        self.refuse("empty.onnx", backbone=self.file("empty.onnx", b""))
        self.refuse("everyday", backbone="everyday")
        taps = b"\n\x0bwinnow.taps\x12\x02t4"  # a key and its value: metadata of the file
        one = (ROOT / "models/person.onnx").read_bytes() + b"r" + bytes([len(taps)]) + taps
        self.refuse("winnow.taps: needs two tensors", backbone=self.file("one.onnx", one))
        own = self.folder / "own.onnx"
        shutil.copy(ROOT / "models" / f"{BACKBONE}.onnx", own)
        before = own.read_bytes()
        done = winnow("teach", own, self.photos, "-o", own)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is the backbone", done.stderr)
        self.assertEqual(own.read_bytes(), before)

    def test_output(self):
        self.draw("stripes", "meadow", count=5)
        for out in (self.folder / "none" / "out.onnx", "/proc/out.onnx", self.folder, "/dev/full"):
            with self.subTest(out=out):
                done = winnow("teach", BACKBONE, self.photos, "-o", out)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(str(out), done.stderr.splitlines()[-1])
                found_out_before = out in (self.folder, self.folder / "none" / "out.onnx")
                self.assertEqual(len(done.stderr.splitlines()), 1 if found_out_before else 2)

    def test_usage(self):
        self.draw("stripes", "meadow", count=5)
        for options, word in ((("--resize", "fit"), "fit"), (("--group-by", "class"), "group-by"),
                              (("--max-rejected", "1"), "max-rejected"),
                              (("--max-rejected", "-0.1"), "max-rejected"),
                              (("--max-rejected", "nan"), "max-rejected"),
                              (("--seed", "-1"), "seed"), (("--seed", "4294967296"), "seed"),
                              (("--threads", "-2"), "threads"), (("--labels", "x"), "labels"),
                              (("more",), "more")):
            with self.subTest(options=options):
                self.refuse(word, status=2, options=options)
        self.expect_failure(2, "teach", BACKBONE, self.photos, says="-o OUT.onnx is missing")
        self.expect_failure(2, "teach", BACKBONE, says="BACKBONE PHOTOS")


if __name__ == "__main__":
    unittest.main()
