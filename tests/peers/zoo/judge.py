# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rule by which two engines agree on a network's outputs; nothing but NumPy.

Differences are measured in the largest value of the reference.  Floating point: 1e-4.  A network
for which the reference differs from itself by as much (optimised or not) decides nothing; it is
judged with weights x 0.7, where activations do not grow.  Files that compute with integers:
rounding falls to either side, so the measure is how far the reference moves by itself when its
input gets noise of 1e-4; one step of a quantised output is never an error.  float16: the
reference is the same network in float32.
"""

import numpy as np

LIMIT = 1e-4
NOISE = 1e-4
SHRINK = 0.7


def distance(ours, reference):
    """The largest difference over all outputs, in the largest value of each; inf: none to take."""
    if set(ours) != set(reference):
        return np.inf
    return max((one_distance(ours[k], reference[k]) for k in reference), default=np.inf)


def one_distance(a, b):
    a, b = np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel()
    if a.size != b.size or a.size == 0 or not np.isfinite(b).all():
        return np.inf
    difference, largest = np.abs(a - b).max(), np.abs(b).max()
    if not np.isfinite(difference):
        return np.inf
    return float(difference / largest) if largest else float(difference and np.inf)


def steps(ours, reference, step):
    """The largest difference in steps of the outputs that have a step {name: step}; else inf."""
    if set(ours) != set(reference) or set(step) != set(reference):
        return np.inf
    pairs = [(np.ravel(ours[k]).astype(np.float64), np.ravel(v).astype(np.float64), step[k])
             for k, v in reference.items()]
    if any(a.size != b.size for a, b, _ in pairs):
        return np.inf
    return max(float(np.abs(a - b).max() / s) for a, b, s in pairs)


def undecided(apart, spread):
    """Whether weights x 0.7 have to decide."""
    return apart > LIMIT and spread >= LIMIT


def agree(apart, coarse=False, noise_spread=0.0, in_steps=np.inf):
    """By which rule they agree, None: they do not."""
    if apart <= LIMIT:
        return "1e-4"
    if coarse and apart <= noise_spread:
        return "own noise"
    if coarse and in_steps <= 1.001:
        return "one step"
    return None
