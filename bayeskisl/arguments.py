"""Arguments of public functions: what each must be, and where to get it if it is something else."""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bayeskisl.errors import InputError
from bayeskisl.kinds import (
    BACKTEST,
    CHECK,
    CRITICAL_POINTS,
    CURVES,
    DECISION,
    FIT,
    PLAN,
    PREDICTION,
    TABLES,
    VERIFICATION,
    kind_of_arrays,
)
from bayeskisl.quantities import as_number, read_number
from bayeskisl.shipped import shipped_folder
from bayeskisl.specifications import nearest, shown

__all__ = [
    "as_numbers",
    "as_positive",
    "in_words",
    "kind_of",
    "require_answer",
    "require_curves",
    "require_decision",
    "require_fit",
    "require_instance",
    "require_kind",
    "require_number",
    "require_one_of",
    "require_path",
    "require_positive",
    "require_share",
    "require_texts",
    "require_whole",
]

_VOWELS = ("a", "e", "i", "o", "u", "nd")  # an int, an ndarray
_TABLE, _SEVERAL, _ARRAYS, _OF_FIT = "a table", "several", "the data of a decision", "the data of a fit"

_DECIDE, _PREDICT = "`bk.decide(fit, params=...)`", "`bk.predict(fit, params=...)`"
_FIT_THEM, _CURVES_OF_IT = "fit the curves with `bk.fit`", "make curves of it with `bk.curves_from_table`"
# The remedy for an object, by the kind that was expected and the kind that came.
_INSTEAD = {
    **dict.fromkeys(
        ((FIT, kind) for kind in (DECISION, _ARRAYS, PREDICTION, VERIFICATION, PLAN)),
        "pass the fit that it was made from",
    ),
    (FIT, _OF_FIT): "pass the fit itself",
    (FIT, CURVES): _FIT_THEM,
    (FIT, _TABLE): f"{_CURVES_OF_IT}, and {_FIT_THEM}",
    (FIT, _SEVERAL): "pass one of them",
    (CURVES, FIT): "pass its curves, `fit.curves`",
    (CURVES, _TABLE): _CURVES_OF_IT,
    (CURVES, _SEVERAL): "pass one of them, or join them with `bk.join_curves(*curves)`",
    (DECISION, FIT): f"decide with {_DECIDE}",
    (DECISION, CURVES): f"{_FIT_THEM}, then decide with {_DECIDE}",
    (DECISION, _ARRAYS): "pass the decision itself",
    (PREDICTION, FIT): f"predict with {_PREDICT}",
    (PREDICTION, CURVES): f"{_FIT_THEM}, then predict with {_PREDICT}",
    (VERIFICATION, CURVES): "compare them with a decision, `bk.verify(decision, curves)`",
    (VERIFICATION, DECISION): "compare it with curves, `bk.verify(decision, curves)`",
    (PLAN, FIT): "plan with `bk.plan(fit, params=..., budget=...)`",
    (BACKTEST, CURVES): "back-test them with `bk.backtest`",
}
# The remedy for all else.
_MADE_BY = {
    FIT: "make one with `bk.fit(curves)`, or load one with `bk.load_fit`",
    CURVES: "make them with `bk.curves_from_table`, or load them with `bk.load_curves`",
    DECISION: f"make one with {_DECIDE}",
    PREDICTION: f"make one with {_PREDICT}",
    VERIFICATION: "make one with `bk.verify(decision, curves)`",
    PLAN: "make one with `bk.plan(fit, params=..., budget=...)`",
    BACKTEST: "make one with `bk.backtest(curves)`",
    CRITICAL_POINTS: "make one with `bk.extrapolate_points(table, params)`",
    CHECK: "make one with `bk.check(curves)`",
}
_LOADED_BY = {FIT: "load_fit", CURVES: "load_curves", DECISION: "load_decision", PREDICTION: "load_decision"}


