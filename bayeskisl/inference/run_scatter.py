"""Scatter of single runs about their cell, which may vary with size."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["run_scatter"]


def run_scatter(named: Mapping[Any, Any], log_size: FloatArray) -> FloatArray:
    """sigma_run (N / N_ref)^sigma_run_exponent; the exponent is zero if the law has no prior of it.

    Parameters
    ----------
    named : mapping
        Named quantities, ``sigma_run`` and perhaps ``sigma_run_exponent``, ``(..., group)``.
    log_size : numpy.ndarray
        log(N / N_ref) of places, shape ``(place,)``.

    Returns
    -------
    numpy.ndarray
        Shape ``(..., place, group)``.
    """
    sigma = np.asarray(named["sigma_run"])[..., None, :]
    exponent = np.asarray(named["sigma_run_exponent"])[..., None, :] if "sigma_run_exponent" in named else 0.0
    return sigma * np.exp(exponent * np.asarray(log_size)[:, None])
