# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configurations: what is wrong is told on one line; those that are shipped make their networks."""

import re
import unittest
from unittest import mock

from support import ROOT, TrainingTest, ini

from training import config, models

# (changes to a good configuration, what the one line must say)
WRONG = [
    ({"model.network": None}, ["[model] network", "missing"]),
    ({"model.size": None}, ["[model] size", "missing"]),
    ({"exits.after": None}, ["[exits] after", "missing"]),
    ({"train.epochs": None}, ["[train] epochs", "missing"]),
    ({"model.netwerk": "edge"}, ["[model] netwerk", "unknown key", "network"]),
    ({"model.Size": "32"}, ["[model] Size", "unknown key"]),
    ({"trian.epochs": "3"}, ["[trian]", "unknown section", "train"]),
    ({"DEFAULT.epochs": "3"}, ["[DEFAULT]", "unknown section"]),
    ({"model.network": "lenet"}, ["[model] network = lenet", "vggsmall"]),
    ({"model.size": "big"}, ["[model] size = big", "whole number"]),
    ({"model.size": "4"}, ["[model] size = 4", "from 8 to 1024"]),
    ({"model.size": "32.5"}, ["[model] size = 32.5", "whole number"]),
    ({"model.channels": "8, 8"}, ["[model] channels", "2 numbers", "must be 3"]),
    ({"model.channels": "8, x, 8"}, ["[model] channels = 8, x, 8", "whole number"]),
    ({"model.channels": "8, 7, 8"}, ["[model] channels = 8, 7, 8", "from 8"]),
    ({"model.strides": "2, 3"}, ["[model] strides = 2, 3", "from 1 to 2"]),
    ({"model.dropout": "1"}, ["[model] dropout = 1", "0.99"]),
    ({"model.freeze": "heads"}, ["[model] freeze = heads", "backbone"]),
    ({"model.freeze": "backbone"}, ["[model] freeze = backbone", "init"]),
    ({"exits.after": ""}, ["[exits] after", "empty"]),
    ({"exits.after": "stem,, block0"}, ["[exits] after", "comma"]),
    ({"exits.after": "stem, block7"}, ["[exits] after", "no block block7", "block0"]),
    ({"exits.after": "stem, block1"}, ["[exits] after", "block1 is the last block"]),
    ({"exits.after": "block0, stem"}, ["[exits] after", "in the order of the network"]),
    ({"exits.after": "stem, stem"}, ["[exits] after", "once"]),
    ({"exits.after": "stem,\n block0"}, ["[exits] after", "one line"]),
    ({"exits.pool": "4, 2, 2"}, ["[exits] pool", "2 exits"]),
    ({"exits.pool": "3"}, ["[exits] pool = 3", "stem", "32x32"]),
    ({"exits.pool": ""}, ["[exits] pool", "2 exits"]),
    ({"exits.add": "perhaps"}, ["[exits] add = perhaps", "yes or no"]),
    ({"exits.objective": "best"}, ["[exits] objective = best", "exclusion"]),
    ({"exits.weights": "1, 2, 3"}, ["[exits] weights", "2 exits"]),
    ({"exits.weights": "-1"}, ["[exits] weights = -1", "0 or more"]),
    ({"exits.weights": "nan"}, ["[exits] weights = nan"]),
    ({"exits.positive-weight": "inf"}, ["[exits] positive-weight = inf"]),
    ({"exits.distill": "1.5"}, ["[exits] distill = 1.5", "from 0 to 1"]),
    ({"exits.strategy": "guess"}, ["[exits] strategy = guess", "entropy"]),
    ({"exits.score": "logit"}, ["[exits] score = logit", "softmax"]),
    ({"data.validation": "-1"}, ["[data] validation = -1"]),
    ({"data.images": "none"}, ["[data] images = none", "whole number"]),
    ({"data.cutout": "32"}, ["[data] cutout = 32", "[model] size = 32"]),
    ({"data.mean": "0.5, 0.5", "data.std": "1, 1, 1"}, ["[data] mean", "three"]),
    ({"data.mean": "0.5, 0.5, 0.5"}, ["[data] mean and std"]),
    ({"data.mean": "0, 0, 0", "data.std": "1, 0, 1"}, ["[data] std"]),
    ({"train.epochs": "0"}, ["[train] epochs = 0", "1"]),
    ({"train.batch": "1"}, ["[train] batch = 1"]),
    ({"train.learning-rate": "0"}, ["[train] learning-rate = 0"]),
    ({"train.schedule": "cos"}, ["[train] schedule = cos", "cosine"]),
    ({"train.schedule": "step", "train.steps": "0.5, 2"}, ["[train] steps = 0.5, 2"]),
    ({"train.momentum": "1"}, ["[train] momentum = 1"]),
    ({"train.precision": "fp16"}, ["[train] precision = fp16", "bf16"]),
    ({"train.small-sizes": "24"}, ["[train] small-sizes = 24", "24:10"]),
    ({"train.small-sizes": "24:x"}, ["[train] small-sizes = 24:x"]),
    ({"train.small-sizes": "40:1"}, ["[train] small-sizes", "[model] size = 32"]),
    ({"train.small-sizes": "16:1, 24:2"}, ["[train] small-sizes", "3 epochs"]),
    ({"export.weights": "int8"}, ["[export] weights = int8", "float16"]),
    ({"export.resize": "letterbox"}, ["[export] resize = letterbox", "crop"]),
    # keys without an effect
    ({"model.network": "resnet50", "model.strides": None}, ["[model] channels", "remove"]),
    ({"model.network": "vggsmall", "model.channels": None}, ["[model] strides", "remove"]),
    ({"model.network": "vggsmall", "model.strides": None, "model.stem": "3x3"},
     ["[model] stem", "remove"]),
    ({"exits.objective": "confidence", "exits.positive-weight": "4"},
     ["[exits] positive-weight", "remove"]),
    ({"exits.temperature": "4"}, ["[exits] temperature", "distill"]),
    ({"train.steps": "0.5"}, ["[train] steps", "schedule = step"]),
]
# Sizes that a network cannot work with.
SIZES = [
    ("alexnet", "32", "conv0, conv1", "1", ["[model] size = 32", "too small", "alexnet"]),
    ("alexnet", "256", "conv0, conv1", "1", ["[model] size = 256", "7x7", "6x6"]),
    ("vggsmall", "28", "conv0_0", "1", ["[model] size = 28", "3x3", "2x2"]),
]
CLASSES = ["cat", "dog", "ship", "a:b"]
GROUPS = [
    ("animal", ["'animal'", "name: class"]),
    ("animal:", ["'animal:'"]),
    (": cat", ["': cat'"]),
    ("animal: cat, mouse", ["'mouse'", "ship"]),
    ("animal: cat, 4", ["'4'"]),
    ("animal: cat; pet: dog, cat", ["cat", "twice"]),
    ("animal: cat; pet: 0", ["0", "twice"]),
]


