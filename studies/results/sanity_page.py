"""The sanity ladder as a page: one table of what moves the collapse point, and one of where."""

from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import polars as pl
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import save_curves
from bayeskisl.reporting.numbers import exact
from bayeskisl.shipped import shipped_folder
from bayeskisl.sweeping import SweepEvents
from bayeskisl.sweeping.records import write_atomically
from studies.results.images import small_png
from studies.results.rungs import RUNG, Rung, climb, joined_rungs, load_rungs
from studies.results.sanity import collapse_by_rung, learning_rates, sanity_points, sanity_table
from studies.results.sanity_figure import plot_sanity
from studies.results.text import markdown_table, point

__all__ = ["make_sanity_page", "said", "train_sanity_ladder"]

_TITLES = {
    "sanity": "Sanity ladder: the recipe's part",
    "sanity-memory": "Sanity ladder where memory limits: the recipe's part",
}

_HEAD = """# {title}

If the recipe moves a collapse point, the point is not a property of the size alone. The same holds for an exponent and
its law. So one amount sweep of the ladder `{ladder}` ({sizes} non-embedding parameters, {budget}, {seeds} seeds) is
repeated with one thing changed at a time. Each collapse point is measured from its own runs, without a law of size.
Factors are averaged over the sizes in logs. A size that the first row lacks is compared with the line between its
sizes. The exponent is the slope of the logs by least squares. Intervals are 90 %, from the measurements' own
uncertainty. The rung *other seeds* shows what chance alone does; of {count} comparisons in a column, {false:.1f} are
expected to exclude no change by chance.

Remade by `python -m studies.sanity --ladder {name}` from the {runs} runs of `data/{name}/curves.nc`, which
`data/{name}/rungs.toml` specifies."""

_WIDE = 119  # characters of a line of prose

_COLUMNS = """*Facts*: factor on the collapse point. *Exposures*: factor on critical exposures r D / (K l), which also
counts what the change does to tokens per fact and budget. *Bits*: factor on the answers' bits at the collapse point.
**Bold** excludes no change."""


def train_sanity_ladder(
    records: Path, rungs: str | Path | None = None, *, workers: int | None = None, events: SweepEvents | None = None
) -> Path:
    """Train what is missing of the ladder under a folder, and write all of its runs to ``curves.nc`` in it."""
    ladder = load_rungs(rungs)
    climb(ladder, records, workers=workers, events=events)
    return save_curves(joined_rungs(ladder, records), records / "curves.nc")


def make_sanity_page(curves: xr.Dataset, page: Path, name: str = "sanity") -> pl.DataFrame:
    """Write the page and its figure, and the table beside the curves' own numbers.

    Parameters
    ----------
    curves : xarray.Dataset
        Runs with a coordinate ``rung``.
    page : path
        Markdown file; the figure goes to ``figures/`` beside it.
    name : str
        The ladder, a folder of ``data/``.

    Returns
    -------
    polars.DataFrame
        See `studies.results.sanity.sanity_table`.
    """
    rungs = load_rungs(shipped_folder("data") / name / "rungs.toml")
    titles = {rung.name: rung.title for rung in rungs}
    titles |= {rung: rung for rung in curves[RUNG].values.tolist() if rung not in titles}
    draws = collapse_by_rung(curves)
    table, points = sanity_table(curves, draws), sanity_points(curves, draws)
    figure = page.parent / "figures" / f"{name}.png"
    figure.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(figure, small_png(plot_sanity(table, titles)))
    write_atomically(page, _page(name, curves, table, points, titles, rungs).encode())
    return table


def _page(
    name: str,
    curves: xr.Dataset,
    table: pl.DataFrame,
    points: pl.DataFrame,
    titles: dict[str, str],
    rungs: tuple[Rung, ...],
) -> str:
    reference = rungs[0].sweep
    of_reference = curves.isel({schema.RUN: np.flatnonzero(curves[RUNG].values == rungs[0].name)})
    sizes = [exact(size) for size in np.unique(of_reference[schema.PARAMS])]
    count = len(table) - 1
    each = reference.tokens_per_param
    head = _HEAD.format(
        name=name, title=_TITLES[name], ladder=reference.ladder.name, sizes=", ".join(sizes),
        budget=f"{exact(each[0])} tokens a parameter" if each else f"{exact(reference.tokens[0])} tokens",
        seeds=len(reference.seeds), count=count, false=0.1 * count, runs=exact(curves.sizes[schema.RUN]),
    )  # fmt: skip
    parts = [
        *(fill(part, _WIDE, break_long_words=False, break_on_hyphens=False) for part in head.split("\n\n")),
        f"![Factor on the collapse point and exponent of every rung](figures/{name}.png)",
        _COLUMNS,
        markdown_table(["rung", "facts", "exposures", "bits", "exponent", "its change"], _rows(table, titles)),
        "## Size by size",
        markdown_table(["rung", *(f"{size} parameters" for size in sizes)], _point_rows(points, titles, sizes)),
        *_rates(curves, rungs),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(table: pl.DataFrame, titles: dict[str, str]) -> list[list[str]]:
    return [
        [
            titles[row[RUNG]],
            _marked(_of(row, "factor"), row["moves_point"]),
            said(row, "exposures", 2),
            said(row, "bits", 2),
            said(row, "exponent", 3),
            _marked(_of(row, "change"), row["moves_exponent"]),
        ]
        for row in table.iter_rows(named=True)
    ]


def _point_rows(points: pl.DataFrame, titles: dict[str, str], sizes: list[str]) -> list[list[str]]:
    """Collapse points by size, with the size where a rung has another than the reference."""

    def cell(row: dict[str, Any], size: str) -> str:
        own = exact(row[schema.PARAMS])
        return said(row, "collapse") + (f" at {own}" if own != size else "")

    return [
        [titles[rung], *map(cell, points.filter(pl.col(RUNG) == rung).rows(named=True), sizes)]
        for rung in points[RUNG].unique(maintain_order=True)
    ]


def said(row: dict[str, float], name: str, digits: int | None = None) -> str:
    """A quantity of a row of the table with its 90 % interval."""
    return point(_of(row, name), digits)


def _of(row: dict[str, float], name: str) -> dict[str, float]:
    return {"median": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}


def _marked(value: dict[str, float], moves: bool | None) -> str:
    if moves is None:
        return "reference"
    digits = 3 if abs(value["median"]) < 0.5 else 2
    return f"**{point(value, digits)}**" if moves else point(value, digits)


def _rates(curves: xr.Dataset, rungs: tuple[Rung, ...]) -> list[str]:
    """What tuning found, where a rung tuned."""
    return [
        f"Learning rates of *{rung.title}*: "
        + ", ".join(f"{rate:.3g} at {exact(size)}" for size, rate in learning_rates(curves, rung.name).items())
        + " parameters (the desk recipe has one for all)."
        for rung in rungs
        if rung.sweep.tune is not None and rung.name in curves[RUNG].values
    ]
