"""The rolling origin on one's own curves: the smallest sizes predict all larger ones, which were measured."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

import bayeskisl
from bayeskisl import schema
from bayeskisl.arguments import require_share, require_whole
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.curves import cell_table, final, load_curves, with_covariates, without_covariates
from bayeskisl.curves.groups import deciding_group
from bayeskisl.decision.backtest import Backtest
from bayeskisl.decision.half_point import measure_half_point, predict_half_point
from bayeskisl.decision.planned_model import PlannedModel, model_of_cell
from bayeskisl.errors import InputError
from bayeskisl.intervals import OPPOSITE, HalfPoint, Interval, interval, interval_score
from bayeskisl.laws import Law, load_law, two_rules

if TYPE_CHECKING:
    from bayeskisl.inference import Fit

__all__ = ["FEWEST_SIZES", "backtest"]

# With three sizes a slope and its bend are determined, and nothing is left to contradict them.
FEWEST_SIZES = 3


def backtest(
    curves: xr.Dataset | str | Path,
    law: str | Path | Law = "limits",
    *,
    group: str | None = None,
    first: int = FEWEST_SIZES,
    sizes: Sequence[float] | None = None,
    draws: int = 1000,
    method: Literal["nuts", "preview"] = "nuts",
    ci_prob: float = 0.9,
    seed: int = 0,
    progress: bool | Callable[[str], None] = False,
) -> Backtest:
    """Predict the larger sizes of a sweep from its smaller ones, and compare with their measurements.

    The law is fitted to the `first` smallest sizes, then to one more, and so on up to all but the largest. Each fit
    predicts the half-point of every larger cell (its collapse point, or its onset if nothing falls), including the
    scatter of sizes. The prediction is compared with the cell's own half-point, measured from its counts without a law
    of size. If a size has several budgets or values of other covariates, each of its cells is predicted.

    Parameters
    ----------
    curves : xarray.Dataset or path
        Retention curves of at least one size more than `first`, of one domain.
    law : str, path or Law
        The law, fitted without rivals; it must have a fall.
    group : str, optional
        The probe group; by default the first whose retention falls along the axis, or else the first whose retention
        rises.
    first : int
        Number of sizes of the first fit.
    sizes : sequence of float, optional
        The model sizes (non-embedding parameters) to use; by default all.
    draws, method, seed, progress
        See `bayeskisl.fit`. A preview takes a second per fit, and never passes its gate.
    ci_prob : float
        Probability of the intervals.

    Returns
    -------
    Backtest
        Predictions and measurements, beside two rules of thumb that use the measured half-points of the same sizes, see
        `bayeskisl.laws.two_rules`. A fit that fails its gate is marked in the table.

    Raises
    ------
    InputError
        If there are too few sizes, a size or group is not in the curves, there are several domains, or the law does
        not fall.
    """
    curves = _of_sizes(final(load_curves(curves)), sizes)
    law = load_law(law)
    curves = with_covariates(without_covariates(curves), law.covariates)
    _require_one_domain(curves)
    require_share(ci_prob=ci_prob)
    require_whole(first, "first", 1)
    if not law.falls:
        raise InputError("a law that falls", repr(law.name), "law")
    group = _known_group(curves, group)
    if callable(progress):
        progress("measuring the half-point of each size")
    cells = Cells.of(curves, group, ci_prob)
    how: dict[str, Any] = {"draws": draws, "method": method, "seed": seed, "progress": progress}
    rows = [
        row for last in _last_fitted(curves, first) for row in cells.forecasts(fit_between(curves, law, 0, last, **how))
    ]
    return Backtest(_dataset(rows, curves, law, group, {"ci_prob": ci_prob, "seed": seed, "method": method}))


def fit_between(curves: xr.Dataset, law: Law, smallest: float, largest: float, **how: Any) -> "Fit":
    """Fit the law to the sizes of a range, whatever its gate says. Keywords are those of `bayeskisl.fit`."""
    from bayeskisl.inference import fit

    sizes = curves[schema.PARAMS].values
    seen = curves.isel({schema.RUN: np.flatnonzero((sizes >= smallest) & (sizes <= largest))})
    return fit(seen, law, rivals=(), throw=False, **how)


@dataclass(frozen=True)
class Cells:
    """The cells of a sweep that probed one group, each as a target and with its own half-point."""

    table: xr.Dataset
    models: dict[int, PlannedModel]
    measured: dict[int, HalfPoint]
    ci_prob: float

    @classmethod
    def of(cls, curves: xr.Dataset, group: str, ci_prob: float) -> "Cells":
        table, cell_of_run = cell_table(curves)
        probed = curves[schema.PROBED].sel(group=group).values > 0
        models, measured = {}, {}
        for cell in np.unique(cell_of_run[probed]).tolist():
            covariates = {str(name): float(table[name][cell]) for name in table.data_vars}
            models[cell] = model_of_cell(curves, covariates, group)
            runs = curves.isel({schema.RUN: np.flatnonzero(cell_of_run == cell)})
            measured[cell] = measure_half_point(runs, group, ci_prob=ci_prob)
        return cls(table, models, measured, ci_prob)

    def forecasts(self, fit: "Fit") -> Iterator[dict[str, Any]]:
        """One row per cell that is larger than the largest fitted size."""
        gate = {"gate": fit.gate.passed, "gate_reasons": "; ".join(fit.gate.reasons)}
        sizes, seed = np.unique(fit.curves[schema.PARAMS].values), fit.tree.attrs["seed"]
        last = float(sizes[-1])
        for cell, model in self.models.items():
            if model.params > last:
                ahead, prior_driven = predict_half_point(fit, model, seed=seed)
                yield {
                    "fitted_sizes": len(sizes),
                    "smallest": float(sizes[0]),
                    "largest": last,
                    schema.PARAMS: model.params,
                    schema.TOKENS: model.tokens,
                    "cell": str(self.table[schema.CELL].values[cell]),
                    "horizon": model.params / last,
                    **gate,
                    "prior_driven": ", ".join(prior_driven),
                    **_compared(model, interval(ahead, self.ci_prob), self.measured[cell], self.ci_prob),
                    **self._rules(cell, sizes),
                }

    def _rules(self, cell: int, sizes: FloatArray) -> dict[str, float]:
        """Predict a cell by rules of thumb, from the infusions at the measured half-points of the fitted sizes."""
        known = self._known_sizes(cell, sizes)
        model, own = self.models[cell], self.measured[cell]
        said = two_rules(
            self.table[schema.PARAMS].values[known],
            np.array([_counted(model, self.models[each], self.measured[each]) for each in known]),
            model.params,
        )
        row = {}
        for rule, point in said._asdict().items():
            row[rule] = _infusion(model, point)
            row[f"{rule}_factor"] = _factor(model, point, own)
            row[f"{rule}_score"] = np.nan if own.bound else interval_score(point, point, own.median, self.ci_prob)
        return row

    def _known_sizes(self, cell: int, sizes: FloatArray) -> list[int]:
        """One measured cell of each fitted size, with the budget nearest to the target's."""
        log_tokens = np.log(self.table[schema.TOKENS].values)
        nearest: dict[float, int] = {}
        for each in sorted(self.models, key=lambda each: abs(log_tokens[each] - log_tokens[cell])):
            size = float(self.table[schema.PARAMS][each])
            if size in sizes and not self.measured[each].bound:
                nearest.setdefault(size, each)
        return list(nearest.values())


