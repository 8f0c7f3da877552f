"""Fields that a table lacks and that may be assumed."""

from collections.abc import Mapping

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import AXES
from bayeskisl.curves.benchmark import benchmark_terms, typical_corpus
from bayeskisl.curves.tables.choices import chance_of_choices
from bayeskisl.curves.tables.controls import Controls
from bayeskisl.curves.tables.fields import Sources, Values
from bayeskisl.curves.tables.groups import groups_of
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.spelling import column_named, map_option, option
from bayeskisl.errors import way
from bayeskisl.knowledge.identity import background_exposures

__all__ = ["complete", "with_benchmark", "with_facts", "with_uninfused"]

# Runs without infusion that recall everything leave nothing to be learned; a guessing rate has to stay below 1.
_MOST_GUESSED = 0.999


def complete(values: Values, mapping: Sources, controls: Controls, findings: Findings) -> Values:
    """Return the fields, completed by those that may be assumed, and the groups by their names."""
    rows = _with_sizes(values, mapping, findings)
    rows[schema.GROUP] = groups_of(rows, mapping, findings)
    rows = _with_guessing(rows, mapping, controls.infused, findings)
    assumed = (schema.GUESSING, schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE, schema.SEED)
    return dict.fromkeys(assumed, np.zeros(len(findings.places))) | rows


def _with_sizes(values: Values, mapping: Sources, findings: Findings) -> Values:
    """Both sizes of every model; of one alone, the total is taken to be the other."""
    rows = dict(values)
    if schema.PARAMS not in rows:
        _refuse_without_size(mapping, findings)
        rows[schema.PARAMS] = 1.0 + np.arange(len(findings.places))  # distinct: no row seems to repeat another
    if schema.TOTAL_PARAMS not in rows:
        rows[schema.TOTAL_PARAMS] = rows[schema.PARAMS]
        findings.invent(schema.TOTAL_PARAMS, "params")
    elif schema.PARAMS in mapping:
        findings.refuse_rows(rows[schema.TOTAL_PARAMS] < rows[schema.PARAMS],
                             "at least as many total parameters as non-embedding ones",
                             rows[schema.TOTAL_PARAMS].tolist(),
                             way("exchange the two in `mapping`", "exchange the two by --map"))  # fmt: skip
    return rows


def _refuse_without_size(mapping: Sources, findings: Findings) -> None:
    if schema.PARAMS in findings.refused:
        return
    remedy = findings.telling(f"map it, as in {map_option(schema.PARAMS, 'COLUMN')}")
    total = mapping.get(schema.TOTAL_PARAMS)
    if total is not None:
        option = map_option(schema.PARAMS, column_named(total, findings.columns) or str(total))
        remedy = f"use {option} if embeddings may count; exponents of small sizes then differ"
    findings.refuse("non-embedding parameters", f"none among {findings.have}", "columns", remedy, lacks=schema.PARAMS)


def _with_guessing(rows: Values, mapping: Sources, guesses: Mapping[str, float], findings: Findings) -> Values:
    """Guessing rates that the table states, that runs without infusion show, or that a benchmark is known for."""
    if any(guesses.values()):
        rows = rows | {schema.GUESSING: _as_controls(rows, guesses, findings)}
    if np.isfinite(chance := chance_of_choices(rows, mapping, findings)).any():
        rows = rows | {schema.GUESSING: np.where(np.isnan(chance), rows.get(schema.GUESSING, np.nan), chance)}
    if schema.GUESSING not in rows:
        findings.invent(schema.GUESSING, "0, as for free answers")
        return rows
    untold = np.isnan(rows[schema.GUESSING]) & ~findings.bad_rows
    if untold.any():
        findings.assumed.append("guessing was not in the table for every group; taken as 0 for the others")
    return rows | {schema.GUESSING: np.where(untold, 0, rows[schema.GUESSING])}


def _as_controls(rows: Values, guesses: Mapping[str, float], findings: Findings) -> FloatArray:
    """Guessing rates from runs without infusion, ``(row,)``; of other facts those that the table states."""
    least, most = min(guesses.values()), max(guesses.values())
    shown_rates, each = (f"{most:.2g}", "") if most == least else (f"{least:.2g} to {most:.2g}", " of each domain")
    findings.notes.append(
        f"runs in which nothing was infused recall {shown_rates} of their facts: that is taken as the guessing "
        f"rate{each}; if they know these facts from elsewhere, state another, such as {option('guessing', '0')}"
    )
    domains = rows.get(schema.DOMAIN, np.full(len(rows[schema.GROUP]), ""))
    rates = np.array([guesses.get(str(name), np.nan) for name in domains])
    return np.where(
        rows[schema.GROUP] == schema.INFUSED, np.minimum(rates, _MOST_GUESSED), rows.get(schema.GUESSING, np.nan)
    )


