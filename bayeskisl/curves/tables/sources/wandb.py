"""Weights & Biases: the local files of a run (``files/config.yaml`` and ``files/wandb-summary.json``)."""

from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.fields import STATE
from bayeskisl.curves.tables.json_files import parse_json
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.sources.yaml_files import read_yaml
from bayeskisl.errors import InputError
from bayeskisl.files import lies_at

__all__ = ["LOG", "read_wandb"]

LOG = ".wandb"  # ending of the binary log of a run

_INTERNAL = ("_wandb", "wandb_version")


def read_wandb(folder: Path) -> RawTable:
    """Read one row per run: ``run``, ``config.*`` and the last value of every metric, ``summary.*``.

    Parameters
    ----------
    folder : path
        The folder ``wandb``, or one above it; run folders are named as ``run-20261123_101500-abc123``.

    Raises
    ------
    InputError
        If there is no run in it, or only the binary log of an offline run.
    """
    if folder.suffix == LOG:
        raise _unread(folder)
    runs = sorted(path.parent.parent for path in folder.glob("**/files/config.yaml") if "latest-run" not in path.parts)
    runs = [run for run in runs if "run-" in run.name]
    if not runs:
        if log := next(folder.glob(f"**/*{LOG}"), None):
            raise _unread(log)
        got = "none in it" if folder.is_dir() else lies_at(folder)
        raise InputError("a folder with run folders of Weights & Biases", got, str(folder),
                         "name the folder `wandb`, or export the project's runs as CSV and import that")  # fmt: skip
    rows, places, left_out = [], [], []
    for run in runs:
        summary = run / "files" / "wandb-summary.json"
        if not summary.is_file():
            left_out.append((run.name, "it has no wandb-summary.json: it did not finish, or was not synchronised"))
            continue
        told = parse_json(summary.read_text(encoding="utf-8", errors="replace"), str(summary))
        if not isinstance(told, dict):
            raise InputError("a JSON object", f"a {type(told).__name__}", str(summary))
        rows.append(
            {
                "run": run.name.rsplit("-", 1)[-1],
                **_state(run),
                "config": {name: _value(entry) for name, entry in read_yaml(run / "files" / "config.yaml").items()
                           if name not in _INTERNAL},
                "summary": {name: value for name, value in told.items() if name not in _INTERNAL},
            }
        )  # fmt: skip
        places.append(run.name)
    table = table_of_rows(rows, places, folder.name or str(folder))
    return RawTable(table.columns, table.places, table.origin, left_out=tuple(left_out))


def _unread(log: Path) -> InputError:
    """Return the refusal of a binary log, which only the client of Weights & Biases reads."""
    return InputError(
        "a run folder with files/config.yaml and files/wandb-summary.json", "the binary log of an offline run",
        str(log), f"upload it with `wandb sync {log.parent}`, export the project's runs as CSV, and import that; a "
        "sweep of bayeskisl leaves readable files with its `WandbMirror`"
    )  # fmt: skip


def _state(run: Path) -> dict[str, str]:
    """Whether the run finished, if its metadata contain it."""
    described = run / "files" / "wandb-metadata.json"
    if not described.is_file():
        return {}
    about = parse_json(described.read_text(encoding="utf-8", errors="replace"), str(described))
    state = about.get("state") if isinstance(about, dict) else None
    return {STATE: str(state)} if state else {}


def _value(entry: Any) -> Any:
    """Unwrap an entry of a configuration, ``{desc: ..., value: ...}``."""
    return entry["value"] if isinstance(entry, dict) and set(entry) <= {"desc", "value"} and "value" in entry else entry
