"""Tuning of each width's learning rate on a small budget before the sweep, with a written result."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bayeskisl.errors import SweepError
from bayeskisl.sweeping.records import write_atomically
from bayeskisl.sweeping.spec import RunSpec, SweepSpec, canonical_json
from bayeskisl.sweeping.store import SweepFolder

__all__ = ["TunedRate", "best_rate", "tune_sweep", "tuned_rates"]


@dataclass(frozen=True)
class TunedRate:
    """Result of tuning at one width.

    Attributes
    ----------
    learning_rate : float
        The peak rate to train with: where a parabola through the best rate and its neighbours is lowest.
    at_the_end : bool
        Whether the best rate is the lowest or the highest that was tried, so that a better one may lie beyond.
    nats : dict of str to float
        Mean cross-entropy of an answer by rate, over levels, depths, seeds and groups of facts; what the best rate
        makes least.
    """

    learning_rate: float
    at_the_end: bool
    nats: dict[str, float]


def tune_sweep(spec: SweepSpec, folder: SweepFolder, train: Callable[[SweepSpec, Path], Path]) -> SweepSpec:
    """Run the stage that finds learning rates, write them to ``tune.json``, and return the sweep with them.

    Parameters
    ----------
    spec : SweepSpec
        A sweep with `tune`.
    folder : SweepFolder
        Folder of that sweep; the stage's own records go to ``tune/`` in it.
    train : callable
        Trains a sweep under a folder and returns the sweep's own folder; what is there already is not done again.
    """
    records = SweepFolder(train(spec.tuning(), folder.path / "tune"))
    found = tuned_rates(spec, records)
    table = canonical_json({str(width): asdict(rate) for width, rate in found.items()})
    write_atomically(folder.path / "tune.json", (table + "\n").encode())
    return spec.with_rates({width: rate.learning_rate for width, rate in found.items()})


def tuned_rates(spec: SweepSpec, folder: SweepFolder) -> dict[int, TunedRate]:
    """Return the rate of each width, from the finished records of `spec.tuning()` in `folder`.

    Raises
    ------
    SweepError
        If every run of a width diverged.
    """
    tuning = spec.tuning()
    found = {}
    for width in tuning.widths:
        runs: dict[float, tuple[RunSpec, ...]] = {}
        for cell in tuning.cells():
            if cell.width == width and cell.learning_rate is not None:
                runs[cell.learning_rate] = runs.get(cell.learning_rate, ()) + tuning.runs_of(cell, tuning.levels)
        of_rate = {rate: _mean_nats(folder, of_it) for rate, of_it in runs.items()}
        if not np.isfinite(list(of_rate.values())).any():
            raise SweepError(f"every run of width {width} diverged while tuning; add lower rates to [tune].")
        found[width] = best_rate(of_rate)
    return found


def best_rate(nats: dict[float, float]) -> TunedRate:
    """Return the best of several rates, interpolated if the best has finite neighbours on both sides.

    Parameters
    ----------
    nats : dict of float to float
        Quantity to minimise, by rate; infinite where runs diverged.
    """
    rates = sorted(nats)
    values = np.array([nats[rate] for rate in rates])
    best = int(np.argmin(values))
    table = {f"{rate:g}": round(float(nats[rate]), 6) for rate in rates if math.isfinite(nats[rate])}
    inside = 0 < best < len(rates) - 1
    if not inside or not np.isfinite(values[best - 1 : best + 2]).all():
        return TunedRate(rates[best], not inside, table)
    logs = np.log(rates[best - 1 : best + 2])
    # Least on the interval of the three, since the middle one is no higher than its neighbours.
    curvature, slope, _ = np.polyfit(logs, values[best - 1 : best + 2], 2)
    lowest = -slope / (2 * curvature) if curvature > 0 else logs[1]
    return TunedRate(float(f"{math.exp(lowest):.3g}"), False, table)


def _mean_nats(folder: SweepFolder, runs: tuple[RunSpec, ...]) -> float:
    """Mean answer cross-entropy of facts at the last measurement, not of choices; infinite if a run diverged."""
    means = []
    for run in runs:
        probes = [line for line in folder.lines(run) if line["kind"] == "probe"]
        if not probes:
            return math.inf
        last = max(line["tokens_seen"] for line in probes)
        recall = [line for line in probes if line["tokens_seen"] == last and "guessing" not in line]
        means += [line["answer_nats"] / line["probed"] for line in recall if line["probed"]]
    return float(np.mean(means))