def kind_of(value: Any) -> str:
    """Return the kind of an object, a constant of `bayeskisl.kinds`; an empty string if it is of no kind."""
    if isinstance(value, type):
        return ""
    if hasattr(value, "data_vars"):
        found = kind_of_arrays(value.variables, value.attrs)
        return {DECISION: _ARRAYS, FIT: _OF_FIT}.get(found, found)
    if isinstance(value, list | tuple):
        return _SEVERAL
    if hasattr(value, "columns") or hasattr(value, "__arrow_c_stream__"):
        return _TABLE
    found = getattr(value, "kind", "")
    return found if isinstance(found, str) and found in _MADE_BY else ""


def in_words(value: Any) -> str:
    """Return what an object is, for the end of "expected a fit, got ..."."""
    kind = kind_of(value)
    if kind in (_TABLE, _SEVERAL, ""):
        if value is None or isinstance(value, str | bytes | os.PathLike | int | float | np.generic):
            return shown(str(value) if isinstance(value, os.PathLike) else value)
        return _with_article(type(value).__name__)
    return kind


def _with_article(name: str) -> str:
    return f"{'an' if name.lower().startswith(_VOWELS) else 'a'} {name}"


def require_kind(value: Any, where: str, *expected: str) -> None:
    """Refuse an argument of another kind.

    Parameters
    ----------
    value : object
        The argument.
    where : str
        Its name.
    *expected : str
        The possible kinds, constants of `bayeskisl.kinds`; the remedy is about the first.

    Raises
    ------
    InputError
        If it is of none of them; the remedy says how to make or load one.
    """
    if kind_of(value) not in expected:
        raise InputError(_either(expected), in_words(value), where, _remedy(value, expected))


def require_fit(fit: Any, where: str = "fit") -> None:
    """Refuse what is no fit, as `require_kind` does."""
    require_kind(fit, where, FIT)


def require_curves(curves: Any, where: str = "curves") -> None:
    """Refuse what are no retention curves, as `require_kind` does."""
    require_kind(curves, where, CURVES)


def require_decision(decision: Any, where: str = "decision") -> None:
    """Refuse what is no decision, as `require_kind` does."""
    require_kind(decision, where, DECISION)


def require_answer(answer: Any, where: str = "prediction") -> None:
    """Refuse what is neither a prediction nor a decision, as `require_kind` does; the data of a decision will do."""
    if kind_of(answer) != _ARRAYS:
        require_kind(answer, where, PREDICTION, DECISION)


def require_instance(value: Any, kind: type, where: str, remedy: str = "") -> None:
    """Refuse what is no object of a class of the package; by default the remedy names the class."""
    if not isinstance(value, kind):
        name = kind.__name__
        raise InputError(_with_article(name), in_words(value), where, remedy or f"make one with `bk.{name}`")


def require_one_of(value: Any, options: Iterable[str], where: str, what: str = "one of") -> None:
    """Refuse what is not one of some texts; the remedy names the nearest."""
    options = tuple(options)
    if not isinstance(value, str) or value not in options:
        remedy = nearest(value, options) if isinstance(value, str) else ""
        raise InputError(f"{what} {', '.join(options)}", in_words(value), where, remedy)


def require_texts(values: Any, where: str, what: str) -> None:
    """Refuse what is no sequence of texts; one text is none."""
    if isinstance(values, str) or not isinstance(values, Sequence) or not all(isinstance(each, str) for each in values):
        remedy = f"write [{shown(values)}]" if isinstance(values, str) else ""
        raise InputError(f"a list of {what}", in_words(values), where, remedy)


def require_path(path: Any, what: str, where: str, remedy: str = "") -> None:
    """Refuse what is no path and no name.

    Parameters
    ----------
    path : object
    what : str
        The kind of the file, a constant of `bayeskisl.kinds`, or another noun phrase.
    where : str
        Name of the argument.
    remedy : str
        The remedy where the kind of the argument has none.

    Raises
    ------
    InputError
        If it is neither text nor a path.
    """
    if isinstance(path, str | os.PathLike):
        return
    kind = kind_of(path)
    remedy = "use it as it is" if kind == what else _INSTEAD.get((what, kind), remedy)
    raise InputError(f"the name or path of {what}", in_words(path), where, remedy)


