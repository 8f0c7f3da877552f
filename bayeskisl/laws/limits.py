"""Critical exposures against size under three limits: learning, capacity, and a minimum of exposures.

Each limit is monotone in size, and so is their soft maximum: it has no turning point, and follows the data within them.
A power law, a law that saturates and a capacity in proportion to size are special cases.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.laws.law import Law
from bayeskisl.laws.law_of_size import LawOfSize
from bayeskisl.laws.layout import Layout

__all__ = [
    "LEAST_EXPOSURES",
    "LIMITS",
    "LimitsDesign",
    "LimitsLaw",
    "limits",
    "soft_maximum",
]

Array = Any  # of NumPy, PyTensor or JAX

# In the order of `LimitsLaw.limits_at`.
LIMITS = ("learning", "minimum", "capacity")

# A fact is seen a Poisson number of times: at log 2 mean exposures half of the facts have not been seen at all, so that
# no model can keep half of them at fewer.
LEAST_EXPOSURES = float(np.log(2))

# Logarithm of the bits per parameter of a law without a capacity: e^69 = 1e30 puts this limit far below the others.
_ANY_BITS = 69.0

# How the exposures at one bit per parameter follow other covariates, in powers: r D b / (l N), see `Capacity`.
_POWERS = {schema.TOKENS: 1.0, schema.RATIO: 1.0, schema.BITS_PER_FACT: 1.0, schema.TOKENS_PER_FACT: -1.0}

# The learning exponent turns from one value to another over a factor of e^1.5, 4.5, of size to either side of the
# reference: about the range of a ladder of six sizes, so that the data can tell both.
_TURN_WIDTH = 1.5


@dataclass(frozen=True)
class LimitsDesign:
    """Inputs of the law at each place.

    Attributes
    ----------
    level, log_exponent : array
        Factors of the coefficients in the level of learning and in the logarithm of its exponent, ``(..., column)``.
    size, bent : array
        z of params, and T(z), ``(...)``.
    one_bit : array
        Log exposures at which the load is one bit per parameter, ``(...)``.
    """

    level: Array
    log_exponent: Array
    size: Array
    bent: Array
    one_bit: Array

    def map(self, change: Callable[[Array], Array]) -> "LimitsDesign":
        """Return the design with every array changed."""
        return LimitsDesign(*(change(getattr(self, each.name)) for each in fields(self)))


@dataclass(frozen=True)
class LimitsLaw(LawOfSize):
    """log e50 = soft maximum of log learning, log minimum and log capacity, each in exposures.

    - learning: log e = level - exponent z - turn T(z) - other exponents . other z, z = log(params / reference), where
      the exponent runs from ``exponent e^-turn`` for small to ``exponent e^turn`` for large sizes;
    - minimum: log e = log(least + minimum), the same at every size;
    - capacity: log e = log(exposures at which the load is one bit per parameter) - log(bits per parameter).

    Of several domains each has its own level and exponents of learning, about what they have in common; the minimum and
    the bits per parameter are those of the model, whatever it learns. Its parameters are those of `LawOfSize`, and:

    Parameters
    ----------
    one_bit : float
        Geometric mean over the cells of the exposures at which the load is one bit per parameter; `named` alone needs
        it.

    Notes
    -----
    The columns of the coefficients are those of `layout`.
    """

    takes_capacity: ClassVar[bool] = True

    one_bit: float = float("nan")

    @classmethod
    def of(
        cls,
        law: Law,
        covariates: tuple[str, ...],
        values: FloatArray,
        bits_log_sd: float = 0.0,
        domains: tuple[str, ...] = (),
    ) -> "LimitsLaw":
        """Return the law of size of `law` for cells at `values`, shape ``(cell, place)``.

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
        others = [(priors.exponent[name].mean, priors.exponent[name].sd) for name in covariates[1:]]
        learning = [(first.log_median, first.log_sd), (exponent.log_median, exponent.log_sd), *others]
        shared, own = law.split_between_domains(domains)
        pairs = Layout.in_order(
            [(mean, shared * sd) for mean, sd in learning],
            (turn.mean, turn.sd) if turn else (0.0, 0.0),
            [(0.0, own * sd) for _ in domains for _, sd in learning],
            [
                (least.log_median, least.log_sd),
                (capacity.log_median, float(np.hypot(capacity.log_sd, bits_log_sd))) if capacity else (_ANY_BITS, 0.0),
                (sharpness.log_median, sharpness.log_sd) if sharpness else (0.0, 0.0),
            ],
        )
        mean, sd = np.array(pairs, dtype=float).T
        centre = np.exp(np.log(values[:, [*range(len(covariates)), -1]]).mean(axis=0))
        return cls(covariates, centre[:-1], mean, sd, domains, float(centre[-1]))

    @property
    def layout(self) -> Layout:
        """Columns of the coefficients."""
        return Layout(len(self.covariates) - 1, len(self.domains))

    @property
    def has_capacity(self) -> bool:
        """Whether the bits per parameter are bounded."""
        return not (len(self.mean) and self.mean[Layout.capacity] == _ANY_BITS)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        learning = [
            "log learning exposures",
            f"log exponent {self.covariates[0]}",
            *(f"exponent {name}" for name in self.covariates[1:]),
        ]
        own = (f"{what} of {domain}" for domain in self.domains for what in learning)
        last = "log minimum exposures", "log bits per parameter", "log sharpness"
        return tuple(Layout.in_order(learning, "turn", own, last))

    def design(self, values: FloatArray) -> LimitsDesign:
        """Return the inputs of `limits` at places ``(..., place)``."""
        values, z = np.asarray(values, dtype=float), self.z(values)
        size, none = z[..., :1], np.zeros_like(z[..., :1])
        in_level = np.concatenate([none + 1, none, -z[..., 1:]], axis=-1)
        in_exponent = np.concatenate([none, none + 1, np.zeros_like(z[..., 1:])], axis=-1)
        domains = values[..., len(self.covariates) : -1]

        def factors(of_learning: FloatArray) -> FloatArray:
            """Factors by column; the turn and the last three columns have none."""
            own = (domains[..., i, None] * of_learning for i in range(len(self.domains)))
            learning = np.split(of_learning, of_learning.shape[-1], axis=-1)
            return np.concatenate(Layout.in_order(learning, none, own, [none] * 3), axis=-1)

        bent = _TURN_WIDTH * np.log(np.cosh(size / _TURN_WIDTH))
        return LimitsDesign(
            factors(in_level), factors(in_exponent), size[..., 0], bent[..., 0], np.log(values[..., -1])
        )

    def log_critical_exposures(self, coefficients: FloatArray, values: FloatArray) -> FloatArray:
        *parts, sharpness = self.limits_at(coefficients, values)
        return soft_maximum(parts, sharpness, np)

    def limits_at(self, coefficients: FloatArray, values: FloatArray) -> tuple[FloatArray, ...]:
        """Log exposures that learning, the minimum and the capacity each demand, and the sharpness."""
        design = self.design(values)
        several = np.ndim(values) == 2  # cells stand behind draws
        shared = [coefficients[..., column, None] if several else coefficients[..., column] for column in Layout.shared]
        return limits(coefficients @ design.level.T, coefficients @ design.log_exponent.T, shared, design, np)

    def largest(self, coefficients: FloatArray, values: FloatArray) -> IntArray:
        *demands, _ = self.limits_at(coefficients, values)
        return np.stack(np.broadcast_arrays(*demands)).argmax(axis=0)

    def binding(self, coefficients: FloatArray, values: FloatArray) -> FloatArray:
        """Share of each limit (learning, minimum, capacity) in the slope of the law, shape ``(3, ...)``, of sum 1."""
        *parts, sharpness = self.limits_at(coefficients, values)
        height = np.stack(np.broadcast_arrays(*parts))
        weight = np.exp(sharpness * (height - height.max(axis=0)))
        return weight / weight.sum(axis=0)

    def named(self, coefficients: FloatArray) -> dict[str, FloatArray]:
        """Reported quantities by name.

        ``intercept`` ``(...)``, ``exponent`` and ``curvature`` ``(..., covariate)`` are the line and its derivatives at
        the reference; ``minimum_exposures`` (above the least, log 2, as its prior says), ``turn``, ``sharpness`` and,
        where the law has a capacity, ``bits_per_parameter`` ``(...)`` the limits' own; ``coefficients``
        ``(..., column)`` all of them. Of several domains, the former are those of what domains
        have in common, and each adds ``domain_intercept`` ``(..., domain)`` to the level of learning and
        ``domain_exponent`` ``(..., domain, covariate)`` to its exponents.
        """
        here = np.array([*self.reference, *(0.0 for _ in self.domains), self.one_bit])
        learning, _, capacity = self.binding(coefficients, here)
        exponent, turn = np.exp(coefficients[..., Layout.log_exponent]), coefficients[..., Layout.turn]
        sharpness = np.exp(coefficients[..., Layout.sharpness])
        slope = exponent * np.cosh(turn)
        of_size = learning * slope + capacity
        spread = learning * slope**2 + capacity - of_size**2
        bend = sharpness * spread - learning * exponent * np.sinh(turn) / _TURN_WIDTH
        powers = [_POWERS.get(name, 0.0) for name in self.covariates[1:]]
        others = [
            learning * coefficients[..., column] - capacity * power
            for column, power in zip(self.layout.other_exponents, powers, strict=True)
        ]
        own = self._of_domains(coefficients) if self.domains else {}
        bits = {"bits_per_parameter": np.exp(coefficients[..., Layout.capacity])} if self.has_capacity else {}
        return {
            **own,
            **bits,
            "intercept": self.log_critical_exposures(coefficients, here),
            "exponent": np.stack([of_size, *others], axis=-1),
            "curvature": np.stack([bend, *(0 * other for other in others)], axis=-1),
            "minimum_exposures": np.exp(coefficients[..., Layout.minimum]),
            "turn": turn,
            "sharpness": sharpness,
            "coefficients": coefficients,
        }

    def _of_domains(self, coefficients: FloatArray) -> dict[str, FloatArray]:
        own = self.layout.split_domains(coefficients)
        common = np.exp(coefficients[..., Layout.log_exponent])[..., None]
        of_size = common * np.expm1(own[..., 1])
        return {
            "domain_intercept": own[..., 0],
            "domain_exponent": np.concatenate([of_size[..., None], own[..., 2:]], axis=-1),
        }

    def alone(self, domain: str) -> tuple["LimitsLaw", FloatArray]:
        """Return the law of one of several domains, and the map from the coefficients of all, ``(column, own)``.

        ``coefficients @ matrix`` are those of the domain, what it has in common with the others included.
        """
        one = replace(self, domains=(), mean=np.zeros(0), sd=np.zeros(0))
        enters = [[float(column in (name, f"{name} of {domain}")) for name in one.columns] for column in self.columns]
        return one, np.array(enters)

    def coefficients_of(self, named: Mapping[str, FloatArray]) -> FloatArray:
        return np.asarray(named["coefficients"])

    def fixed_columns(self, fixed: Mapping[str, FloatArray]) -> dict[int, FloatArray]:
        """Values of columns that are fixed by the names of quantities; intercept and exponent are those of learning."""
        layout, found = self.layout, {}
        if "exponent" in fixed:
            of_size, *others = np.broadcast_to(fixed["exponent"], (len(self.covariates),))
            found = {layout.log_exponent: np.log(of_size), **dict(zip(layout.other_exponents, others, strict=True))}
        if "domain_intercept" in fixed:
            of_domains = np.asarray(fixed["domain_intercept"])
            found |= {column: of_domains[..., i] for i, column in enumerate(layout.levels_of_domains)}
        whole = {"intercept": layout.level, "turn": layout.turn}
        logs = {"minimum_exposures": layout.minimum, "bits_per_parameter": layout.capacity}
        logs |= {"sharpness": layout.sharpness}
        found |= {column: np.asarray(fixed[name]) for name, column in whole.items() if name in fixed}
        return found | {column % layout.count: np.log(fixed[name]) for name, column in logs.items() if name in fixed}

    def linear_at(self, centre: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Design ``(cell, column)`` and offset ``(cell,)`` of the tangent to the law's line at some coefficients."""
        steps = _STEP * np.eye(len(centre))
        up, down = (self.log_critical_exposures(centre + sign * steps, values) for sign in (1, -1))
        design = (up - down).T / (2 * _STEP)
        return design, self.log_critical_exposures(centre, values) - design @ centre


# Of a central difference: its error, some 1e-8, is far below any scatter.
_STEP = 1e-4


def limits(
    level: Array, log_exponent: Array, shared: Sequence[Array], design: LimitsDesign, xp: Any
) -> tuple[Array, Array, Array, Array]:
    """Log exposures that learning, the minimum and the capacity each demand, and the sharpness of their meeting.

    Parameters
    ----------
    level, log_exponent : array
        Level and log exponent of learning, the products of coefficients and `design`.
    shared : sequence of array
        The other coefficients, in the columns `Layout.shared`.
    design : LimitsDesign
        Its last three fields broadcast with the coefficients.
    """
    turn, least, bits, log_sharpness = shared
    small, large = xp.exp(log_exponent - turn), xp.exp(log_exponent + turn)
    learning = level - (small + large) / 2 * design.size - (large - small) / 2 * design.bent
    minimum = xp.log(LEAST_EXPOSURES + xp.exp(least))
    return learning, minimum + 0 * design.size, design.one_bit - bits, xp.exp(log_sharpness)


def soft_maximum(parts: Sequence[Array], sharpness: Array, xp: Any) -> Array:
    """log(sum of e^(s part)) / s, computed pairwise to avoid overflow.

    With sharpness s = 1 critical exposures are the sum of the limits; a large s switches from one to the next.
    """
    first, *rest = parts
    top = first
    for part in rest:
        top = xp.maximum(top, part) + xp.log(1 + xp.exp(-sharpness * xp.abs(top - part))) / sharpness
    return top
