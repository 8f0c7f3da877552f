"""Commands that take tables in and give tables out."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.axes import AXES
from bayeskisl.cli.display import loading
from bayeskisl.errors import InputError

__all__ = ["curves_import", "export"]

_FIELDS = "Repeat it: --map params=model_size --map recalled='round(acc*n)' --map tokens=1.5T"


def curves_import(
    table: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, Parquet, JSON lines or JSON; with --from, what another tool left behind."),
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="wandb, mlflow (folders), or lm-eval, trainer (a manifest of result files)."),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="With lm-eval and trainer: which metric is retention.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help=f"FIELD=COLUMN, SQL over columns, or a number. {_FIELDS}")
    ] = None,
    axis: Annotated[str | None, typer.Option(help=f"{', '.join(AXES)}; by default what the rows show.")] = None,
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
    from bayeskisl.curves import curves_from_table, describe_import, read_runs, save_curves

    if metric is not None and source is None:
        raise InputError("--from beside --metric", "none", "curves import", "map it, as in --map accuracy=COLUMN")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # described below, with the rows
        curves = curves_from_table(
            read_runs(table, source, metric) if source else table,
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


def export(
    file: Annotated[Path, typer.Argument(help="Curves, a fit, a prediction or a decision; or a shipped sweep's name.")],
    out: Annotated[
        Path, typer.Option(help="Ends in .parquet, .csv, .tsv or .jsonl for a tidy table, in .nc or .zarr for arrays.")
    ],
) -> None:
    """Write curves, draws or decisions as one tidy table, or as arrays."""
    with loading("loading"):
        from bayeskisl.reporting import export as write

        path = write(_loaded(file), out)
    typer.echo(str(path))


def _loaded(file: Path) -> Any:
    """What a file holds, by what is in it."""
    from bayeskisl.curves import load_curves

    if not file.is_file():
        return load_curves(file)
    import h5py
    import xarray as xr

    try:
        with h5py.File(file) as content:
            names = set(content)
    except OSError:
        raise InputError("a NetCDF file of bayeskisl", "another file", str(file)) from None
    if "posterior" in names:
        from bayeskisl.inference import load_fit

        return load_fit(file)
    return load_curves(file) if "recalled" in names else xr.load_dataset(file, engine="h5netcdf")


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
