"""Hugging Face Trainer: ``trainer_state.json``, alone, in folders or in a manifest that describes the training."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.fields import STATE
from bayeskisl.curves.tables.json_files import parse_json
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.read import text_of
from bayeskisl.curves.tables.sources.folders import files_in, told_by_path
from bayeskisl.curves.tables.sources.manifest import MANIFEST, Rows, is_manifest, join_manifest
from bayeskisl.errors import InputError, argument

__all__ = ["read_trainer"]

# what Trainer.evaluate adds to the user's own metrics
_ITS_OWN = (
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "eval_model_preparation_time",
)


def read_trainer(path: Path, metric: str | None = None) -> RawTable:
    """Read one row per evaluation, with ``accuracy``, the step as ``checkpoint``, and whether training finished.

    Parameters
    ----------
    path : path
        A file ``trainer_state.json``; a folder of runs, of which each one's last checkpoint counts and names such as
        ``facts=1000`` are read; or a manifest with columns ``file``, ``params``, ``facts``, ``probed`` and so on.
    metric : str, optional
        As logged, such as ``eval_exact_match``; may be left out if only one was.
    """

    def rows_of(content: dict[str, Any], given: dict[str, Any], where: str) -> Rows:
        return _evaluations(content, given, metric, where)

    if path.is_file() and is_manifest(path):
        return join_manifest(path, rows_of)
    rows: list[dict[str, Any]] = []
    never: list[tuple[str, str]] = []
    for run, file in _last_states(files_in(path, ("trainer_state.json",), "states of a Trainer")).items():
        name = str(run.relative_to(path)) if path.is_dir() else run.name
        given = {"run": name or run.name, **told_by_path(file, path)}
        content = parse_json(text_of(file), str(file))
        if path.is_dir() and _was_never_evaluated(content):
            never.append((given["run"], "it ended before its first evaluation"))
            continue
        rows += [{**given, **row} for row in _evaluations(content, given, metric, str(file))]
    table = table_of_rows(rows, [f"{row['run']} step {row['checkpoint']}" for row in rows], path.name or str(path))
    return RawTable(table.columns, table.places, table.origin, left_out=tuple(never), hint=MANIFEST)


def _was_never_evaluated(content: Any) -> bool:
    """Whether a state of a Trainer has a history without any metric."""
    history = content.get("log_history") if isinstance(content, dict) else None
    return isinstance(history, list) and not any(
        isinstance(entry, dict) and any(_is_metric(name) for name in entry) for entry in history
    )


def _last_states(files: list[Path]) -> dict[Path, Path]:
    """The latest state of each run: checkpoints lie in folders ``checkpoint-600`` of the run's folder."""
    runs: dict[Path, list[tuple[int, Path]]] = {}
    for file in files:
        folder = file.parent
        is_checkpoint = folder.name.startswith("checkpoint-") and folder.name[11:].isdigit()
        run, step = (folder.parent, int(folder.name[11:])) if is_checkpoint else (folder, 10**12)
        runs.setdefault(run, []).append((step, file))
    return {run: max(states)[1] for run, states in runs.items()}


def _evaluations(content: Any, given: dict[str, Any], metric: str | None, where: str) -> Rows:
    history = content.get("log_history") if isinstance(content, dict) else None
    if not isinstance(history, list):
        raise InputError("a key 'log_history' with a list", "none", where, "give the file trainer_state.json")
    evaluations = [entry for entry in history if isinstance(entry, dict) and any(_is_metric(n) for n in entry)]
    names = sorted({name for entry in evaluations for name in entry if _is_metric(name)})
    chosen = metric or given.get("metric") or (names[0] if len(names) == 1 else None)
    if chosen not in names:
        got = f"none of that name ({chosen!r})" if chosen else f"{len(names)}"
        raise InputError(f"one metric of the evaluations ({', '.join(names) or 'none was logged'})", got, where,
                         f"say which with {argument('metric')} or a column 'metric'")  # fmt: skip
    seen = content.get("num_input_tokens_seen")
    tokens = {"num_input_tokens_seen": seen} if seen and "tokens" not in given else {}
    return [
        {"run": given.get("run") or where, "checkpoint": entry.get("step"), "accuracy": entry[chosen], **tokens,
         **_state(content)}
        for entry in evaluations
        if chosen in entry
    ]  # fmt: skip


def _state(content: dict[str, Any]) -> dict[str, str]:
    """Whether the planned steps were done, if the file contains both numbers."""
    done, planned = content.get("global_step"), content.get("max_steps")
    if not isinstance(done, int) or not isinstance(planned, int) or planned <= 0:
        return {}
    return {STATE: "finished" if done >= planned else "stopped"}


def _is_metric(name: Any) -> bool:
    return isinstance(name, str) and name.startswith("eval_") and name not in _ITS_OWN
