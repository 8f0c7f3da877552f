"""The gate: whether a posterior may be used."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from bayeskisl import schema
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import levels_of_runs
from bayeskisl.curves.cells import with_cells_in_words
from bayeskisl.errors import GateError, way
from bayeskisl.laws.falls import FALL_PARAMETERS
from bayeskisl.quantities import SAME_LEVEL

__all__ = [
    "DECISIVE", "LARGEST_CORRELATION", "LARGEST_RHAT", "LEAST_ESS", "MOST_DIVERGENT", "OF_LIMITS", "STRUCTURAL", "Gate",
    "examine", "seed_correlation",
]  # fmt: skip

# What conclusions rest on; the effects of single runs, hundreds of them, are judged through these.
STRUCTURAL: tuple[str, ...] = (
    "intercept", "exponent", "curvature", "tau", "sigma_run", "critical_exposures", "steepness", "steepness_intercept",
    "steepness_exponent", "steepness_scatter", *FALL_PARAMETERS, "ceiling", "lapse_intercept", "lapse_scatter", "floor",
    "concentration", "guess_concentration", "run_correlation", "load_effect", "domain_intercept",
    "domain_exponent", "sigma_run_exponent",
)  # fmt: skip

# Coefficients of a law with limits: a limit that does not bind is left to its prior, and nothing is judged by it.
OF_LIMITS = ("minimum_exposures", "bits_per_parameter", "turn")

# What is asked for, and what a prediction is made of: these decide whether a posterior may be used. The others are
# reported; a slow curvature or concentration does not take the answer away.
DECISIVE = (
    "intercept", "exponent", "tau", "sigma_run", "critical_exposures", "steepness", "steepness_exponent", "ceiling",
    "load_effect", "domain_intercept", "domain_exponent",
)  # fmt: skip

# A single size leaves these to their priors; no answer about that size rests on them.
_OF_SEVERAL_SIZES = ("exponent", "steepness_exponent", "tau")

# Vehtari et al. 2021, doi:10.1214/20-BA1221: R-hat below 1.01, and 100 effective draws per chain for 4 chains.
LARGEST_RHAT, LEAST_ESS, MOST_DIVERGENT = 1.01, 400, 0.001

# Up to here a posterior may be used with care. 100 effective draws place a mean to within a tenth of a standard
# deviation, and an end of a 90 % interval to within a fifth: far less than the priors matter. Chains that differ by
# R-hat = 1.05 add about a twentieth to the variance. One divergence in 100 draws leaves the bulk as it is.
_RHAT_WITH_CARE, _ESS_WITH_CARE, _DIVERGENT_WITH_CARE = 1.05, 100, 0.01

# Effects of two seeds of one level correlate at .8 where a shape cannot follow the curve and at 0 where it can. With
# fewer than six informative pairs no correlation, however large, is rarer than 1 in 100 by chance.
LARGEST_CORRELATION, _SIGNIFICANCE, _FEWEST_PAIRS, _SHUFFLES = 0.6, 0.01, 6, 10_000
_AT_ONCE = 1_000  # shuffles, so that 8,000 pairs of 4,000 runs take 40 MB


@dataclass(frozen=True)
class Gate:
    """The verdict on a posterior, and the numbers behind it.

    Attributes
    ----------
    passed : bool
        Whether the posterior may be used, possibly with care.
    reasons : tuple of str
        One sentence per failed test: its name, its number, and a remedy.
    shortfalls : tuple of str
        Each test that was missed by a small margin, with its number; the posterior may then be used with care.
    rhat : float
        Largest R-hat of the deciding variables, `DECISIVE`; at most 1.01.
    ess_bulk, ess_tail : float
        Smallest effective numbers of draws; at least 400.
    divergences : float
        Share of divergent draws; below 0.001.
    seed_correlation : float
        Correlation of the run effects of two seeds at one level of one cell; NaN without such pairs.
    seed_p_value : float
        P-value of that correlation, by flipping signs.
    seed_pairs : float
        Effective number of pairs behind it.
    """

    passed: bool
    reasons: tuple[str, ...]
    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: float
    seed_correlation: float
    seed_p_value: float
    seed_pairs: float
    shortfalls: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """``passed``, ``passed with care`` or ``failed``."""
        return ("passed with care" if self.shortfalls else "passed") if self.passed else "failed"

    @property
    def wants_draws(self) -> bool:
        """Whether more draws might pass a failed test; they cannot if the shape of the curve does not fit."""
        missed = bool(self.shortfalls) or not self.passed
        return missed and not _misfits(self.seed_correlation, self.seed_p_value, self.seed_pairs)

    @property
    def lacks_little(self) -> bool:
        """Whether the posterior may be used with care, and as many draws again promise to pass."""
        return self.passed and bool(2 * min(self.ess_bulk, self.ess_tail) >= LEAST_ESS)

    def to_dict(self) -> dict[str, Any]:
        """Return the gate as plain values, NaN as None."""
        return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Gate":
        """Return the gate of `to_dict`."""
        values: dict[str, Any] = {key: float("nan") if value is None else value for key, value in content.items()}
        return cls(**{**values, **{key: tuple(values.get(key, ())) for key in ("reasons", "shortfalls")}})

    def raise_if_failed(self, law: str, because: Sequence[str] = (), mendable: bool = True) -> None:
        """Raise `GateError` with every reason, if there is one.

        Parameters
        ----------
        law : str
            Name of the law of the posterior.
        because : sequence of str
            Findings about the data that no sampler can repair; they come first in the message.
        mendable : bool
            Whether more draws may help; else the reasons of the gate, which advise them, are left out.
        """
        if not self.passed:
            reasons = [f"{'; '.join(self.reasons)}."] if mendable else []
            raise GateError(
                f"the posterior of the law '{law}' may not be used: {' '.join([*because, *reasons])} To inspect it "
                "anyway, "
                f"{way('fit with throw=False', 'use `bayeskisl fit`, which saves it, labelled')}."
            )


def examine(posterior: xr.Dataset, sample_stats: xr.Dataset, curves: xr.Dataset, cell_of_run: IntArray) -> Gate:
    """Return the gate's verdict on a posterior of `curves`."""
    several = np.ptp(curves[schema.PARAMS].values) > 0
    in_words = with_cells_in_words(posterior, curves)
    convergence = diagnostics(in_words, [each for each in DECISIVE if several or each not in _OF_SEVERAL_SIZES])
    rhat, rhat_at = _worst(convergence, "r_hat", largest=True)
    bulk, bulk_at = _worst(convergence, "ess_bulk", largest=False)
    tail, tail_at = _worst(convergence, "ess_tail", largest=False)
    diverging = sample_stats["diverging"].values if "diverging" in sample_stats else np.zeros(1, dtype=bool)
    divergences = float(diverging.mean())
    correlation, p_value, pairs = seed_correlation(posterior, curves, cell_of_run)
    misfits = _misfits(correlation, p_value, pairs)
    more = "try more draws and tuning steps"
    disagree = f"chains disagree; {more}, or look for two explanations of the same curves"
    tests = (
        (
            f"R-hat of {rhat_at} is {rhat:.3f} (at most {LARGEST_RHAT})",
            f": the draws are too few to tell; {more}" if np.isnan(rhat) else f": {disagree}",
            rhat <= LARGEST_RHAT, rhat <= _RHAT_WITH_CARE,
        ),
        (
            f"bulk ESS of {bulk_at} is {bulk:.0f} (at least {LEAST_ESS})", f"; {more}",
            bulk >= LEAST_ESS, bulk >= _ESS_WITH_CARE,
        ),
        (
            f"tail ESS of {tail_at} is {tail:.0f} (at least {LEAST_ESS})", f"; {more}",
            tail >= LEAST_ESS, tail >= _ESS_WITH_CARE,
        ),
        (
            f"{diverging.sum():,} of {diverging.size:,} draws diverged (below {MOST_DIVERGENT:.1%})",
            "; try more tuning steps, or a prior of tau or sigma_run that stays away from zero",
            divergences < MOST_DIVERGENT, divergences < _DIVERGENT_WITH_CARE,
        ),
        (
            f"run effects of two seeds at one level correlate at {correlation:.2f} over {pairs:.0f} pairs (below "
            f"{LARGEST_CORRELATION})",
            ": the curve's shape does not fit; try another shape, or finer levels",
            not misfits, not misfits,
        ),
    )  # fmt: skip
    reasons = tuple(found + remedy for found, remedy, _, tolerable in tests if not tolerable)
    shortfalls = tuple(found for found, _, holds, tolerable in tests if tolerable and not holds)
    return Gate(not reasons, reasons, rhat, bulk, tail, divergences, correlation, p_value, pairs, shortfalls)


