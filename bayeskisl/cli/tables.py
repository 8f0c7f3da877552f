"""Commands that take tables in and give tables out."""

import warnings
from pathlib import Path
from typing import Annotated

import typer

from bayeskisl.errors import InputError

__all__ = ["curves_import"]

_FIELDS = "Repeat it: --map params=model_size --map recalled='round(acc*n)' --map tokens=1.5T"


def curves_import(
    table: Annotated[Path, typer.Argument(help="CSV, TSV, Parquet, JSON lines or JSON.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help=f"FIELD=COLUMN, SQL over columns, or a number. {_FIELDS}")
    ] = None,
    axis: Annotated[str | None, typer.Option(help="amount, ratio or dose; by default what the rows show.")] = None,
    levels: Annotated[
        str | None, typer.Option(help="For wide tables: what columns named 31, 62, ... are levels of, e.g. facts.")
    ] = None,
    probed: Annotated[int | None, typer.Option(min=1, help="Probed facts of every row, if no column tells.")] = None,
    guessing: Annotated[float | None, typer.Option(help="Chance of recall without knowledge, e.g. 0.25.")] = None,
    replicates: Annotated[bool, typer.Option("--replicates", help="Rows alike in all but counts are seeds.")] = False,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave rows with problems out, counted and listed.")
    ] = False,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.")] = Path("curves.nc"),
) -> None:
    """Retention curves from a table of your own; says what was recognised, assumed and left out."""
    from bayeskisl.curves import curves_from_table, describe_import, save_curves

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # described below, with the rows
        curves = curves_from_table(
            table,
            _parsed(mapping or []),
            axis=axis,
            levels=levels,
            probed=probed,
            guessing=guessing,
            replicates=replicates,
            skip_bad_rows=skip_bad_rows,
        )
    save_curves(curves, out)
    typer.echo(describe_import(curves))
    typer.echo(str(out))


def _parsed(options: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for option in options:
        field, separator, source = option.partition("=")
        if not (separator and field.strip() and source.strip()):
            raise InputError("FIELD=COLUMN", repr(option), "--map", "for example --map params=model_size")
        if field.strip() in mapping:
            raise InputError("each field once", f"{field.strip()!r} again", "--map")
        mapping[field.strip()] = source.strip()
    return mapping
