"""The infusion identity r D = K f l over the rows of a table: checked if all terms are known, solved if one is not."""

from dataclasses import dataclass

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.benchmark import TYPICAL
from bayeskisl.curves.tables.fields import FIELDS
from bayeskisl.curves.tables.problems import Findings, Said
from bayeskisl.curves.tables.spelling import column_named, map_option, option
from bayeskisl.knowledge.identity import infused_exposures
from bayeskisl.quantities import three_digits

__all__ = ["Infusion", "solve_identity"]

_TERMS = (schema.TOKENS, schema.RATIO, schema.FACTS, schema.EXPOSURES, schema.TOKENS_PER_FACT)
_IN_WORDS = {schema.TOKENS: "tokens", schema.TOKENS_PER_FACT: "tokens per fact"}
_EQUATION = "tokens x ratio = facts x exposures x tokens per fact"
_ROUNDING = 0.02  # published numbers are rounded: 89 exposures stand for 88.9
_RATIO = 0.5  # stands in for a ratio that is not told and was held fixed


@dataclass(frozen=True)
class Infusion:
    """Terms of the identity, which hold exactly, each of shape ``(row,)``.

    Exposures are `relative` if they have no unit. The table names the terms in `told`; the others follow.
    """

    tokens: FloatArray
    ratio: FloatArray
    facts: FloatArray
    exposures: FloatArray
    tokens_per_fact: FloatArray
    relative: bool
    told: frozenset[str] = frozenset()

    @property
    def terms(self) -> dict[str, FloatArray]:
        """The terms by their names."""
        return {name: getattr(self, name) for name in _TERMS}


@np.errstate(divide="ignore", over="ignore", invalid="ignore")  # what is out of range is refused by its name
def solve_identity(values: dict[str, np.ndarray], findings: Findings) -> Infusion | None:
    """Complete the terms of the infusion in a table.

    Values are of shape ``(row,)``, of any of the identity's terms and ``infused_tokens``. Without a result too little
    is known; that is among the findings.
    """
    terms = {name: values[name] for name in _TERMS if name in values}
    told = frozenset(terms)
    if "infused_tokens" in values:
        told |= {schema.RATIO}
        _use_infused_tokens(terms, values["infused_tokens"], findings)
    known = len(findings.assumed)
    if not _complete(terms, _facts_may_follow(values, findings), findings):
        return None
    relative = schema.EXPOSURES not in told and len(findings.assumed) > known
    if schema.EXPOSURES in told:
        _check(terms, findings)
    tokens, ratio, facts = terms[schema.TOKENS], terms[schema.RATIO], terms[schema.FACTS]
    per_fact = terms[schema.TOKENS_PER_FACT]
    exact = infused_exposures(tokens, ratio, facts, per_fact)
    if relative:
        findings.assumed.append(
            "exposures are relative: critical exposures have no absolute unit, but collapse points have one"
        )
    return Infusion(tokens, ratio, facts, exact, per_fact, relative, told)


def _use_infused_tokens(terms: dict[str, FloatArray], infused: FloatArray, findings: Findings) -> None:
    tokens, ratio = terms.get(schema.TOKENS), terms.get(schema.RATIO)
    if tokens is not None and ratio is not None:
        off = np.abs(infused / (tokens * ratio) - 1) > _ROUNDING
        findings.refuse_rows(off, "infused_tokens = ratio x tokens", infused.tolist(),
                             f"leave one of the three columns out with {option('ignore', 'COLUMN')}")  # fmt: skip
    elif tokens is not None:
        findings.refuse_rows(infused > tokens, "no more infused tokens than tokens", infused.tolist())
        ratio = np.where(infused <= tokens, infused / tokens, np.nan)
        terms[schema.RATIO] = _allowed(schema.RATIO, ratio, findings)
    else:
        if ratio is None:
            ratio = terms[schema.RATIO] = np.full(len(infused), _RATIO)
            findings.invent(schema.RATIO, f"{_RATIO} in every run")
        terms[schema.TOKENS] = _allowed(schema.TOKENS, infused / ratio, findings)


