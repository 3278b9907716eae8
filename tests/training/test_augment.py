# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is done to images before the network sees them, against plain NumPy."""

import sys
import types
import unittest
from unittest import mock

import numpy as np
import torch
from support import ROOT, TrainingTest

from training import augment

sys.path.insert(0, str(ROOT / "tests" / "oracle"))
from preprocess_ref import axis_weights

RANDOM = np.random.default_rng(5)
MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]


def images(n, size):
    return torch.from_numpy(RANDOM.integers(0, 256, (n, size, size, 3)).astype(np.uint8))


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


class Augment(TrainingTest):
    def moved(self, batch, translate, flip, offsets, mirrored):
        """shift_and_flip() with the random numbers given."""
        n = len(batch)
        drawn = torch.tensor(offsets).view(2, n, 1)
        chance = torch.where(torch.tensor(mirrored).view(n, 1), 0.0, 1.0)
        with mock.patch("torch.randint", return_value=drawn), \
             mock.patch("torch.rand", return_value=chance):
            settings = types.SimpleNamespace(translate=translate, flip=flip)
            return augment.shift_and_flip(batch, settings, generator()).numpy()

    def test_known_offsets_and_mirrors(self):
        batch = images(4, 6)
        rows, columns, mirrored = [0, 3, -2, 5], [0, -1, 4, -5], [False, True, True, False]
        got = self.moved(batch, 5, True, [rows, columns], mirrored)
        for k, image in enumerate(batch.numpy()):
            padded = np.pad(image, ((5, 5), (5, 5), (0, 0)), mode="reflect")
            wanted = padded[5 + rows[k]:11 + rows[k], 5 + columns[k]:11 + columns[k]]
            np.testing.assert_array_equal(got[k], wanted[:, ::-1] if mirrored[k] else wanted)

    def test_offsets_reach_translate_and_no_further(self):
        # the pixel in the middle tells where an image went
        batch = torch.zeros(600, 9, 9, 3, dtype=torch.uint8)
        batch[:, 4, 4] = 255
        for translate, flip in ((2, False), (0, False), (3, True)):
            settings = types.SimpleNamespace(translate=translate, flip=flip)
            moved = augment.shift_and_flip(batch, settings, generator())[..., 0].numpy()
            _, rows, columns = np.nonzero(moved)
            reach = list(range(4 - translate, 5 + translate))
            self.assertEqual(sorted(set(rows)), reach)
            self.assertEqual(sorted(set(columns)), reach)

    def test_half_of_the_images_are_mirrored(self):
        batch = images(1, 5).repeat(400, 1, 1, 1)
        for flip, low, high in ((True, 150, 250), (False, 0, 0)):
            settings = types.SimpleNamespace(translate=0, flip=flip)
            moved = augment.shift_and_flip(batch, settings, generator())
            mirrored = (moved == batch.flip(2)).flatten(1).all(1).sum()
            same = (moved == batch).flatten(1).all(1).sum()
            self.assertEqual(int(mirrored + same), 400)
            self.assertTrue(low <= mirrored <= high, mirrored)

    def test_translate_larger_than_the_image(self):
        settings = types.SimpleNamespace(translate=100, flip=True)
        batch = images(50, 3)
        self.assertEqual(augment.shift_and_flip(batch, settings, generator()).shape, batch.shape)

    def test_cut_squares(self):
        for size in (1, 3, 4):
            batch = torch.ones(500, 3, 8, 8)
            augment.cut(batch, size, generator())
            gone = (batch == 0).numpy()
            np.testing.assert_array_equal(gone[:, 0], gone[:, 2])
            areas = gone[:, 0].sum((1, 2))
            self.assertEqual(areas.max(), size * size)
            self.assertGreaterEqual(areas.min(), 1)
            self.assertTrue(gone[:, 0].any(0).all(), "every pixel is cut sometimes")
            for square in gone[:20, 0]:
                rows, columns = square.any(1).sum(), square.any(0).sum()
                self.assertEqual(square.sum(), rows * columns)
                self.assertLessEqual(max(rows, columns), size)

    def test_normalise(self):
        batch = images(3, 8)
        got = augment.Normalise(MEAN, STD, "cpu")(batch, 8)
        wanted = (batch.numpy() / 255 - MEAN) / STD
        self.assert_close(got.numpy(), wanted.transpose(0, 3, 1, 2), 1e-6)
        self.assertTrue(got.is_contiguous(memory_format=torch.channels_last))

    def test_enlarging_is_the_engines(self):
        batch = images(2, 32)
        got = augment.Normalise([0, 0, 0], [1 / 255] * 3, "cpu")(batch, 50).numpy()
        weights = axis_weights(0, 32, 50, 32)
        wanted = np.einsum("ih,nhwc,jw->ncij", weights, batch.numpy().astype(float), weights)
        self.assertLessEqual(np.abs(got - wanted).max(), 0.01)

    def test_shrinking_keeps_the_mean(self):
        got = augment.Normalise(MEAN, STD, "cpu")(torch.full((1, 32, 32, 3), 99).byte(), 24)
        wanted = (99 / 255 - np.array(MEAN)) / STD
        self.assert_close(got.numpy()[0].mean((1, 2)), wanted, 1e-5)
        self.assertEqual(got.shape, (1, 3, 24, 24))

    def test_one_seed_one_batch(self):
        settings = types.SimpleNamespace(translate=4, flip=True, cutout=8)
        normalise = augment.Normalise(MEAN, STD, "cpu")
        one, two, other = (augment.training_batch(images_, 16, settings, normalise, generator(seed))
                           for images_, seed in zip([images(8, 32)] * 3, (1, 1, 2)))
        self.assertTrue(torch.equal(one, two))
        self.assertFalse(torch.equal(one, other))
        self.assertEqual(int((one == 0).all(1).sum((1, 2)).max()), 16)  # 8 of 32 are 4 of 16


if __name__ == "__main__":
    unittest.main()
