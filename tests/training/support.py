# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the training tests share: a tiny network, its data and its runs.

env SOURCE_ROOT: the project.  Skipped (77) where a Python package that training needs is missing.
"""

import contextlib
import io
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of networks this small, threads only slow the work
ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
SAMPLE = ROOT / "tests" / "data" / "cifar10-sample"
LABELS = "airplane automobile bird cat deer dog frog horse ship truck".split()
sys.path.insert(0, str(ROOT))

try:
    import matplotlib  # noqa: F401
    import numpy as np
    import onnx  # noqa: F401
    import PIL  # noqa: F401
    import torch
    import tqdm  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing}; on Debian install python3-torch, python3-onnx, python3-pil, "
          "python3-tqdm and python3-matplotlib to run this test")
    sys.exit(77)

from training import config, data, train  # noqa: E402
from training.run import Run  # noqa: E402

torch.set_num_threads(1)

# A network that an epoch of the sample passes through in a moment.
TINY = {
    "model": {"network": "edge", "size": "32", "channels": "8, 8, 16", "strides": "2, 2"},
    "exits": {"after": "stem, block0", "pool": "4, 2", "add": "yes"},
    "data": {"validation": "10"},
    "train": {"epochs": "2", "batch": "10", "average": "0.9", "precision": "fp32", "threads": "1"},
}


def ini(changes=None):
    """The text of TINY with `changes`, {"section.key": value}; None takes a key out."""
    sections = {name: dict(keys) for name, keys in TINY.items()}
    for place, value in (changes or {}).items():
        section, key = place.split(".")
        sections.setdefault(section, {})[key] = value
        if value is None:
            del sections[section][key]
    return "".join(f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
                   for name, keys in sections.items())


class TrainingTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="winnow-training-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def configuration(self, changes=None, name="tiny.ini"):
        return config.read(str(self.write(name, ini(changes))))

    def sample(self):
        return data.read(str(SAMPLE), 32)

    def trained(self, settings, name="run", resumed=None, dataset=None):
        """The folder of a run of `settings`, as a Run."""
        run = Run(str(self.folder / name))
        with contextlib.redirect_stdout(io.StringIO()):
            train.train(settings, dataset or self.sample(), run, resumed, show=False)
        return run

    def assert_refused(self, says, call, *arguments):
        """`call` raises a ConfigError of one line that holds every text of `says`."""
        with self.assertRaises(config.ConfigError) as caught:
            call(*arguments)
        text = str(caught.exception)
        self.assertNotIn("\n", text)
        for word in says:
            self.assertIn(word, text)

    def assert_same_tensors(self, one, other):
        """Two dicts of tensors are equal bit by bit."""
        self.assertEqual(one.keys(), other.keys())
        for key, value in one.items():
            self.assertTrue(torch.equal(value, other[key]), key)

    def assert_close(self, one, other, tolerance):
        """Numbers differ by at most `tolerance` of the largest."""
        one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
        self.assertEqual(one.shape, other.shape)
        self.assertLessEqual(np.abs(one - other).max(), tolerance * np.abs(other).max())
