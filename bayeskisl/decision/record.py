"""A forecast on record: data that a third party can score once the target is trained, and a hash to publish before."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.decision.decision import Decision
from bayeskisl.decision.summary import decision_summary
from bayeskisl.errors import InputError
from bayeskisl.files import replace_file, require_file

__all__ = ["RECORD_QUANTILES", "check_record", "forecast_record", "record_path", "write_record"]

RECORD_QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
# Draws that are written out; the file of the decision holds all of them.
_DRAWS, _DIGITS = 1000, 6


def forecast_record(decision: Decision) -> dict[str, Any]:
    """Return the forecast as plain values.

    Parameters
    ----------
    decision : Decision
        Result of `decide`.

    Returns
    -------
    dict
        ``target``; ``quantities``, each with what it is of, its unit, quantiles and draws; ``rules`` of thumb beside
        them; ``choice``, ``verdict``; ``created``, ``versions`` and ``checksums``; and ``sha256`` of everything else
        as JSON with sorted keys and no spaces.
    """
    data, about, found = decision.data, decision.about, decision_summary(decision)
    half = about.half_point
    quantities = {
        f"{half} of a cell, the mean of many runs": f"{half}_of_cell",
        f"{half} of one {'new run' if about.kind == 'new_run' else 'mean run'}": half,
        "most that a run may be given to keep its share": "admissible",
        "least that is enough for a run to keep its share": "sufficient",
    }
    content = {
        "content": "forecast of bayeskisl",
        "created": about.created,
        "target": {name: found[name] for name in (schema.PARAMS, schema.TOKENS, "axis", "unit", "group", "held_fixed")},
        "quantities": {what: _quantity(data[name]) for what, name in quantities.items() if name in data},
        "rules": about.rules,
        "choice": found["choice"],
        "verdict": found["verdict"],
        "extrapolated": decision.extrapolated,
        "versions": {"bayeskisl": about.bayeskisl_version, "schema": int(about.schema_version)},
        "checksums": {"law": about.law_sha256, "fitted runs": _sha256(json.dumps(about.fitted_runs))},
        "seed": int(about.seed),
    }
    return {**content, "sha256": _sha256(_canonical(content))}


def write_record(decision: Decision, decision_path: Path) -> Path:
    """Write the record beside the saved decision; it contains that file's checksum."""
    record = forecast_record(decision)
    content = {name: value for name, value in record.items() if name != "sha256"}
    content["checksums"]["decision file"] = hashlib.sha256(decision_path.read_bytes()).hexdigest()
    path = record_path(decision_path)
    whole = json.dumps({**content, "sha256": _sha256(_canonical(content))}, indent=1) + "\n"
    replace_file(path, whole.encode())
    return path


def record_path(decision_path: Path) -> Path:
    """Path of the record of a saved decision."""
    return decision_path.with_suffix(".forecast.json")


def check_record(decision_path: Path) -> dict[str, Any] | None:
    """Check the record beside a saved decision, if there is one.

    Raises
    ------
    InputError
        If the record is not what its hash says, or is not of this file.
    """
    path = record_path(Path(decision_path))
    if not path.is_file():
        return None
    require_file(Path(decision_path), "the decision that is on record", ending=".nc")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        content = {name: value for name, value in record.items() if name != "sha256"}
        whole = record["sha256"] == _sha256(_canonical(content))
        of_file = content["checksums"]["decision file"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError("a forecast on record", "a file that cannot be read as one", str(path)) from None
    if not whole:
        raise InputError("a record as it was written", "one that was changed later", str(path),
                         "take the one whose hash was published")  # fmt: skip
    if of_file != hashlib.sha256(Path(decision_path).read_bytes()).hexdigest():
        raise InputError("the decision that is on record", "another one of that name", str(decision_path),
                         "verify the file that the record was written with")  # fmt: skip
    return record


def _quantity(draws: xr.DataArray) -> dict[str, Any]:
    values = draws.values.ravel()
    levels = np.quantile(values, RECORD_QUANTILES, method="inverted_cdf")
    few = values[np.linspace(0, values.size - 1, min(_DRAWS, values.size)).round().astype(int)]
    return {
        "quantiles": {f"{p:g}": _plain(x) for p, x in zip(RECORD_QUANTILES, levels, strict=True)},
        "draws": [_plain(x) for x in few],
    }


def _plain(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