def _complete(terms: dict[str, FloatArray], follows: bool, findings: Findings) -> bool:
    """Solve for the missing term, after assuming terms that cannot be solved for; see `_facts_may_follow`."""
    if _missing(terms) == [schema.TOKENS_PER_FACT]:
        return _solve(terms, schema.TOKENS_PER_FACT, findings)
    if schema.FACTS not in terms and len(set(_missing(terms)) - {schema.TOKENS_PER_FACT}) > 1:
        if not follows:
            _refuse_without_facts(terms, findings)
        if schema.EXPOSURES not in terms and schema.TOKENS not in terms:
            _require_budget(terms, findings)
        return False
    budget, exposures = schema.TOKENS in terms, terms.get(schema.EXPOSURES)
    if schema.TOKENS_PER_FACT not in terms and (exposures is not None or not budget):
        _assume(terms, schema.TOKENS_PER_FACT, 1.0, findings)
    if exposures is not None and not budget and schema.RATIO not in terms and _repeats(terms):
        most = np.nanmax(terms[schema.FACTS] * exposures * terms[schema.TOKENS_PER_FACT], initial=1.0)
        _assume(terms, schema.TOKENS, float(np.ceil(most / _RATIO)), findings)
    elif schema.RATIO not in terms and not (budget and exposures is not None):
        _assume(terms, schema.RATIO, _RATIO, findings)
    if exposures is None and not _scaled(terms, findings):
        return False
    return all(_solve(terms, name, findings) for name in _missing(terms))


def _facts_may_follow(values: dict[str, np.ndarray], findings: Findings) -> bool:
    """Whether the number of facts is missing only because of another problem: no denominator, or what was refused."""
    told = [values[name] for name in (schema.RATIO, schema.EXPOSURES, "infused_tokens") if name in values]
    unread = not findings.skips and any(np.isnan(each).any() for each in told)
    counted = schema.PROBED in values or "standard_error" in values
    asked = not counted and any(_spread(each) > _ROUNDING for each in told)
    others = {schema.FACTS, schema.RATIO, schema.EXPOSURES, "infused_tokens", schema.PROBED}
    return unread or asked or bool(findings.refused & others)


def _refuse_without_facts(terms: dict[str, FloatArray], findings: Findings) -> None:
    expected, remedy = "the number of infused facts", f"map it, as in {findings.mapping(schema.FACTS)}"
    if {schema.RATIO, schema.EXPOSURES} & set(terms):
        remedy = f"{remedy}, or enough of r D = K f l to derive it"
    else:  # along a ratio or exposures, facts may be constant
        expected = f"{expected}, a ratio or exposures that vary"
        remedy = f"{remedy}, {findings.mapping(schema.RATIO)} or {findings.mapping(schema.EXPOSURES)}"
    findings.refuse(expected, f"none among {findings.have}", "columns", findings.telling(remedy), lacks=schema.FACTS)


def _repeats(terms: dict[str, FloatArray]) -> bool:
    """Whether the number of repetitions of the same facts varies."""
    return _spread(terms[schema.FACTS]) <= _ROUNDING < _spread(terms[schema.EXPOSURES])


def _scaled(terms: dict[str, FloatArray], findings: Findings) -> bool:
    """Scale relative exposures to a typical size, by the tokens or the tokens per fact."""
    ratio, facts = terms[schema.RATIO], terms[schema.FACTS]
    if schema.TOKENS in terms and schema.TOKENS_PER_FACT in terms:
        return True
    if schema.TOKENS in terms:
        length = _typical(ratio * terms[schema.TOKENS] / facts) / TYPICAL
        _assume(terms, schema.TOKENS_PER_FACT, length, findings)
        return True
    if not _require_budget(terms, findings):
        return False
    budget = np.array([_typical(facts * terms[schema.TOKENS_PER_FACT] / ratio) * TYPICAL])
    _assume(terms, schema.TOKENS, float(_allowed(schema.TOKENS, budget, findings, every_row=True)[0]), findings)
    return True


def _require_budget(terms: dict[str, FloatArray], findings: Findings) -> bool:
    """Refuse a ratio that varies without training tokens; return whether nothing was refused."""
    if schema.RATIO not in terms or _spread(terms[schema.RATIO]) <= _ROUNDING:
        return True
    findings.refuse("training tokens beside a ratio that varies", "none", "columns",
                    f"map them, as in {findings.mapping(schema.TOKENS)} or {map_option(schema.TOKENS, '20B')}",
                    lacks=schema.TOKENS)  # fmt: skip
    return False


def _typical(values: FloatArray) -> float:
    known = values[np.isfinite(values) & (values > 0)]
    return float(f"{np.exp(np.log(known).mean()):.4g}") if len(known) else 1.0


