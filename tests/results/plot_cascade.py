# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what a cascade's thresholds trade: accuracy against MACs and against time, beside each of
its networks alone.

usage: plot_cascade.py TABLE.md OUT.png NAME,MACS,ACCURACY,MS...

TABLE.md is what `splits CASCADE DATASET --drop D...` printed; then, in the order of the cascade,
each network with its MACs (M), accuracy (%) on the same pictures and time of a frame (ms).  The
time of the cascade is that of the networks its frames came to.  Needs Matplotlib.
"""

import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def read_table(path):
    """[(accuracy, share of the last network's MACs, share of frames that stop at each stage)]."""
    with open(path, encoding="utf-8") as file:
        rows = [line.strip().strip("|").split("|") for line in file]
    rows = [[cell.strip().rstrip(" %") for cell in row] for row in rows[2:] if len(row) == 6]
    return [(float(row[1]), float(row[4]), [float(v) / 100 for v in row[5].split("/")])
            for row in rows]


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    networks = [text.split(",") for text in sys.argv[3:]]
    names = [n[0] for n in networks]
    macs, accuracy, times = ([float(n[k]) for n in networks] for k in (1, 2, 3))
    rows = sorted(read_table(sys.argv[1]))
    spent = [sum(times[:k + 1]) for k in range(len(times))]
    axes = {"MACs of a frame (M)": ([row[1] * macs[-1] for row in rows], macs),
            "time of a frame on one core (ms)":
                ([sum(s * t for s, t in zip(row[2], spent)) for row in rows], times)}
    figure, plots = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    for plot, (title, (curve, alone)) in zip(plots, axes.items()):
        plot.plot(curve, [row[0] for row in rows], "o-", color="#2a7f62", label="joined")
        plot.plot(alone, accuracy, "s", color="#b5533c", label="a network alone")
        for name, x, y in zip(names, alone, accuracy):
            right = x > max(alone) / 2
            plot.annotate(name, (x, y), textcoords="offset points", fontsize=8,
                          xytext=(-6, -12) if right else (6, -10), ha="right" if right else "left")
        plot.set_xlabel(title)
        plot.set_xlim(left=0)
        plot.grid(alpha=0.3)
    plots[0].set_ylabel("accuracy (%)")
    plots[0].legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(sys.argv[2], dpi=100)


if __name__ == "__main__":
    main()
