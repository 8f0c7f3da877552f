"""How critical exposures move with size: linear on log scales with normal priors, or bounded below."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayeskisl.errors import InputError
from bayeskisl.laws.law import Law

__all__ = ["SizeLaw", "saturated"]

Array = Any  # of NumPy, PyTensor or JAX


@dataclass(frozen=True)
class SizeLaw:
    """log e50 = intercept - exponent . z + curvature . z^2 / 2, with z = log(covariate / reference).

    Of several domains each adds its own intercept and exponents to what they have in common.

    Parameters
    ----------
    covariates : tuple of str
        Those that the data vary, ``params`` first.
    reference : numpy.ndarray
        Geometric mean of each covariate over the cells, shape ``(covariate,)``.
    mean, sd : numpy.ndarray
        Normal priors of the coefficients, shape ``(column,)``; sd = 0 fixes a coefficient at its mean.

    domains : tuple of str
        Where there are several. Places are then given by their covariates and, behind them, 1 for their domain and 0
        for the others; ``covariate`` in shapes below counts these too.

    Notes
    -----
    The columns are the intercept, one exponent per covariate, one curvature per covariate, and for each domain its
    intercept and exponents.

    A law that `saturates` has no curvature but two more columns, log minimum exposures and log sharpness, and the line
    is what `saturated` makes of intercept - exponent . z.
    """

    covariates: tuple[str, ...]
    reference: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    saturates: bool = False
    domains: tuple[str, ...] = ()

    @classmethod
    def of(cls, law: Law, covariates: tuple[str, ...], values: np.ndarray, domains: tuple[str, ...] = ()) -> "SizeLaw":
        """The size law of `law` for cells whose covariates are `values`, shape ``(cell, covariate)``.

        Raises
        ------
        InputError
            If there are domains and the law saturates.
        """
        if domains and law.saturates:
            raise InputError("a law linear in its coefficients for several domains", f"'{law.name}'", "law",
                             "fit 'collapse' or 'power', or each domain by itself")  # fmt: skip
        priors = law.priors
        first, least, sharp = priors.critical_exposures, priors.minimum_exposures, priors.sharpness
        pairs = [(first.log_median, first.log_sd), *((p.mean, p.sd) for p in map(priors.exponent.get, covariates))]
        if law.saturates:
            pairs += [(least.log_median, least.log_sd), (sharp.log_median, sharp.log_sd) if sharp else (0.0, 0.0)]
        else:
            pairs += [(bend.mean, bend.sd) if bend else (0.0, 0.0) for bend in map(priors.curvature.get, covariates)]
        mean, sd = np.array(pairs, dtype=float).T
        if domains:  # of the prior's variance, what domains have in common and what each has for itself
            count = 1 + len(covariates)
            pooling = law.pooling if law.domain_pooling is None else law.domain_pooling
            own = np.tile(np.sqrt(1 - pooling) * sd[:count], len(domains))
            sd = np.concatenate([np.sqrt(pooling) * sd[:count], sd[count:], own])
            mean = np.concatenate([mean, np.zeros_like(own)])
        reference = np.exp(np.log(values[:, : len(covariates)]).mean(axis=0))
        return cls(covariates, reference, mean, sd, law.saturates, domains)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        bends = (f"curvature {name}" for name in self.covariates)
        own = (f"{what} of {domain}" for domain in self.domains for what in ("intercept", *self._exponents))
        return ("intercept", *self._exponents, *(_OF_SATURATION if self.saturates else bends), *own)

    @property
    def _exponents(self) -> tuple[str, ...]:
        return tuple(f"exponent {name}" for name in self.covariates)

    def z(self, values: np.ndarray) -> np.ndarray:
        """Log distances from the reference, shape ``(..., covariate)`` without domains."""
        return np.log(np.asarray(values, dtype=float)[..., : len(self.covariates)] / self.reference)

    def design_matrix(self, values: np.ndarray) -> np.ndarray:
        """What each coefficient is multiplied with, shape ``(..., column)`` for values ``(..., covariate)``.

        Of a law that saturates, the columns of intercept and exponents alone.
        """
        z = self.z(values)
        line = np.concatenate([np.ones_like(z[..., :1]), -z], axis=-1)
        bends = [] if self.saturates else [z**2 / 2]
        places = np.asarray(values, dtype=float)[..., len(self.covariates) :]
        own = [places[..., i, None] * line for i in range(len(self.domains))]
        return np.concatenate([line, *bends, *own], axis=-1)

    def log_critical_exposures(self, coefficients: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The law's line (without size scatter) at new covariates.

        Parameters
        ----------
        coefficients : numpy.ndarray
            Draws, shape ``(..., column)``.
        values : numpy.ndarray
            Covariates of one place, shape ``(covariate,)``, or of several, shape ``(cell, covariate)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(...)`` or ``(..., cell)``.
        """
        values = np.asarray(values)
        design = self.design_matrix(np.atleast_2d(values))
        line = saturated(coefficients[..., None], design, np)[..., 0] if self.saturates else coefficients @ design.T
        return line if values.ndim == 2 else line[..., 0]

    def at_reference(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Intercept ``(...)``, exponents and curvatures ``(..., covariate)`` there: what laws of every kind share."""
        if not self.saturates:
            return self.split(coefficients)
        line, exponents, least, sharpness = self._parts(coefficients)
        falling = 1 / (1 + np.exp(-sharpness * (line - least)))  # share of the falling branch in the slope
        bend = sharpness * falling * (1 - falling)
        return (
            np.logaddexp(sharpness * line, sharpness * least) / sharpness,
            falling[..., None] * exponents,
            bend[..., None] * exponents**2,
        )

    def tangent(self, coefficients: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Derivatives of the law's line at cells with `values` by each coefficient, shape ``(cell, column)``."""
        design = self.design_matrix(values)
        if not self.saturates:
            return design
        _, _, least, sharpness = self._parts(coefficients)
        line, top = design @ coefficients[:-2], self.log_critical_exposures(coefficients, values)
        falling = (1 / (1 + np.exp(-sharpness * (line - least))))[:, None]
        by_log_sharpness = falling * line[:, None] + (1 - falling) * least - top[:, None]
        return np.concatenate([falling * design, 1 - falling, by_log_sharpness], axis=1)

    def _parts(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Intercept, exponents, log minimum exposures and sharpness of a law that saturates."""
        return coefficients[..., 0], coefficients[..., 1:-2], coefficients[..., -2], np.exp(coefficients[..., -1])

    def split(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Intercept ``(...)``, exponents ``(..., covariate)`` and curvatures ``(..., covariate)`` of coefficients."""
        count = len(self.covariates)
        return coefficients[..., 0], coefficients[..., 1 : 1 + count], coefficients[..., 1 + count : 1 + 2 * count]

    def split_domains(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each domain its own intercept ``(..., domain)`` and exponents ``(..., domain, covariate)``."""
        count = 1 + len(self.covariates)
        own = coefficients[..., 2 * count - 1 :].reshape(*coefficients.shape[:-1], len(self.domains), count)
        return own[..., 0], own[..., 1:]

    @staticmethod
    def join(intercept: np.ndarray, exponents: np.ndarray, curvatures: np.ndarray, *own: np.ndarray) -> np.ndarray:
        """The inverse of `split`, and with two more arrays of `split_domains`."""
        parts = [intercept[..., None], exponents, curvatures]
        if own:
            of_domains = np.concatenate([own[0][..., None], own[1]], axis=-1)
            parts.append(of_domains.reshape(*intercept.shape, -1))
        return np.concatenate(parts, axis=-1)


# Columns of a law that saturates, after its intercept and exponents.
_OF_SATURATION = ("log minimum exposures", "log sharpness")


def saturated(coefficients: Array, design: Array, xp: Any) -> Array:
    """Soft maximum of a falling line and the log of the minimum exposures, log(e^(s line) + e^(s least)) / s.

    With sharpness s = 1 critical exposures are the sum of a minimum and a power; a large s turns sharply from "bounded
    by capacity" to "bounded by exposures".

    Parameters
    ----------
    coefficients : array
        Of `xp`, shape ``(..., column, group)``.
    design : array
        Shape ``(cell, column - 2)``.

    Returns
    -------
    array
        Shape ``(..., cell, group)``.
    """
    line, least = design @ coefficients[..., :-2, :], coefficients[..., -2, :][..., None, :]
    sharpness = xp.exp(coefficients[..., -1, :][..., None, :])
    return xp.maximum(line, least) + xp.log1p(xp.exp(-sharpness * xp.abs(line - least))) / sharpness
