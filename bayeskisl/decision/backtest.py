"""Result of a back-test: every prediction beside its measurement, and the scores by horizon."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl.arguments import require_instance
from bayeskisl.card import card, escaped
from bayeskisl.errors import require_ending
from bayeskisl.files import replace_file
from bayeskisl.kinds import BACKTEST
from bayeskisl.laws import TwoRules
from bayeskisl.netcdf import write_netcdf

__all__ = ["HORIZONS", "Backtest"]

# Upper ends of the horizons that the summary tells apart, in multiples of the largest fitted size.
HORIZONS = (2.0, 4.0, 10.0, np.inf)


@dataclass(frozen=True, repr=False)
class Backtest:
    """Predictions of measured sizes, each made from smaller sizes alone.

    Attributes
    ----------
    data : xarray.Dataset
        Dim ``forecast``, one per number of fitted sizes and larger cell.

        The question: ``fitted_sizes``, the ``smallest`` and the ``largest`` of them, ``params``, ``tokens``,
        ``cell``, and ``horizon``, size over the largest fitted size. The fit: ``gate``, ``gate_reasons``, and
        ``prior_driven``, the covariates that its sizes never varied.

        On the sweep's axis: the predicted half-point ``median`` with its interval ``low`` to ``high``, and the
        ``measured`` one with ``measured_low``, ``measured_high`` and ``bound``. ``verdict``: hit, miss, or undecided
        where the measurement is a bound.

        As factors of critical exposures, which in an amount sweep are factors of facts: the interval's ``width``, and
        ``factor``, predicted over measured, above 1 if over-infusion was predicted, with ``factor_low`` and
        ``factor_high``. ``score``: interval score of log critical exposures, lower is better.

        For each rule of thumb (``proportional``, ``power_law``): its number, its factor, and its score as an interval
        of width zero.
    """

    kind: ClassVar[str] = BACKTEST
    data: xr.Dataset

    def __post_init__(self) -> None:
        require_instance(self.data, xr.Dataset, "data", "make a back-test with `bk.backtest(curves)`")

    def __repr__(self) -> str:
        table = self.table
        counts = [f"{len(table.filter(verdict=name))} {name}" for name in ("hit", "miss", "undecided")]
        return f"<Back-test of the law '{self.data.attrs['law']}': {len(table)} predictions, {', '.join(counts)}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                f"horizon {row['horizon']}",
                f"{row['forecasts']} predictions, {row['decided']} of them decided"
                + (f": {round(row['covered'] * row['decided'])} inside the interval" if row["decided"] else ""),
            )
            for row in self.by_horizon.iter_rows(named=True)
        ]
        return card("back-test", escaped([("predictions", repr(self).strip("<>")), *rows]))

    @property
    def table(self) -> pl.DataFrame:
        """One row per prediction, columns as in `data`."""
        return pl.DataFrame({str(name): column.values.tolist() for name, column in self.data.data_vars.items()})

    @property
    def by_horizon(self) -> pl.DataFrame:
        """One row per horizon with predictions: up to 2, 4 and 10 times the largest fitted size, and beyond.

        ``forecasts``, and the number of them from fits with ``failed_gates``; ``decided``, and the share of these that
        the interval ``covered``; median ``width``, median ``error`` and mean ``score``; error and score also for each
        rule of thumb. Errors are factors of critical exposures, never below 1.
        """
        table = self.table
        rows = [
            {"horizon": name, **_scores(part)}
            for name, part in ((_named(*ends), _between(table, *ends)) for ends in _ends())
            if len(part)
        ]
        return pl.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return both tables and the provenance as plain values for JSON; None stands for missing numbers."""
        return {
            "forecasts": [_plain(row) for row in self.table.iter_rows(named=True)],
            "by_horizon": [_plain(row) for row in self.by_horizon.iter_rows(named=True)],
            **{name: value for name, value in self.data.attrs.items() if name != "content"},
        }

    def save(self, path: str | Path) -> Path:
        """Write everything as NetCDF, or the table as CSV, by the file's ending.

        Raises
        ------
        InputError
            If the name ends in neither ``.nc`` nor ``.csv``.
        """
        path = Path(path)
        require_ending(path, (".csv", ".nc"), "the back-test's file")
        if path.suffix == ".nc":
            return write_netcdf(self.data, path)
        replace_file(path, self.table.write_csv().encode())
        return path


def _ends() -> Iterator[tuple[float, float]]:
    return zip((1.0, *HORIZONS), HORIZONS, strict=False)


def _named(low: float, high: float) -> str:
    if low == 1:
        return f"up to {high:g}x"
    return f"{low:g}x to {high:g}x" if np.isfinite(high) else f"beyond {low:g}x"


def _between(table: pl.DataFrame, low: float, high: float) -> pl.DataFrame:
    slack = 1 + 1e-9  # a ladder of powers of two stands on the ends
    return table.filter((pl.col("horizon") > low * slack if low > 1 else True) & (pl.col("horizon") <= high * slack))


def _scores(part: pl.DataFrame) -> dict[str, Any]:
    decided = part.filter(pl.col("verdict") != "undecided")["verdict"]
    of_rules = {
        name: value
        for rule in TwoRules._fields
        for name, value in ((f"{rule}_error", _error(part[f"{rule}_factor"])),
                            (f"{rule}_score", _mean(part[f"{rule}_score"])))
    }  # fmt: skip
    return {
        "forecasts": len(part),
        "failed_gates": int((~part["gate"]).sum()),
        "decided": len(decided),
        "covered": _mean((decided == "hit").cast(pl.Float64)),
        "width": float(np.median(part["width"])),
        "error": _error(part["factor"]),
        "score": _mean(part["score"]),
        **of_rules,
    }


def _error(factors: pl.Series) -> float:
    known = factors.to_numpy()[~np.isnan(factors.to_numpy())]
    return float(np.exp(np.median(np.abs(np.log(known))))) if known.size else np.nan


def _mean(values: pl.Series) -> float:
    known = values.to_numpy()[~np.isnan(values.to_numpy())]
    return float(known.mean()) if known.size else np.nan


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in row.items()}
