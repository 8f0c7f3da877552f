"""lm-evaluation-harness: results JSON, with a manifest that tells what was trained."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.quantities import is_missing
from bayeskisl.curves.tables.read import RawTable
from bayeskisl.curves.tables.sources.manifest import Rows, join_manifest
from bayeskisl.errors import InputError

__all__ = ["read_lm_eval"]


def read_lm_eval(manifest: Path, metric: str | None = None) -> RawTable:
    """The manifest's rows with ``accuracy`` and ``probed`` (else ``standard_error``) of their task.

    Parameters
    ----------
    manifest : path
        A table with columns ``file`` and ``params``, ``facts`` and so on; ``task`` where a file has results of several,
        and then usually ``group``.
    metric : str, optional
        ``acc``, ``exact_match`` or, with its filter, ``exact_match,strict-match``; a column ``metric`` does the same.

    Notes
    -----
    A file holds ``results[task]["acc,none"]`` with ``acc_stderr,none``, and since version 0.4.2
    ``n-samples[task]["effective"]``. The number of samples, where it is told, makes the counts exact.
    """

    def rows_of(content: dict[str, Any], given: dict[str, Any], where: str) -> Rows:
        results = content.get("results")
        if not isinstance(results, dict) or not results:
            raise InputError("a key 'results' with tasks", "none", where, "give the file that --output_path wrote")
        task = _one(results, given.get("task"), "task", where)
        scores = results[task]
        if not isinstance(scores, dict):
            raise InputError(f"scores of the task {task!r}", type(scores).__name__, where)
        metrics = {name: value for name, value in scores.items()
                   if isinstance(value, int | float) and "_stderr" not in name and name != "sample_len"}  # fmt: skip
        wanted = metric or given.get("metric")
        named = [name for name in metrics if name == wanted or name.split(",")[0] == wanted]
        chosen = _one(metrics, named[0] if len(named) == 1 else wanted, "metric", where)
        name, _, filtered = chosen.partition(",")
        row = {"task": task, "metric": chosen, "accuracy": metrics[chosen]}
        samples = _samples(content, task)
        error = scores.get(f"{name}_stderr,{filtered}" if filtered else f"{name}_stderr")
        if samples is not None:
            row["probed"] = samples
        elif isinstance(error, int | float):
            row["standard_error"] = error
        return [row]

    return join_manifest(manifest, rows_of)


def _samples(content: dict[str, Any], task: str) -> Any:
    counts = content.get("n-samples")
    of_task = counts.get(task) if isinstance(counts, dict) else None
    return of_task.get("effective") if isinstance(of_task, dict) else None


def _one(options: dict[str, Any], wanted: Any, what: str, where: str) -> str:
    """The option that is wanted, or the only one."""
    if not is_missing(wanted):
        if str(wanted) in options:
            return str(wanted)
        raise InputError(f"a {what} among {', '.join(options)}", repr(wanted), where)
    if len(options) == 1:
        return next(iter(options))
    remedy = f"add a column '{what}' to the manifest" + (" or say --metric" if what == "metric" else "")
    raise InputError(f"one {what}", f"{len(options)}: {', '.join(options)}", where, remedy)
