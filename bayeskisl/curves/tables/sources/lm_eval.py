"""lm-evaluation-harness: result files, alone, in folders or in a manifest that describes the training."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.json_files import from_json_lines, parse_json
from bayeskisl.curves.tables.quantities import is_missing
from bayeskisl.curves.tables.raw import RawTable, checked, table_of_rows
from bayeskisl.curves.tables.read import text_of
from bayeskisl.curves.tables.sources.folders import files_in, told_by_path
from bayeskisl.curves.tables.sources.manifest import MANIFEST, Rows, is_manifest, join_manifest
from bayeskisl.errors import InputError, argument

__all__ = ["counted", "measured", "read_lm_eval", "read_samples"]


def read_lm_eval(path: Path, metric: str | None = None) -> RawTable:
    """Read one row per result file, with ``accuracy`` and ``probed`` (else ``standard_error``) of its task.

    Parameters
    ----------
    path : path
        A result file, a folder of them, or a manifest: a table with columns ``file`` and ``params``, ``facts`` and so
        on; ``task`` where a file has results of several, and then usually ``group``. Without a manifest, names of
        folders such as ``facts=1000`` are read, and a file with several tasks has columns ``TASK`` and ``TASK n``,
        or ``TASK METRIC`` and ``TASK METRIC n`` for a task of several metrics of which none is named.
    metric : str, optional
        ``acc``, ``exact_match`` or, with its filter, ``exact_match,strict-match``; a column ``metric`` does the same.

    Notes
    -----
    A file holds ``results[task]["acc,none"]`` with ``acc_stderr,none``, and since version 0.4.2
    ``n-samples[task]["effective"]``. The number of samples, where it is given, makes the counts exact.
    """

    def rows_of(content: dict[str, Any], given: dict[str, Any], where: str) -> Rows:
        results = _results(content, where)
        task = _one(results, given.get("task"), "task", where)
        return [{"task": task, **measured(content, task, metric or given.get("metric"), where)}]

    if path.is_file() and is_manifest(path):
        return join_manifest(path, rows_of)
    files = files_in(path, ("results*.json",), "result files of lm-evaluation-harness")
    rows = [_alone(file, path, metric) for file in files]
    table = table_of_rows(rows, [str(row["file"]) for row in rows], path.name or str(path))
    return RawTable(table.columns, table.places, table.origin, hint=MANIFEST)


def _alone(file: Path, root: Path, metric: str | None) -> dict[str, Any]:
    """Read a result file without a manifest."""
    content = parse_json(text_of(file), str(file))
    results = _results(content, str(file))
    config = content.get("config") if isinstance(content.get("config"), dict) else {}
    name = str(file.relative_to(root)) if file != root else file.name
    row: dict[str, Any] = {"file": name, **told_by_path(file, root)}
    row["model"] = content.get("model_name") or _pretrained(config)
    row["model_num_parameters"] = config.get("model_num_parameters")
    scores = {task: _metrics(results[task]) for task in results}
    if len(scores) == 1:
        ((task, _),) = scores.items()
        return {**_told(row), "task": task, **measured(content, task, _of_task(results[task], metric), str(file))}
    for task, metrics in scores.items():
        wanted = _of_task(results[task], metric)
        several = wanted is None and len(metrics) > 1
        for name, each in {f"{task} {each}": each for each in metrics}.items() if several else [(task, wanted)]:
            found = measured(content, task, each, str(file))
            row |= {name: found["accuracy"], f"{name} n": found.get("probed"),
                    f"{name} stderr": found.get("standard_error")}  # fmt: skip
    return _told(row)


def _of_task(scores: Any, wanted: str | None) -> str | None:
    """The wanted metric, unless a task of several has it not, and has one of its own alone."""
    named = [name.split(",")[0] for name in scores] if isinstance(scores, dict) else []
    return wanted if wanted in (*named, *scores) else None


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _pretrained(config: dict[str, Any]) -> str | None:
    arguments = config.get("model_args")
    if isinstance(arguments, dict):
        return arguments.get("pretrained")
    parts = dict(part.split("=", 1) for part in str(arguments or "").split(",") if "=" in part)
    return parts.get("pretrained")


def _results(content: Any, where: str) -> dict[str, Any]:
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, dict) or not results:
        raise InputError("a key 'results' with tasks", "none", where,
                         f"give the file that --output_path wrote, a folder of them, or {MANIFEST}")  # fmt: skip
    return results


def measured(content: dict[str, Any], task: str, wanted: Any, where: str) -> dict[str, Any]:
    """Return the metric of a task with its denominator or standard error."""
    scores = content["results"][task]
    if not isinstance(scores, dict):
        raise InputError(f"scores of the task {task!r}", type(scores).__name__, where)
    metrics = _metrics(scores)
    named = [name for name in metrics if name == wanted or name.split(",")[0] == wanted]
    chosen = _one(metrics, named[0] if len(named) == 1 else wanted, "metric", f"{where}: {task}")
    name, _, filtered = chosen.partition(",")
    told = {"metric": chosen, "accuracy": metrics[chosen]}
    samples = counted(content, task).get("effective")
    error = scores.get(f"{name}_stderr,{filtered}" if filtered else f"{name}_stderr")
    if samples is not None:
        told["probed"] = samples
    elif isinstance(error, int | float):
        told["standard_error"] = error
    return told


def _metrics(scores: Any) -> dict[str, float]:
    return {name: value for name, value in (scores.items() if isinstance(scores, dict) else ())
            if isinstance(value, int | float) and "_stderr" not in name and name != "sample_len"}  # fmt: skip


def counted(content: dict[str, Any], task: str) -> dict[str, Any]:
    """Return the numbers of questions of a task: ``original``, and ``effective`` ones that were asked."""
    counts = content.get("n-samples")
    of_task = counts.get(task) if isinstance(counts, dict) else None
    return of_task if isinstance(of_task, dict) else {}


def _one(options: dict[str, Any], wanted: Any, what: str, where: str) -> str:
    """Return the requested option, or the only one."""
    if not is_missing(wanted):
        if str(wanted) in options:
            return str(wanted)
        if not options:
            raise InputError(f"a {what}", "none", where)
        raise InputError(f"a {what} among {', '.join(options)}", repr(wanted), where)
    if len(options) == 1:
        return next(iter(options))
    remedy = (
        "add a column 'task' to the manifest"
        if what == "task"
        else f"say which with {argument('metric')}, or a column 'metric'"
    )
    raise InputError(f"one {what}", f"{len(options)}: {', '.join(options)}", where, remedy)


def read_samples(path: Path) -> RawTable:
    """Read one row per question, from ``samples_*.jsonl`` that ``--log_samples`` writes; any column can group them.

    Parameters
    ----------
    path : path
        A file, or a folder of them, whose rows then have a column ``file``.
    """
    rows: list[dict[str, Any]] = []
    places: list[str] = []
    for file in files_in(path, ("samples_*.jsonl",), "files of single questions"):
        table = from_json_lines(text_of(file), file.name)
        name = str(file.relative_to(path)) if file != path else file.name
        told = told_by_path(file, path)
        kept = [column for column in table.columns if not column.startswith(("arguments", "resps", "filtered_resps"))]
        for i, place in enumerate(table.places):
            rows.append({"file": name, **told, **{column: table.columns[column][i] for column in kept}})
            places.append(f"{name}: {place}")
    return checked(table_of_rows(rows, places, path.name or str(path)))
