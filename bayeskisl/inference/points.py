"""Points of a sweep: runs of one cell at one level, such as seeds, which have the same expectation."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.inference.data import ModelData

__all__ = ["Points", "points_of"]


@dataclass(frozen=True)
class Points:
    """Groups of coinciding runs, whose expectation is computed once.

    Parameters
    ----------
    run : numpy.ndarray
        A run of each point, shape ``(point,)``.
    of_run : numpy.ndarray
        Index of each run's point, shape ``(run,)``.
    """

    run: IntArray
    of_run: IntArray


def points_of(data: ModelData, count: int | None = None) -> Points:
    """Return the points of the runs.

    Parameters
    ----------
    data : ModelData
        The curves.
    count : int, optional
        How many there shall be: the last are left out, or the first run stands for those that are lacking. By default
        as many as differ.
    """
    places = [data.cell_of_run[:, None], data.log_exposures, *([] if data.load is None else [data.load.ahead])]
    _, run, of_run = np.unique(np.concatenate(places, axis=1), axis=0, return_index=True, return_inverse=True)
    if count is not None:
        run, of_run = np.append(run[:count], np.zeros(max(count - len(run), 0), dtype=int)), of_run.clip(max=count - 1)
    return Points(run, of_run.reshape(-1))
