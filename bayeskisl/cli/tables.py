"""Commands that take tables in and give tables out."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.axes import AXES
from bayeskisl.cli.asking import ask
from bayeskisl.cli.display import loading
from bayeskisl.cli.files import FigureFile
from bayeskisl.cli.options import AsJson, grouped
from bayeskisl.errors import InputError

__all__ = ["curves_check", "curves_import", "export"]

_FIELDS = "Repeat it: --map params=model_size --map recalled='round(acc*n)' --map accuracy.background=trivia"


@dataclass(frozen=True, kw_only=True)
class MappingOptions:
    """Which columns are which fields."""

    mapping: Annotated[
        list[str] | None, typer.Option("--map", help=f"FIELD=COLUMN, SQL over columns, or a number. {_FIELDS}")
    ] = None
    map_file: Annotated[Path | None, typer.Option(help="Mapping and options that --save-map wrote.")] = None
    save_map: Annotated[Path | None, typer.Option(help="TOML file to keep mapping and options in.")] = None
    asks: Annotated[bool, typer.Option("--ask", help="Ask for what is missing.")] = False


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How rows become runs of an experiment."""

    axis: Annotated[str | None, typer.Option(help=f"{', '.join(AXES)}; by default what the rows show.")] = None
    levels: Annotated[
        str | None,
        typer.Option(help="For wide tables: what columns named 31, 62 or 70M, 160M tell: facts, ratio, params, seed."),
    ] = None
    probed: Annotated[
        list[str] | None, typer.Option(help="Probed facts of every row, or GROUP=N, if no column tells.")
    ] = None
    guessing: Annotated[
        list[str] | None, typer.Option(help="Chance of recall without knowledge, 0.25, or GROUP=0.25.")
    ] = None
    replicates: Annotated[bool, typer.Option("--replicates", help="Rows alike in all but counts are seeds.")] = False

    @property
    def keywords(self) -> dict[str, Any]:
        """What `bayeskisl.curves_from_table` takes."""
        of_group = {
            "probed": _by_group(self.probed or [], "--probed", _whole),
            "guessing": _by_group(self.guessing or [], "--guessing", float),
        }
        return {**vars(self), **of_group}


@dataclass(frozen=True, kw_only=True)
class RowOptions:
    """Which rows and columns are read, and how."""

    metric: Annotated[
        str | None, typer.Option(help="Which metric is retention; with --by, which column holds the answers.")
    ] = None
    where: Annotated[str | None, typer.Option(help="SQL condition: rows that are used, as in \"task = 'recall'\".")] = (
        None
    )
    ignore: Annotated[list[str] | None, typer.Option(help="A column that is not read. Repeat it.")] = None
    by: Annotated[
        list[str] | None, typer.Option(help="For rows that are single questions: columns to count them by.")
    ] = None
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of numbers in text: . or ,")] = None
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave rows with problems out, counted and listed.")
    ] = False

    @property
    def keywords(self) -> dict[str, Any]:
        """What `bayeskisl.curves_from_table` takes."""
        return {**vars(self), "ignore": list(self.ignore or []), "by": list(self.by or [])}


@grouped
def curves_import(
    table: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, Parquet, JSON lines or JSON, or a pipe; with --from, what another tool left."),
    ],
    maps: MappingOptions,
    runs: RunOptions,
    rows: RowOptions,
    source: Annotated[
        str | None,
        typer.Option(
            "--from", help="wandb, mlflow, lm-eval, trainer, tensorboard, olmo or nanochat: files or folders."
        ),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Of an export: results of lm-evaluation-harness; --metric recall or choice.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how the table is read; write nothing.")] = False,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.")] = Path("curves.nc"),
) -> None:
    """Retention curves from a table of your own; shows how each column was read, what was assumed and left out."""
    from bayeskisl.curves import describe_import, save_curves
    from bayeskisl.curves.tables import TableError, read_map, write_map

    kept, options = read_map(maps.map_file) if maps.map_file is not None else ({}, {})
    given = {"from": source, "results": results, **runs.keywords, **rows.keywords}
    options |= {name: value for name, value in given.items() if value or name not in options}
    fields: dict[str, Any] = {**kept, **_parsed(maps.mapping or [])}
    while True:
        try:
            curves = _imported(table, fields, options)
            break
        except TableError as problem:
            if not maps.asks or not ask(problem, fields, options):
                raise
    typer.echo(describe_import(curves))
    if maps.save_map is not None:
        typer.echo(str(write_map(maps.save_map, json.loads(curves.attrs["import_mapping"]), _without_fields(options))))
    if not dry_run:
        typer.echo(str(save_curves(curves, out)))


def _without_fields(options: dict[str, Any]) -> dict[str, Any]:
    """The options that do not become part of the mapping."""
    return {name: value for name, value in options.items() if name not in ("probed", "guessing")}


def _imported(table: Path, fields: dict[str, Any], options: dict[str, Any]) -> Any:
    from bayeskisl.curves import curves_from_table, read_exported, read_runs
    from bayeskisl.curves.tables.sources import source_of

    options = dict(options)
    source, metric, by = options.pop("from", None), options.pop("metric", None), options.get("by")
    if (results := options.pop("results", None)) is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # described by the import itself, with the rows
            return curves_from_table(read_exported(table, Path(results), metric), fields, **options)
    if source is None and table.is_dir():
        source = source_of(table)
    if metric is not None and source is None and not by:
        raise InputError(
            "--from or --by beside --metric", "none", "curves import", "map it, as in --map accuracy=COLUMN"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # described by the import itself, with the rows
        rows = read_runs(table, source, None if by else metric, questions=bool(by)) if source else table
        return curves_from_table(rows, fields, metric=metric if by else None, **options)


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _by_group(texts: list[str], option: str, read: Callable[[str], float]) -> Any:
    """One value for all groups, or one for each that is named."""
    values: dict[str, float] = {}
    for text in texts:
        group, _, value = text.rpartition("=")
        try:
            values[group] = read(value.strip())
        except ValueError:
            raise InputError("a number, or GROUP=NUMBER", repr(text), option, f"for example {option} infused=1000"
                             if option == "--probed" else f"for example {option} 0.25") from None  # fmt: skip
    if "" in values and len(texts) > 1:
        raise InputError("one number, or one for each group", ", ".join(texts), option)
    return values.get("", values) or None


def curves_check(
    curves: Annotated[Path, typer.Argument(help="Retention curves, NetCDF; or a shipped sweep's name.")],
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Look at the data before any law: curves that turn back, rows that stand out, levels that say nothing."""
    from bayeskisl.curves import check, load_curves

    loaded = load_curves(curves)
    found = check(loaded)
    if figure is not None:
        from bayeskisl.reporting import plot_check
        from bayeskisl.reporting.images import write_figure

        write_figure(plot_check(loaded), figure)
    typer.echo(json.dumps(found.to_dict(), indent=2) if as_json else found.text)


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
