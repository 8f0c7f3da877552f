"""Commands that read and write tables."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bayeskisl.cli.asking import ask
from bayeskisl.cli.display import echo, print_json
from bayeskisl.cli.files import FigureFile, a_file, ends_in
from bayeskisl.cli.help import rare
from bayeskisl.cli.options import AsJson, by_group
from bayeskisl.cli.progress import Progress
from bayeskisl.errors import InputError

__all__ = ["curves_check", "curves_import", "export", "parsed"]


@dataclass(frozen=True, kw_only=True)
class MappingOptions:
    """Options that map columns to fields."""

    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="A column, SQL or a number: params=size, recalled='round(acc*n)', accuracy.background=mmlu",
        ),
    ] = None
    save_map: Annotated[Path | None, rare(help="TOML file for the mapping and options.", callback=a_file)] = None
    map_file: Annotated[Path | None, rare(help="Mapping and options that --save-map wrote.")] = None
    asks: Annotated[bool, typer.Option("--ask", help="Ask for what is missing.")] = False


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of the rules by which rows become runs of an experiment."""

    axis: Annotated[
        str | None, rare(metavar="NAME", help="amount, ratio, dose or frequency; by default what the rows vary.")
    ] = None
    levels: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Wide tables: the field of column names such as 31 or 70M, e.g. facts."),
    ] = None
    probed: Annotated[
        list[str] | None, typer.Option(metavar="[GROUP=]N", help="Probed facts per row, if no column has them.")
    ] = None
    guessing: Annotated[
        list[str] | None, typer.Option(metavar="[GROUP=]X", help="Chance of recall by guessing, such as 0.25.")
    ] = None
    replicates: Annotated[bool, rare("--replicates", help="Treat rows that differ only in their counts as seeds.")] = (
        False
    )

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of `bayeskisl.curves_from_table`."""
        of_group = {
            "probed": by_group(self.probed or [], "--probed", "1000", whole=True),
            "guessing": by_group(self.guessing or [], "--guessing", "0.25"),
        }
        return {**vars(self), **of_group}


@dataclass(frozen=True, kw_only=True)
class RowOptions:
    """Options that select rows and columns and set how they are read."""

    metric: Annotated[
        str | None,
        rare(metavar="NAME", help="The metric that measures retention; with --by, the column of the answers."),
    ] = None
    where: Annotated[
        str | None, rare(metavar="SQL", help="Condition for the rows to use, as in \"task = 'recall'\".")
    ] = None
    ignore: Annotated[list[str] | None, rare(metavar="COLUMN", help="A column that is not read. Repeatable.")] = None
    by: Annotated[
        list[str] | None, rare(metavar="COLUMN", help="If rows are single questions: columns to count them by.")
    ] = None
    decimal: Annotated[str | None, rare(metavar="MARK", help="Decimal mark of numbers in text: . or ,")] = None
    skip_bad_rows: Annotated[
        bool, rare("--skip-bad-rows", help="Leave out rows with problems; they are counted and listed.")
    ] = False

    @property
    def keywords(self) -> dict[str, Any]:
        """Keywords of `bayeskisl.curves_from_table`."""
        return {**vars(self), "ignore": list(self.ignore or []), "by": list(self.by or [])}


def curves_import(
    table: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, Parquet or JSON, or a pipe; with --from, files of another tool."),
    ],
    maps: MappingOptions,
    runs: RunOptions,
    rows: RowOptions,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="TOOL", help="wandb, mlflow, lm-eval, trainer, tensorboard, olmo or nanochat."),
    ] = None,
    results: Annotated[
        Path | None,
        rare(metavar="DIR", help="Results of lm-evaluation-harness for a `sweep export`; --metric recall or choice."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how the table is read; write no file.")] = False,
    out: Annotated[Path, typer.Option(help="NetCDF file to write.", callback=ends_in(".nc"))] = Path("curves.nc"),
    as_json: AsJson = False,
) -> None:
    """Read retention curves from a table; show how each column was read, and what was assumed or left out."""
    with Progress(f"reading {table}"):
        from bayeskisl.curves import describe_import, save_curves
        from bayeskisl.curves.tables import read_map, write_map
        from bayeskisl.curves.tables.map_files import is_given

        kept, options = read_map(maps.map_file) if maps.map_file is not None else ({}, {})
        given = {"from": source, "results": results, **runs.keywords, **rows.keywords}
        options |= {name: value for name, value in given.items() if is_given(value) or name not in options}
        fields: dict[str, Any] = {**kept, **parsed(maps.mapping or [])}
    curves = _answered(table, fields, options) if maps.asks else _imported(table, fields, options)
    if not as_json:
        echo(describe_import(curves))
    if maps.save_map is not None:
        written = write_map(maps.save_map, json.loads(curves.attrs["import_mapping"]), _without_fields(options))
        echo(str(written), err=as_json)
    path = None if dry_run else save_curves(curves, out)
    if as_json:
        print_json(_summary(curves, path))
    elif path is not None:
        echo(str(path))


def _answered(table: Path, fields: dict[str, Any], options: dict[str, Any]) -> Any:
    """Import, and ask for what is missing until nothing is."""
    from bayeskisl.curves.tables import TableError

    while True:
        try:
            return _imported(table, fields, options)
        except TableError as problem:
            if not ask(problem, fields, options):
                raise


def _summary(curves: Any, path: Path | None) -> dict[str, Any]:
    """Return the import as data: the statements of `describe_import`."""
    imported = {
        name.removeprefix("import_"): json.loads(text)
        for name, text in curves.attrs.items()
        if name.startswith("import_")
    }
    groups = [str(name) for name in curves["group"].values]
    return {"file": path, "runs": curves.sizes["run"], "groups": groups, "axis": curves.attrs["axis"], **imported}


def _without_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that do not become part of the mapping."""
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


def curves_check(
    curves: Annotated[Path, typer.Argument(help="Retention curves, NetCDF; or a shipped sweep's name.")],
    figure: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Examine the data before any law: reversals, outlying rows, and uninformative levels."""
    with Progress(f"reading {curves}"):
        from bayeskisl.curves import check, load_curves

        loaded = load_curves(curves)
        found = check(loaded)
        if figure is not None:
            from bayeskisl.reporting import plot_check
            from bayeskisl.reporting.images import write_figure

            write_figure(plot_check(loaded), figure)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(found.text)


def _a_file_or_store(option: typer.CallbackParam, path: Path) -> Path:
    """Refuse a folder unless it may be an existing Zarr store."""
    if path.suffix != ".zarr":
        a_file(option, path)
    return path


def export(
    file: Annotated[Path, typer.Argument(help="Curves, a fit, a prediction or a decision; or a shipped sweep's name.")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: .parquet, .csv, .tsv or .jsonl for a table, .nc or .zarr for arrays.",
            callback=_a_file_or_store,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Write curves, draws or decisions as one tidy table, or as arrays."""
    with Progress(f"reading {file}"):
        from bayeskisl.reporting import export as write

        path = write(_loaded(file), out)
    if as_json:
        print_json({"file": path})
    else:
        echo(str(path))


def _loaded(file: Path) -> Any:
    """Load a file according to its content."""
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


def parsed(options: list[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for option in options:
        field, separator, source = option.partition("=")
        if not (separator and field.strip() and source.strip()):
            raise InputError("FIELD=COLUMN", repr(option), "--map", "for example --map params=model_size")
        if field.strip() in mapping:
            raise InputError("each field once", f"{field.strip()!r} again", "--map")
        mapping[field.strip()] = source.strip()
    return mapping
