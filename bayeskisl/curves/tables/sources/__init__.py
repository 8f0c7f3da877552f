"""What other tools leave behind, as tables: one row per run, or per run and task, or per checkpoint."""

from collections.abc import Callable
from pathlib import Path

from bayeskisl.curves.tables.read import RawTable
from bayeskisl.curves.tables.sources.lm_eval import read_lm_eval
from bayeskisl.curves.tables.sources.mlflow import read_mlflow
from bayeskisl.curves.tables.sources.trainer import read_trainer
from bayeskisl.curves.tables.sources.wandb import read_wandb
from bayeskisl.errors import InputError

__all__ = ["SOURCES", "read_runs"]

SOURCES: dict[str, Callable[..., RawTable]] = {
    "wandb": read_wandb,
    "mlflow": read_mlflow,
    "lm-eval": read_lm_eval,
    "trainer": read_trainer,
}
_WITH_METRIC = ("lm-eval", "trainer")


def read_runs(path: str | Path, source: str, metric: str | None = None) -> RawTable:
    """The table of runs that a tool left behind, for `curves_from_table`.

    Parameters
    ----------
    path : path
        ``wandb``: a folder of run folders, each with ``files/config.yaml`` and ``files/wandb-summary.json``.
        ``mlflow``: a folder ``mlruns`` or a file ``mlflow.db``. ``lm-eval`` and ``trainer``: a manifest, a table with a
        column ``file`` (results of lm-evaluation-harness, or ``trainer_state.json``) and what the files do not tell:
        ``params``, ``tokens``, ``facts``, ``ratio``. Tables that W&B and MLflow export as CSV need no reader.
    source : str
        One of these names.
    metric : str, optional
        For ``lm-eval`` and ``trainer``: which metric is the retention, where a file has several.

    Returns
    -------
    RawTable
        Its ``columns`` may be looked at; runs that have no measurement are in ``left_out``.

    Raises
    ------
    InputError
        If there is nothing of the kind at `path`.
    """
    if source not in SOURCES:
        raise InputError(f"one of {', '.join(SOURCES)}", repr(source), "source")
    if source in _WITH_METRIC:
        return SOURCES[source](Path(path), metric)
    if metric is not None:
        raise InputError(f"a metric only for {' and '.join(_WITH_METRIC)}", repr(metric), "metric",
                         f"map it, as in --map 'accuracy=\"{metric}\"'")  # fmt: skip
    return SOURCES[source](Path(path))
