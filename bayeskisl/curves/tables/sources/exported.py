"""Results of runs exported by `bayeskisl sweep export`, joined with the manifest."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.json_files import parse_json
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.read import read_table, text_of
from bayeskisl.curves.tables.sources.lm_eval import measured
from bayeskisl.errors import InputError
from bayeskisl.files import lies_at

__all__ = ["read_exported"]

_PROBES = ("recall", "choice")


def read_exported(folder: Path, results: Path, probe: str | None = None) -> RawTable:
    """Read one row per run and group: its entries in `runs.csv` and its result of lm-evaluation-harness.

    Parameters
    ----------
    folder : path
        An export, with its ``runs.csv``.
    results : path
        A folder that contains, at any depth, a folder named after each run; the newest result of a task counts.
    probe : {"recall", "choice"}, optional
        The probe that measures retention; exact recall by default.

    Returns
    -------
    RawTable
        Runs without results are in ``left_out``.

    Raises
    ------
    InputError
        If there is no manifest, no result of any run, or no such probe.
    """
    manifest = folder / "runs.csv"
    if not manifest.is_file():
        got = "none in it" if folder.is_dir() else lies_at(folder)
        raise InputError("an export with its manifest runs.csv", got, str(folder),
                         "name the folder that `bayeskisl sweep export --out` wrote")  # fmt: skip
    if probe not in (None, *_PROBES):
        raise InputError(f"a probe among {', '.join(_PROBES)}", repr(probe), "--metric")
    if not results.is_dir():
        raise InputError("a folder of results", lies_at(results), str(results), "name the one that lm_eval wrote to")
    listed = read_table(manifest)
    files = _files_of_runs(results, {str(run) for run in listed.columns["run"]})
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    missing: dict[str, str] = {}
    for i, place in enumerate(listed.places):
        given = {name: cells[i] for name, cells in listed.columns.items()}
        if given.pop("probe") != (probe or _PROBES[0]):
            continue
        run, task = str(given["run"]), str(given.pop("task"))
        found = _newest(files.get(run, []), task)
        if found is None:
            missing[run] = f"no result of task {task} in {results}" if run in files else f"no results in {results}"
            continue
        result = measured(found, task, "acc", str(results / run))
        rows.append({**given, "accuracy": result["accuracy"], "probed": result.get("probed", given["probed"])})
        places.append(place)
    if not rows:
        raise InputError("results of at least one run, in a folder of its name", "none", str(results),
                         "let lm_eval write them there with --output_path, as launch/run.sh does")  # fmt: skip
    table = table_of_rows(rows, places, listed.origin)
    return RawTable(table.columns, table.places, table.origin, left_out=tuple(missing.items()))


def _files_of_runs(results: Path, runs: set[str]) -> dict[str, list[Path]]:
    """Result files of each run, newest first; their names end in the time of writing."""
    files: dict[str, list[Path]] = {}
    for file in sorted(results.rglob("results*.json"), key=lambda path: path.name, reverse=True):
        for folder in reversed(file.relative_to(results).parts[:-1]):
            if folder in runs:
                files.setdefault(folder, []).append(file)
                break
    return files


def _newest(files: list[Path], task: str) -> dict[str, Any] | None:
    for file in files:
        content = parse_json(text_of(file), str(file))
        if isinstance(content, dict) and isinstance(content.get("results"), dict) and task in content["results"]:
            return content
    return None
