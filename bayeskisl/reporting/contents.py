"""What the report says, as plain strings, one function for each block of the page."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

import bayeskisl
from bayeskisl import schema
from bayeskisl.curves import cell_table
from bayeskisl.decision import prediction_summary
from bayeskisl.decision.intervals import interval
from bayeskisl.decision.target import falling_group
from bayeskisl.reporting.numbers import exact, percent, span, three_digits
from bayeskisl.reporting.text import answer, beside_it, held_fixed, measured_point, verdict, with_interval

if TYPE_CHECKING:
    from bayeskisl.decision import Verification
    from bayeskisl.inference import Fit

__all__ = [
    "answer_block",
    "command_lines",
    "exponent_rows",
    "gate_block",
    "law_rows",
    "provenance_rows",
    "size_rows",
    "title",
    "verification_block",
    "warning_rows",
]


def title(prediction: xr.Dataset | None) -> str:
    if prediction is None:
        return "Where models collapse"
    return f"How much to infuse into {exact(prediction.attrs[schema.PARAMS])} parameters"


def answer_block(prediction: xr.Dataset) -> dict[str, Any]:
    found, attrs = prediction_summary(prediction), prediction.attrs
    ci_prob, ratio = attrs["ci_prob"], found["sufficient_ratio"]
    return {
        "params": exact(attrs[schema.PARAMS]),
        "tokens": exact(attrs[schema.TOKENS]),
        "decades": f"{attrs['extrapolation_decades']:+.2f}",
        "choice": f"{three_digits(prediction[schema.CHOICE].item(), down=True)} {attrs['unit']}",
        "sentence": answer(prediction),
        "beside": beside_it(prediction),
        "collapse": with_interval(found[schema.COLLAPSE], ci_prob, attrs["unit"]),
        "shoulder": with_interval(found[schema.SHOULDER], ci_prob, attrs["unit"]),
        "optimum": with_interval(found[schema.OPTIMUM], ci_prob, attrs["unit"]),
        "domain": exact(ratio[schema.FACTS]),
        "ratio": with_interval(ratio, ci_prob),
        "assumes": ratio["assumes"],
        "held_fixed": held_fixed(prediction),
        "kind": "one fresh run" if attrs["kind"] == "new_run" else "the mean of many runs",
    }


def verification_block(verification: "Verification") -> dict[str, Any]:
    at_choice = verification.at_choice
    near = ""
    if at_choice.shares:
        held = len(at_choice.shares) - at_choice.fell_short
        near = (
            f"At the choice, {held} of {len(at_choice.shares)} runs kept at least {percent(at_choice.keep)} of the "
            "predicted ceiling."
        )
    return {
        "verdict": verification.verdict,
        "sentence": verdict(verification),
        "measured": measured_point(verification),
        "near": near,
    }


def size_rows(fit: "Fit") -> list[dict[str, str]]:
    """Collapse point of every cell."""
    cells, _ = cell_table(fit.curves)
    group = falling_group(fit.curves.attrs["axis"], [str(name) for name in fit.curves[schema.GROUP].values])
    collapse = fit.tree["posterior"][schema.COLLAPSE].sel(group=group)
    unit = schema.UNITS[schema.AXES[fit.curves.attrs["axis"]]]
    rows = []
    for cell in range(cells.sizes[schema.CELL]):
        median, low, high = interval(collapse.isel(cell=cell).values, 0.9)
        rows.append(
            {
                "params": exact(cells[schema.PARAMS][cell].item()),
                "total_params": exact(cells[schema.TOTAL_PARAMS][cell].item()),
                "tokens": exact(cells[schema.TOKENS][cell].item()),
                "collapse": f"{three_digits(median)} {unit} ({span(low, high)})",
            }
        )
    return rows


def exponent_rows(fit: "Fit") -> list[dict[str, str]]:
    """Each exponent of the law that was asked for."""
    draws = fit.tree["posterior"][schema.EXPONENT]
    rows = []
    for group in draws["group"].values:
        for name in draws["covariate"].values:
            median, low, high = interval(draws.sel(group=group, covariate=name).values, 0.9)
            rows.append(
                {"name": f"{name}, {group}", "value": f"{three_digits(median)} (90 % interval {span(low, high)})"}
            )
    return rows


def gate_block(fit: "Fit") -> dict[str, Any]:
    gate = fit.gate
    rows = [
        ("R-hat, largest", f"{gate.rhat:.3f}", "at most 1.01"),
        ("effective draws of the bulk, smallest", f"{gate.ess_bulk:,.0f}", "at least 400"),
        ("effective draws of the tails, smallest", f"{gate.ess_tail:,.0f}", "at least 400"),
        ("divergent draws", f"{100 * gate.divergences:.2g} %", "below 0.1 %"),
        ("correlation of two seeds at one level", _or_none(gate.seed_correlation), "not significant, or below 0.6"),
    ]
    return {"passed": gate.passed, "reasons": list(gate.reasons), "rows": rows}


def _or_none(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "no pairs"


def law_rows(fit: "Fit", prediction: xr.Dataset | None, verification: "Verification | None") -> list[dict[str, str]]:
    summary = None if prediction is None else prediction_summary(prediction)
    rows = []
    for law, weight in fit.weights.items():
        row = {"name": law, "weight": f"{weight:.2f}", "collapse": "", "hit": ""}
        if prediction is not None and law in summary["laws"]:
            entry = summary["laws"][law][schema.COLLAPSE]
            row["collapse"] = with_interval(entry, prediction.attrs["ci_prob"], prediction.attrs["unit"])
        if verification is not None:
            row["hit"] = {True: "hit", False: "miss", None: "undecided"}[verification.hit_by_law.get(law)]
        rows.append(row)
    return rows


def warning_rows(fit: "Fit", prediction: xr.Dataset | None) -> list[dict[str, str]]:
    """The prediction's warnings, which include those of its fit; without one, the fit's."""
    if prediction is not None:
        return json.loads(prediction.attrs["warnings"])
    return [{"code": caution.code, "message": str(caution)} for caution in fit.warnings]


def provenance_rows(fit: "Fit", prediction: xr.Dataset | None) -> list[tuple[str, str]]:
    curves, tree = fit.curves.attrs, fit.tree.attrs
    rows = [
        ("curves", f"{curves.get('title', 'retention curves')}: {fit.curves.sizes[schema.RUN]} runs"),
        ("records, SHA-256", str(curves.get("records_sha256", "not built from records"))),
        ("law", f"{fit.law.name}: {fit.law.title}"),
        ("law, SHA-256", fit.law.sha256),
        *((name, str(tree[name])) for name in ("bayeskisl", "pymc", "nutpie", "seed") if name in tree),
        ("page written by", f"bayeskisl {bayeskisl.__version__}"),
    ]
    if prediction is not None:
        rows.append(("prediction written", str(prediction.attrs["created"])))
    return rows


def command_lines(fit: "Fit", prediction: xr.Dataset | None, verification: "Verification | None") -> list[str]:
    """The commands that remake the page from the runs; file names are the reader's to choose."""
    lines = [
        "bayeskisl curves build RUNS --out curves.nc",
        f"bayeskisl fit curves.nc --law {fit.law.name} --out fit.nc",
    ]
    options = ""
    if prediction is not None:
        attrs = prediction.attrs
        lines.append(
            f"bayeskisl predict fit.nc --params {attrs[schema.PARAMS]:.0f} --tokens {attrs[schema.TOKENS]:.0f} "
            f"--risk {attrs['risk']:g} --facts {prediction['domain_facts'].item():.0f} --seed {attrs['seed']} "
            "--out prediction.nc"
        )
        options = " --prediction prediction.nc"
    if verification is not None:
        lines.append("bayeskisl curves build RUNS_OF_THE_TARGET --out verification.nc")
        options += " --verification verification.nc"
    return [*lines, f"bayeskisl report fit.nc{options} --out report.html"]
