"""Costs of runs: measured, from a table, or from FLOP and a device's speed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayeskisl.arguments import (
    as_numbers,
    in_words,
    require_instance,
    require_number,
    require_one_of,
    require_path,
    require_positive,
)
from bayeskisl.arrays import FloatArray
from bayeskisl.budgets import DOLLARS, FLOP, SECONDS, Budget, costs_remedy
from bayeskisl.design.cost_tables import read_cost_table
from bayeskisl.design.runs import Run
from bayeskisl.errors import InputError, argument
from bayeskisl.quantities import as_number, short
from bayeskisl.sweeping.device_peaks import UTILISATION, peak_of

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Costs", "costs_for"]

_FLOP_PER_PARAM_AND_TOKEN = 6.0  # two forward and four backward (Kaplan et al. 2020, arXiv:2001.08361, section 2.1)


@dataclass(frozen=True)
class Costs:
    """Cost of a run: tokens x (per_token + per_token_and_param x N), in `unit`, times a correction where one is known.

    The cost of a small model is dominated by a constant per token, that of a large one by its parameters.

    Parameters
    ----------
    per_token, per_token_and_param : float
    unit : str
        Device-seconds, FLOP or dollars.
    source : str
        Source of the costs, in words.
    per_hour : float, optional
        Dollars per device-hour, if the costs are dollars for time.
    known : tuple of (float, float)
        Sizes with a stated cost, ascending, each with its cost divided by that of the formula. Between them the
        logarithm of the correction is interpolated in log size; beyond them the nearest correction applies.
    per_run : bool
        Whether the costs were stated for runs like those of the curves, so that only relative tokens count.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> costs = bk.Costs(2.49e-7, 9.53e-11, "device-seconds", "231 timed runs")
    >>> costs.unit
    'device-seconds'
    """

    per_token: float
    per_token_and_param: float
    unit: str
    source: str
    per_hour: float | None = None
    known: tuple[tuple[float, float], ...] = ()
    per_run: bool = False

    def __post_init__(self) -> None:
        for name in ("per_token", "per_token_and_param"):
            require_number(getattr(self, name), name)
        require_one_of(self.unit, (SECONDS, FLOP, DOLLARS), "unit")
        if self.per_hour is not None:
            require_positive(self.per_hour, "per_hour")

    @classmethod
    def of_flops(cls) -> "Costs":
        """Return costs of 6 N D FLOP."""
        return cls(0.0, _FLOP_PER_PARAM_AND_TOKEN, FLOP, "6 N D")

    @classmethod
    def on_device(cls, device: str, utilisation: float = UTILISATION) -> "Costs":
        """Return device-seconds from 6 N D and the speed of a device.

        Parameters
        ----------
        device : str
            Name of the device, such as ``"h100"``, see `bayeskisl.sweeping.device_peaks.PEAKS`; or its peak in FLOP/s,
            ``"9.89e14"``.
        utilisation : float
            Share of the peak that training reaches, in (0, 1].

        Raises
        ------
        InputError
            If the device is unknown, or the utilisation is out of range.
        """
        if not 0 < as_number(utilisation) <= 1:
            raise InputError("a share of the peak in (0, 1]", in_words(utilisation), argument("utilisation"))
        peak = peak_of(device)
        source = f"6 N D at {100 * utilisation:g} % of the {short(peak)} FLOP/s of {device}"
        return cls(0.0, _FLOP_PER_PARAM_AND_TOKEN / (utilisation * peak), SECONDS, source)

    @classmethod
    def measured(cls, params: FloatArray, tokens: FloatArray, seconds: FloatArray, source: str = "records") -> "Costs":
        """Fit device-seconds of single runs, by non-negative least squares of relative errors.

        Parameters
        ----------
        params, tokens, seconds : numpy.ndarray
            Size, budget and time of each run, ``(run,)``.
        source : str
            Origin of the times, in words.

        Raises
        ------
        InputError
            If they are no positive numbers, or of several lengths.
        """
        from scipy.optimize import nnls

        named = {"params": params, "tokens": tokens, "seconds": seconds}
        params, tokens, seconds = (as_numbers(values, name) for name, values in named.items())
        for name, values in named.items():
            if np.shape(values) != (np.size(params),) or not np.all(as_numbers(values, name) > 0):
                raise InputError("positive numbers, one for each run", in_words(values), name)
        terms = np.stack([tokens, tokens * params], axis=1) / seconds[:, None]
        scale = terms.max(axis=0)
        (per_token, per_both), _ = nnls(terms / scale, np.ones(len(seconds)))
        return cls(float(per_token / scale[0]), float(per_both / scale[1]), SECONDS, source)

    @classmethod
    def of_records(cls, folder: str | Path) -> "Costs":
        """Return costs from the times in a sweep's sidecar.

        Raises
        ------
        InputError
            If the folder contains no sweep with times.
        """
        require_path(folder, "a sweep's folder", "folder")
        rows = list(_timed_runs(Path(folder)))
        if not rows:
            raise InputError("a sweep's folder with times of its stacks", "none", str(folder),
                             "give the budget in FLOP, as 1e18flop")  # fmt: skip
        params, tokens, seconds = np.array(rows, dtype=float).T
        return cls.measured(params, tokens, seconds, f"{len(rows)} timed runs")

    @classmethod
    def of_table(cls, table: Any, curves: "xr.Dataset | None" = None) -> "Costs":
        """Return costs from a table of runs; sizes in the table cost what it states.

        Parameters
        ----------
        table : path, frame, mapping of columns, or sequence of mappings
            Columns ``params`` and ``tokens``, or ``run``, and one of ``seconds``, ``hours``, ``dollars``, ``flop``.
        curves : xarray.Dataset, optional
            Curves that name the runs and give the token budget if the table has none: ``fit.curves``.

        Raises
        ------
        InputError
            If the table cannot be read, see `bayeskisl.design.cost_tables.read_cost_table`.
        """
        rows = read_cost_table(table, curves)
        sizes = np.unique(rows.params)
        if len(sizes) > 1:
            line = cls.measured(rows.params, rows.tokens, rows.cost)
        else:  # one size cannot show what a token costs whatever the size
            line = cls(0.0, float(np.mean(rows.cost / (rows.params * rows.tokens))), rows.unit, "")
        formula = rows.tokens * (line.per_token + line.per_token_and_param * rows.params)
        log_ratio = np.log(rows.cost / formula)
        known = tuple((float(n), float(np.exp(log_ratio[rows.params == n].mean()))) for n in sizes)
        source = f"{rows.origin}, {len(sizes)} size{'s' * (len(sizes) > 1)}"
        return replace(line, unit=rows.unit, source=source, known=known, per_run=rows.per_run)

    def priced(self, per_hour: float) -> "Costs":
        """Return the costs in dollars, for device-seconds at a price in dollars per device-hour.

        Raises
        ------
        InputError
            If these costs are not device-seconds, or the price is not positive.
        """
        where = argument("price")
        require_positive(per_hour, where, "positive dollars per device-hour")
        if self.unit != SECONDS:
            raise InputError("costs in device-seconds beside a price per hour", f"costs in {self.unit}", where)
        rate = per_hour / 3600.0
        return replace(
            self,
            per_token=self.per_token * rate,
            per_token_and_param=self.per_token_and_param * rate,
            unit=DOLLARS,
            source=f"{self.source}, at ${per_hour:g} per device-hour",
            per_hour=per_hour,
        )

    def of(self, run: Run) -> float:
        """Return the cost of all replicates of a `Run`."""
        require_instance(run, Run, "run")
        return run.replicates * run.tokens * self._of_token(run.params)

    def _of_token(self, params: float) -> float:
        plain = self.per_token + self.per_token_and_param * params
        if not self.known:
            return plain
        sizes, ratios = np.log(np.array(self.known)).T
        return plain * float(np.exp(np.interp(np.log(params), sizes, ratios)))


def costs_for(budget: Budget, costs: Costs | None, option: str = "") -> tuple[Budget, Costs]:
    """Return the budget and the costs in one unit: by default 6 N D for FLOP, dollars for hours with a price.

    Parameters
    ----------
    budget : Budget
    costs : Costs, optional
    option : str
        Remedy at a command line that does not take costs from a device or from records.

    Raises
    ------
    InputError
        If the budget is in device-seconds or dollars without costs, or the costs are in another unit.
    """
    if costs is not None:
        require_instance(costs, Costs, "costs", "take `bk.Costs.of_records`, `.of_table`, `.on_device` or `.of_flops`")
    if costs is not None and costs.unit == DOLLARS and costs.per_hour is not None:
        budget = budget.priced(costs.per_hour)
    if costs is not None and costs.unit == budget.unit:
        return budget, costs
    if costs is None and budget.unit == FLOP:
        return budget, Costs.of_flops()
    got = "none" if costs is None else f"costs in {costs.unit}"
    raise InputError(f"costs beside a budget in {budget.unit}", got, "costs", costs_remedy(budget.unit, option))


def _timed_runs(folder: Path) -> Iterator[tuple[float, float, float]]:
    """(params, tokens, device-seconds) of every run with a record and a time."""
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
