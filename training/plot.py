# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the log of a run: the loss, and the accuracy of every exit on the validation part."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (the backend is chosen first)


def draw(run):
    """Writes curves.png into the run's folder.  Raises ConfigError when there is no log."""
    rows = run.rows()
    epochs = [int(row["epoch"]) for row in rows]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), constrained_layout=True)
    left.plot(epochs, [float(row["loss"]) for row in rows], color="black")
    left.set(xlabel="epoch", ylabel="training loss")
    names = [key for key in rows[0] if key.startswith("accuracy ")]
    colours = pyplot.get_cmap("viridis")
    for k, key in enumerate(names):
        end = k == len(names) - 1
        right.plot(epochs, [100 * float(row[key]) for row in rows], label=key[len("accuracy "):],
                   color="black" if end else colours(0.1 + 0.8 * k / len(names)))
    right.set(xlabel="epoch", ylabel="validation accuracy (%)")
    if names:
        right.legend(title="exit after", fontsize="small")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(run.curves, dpi=110)
    pyplot.close(figure)
