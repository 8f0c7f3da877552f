"""Simulation-based calibration: sweeps drawn from a law's prior, and where their truth falls in the posterior.

Over repetitions the truth is one more draw from the posterior, so that its place among the posterior's draws is
uniform (Cook, Gelman & Rubin 2006, doi:10.1198/106186006X136976; Talts et al. 2018, arXiv:1804.06788). The log
likelihood is ranked too, since it also sees a posterior that forgot its data (Modrák et al. 2023,
doi:10.1214/23-BA1404).
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.cores import available_cores
from bayeskisl.decision.fall import Fall
from bayeskisl.inference import Fit, extrapolate, simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.gate import STRUCTURAL, scalars
from bayeskisl.inference.pointwise import integrate_run_effects
from bayeskisl.laws import Law, load_law
from bayeskisl.laws.priors import LogNormalPrior
from bayeskisl.seeds import seed_of
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.simulated.fits import RANKS, fits_of
from studies.simulated.trials import Trials
from studies.simulated.turns import in_turn, write_table
from studies.simulated.uniformity import holm, p_value

__all__ = [
    "CONTROLS",
    "DESIGN",
    "EXACT",
    "FAMILY_WISE",
    "calibration_table",
    "calibration_trials",
    "prove_calibration",
    "simulate_ranks",
]

EXACT = "exact"

# Probability that any quantity of any law is rejected although all are calibrated.
FAMILY_WISE = 0.05

# Posteriors that are wrong on purpose, and must be found out; the last needs a fit of its own.
CONTROLS = ("halved_variance", "no_fresh_scatter", "prior", "no_run_effects")

# Of the first so many simulations.
_FITS_OF_THE_CONTROL = 64

# Levels from 3 to 7,700 exposures, since a prior puts critical exposures anywhere between.
DESIGN = {
    "params": [6_144, 13_824, 24_576, 55_296],
    "facts": [round(20 * 2.4**i) for i in range(10)],
    "seeds": 2,
}

# Sizes that were not trained: ten times the largest, and one between two of them, where the law is known so well that
# what is left is the scatter of that size and run.
_ASKED = {"at the target": 552_960, "between sizes": 36_864}


def calibration_trials(folder: Path, law: Law) -> Trials:
    """The finished simulations of one law."""
    asked = {"study": "calibration", "law": law.name, "law_sha256": law.sha256, "sizes_asked": list(_ASKED.values())}
    return Trials(folder / f"{law.name}.jsonl", asked)


def simulate_ranks(law: Law, numbers: list[int], seed: int = 0) -> list[dict[str, Any]]:
    """Where the truth of each simulated sweep falls in its posterior, and in those that are wrong on purpose.

    Parameters
    ----------
    law : Law
        Draws the truths, and is fitted.
    numbers : list of int
        Of the simulations.
    seed : int
        Of the whole study.

    Returns
    -------
    list of dict
        For each simulation whether its gate passed, and under ``exact`` and each of `CONTROLS` the probability integral
        transforms by quantity; ``no_run_effects``, which takes a second fit, for the first 64 simulations only. A
        failed gate is recorded, not left out.
    """
    sweeps = {number: simulate(law, DESIGN, seed=seed_of(seed, number)) for number in numbers}
    controlled = [number for number in numbers if number < _FITS_OF_THE_CONTROL]
    fits = dict(zip(numbers, fits_of(list(sweeps.values()), law, RANKS), strict=True))
    ignoring = fits_of([sweeps[number] for number in controlled], _without_run_effects(law), RANKS[:1])
    rows = {
        number: {"gate": fit.gate.passed, **_transforms(fit, np.random.default_rng([seed, number, 1]))}
        for number, fit in fits.items()
    }
    for number, fit in zip(controlled, ignoring, strict=True):
        rows[number][CONTROLS[-1]] = _transforms_ignoring(fit, np.random.default_rng([seed, number, 2]))
    return list(rows.values())


def _without_run_effects(law: Law) -> Law:
    """The same law for people who take each run's counts at face value."""
    none = LogNormalPrior(median=1e-3, log_sd=0.01)
    return law.model_copy(update={"priors": law.priors.model_copy(update={schema.SIGMA_RUN: none})})