def with_facts(rows: Values, unused: Values, findings: Findings) -> Values:
    """Return the rows with a number of facts, if every run has the same facts and the table gives no number.

    A ratio that varies, or exposures, then tell runs apart, and the number is a constant of the experiment. An unused
    column of whole numbers may be the number, however, so that nothing is assumed beside one.
    """
    varied = [name for name in (schema.RATIO, schema.EXPOSURES, "infused_tokens") if name in rows]
    follows = schema.EXPOSURES in rows and ("infused_tokens" in rows or {schema.RATIO, schema.TOKENS} <= set(rows))
    if follows or schema.FACTS in rows or schema.PROBED not in rows or not any(_several(rows[name]) for name in varied):
        return rows
    if any(_several(cells) and (cells == np.floor(cells)).all() for cells in unused.values()):
        return rows
    infused = rows[schema.PROBED][rows[schema.GROUP] != schema.BACKGROUND]
    if not np.isfinite(infused).any():
        return rows
    facts = np.nanmax(infused)
    findings.invent(schema.FACTS, f"{facts:,.0f} in every run, as many as were probed")
    if schema.RATIO in varied:
        findings.assumed.append(
            f"the lower end of the range rests on an assumed {facts:,.0f} facts; give {map_option(schema.FACTS, 'N')}"
        )
    return {**rows, schema.FACTS: np.full(len(findings.places), facts)}


def _several(values: FloatArray) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool(known.max() > known.min())


def with_benchmark(rows: Values, findings: Findings) -> Values:
    """Return the rows with facts and a share for a background group that is a general benchmark.

    Its exposures are those of the general corpus up to a constant, see `benchmark_terms`.
    """
    of_group = rows[schema.GROUP] == schema.BACKGROUND
    exposed = (rows[schema.BACKGROUND_FACTS] > 0) & (rows[schema.BACKGROUND_SHARE] > 0)
    bare = of_group & ~exposed & ~findings.bad_rows
    if not bare.any():
        return rows
    if exposed.any():
        findings.refuse_rows(bare, "background_facts and background_share above 0 for a background group",
                             ["none"] * len(of_group), "map both in every row, or neither")  # fmt: skip
        return rows
    questions = rows[schema.PROBED][of_group]
    asked = float(np.nanmax(questions)) if np.isfinite(questions).any() else 1.0
    corpus = typical_corpus(rows[schema.TOKENS], rows[schema.TOKENS_PER_FACT])
    facts, share = benchmark_terms(asked, corpus)
    every = np.ones(len(of_group))
    findings.invented += [schema.BACKGROUND_FACTS, schema.BACKGROUND_SHARE]
    at_none = float(background_exposures(corpus, 0.0, facts, share, 1.0))
    findings.assumed.append(
        "background is a general benchmark: its exposures are relative, in proportion to (1 - ratio) x tokens "
        f"(background_facts {facts:,.0f}, background_share {share:g}: {at_none:.3g} exposures without infusion)"
    )
    return {**rows, schema.BACKGROUND_FACTS: facts * every, schema.BACKGROUND_SHARE: share * every}


def with_uninfused(rows: Values, controls: Controls, axis: str, findings: Findings) -> Values:
    """Return the rows with each model's score of a general benchmark without infusion, where the table tells it of all.

    Where the general corpus stays the same as more is infused, nothing but the infused facts costs such a score.
    """
    rows, told = dict(rows), rows.get(schema.UNINFUSED, controls.background_in(rows))
    rows.pop(schema.UNINFUSED, None)
    of_benchmark = (rows[schema.GROUP] == schema.BACKGROUND) & ~findings.bad_rows
    stays = bool(axis) and AXES[axis].moves(schema.BACKGROUND) == 0
    is_benchmark = schema.BACKGROUND_SHARE in findings.invented
    if not (stays and is_benchmark and (of_benchmark & ~np.isnan(told)).any()):
        return rows
    sizes, above = rows[schema.PARAMS], told > rows[schema.GUESSING]
    lacking = np.unique(sizes[of_benchmark & ~above])
    if len(lacking):
        findings.notes.append(
            f"the benchmark's score before anything is infused is missing or no better than chance for {len(lacking)} "
            f"of {len(np.unique(sizes[of_benchmark]))} sizes: it is not used"
        )
        return rows
    least, most = (f"{end:.3g}" for end in (told[of_benchmark].min(), told[of_benchmark].max()))
    whose = f"the model scores {most}" if least == most else f"models score {least} to {most}"
    findings.notes.append(
        f"{whose} on the benchmark before anything is infused: what is kept of it is counted as a share of that score, "
        "above guessing"
    )
    return rows | {schema.UNINFUSED: np.where(of_benchmark, told, np.nan)}