class Wrong(TrainingTest):
    def make(self, text):
        path = self.write("wrong.ini", text)
        models.build(config.read(str(path)), 10)

    def test_each_mistake_is_told_on_one_line(self):
        for changes, says in WRONG:
            with self.subTest(changes):
                self.assert_refused(["wrong.ini: ", *says], self.make, ini(changes))

    def test_sizes(self):
        for network, size, after, pool, says in SIZES:
            with self.subTest(network=network, size=size):
                changes = {"model.network": network, "model.size": size, "exits.after": after,
                           "exits.pool": pool, "model.channels": None, "model.strides": None}
                self.assert_refused(["wrong.ini: ", *says], self.make, ini(changes))

    def test_text_that_is_no_configuration(self):
        good = ini()
        for text, says in (("", ["[model] network is missing"]),
                           ("size = 32\n" + good, ["wrong.ini", "no section headers"]),
                           (good + "[model]\nsize = 32\n",
                            ["wrong.ini", "model", "already exists"]),
                           (good.replace("size = 32", "size = 32\nsize = 24"),
                            ["wrong.ini", "size", "already exists"]),
                           (good + "just words\n", ["wrong.ini", "just words"]),
                           (b"\xff\xfe\x00", ["wrong.ini", "not a text file"])):
            with self.subTest(text[-30:]):
                self.assert_refused(says, self.make, text)

    def test_no_file(self):
        self.assert_refused(["none.ini", "No such file"],
                            config.read, str(self.folder / "none.ini"))

    def test_groups(self):
        for groups, says in GROUPS:
            with self.subTest(groups):
                self.assert_refused(["tiny.ini: [export] groups", *says], config.check_groups,
                                    self.configuration({"export.groups": groups}), CLASSES)
        for groups in ("", "animal: cat, dog; vehicle: ship", "x: 3, cat;"):
            config.check_groups(self.configuration({"export.groups": groups}), CLASSES)


class Right(TrainingTest):
    def test_values(self):
        settings = self.configuration({"train.small-sizes": "16:1, 24:1", "data.flip": "no",
                                       "deploy.threads": "2", "tune.method": "greedy"})
        self.assertEqual(settings.model.channels, [8, 8, 16])
        self.assertEqual(settings.exits.after, ["stem", "block0"])
        self.assertEqual(settings.train.small_sizes, [(16, 1), (24, 1)])
        self.assertIs(settings.data.flip, False)
        self.assertEqual(settings.exits.positive_weight, "paper")

    def test_shipped_configurations_make_their_networks(self):
        paths = sorted((ROOT / "configs").glob("*.ini"))
        self.assertTrue(paths)
        for path in paths:
            with self.subTest(path.name):
                settings = config.read(str(path))
                classes = int(re.search(r"\d+$", path.stem.split("-")[1])[0])
                with mock.patch("torch.nn.init.kaiming_uniform_"):  # random numbers take time
                    model = models.build(settings, classes)
                self.assertEqual(list(model.heads), settings.exits.after)
                self.assertEqual(model.heads[settings.exits.after[0]].fc.out_features, classes)
                self.assertTrue(path.read_text().startswith("# "))

    def test_readme_tells_every_key(self):
        text = (ROOT / "training" / "README.md").read_text()
        rows = re.findall(r"^\| `\[(\w+)\]` \| `([\w-]+)` \| .+ \| (.+) \|$", text, re.M)
        there = {(section, key): default for section, key, default in rows}
        self.assertEqual(len(rows), len(there))
        wanted = {(section, key): default for section, keys in config.KEYS.items()
                  for key, (_, default) in keys.items()}
        self.assertEqual(sorted(there), sorted(wanted))
        for place, default in wanted.items():
            with self.subTest(place):
                parse = config.KEYS[place[0]][place[1]][0]
                if default is config.REQUIRED:
                    self.assertEqual(there[place], "must be given")
                elif default in ("", []):
                    self.assertNotIn("`", there[place])
                else:
                    self.assertEqual(parse(there[place].strip("`")), default)


if __name__ == "__main__":
    unittest.main()
