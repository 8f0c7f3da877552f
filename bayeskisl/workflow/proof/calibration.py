"""Simulation-based calibration: sweeps drawn from a law's prior, and where their truth falls in the posterior.

Over repetitions the truth is one more draw from the posterior, so that its place among the posterior's draws is
uniform (Cook, Gelman & Rubin 2006, doi:10.1198/106186006X136976; Talts et al. 2018, arXiv:1804.06788). The log
likelihood is ranked too, since it also sees a posterior that forgot its data (Modrák et al. 2023,
doi:10.1214/23-BA1404).
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.fall import Fall
from bayeskisl.inference import Fit, extrapolate, simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.gate import STRUCTURAL, scalars
from bayeskisl.inference.pointwise import integrated_log_likelihood
from bayeskisl.laws import Law
from bayeskisl.workflow.proof.fits import fits_of
from bayeskisl.workflow.proof.trials import Trials
from bayeskisl.workflow.proof.uniformity import holm, p_value

__all__ = ["CONTROLS", "DESIGN", "calibration_table", "calibration_trials", "simulate_ranks"]

# Posteriors that are wrong on purpose, and must be found out.
CONTROLS = ("halved_variance", "no_fresh_scatter", "prior")

DESIGN = {
    "params": [6_144, 13_824, 24_576, 55_296, 98_304],
    "facts": [31 * 2**i for i in range(8)],
    "seeds": 2,
}
_TARGET = 983_040


def calibration_trials(folder: Path, law: Law) -> Trials:
    """The finished simulations of one law."""
    return Trials(folder / f"{law.name}.jsonl", {"study": "calibration", "law": law.name, "law_sha256": law.sha256})


def simulate_ranks(law: Law, numbers: list[int], fitted: Law | None = None, seed: int = 0) -> list[dict[str, Any]]:
    """Where the truth of each simulated sweep falls in its posterior, and in three that are wrong on purpose.

    Parameters
    ----------
    law : Law
        Draws the truths.
    numbers : list of int
        Of the simulations.
    fitted : Law, optional
        Is fitted; another than `law` makes a negative control.
    seed : int
        Of the whole study.

    Returns
    -------
    list of dict
        For each simulation whether its gate passed, and under ``exact``, ``halved_variance``, ``no_fresh_scatter`` and
        ``prior`` the probability integral transforms by quantity. A failed gate is recorded, not left out.
    """
    sweeps = [simulate(law, DESIGN, seed=_seed(seed, number)) for number in numbers]
    fits = fits_of(sweeps, fitted or law, rivals=())
    return [
        {"gate": fit.gate.passed, **_transforms(fit, np.random.default_rng([seed, number, 1]))}
        for fit, number in zip(fits, numbers, strict=True)
    ]


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def _transforms(fit: Fit, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    known = _quantities(fit, fit.truth.expand_dims(chain=1, draw=1), rng)
    drawn = _quantities(fit, fit.posterior, rng)
    drawn = {label: draws for label, draws in drawn.items() if np.ptp(draws) > 0}  # a law may fix a coefficient
    posteriors = {
        "exact": drawn,
        "halved_variance": {label: _narrowed(draws) for label, draws in drawn.items()},
        "no_fresh_scatter": _at_target(fit, _without_scatter(fit.posterior), rng),
        "prior": _of_data(fit, fit.tree["prior"].to_dataset()),
    }
    return {
        name: {label: _transform(draws, known[label], rng) for label, draws in quantities.items()}
        for name, quantities in posteriors.items()
    }


def _narrowed(draws: np.ndarray) -> np.ndarray:
    """Half the variance, about the median (which exists where some draws are infinite)."""
    centre = np.median(draws)
    return centre + (draws - centre) * np.sqrt(0.5)


def _transform(draws: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> float:
    """The share of draws below the truth, ties broken at random."""
    below, equal = np.sum(draws < truth.item()), np.sum(draws == truth.item())
    return round(float((below + rng.random() * (equal + 1)) / (draws.size + 1)), 4)


def _quantities(fit: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draws of every structural quantity, of what is asked at the target, and of the log likelihood."""
    return dict(scalars(posterior, STRUCTURAL)) | _at_target(fit, posterior, rng) | _of_data(fit, posterior)


def _at_target(fit: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Log critical exposures of one fresh run at a size ten times the largest, and those at its best infusion."""
    tree = xr.DataTree.from_dict({"constant_data": fit.tree["constant_data"].to_dataset(), "posterior": posterior})
    tree.attrs = fit.tree.attrs
    tokens = float(fit.curves[schema.TOKENS][0])
    at = extrapolate(tree, _TARGET, tokens, seed=int(rng.integers(2**31))).isel(group=0)
    fall = Fall(
        shape=fit.law.curve,
        log_threshold=(at["log_critical_exposures"] + at["run_effect"]).values,
        steepness=np.exp(at["log_steepness"].values),
        floor=at["floor"].values,
        ceiling=at["ceiling"].values,
    )
    return {"threshold at the target": fall.log_threshold, "optimum at the target": fall.log_exposures_at_optimum()}


def _of_data(fit: Fit, posterior: xr.Dataset) -> dict[str, np.ndarray]:
    """The log likelihood of all runs."""
    named = {str(name): variable.values for name, variable in posterior.data_vars.items()}
    by_run = integrated_log_likelihood(named, prepare(fit.curves, fit.law), fit.law.curve)
    return {"log likelihood": by_run.sum(axis=(2, 3))}


def _without_scatter(posterior: xr.Dataset) -> xr.Dataset:
    return posterior.assign({name: 0 * posterior[name] for name in (schema.TAU, schema.SIGMA_RUN)})


def calibration_table(trials: Trials, count: int | None = None, family_wise: float = 0.05) -> pl.DataFrame:
    """Which quantities of which posterior are out of calibration.

    Parameters
    ----------
    trials : Trials
    count : int, optional
        Only the first so many simulations.
    family_wise : float
        Error rate over all quantities of one posterior (Holm).

    Returns
    -------
    polars.DataFrame
        One row per posterior (``exact`` and the negative controls) and quantity: number of simulations, mean and
        standard deviation of the transforms (.5 and .289 when uniform), p-value of uniformity, whether it is rejected.
    """
    rows = trials.rows(count)
    tables = []
    for posterior in ("exact", *CONTROLS):
        values = {label: np.array([row[posterior][label] for row in rows]) for label in rows[0][posterior]}
        p_values = {label: p_value(each) for label, each in values.items()}
        rejected = holm(p_values, family_wise)
        tables.append(
            pl.DataFrame(
                {
                    "law": trials.study["law"],
                    "posterior": posterior,
                    "quantity": list(values),
                    "simulations": len(rows),
                    "failed_gates": sum(not row["gate"] for row in rows),
                    "mean": [float(each.mean()) for each in values.values()],
                    "sd": [float(each.std()) for each in values.values()],
                    "p_value": list(p_values.values()),
                    "rejected": [label in rejected for label in values],
                }
            )
        )
    return pl.concat(tables)
