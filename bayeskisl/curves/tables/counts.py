"""Counts from counts, from rates with denominators, or from rates with standard errors."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.tables.fields import OUTCOMES, Sources, Values, split_group
from bayeskisl.curves.tables.problems import Findings, Said
from bayeskisl.curves.tables.quantities import texts_in
from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.curves.tables.spelling import column_named, map_option, option, quoted, where_option
from bayeskisl.errors import way

__all__ = ["count", "in_the_unit_of_the_rate", "refuse_shares_as_percent"]

_PERHAPS_PROBED = re.compile(  # and a number of seeds, or of examples to train on, as often
    r"n|count|total|support|size|examples|(n|num|nb|number_of|total)_(total|examples|items|prompts|tests?|infused)"
)
_FEWEST = 10  # probed facts; a standard error worth less as a rule is in another unit, or no standard error
_MOST_ASKED = 20_000  # probed facts; a standard error worth more as a rule is in another unit
_DIVIDED = re.compile(r"/\s*100(?:\.0*)?\s*\)?\s*$")
_TINY = 1e-9
_COARSE = 0.005  # a change of a share by rounding to whole counts that is worth telling


def count(values: Values, findings: Findings) -> tuple[FloatArray, FloatArray]:
    """Recalled and probed facts of every row.

    A standard error s of a rate p is worth n = p (1 - p) / s^2 facts, the variance of a binomial share solved for n;
    beside a number of probed facts the smaller of the two counts, since a standard error over runs or templates says
    more than the number of questions.

    Returns
    -------
    recalled, probed : numpy.ndarray
        Whole numbers, shape ``(row,)``, NaN in rows that were refused.
    """
    recalled, probed = values.get(schema.RECALLED), values.get(schema.PROBED)
    rate, error = values.get("accuracy"), values.get("standard_error")
    if recalled is not None and probed is not None:
        findings.refuse_rows(recalled > probed, "at most as many recalled facts as probed ones",
                             _pairs(recalled, probed))  # fmt: skip
        if rate is not None:
            _compare(rate, recalled, probed, findings)
        _require_told(recalled, probed, findings)
        return recalled, probed
    if recalled is None and rate is not None:
        worth = probed if error is None else _effective(rate, error, probed, findings)
        if worth is not None:
            _require_told(rate, worth, findings)
            return _rounded(rate, worth, findings), worth
    if recalled is None and rate is None:
        _refuse_without_outcome(findings)
    else:
        _refuse_without_denominator("accuracy" if recalled is None else "recalled", findings)
    empty = np.full(len(findings.places), np.nan)
    return empty, empty


def _refuse_without_outcome(findings: Findings) -> None:
    if findings.refused & set(OUTCOMES):
        return
    remedy = f"map one, as in {map_option('recalled', 'COLUMN')} or {map_option('accuracy', 'COLUMN')}"
    if {"metric", "value"} <= set(findings.columns):
        both = where_option("metric", "= 'NAME'"), map_option("accuracy", "value")
        remedy = f"use the rows of one metric: {way(' and ', ' ').join(both)}"
    if {"probe", "task"} <= set(findings.columns):
        remedy = way("read its folder with `bk.read_exported`, if it is the manifest of `bk.export_sweep`",
                     "import its folder with --results DIR, if it is the manifest of a `sweep export`")  # fmt: skip
    findings.refuse("recalled facts, or an accuracy", f"neither among {findings.have}", "columns", remedy,
                    lacks="accuracy")  # fmt: skip


def _refuse_without_denominator(outcome: str, findings: Findings) -> None:
    if schema.PROBED in findings.refused:
        return
    spread = next((name for name in findings.columns if name.endswith(SPREAD)), None)
    number = next((name for name in (*findings.unused, *findings.columns) if _may_count(name, findings)), None)
    remedy = (
        f"map the number of probed facts, or give one for all rows with {option('probed', 'N')}: "
        "a rate alone has no known precision"
    )
    if spread:
        stated = map_option("standard_error", quoted(spread))
        remedy += f"; or if the numbers behind ± are standard errors, say {stated}"
    elif number:
        remedy += f"; if {number!r} is the number, say {map_option('probed', number)}"
    findings.refuse(f"a denominator for {outcome}", "none", "columns", remedy, lacks=schema.PROBED)


def _may_count(column: str, findings: Findings) -> bool:
    """Whether a column may have the number of probed facts, by its name and its whole numbers."""
    texts = texts_in(findings.settings.get(column, ()))
    whole = all(re.fullmatch(r"\d+(?:\.0*)?", text.strip()) for text in texts)
    return whole and _PERHAPS_PROBED.fullmatch(column) is not None


def in_the_unit_of_the_rate(
    values: Values, mapping: Sources, columns: Mapping[str, Sequence[object]], findings: Findings
) -> Values:
    """Divide standard errors without a unit by 100 if they are in percent, as the accuracies beside them.

    They are, if they are worth as many probed facts in percent as somebody asks; an expression states its own unit.
    """
    read = dict(values)
    for field in (name for name in values if split_group(name)[0] == "standard_error"):
        rates = _rates_beside(field, values)
        if (
            column_named(mapping[field], columns) is None
            or _in_percent(mapping[field], columns)
            or not rates
            or not all(_in_percent(mapping[name], columns) for name in rates)
        ):
            continue
        as_shares = max(_typical(_worth(values[name], values[field])) for name in rates)
        as_percent = max(_typical(_worth(values[name], values[field] / 100)) for name in rates)
        if as_shares >= _FEWEST:
            findings.notes.append(
                f"{field} was taken as a share, although the accuracy is in percent, since it is worth "
                f"{as_shares:,.0f} probed facts then; if it is in percent, say "
                f"{map_option(field, f'{mapping[field]} / 100')}"
            )
            continue
        read[field] = values[field] / 100
        if as_percent > _MOST_ASKED:
            got = f"{as_shares:.2g} probed facts as a share, as a rule, and {as_percent:,.0f} in percent"
            findings.refuse(f"one unit that {field} can have", got, "rows together",
                            f"say {map_option(field, f'{mapping[field]} / 100')} if it is in percent, or "
                            f"{map_option(field, f'{mapping[field]} * 1')} if it is a share")  # fmt: skip
        else:
            findings.notes.append(f"{field} was taken as percent, like the accuracy beside it, and divided by 100")
    return read


def refuse_shares_as_percent(
    values: Values, mapping: Sources, given: Mapping[str, Any], columns: Mapping[str, Sequence[Any]],
    findings: Findings,
) -> None:  # fmt: skip
    """Refuse accuracies that only a column's name has in percent, if none is above 1: they may well be shares."""
    headed = {
        field: str(source).removesuffix(" / 100")
        for field, source in mapping.items()
        if split_group(field)[0] == "accuracy" and str(source).endswith('" / 100')
        and (field not in given or column_named(given[field], columns))
    }  # fmt: skip
    most = max((float(np.nanmax(values[field], initial=0.0)) for field in headed), default=0.0)
    if 0 < most <= 0.01 * (1 + _TINY):
        as_shares, as_percent = (
            " ".join(map_option(field, f"{source} {unit}") for field, source in headed.items())
            for unit in ("* 1", "/ 100")
        )
        findings.refuse("accuracies in percent, as the name of their column says", f"at most {100 * most:g} %",
                        "rows together", f"if they are shares, say {as_shares}; if so little was recalled, "
                        f"{as_percent}")  # fmt: skip


