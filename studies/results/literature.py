"""Numbers that others published, from `data/literature/`, where each file names its source."""

from functools import cache

import polars as pl

from bayeskisl.shipped import shipped_folder

__all__ = ["published_number"]


def published_number(table: str, quantity: str, **conditions: object) -> float:
    """The one number of a quantity.

    Parameters
    ----------
    table : str
        Name of the file.
    quantity : str
        As its first column has it.
    **conditions
        Values of other columns; None for an empty cell.
    """
    rows = _table(table).filter(pl.col("quantity") == quantity)
    for column, value in conditions.items():
        rows = rows.filter(pl.col(column).eq_missing(pl.lit(value)))
    return float(rows["value"].item())


@cache
def _table(name: str) -> pl.DataFrame:
    return pl.read_csv(shipped_folder("data") / "literature" / f"{name}.csv", comment_prefix="#")