def _either(kinds: tuple[str, ...]) -> str:
    *others, last = kinds
    return f"{', '.join(others)} or {last}" if others else last


def _remedy(value: Any, expected: tuple[str, ...]) -> str:
    if isinstance(value, str | os.PathLike):
        return _remedy_of_text(str(value), expected)
    return _INSTEAD.get((expected[0], kind_of(value)), _MADE_BY[expected[0]])


def _remedy_of_text(text: str, expected: tuple[str, ...]) -> str:
    """Return the remedy for a name or a path in place of an object: load it, and make of it what was expected."""
    found, function = _loader(text, expected)
    if not function:
        return _MADE_BY[expected[0]]
    loading = f"load it with `bk.{function}({json.dumps(text, ensure_ascii=False)})`"
    if found in expected:
        return loading
    further = _INSTEAD.get((expected[0], found))
    return f"{loading}, and {further}" if further else _MADE_BY[expected[0]]


def _loader(text: str, expected: tuple[str, ...]) -> tuple[str, str]:
    """Return the kind that a name or a path stands for, and the function that loads it."""
    if text.lower().endswith(TABLES):
        return CURVES, "curves_from_table"
    data = shipped_folder("data")
    if not os.path.isfile(text) and os.path.basename(text) == text:
        if os.path.isfile(data / "examples" / f"{text}.nc"):
            return FIT, _LOADED_BY[FIT]
        if os.path.isfile(data / "sweeps" / text / "curves.nc"):
            return CURVES, _LOADED_BY[CURVES]
    kind = next((each for each in expected if each in _LOADED_BY), "")
    return kind, _LOADED_BY.get(kind, "")


def as_numbers(values: Any, where: str) -> np.ndarray:
    """Return a number or a sequence of numbers as an array of floats, shape as given.

    Raises
    ------
    InputError
        If some are no numbers.
    """
    try:
        found = np.asarray(values)
    except (TypeError, ValueError):  # lists of several lengths, and Datasets
        found = np.asarray(None)
    if found.dtype.kind not in "iuf":
        raise InputError("a number or a sequence of numbers", in_words(values), where)
    return found.astype(float)


def as_positive(value: Any, where: str) -> float:
    """Return a positive number, or the one that a text such as ``7B`` is.

    Raises
    ------
    InputError
        If it is none.
    """
    if isinstance(value, str):
        return float(read_number(value, where))
    require_positive(value, where)
    return float(value)


def require_number(value: Any, where: str) -> None:
    """Refuse what is no finite number; a truth value is none."""
    if not np.isfinite(as_number(value)):
        raise InputError("a number", in_words(value), where)


def require_positive(value: Any, where: str, what: str = "a positive number") -> None:
    """Refuse what is no number above zero; a truth value is none."""
    if not 0 < as_number(value) < np.inf:
        raise InputError(what, in_words(value), where)


def require_whole(value: Any, where: str, least: int = 0) -> None:
    """Refuse what is no whole number of at least `least`; a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"a whole number of at least {least}", in_words(value), where)


def require_share(**values: Any) -> None:
    """Refuse a value that is not a number strictly between 0 and 1, by its name."""
    for name, value in values.items():
        if not 0 < as_number(value) < 1:
            raise InputError("a number in (0, 1)", in_words(value), name, _of_percent(value))


def _of_percent(value: Any) -> str:
    """Return the remedy for a share in percent, ``"10%"`` or 10; an empty string if it is none."""
    text = str(value).strip() if isinstance(value, str) else ""
    try:
        percent = float(text.removesuffix("%")) if text.endswith("%") else as_number(value)
    except ValueError:
        return ""
    return f"write {percent / 100:.6g} for {percent:.6g} %" if 1 < percent < 100 or (text and 0 < percent < 1) else ""
