"""Results of runs exported by `bayeskisl sweep export`, joined with the manifest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bayeskisl import schema
from bayeskisl.arguments import require_path
from bayeskisl.curves.tables.json_files import parse_json
from bayeskisl.curves.tables.quantities import as_text, read_quantity
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.read import read_table, text_of
from bayeskisl.curves.tables.sources.lm_eval import counted, measured
from bayeskisl.errors import InputError, way
from bayeskisl.files import lies_at

__all__ = ["holds_export", "read_exported"]

_PROBES = ("recall", "choice")
_OF_MODEL = "model_params"  # a check of the trained model, beside the sizes that the manifest states
_PROBE, _TASK = "probe", "task"  # columns of the manifest, beside those of fields
_JOINED = (schema.RUN, _PROBE, _TASK)
_LISTED = 6  # runs


def holds_export(folder: Path) -> bool:
    """Whether a folder has a manifest that `bayeskisl sweep export` wrote."""
    manifest = folder / "runs.csv"
    try:
        return manifest.is_file() and set(_JOINED) <= set(read_table(manifest).columns)
    except InputError:
        return False


def read_exported(folder: Path, results: Path, probe: str | None = None) -> RawTable:
    """Read one row per run and group: its entries in `runs.csv` and its result of lm-evaluation-harness.

    Parameters
    ----------
    folder : path
        An export, with its ``runs.csv``.
    results : path
        A folder that contains, at any depth, a folder named after each run; the newest of the results
        of a task with the most questions counts.
    probe : {"recall", "choice"}, optional
        The probe that measures retention; exact recall by default.

    Returns
    -------
    RawTable
        Runs without results are in ``left_out``.

    Raises
    ------
    InputError
        If there is no manifest, no result of any run, or no such probe; or if a result is of other questions than its
        run was probed with.
    """
    for where, path in {"folder": folder, "results": results}.items():
        require_path(path, "a folder", where)
    folder, results = Path(folder), Path(results)
    manifest = folder / "runs.csv"
    if not manifest.is_file():
        got = "none in it" if folder.is_dir() else lies_at(folder)
        raise InputError("an export with its manifest runs.csv", got, str(folder),
                         way("name the folder that `bk.export_sweep` wrote",
                             "name the folder that `bayeskisl sweep export --out` wrote"))  # fmt: skip
    if probe not in (None, *_PROBES):
        raise InputError(f"a probe among {', '.join(_PROBES)}", repr(probe), way("probe", "--metric"))
    if not results.is_dir():
        raise InputError("a folder of results", lies_at(results), str(results), "name the one that lm_eval wrote to")
    listed = _manifest(manifest)
    found, damaged = _results_of_runs(results, {str(run) for run in listed.columns[schema.RUN]})
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    missing: dict[str, str] = {}
    strange, partial = [], []
    for i, place in enumerate(listed.places):
        given = {name: cells[i] for name, cells in listed.columns.items()}
        if given.pop(_PROBE) != (probe or _PROBES[0]):
            continue
        given.pop(_OF_MODEL, None)
        run, task = str(given[schema.RUN]), str(given.pop(_TASK))
        if run not in found:
            missing[run] = f"no results in {results}"
            continue
        listed_facts = read_quantity(as_text(given.get(schema.PROBED)))
        score = _fullest(found[run], task, listed_facts)
        if score is None:
            missing[run] = f"no accuracy of task {task} in {results / run}"
            continue
        if listed_facts is not None and score.is_of_others(listed_facts):
            strange.append(f"{score.existing or score.asked:.0f} in place of {listed_facts:.0f} in {run}")
        elif listed_facts is not None and score.asked is not None and score.asked < listed_facts:
            partial.append(f"{score.asked:.0f} of {listed_facts:.0f} in {run}")
        probed = {} if score.asked is None else {schema.PROBED: score.asked}
        rows.append({**given, "accuracy": score.accuracy, **probed})
        places.append(place)
    if strange:
        raise InputError("as many questions in the results as the manifest lists", _listed(strange), str(results),
                         "put the results of each run in the folder of its name")  # fmt: skip
    if not rows:
        got = next(iter(missing.values()), "none")
        raise InputError("results of at least one run, in a folder of its name", got, str(results),
                         "let lm_eval write them there with --output_path, as launch/run.sh does")  # fmt: skip
    notes = [f"damaged results were passed over: {_listed(damaged)}"] if damaged else []
    notes += [f"some questions were not asked: {_listed(partial)}"] if partial else []
    table = table_of_rows(rows, places, listed.origin)
    read_by = {"table": folder.resolve().name, "results": results.resolve().name, "metric": probe}
    return replace(table, left_out=tuple(missing.items()), notes=tuple(notes), read_by=read_by)


def _listed(runs: Sequence[str]) -> str:
    more = f" and {len(runs) - _LISTED:,} more" if len(runs) > _LISTED else ""
    return ", ".join(runs[:_LISTED]) + more


def _manifest(path: Path) -> RawTable:
    """Read the manifest; the columns that join results to runs get their own names back, as of ``Probe``."""
    table = read_table(path)
    found = {name.strip().lower(): name for name in table.columns} | {name: name for name in table.columns}
    missing = [name for name in _JOINED if name not in found]
    if missing:
        raise InputError("columns run, probe and task in the manifest", f"no {' and no '.join(missing)}", str(path),
                         "restore them from the file that "
                         f"{way('`bk.export_sweep`', '`bayeskisl sweep export`')} wrote")  # fmt: skip
    own = {found[name]: name for name in (*_JOINED, schema.PROBED) if name in found}
    return replace(table, columns={own.get(name, name): cells for name, cells in table.columns.items()})


def _results_of_runs(results: Path, runs: set[str]) -> tuple[dict[str, list[Any]], list[str]]:
    """Results of each run, newest first, and the names of damaged files; names end in the time of writing."""
    found: dict[str, list[Any]] = {}
    damaged = []
    for file in sorted(results.rglob("results*.json"), key=lambda path: path.name, reverse=True):
        run = next((folder for folder in reversed(file.relative_to(results).parts[:-1]) if folder in runs), None)
        if run is None:
            continue
        try:
            found.setdefault(run, []).append(parse_json(text_of(file), str(file)))
        except InputError:  # the job ended while it wrote
            damaged.append(str(file.relative_to(results)))
    return found, damaged


@dataclass(frozen=True)
class _Score:
    """Accuracy in a task, over the questions that were asked, of those that existed; None where it is not told."""

    accuracy: float
    asked: float | None
    existing: float | None

    def is_of_others(self, listed: float) -> bool:
        """Whether the task is not the one of which a manifest lists so many questions."""
        return self.existing not in (None, listed) or (self.asked is not None and self.asked > listed)


def _fullest(results: Sequence[Any], task: str, listed: float | None) -> _Score | None:
    """The score with the most questions, and the newest among equals; None without any."""
    scores = filter(None, (_score(content, task) for content in results))
    return max(scores, key=lambda score: score.asked or listed or 0, default=None)


def _score(content: Any, task: str) -> _Score | None:
    if not isinstance(content, dict) or task not in (content.get("results") or ()):
        return None
    try:
        accuracy = measured(content, task, "acc", task)["accuracy"]
    except InputError:  # of other metrics
        return None
    counts = counted(content, task)
    if not math.isfinite(accuracy) or counts.get("effective") == 0:
        return None
    return _Score(accuracy, counts.get("effective"), counts.get("original"))