def _rates_beside(field: str, values: Values) -> list[str]:
    """Accuracies that a standard error is of: those of its group, or all if it names none."""
    group = split_group(field)[1]
    rates = [name for name in values if split_group(name)[0] == "accuracy"]
    return [name for name in rates if split_group(name)[1] in ("", group)] or ([] if group else rates)


def _in_percent(source: str | float, columns: Mapping[str, Sequence[object]]) -> bool:
    """Whether a field is divided by 100, or the cells of its column end with %."""
    if _DIVIDED.search(str(source)):
        return True
    cells = columns.get((column_named(source, columns) or "").removesuffix(SPREAD), ())
    return any(isinstance(cell, str) and "%" in cell for cell in cells)


def _worth(rate: FloatArray, error: FloatArray) -> FloatArray:
    """Probed facts that a standard error is worth, ``(row,)``; NaN where it shows none."""
    known = (error > 0) & (rate > 0) & (rate < 1)
    worth: FloatArray = rate * (1 - rate) / np.where(known, error, np.nan) ** 2
    return worth


def _typical(worth: FloatArray) -> float:
    known = worth[np.isfinite(worth)]
    return float(np.median(known)) if len(known) else np.nan


def _require_told(outcome: FloatArray, probed: FloatArray, findings: Findings) -> None:
    """Refuse groups that are measured in another way than the one that is read."""
    if findings.of_table:  # a column that was refused as a whole has no values
        return
    untold = np.isnan(outcome + probed) & ~findings.bad_rows
    findings.refuse_rows(untold, "every group measured in the same way", [Said("another way")] * len(untold),
                         "map recalled of each group, or accuracy of each, and what was probed")  # fmt: skip


