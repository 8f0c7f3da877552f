"""Decisions and fits: arrays and attributes changed, above all draws that are no number, negative or infinite."""

import math
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from bayeskisl.decision import decide, load_decision
from bayeskisl.decision.summary import decision_summary
from bayeskisl.inference import load_fit
from studies.hostile_input.door import LIES, Door, few, require_alone

__all__ = ["DECISIONS", "FITS"]

_PARAMS = 1e6
_ODD = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300, -1e-300, 2.0)
# The array or attribute by its number, what is done, and where in the array.
_CHANGES = st.one_of(
    st.tuples(st.just("value"), st.integers(0, 999), st.sampled_from(_ODD), st.integers(0, 999)),
    st.tuples(st.just("all"), st.integers(0, 999), st.sampled_from(_ODD), st.just(0)),
    st.tuples(st.just("attribute"), st.integers(0, 999), LIES, st.just(0)),
    st.tuples(st.just("gone"), st.integers(0, 999), st.none(), st.just(0)),
    st.tuples(st.just("text"), st.integers(0, 999), st.none(), st.just(0)),
)


@cache
def _written() -> dict[str, bytes]:
    """The fit that ships as an example, and a decision on it."""
    fit = load_fit("desk-four")
    with tempfile.TemporaryDirectory() as folder:
        saved = decide(fit, _PARAMS, sensitivity=False, seed=0).save(Path(folder) / "decision.nc")
        return {"fit": fit.save(Path(folder) / "fit.nc").read_bytes(), "decision": saved.read_bytes()}


def _change(file: h5py.File, kind: str, number: int, what: Any, at: int) -> None:
    arrays: list[h5py.Dataset] = []
    file.visititems(lambda _, each: arrays.append(each) if isinstance(each, h5py.Dataset) else None)
    array = arrays[number % len(arrays)]
    if kind == "attribute":
        names = sorted(file.attrs)
        file.attrs[names[number % len(names)]] = np.zeros(3) if what in (None, [], {}) else what
    elif kind == "gone":
        del file[array.name]
    elif kind == "text":
        name, shape = array.name, array.shape
        del file[name]
        file.create_dataset(name, data=np.full(shape, b"x"))
    elif array.dtype.kind == "f":
        if kind == "all" or not array.size:
            array[...] = what
        else:
            values = array[()]
            np.reshape(values, -1)[at % array.size] = what
            array[...] = values


def _changed(kind: str, case: list[Any], folder: Path) -> Path:
    path = folder / f"{kind}.nc"
    path.write_bytes(_written()[kind])
    for change in case:
        try:
            with h5py.File(path, "r+") as file:
                _change(file, *change)
        except (KeyError, OSError, RuntimeError, ValueError, TypeError, OverflowError):
            continue  # what an earlier change left cannot be changed in this way
    return path


def _enter_decision(case: list[Any], folder: Path) -> None:
    decision = load_decision(_changed("decision", case, folder))
    decision_summary(decision)
    assert math.isfinite(float(decision.data["choice"])), "a choice that is no number"
    require_alone(folder, "decision.nc")


def _enter_fit(case: list[Any], folder: Path) -> None:
    loaded = load_fit(_changed("fit", case, folder))
    assert np.isfinite(loaded.posterior["critical_exposures"]).all(), "draws that are no numbers"
    assert loaded.gate.passed in (True, False)
    require_alone(folder, "fit.nc")


DECISIONS = Door("decisions", few(_CHANGES), _enter_decision, prepare=_written)
FITS = Door("fits", few(_CHANGES), _enter_fit, prepare=_written)
