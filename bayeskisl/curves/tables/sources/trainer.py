"""Hugging Face Trainer: ``trainer_state.json``, with a manifest that tells what was trained."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.read import RawTable
from bayeskisl.curves.tables.sources.manifest import Rows, join_manifest
from bayeskisl.errors import InputError

__all__ = ["read_trainer"]

# what Trainer.evaluate adds to the user's own metrics
_ITS_OWN = (
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "eval_model_preparation_time",
)


def read_trainer(manifest: Path, metric: str | None = None) -> RawTable:
    """The manifest's rows, once per evaluation, with ``accuracy`` and the step as ``checkpoint``.

    Parameters
    ----------
    manifest : path
        A table with columns ``file``, ``params``, ``facts``, ``probed`` and so on.
    metric : str, optional
        As logged, such as ``eval_exact_match``; may be left out if only one was.
    """

    def rows_of(content: dict[str, Any], given: dict[str, Any], where: str) -> Rows:
        history = content.get("log_history")
        if not isinstance(history, list):
            raise InputError("a key 'log_history' with a list", "none", where, "give the file trainer_state.json")
        evaluations = [entry for entry in history if isinstance(entry, dict) and any(_is_metric(n) for n in entry)]
        names = sorted({name for entry in evaluations for name in entry if _is_metric(name)})
        chosen = metric or given.get("metric") or (names[0] if len(names) == 1 else None)
        if chosen not in names:
            got = f"none of that name ({chosen!r})" if chosen else f"{len(names)}"
            raise InputError(f"one metric of the evaluations ({', '.join(names) or 'none was logged'})", got, where,
                             "say which with --metric or a column 'metric'")  # fmt: skip
        run = given.get("run") or where
        seen = content.get("num_input_tokens_seen")
        tokens = {"num_input_tokens_seen": seen} if seen and "tokens" not in given else {}
        return [
            {"run": run, "checkpoint": entry.get("step"), "accuracy": entry[chosen], **tokens}
            for entry in evaluations
            if chosen in entry
        ]

    return join_manifest(manifest, rows_of)


def _is_metric(name: Any) -> bool:
    return isinstance(name, str) and name.startswith("eval_") and name not in _ITS_OWN
