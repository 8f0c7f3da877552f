"""Base class of falls: the share of (ceiling - floor) that is retained, against scaled log exposures.

A fall is parametrised by its half-point and its slope there: at x = 0 one half is kept and the slope is 1/4, as the
logistic has it, so that thresholds and steepness mean the same in all falls. Each function is written once, in terms of
an array namespace, and serves NumPy, PyTensor (and so the compiled code) and JAX alike.

A `Fall` knows its own parameters. Everyone else passes a `Curve` on: a fall with values of its parameters, whatever
they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.laws.priors import LogNormalPrior

__all__ = ["FARTHEST", "Curve", "Fall", "MixedShape", "Parameter", "Shape"]

Array = Any  # of NumPy, PyTensor or JAX

# A share of exp(-60) = 1e-26 is far below any floor.
FARTHEST = 60.0


@dataclass(frozen=True)
class Parameter:
    """A positive parameter of a fall, inferred by group.

    Parameters
    ----------
    name : str
        Its name in law files and in posteriors.
    prior : LogNormalPrior
        Default prior in a law file.
    """

    name: str
    prior: LogNormalPrior


@dataclass(frozen=True)
class Fall(ABC):
    """A family of falls.

    Parameters
    ----------
    name : str
        Its name in law files.
    title : str
        One line for people.
    parameters : tuple of Parameter
        Inferred parameters; a law file states their priors. Fixed numbers of a fall are constants in its file.
    loses : bool
        Whether anything is ever lost; if not, no threshold means anything.
    """

    name: str
    title: str
    parameters: tuple[Parameter, ...] = ()
    loses: bool = True

    @abstractmethod
    def share(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Retained share: rising in x, one half at zero, where its slope is 1/4.

        Parameters
        ----------
        x : array
            steepness * (log exposures - log critical exposures).
        own : tuple of array
            Values of the fall's parameters, in their order; they broadcast against x.
        xp : module
            The array namespace: `numpy`, `pytensor.tensor` or `jax.numpy`.
        """

    @abstractmethod
    def log_slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Derivative of log `share` with respect to x, exact also where the share is too small for a number."""

    def slope(self, x: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """Derivative of `share` with respect to x."""
        return self.log_slope(x, own, xp) * self.share(x, own, xp)

    @abstractmethod
    def inverse(self, share: Array, own: tuple[Array, ...], xp: Any = np) -> Array:
        """The x at which a share in (0, 1) is retained."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(parameter.name for parameter in self.parameters)

    def of(self, named: Mapping[Any, Array]) -> "Shape":
        """Return the fall with values of its parameters found by name: arrays, or variables of a dataset."""
        return Shape(self, tuple(named[name] for name in self.parameter_names))

    def with_values(self, *own: Array) -> "Shape":
        """Return the fall with values of its parameters, in order."""
        return Shape(self, own)


class Curve(ABC):
    """Interface of a fall with parameter values: one for all draws, or one per draw."""

    @abstractmethod
    def share(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.share`."""

    @abstractmethod
    def slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.slope`."""

    @abstractmethod
    def log_slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.log_slope`."""

    @abstractmethod
    def inverse(self, share: Array, xp: Any = np) -> Array:
        """See `Fall.inverse`."""

    @abstractmethod
    def map(self, change: Callable[[Array], Array]) -> Self:
        """Return the curve with every parameter's array changed, for example broadcast."""

    @abstractmethod
    def named(self) -> dict[str, Array]:
        """Values of the parameters by name."""

    def retention(
        self,
        log_exposures: Array,
        log_critical_exposures: Array,
        steepness: Array,
        floor: Array,
        ceiling: Array,
        xp: Any = np,
    ) -> Array:
        """Probability of recall, floor + (ceiling - floor) S(k (u - log e50)).

        Parameters
        ----------
        log_exposures, log_critical_exposures, steepness, floor, ceiling : array
            Arrays of `xp` that broadcast against each other; exposures are counts, the logs natural. Critical exposures
            of zero, whose log is minus infinity, are the null in which nothing is ever lost.
        xp : module
            The array namespace.
        """
        return floor + (ceiling - floor) * self.share(steepness * (log_exposures - log_critical_exposures), xp)


@dataclass(frozen=True)
class Shape(Curve):
    """A fall with values of its parameters; hashable where they are numbers.

    Parameters
    ----------
    fall : Fall
    own : tuple of array
        In the order of the fall's parameters.
    """

    fall: Fall
    own: tuple[Array, ...] = ()

    def share(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.share`."""
        return self.fall.share(x, self.own, xp)

    def slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.slope`."""
        return self.fall.slope(x, self.own, xp)

    def log_slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.log_slope`."""
        return self.fall.log_slope(x, self.own, xp)

    def inverse(self, share: Array, xp: Any = np) -> Array:
        """See `Fall.inverse`."""
        return self.fall.inverse(share, self.own, xp)

    def map(self, change: Callable[[Array], Array]) -> "Shape":
        """Return the shape with every parameter's array changed."""
        return Shape(self.fall, tuple(map(change, self.own)))

    def named(self) -> dict[str, Array]:
        """Values of the parameters by name."""
        return dict(zip(self.fall.parameter_names, self.own, strict=True))


@dataclass(frozen=True)
class MixedShape(Curve):
    """Draws under laws of several falls, in NumPy; draws are along the first axis.

    Parameters
    ----------
    rows : tuple of numpy.ndarray
        Which draws each part has, indices; together all draws.
    parts : tuple of Shape
        Parameters have their own draws along the first axis.
    """

    rows: tuple[IntArray, ...]
    parts: tuple[Shape, ...]

    def share(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.share`; x has shape ``(draw, ...)``."""
        return self._joined(lambda part, rows: part.share(x[rows], xp))

    def slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.slope`; x has shape ``(draw, ...)``."""
        return self._joined(lambda part, rows: part.slope(x[rows], xp))

    def log_slope(self, x: Array, xp: Any = np) -> Array:
        """See `Fall.log_slope`; x has shape ``(draw, ...)``."""
        return self._joined(lambda part, rows: part.log_slope(x[rows], xp))

    def inverse(self, share: Array, xp: Any = np) -> Array:
        """See `Fall.inverse`; `share` is a number or has shape ``(draw, ...)``."""
        return self._joined(lambda part, rows: part.inverse(share[rows] if np.ndim(share) else share, xp))

    def map(self, change: Callable[[Array], Array]) -> "MixedShape":
        """Return the shape with every parameter's array changed."""
        return MixedShape(self.rows, tuple(part.map(change) for part in self.parts))

    def named(self) -> dict[str, Array]:
        """Values of the parameters by name, NaN in draws whose fall lacks the parameter."""
        found: dict[str, Array] = {}
        for rows, part in zip(self.rows, self.parts, strict=True):
            for name, values in part.named().items():
                found.setdefault(name, np.full((self._draws, *np.shape(values)[1:]), np.nan))[rows] = values
        return found

    @property
    def _draws(self) -> int:
        return sum(map(len, self.rows))

    def _joined(self, ask: Callable[[Shape, IntArray], Array]) -> FloatArray:
        answers = [ask(part, rows) for part, rows in zip(self.parts, self.rows, strict=True)]
        joined = np.empty((self._draws, *max((np.shape(each)[1:] for each in answers), key=len)))
        for rows, answer in zip(self.rows, answers, strict=True):
            joined[rows] = answer
        return joined
