"""Values of cells about a law of size that saturates, whose coefficients are sampled: they cannot be integrated out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.inference.given import GivenCurve
from bayeskisl.laws.size_law import saturated

__all__ = ["CurveOfSize", "coefficients_at", "curve_values"]

Array = Any  # of NumPy, PyTensor or JAX

# exp(60) is far from overflow, and a branch that far off has no share.
_FARTHEST = 60.0


@dataclass(frozen=True)
class CurveOfSize:
    """The prior of the values, and how they are best sampled; as `bayeskisl.inference.lines.Line`.

    Parameters
    ----------
    design : numpy.ndarray
        Of the falling branch, shape ``(cell, column - 2)``.
    mean, sd, common_sd : numpy.ndarray
        Priors of the coefficients, shape ``(column,)``.
    rough : numpy.ndarray
        Where sampling starts, shape ``(cell, group)``.
    information : numpy.ndarray
        Of the data about a typical value, shape ``(group,)``.
    scatter : float
        A typical one.
    """

    design: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    common_sd: np.ndarray
    rough: np.ndarray
    information: np.ndarray
    scatter: float

    @property
    def freedom(self) -> np.ndarray:
        """Share of the prior in what is known, shape ``(cell, group)``."""
        return np.broadcast_to(1 / (1 + self.information * self.scatter**2), self.rough.shape)

    def given(self, is_real: np.ndarray) -> GivenCurve:
        """What `coefficients_at` and `curve_values` work from; cells of padding are N(0, 1), on their own."""
        return GivenCurve(
            mean=self.mean,
            sd=self.sd,
            is_free=(self.sd > 0).astype(float),
            common=self.common_sd,
            design=np.where(is_real[:, None], self.design, 0.0),
            own_scatter=is_real.astype(float),
            rough=self.rough,
            freedom=self.freedom,
        )

    def mean_given(self, common: np.ndarray | None) -> np.ndarray:
        """See `bayeskisl.inference.lines.Line.mean_given`."""
        return self.mean if common is None else self.mean + self.common_sd * common


def coefficients_at(
    normal: Callable[[str, Array, Array], Array], columns: int, common: Array | None, curve: GivenCurve, xp: Any
) -> Array:
    """Coefficients (column, group), sampled in coordinates that thresholds pin one by one.

    Intercept a, exponents alpha and log minimum f have independent normal priors, but trade off along a bent ridge on
    which a sampler crawls. In their place stand, given the sharpness s: the distance a - f; the law's value at the
    reference, f + log(1 + e^(s (a - f))) / s; and its slopes there, w alpha, w the falling branch's share. Each is
    normal given those before it. A fixed exponent leaves its slope a standard normal.

    Parameters
    ----------
    normal : callable
        ``normal(name, mean, sd)`` is a normal variable over groups, under that name.
    columns : int
        Number of coefficients.
    common : array or None
        What groups have in common, (column,).
    """
    mean = (curve.mean if common is None else curve.mean + curve.common * common)[..., None]
    m, sd = [mean[..., k, :] for k in range(columns)], curve.sd
    branch, least, last = 0, columns - 2, columns - 1
    log_sharpness = m[last] + sd[last] * normal("sharpness_z", 0.0, 1.0)
    sharpness = xp.exp(log_sharpness)

    both = sd[branch] ** 2 + sd[least] ** 2
    expected = m[branch] - m[least]
    distance = normal("branch_distance", expected, both**0.5)
    scaled = xp.clip(sharpness * distance, -_FARTHEST, _FARTHEST)
    above = xp.log1p(xp.exp(scaled)) / sharpness
    share = 1 / (1 + xp.exp(-scaled))
    given_distance = m[least] - sd[least] ** 2 / both * (distance - expected)
    level = normal("level", given_distance + above, sd[branch] * sd[least] / both**0.5)
    found = {branch: level - above + distance, least: level - above, last: log_sharpness}
    for k in range(1, least):
        free = curve.is_free[k]
        slope = normal(f"slope_{k}", free * share * m[k], free * share * sd[k] + (1 - free))
        found[k] = (1 - free) * m[k] + free * slope / share
    # side by side by sums: the gradient of a stack has no C, see `bayeskisl.inference.c_source`
    return sum(value[..., None, :] * np.eye(columns)[k][:, None] for k, value in found.items())


def curve_values(coefficients: Array, curve: GivenCurve, xp: Any) -> Array:
    """The law's values (cell, group) without scatter; zero in cells of padding."""
    return curve.own_scatter[:, None] * saturated(coefficients, curve.design, xp)