def _transforms(fit: Fit, rng: np.random.Generator) -> dict[str, dict[str, float]]:
    known, drawn = _truth(fit, rng), _free(_quantities(fit, fit.posterior, rng))
    posteriors = {
        EXACT: drawn,
        "halved_variance": {label: _narrowed(draws) for label, draws in drawn.items()},
        "no_fresh_scatter": _at_new_sizes(fit, _without_scatter(fit.posterior), rng),
        "prior": _of_data(fit, fit.tree["prior"].to_dataset()),
    }
    return {
        name: {label: _transform(draws, known[label], rng) for label, draws in quantities.items()}
        for name, quantities in posteriors.items()
    }


def _transforms_ignoring(fit: Fit, rng: np.random.Generator) -> dict[str, float]:
    """Of a fit without run effects; the run scatter that it was told to ignore does not count against it."""
    known, drawn = _truth(fit, rng), _free(_quantities(fit, fit.posterior, rng))
    return {
        label: _transform(draws, known[label], rng)
        for label, draws in drawn.items()
        if not label.startswith(schema.SIGMA_RUN)
    }


def _truth(fit: Fit, rng: np.random.Generator) -> dict[str, FloatArray]:
    assert fit.truth is not None  # the curves were simulated
    return _quantities(fit, fit.truth.expand_dims(chain=1, draw=1), rng)