def _missing(terms: dict[str, FloatArray]) -> list[str]:
    return [name for name in _TERMS if name not in terms]


def _assume(terms: dict[str, FloatArray], name: str, value: float, findings: Findings) -> None:
    rows = len(findings.places)
    terms[name] = np.full(rows, value)
    findings.invent(name, f"{value:g} in every run")


def _solve(terms: dict[str, FloatArray], name: str, findings: Findings) -> bool:
    """Return the missing term; one value for all rows if they differ only by rounding."""
    top = [terms[n] for n in (schema.TOKENS, schema.RATIO) if n != name]
    bottom = [terms[n] for n in (schema.FACTS, schema.EXPOSURES, schema.TOKENS_PER_FACT) if n != name]
    infused, taught = np.prod(top, axis=0), np.prod(bottom, axis=0)
    solved = taught / infused if name in (schema.TOKENS, schema.RATIO) else infused / taught
    if name == schema.EXPOSURES:
        terms[name] = _allowed(name, solved, findings)
        return True
    if _spread(solved) <= 2 * _ROUNDING:
        solved = np.where(np.isnan(solved), np.nan, np.nanmedian(solved) if (~np.isnan(solved)).any() else np.nan)
    elif name not in (schema.FACTS, schema.RATIO):
        findings.refuse(
            f"the same {_IN_WORDS[name]} in all rows, from {_EQUATION}",
            f"{three_digits(np.nanmin(solved))} to {three_digits(np.nanmax(solved))}", _columns_of(terms, findings),
            f"map {name}=COLUMN or a number{_or_ignore(terms, findings)}",
        )  # fmt: skip
        return False
    if name == schema.FACTS:
        solved = np.round(solved)
    solved = _allowed(name, solved, findings)
    findings.notes.append(f"{name} was not in the table; derived from r D = K f l: {_range(solved)}")
    terms[name] = solved
    return True


def _columns_read(terms: dict[str, FloatArray], findings: Findings) -> dict[str, str]:
    """Return the columns of terms that vary, by their fields."""
    named = {name: column_named(findings.sources.get(name), findings.columns) for name in terms}
    return {name: column for name, column in named.items() if column and _spread(terms[name]) > _ROUNDING}


def _columns_of(terms: dict[str, FloatArray], findings: Findings) -> str:
    columns = list(_columns_read(terms, findings).values())
    return f"columns {' and '.join(columns)}" if columns else "rows together"


def _or_ignore(terms: dict[str, FloatArray], findings: Findings) -> str:
    """Offer to leave out a column of exposures, which the other terms then give."""
    column = _columns_read(terms, findings).get(schema.EXPOSURES)
    return f", or leave the exposures out: {option('ignore', column)}" if column else ""


def _allowed(name: str, derived: FloatArray, findings: Findings, every_row: bool = False) -> FloatArray:
    """Return the derived values of a term within its allowed range; NaN where they are refused."""
    outside = ~(FIELDS[name].accepts(derived) & (derived > 0)) & ~np.isnan(derived)
    rows = np.full(len(findings.places), outside.any()) if every_row else outside
    findings.refuse_rows(
        rows, f"{name}, as it follows from r D = K f l, to be {FIELDS[name].expected}",
        np.broadcast_to(derived, rows.shape).tolist(),
    )  # fmt: skip
    return np.where(outside, np.nan, derived)


def _check(terms: dict[str, FloatArray], findings: Findings) -> None:
    infused = terms[schema.TOKENS] * terms[schema.RATIO]
    taught = terms[schema.FACTS] * terms[schema.EXPOSURES] * terms[schema.TOKENS_PER_FACT]
    off = infused / taught
    findings.refuse_rows(
        np.abs(off - 1) > _ROUNDING,
        f"ratio x tokens = facts x exposures x tokens_per_fact within {100 * _ROUNDING:g} %",
        [Said(f"{value:.4g} times as much") for value in off],
        f"correct the row, or leave a column out with {option('ignore', 'COLUMN')} and let it be derived",
    )
    if np.nanmax(np.abs(off - 1), initial=0) > 1e-9:
        findings.notes.append("exposures were rounded in the table; recomputed from r D = K f l")


def _spread(values: FloatArray) -> float:
    known = values[np.isfinite(values) & (values > 0)]
    return float(known.max() / known.min() - 1) if len(known) else 0.0


def _range(values: FloatArray) -> str:
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    return f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
