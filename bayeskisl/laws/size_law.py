"""Critical exposures against size: linear on log scales, with normal priors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.laws.law import Law
from bayeskisl.laws.law_of_size import LawOfSize

__all__ = ["SizeLaw"]


@dataclass(frozen=True)
class SizeLaw(LawOfSize):
    """log e50 = intercept - exponent . z + curvature . z^2 / 2, with z = log(covariate / reference).

    Of several domains each adds its own intercept and exponents to what they have in common. Its parameters are those
    of `LawOfSize`.

    Notes
    -----
    The columns are the intercept, one exponent per covariate, one curvature per covariate, and for each domain its
    intercept and exponents.
    """

    @classmethod
    def of(cls, law: Law, covariates: tuple[str, ...], values: FloatArray, domains: tuple[str, ...] = ()) -> "SizeLaw":
        """Return the law of size of `law` for cells at `values`, shape ``(cell, place)``."""
        priors = law.priors
        first = priors.critical_exposures
        pairs = [
            (first.log_median, first.log_sd),
            *((p.mean, p.sd) for p in (priors.exponent[name] for name in covariates)),
        ]
        pairs += [(bend.mean, bend.sd) if bend else (0.0, 0.0) for bend in map(priors.curvature.get, covariates)]
        mean, sd = np.array(pairs, dtype=float).T
        if domains:
            count = 1 + len(covariates)
            shared_part, own_part = law.split_between_domains(domains)
            own = np.tile(own_part * sd[:count], len(domains))
            sd = np.concatenate([shared_part * sd[:count], sd[count:], own])
            mean = np.concatenate([mean, np.zeros_like(own)])
        reference = np.exp(np.log(values[:, : len(covariates)]).mean(axis=0))
        return cls(covariates, reference, mean, sd, domains)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        bends = (f"curvature {name}" for name in self.covariates)
        own = (f"{what} of {domain}" for domain in self.domains for what in ("intercept", *self._exponents))
        return ("intercept", *self._exponents, *bends, *own)

    @property
    def _exponents(self) -> tuple[str, ...]:
        return tuple(f"exponent {name}" for name in self.covariates)

    def design_matrix(self, values: FloatArray) -> FloatArray:
        """Return the factor of each coefficient, shape ``(..., column)`` for places ``(..., place)``."""
        z = self.z(values)
        line = np.concatenate([np.ones_like(z[..., :1]), -z], axis=-1)
        places = np.asarray(values, dtype=float)[..., len(self.covariates) :]
        own = [places[..., i, None] * line for i in range(len(self.domains))]
        return np.concatenate([line, z**2 / 2, *own], axis=-1)

    def log_critical_exposures(self, coefficients: FloatArray, values: FloatArray) -> FloatArray:
        values = np.asarray(values)
        line = coefficients @ self.design_matrix(np.atleast_2d(values)).T
        return line if values.ndim == 2 else line[..., 0]

    def named(self, coefficients: FloatArray) -> dict[str, FloatArray]:
        """Reported quantities by name: intercept ``(...)``, exponent and curvature ``(..., covariate)``.

        Of several domains also what each adds, ``domain_intercept`` ``(..., domain)`` and ``domain_exponent``
        ``(..., domain, covariate)``.
        """
        named = dict(zip(_NAMES, self.split(coefficients), strict=False))
        return named | dict(zip(_NAMES[3:], self.split_domains(coefficients), strict=True)) if self.domains else named

    def coefficients_of(self, named: Mapping[str, FloatArray]) -> FloatArray:
        return self.join(*(np.asarray(named[name]) for name in _NAMES if name in named))

    def fixed_columns(self, fixed: Mapping[str, FloatArray]) -> dict[int, FloatArray]:
        count, total = len(self.covariates), len(self.columns)
        last, end = 1 + count, 1 + 2 * count
        places = {"intercept": range(1), "exponent": range(1, last), "curvature": range(last, end)}
        if self.domains:
            places["domain_intercept"] = range(end, total, 1 + count)
        return {
            column: value[..., i] if value.ndim else value
            for name, columns in places.items()
            if name in fixed
            for value in [np.asarray(fixed[name])]
            for i, column in enumerate(columns)
        }

    def linear_at(self, centre: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Design ``(cell, column)`` and offset ``(cell,)`` of the law's line; exact for every coefficient."""
        return self.design_matrix(values), np.zeros(len(values))

    def split(self, coefficients: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Intercept ``(...)``, exponents ``(..., covariate)`` and curvatures ``(..., covariate)`` of coefficients."""
        count = len(self.covariates)
        return coefficients[..., 0], coefficients[..., 1 : 1 + count], coefficients[..., 1 + count : 1 + 2 * count]

    def split_domains(self, coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return each domain's intercept ``(..., domain)`` and exponents ``(..., domain, covariate)``."""
        count = 1 + len(self.covariates)
        own = coefficients[..., 2 * count - 1 :].reshape(*coefficients.shape[:-1], len(self.domains), count)
        return own[..., 0], own[..., 1:]

    @staticmethod
    def join(intercept: FloatArray, exponents: FloatArray, curvatures: FloatArray, *own: FloatArray) -> FloatArray:
        """The inverse of `split`; with two more arrays also of `split_domains`."""
        parts = [intercept[..., None], exponents, curvatures]
        if own:
            of_domains = np.concatenate([own[0][..., None], own[1]], axis=-1)
            parts.append(of_domains.reshape(*intercept.shape, -1))
        return np.concatenate(parts, axis=-1)


# Quantities that the coefficients are, in the order of the columns.
_NAMES = ("intercept", "exponent", "curvature", "domain_intercept", "domain_exponent")
