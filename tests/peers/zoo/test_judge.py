# SPDX-License-Identifier: LGPL-2.1-or-later
"""What counts as agreement in the zoo."""
import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge

REFERENCE = {"y": np.array([[1.0, -4.0, 2.0]])}


def moved(by):
    return {"y": REFERENCE["y"] + by}


class Distance(unittest.TestCase):
    def test_is_in_the_largest_value(self):
        self.assertAlmostEqual(judge.distance(moved(0.1), REFERENCE), 0.025)

    def test_takes_the_worst_output(self):
        reference = {**REFERENCE, "z": np.array([0.001])}
        ours = {**REFERENCE, "z": np.array([0.002])}
        self.assertAlmostEqual(judge.distance(ours, reference), 1)

    def test_what_cannot_be_compared_is_infinitely_far(self):
        for ours in ({}, {"z": REFERENCE["y"]}, {"y": np.zeros(2)}, moved(np.nan)):
            self.assertEqual(judge.distance(ours, REFERENCE), np.inf)
        self.assertEqual(judge.distance(REFERENCE, moved(np.inf)), np.inf)

    def test_of_nothing_but_zeros(self):
        zeros = {"y": np.zeros(3)}
        self.assertEqual(judge.distance(zeros, zeros), 0)
        self.assertEqual(judge.distance({"y": np.ones(3)}, zeros), np.inf)


class Agreement(unittest.TestCase):
    def test_floating_point_has_one_limit(self):
        self.assertEqual(judge.agree(1e-4), "1e-4")
        self.assertIsNone(judge.agree(1.1e-4))
        self.assertIsNone(judge.agree(0.01, noise_spread=1, in_steps=0))

    def test_coarse_files_may_differ_as_the_reference_from_itself(self):
        self.assertEqual(judge.agree(0.05, True, noise_spread=0.05), "own noise")
        self.assertIsNone(judge.agree(0.051, True, noise_spread=0.05))

    def test_one_step_of_the_output_is_no_error(self):
        self.assertAlmostEqual(judge.steps(moved(0.1), REFERENCE, {"y": 0.1}), 1)
        self.assertEqual(judge.agree(0.05, True, in_steps=1), "one step")
        self.assertIsNone(judge.agree(0.05, True, in_steps=2))
        self.assertEqual(judge.steps(moved(0.1), REFERENCE, {}), np.inf)

    def test_smaller_weights_decide_only_where_the_reference_is_unsure(self):
        self.assertTrue(judge.undecided(0.01, 1e-4))
        self.assertFalse(judge.undecided(0.01, 0.9e-4))
        self.assertFalse(judge.undecided(1e-5, 0.01))


if __name__ == "__main__":
    unittest.main()
