"""Critical exposures against size under three limits: learning, capacity, and a minimum of exposures.

Each limit is monotone in size, and so is their soft maximum: it has no turning point, and follows the data within them.
A power law, a law that saturates and a capacity in proportion to size are special cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.laws.law import Law
from bayeskisl.laws.law_of_size import LawOfSize

__all__ = ["LEAST_EXPOSURES", "LimitsLaw", "limits", "soft_maximum"]

Array = Any  # of NumPy, PyTensor or JAX

# A fact is seen a Poisson number of times: at log 2 mean exposures half of the facts have not been seen at all, so that
# no model can keep half of them at fewer.
LEAST_EXPOSURES = float(np.log(2))

# Logarithm of the bits per parameter of a law without a capacity: e^69 = 1e30 puts this limit far below the others.
_ANY_BITS = 69.0

# The learning exponent turns from one value to another over a factor of e^1.5, 4.5, of size to either side of the
# reference: about the range of a ladder of six sizes, so that the data can tell both.
_TURN_WIDTH = 1.5


@dataclass(frozen=True)
class LimitsLaw(LawOfSize):
    """log e50 = soft maximum of log learning, log minimum and log capacity, each in exposures.

    - learning: log e = level - exponent z - turn T(z) - other exponents . other z, z = log(params / reference), where
      the exponent runs from ``exponent e^-turn`` for small to ``exponent e^turn`` for large sizes;
    - minimum: log e = log(least + minimum), the same at every size;
    - capacity: log e = log(exposures at which the load is one bit per parameter) - log(bits per parameter).

    Parameters
    ----------
    covariates : tuple of str
        Those that the data vary, ``params`` first.
    reference : numpy.ndarray
        Geometric mean of each covariate over the cells, shape ``(covariate,)``.
    mean, sd : numpy.ndarray
        Normal priors of the coefficients, shape ``(column,)``; sd = 0 fixes a coefficient at its mean.
    one_bit : float
        Geometric mean over the cells of the exposures at which the load is one bit per parameter; `named` alone needs
        it.
    domains : tuple of str
        Always empty: several domains need a law that is linear in its coefficients.

    Notes
    -----
    The columns are log learning exposures at the reference, the logarithm of the exponent of params, its turn, the
    exponents of the other covariates, log minimum exposures, log bits per parameter, and log sharpness. Places are
    given by their covariates and, behind them, by the exposures at which the load is one bit per parameter.
    """

    one_bit: float = float("nan")

    @classmethod
    def of(cls, law: Law, covariates: tuple[str, ...], values: np.ndarray, bits_log_sd: float = 0.0) -> "LimitsLaw":
        """The law of size of `law` for cells at `values`, shape ``(cell, covariate + 1)``.

        Parameters
        ----------
        bits_log_sd : float
            How well the bits of a fact are known, the standard deviation of their logarithm: it adds to that of the
            bits per parameter.
        """
        priors = law.priors
        first, least, sharpness = priors.critical_exposures, priors.minimum_exposures, priors.sharpness
        exponent, turn, capacity = priors.learning_exponent, priors.turn, priors.bits_per_parameter
        assert least is not None  # that and the exponent make it a law with limits
        assert exponent is not None
        pairs = [
            (first.log_median, first.log_sd),
            (exponent.log_median, exponent.log_sd),
            (turn.mean, turn.sd) if turn else (0.0, 0.0),
            *((priors.exponent[name].mean, priors.exponent[name].sd) for name in covariates[1:]),
            (least.log_median, least.log_sd),
            (capacity.log_median, float(np.hypot(capacity.log_sd, bits_log_sd))) if capacity else (_ANY_BITS, 0.0),
            (sharpness.log_median, sharpness.log_sd) if sharpness else (0.0, 0.0),
        ]
        mean, sd = np.array(pairs, dtype=float).T
        *reference, one_bit = np.exp(np.log(values).mean(axis=0))
        return cls(covariates, np.array(reference), mean, sd, one_bit=float(one_bit))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        others = (f"exponent {name}" for name in self.covariates[1:])
        return (
            "log learning exposures", f"log exponent {self.covariates[0]}", "turn", *others, "log minimum exposures",
            "log bits per parameter", "log sharpness",
        )  # fmt: skip

    def design_matrix(self, values: np.ndarray) -> np.ndarray:
        """Return the inputs of `limits`, shape ``(..., covariate + 2)`` for values ``(..., covariate + 1)``.

        The columns are z of params, its turn T(z), z of the other covariates, and log exposures at one bit per
        parameter.
        """
        z = self.z(values)
        size, others = z[..., :1], z[..., 1:]
        turn = _TURN_WIDTH * np.log(np.cosh(size / _TURN_WIDTH))
        one_bit = np.log(np.asarray(values, dtype=float)[..., -1:])
        return np.concatenate([size, turn, others, one_bit], axis=-1)

    def log_critical_exposures(self, coefficients: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The law's line (without size scatter) at new places.

        Parameters
        ----------
        coefficients : numpy.ndarray
            Draws, shape ``(..., column)``.
        values : numpy.ndarray
            One place, shape ``(covariate + 1,)``, or several, shape ``(cell, covariate + 1)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(...)`` or ``(..., cell)``.
        """
        *parts, sharpness = self.limits_at(coefficients, values)
        return soft_maximum(parts, sharpness, np)

    def limits_at(self, coefficients: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Log exposures that learning, the minimum and the capacity each demand there, and the sharpness."""
        values = np.asarray(values)
        columns = np.moveaxis(coefficients, -1, 0)
        if values.ndim == 2:
            columns = columns[..., None]
        return limits(list(columns), list(np.moveaxis(self.design_matrix(values), -1, 0)), np)

    def binding(self, coefficients: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Share of each limit (learning, minimum, capacity) in the slope of the law, shape ``(3, ...)``, of sum 1."""
        *parts, sharpness = self.limits_at(coefficients, values)
        height = np.stack(np.broadcast_arrays(*parts))
        weight = np.exp(sharpness * (height - height.max(axis=0)))
        return weight / weight.sum(axis=0)

    def named(self, coefficients: np.ndarray) -> dict[str, np.ndarray]:
        """Quantities that people ask for, by name.

        ``intercept`` ``(...)``, ``exponent`` and ``curvature`` ``(..., covariate)`` are the line and its derivatives at
        the reference; ``minimum_exposures``, ``bits_per_parameter``, ``turn`` and ``sharpness`` ``(...)`` the limits'
        own; ``coefficients`` ``(..., column)`` all of them.
        """
        here = np.array([*self.reference, self.one_bit])
        learning, _, capacity = self.binding(coefficients, here)
        exponent, turn, sharpness = np.exp(coefficients[..., 1]), coefficients[..., 2], np.exp(coefficients[..., -1])
        slope = exponent * np.cosh(turn)
        of_size = learning * slope + capacity
        spread = learning * slope**2 + capacity - of_size**2
        bend = sharpness * spread - learning * exponent * np.sinh(turn) / _TURN_WIDTH
        # the exposures at one bit per parameter rise in proportion to the budget
        with_budget = [float(name == schema.TOKENS) for name in self.covariates[1:]]
        others = [learning * coefficients[..., 3 + i] - capacity * w for i, w in enumerate(with_budget)]
        return {
            "intercept": self.log_critical_exposures(coefficients, here),
            "exponent": np.stack([of_size, *others], axis=-1),
            "curvature": np.stack([bend, *(0 * other for other in others)], axis=-1),
            "minimum_exposures": LEAST_EXPOSURES + np.exp(coefficients[..., -3]),
            "bits_per_parameter": np.exp(coefficients[..., -2]),
            "turn": turn,
            "sharpness": sharpness,
            "coefficients": coefficients,
        }

    def coefficients_of(self, named: Mapping[str, np.ndarray]) -> np.ndarray:
        """The inverse of `named`, ``(..., column)``."""
        return np.asarray(named["coefficients"])

    def fixed_columns(self, fixed: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        """Values of columns that are fixed by the names of quantities; intercept and exponent are those of learning."""
        last = len(self.columns)
        found = {}
        if "exponent" in fixed:
            exponents = np.broadcast_to(fixed["exponent"], (len(self.covariates),))
            found = {1: np.log(exponents[0]), **{3 + i: value for i, value in enumerate(exponents[1:])}}
        if "minimum_exposures" in fixed:
            found[last - 3] = np.log(np.maximum(np.asarray(fixed["minimum_exposures"]) - LEAST_EXPOSURES, _NOTHING))
        whole = {"intercept": 0, "turn": 2}
        logs = {"bits_per_parameter": last - 2, "sharpness": last - 1}
        found |= {column: np.asarray(fixed[name]) for name, column in whole.items() if name in fixed}
        return found | {column: np.log(fixed[name]) for name, column in logs.items() if name in fixed}

    def linear_at(self, centre: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Design ``(cell, column)`` and offset ``(cell,)`` of the tangent to the law's line at some coefficients."""
        steps = _STEP * np.eye(len(centre))
        up, down = (self.log_critical_exposures(centre + sign * steps, values) for sign in (1, -1))
        design = (up - down).T / (2 * _STEP)
        return design, self.log_critical_exposures(centre, values) - design @ centre


# Exposures above the least that there can be, where a minimum is fixed at the least.
_NOTHING = 1e-6

# Of a central difference: its error, some 1e-8, is far below any scatter.
_STEP = 1e-4


def limits(coefficients: Sequence[Array], design: Sequence[Array], xp: Any) -> tuple[Array, Array, Array, Array]:
    """Log exposures that learning, the minimum and the capacity each demand, and the sharpness of their meeting.

    Parameters
    ----------
    coefficients : sequence of array
        By the columns of `LimitsLaw`.
    design : sequence of array
        By the columns of `LimitsLaw.design_matrix`; each broadcasts with the coefficients.
    """
    level, log_exponent, turn, *others, least, bits, log_sharpness = coefficients
    size, bent, *other_sizes, one_bit = design
    small, large = xp.exp(log_exponent - turn), xp.exp(log_exponent + turn)
    learning = level - (small + large) / 2 * size - (large - small) / 2 * bent
    for exponent, z in zip(others, other_sizes, strict=True):
        learning = learning - exponent * z
    minimum = xp.log(LEAST_EXPOSURES + xp.exp(least))
    return learning, minimum + 0 * size, one_bit - bits, xp.exp(log_sharpness)


def soft_maximum(parts: Sequence[Array], sharpness: Array, xp: Any) -> Array:
    """log(sum of e^(s part)) / s, two at a time so that nothing overflows.

    With sharpness s = 1 critical exposures are the sum of the limits; a large s switches from one to the next.
    """
    first, *rest = parts
    top = first
    for part in rest:
        top = xp.maximum(top, part) + xp.log(1 + xp.exp(-sharpness * xp.abs(top - part))) / sharpness
    return top
