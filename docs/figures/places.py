"""Draw `places.png`: one cell's half-point beside the scatter of cells, in three coordinates, for two cells.

The cell's counts say N(r, 1 / information) of its half-point t, its law says N(c, sigma^2), and log sigma has a normal
prior; c - r is a fifth of a log unit.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

LAW, SIGMA, LOG_SD = 0.2, 0.1, 0.7
CELLS = {"pinned by its counts": 400.0, "left free by its counts": 0.5}


def values_of(coordinate, sigma, information):
    """Return the half-point at a coordinate, r being 0, and the derivative of the one by the other."""
    free = 1 / (1 + information * sigma**2)
    scale = np.sqrt(free) * sigma
    return {
        "half-point t": (lambda x: x, np.ones_like(sigma)),
        "standard normal (t - c) / sigma": (lambda x: LAW + sigma * x, sigma),
        "place w": (lambda x: free * LAW + scale * x, scale),
    }[coordinate]


figure, panels = plt.subplots(2, 3, figsize=(8.6, 5.0), layout="constrained")
for row, (title, information) in zip(panels, CELLS.items(), strict=True):
    for axes, coordinate in zip(row, ("half-point t", "standard normal (t - c) / sigma", "place w"), strict=True):
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
        levels = np.linspace(0.1, 1, 8)
        axes.contourf(np.broadcast_to(x, density.shape), np.broadcast_to(sigma, density.shape), density, levels,
                      cmap="viridis")  # fmt: skip
        axes.set_yscale("log")
        axes.set_xlabel(coordinate)
        axes.set_title(title, fontsize=9)
    row[0].set_ylabel("scatter sigma of cells")
figure.savefig(Path(__file__).with_suffix(".png"), dpi=130)
