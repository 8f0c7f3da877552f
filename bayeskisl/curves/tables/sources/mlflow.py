"""MLflow: a folder ``mlruns`` or a file ``mlflow.db``, read without MLflow."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.fields import STATE
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.sources.yaml_files import read_yaml
from bayeskisl.errors import InputError
from bayeskisl.files import lies_at

__all__ = ["read_mlflow"]

_DELETED = "it was deleted in MLflow"
_STATES = {1: "running", 2: "scheduled", 3: "finished", 4: "failed", 5: "killed"}  # mlflow.entities.RunStatus


def read_mlflow(path: Path) -> RawTable:
    """Read one row per run: ``run``, ``params.*``, ``tags.*`` and the last value of every metric, ``metrics.*``.

    Parameters
    ----------
    path : path
        A tracking folder (``mlruns/EXPERIMENT/RUN/{params,metrics,tags}``) or an SQLite file.

    Raises
    ------
    InputError
        If it holds no run.
    """
    rows, left_out = _from_database(path) if path.is_file() else _from_folder(path)
    if not rows:
        got = "no run in it" if path.exists() else lies_at(path)
        raise InputError("a folder `mlruns` or a file `mlflow.db` with runs", got, str(path),
                         "or import the CSV of mlflow.search_runs().to_csv(...)")  # fmt: skip
    table = table_of_rows(rows, [f"run {row['run']}" for row in rows], path.name)
    return RawTable(table.columns, table.places, table.origin, left_out=tuple(left_out))


def _from_folder(folder: Path) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    rows, left_out = [], []
    for description in sorted(folder.glob("**/meta.yaml")):
        run = description.parent
        if not ((run / "metrics").is_dir() or (run / "params").is_dir()):
            continue  # an experiment's own
        about = read_yaml(description)
        if ".trash" in run.parts or about.get("lifecycle_stage") == "deleted":
            left_out.append((run.name, _DELETED))
            continue
        rows.append(
            {
                "run": str(about.get("run_id") or run.name),
                **_state(about.get("status")),
                "params": dict(_texts(run / "params")),
                "metrics": {name: _last_value(text, run) for name, text in _texts(run / "metrics")},
                "tags": {name: text for name, text in _texts(run / "tags") if not name.startswith("mlflow.")},
            }
        )
    return rows, left_out


def _state(status: Any) -> dict[str, str]:
    """Whether a run finished, by the number in MLflow's files or the name in its database."""
    return {} if status is None else {STATE: _STATES.get(status, str(status).lower())}


def _texts(folder: Path) -> Iterable[tuple[str, str]]:
    for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8", errors="replace").strip()


def _last_value(text: str, run: Path) -> float:
    """Value at the last step of lines ``timestamp value step``; the latest of several at that step."""
    try:
        points = [line.split() for line in text.splitlines() if line.strip()]
        return max((int(point[2]) if len(point) > 2 else 0, int(point[0]), float(point[1])) for point in points)[2]
    except (ValueError, IndexError):
        raise InputError("lines `timestamp value step`", repr(text[:40]), str(run)) from None


def _from_database(path: Path) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            known = {column[1] for column in connection.execute("PRAGMA table_info(runs)").fetchall()}
            status = "status" if "status" in known else "NULL"
            runs = connection.execute(
                f"SELECT run_uuid, lifecycle_stage, {status} FROM runs ORDER BY start_time"
            ).fetchall()
            columns = {column[1] for column in connection.execute("PRAGMA table_info(latest_metrics)").fetchall()}
            value = "CASE WHEN is_nan THEN NULL ELSE value END" if "is_nan" in columns else "value"
            told = {
                kind: connection.execute(f"SELECT run_uuid, key, {each} FROM {table}").fetchall()
                for kind, table, each in (
                    ("params", "params", "value"), ("metrics", "latest_metrics", value), ("tags", "tags", "value")
                )
            }  # fmt: skip
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as problem:
        raise InputError("an SQLite file of MLflow", f"{type(problem).__name__}: {problem}", str(path)) from None
    rows: dict[str, dict[str, Any]] = {
        str(run): {"run": str(run), **_state(state), "params": {}, "metrics": {}, "tags": {}}
        for run, stage, state in runs
        if stage != "deleted"
    }
    for kind, entries in told.items():
        for run, key, value in entries:
            if str(run) in rows and not str(key).startswith("mlflow."):
                rows[str(run)][kind][str(key)] = value
    return list(rows.values()), [(str(run), _DELETED) for run, stage, _ in runs if stage == "deleted"]
