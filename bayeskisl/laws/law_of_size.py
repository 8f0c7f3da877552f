"""Base class of the laws of size: critical exposures of cells from their covariates."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["LawOfSize"]


@dataclass(frozen=True)
class LawOfSize(ABC):
    """Log critical exposures of a cell against its covariates, and normal priors of the coefficients.

    Parameters
    ----------
    covariates : tuple of str
        Those that the data vary, ``params`` first.
    reference : numpy.ndarray
        Geometric mean of each covariate over the cells, shape ``(covariate,)``.
    mean, sd : numpy.ndarray
        Normal priors of the coefficients, shape ``(column,)``; sd = 0 fixes a coefficient at its mean.
    domains : tuple of str
        Names of the domains where there are several.
    """

    covariates: tuple[str, ...]
    reference: FloatArray
    mean: FloatArray
    sd: FloatArray
    domains: tuple[str, ...] = ()

    def z(self, values: FloatArray) -> FloatArray:
        """Log distances from the reference, shape ``(..., covariate)``; what a place has behind them is left out."""
        return np.log(np.asarray(values, dtype=float)[..., : len(self.covariates)] / self.reference)

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""

    @abstractmethod
    def log_critical_exposures(self, coefficients: FloatArray, values: FloatArray) -> FloatArray:
        """The law's line (without size scatter) at new places.

        Parameters
        ----------
        coefficients : numpy.ndarray
            Draws, shape ``(..., column)``.
        values : numpy.ndarray
            One place, shape ``(covariate,)``, or several, shape ``(cell, covariate)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(...)`` or ``(..., cell)``.
        """

    @abstractmethod
    def named(self, coefficients: FloatArray) -> dict[str, FloatArray]:
        """Quantities that people ask for, by name; at least intercept, exponent and curvature."""

    @abstractmethod
    def coefficients_of(self, named: Mapping[str, FloatArray]) -> FloatArray:
        """The inverse of `named`, ``(..., column)``."""

    @abstractmethod
    def fixed_columns(self, fixed: Mapping[str, FloatArray]) -> dict[int, FloatArray]:
        """Values of columns that are fixed by the names of quantities, each broadcasting to groups."""

    @abstractmethod
    def linear_at(self, centre: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Design ``(cell, column)`` and offset ``(cell,)`` of the law's line about some coefficients."""