def _infusion(model: PlannedModel, log_exposures: float) -> float:
    """Value of the axis at exposures of the model's group; 0 or 1 if no ratio gives them."""
    return float(model.infusion(log_exposures))


def _counted(model: PlannedModel, other: PlannedModel, measured: HalfPoint) -> float:
    """Log exposures that the model's facts have at the infusion of another cell's half-point."""
    with np.errstate(divide="ignore"):
        return float(model.log_exposures(np.asarray(_infusion(other, measured.median))))


def _compared(model: PlannedModel, predicted: Interval, measured: HalfPoint, ci_prob: float) -> dict[str, Any]:
    """Both half-points on the sweep's axis, and their distance."""
    low, high = sorted((_infusion(model, predicted.low), _infusion(model, predicted.high)))
    measured_low, measured_high = sorted((_infusion(model, measured.low), _infusion(model, measured.high)))
    ends = (predicted.low, predicted.high)
    factors = [_factor(model, end, measured) for end in ends]
    return {
        "low": low,
        "median": _infusion(model, predicted.median),
        "high": high,
        "measured": _infusion(model, measured.median),
        "measured_low": measured_low,
        "measured_high": measured_high,
        "bound": OPPOSITE[measured.bound] if model.axis.moves(model.group) < 0 else measured.bound,
        "verdict": measured.outcome(predicted),
        "score": np.nan if measured.bound else interval_score(*ends, measured.median, ci_prob),
        "width": float(np.exp(predicted.high - predicted.low)),
        "factor_low": min(factors),
        "factor": _factor(model, predicted.median, measured),
        "factor_high": max(factors),
    }


