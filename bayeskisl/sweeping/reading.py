"""Reading of a sweep's TOML file, with all checks before anything is trained."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from bayeskisl import schema
from bayeskisl.arguments import require_path
from bayeskisl.axes import axis_named
from bayeskisl.errors import InputError
from bayeskisl.knowledge import FactFormat, Templates
from bayeskisl.knowledge.text import TextFacts
from bayeskisl.shipped import shipped_file
from bayeskisl.specifications import (
    AsWritten,
    Count,
    FileName,
    Inside,
    Listed,
    PathText,
    Positive,
    Seed,
    Several,
    Share,
    Table,
    read_table,
    read_toml,
    refuse_unknown,
    strictly,
)
from bayeskisl.sweeping.ladder import Ladder, Layers, Width, load_ladder
from bayeskisl.sweeping.spec import Cell, Refine, Replicates, SweepSpec, Tune
from bayeskisl.sweeping.text import read_text, refuse_crowded_text

__all__ = ["check_sweep", "load_sweep", "sweep_from_table"]

# What any sweep may cross with its axis beside the term that the axis holds fixed.
_BACKGROUND = ("background_share", "background_facts")
_MOST_RUNS = 100_000  # of the coarse pass; each takes a kilobyte and a training
# Keys whose defaults are those of `SweepSpec`.
_PLAIN = ("ratio", "facts", "exposures", "probes", "stack", "compile", "tokens_before")

_Facts = Annotated[int, Field(ge=0, le=10**9)]


def _known_axis(axis: str) -> str:
    axis_named(axis)
    return axis


@strictly
@dataclass(frozen=True)
class _Background:
    facts: _Facts = 0
    share: Share = 0.0


@strictly
@dataclass(frozen=True)
class _Cross:
    ratio: Several[Inside] | None = None
    facts: Several[Count] | None = None
    exposures: Several[Positive] | None = None
    background_share: Several[Share] | None = None
    background_facts: Several[_Facts] | None = None


class _SweepTable(Table):
    """The keys of a sweep's file; `SweepSpec` documents them."""

    name: FileName | None = None
    title: str = ""
    axis: Annotated[str, AfterValidator(_known_axis)]
    ladder: PathText
    widths: Several[Width]
    tokens: Listed[Count] = ()
    levels: Listed[Positive]
    seeds: Several[Seed] = (0,)
    ratio: AsWritten[Inside] = 0.5
    facts: _Facts = 0
    exposures: AsWritten[Positive] = 0.0
    learning_rates: Listed[Positive] = ()
    probes: Annotated[int, Field(ge=1, le=schema.MOST_PROBED)] = 500
    stack: Annotated[int, Field(ge=1, le=_MOST_RUNS)] = 16
    compile: bool = True
    background: _Background = _Background()
    refine: Refine | None = None
    tokens_per_param: Several[Positive] | None = None
    cross: _Cross | None = None
    replicates: Annotated[list[Replicates], Field(max_length=1000)] | None = None
    checkpoints: Several[Inside] | None = None
    templates: Templates | None = None
    tune: Tune | None = None
    tokens_before: Count | None = None
    layers: Several[Layers] | None = None
    corpus: dict[str, Any] | None = None
    knowledge: dict[str, Any] | None = None


def load_sweep(path: str | Path) -> SweepSpec:
    """Read and check a sweep's TOML file, or a shipped sweep by its name.

    Raises
    ------
    InputError
        If a key or value is unknown, missing, of the wrong type or impossible; the message names the first one.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> from bayeskisl.shipped import shipped_folder
    >>> spec = bk.load_sweep(shipped_folder("data") / "sweeps" / "desk-amount" / "sweep.toml")
    >>> spec.name
    'desk-amount'
    """
    require_path(path, "a sweep", "sweeps")
    path = shipped_file("sweeps", path)
    table = read_toml(path)
    return sweep_from_table(table, path.name, default_name=path.stem)


def sweep_from_table(table: dict[str, Any], where: str, default_name: str = "sweep") -> SweepSpec:
    """Build and check a `SweepSpec` from the table of its TOML file."""
    given = read_table(_SweepTable, {"name": default_name, **table}, where, "the sweep")
    ladder = _ladder(given, where)
    proportional = given.tokens_per_param
    if not (given.tokens or proportional):
        if ladder.tokens_per_param is None:
            raise InputError("a key 'tokens' or 'tokens_per_param'", "neither", where)
        proportional = (ladder.tokens_per_param,)
    if not (given.levels or given.replicates):
        raise InputError("'levels' to have at least one value, or [[replicates]]", "neither", where)
    levels = tuple(sorted(given.levels)) if given.refine else given.levels  # it looks between neighbours
    spec = SweepSpec(
        name=given.name or default_name,
        axis=given.axis,
        ladder=ladder,
        widths=given.widths,
        tokens=given.tokens,
        levels=levels,
        seeds=given.seeds,
        learning_rates=given.learning_rates,
        background_facts=given.background.facts,
        background_share=given.background.share,
        refine=given.refine,
        tokens_per_param=proportional,
        cross=_cross(given, table, where),
        replicates=None if given.replicates is None else tuple(given.replicates),
        checkpoints=given.checkpoints,
        tune=given.tune,
        layers=given.layers,
        **{key: getattr(given, key) for key in _PLAIN if key in table},
    )
    return check_sweep(spec, where)


