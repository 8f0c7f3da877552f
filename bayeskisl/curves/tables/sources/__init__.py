"""Readers of other tools' files: tables with a row per run, per run and task, or per checkpoint."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bayeskisl.arguments import require_one_of, require_path
from bayeskisl.curves.tables.raw import RawTable
from bayeskisl.curves.tables.sources.exported import holds_export, read_exported
from bayeskisl.curves.tables.sources.lm_eval import read_lm_eval, read_samples
from bayeskisl.curves.tables.sources.logs import read_log
from bayeskisl.curves.tables.sources.mlflow import read_mlflow
from bayeskisl.curves.tables.sources.tensorboard import read_tensorboard
from bayeskisl.curves.tables.sources.trainer import read_trainer
from bayeskisl.curves.tables.sources.wandb import LOG, read_wandb
from bayeskisl.curves.tables.spelling import map_option, quoted
from bayeskisl.errors import InputError, way
from bayeskisl.sweeping.store import build_it, holds_sweep

__all__ = ["SOURCES", "read_exported", "read_runs", "source_of"]

SOURCES: dict[str, Callable[..., RawTable]] = {
    "wandb": read_wandb,
    "mlflow": read_mlflow,
    "lm-eval": read_lm_eval,
    "trainer": read_trainer,
    "tensorboard": read_tensorboard,
    "olmo": read_log,
    "nanochat": read_log,
}
_WITH_METRIC = ("lm-eval", "trainer")
# what a folder of each tool holds; the first that is found names the tool
_TRACES = {
    "lm-eval": ("results*.json", "samples_*.jsonl"),
    "wandb": ("files/config.yaml", f"*{LOG}"),
    "mlflow": ("meta.yaml",),
    "trainer": ("trainer_state.json",),
    "tensorboard": ("*tfevents*",),
}


def source_of(folder: Path) -> str:
    """Return the tool that wrote a folder.

    Raises
    ------
    InputError
        If none of them is known to leave such a folder.
    """
    export = next((each for each in (folder, folder.parent) if holds_export(each)), None)
    if export is not None:
        results = export / "results"
        remedy = way(f"read both: `bk.read_exported({str(export)!r}, {str(results)!r})`",
                     f"import both: bayeskisl curves import {export} --results {results}")  # fmt: skip
        raise InputError("an export with its results", "one of them", str(folder), remedy)
    for name, traces in _TRACES.items():
        if any(next(folder.rglob(trace), None) is not None for trace in traces):
            return name
    if holds_sweep(folder):
        raise InputError(
            "a table's file or another tool's folder", "the folder of a sweep", str(folder), build_it(folder)
        )
    raise InputError(f"a table's file, or a folder of {', '.join(SOURCES)}", "another folder", str(folder),
                     way("read it with `bk.read_runs(path, TOOL)`", "name the tool with --from"))  # fmt: skip


def read_runs(path: str | Path, source: str, metric: str | None = None, *, questions: bool = False) -> RawTable:
    """Read the table of runs in a tool's files, for `curves_from_table`.

    Parameters
    ----------
    path : path
        ``wandb``: a folder of run folders, each with ``files/config.yaml`` and ``files/wandb-summary.json``.
        ``mlflow``: a folder ``mlruns`` or a file ``mlflow.db``. ``lm-eval`` and ``trainer``: result files
        (``trainer_state.json``), a folder of them, or a manifest: a table with a column ``file`` and the fields that
        the files lack, such as ``params``, ``tokens``, ``facts``, ``ratio``. ``tensorboard``: event files. ``olmo`` and
        ``nanochat``: logs. Tables that W&B and MLflow export as CSV need no reader.
    source : str
        One of these names.
    metric : str, optional
        For ``lm-eval`` and ``trainer``: the metric that measures retention, if a file has several.
    questions : bool
        For ``lm-eval``: whether to read single questions (``samples_*.jsonl``), to be counted by a column.

    Returns
    -------
    RawTable
        The table, whose ``columns`` can be inspected; runs without a measurement are in ``left_out``.

    Raises
    ------
    InputError
        If there is no such file or folder at `path`.
    """
    require_path(path, "a tool's files", "path")
    require_one_of(source, SOURCES, "source")
    read = _read(Path(path), source, metric, questions)
    return replace(read, read_by={"table": Path(path).resolve().name, "from": source, "metric": metric})


def _read(path: Path, source: str, metric: str | None, questions: bool) -> RawTable:
    if questions:
        if source != "lm-eval":
            raise InputError(way("questions of lm-eval alone", "--by with tables and lm-eval"), f"{source!r}",
                             way("questions", "by"))  # fmt: skip
        return read_samples(path)
    if source in _WITH_METRIC:
        return SOURCES[source](path, metric)
    if metric is not None:
        raise InputError(f"a metric only for {' and '.join(_WITH_METRIC)}", repr(metric), "metric",
                         f"map it, as in {map_option('accuracy', quoted(metric))}")  # fmt: skip
    return SOURCES[source](path)
