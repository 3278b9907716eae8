# SPDX-License-Identifier: LGPL-2.1-or-later
"""The losses against their formulas in NumPy."""

import unittest

import numpy as np
import torch
from support import TrainingTest

from training import losses

N, C = 6, 4
LABELS = np.array([0, 1, 2, 3, 1, 2])
RANDOM = np.random.default_rng(7)
OUTPUTS = [3 * RANDOM.standard_normal((N, C)) for _ in range(3)]  # two exits and the end


def log_softmax(x):
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def cross_entropy(logits, smoothing=0.0):
    wanted = (1 - smoothing) * np.eye(C)[LABELS] + smoothing / C
    return -(wanted * log_softmax(logits)).sum(1).mean()


def exclusion(logits, weight):
    p, wanted = 1 / (1 + np.exp(-logits)), np.eye(C)[LABELS]
    return -(weight * wanted * np.log(p) + (1 - wanted) * np.log(1 - p)).mean()


def divergence(logits, end, t):
    """KL(end || exit) at temperature t, times t * t."""
    q, p = log_softmax(end / t), log_softmax(logits / t)
    return t * t * (np.exp(q) * (q - p)).sum(1).mean()


class Losses(TrainingTest):
    def loss(self, changes, outputs=None):
        compute = losses.Loss(self.configuration(changes), C)
        outputs = outputs or [torch.tensor(o) for o in OUTPUTS]
        return compute(outputs, torch.tensor(LABELS))

    def check(self, changes, expected):
        self.assertAlmostEqual(float(self.loss(changes)), expected, places=4)

    def test_exclusion(self):
        one, two, end = OUTPUTS
        # pos_weight 4C - 4 = 12; the first of two exits counts half, the second whole
        self.check({}, cross_entropy(end) + exclusion(one, 12) / 2 + exclusion(two, 12))
        self.check({"exits.positive-weight": "5", "exits.weights": "0.25"},
                   cross_entropy(end) + 0.25 * (exclusion(one, 5) + exclusion(two, 5)))

    def test_paper_weights(self):
        exits = self.configuration().exits
        self.assertEqual(losses.exit_weights(exits, 4), [1 / 4, 1 / 3, 1 / 2, 1])

    def test_confidence(self):
        one, two, end = OUTPUTS
        self.check({"exits.objective": "confidence"},
                   cross_entropy(end) + cross_entropy(one) / 2 + cross_entropy(two))
        self.check({"exits.objective": "confidence", "exits.weights": "0.1, 0.7",
                    "train.label-smoothing": "0.2"},
                   cross_entropy(end, 0.2) + 0.1 * cross_entropy(one, 0.2)
                   + 0.7 * cross_entropy(two, 0.2))

    def test_branchynet(self):
        self.check({"exits.objective": "branchynet"}, sum(cross_entropy(o) for o in OUTPUTS))

    def test_distillation(self):
        one, two, end = OUTPUTS
        for share, t in ((0.5, 1.0), (0.25, 3.0), (1.0, 2.0)):
            mixed = [(1 - share) * cross_entropy(o) + share * divergence(o, end, t)
                     for o in (one, two)]
            self.check({"exits.objective": "confidence", "exits.distill": str(share),
                        "exits.temperature": str(t)}, cross_entropy(end) + mixed[0] / 2 + mixed[1])

    def test_the_end_learns_nothing_from_distillation(self):
        def gradient(changes):
            outputs = [torch.tensor(o, requires_grad=True) for o in OUTPUTS]
            self.loss(changes, outputs).backward()
            self.assertGreater(float(outputs[0].grad.abs().max()), 0)
            return outputs[2].grad

        alone = gradient({"exits.distill": "0"})
        self.assertTrue(torch.equal(gradient({"exits.distill": "0.7"}), alone))

    def test_a_frozen_end_does_not_count(self):
        one, two, _ = OUTPUTS
        self.check({"model.freeze": "backbone", "model.init": "x.pt"},
                   exclusion(one, 12) / 2 + exclusion(two, 12))

    def test_bfloat16_outputs_are_summed_in_float32(self):
        loss = self.loss({}, [torch.tensor(o).bfloat16() for o in OUTPUTS])
        self.assertEqual(loss.dtype, torch.float32)


if __name__ == "__main__":
    unittest.main()
