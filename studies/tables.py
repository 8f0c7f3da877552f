"""The tables in pages that tell what the proofs showed, made from the files that the studies wrote."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from bayeskisl.errors import InputError
from bayeskisl.files import written
from bayeskisl.reporting.numbers import exact, three_digits
from studies.calibration import CONTROLS, EXACT
from studies.command import run
from studies.coverage import MIXTURE, ORACLE, TODAY
from studies.replays import GRID
from studies.results.text import markdown_table
from studies.simulated.worlds import WORLDS
from studies.verdicts import DESIGNS

__all__ = ["TABLES", "with_tables"]

# A table stands between two comments, <!-- table: coverage --> and <!-- end -->.
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)

_CONTROLS = {"halved_variance": "halved variance", "no_fresh_scatter": "no fresh scatter", "prior": "the prior",
             "no_run_effects": "no run effects"}  # fmt: skip


def with_tables(text: str, folder: str | Path) -> str:
    """A page with every marked table made anew.

    Parameters
    ----------
    text : str
        The page, with places ``<!-- table: NAME -->`` to ``<!-- end -->``.
    folder : path
        Holds what the studies wrote, such as ``coverage/coverage.csv``.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If a name is none of `TABLES`, or its study has written nothing.
    """

    def made(place: re.Match[str]) -> str:
        begin, name, end = place.groups()
        if name not in TABLES:
            raise InputError(f"a table among {', '.join(TABLES)}", repr(name), "the page")
        study = "forecasts" if name == "recommendations" else name
        path = Path(folder) / study / f"{study}.csv"
        if not path.is_file():
            raise InputError("a table of the study", "no such file", str(path), f"make it: python -m studies.{study}")
        head, *rows = TABLES[name](pl.read_csv(path))
        return f"{begin}\n{markdown_table(head, rows)}\n\n{end}"

    return _PLACE.sub(made, text)


def _coverage(table: pl.DataFrame) -> Iterator[list[str]]:
    """Coverage, width and score at each target beside today's practice and the oracle, and runs that fell short."""
    yield ["world", "sweeps", "times the largest", "held", "held by the line", "width", "score", "line's score",
           "best possible", "fell short at 10 % risk"]  # fmt: skip
    for world in WORLDS.values():
        here = table.filter(world=world.name)
        if here.is_empty():
            continue
        for target in here["target"].unique().sort():
            of = {row["forecaster"]: row for row in here.filter(target=target).iter_rows(named=True)}
            ours, today = of[MIXTURE], of[TODAY]
            yield [
                world.title,
                str(ours["simulations"]),
                f"{target:g}",
                *(f"{100 * each['covers_90']:.0f}" for each in (ours, today)),
                f"{np.exp(ours['width']):.3g}",
                *(f"{of[name]['score']:.2f}" if name in of else "" for name in (MIXTURE, TODAY, ORACLE)),
                _percent(ours["short_at_10"]),
            ]


def _calibration(table: pl.DataFrame) -> Iterator[list[str]]:
    """Rejected quantities of each posterior, over how many."""
    yield ["law", "sweeps", "rejected", "smallest p-value", *(_CONTROLS[name] for name in CONTROLS), "failed gates"]
    for law in table["law"].unique(maintain_order=True):
        of = {name: table.filter(law=law, posterior=name) for name in (EXACT, *CONTROLS)}
        exact = of[EXACT].sort("p_value")
        least = exact.row(0, named=True)
        sweeps, failed = least["simulations"], least["failed_gates"]
        quantity = least["quantity"].split("[")[0].replace("_", " ")
        yield [
            law,
            str(sweeps),
            _rejected(exact),
            f"{_p_value(least['p_value'])}, {quantity}",
            *(_rejected(of[name]) if len(of[name]) else "" for name in CONTROLS),
            f"{failed} of {sweeps}",
        ]


def _p_value(p: float) -> str:
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _rejected(table: pl.DataFrame) -> str:
    return f"{table['rejected'].sum()} of {len(table)}"


def _replays(table: pl.DataFrame) -> Iterator[list[str]]:
    """Median width, coverage, mean interval score and how often as narrow as the grid, at parts of the grid's cost."""
    parts = table["part"].unique().sort()
    yield ["planner", "sweeps", *(f"at {_percent(part)} of the grid's cost" for part in parts)]
    for planner in table["planner"].unique(maintain_order=True):
        rows = table.filter(planner=planner)
        by_part = {row["part"]: _known(row) for row in rows.iter_rows(named=True)}
        yield [planner, str(rows["sweeps"].max()), *(by_part.get(part, "") for part in parts)]


def _known(row: dict[str, Any]) -> str:
    known = f"{row['width']:.2f}, {_percent(row['covers_90'])}, {row['interval_score']:.2f} ({row['score_se']:.2f})"
    return known if row["planner"] == GRID else f"{known}, {_percent(row['as_narrow'])}"


