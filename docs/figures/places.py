"""Draw `places.png`: one cell's half-point beside the scatter of cells, in three coordinates, for two cells.

The cell's counts say N(r, 1 / information) of its half-point t, its law says N(c, sigma^2), and log sigma has a normal
prior; c - r is a fifth of a log unit.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from bayeskisl.reporting.style import figure_style, new_figure

matplotlib.use("Agg")

LAW, SIGMA, LOG_SD = 0.2, 0.1, 0.7
CELLS = {"a half-point that its counts pin": 400.0, "one that they leave free": 0.5}


def values_of(coordinate, sigma, information):
    """Return the half-point at a coordinate, r being 0, and the derivative of the one by the other."""
    free = 1 / (1 + information * sigma**2)
    scale = np.sqrt(free) * sigma
    return {
        "half-point t": (lambda x: x, np.ones_like(sigma)),
        "standard normal (t - c) / sigma": (lambda x: LAW + sigma * x, sigma),
        "place w": (lambda x: free * LAW + scale * x, scale),
    }[coordinate]


COORDINATES = {
    "half-point t": "half-point t",
    "standard normal (t - c) / sigma": "standard normal (t - c)/σ",
    "place w": "place w",
}


def draw(axes, information, coordinate):
    """Draw the joint density of a coordinate and the scatter."""
    log_sigma = np.linspace(np.log(SIGMA) - 2.4 * LOG_SD, np.log(SIGMA) + 2.4 * LOG_SD, 300)[:, None]
    sigma = np.exp(log_sigma)
    reach = 0.6 if coordinate == "half-point t" else 4.0
    x = np.linspace(-reach, reach, 301)[None, :]
    value, slope = values_of(coordinate, sigma, information)
    t = value(x)
    log_density = (
        -0.5 * information * t**2
        - 0.5 * ((t - LAW) / sigma) ** 2
        - log_sigma
        - 0.5 * ((log_sigma - np.log(SIGMA)) / LOG_SD) ** 2
        + np.log(slope)
    )
    density = np.exp(log_density - log_density.max())
    axes.contourf(np.broadcast_to(x, density.shape), np.broadcast_to(sigma, density.shape), density,
                  np.linspace(0.1, 1, 8), cmap="viridis")  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(FixedLocator([0.03, 0.1, 0.3]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(False)


with figure_style():
    figure, panels = new_figure(2, 3, figsize=(8.6, 5.0), sharey=True)
    for row, (title, information) in zip(panels, CELLS.items(), strict=True):
        for axes, (coordinate, label) in zip(row, COORDINATES.items(), strict=True):
            draw(axes, information, coordinate)
            axes.set_xlabel(label)
        row[0].set_title(title, loc="left")
        row[0].set_ylabel("scatter σ of cells")
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=110)