def diagnostics(posterior: xr.Dataset, names: Iterable[str] = STRUCTURAL) -> dict[str, dict[str, float]]:
    """R-hat and effective numbers of draws of each scalar that is not constant, by its label."""
    found = {}
    for label, draws in scalars(posterior, names):
        if np.ptp(draws) > 0:
            found[label] = {
                "r_hat": float(array_stats.rhat(draws)),
                "ess_bulk": float(array_stats.ess(draws)),
                "ess_tail": float(array_stats.ess(draws, method="tail", prob=(0.05, 0.95))),
            }
    return found


def scalars(posterior: xr.Dataset, names: Iterable[str]) -> Iterable[tuple[str, FloatArray]]:
    """Labels such as ``exponent[infused, params]`` and draws ``(chain, draw)`` of every scalar of some variables."""
    for name in (each for each in names if each in posterior):
        rest = [dim for dim in posterior[name].dims if dim not in ("chain", "draw")]
        variable = posterior[name].transpose("chain", "draw", *rest)
        for index in np.ndindex(*variable.shape[2:]):
            place = ", ".join(str(variable[dim].values[i]) for dim, i in zip(rest, index, strict=True))
            yield f"{name}[{place}]" if rest else name, variable.values[(slice(None), slice(None), *index)]


def seed_correlation(posterior: xr.Dataset, curves: xr.Dataset, cell_of_run: IntArray) -> tuple[float, float, float]:
    """Correlation of run effects of seeds that share cell and level, its p-value, and the effective number of pairs.

    Seeds share nothing but their place, so correlated effects are the curve's misfit, which each then counts as
    independent evidence. Effects of saturated runs are shrunk to zero and so drop out by themselves; under independence
    either sign of each product is equally likely, whatever its size.
    """
    of_draws = posterior["run_effect"] / posterior[schema.SIGMA_RUN]
    effects = of_draws.mean(("chain", "draw")).transpose(schema.RUN, schema.GROUP).values
    with np.errstate(divide="ignore"):
        level = axis_of(curves).to_line(levels_of_runs(curves))
    first, second = np.triu_indices(len(cell_of_run), k=1)
    same_level = np.isclose(level[first], level[second], rtol=0, atol=SAME_LEVEL)  # in log units, or log odds
    alike = (cell_of_run[first] == cell_of_run[second]) & same_level
    one, other = effects[first[alike]], effects[second[alike]]
    # groups of one run may correlate: a pair of runs keeps or flips its sign as a whole
    products, sizes = (one * other).sum(axis=1), (one**2 + other**2).sum(axis=1) / 2
    if not sizes.sum() > 0:
        return float("nan"), float("nan"), 0.0
    return float(products.sum() / sizes.sum()), _p_value(products), float(sizes.sum() ** 2 / (sizes**2).sum())


def _p_value(products: FloatArray) -> float:
    """Share of random signs of the products with at least their sum: those whose flipped products sum to 0 or less."""
    rng = np.random.default_rng(0)
    flipped = (rng.integers(2, size=(_AT_ONCE, len(products)), dtype=np.int8) for _ in range(_SHUFFLES // _AT_ONCE))
    as_large = sum(int(np.sum(each.astype(np.float32) @ products.astype(np.float32) <= 0)) for each in flipped)
    return (1 + as_large) / (1 + _SHUFFLES)


def _misfits(correlation: float, p_value: float, pairs: float) -> bool:
    return correlation >= LARGEST_CORRELATION and p_value < _SIGNIFICANCE and pairs >= _FEWEST_PAIRS


def _worst(convergence: dict[str, dict[str, float]], measure: str, largest: bool) -> tuple[float, str]:
    sign = 1 if largest else -1
    # NaN (too few draws or chains to tell) is the worst of all
    label = max(convergence, key=lambda key: (np.isnan(convergence[key][measure]), sign * convergence[key][measure]))
    return convergence[label][measure], label
