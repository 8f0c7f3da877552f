"""Base class of the laws of size: critical exposures of cells from their covariates."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray

__all__ = ["LawOfSize"]


@dataclass(frozen=True)
class LawOfSize(ABC):
    """Log critical exposures of a cell against its covariates, and normal priors of the coefficients.

    Parameters
    ----------
    covariates : tuple of str
        Covariates that the data vary, ``params`` first.
    reference : numpy.ndarray
        Geometric mean of each covariate over the cells, shape ``(covariate,)``.
    mean, sd : numpy.ndarray
        Normal priors of the coefficients, shape ``(column,)``; sd = 0 fixes a coefficient at its mean.
    domains : tuple of str
        Names of the domains where there are several.

    Notes
    -----
    A place is given by its covariates; of several domains, behind them by 1 for its own and 0 for the others; and where
    the law takes a capacity, at last by the exposures at which the load is one bit per parameter. Shapes call all of
    these ``place``.
    """

    takes_capacity: ClassVar[bool] = False

    covariates: tuple[str, ...]
    reference: FloatArray
    mean: FloatArray
    sd: FloatArray
    domains: tuple[str, ...] = ()

    def z(self, values: FloatArray) -> FloatArray:
        """Log distances from the reference, shape ``(..., covariate)``; further columns of a place are dropped."""
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
            One place, shape ``(place,)``, or several, shape ``(cell, place)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(...)`` or ``(..., cell)``.
        """

    def largest(self, coefficients: FloatArray, values: FloatArray) -> IntArray:
        """Index in `bayeskisl.laws.LIMITS` of the limit that demands the most exposures; -1 for a law without limits.

        Shape ``(...)`` or ``(..., cell)``.
        """
        return np.full(self.log_critical_exposures(coefficients, values).shape, -1)

    @abstractmethod
    def named(self, coefficients: FloatArray) -> dict[str, FloatArray]:
        """Reported quantities by name; at least intercept, exponent and curvature."""

    @abstractmethod
    def coefficients_of(self, named: Mapping[str, FloatArray]) -> FloatArray:
        """The inverse of `named`, ``(..., column)``."""

    @abstractmethod
    def fixed_columns(self, fixed: Mapping[str, FloatArray]) -> dict[int, FloatArray]:
        """Values of columns that are fixed by the names of quantities, each broadcasting to groups."""

    @abstractmethod
    def linear_at(self, centre: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Design ``(cell, column)`` and offset ``(cell,)`` of the law's line about some coefficients."""
