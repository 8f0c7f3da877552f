"""A log density in coordinates that are rescaled along a few directions.

A sampler with a diagonal metric takes steps as short as the narrowest direction of its posterior. With 200 sizes a
single one is 75 times narrower than the coordinates that it is made of: what the steepness of many sizes, or the
coefficients of their law, do together. The Hessian near the mode shows such directions, and a linear map makes each as
wide as the coordinates. The posterior stays as it is, since the map is undone where draws are expanded.

With D the standard deviations of the coordinates near the mode, H the Hessian of minus the log density there, and w and
V those eigenvalues and eigenvectors of D H D that are far from one, coordinates y have the places
x = y + D V (1 / sqrt(w) - 1) V' D^-1 y.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize

from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.inference.compiled import Density
from bayeskisl.inference.starts import Ascents, turned_back
from bayeskisl.machine_code import CannotCompile, load_library

__all__ = ["Directions", "far_from_one", "rescaled", "rescaled_along"]

_ValueAndGradient = Callable[[FloatArray], tuple[float, FloatArray]]

# Eigenvalues from 1/6 to 6 are the bulk of what 600 coordinates have; with 200 sizes two to five lie above.
_FAR = 6.0

# Half of the span over which a gradient is differenced. A coordinate that the data and its prior leave wider than 2 is
# taken for as wide. The ascent to the mode converges in 250 to 500 steps.
_HALF_SPAN, _LEAST_CURVATURE, _MOST_STEPS = 1e-4, 0.25, 2000


@dataclass(frozen=True)
class Directions:
    """Directions along which coordinates are rescaled.

    Attributes
    ----------
    out, along : numpy.ndarray
        D V and D^-1 V, transposed, shape ``(direction, length)``: ``out @ along.T`` is the identity.
    eigenvalues : numpy.ndarray
        Shape ``(direction,)``.
    """

    out: FloatArray
    along: FloatArray
    eigenvalues: FloatArray

    def inverse(self, places: FloatArray) -> FloatArray:
        """Coordinates ``(..., length)`` of places."""
        return places + (places @ self.along.T * (np.sqrt(self.eigenvalues) - 1)) @ self.out


def far_from_one(value_and_gradient: _ValueAndGradient, mode: FloatArray, held: BoolArray, workers: int) -> Directions:
    """Return the directions whose eigenvalues are far from one.

    Parameters
    ----------
    value_and_gradient : callable
        Log density and gradient ``(length,)`` at a point ``(length,)``, called from several threads.
    mode : numpy.ndarray
        Where the density is highest but for what is held, ``(length,)``.
    held : numpy.ndarray
        Coordinates that are left as they are, ``(length,)``.
    workers : int
        Threads.
    """
    moving = np.flatnonzero(~held)

    def rise(coordinate: int) -> FloatArray:
        step = _HALF_SPAN * np.eye(1, len(mode), coordinate)[0]
        return (value_and_gradient(mode + step)[1] - value_and_gradient(mode - step)[1]) / (2 * _HALF_SPAN)

    with ThreadPoolExecutor(workers) as pool:
        hessian = -np.array(list(pool.map(rise, moving.tolist())))[:, moving]
    curvature, axes = np.linalg.eigh((hessian + hessian.T) / 2)
    curvature = np.maximum(curvature, _LEAST_CURVATURE)
    sd = np.sqrt(np.sum(axes**2 / curvature, axis=1))
    root = np.sqrt(curvature)[:, None] * axes.T * sd  # D H D is root' root
    eigenvalues, vectors = np.linalg.eigh(root.T @ root)
    far = np.abs(np.log(eigenvalues)) > np.log(_FAR)
    out, along = np.zeros((2, int(far.sum()), len(mode)))
    out[:, moving], along[:, moving] = vectors[:, far].T * sd, vectors[:, far].T / sd
    return Directions(out, along, eigenvalues[far])


def rescaled(density: Density, found: Ascents, workers: int = 1) -> tuple[Density, Ascents]:
    """Return the density in coordinates rescaled near its highest ascent, and its ascents there."""
    start, held = found.highest, density.is_scatter
    bounds = Bounds(np.where(held, start, -np.inf), np.where(held, start, np.inf))
    depth = turned_back(density.value_and_gradient)
    mode = minimize(depth, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _MOST_STEPS}).x
    directions = far_from_one(density.value_and_gradient, mode, held, workers)
    other = rescaled_along(density, directions)
    return (density, found) if other is density else (other, replace(found, ends=directions.inverse(found.ends)))


def rescaled_along(density: Density, directions: Directions) -> Density:
    """Return the density in coordinates that are rescaled along some directions: its own without a C compiler."""
    if not len(directions.eigenvalues):
        return density
    try:
        library, _ = load_library(["rescaled", _TEXT], lambda: (_TEXT, {}))
    except CannotCompile:
        return density
    root = np.sqrt(directions.eigenvalues)
    counts = np.array([len(root), density.length], dtype=np.int64)
    functions = np.array([_address(getattr(density.library, name)) for name in _NAMES], dtype=np.uintp)
    inner = density.pointers
    arrays = (functions, inner, counts, directions.out, directions.along, 1 / root - 1, root - 1)
    return replace(density, library=library, arrays=(*map(np.ascontiguousarray, arrays), *density.arrays))


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


_NAMES = ("start", "log_density", "expand")

# The functions of `bayeskisl.inference.density.write_density` about those of another library. One direction follows the
# other, since they are orthogonal: a move along one leaves the product with every other as it was.
_TEXT = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef const void *const *Data;
enum { FUNCTIONS, INNER, COUNTS, OUT, ALONG, FACTORS, INVERSE };

static void move(double *x, Data data, int from, int to, int factors) {
    const int64_t *counts = data[COUNTS], length = counts[1];
    for (int64_t k = 0; k < counts[0]; k++) {
        const double *a = (const double *) data[from] + k * length, *b = (const double *) data[to] + k * length;
        double product = 0;
        for (int64_t i = 0; i < length; i++) product += a[i] * x[i];
        product *= ((const double *) data[factors])[k];
        for (int64_t i = 0; i < length; i++) x[i] += product * b[i];
    }
}

static double *places(const double *y, Data data) {
    const int64_t length = ((const int64_t *) data[COUNTS])[1];
    double *x = malloc(length * sizeof(double));
    if (x) {
        memcpy(x, y, length * sizeof(double));
        move(x, data, ALONG, OUT, FACTORS);
    }
    return x;
}

int start(Data data, double *out) {
    int (*inner)(Data, double *) = ((void *const *) data[FUNCTIONS])[0];
    if (inner((Data) data[INNER], out)) return 1;
    move(out, data, ALONG, OUT, INVERSE);
    return 0;
}

int64_t log_density(uint64_t length, const double *y, double *gradient, double *value, Data data) {
    int64_t (*inner)(uint64_t, const double *, double *, double *, Data) = ((void *const *) data[FUNCTIONS])[1];
    double *x = places(y, data);
    if (!x) return -1;
    const int64_t status = inner(length, x, gradient, value, (Data) data[INNER]);
    free(x);
    move(gradient, data, OUT, ALONG, FACTORS);
    return status;
}

int64_t expand(uint64_t length, uint64_t expanded, const double *y, double *out, Data data) {
    int64_t (*inner)(uint64_t, uint64_t, const double *, double *, Data) = ((void *const *) data[FUNCTIONS])[2];
    double *x = places(y, data);
    if (!x) return -1;
    const int64_t status = inner(length, expanded, x, out, (Data) data[INNER]);
    free(x);
    return status;
}
"""
