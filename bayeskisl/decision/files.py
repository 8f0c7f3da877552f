"""Answers on disk: written before the target is trained, and checked when read."""

from pathlib import Path

import xarray as xr

from bayeskisl.decision.about import about_of
from bayeskisl.decision.checking import check_answer
from bayeskisl.errors import InputError, way
from bayeskisl.files import require_file
from bayeskisl.kinds import refuse_other_kinds
from bayeskisl.netcdf import read_netcdf, write_netcdf

__all__ = ["checked_answer", "load_answer", "load_prediction", "save_prediction"]

_NEEDED = {
    "prediction": ("critical_exposures", "weight"),
    "decision": (  # all axes have these
        "critical_exposures", "weight", "optimum", "best_utility", "choice", "risk_neutral_choice", "risk_neutral_side",
        "best_mean_utility", "least", "most", "choice_by_law", "choice_at_risk", "stated_risk",
        "near_optimal", "infusion", "quantile", "utility", "mean_utility", "expected_regret", "regret_of_too_much",
        "regret_of_too_little", "shortfall_risk", "collapse_risk",
    ),
}  # fmt: skip


def save_prediction(ahead: xr.Dataset, path: str | Path) -> Path:
    """Write the result of `predict` as NetCDF, which plain xarray reads."""
    return write_netcdf(ahead, path)


def load_prediction(path: str | Path) -> xr.Dataset:
    """Read a prediction; a decision contains one.

    Raises
    ------
    InputError
        If the file is missing, is not netCDF, or holds something else than a prediction.
    """
    return load_answer(path, "prediction", "decision")


def load_answer(path: str | Path, *kinds: str) -> xr.Dataset:
    """Read an answer of one of the given kinds, `prediction` or `decision`."""
    path, remedy = Path(path), _remedy(kinds)
    require_file(path, f"a file with a {kinds[0]}", remedy, ".nc")
    return checked_answer(read_netcdf(path, f"a netCDF file with a {kinds[0]}", remedy), str(path), *kinds)


def _remedy(kinds: tuple[str, ...]) -> str:
    names = ["decide", "predict"] if "prediction" in kinds else ["decide"]
    return f"make it with {' or '.join(way(f'`bk.{name}`', f'`bayeskisl {name}`') for name in names)}"


def checked_answer(answer: xr.Dataset, where: str, *kinds: str) -> xr.Dataset:
    """Return `answer` unchanged if it is one of the given kinds.

    Raises
    ------
    InputError
        If it holds something else, lacks a variable, or has impossible values.
    """
    remedy = _remedy(kinds)
    content = answer.attrs.get("content")
    if content not in kinds:
        refuse_other_kinds(f"a {kinds[0]}", answer.variables, answer.attrs, where)
        listed = ", ".join(str(name) for name in list(answer.variables)[:4]) or "other content"
        raise InputError(f"a {kinds[0]}", f"a file with {listed}", where, remedy)
    about = about_of(answer, where)
    of_decision = ("bounds_by_law", about.bounds) if content == "decision" else ()
    needed = (*_NEEDED[content], about.half_point, *of_decision)
    if absent := [name for name in needed if name not in answer.variables]:
        raise InputError(f"a {content}", f"a file without {', '.join(absent)}", where, remedy)
    check_answer(answer, where)
    return answer