def _factor(model: PlannedModel, log_exposures: float, measured: HalfPoint) -> float:
    """Predicted over measured, above 1 if over-infusion was predicted; NaN if the measurement is a bound."""
    if measured.bound:
        return np.nan
    return float(np.exp(model.axis.moves(model.group) * (log_exposures - measured.median)))


def _of_sizes(curves: xr.Dataset, sizes: Sequence[float] | None) -> xr.Dataset:
    if sizes is None:
        return curves
    there = np.unique(curves[schema.PARAMS].values.astype(float))
    absent = sorted(set(map(float, sizes)) - set(there.tolist()))
    if absent:
        raise InputError(f"sizes among {', '.join(f'{size:,.0f}' for size in there)}",
                         ", ".join(f"{size:,.0f}" for size in absent), "sizes")  # fmt: skip
    return curves.isel({schema.RUN: np.flatnonzero(np.isin(curves[schema.PARAMS].values, list(sizes)))})


def _require_one_domain(curves: xr.Dataset) -> None:
    domains = np.unique(curves[schema.DOMAIN].values.astype(str)) if schema.DOMAIN in curves.coords else [""]
    if len(domains) > 1:
        raise InputError("curves of one domain", ", ".join(domains), "curves", "back-test each domain separately")


def _known_group(curves: xr.Dataset, group: str | None) -> str:
    if group is None:
        return deciding_group(curves)
    known = [str(name) for name in curves[schema.GROUP].values]
    if group not in known:
        raise InputError(f"a probe group among {', '.join(known)}", repr(group), "group")
    if axis_of(curves).moves(group) == 0:
        raise InputError(
            f"a group whose exposures change along the axis {curves.attrs['axis']!r}", repr(group), "group"
        )
    return group


def _last_fitted(curves: xr.Dataset, first: int) -> list[float]:
    """The largest fitted size of each step."""
    sizes = np.unique(curves[schema.PARAMS].values.astype(float))
    if not FEWEST_SIZES <= first < len(sizes):
        raise InputError(f"at least {FEWEST_SIZES} sizes to fit and one more to predict", f"{first} of {len(sizes)}",
                         "sizes", "train another size")  # fmt: skip
    return sizes[first - 1 : -1].tolist()


def _dataset(rows: list[dict[str, Any]], curves: xr.Dataset, law: Law, group: str, asked: dict[str, Any]) -> xr.Dataset:
    axis = axis_of(curves)
    columns = {name: ("forecast", [row[name] for row in rows]) for name in rows[0]}
    return xr.Dataset(
        columns,
        attrs={
            "content": "back-test",
            "schema_version": schema.VERSION,
            "bayeskisl_version": bayeskisl.__version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **asked,
            "law": law.name,
            "law_sha256": law.sha256,
            "records_sha256": curves.attrs.get("records_sha256", ""),
            "axis": axis.name,
            "group": group,
            "half_point": axis.half_point(group),
            "coordinate": axis.coordinate,
            "unit": axis.in_words,
            "sizes": json.dumps(np.unique(curves[schema.PARAMS].values).tolist()),
            "interval": "equal-tailed",
        },
    )
