# SPDX-License-Identifier: LGPL-2.1-or-later
"""The models that are shipped: what they are made of, and what they say of real photos."""
import random
import unittest

from support import ROOT, CliTest, npy

MODELS = ROOT / "models"
EVERYDAY = MODELS / "everyday.onnx"
PHOTOS = ROOT / "tests" / "data" / "photos"
GROUPS = MODELS / "groups.txt"


def photos():
    """[(label, path)]"""
    return [(folder.name, path) for folder in sorted(PHOTOS.iterdir())
            for path in sorted(folder.iterdir())]


def wall(side=120):
    """A grey wall in even light, as PPM."""
    grain = random.Random(1)
    pixels = bytearray()
    for _ in range(side * side):
        level = 180 + grain.randrange(-3, 4)
        pixels += bytes((level, level - 3, level - 9))
    return b"P6 %d %d 255\n" % (side, side) + bytes(pixels)


class Shipped(CliTest):
    def tensor(self, name, shape):
        count = 1
        for size in shape:
            count *= size
        values = random.Random(name)
        return self.file(f"{name}.npy", npy(shape, [values.uniform(-1, 1) for _ in range(count)]))

    def run_model(self, model, *inputs):
        out = self.folder / f"{model.stem}.out"
        given = [argument for text in inputs for argument in ("--input", text)]
        self.succeed("run", model, *given, "--output-dir", out)
        return {path.stem: path.read_bytes() for path in out.iterdir()}

    def test_a_cascade_computes_what_its_networks_do(self):
        """In int8, bit for bit."""
        model, = self.succeed_json("inspect", EVERYDAY)
        inputs = {network["name"]: network["shape"] for network in model["inputs"]}
        self.assertEqual(list(inputs), ["mcunet-in4", "efficientnet-lite0", "efficientnet-lite2"])
        tensors = {name: self.tensor(name, shape) for name, shape in inputs.items()}
        joined = self.run_model(EVERYDAY, *(f"{name}={path}" for name, path in tensors.items()))
        for name in ("mcunet-in4", "efficientnet-lite0"):
            alone, = self.run_model(MODELS / f"{name}.onnx", tensors[name]).values()
            self.assertEqual(joined[f"{name}_logits"], alone, name)

    def test_every_class_is_in_one_group(self):
        groups = [line.rstrip(";").split(": ", 1) for line in GROUPS.read_text().splitlines()]
        members = [label for _, labels in groups for label in labels.split(", ")]
        model, = self.succeed_json("inspect", EVERYDAY)
        self.assertEqual(sorted(members), sorted(model["labels"]))
        shown = self.succeed("inspect", EVERYDAY)
        self.assertIn("groups      " + ", ".join(name for name, _ in groups), shown)
        self.assertIn("990 more (--all-labels)", shown)
        self.assertIn("toilet tissue", self.succeed("inspect", EVERYDAY, "--all-labels"))

    def test_photos(self):
        given = photos()
        results = self.succeed_json("classify", EVERYDAY, *(path for _, path in given))
        right = sum(result["label"] == label for result, (label, _) in zip(results, given))
        self.assertGreaterEqual(right, len(given) - 2)
        saved = 1 - sum(r["macs"] for r in results) / sum(r["macs-full"] for r in results)
        self.assertGreater(saved, 0.3)

    def test_a_question(self):
        """Birds are watched; of the others most are ruled out by the first network."""
        given = photos()
        results = self.succeed_json("classify", EVERYDAY, "--watch", "bird",
                                    *(path for _, path in given))
        birds = {"hummingbird", "albatross"}
        for result, (label, _) in zip(results, given):
            self.assertEqual(result["watched"], int(label in birds), label)
        others = [r for r, (label, _) in zip(results, given) if label not in birds]
        self.assertGreater(sum(r["exit-stage"] == 0 for r in others), len(others) / 2)

    def test_a_wall_is_nothing(self):
        result, = self.succeed_json("classify", EVERYDAY, self.file("wall.ppm", wall()))
        self.assertEqual((result["stop-reason"], result["class-index"], result["label"]),
                         ("nothing", -1, None))

    def test_person_answers_a_watch(self):
        """Nobody is on the photos."""
        results = self.succeed_json("classify", MODELS / "person.onnx", "--watch", "person",
                                    *(path for _, path in photos()))
        self.assertEqual({(r["label"], r["watched"]) for r in results}, {("no person", 0)})


if __name__ == "__main__":
    unittest.main()
