# SPDX-License-Identifier: LGPL-2.1-or-later
"""Layers of networks.py that only move numbers."""

import numpy as np

from network_layers import ANY, SOME, divisor, fits, layer
from networks import Unfit


def move(g, op, inputs, shape, **attrs):
    return g.add(op, inputs, shape, exact=g.values[inputs[0]].exact, **attrs)


@layer(4, SOME)
def transpose(g, x):
    perm = list(range(len(g.shape(x))))
    g.random.shuffle(perm)
    return move(g, "Transpose", [x], [g.shape(x)[p] for p in perm], perm=perm)


@layer(3, SOME)
def reshape(g, x):
    shape = g.shape(x)
    total, out = int(np.prod(shape)), []
    for _ in range(g.random.randint(0, 3)):
        out.append(divisor(g, total))
        total //= out[-1]
    out.insert(g.random.randint(0, len(out)), total)
    written = list(out)
    if g.chance(0.4):
        written[g.random.randrange(len(out))] = -1
    if g.chance(0.3) and out[0] == shape[0] and written[0] != -1:
        written[0] = 0
    return move(g, "Reshape", [x, g.ints(*written)], out)


@layer(2, SOME)
def flatten(g, x):
    axis, shape = g.random.randint(0, len(g.shape(x))), g.shape(x)
    return move(g, "Flatten", [x], (np.prod(shape[:axis], dtype=int),
                                    np.prod(shape[axis:], dtype=int)), axis=axis)


@layer(4, SOME)
def cut(g, x):
    """Slice, along some dimensions, backwards too."""
    shape = g.shape(x)
    axes = g.random.sample(range(len(shape)), g.random.randint(1, len(shape)))
    starts, stops, steps, out = [], [], [], list(shape)
    for a in axes:
        step, n = g.random.choice((1, 1, 1, 2, 3, -1, -2)), shape[a]
        start = g.random.randint(0, n - 1)
        stop = g.random.choice((n, 2 ** 31, g.random.randint(start + 1, n)) if step > 0 else
                               (-n - 1, -2 ** 31, g.random.randint(0, start) - n - (start == 0)))
        kept = len(range(n)[start:stop:step])
        if kept == 0:
            raise Unfit
        out[a] = kept
        starts.append(start - n if g.chance(0.3) else start)
        stops.append(stop)
        steps.append(step)
    written = [a - len(shape) if g.chance(0.3) else a for a in axes]
    return move(g, "Slice", [x, g.ints(*starts), g.ints(*stops), g.ints(*written),
                             g.ints(*steps)], out)


@layer(3, SOME)
def pad(g, x):
    shape, mode = g.shape(x), g.random.choice(("constant", "constant", "reflect", "edge"))
    pads = [g.random.choice((0, 0, 1, 2)) for _ in shape * 2]
    if mode == "reflect":
        pads = [min(p, n - 1) for p, n in zip(pads, shape * 2)]
    elif mode == "constant" and g.chance(0.2):
        pads[0] = -1  # taken away
    out = [n + a + b for n, a, b in zip(shape, pads, pads[len(shape):])]
    value = [g.init(g.random.choice((0, 0.5)))] if mode == "constant" and g.chance(0.6) else []
    return move(g, "Pad", [x, g.ints(*pads), *value], out, mode=mode)


@layer(4, SOME)
def concat(g, x):
    shape = g.shape(x)
    axis = g.random.randrange(len(shape))
    rest = lambda s: (len(s), s[:axis], s[axis + 1:])
    others = [v for v in g.floats() if rest(g.shape(v)) == rest(shape)]
    parts = [x] + [g.random.choice(others) if g.chance(0.7) else
                   g.near(-1, 1, *shape[:axis], g.random.randint(1, 4), *shape[axis + 1:])
                   for _ in range(g.random.randint(1, 3))]
    g.random.shuffle(parts)
    size = sum((g.inits[p].shape if p in g.inits else g.shape(p))[axis] for p in parts)
    return g.add("Concat", parts, (*shape[:axis], size, *shape[axis + 1:]),
                 axis=axis - len(shape) if g.chance(0.3) else axis)


@layer(3, SOME)
def split(g, x):
    shape = g.shape(x)
    axis = g.random.randrange(len(shape))
    n, sizes = shape[axis], []
    count = divisor(g, n)
    if count > 5:
        raise Unfit
    attrs, given = {}, []
    if g.chance(0.5):
        sizes = [n // count] * count
        if g.opset >= 18:
            attrs["num_outputs"] = count
    else:
        while sum(sizes) < n and len(sizes) < 3:
            sizes.append(g.random.randint(1, n - sum(sizes)))
        sizes[-1] += n - sum(sizes)
        given = [g.ints(*sizes)] if g.opset >= 13 else []
        attrs.update({} if given else {"split": sizes})
    parts = [(*shape[:axis], s, *shape[axis + 1:]) for s in sizes]
    outputs = g.add_many("Split", [x, *given], parts, exact=g.values[x].exact, axis=axis, **attrs)
    return g.random.choice(outputs)


@layer(3, SOME)
def gather(g, x):
    shape = g.shape(x)
    axis = g.random.randrange(len(shape))
    n = shape[axis]
    index = [(), (1,), (3,), (2, 2)][g.random.randrange(4)]
    where = g.init(g.numbers.randint(-n, n, index), np.int64)
    return move(g, "Gather", [x, where], (*shape[:axis], *index, *shape[axis + 1:]), axis=axis)


@layer(1, SOME)
def gather_elements(g, x):
    shape = list(g.shape(x))
    axis = g.random.randrange(len(shape))
    n = shape[axis]
    shape[axis] = g.random.randint(1, n + 2)
    return move(g, "GatherElements", [x, g.init(g.numbers.randint(-n, n, shape), np.int64)], shape,
                axis=axis)


@layer(1, SOME)
def tile(g, x):
    times = [g.random.choice((1, 1, 2, 3)) for _ in g.shape(x)]
    return move(g, "Tile", [x, g.ints(*times)], np.multiply(g.shape(x), times))


@layer(1, SOME)
def expand(g, x):
    shape = [g.random.randint(2, 4) if n == 1 else n for n in g.shape(x)]
    if g.chance(0.3) and len(shape) < 5:
        shape.insert(0, g.random.randint(1, 3))
    assert fits(g.shape(x), shape)
    return move(g, "Expand", [x, g.ints(*shape)], shape)


@layer(2, ANY)
def one_more_or_less(g, x):
    """Squeeze or Unsqueeze."""
    shape = g.shape(x)
    ones = [a for a, n in enumerate(shape) if n == 1]
    if ones and g.chance(0.6):
        axes = sorted(g.random.sample(ones, g.random.randint(1, len(ones))))
        op, out = "Squeeze", [n for a, n in enumerate(shape) if a not in axes]
    elif len(shape) < 5:
        axes, out = [g.random.randint(0, len(shape))], list(shape)
        op = "Unsqueeze"
        out.insert(axes[0], 1)
    else:
        raise Unfit
    if g.opset >= 13:
        return move(g, op, [x, g.ints(*axes)], out)
    return move(g, op, [x], out, axes=axes)


@layer(1, range(2, 5), 14)
def triangle(g, x):
    return g.add("Trilu", [x, g.init(g.random.randint(-2, 2), np.int64)], g.shape(x),
                 upper=int(g.chance(0.5)))
