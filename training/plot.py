# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws the log of a run: the loss, and the accuracy of every exit on the validation part."""

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import MaxNLocator


def draw(run):
    """Writes curves.png into the run's folder.  Raises ConfigError when there is no log."""
    rows = run.rows()
    epochs = [row["epoch"] for row in rows]
    # A curve of one epoch is a point.
    marker = "o" if len(rows) == 1 else None
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), constrained_layout=True)
    left.plot(epochs, [row["loss"] for row in rows], color="black",
              marker=marker)
    left.set(xlabel="epoch", ylabel="training loss")
    names = [key for key in rows[0] if key.startswith("accuracy ")]
    colours = pyplot.get_cmap("viridis")
    for k, key in enumerate(names):
        end = k == len(names) - 1
        right.plot(epochs, [100 * row[key] for row in rows], label=key[len("accuracy "):],
                   marker=marker, color="black" if end else colours(0.1 + 0.8 * k / len(names)))
    right.set(xlabel="epoch", ylabel="validation accuracy (%)")
    if names:
        right.legend(title="exit after", fontsize="small", loc="center left",
                     bbox_to_anchor=(1, 0.5))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.savefig(run.curves, dpi=110)
    pyplot.close(figure)
