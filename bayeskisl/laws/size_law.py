"""How critical exposures move with size: a linear law with normal priors, on log scales."""

from dataclasses import dataclass

import numpy as np

from bayeskisl.laws.law import Law

__all__ = ["SizeLaw"]


@dataclass(frozen=True)
class SizeLaw:
    """log e50 = intercept - exponent . z + curvature . z^2 / 2, with z = log(covariate / reference).

    Parameters
    ----------
    covariates : tuple of str
        Those that the data vary, ``params`` first.
    reference : numpy.ndarray
        Geometric mean of each covariate over the cells, shape ``(covariate,)``.
    mean, sd : numpy.ndarray
        Normal priors of the coefficients, shape ``(column,)``; sd = 0 fixes a coefficient at its mean.

    Notes
    -----
    The columns are the intercept, one exponent per covariate, one curvature per covariate.
    """

    covariates: tuple[str, ...]
    reference: np.ndarray
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, law: Law, covariates: tuple[str, ...], values: np.ndarray) -> "SizeLaw":
        """The size law of `law` for cells whose covariates are `values`, shape ``(cell, covariate)``."""
        priors = law.priors
        exponents = [priors.exponent[name] for name in covariates]
        bends = [priors.curvature.get(name) for name in covariates]
        mean = [
            priors.critical_exposures.log_median,
            *(p.mean for p in exponents),
            *(b.mean if b else 0 for b in bends),
        ]
        sd = [priors.critical_exposures.log_sd, *(p.sd for p in exponents), *(b.sd if b else 0 for b in bends)]
        reference = np.exp(np.log(values).mean(axis=0))
        return cls(covariates, reference, np.array(mean, dtype=float), np.array(sd, dtype=float))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        of = (f"{what} {name}" for what in ("exponent", "curvature") for name in self.covariates)
        return ("intercept", *of)

    def z(self, values: np.ndarray) -> np.ndarray:
        """Log distances from the reference; shape as `values`, ``(..., covariate)``."""
        return np.log(np.asarray(values, dtype=float) / self.reference)

    def design_matrix(self, values: np.ndarray) -> np.ndarray:
        """What each coefficient is multiplied with, shape ``(..., column)`` for values ``(..., covariate)``."""
        z = self.z(values)
        return np.concatenate([np.ones_like(z[..., :1]), -z, z**2 / 2], axis=-1)

    def log_critical_exposures(self, coefficients: np.ndarray, values: np.ndarray) -> np.ndarray:
        """The law's line (without size scatter) at new covariates.

        Parameters
        ----------
        coefficients : numpy.ndarray
            Draws, shape ``(..., column)``.
        values : numpy.ndarray
            Covariates of one place, shape ``(covariate,)``.

        Returns
        -------
        numpy.ndarray
            Shape ``(...)``.
        """
        return coefficients @ self.design_matrix(values)

    def split(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Intercept ``(...)``, exponents ``(..., covariate)`` and curvatures ``(..., covariate)`` of coefficients."""
        count = len(self.covariates)
        return coefficients[..., 0], coefficients[..., 1 : 1 + count], coefficients[..., 1 + count :]

    @staticmethod
    def join(intercept: np.ndarray, exponents: np.ndarray, curvatures: np.ndarray) -> np.ndarray:
        """The inverse of `split`."""
        return np.concatenate([intercept[..., None], exponents, curvatures], axis=-1)