def _effective(rate: FloatArray, error: FloatArray, probed: FloatArray | None, findings: Findings) -> FloatArray:
    worth = _worth(rate, error)
    known = ~np.isnan(worth)
    unit = "check that it is a standard error and in the unit of the rate"
    divide = f"{unit}: divide one in percent, {map_option('standard_error', 'COLUMN / 100')}"
    if probed is None and _typical(worth) < _FEWEST:
        remedy = f"{divide}, or if few were probed, say so with {option('probed', 'N')}"
        findings.refuse_together(known, f"standard errors that are worth at least {_FEWEST} probed facts, as a rule",
                                 error.tolist(), remedy)  # fmt: skip
        return np.full(len(rate), np.nan)
    if probed is None:
        findings.refuse_rows(~known & ~np.isnan(rate) & ~findings.bad_rows,
                             "a standard error above 0 of a rate strictly between 0 and 1", _pairs(error, rate),
                             "give the number of probed facts, which bounds its count, with "
                             f"{option('probed', 'N')}")  # fmt: skip
    else:
        worth = np.where(known, np.fmin(worth, probed), probed)
    findings.refuse_rows(worth < 1, "a standard error that is worth at least one probed fact", error.tolist(),
                         divide)  # fmt: skip
    if _typical(worth) < _FEWEST:
        findings.notes.append(f"standard errors are worth {_typical(worth):.2g} probed facts, as a rule; {unit}")
    findings.notes.append("standard errors were turned into effective numbers of probed facts, n = p (1 - p) / s^2")
    findings.refuse_rows(worth > schema.MOST_PROBED,
                         f"a standard error that is worth at most {schema.MOST_PROBED:,} probed facts", error.tolist(),
                         unit)  # fmt: skip
    return np.maximum(np.round(np.minimum(worth, schema.MOST_PROBED)), 1)


def _rounded(rate: FloatArray, probed: FloatArray, findings: Findings) -> FloatArray:
    recalled = np.round(rate * probed)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.nan_to_num(np.abs(recalled / probed - rate))
    if len(moved) and moved.max() > _COARSE:
        findings.notes.append(f"rounding to whole counts moved a rate by up to {moved.max():.3f}")
    return recalled


def _compare(rate: FloatArray, recalled: FloatArray, probed: FloatArray, findings: Findings) -> None:
    """Require that an accuracy beside counts equals their share, to half a fact and to the printed digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(recalled / probed - rate) > 0.5 / probed + 0.005
    findings.refuse_rows(
        off, "an accuracy equal to recalled / probed", rate.tolist(),
        f"leave one of them out with {option('ignore', 'COLUMN')}"
    )  # fmt: skip


def _pairs(first: FloatArray, second: FloatArray) -> list[Said]:
    return [Said(f"{a:g} of {b:g}") for a, b in zip(first, second, strict=True)]