def _free(drawn: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Without what the law fixes; an optimum may be infinite in every draw and yet be free."""
    return {label: draws for label, draws in drawn.items() if np.isinf(draws).any() or np.ptp(draws) > 0}


def _narrowed(draws: FloatArray) -> FloatArray:
    """Half the variance, about the median (which exists where some draws are infinite)."""
    centre = np.median(draws)
    if np.isinf(centre):
        return draws
    return np.where(np.isinf(draws), draws, centre + (draws - centre) * np.sqrt(0.5))


def _transform(draws: FloatArray, truth: FloatArray, rng: np.random.Generator) -> float:
    """The share of draws below the truth, ties broken at random."""
    below, equal = np.sum(draws < truth.item()), np.sum(draws == truth.item())
    return round(float((below + rng.random() * (equal + 1)) / (draws.size + 1)), 4)


def _quantities(fit: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Draws of every structural quantity, of what is asked at sizes not trained, and of the log likelihood."""
    return dict(scalars(posterior, STRUCTURAL)) | _at_new_sizes(fit, posterior, rng) | _of_data(fit, posterior)


def _at_new_sizes(fit: Fit, posterior: xr.Dataset, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Log critical exposures of one fresh run at each size that is asked for, and those at its best infusion.

    Nothing, where a law knows no fall.
    """
    if not fit.law.falls:
        return {}
    measured = {group: fit.tree[group].to_dataset() for group in ("observed_data", "constant_data")}
    tree = xr.DataTree.from_dict({**measured, "posterior": posterior})
    tree.attrs = fit.tree.attrs
    tokens = float(fit.curves[schema.TOKENS][0])
    found: dict[str, FloatArray] = {}
    for where, params in _ASKED.items():
        at = extrapolate(tree, params, tokens, as_new=True, seed=int(rng.integers(2**31))).isel(group=0)
        fall = Fall(
            log_threshold=(at["log_critical_exposures"] + at["run_effect"]).values,
            steepness=np.exp(at["log_steepness"].values),
            floor=at["floor"].values,
            ceiling=at["ceiling"].values,
            shape=fit.law.fall.of(at).map(np.asarray),
        )
        found |= {f"threshold {where}": fall.log_threshold, f"optimum {where}": fall.log_exposures_at_optimum()}
    return found


def _of_data(fit: Fit, posterior: xr.Dataset) -> dict[str, FloatArray]:
    """The log likelihood of all runs."""
    named = {str(name): variable.values for name, variable in posterior.data_vars.items()}
    runs = integrate_run_effects(named, prepare(fit.curves, fit.law), fit.law, available_cores())
    return {"log likelihood": runs.log_likelihood.sum(axis=(2, 3))}


def _without_scatter(posterior: xr.Dataset) -> xr.Dataset:
    return posterior.assign({name: 0 * posterior[name] for name in (schema.TAU, schema.SIGMA_RUN)})


def calibration_table(studies: Sequence[Trials], family_wise: float = FAMILY_WISE) -> pl.DataFrame:
    """Which quantities of which posterior are out of calibration.

    Parameters
    ----------
    studies : sequence of Trials
        One per law.
    family_wise : float
        Error rate (Holm) over every quantity of every law's exact posterior together; of a posterior that is wrong on
        purpose, over its own quantities alone, so that finding it out is as hard as it can be made.

    Returns
    -------
    polars.DataFrame
        One row per law, posterior (``exact`` and the negative controls) and quantity: number of simulations, of which
        failed their gate, mean and standard deviation of the transforms (.5 and .289 when uniform), p-value of
        uniformity, whether it is rejected.
    """
    table = pl.concat([_of_posterior(trials, name) for trials in studies for name in (EXACT, *CONTROLS)])
    families = table.with_columns(family=pl.when(pl.col("posterior") == EXACT).then(None).otherwise(pl.col("law")))
    parts = [_judged(part.drop("family"), family_wise) for part in families.partition_by("posterior", "family")]
    order = table.select("law", "posterior", "quantity")
    return order.join(pl.concat(parts), on=order.columns, how="left", maintain_order="left")


def _of_posterior(trials: Trials, posterior: str) -> pl.DataFrame:
    rows = [row for row in trials.rows() if posterior in row]
    values = {label: np.array([row[posterior][label] for row in rows]) for label in rows[0][posterior]}
    return pl.DataFrame(
        {
            "law": trials.study["law"],
            "posterior": posterior,
            "quantity": list(values),
            "simulations": len(rows),
            "failed_gates": sum(not row["gate"] for row in rows),
            "mean": [float(each.mean()) for each in values.values()],
            "sd": [float(each.std()) for each in values.values()],
            "p_value": [p_value(each) for each in values.values()],
        }
    )


def _judged(table: pl.DataFrame, family_wise: float) -> pl.DataFrame:
    p_values = {f"{law} {quantity}": p for law, quantity, p in table.select("law", "quantity", "p_value").iter_rows()}
    rejected = holm(p_values, family_wise)
    return table.with_columns(rejected=pl.concat_str("law", "quantity", separator=" ").is_in(rejected))


def prove_calibration(
    folder: str | Path, laws: Sequence[str | Path | Law] = ("collapse",), count: int = 200, tell: Tell = say_nothing
) -> pl.DataFrame:
    """Simulation-based calibration of several laws; resumes from, and adds to, what the folder holds.

    Parameters
    ----------
    folder : path
        Receives one file of simulations per law and ``calibration.csv``.
    laws : sequence of laws
    count : int
        Simulations per law, at least; the table rests on all that are finished.
    tell : callable, optional

    Returns
    -------
    polars.DataFrame
        See `studies.calibration.calibration_table`.
    """
    studies = {
        law.name: (calibration_trials(Path(folder), law), partial(simulate_ranks, law)) for law in map(load_law, laws)
    }
    return write_table(calibration_table(in_turn(studies, studies, count, tell)), Path(folder) / "calibration.csv")


def main(
    out: Folder = Path("runs/proof/calibration"),
    law: Annotated[list[str] | None, typer.Option(help="A law; may be repeated.")] = None,
    count: Count = 200,
) -> None:
    """Whether the posterior of sweeps drawn from a law's prior is calibrated, and whether wrong ones are found out."""
    with counting("simulations") as tell:
        table = prove_calibration(out, tuple(law or ("collapse",)), count, tell)
    show(table, ("law", "posterior", "quantity", "simulations", "mean", "sd", "p_value", "rejected"))


if __name__ == "__main__":
    run(main)
