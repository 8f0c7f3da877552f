"""Short ladders: every few neighbouring sizes of some curves predict all larger sizes.

    python -m studies.windows curves.nc --sizes 4 --out windows.csv

`bayeskisl backtest` fits the smallest sizes, then one more, and so on; here the fitted sizes slide along the ladder. So
the number of sizes and the place where they begin are told apart.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import final, load_curves, with_covariates, without_covariates
from bayeskisl.curves.groups import deciding_group
from bayeskisl.decision.rolling_origin import Cells, fit_between
from bayeskisl.laws import Law, load_law
from studies.command import Tell, counting, run, say_nothing, show
from studies.simulated.turns import write_table

__all__ = ["coverage_by_window", "windows"]

_CI_PROB = 0.9
_HORIZONS = {"up to 2 times": 2.0, "2 to 4 times": 4.0, "4 to 10 times": 10.0, "beyond": np.inf}


def windows(curves: xr.Dataset, law: Law, sizes: int, tell: Tell = say_nothing, **how: Any) -> pl.DataFrame:
    """Predict every larger cell from each window of neighbouring sizes.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves of one domain.
    law : Law
        Fitted without rivals.
    sizes : int
        Number of sizes of a window.
    tell : callable
        Is told how many windows are finished.
    **how
        Keywords of `bayeskisl.fit`.

    Returns
    -------
    polars.DataFrame
        One row per window and larger cell, with the columns of `bayeskisl.decision.Backtest`.
    """
    curves = with_covariates(without_covariates(final(curves)), law.covariates)
    cells = Cells.of(curves, deciding_group(curves), _CI_PROB)
    there = np.unique(curves[schema.PARAMS].values)
    first = list(range(len(there) - sizes))

    def rows() -> Iterator[dict[str, Any]]:
        for done, start in enumerate(first):
            tell(f"{sizes} sizes", done, len(first))
            yield from cells.forecasts(fit_between(curves, law, there[start], there[start + sizes - 1], **how))
        tell(f"{sizes} sizes", len(first), len(first))

    return pl.DataFrame(list(rows()), infer_schema_length=None)


def coverage_by_window(table: pl.DataFrame) -> pl.DataFrame:
    """Coverage, width and error by the size at which a window begins and by distance.

    Parameters
    ----------
    table : polars.DataFrame
        As `windows` returns it; measurements that are bounds are left out.

    Returns
    -------
    polars.DataFrame
        ``fitted_sizes``, ``smallest``, ``distance``, ``asked``, ``held`` (90 % intervals with the measured median),
        ``width`` (median factor), and the median error of the prediction and of two rules as factors.
    """
    ends = list(_HORIZONS.values())
    places = np.searchsorted(ends, table["horizon"].to_numpy())
    errors = {"error": "factor", "proportional": "proportional_factor", "power_law": "power_law_factor"}
    return (
        table.with_columns(pl.Series("distance", [list(_HORIZONS)[place] for place in places]))
        .filter(pl.col("bound") == "")
        .group_by("fitted_sizes", "smallest", "distance", maintain_order=True)
        .agg(
            asked=pl.len(),
            held=(pl.col("verdict") == "hit").sum(),
            width=pl.col("width").median(),
            **{name: pl.col(column).log().abs().median().exp() for name, column in errors.items()},
        )
    )


def main(
    curves: Annotated[str, typer.Argument(help="Curves (.nc), or the name of a shipped sweep.")],
    sizes: Annotated[
        list[int] | None, typer.Option(help="Numbers of sizes of a window; 3, 4 and 5 by default.")
    ] = None,
    law: Annotated[str, typer.Option(help="The law that is fitted.")] = "limits",
    out: Annotated[Path, typer.Option(help="Receives the coverage.")] = Path("runs/windows.csv"),
) -> None:
    """Let every few neighbouring sizes predict all larger ones; 20 core seconds a window of 80 runs a size."""
    read, chosen = load_curves(curves), load_law(law)
    with counting("windows") as tell:
        found = pl.concat([windows(read, chosen, each, tell) for each in sizes or (3, 4, 5)])
    table = write_table(coverage_by_window(found), out)
    show(table, table.columns)


if __name__ == "__main__":
    run(main)
