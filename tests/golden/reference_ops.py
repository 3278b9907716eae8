# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the operators of reference.py share: their table, and access to inputs and attributes."""

import numpy as np

OPS = {}


def op(*names):
    def register(function):
        OPS.update(dict.fromkeys(names, function))
        return function
    return register


def optional(inputs, index, default=None):
    return inputs[index] if len(inputs) > index and inputs[index] is not None else default


def ints(inputs, index, attrs, name, default=None):
    """A list of integers that newer opsets take as an input and older ones as an attribute."""
    value = optional(inputs, index)
    return attrs.get(name, default) if value is None else [int(v) for v in np.ravel(value)]
