"""One law for three experiments? The page: what each predicts of the others, and how often it is right."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.curves import join_curves, load_curves
from bayeskisl.files import written
from bayeskisl.inference import fit
from bayeskisl.reporting.numbers import exact, three_digits
from studies.results.one_law import ALONE, FROM_DOSE, WITH_LOAD, from_amount, from_dose, transfer
from studies.results.rounding import rounded
from studies.results.text import markdown_table, point

__all__ = ["make_one_law_page", "one_law_page"]

_HEAD = """# One law for amount, ratio and dose?

If nothing but a fact's own exposures decided whether it is kept, or its exposures and the number of distinct facts in
training, then one experiment would predict the critical exposures of another. Here each prediction uses nothing of the
predicted sweep.

- *{alone}*: `desk-amount` and `desk-tokens` together, law `collapse`, the half-point of the same size and budget.
- *{with_load}*: the same, moved to the other sweep's load at its half-point, by what budgets do to the half-point.
- *{from_dose}*: `desk-dose`, each group by itself, moved to the ratio sweep's load.

Intervals are 90 %; a prediction is of a size's mean over runs, the size's own scatter included. A hit holds the
measured median. *Factor*: the median of predicted over measured; *spread*: the largest of them over the smallest.

Remade by `python -m studies.one_law`."""


def make_one_law_page(page: Path, findings: Path, tell: Callable[[str], None], *, fresh: bool = False) -> Path:
    """Find what is not found yet, and write the page.

    Parameters
    ----------
    page, findings : path
        The Markdown file, and the numbers as JSON.
    tell : callable
        Is told of every stage.
    fresh : bool
        Whether to find again what is there.
    """
    if fresh or not findings.is_file():
        written(findings, json.dumps(rounded(_find(tell)), indent=1) + "\n")
    return written(page, one_law_page(json.loads(findings.read_text())))


def _find(tell: Callable[[str], None]) -> dict[str, Any]:
    tell("fitting the amount sweeps")
    amount = fit(join_curves(load_curves("desk-amount"), load_curves("desk-tokens")), rivals=())
    tell("fitting the dose sweep")
    dose = fit("desk-dose", "common", rivals=(), throw=False)
    predictions = from_amount(amount)
    return {
        "gates": {"amount": amount.gate.passed, "dose": dose.gate.passed},
        "rows": [
            *transfer(load_curves("desk-ratio"), "desk-ratio", {**predictions, **from_dose(dose)}),
            *transfer(load_curves("desk-dose"), "desk-dose", predictions),
        ],
    }


def one_law_page(found: dict[str, Any]) -> str:
    """The page, from what was found."""
    rows = found["rows"]
    hypotheses = [name for name in (ALONE, WITH_LOAD, FROM_DOSE) if any(name in row["predicted"] for row in rows)]
    parts = [_HEAD.format(alone=ALONE, with_load=WITH_LOAD, from_dose=FROM_DOSE)]
    failed = [name for name, passed in found["gates"].items() if not passed]
    if failed:
        parts.append(f"**The fit to the {' and '.join(failed)} sweep failed its gate.**")
    parts += ["## How often", _scores(rows, hypotheses), _verdict(rows, hypotheses)]
    for sweep in dict.fromkeys(row["sweep"] for row in rows):
        ours = [row for row in rows if row["sweep"] == sweep]
        parts += [f"## {sweep}", _table(ours, [name for name in hypotheses if name in ours[0]["predicted"]])]
    return "\n\n".join(parts) + "\n"


def _scores(rows: Sequence[dict[str, Any]], hypotheses: Sequence[str]) -> str:
    lines = []
    for sweep, group in dict.fromkeys((row["sweep"], row["group"]) for row in rows):
        ours = [row for row in rows if (row["sweep"], row["group"]) == (sweep, group)]
        for name in (name for name in hypotheses if name in ours[0]["predicted"]):
            factors = _factors(ours, name)
            lines.append(
                [sweep, group, name, f"{sum(row['hit'][name] for row in ours)} of {len(ours)}",
                 f"{np.median(factors):.2f}", f"{factors.max() / factors.min():.2f}"]
            )  # fmt: skip
    return markdown_table(["predicted", "group", "from", "hits", "factor", "spread"], lines)


def _factors(rows: Sequence[dict[str, Any]], name: str) -> FloatArray:
    return np.array([row["predicted"][name]["median"] / row["measured"]["median"] for row in rows])


def _verdict(rows: Sequence[dict[str, Any]], hypotheses: Sequence[str]) -> str:
    told = {name: [row["hit"][name] for row in rows if name in row["hit"]] for name in hypotheses}
    listed = "; ".join(f"*{name}* {sum(hits)} of {len(hits)}" for name, hits in told.items())
    one = any(np.mean(hits) >= 0.8 for hits in told.values())
    if one:
        return f"One law predicts another experiment (hits: {listed}; nine of ten are expected)."
    return (
        f"**No law tried explains the experiments together** (hits: {listed}; nine of ten would be expected). Until "
        "one does, predict a ratio from a sweep along a ratio, and a dose from a dose."
    )


def _table(rows: Sequence[dict[str, Any]], hypotheses: Sequence[str]) -> str:
    lines = [
        [row["group"], exact(row["params"]), three_digits(row["load"]), point(row["measured"])]
        + [point(row["predicted"][name]) + (" hit" if row["hit"][name] else "") for name in hypotheses]
        for row in rows
    ]
    return markdown_table(["group", "params", "load, facts", "measured", *hypotheses], lines)