def _rivals(table: pl.DataFrame) -> Iterator[list[str]]:
    """How often each law predicts best, its mean weight, and how often it is told from the best."""
    laws = table["law"].unique(maintain_order=True)
    yield ["made by", "sizes", "sweeps", *(f"'{law}'" for law in laws)]
    for (truth, sizes), rows in table.group_by("truth", "sizes", maintain_order=True):
        of_law = {row["law"]: row for row in rows.iter_rows(named=True)}
        cells = [
            f"{_percent(row['wins'])}, {row['weight']:.2f}, {_percent(row['told_apart'])}"
            for row in (of_law[law] for law in laws)
        ]
        yield [f"'{truth}'", str(sizes), str(rows["sweeps"].max()), *cells]


def _forecasts(table: pl.DataFrame) -> Iterator[list[str]]:
    """Predicted and measured half-points, and interval scores beside those of two rules of thumb."""
    yield ["made", "what", "target, times the largest", "predicted (90 %)", "measured (90 %)", "", "score",
           "proportional to size", "power law through five sizes", "record"]  # fmt: skip
    for row in table.iter_rows(named=True):
        verdict = {True: "hit", False: "**miss**", None: "undecided"}[row["hit"]]
        yield [
            row["made"],
            row["what"] + (f" ({row['note']})" if row["note"] else ""),
            f"{exact(row['params'])}, {row['times']:.3g}",
            _around(row["median"], row["low"], row["high"]),
            _measured(row["measured"], row["measured_low"], row["measured_high"]),
            verdict,
            *(
                "" if row[name] is None else f"{row[name]:.2f}"
                for name in ("interval_score", "proportional", "power_law")
            ),
            row["record"],
        ]


def _recommendations(table: pl.DataFrame) -> Iterator[list[str]]:
    """What was recommended on record, and what the target's runs keep there."""
    yield ["what", "target, times the largest", "recommended", "kept there", "90 % kept"]
    for row in table.filter(pl.col("recommended").is_not_null()).iter_rows(named=True):
        yield [
            row["what"],
            f"{exact(row['params'])}, {row['times']:.3g}",
            f"{three_digits(row['recommended'])} {row['unit']}",
            _between(row["least_kept"], row["most_kept"]),
            {True: "yes", False: "**no**", None: "not known"}[row["held"]],
        ]


def _between(least: float, most: float) -> str:
    if most >= 1:
        return f"at least {_percent(least)}" if least > 0 else "not measured"
    return f"{_percent(least)} to {_percent(most)}"


def _around(median: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f"{three_digits(low)} to {three_digits(high)}"
    if median is None:
        return ends
    return f"{three_digits(median)} ({ends})" if ends else three_digits(median)


def _measured(median: float, low: float | None, high: float | None) -> str:
    """Return a measurement with its interval; one that is an end of its interval is a bound."""
    if median == high:
        return f"at most {three_digits(median)}"
    if median == low:
        return f"at least {three_digits(median)}"
    return _around(median, low, high)


def _verdicts(table: pl.DataFrame) -> Iterator[list[str]]:
    """How each kind of sweep was graded, and how often what was advised, or a bound, was false."""
    grades = ("good", "usable with care", "not usable")
    yield ["sweep", "sweeps", *grades, "advised, not refused", "fell short", "false bound"]
    for row in table.iter_rows(named=True):
        yield [
            DESIGNS[row["design"]].title,
            str(row["sweeps"]),
            *(str(row[grade] or "") for grade in grades),
            str(row["advised"]),
            f"{row['fell_short']} of {row['advised']}" if row["advised"] else "",
            str(row["false_at_most"]),
        ]


Rows = Callable[[pl.DataFrame], Iterator[list[str]]]

TABLES: MappingProxyType[str, Rows] = MappingProxyType(
    {
        "coverage": _coverage,
        "calibration": _calibration,
        "replays": _replays,
        "rivals": _rivals,
        "forecasts": _forecasts,
        "recommendations": _recommendations,
        "verdicts": _verdicts,
    }
)


def main(
    page: Annotated[
        list[Path] | None, typer.Argument(help="Pages with marked tables; by default those of the documentation.")
    ] = None,
    findings: Annotated[Path, typer.Option(help="Holds the folders of the studies.")] = Path("data/proof"),
) -> None:
    """Write the tables of pages anew from what the studies found."""
    for path in page or [Path("docs/how-far-can-you-trust-it.md")]:
        if not path.is_file():
            raise InputError("a page", "no such file", str(path))
        typer.echo(str(written(path, with_tables(path.read_text(encoding="utf-8"), findings))))


if __name__ == "__main__":
    run(main)
