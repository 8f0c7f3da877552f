"""Text logs as OLMo-core and nanochat print them: the last value of every metric."""

import re
from pathlib import Path
from typing import Any

from bayeskisl.curves.tables.fields import PLANNED
from bayeskisl.curves.tables.raw import RawTable, table_of_rows
from bayeskisl.curves.tables.read import text_of
from bayeskisl.curves.tables.sources.folders import files_in, told_by_path
from bayeskisl.curves.tables.sources.manifest import MANIFEST
from bayeskisl.errors import InputError

__all__ = ["read_log"]

# OLMo-core: "[step=600/1000,epoch=1]"
# nanochat: "step 00600/01000 (60.00%) | loss: 2.1", "Step 00600 | Validation bpb: 1.0"
_STEP = re.compile(r"\bstep[ =:]+0*(\d+)(?:\s*/\s*0*(\d+))?", re.IGNORECASE)
# "    eval/downstream/facts (accuracy)=0.91", "| CORE metric: 0.2"
_METRIC = re.compile(
    r"(?:^|[|,\]]|\s{2,})\s*([A-Za-z][\w /().-]*?)\s*[=:]\s*([+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?%?)(?=[\s|,]|$)"
)
_PATTERNS = ("*.log", "*.out", "*.txt", "report.md")


def read_log(path: Path) -> RawTable:
    """Read one row per log: ``run``, the last value of every metric, the last step and the planned last step.

    Parameters
    ----------
    path : path
        A log, or a folder of them; names of folders such as ``facts=1000`` are read.

    Raises
    ------
    InputError
        If there is no log with steps and metrics.
    """
    rows: list[dict[str, Any]] = []
    for file in files_in(path, _PATTERNS, "logs"):
        metrics, step, planned = _metrics(text_of(file))
        if not metrics or step is None:
            continue
        name = str(file.relative_to(path).with_suffix("")) if path.is_dir() else file.stem
        row: dict[str, Any] = {"run": name, **told_by_path(file, path), "checkpoint": step, **metrics}
        rows.append({**row, PLANNED: planned} if planned is not None else row)
    if not rows:
        raise InputError("a log with lines such as [step=600/1000] and eval/recall=0.91", "none", str(path))
    table = table_of_rows(rows, [str(row["run"]) for row in rows], path.name or str(path))
    return RawTable(table.columns, table.places, table.origin, hint=MANIFEST)


def _metrics(text: str) -> tuple[dict[str, str], int | None, int | None]:
    metrics: dict[str, str] = {}
    step = planned = None
    for line in text.splitlines():
        at = _STEP.search(line)
        if at is not None:
            step = max(step or 0, int(at[1]))
            planned = int(at[2]) if at[2] else planned
        for name, value in _METRIC.findall(line[:2000]):
            if not name.lower().startswith(("step", "epoch")):
                metrics[name.strip()] = value
    return metrics, step, planned
