"""Doubts about units and denominators that a table does not state."""

import numpy as np

from bayeskisl import schema
from bayeskisl.curves.tables.fields import Values, split_group
from bayeskisl.curves.tables.identity import Infusion
from bayeskisl.curves.tables.names import says_non_embedding
from bayeskisl.curves.tables.problems import Findings, shown
from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.curves.tables.read_fields import Fields
from bayeskisl.curves.tables.spelling import column_named, map_option, option, quoted

__all__ = ["doubt_assumed", "doubt_budget", "doubt_probed", "doubt_sizes", "note_spreads"]

_SMALL = 10_000  # parameters, below which a size is more often one in millions
_LOGARITHMS = (5, 13)  # to base 10, of sizes that models have
_INFUSED = {schema.RATIO, schema.TOKENS}  # infused tokens and either give the other
_TERMS = {*_INFUSED, schema.FACTS, schema.EXPOSURES, schema.TOKENS_PER_FACT}
_RARE = 0.01  # exposures on average, below which a budget is more often one in billions


def note_spreads(fields: Fields, findings: Findings) -> None:
    """Note numbers behind ± that no field reads."""
    columns = fields.table.columns
    for name in columns:
        spread = quoted(name + SPREAD)
        if name + SPREAD in columns and not any(spread in str(source) for source in fields.mapping.values()):
            findings.notes.append(f"{name}: the numbers behind ± are not used; if they are standard errors, say "
                                  f"{map_option('standard_error', spread)}")  # fmt: skip


def doubt_sizes(fields: Fields, findings: Findings) -> None:
    """Note that common names of sizes mostly include embeddings, and that thousands may be millions."""
    source = fields.mapping.get(schema.PARAMS)
    column = column_named(source, findings.columns)
    if column is None or schema.PARAMS not in fields.values:
        return
    if schema.TOTAL_PARAMS not in fields.mapping and not says_non_embedding(column):
        findings.assumed.append(f"{column} was taken as non-embedding parameters")
        findings.notes.append(
            "names such as 70M mostly count embeddings too: if so, map params to a column without them, and "
            f"total_params to {column}"
        )
    sizes = fields.values[schema.PARAMS]
    sizes = sizes[np.isfinite(sizes)]
    if not len(sizes) or sizes.max() >= _SMALL:
        return
    as_logarithms = f", or if it has logarithms, {map_option(schema.PARAMS, f'POWER(10, {source})')}"
    may_be = _LOGARITHMS[0] <= sizes.min() and sizes.max() <= _LOGARITHMS[1]
    findings.assumed.append(
        f"the largest model has {sizes.max():,.10g} parameters; if the column counts millions, say "
        f"{map_option(schema.PARAMS, f'{source} * 1e6')}{as_logarithms if may_be else ''}"
    )


def doubt_budget(infusion: Infusion, fields: Fields, findings: Findings) -> None:
    """Doubt budgets of so few tokens for each fact that their unit is missing: 20 for 20 billion."""
    if schema.TOKENS not in fields.mapping or findings.of_table:
        return
    good = ~findings.bad_rows
    in_billions = f"{_in_words(fields.mapping[schema.TOKENS])} * 1e9"
    remedy = f"if tokens are counted in billions, say {map_option(schema.TOKENS, in_billions)}"
    each = infusion.ratio[good] * infusion.tokens[good] / infusion.facts[good]
    most, seen = np.nanmax(each, initial=0), np.nanmax(infusion.exposures[good], initial=0)
    if schema.EXPOSURES not in infusion.told and 0 < most < 1:
        findings.refuse("at least one infused token for each fact", f"{most:.2g} at most", "rows together", remedy)
    elif not infusion.relative and 0 < seen < _RARE:
        findings.assumed.append(f"a fact is seen {seen:.2g} times at most; {remedy}")
    elif schema.TOKENS_PER_FACT in findings.invented and np.nanmin(infusion.tokens_per_fact[good], initial=np.inf) < 1:
        findings.assumed.append(f"at most {most:.3g} tokens are infused for each fact; {remedy}")


def doubt_assumed(fields: Fields, findings: Findings) -> None:
    """Refuse to assume a quantity beside an unused column that may have it, by its name and its numbers.

    A term of r D = K f l that no column has rests on every other one that is assumed.
    """
    told = {split_group(field)[0] for field in fields.mapping}
    if "infused_tokens" in told and told & _INFUSED:
        told |= _INFUSED
    assumed = set(findings.invented)
    rests = assumed | (_TERMS if assumed & _TERMS else set())
    lacking = {problem.lacks for problem in findings.of_table}  # their remedies name such columns
    for field, columns in findings.may_be.items():
        if field in rests - told - lacking:
            left_out = option("ignore", *columns)
            findings.refuse(f"one reading of {' and '.join(map(shown, columns))}",
                            f"a name that may mean {field}, which would be assumed", "columns",
                            f"say {findings.mapping(field)}, or if it is something else, {left_out}",
                            lacks=field)  # fmt: skip


def doubt_probed(rows: Values, infusion: Infusion, fields: Fields, findings: Findings) -> None:
    """Doubt more probed facts than there are: a column may count something else, such as examples of training."""
    if schema.FACTS in findings.invented:
        return
    infused = rows[schema.GROUP] == schema.INFUSED
    with np.errstate(invalid="ignore"):
        more = infused & (rows[schema.PROBED] > infusion.facts)
    if more.sum() > infused.sum() / 2:
        row = int(np.flatnonzero(more)[0])
        of_infused = fields.mapping.get(f"{schema.PROBED}.{schema.INFUSED}", "the standard error")
        source = fields.mapping.get(schema.PROBED, of_infused)
        findings.assumed.append(
            f"{rows[schema.PROBED][row]:,.0f} were probed of {infusion.facts[row]:,.0f} facts, as {_in_words(source)} "
            "says; if each fact was not asked several times, give the number of probed facts with "
            f"{option('probed', 'N')}"
        )


def _in_words(source: str | float) -> str:
    return source if isinstance(source, str) else f"{source:.10g}"
