"""Costs of runs, and the notation of budgets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bayeskisl.design.candidates import Run
from bayeskisl.errors import InputError

__all__ = ["FLOP", "SECONDS", "Budget", "Costs", "read_budget"]

SECONDS, FLOP = "device-seconds", "FLOP"
_UNITS = {"": (1.0, SECONDS), "s": (1.0, SECONDS), "min": (60.0, SECONDS), "h": (3600.0, SECONDS),
          "d": (86400.0, SECONDS), "flop": (1.0, FLOP), "flops": (1.0, FLOP)}  # fmt: skip


@dataclass(frozen=True)
class Budget:
    """An amount of compute: device-seconds or FLOP."""

    amount: float
    unit: str = SECONDS


def read_budget(text: str | float | Budget) -> Budget:
    """``600`` and ``600s`` (device-seconds), ``20min``, ``2h``, ``1d`` or ``1e18flop``.

    Raises
    ------
    InputError
        If it is none of these, or not positive.
    """
    if isinstance(text, Budget):
        return text
    match = re.fullmatch(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*([a-z]*)\s*", str(text).lower().replace("_", ""))
    try:
        scale, unit = _UNITS[match[2]] if match else (0.0, "")
        amount = float(match[1]) * scale if match else 0.0
    except (KeyError, ValueError):
        amount = 0.0
    if not (np.isfinite(amount) and amount > 0):
        raise InputError("a budget such as 600 (device-seconds), 20min, 2h or 1e18flop", repr(text), "budget")
    return Budget(amount, unit)


@dataclass(frozen=True)
class Costs:
    """Cost of a run: tokens x (per_token + per_token_and_param x N), in `unit`.

    Small models are bound by what each token costs whatever the size, large ones by their parameters.
    """

    per_token: float
    per_token_and_param: float
    unit: str
    source: str

    @classmethod
    def of_flops(cls) -> "Costs":
        """6 N D."""
        return cls(0.0, 6.0, FLOP, "6 N D")

    @classmethod
    def measured(cls, params: np.ndarray, tokens: np.ndarray, seconds: np.ndarray, source: str = "records") -> "Costs":
        """From device-seconds of single runs, by non-negative least squares of relative errors."""
        from scipy.optimize import nnls

        terms = np.stack([tokens, tokens * params], axis=1) / seconds[:, None]
        scale = terms.max(axis=0)
        (per_token, per_both), _ = nnls(terms / scale, np.ones(len(seconds)))
        return cls(float(per_token / scale[0]), float(per_both / scale[1]), SECONDS, source)

    @classmethod
    def of_records(cls, folder: str | Path) -> "Costs":
        """From the times that a sweep's sidecar noted.

        Raises
        ------
        InputError
            If the folder holds no sweep, or none with times.
        """
        rows = list(_timed_runs(Path(folder)))
        if not rows:
            raise InputError("a sweep's folder with times of its stacks", "none", str(folder),
                             "give the budget in FLOP, as 1e18flop")  # fmt: skip
        params, tokens, seconds = np.array(rows, dtype=float).T
        return cls.measured(params, tokens, seconds, f"{len(rows)} timed runs")

    def of(self, run: Run) -> float:
        """Cost of all replicates of a run."""
        return run.replicates * run.tokens * (self.per_token + self.per_token_and_param * run.params)


def _timed_runs(folder: Path) -> Iterator[tuple[float, float, float]]:
    """(params, tokens, device-seconds) of every run whose record and time are there."""
    from bayeskisl.sweeping import sweep_folders
    from bayeskisl.sweeping.record_reading import Record

    for sweep in sweep_folders(folder):
        records = (record for _, record in sweep.records_or_reasons())
        of_name = {record.run.name: record.run for record in records if isinstance(record, Record)}
        for note in sweep.sidecar():
            for name in note.get("runs", ()):
                if name in of_name:
                    run = of_name[name]
                    yield run.params, run.mixture.tokens, note["seconds"] / len(note["runs"])