def _ladder(given: _SweepTable, where: str) -> Ladder:
    """The ladder, with the sweep's own templates or text."""
    ladder = load_ladder(given.ladder)
    if given.corpus is None:
        if given.knowledge is not None:
            raise InputError("a [corpus] of text beside [knowledge]", "none", where)
        if given.templates is None:
            return ladder
        assert isinstance(ladder.facts, FactFormat)  # ladders are over symbols
        return replace(ladder, facts=replace(ladder.facts, templates=given.templates))
    if given.templates is not None:
        raise InputError("[corpus] of text, with templates in [knowledge]", "[templates] of symbols", where)
    prepared = read_text(given.corpus, given.knowledge or {}, where)
    return replace(ladder, facts=prepared.facts, corpus=prepared.corpus)


def _cross(given: _SweepTable, table: dict[str, Any], where: str) -> dict[str, tuple[Any, ...]] | None:
    """Crossed values in the order of the file, which is the order of the cells."""
    if given.cross is None:
        return None
    refuse_unknown(table["cross"], (axis_named(given.axis).given, *_BACKGROUND), f"{where} [cross]")
    return {name: getattr(given.cross, name) for name in table["cross"]}


def check_sweep(spec: SweepSpec, where: str) -> SweepSpec:
    """Return `spec` if every one of its runs is possible; otherwise name the run and the reason."""
    key = axis_named(spec.axis, where).given
    value = getattr(spec, key)
    if key not in (spec.cross or {}) and not value > 0:
        raise InputError(f"{key} > 0 for axis {spec.axis!r}", value, where)
    if spec.refine and len(spec.levels) < (1 if axis_named(spec.axis).searches_beyond else 2):
        raise InputError("levels on both sides for [refine] to start from", list(spec.levels), where)
    if list(spec.checkpoints or ()) != sorted(spec.checkpoints or ()):
        raise InputError("checkpoints to be ascending", list(spec.checkpoints or ()), where)
    if spec.tune and spec.learning_rates:
        raise InputError("[tune] or learning_rates", "both", where, "drop one")
    _refuse_odd_phase_before(spec, where)
    _refuse_too_many_runs(spec, where)
    cells = spec.cells()
    if spec.tune:
        check_sweep(spec.tuning(), f"{where} [tune]")
    for more in spec.replicates or ():
        if not any(more.at(cell) for cell in cells):
            got = f"widths {list(more.widths)}, tokens {list(more.tokens)}"
            raise InputError("[[replicates]] of cells of this sweep", got, where)
    for cell in cells:
        _check_cell(spec, cell, where)
    return spec


def _refuse_odd_phase_before(spec: SweepSpec, where: str) -> None:
    """Refuse a first phase that is not in whole steps, teaches nothing, or has no data."""
    if spec.tokens_before is None:
        return
    step = spec.ladder.context * spec.ladder.training.batch
    if spec.tokens_before % step:
        near = max(step, round(spec.tokens_before / step) * step)
        raise InputError(f"tokens_before in whole steps of {step}", spec.tokens_before, where, f"take {near}")
    if not spec.background_share:
        raise InputError("[background] facts, which tokens_before teach", "none", where)
    if isinstance(spec.ladder.facts, TextFacts):
        raise InputError("tokens_before in a sweep in symbols", "one in text", where)
    if spec.checkpoints:
        raise InputError("checkpoints or tokens_before", "both", where, "drop one")


def _refuse_too_many_runs(spec: SweepSpec, where: str) -> None:
    """Refuse a product that would exhaust memory when it is counted."""
    sizes = len(spec.widths) * len(spec.layers or (None,))
    cells = sizes * (len(spec.tokens) + len(spec.tokens_per_param or ())) * max(1, len(spec.learning_rates))
    for values in (spec.cross or {}).values():
        cells *= len(values)
    more = sum(len(more.levels) * len(more.seeds) for more in spec.replicates or ())
    runs = cells * (len(spec.levels) * len(spec.seeds) + more)
    if runs > _MOST_RUNS:
        raise InputError(f"at most {_MOST_RUNS:,} runs", f"{runs:,}", where)


def _check_cell(spec: SweepSpec, cell: Cell, where: str) -> None:
    step = spec.ladder.context * spec.ladder.training.batch
    if cell.tokens % step:
        near = max(step, round(cell.tokens / step) * step)
        raise InputError(f"tokens in whole steps of {step}", cell.tokens, where, f"take {near}")
    one_seed = replace(spec, seeds=spec.seeds[:1])
    with _told_with(where):
        runs = one_seed.runs_of(cell, spec.levels)
        for more in spec.replicates or ():
            if more.at(cell):
                one_seed.runs_of(cell, more.levels)
    _refuse_crowded_runs(spec, cell, where)
    first: dict[str, float] = {}
    for level, run in zip(spec.levels, runs, strict=True):
        if run.identity in first:
            got = f"{first[run.identity]:g} and {level:g}, which are the same run"
            raise InputError("levels that differ in whole facts and sequences", got, where)
        first[run.identity] = level


def _refuse_crowded_runs(spec: SweepSpec, cell: Cell, where: str) -> None:
    """Refuse a level in text at which the facts of a seed do not fit."""
    if not isinstance(spec.ladder.facts, TextFacts):
        return
    more = [(each.levels, each.seeds) for each in spec.replicates or () if each.at(cell)]
    for levels, seeds in [(spec.levels, spec.seeds), *more]:
        for level, seed in itertools.product(levels, seeds):
            (run,) = replace(spec, seeds=(seed,)).runs_of(cell, (level,))
            with _told_with(f"{where}, level {level:g}, seed {seed}"):
                refuse_crowded_text(run)


@contextmanager
def _told_with(where: str) -> Iterator[None]:
    """Context that puts a place before that of an error."""
    try:
        yield
    except InputError as problem:
        place = ", ".join(part for part in (where, problem.where) if part)
        raise InputError(problem.expected, problem.got, place, problem.remedy) from None
