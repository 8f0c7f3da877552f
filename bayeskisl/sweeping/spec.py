"""Specifications of a sweep and of each run: frozen, hashable, and without anything that varies on repetition."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from bayeskisl import schema
from bayeskisl.axes import axis_named
from bayeskisl.card import card, escaped
from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat, Mixture, plan_mixture
from bayeskisl.knowledge.text import TextCorpus, TextFacts, TextMixture, plan_text_mixture
from bayeskisl.specifications import Count, Inside, Listed, Number, Positive, Seed, Several, strictly
from bayeskisl.sweeping.ladder import Ladder, ModelSize, Training, Width

__all__ = ["Refine", "Replicates", "RunSpec", "SweepSpec", "Tune", "canonical_json", "plain"]

# Counted up whenever a change of the engine changes what a run records.
ENGINE = 1


def plain(spec: Any) -> dict[str, Any]:
    """Return a specification as plain values, without entries that are None.

    Keys that joined later are None unless they are used, so the identities of earlier specifications stand.
    """
    return _without_none(asdict(spec))


def _without_none(value: Any) -> Any:
    return {k: _without_none(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@strictly
@dataclass(frozen=True)
class RunSpec:
    """Complete specification of one training run: two runs with equal specifications are the same run.

    Attributes
    ----------
    model : ModelSize
    training : Training
    mixture : Mixture or TextMixture
        The realised division of the token budget.
    facts : FactFormat or TextFacts
    corpus : CorpusFormat or TextCorpus
        Symbols, or real text by its content.
    probes : int
        Facts probed per group at most; all of them when there are no more.
    seed : int
        The training order: redraws facts, corpus, initialisation and order.
    engine : int
        Version of the training code's meaning.
    checkpoints : tuple of float, optional
        Shares of the budget, in (0, 1) and ascending, at which the run is also measured; it always is at the end.
    tokens_before : int, optional
        Tokens of the general corpus, background facts among them, that the run reads before its budget begins.
    """

    model: ModelSize
    training: Training
    mixture: Mixture | TextMixture
    facts: FactFormat | TextFacts
    corpus: CorpusFormat | TextCorpus
    probes: Count
    seed: Seed
    engine: Number = ENGINE
    checkpoints: Several[Inside] | None = None
    tokens_before: Count | None = None

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON, in full."""
        return hashlib.sha256(canonical_json(plain(self)).encode()).hexdigest()

    @property
    def of_material(self) -> np.random.SeedSequence:
        """Seed of the training text and the questions."""
        return self._seeds()[0]

    @property
    def of_weights(self) -> np.random.SeedSequence:
        """Seed of the initial weights."""
        return self._seeds()[1]

    def _seeds(self) -> list[np.random.SeedSequence]:
        return np.random.SeedSequence(int(self.identity, 16)).spawn(2)

    @property
    def symbols(self) -> tuple[Mixture, FactFormat, CorpusFormat]:
        """Mixture, facts and corpus of a run over symbols."""
        parts = self.mixture, self.facts, self.corpus
        match parts:
            case Mixture(), FactFormat(), CorpusFormat():
                return parts
        raise TypeError("a run over text")

    @property
    def text(self) -> tuple[TextMixture, TextFacts, TextCorpus]:
        """Mixture, facts and corpus of a run over text."""
        parts = self.mixture, self.facts, self.corpus
        match parts:
            case TextMixture(), TextFacts(), TextCorpus():
                return parts
        raise TypeError("a run over symbols")

    @property
    def bytes_per_token(self) -> float | None:
        """Bytes for each token of the text; None over symbols."""
        return self.corpus.bytes_per_token if isinstance(self.corpus, TextCorpus) else None

    @property
    def name(self) -> str:
        """The first 16 digits of the identity, which name files and records."""
        return self.identity[:16]

    @property
    def sequences_before(self) -> int:
        """Number of sequences in the phase before the budget begins."""
        return (self.tokens_before or 0) // self.mixture.context

    @property
    def tokens_read(self) -> int:
        """All tokens of the run: its budget and the phase before it."""
        return self.mixture.tokens + (self.tokens_before or 0)

    @property
    def steps(self) -> int:
        return (self.sequences_before + self.mixture.sequences) // self.training.batch

    @property
    def checkpoint_steps(self) -> tuple[int, ...]:
        """Steps after which the run is measured before its end."""
        return tuple(sorted({max(1, round(share * self.steps)) for share in self.checkpoints or ()} - {self.steps}))

    @property
    def params(self) -> int:
        return self.model.params

    @property
    def total_params(self) -> int:
        return self.model.total_params(self.facts.vocabulary, self.mixture.context)

    @property
    def flops(self) -> float:
        """FLOPs, 6 (N + width x vocabulary) a token: matrix products, forward and backward."""
        per_token = 6 * (self.params + self.model.width * self.facts.vocabulary)
        return float(per_token * self.tokens_read)


@strictly
@dataclass(frozen=True)
class Refine:
    """Further passes: a number of levels between the last that retains and the first that has collapsed.

    Attributes
    ----------
    levels : int
        New levels per cell and round.
    upper, lower : float
        Mean retention of the coarse levels that bracket the fall.
    rounds : int
        How often; each round looks at the records of those before it.
    """

    levels: Annotated[int, Field(ge=1, le=100)]
    upper: Inside = 0.9
    lower: Inside = 0.1
    rounds: Annotated[int, Field(ge=1, le=100)] = 1

    def __post_init__(self) -> None:
        if self.lower >= self.upper:
            raise InputError("lower below upper", f"{self.lower} and {self.upper}", "[refine]")

    @property
    def total(self) -> int:
        """New levels per cell, over all rounds."""
        return self.levels * self.rounds


@strictly
@dataclass(frozen=True)
class Tune:
    """A stage before the sweep that finds each width's learning rate on a small budget.

    Attributes
    ----------
    rates : tuple of float
        Peak rates to try.
    tokens : int
        The budget. The best rate falls with it, so let it not be far below the sweep's own.
    seeds : tuple of int
    levels : tuple of float, optional
        By default the sweep's own.
    """

    rates: Several[Positive]
    tokens: Count
    seeds: Several[Seed] = (0,)
    levels: Several[Positive] | None = None


@strictly
@dataclass(frozen=True)
class Replicates:
    """Additional seeds at chosen places, in the coarse pass.

    Attributes
    ----------
    levels : tuple of float
    seeds : tuple of int
    widths, tokens : tuple of int
        Sizes and budgets with replicates; empty for all.
    """

    levels: Several[Positive]
    seeds: Several[Seed]
    widths: Listed[Width] = ()
    tokens: Listed[Count] = ()

    def at(self, cell: "Cell") -> bool:
        """Whether a cell is among the chosen ones."""
        return (not self.widths or cell.width in self.widths) and (not self.tokens or cell.tokens in self.tokens)


@dataclass(frozen=True)
class SweepSpec:
    """A sweep: one axis, its coarse levels, several sizes, budgets and seeds.

    Attributes
    ----------
    name : str
    axis : str
        A name in ``bayeskisl.axes.AXES``.
    ladder : Ladder
    widths : tuple of int
    tokens : tuple of int
        Token budgets D of every size; empty if `tokens_per_param` gives them.
    levels : tuple of float
        Values of the axis: facts for ``amount``, parts per million for ``frequency``, ratios otherwise.
    seeds : tuple of int
    ratio : float
        r of an ``amount`` sweep.
    facts : int
        K of a ``ratio`` or ``frequency`` sweep.
    exposures : float
        f of a ``dose`` sweep.
    background_facts : int
    background_share : float
    learning_rates : tuple of float
        Peak learning rates that are crossed with everything else and replace the ladder's.
    probes : int
    stack : int
        Largest number of runs that train together.
    compile : bool
        Whether the training step is compiled; plain torch is used without a C++ compiler.
    refine : Refine or None
    tokens_per_param : tuple of float, optional
        Budgets proportional to the size, D / N, rounded to whole steps.
    cross : dict of str to tuple, optional
        Values that are crossed with everything else and replace a fixed one, e.g. ``{"ratio": (0.25, 0.5)}``.
    replicates : tuple of Replicates, optional
    checkpoints : tuple of float, optional
        Shares of the budget at which every run is also measured.
    tune : Tune, optional
    tokens_before : int, optional
        Tokens of the general corpus, including background facts, that every run reads before its budget begins. The
        general corpus within the budget is then replay. One learning-rate schedule spans both phases.
    layers : tuple of int, optional
        Depths to cross with the widths, in place of the ladder's.
    """

    name: str
    axis: str
    ladder: Ladder
    widths: tuple[int, ...]
    tokens: tuple[int, ...]
    levels: tuple[float, ...]
    seeds: tuple[int, ...]
    ratio: float = 0.5
    facts: int = 0
    exposures: float = 0.0
    background_facts: int = 0
    background_share: float = 0.0
    learning_rates: tuple[float, ...] = ()
    probes: int = 500
    stack: int = 16
    compile: bool = True
    refine: Refine | None = field(default=None)
    tokens_per_param: tuple[float, ...] | None = None
    cross: dict[str, tuple[float, ...]] | None = None
    replicates: tuple[Replicates, ...] | None = None
    checkpoints: tuple[float, ...] | None = None
    tune: Tune | None = None
    tokens_before: int | None = None
    layers: tuple[int, ...] | None = None

    def _repr_html_(self) -> str:
        runs = self.runs()
        sizes = sorted({(run.params, run.model.width) for run in runs})
        rows = [
            ("axis", self.axis),
            ("ladder", self.ladder.name),
            ("sizes, parameters", "; ".join(f"{params:,} (width {width})" for params, width in sizes)),
            ("token budgets", "; ".join(f"{tokens:,}" for tokens in sorted({run.mixture.tokens for run in runs}))),
            ("levels", "; ".join(f"{level:,g}" for level in self.levels)),
            ("seeds", ", ".join(map(str, self.seeds))),
            ("crossed", ", ".join(self.cross or ())),
            ("runs", f"{len(runs):,}" + (f", with refinement up to {self.most_runs:,}" if self.refine else "")),
            ("tokens", f"{sum(run.tokens_read for run in runs):,}"),
            ("identity", self.identity[:12]),
        ]
        return card(f"sweep {escape(self.name)}", escaped(rows))

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON; it names the sweep's folder."""
        return hashlib.sha256(canonical_json(self.as_dict()).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return all values that determine the records, with the used widths of the ladder only."""
        everything = plain(self)
        for table in ("sizes", "learning_rates"):
            of_width = everything["ladder"][table]
            everything["ladder"][table] = {str(width): of_width[width] for width in self.widths}
        if self.refine is not None and self.refine.rounds == 1:
            del everything["refine"]["rounds"]  # which joined later: see `plain`
        return {"refine": None, **everything, "engine": ENGINE}

    def runs(self) -> tuple[RunSpec, ...]:
        """Runs of the coarse pass with replicates, ordered by size, budget, rate, crossed values, level and seed."""
        runs = [run for cell in self.cells() for run in (*self.runs_of(cell, self.levels), *self.replicates_of(cell))]
        return tuple(dict.fromkeys(runs))

    @property
    def most_runs(self) -> int:
        """Runs of all passes at most: refined levels may be few, or the same run."""
        refined = self.refine.total * len(self.seeds) if self.refine else 0
        return sum(len(self._places(cell)) + refined for cell in self.cells())

    def _places(self, cell: "Cell") -> set[tuple[float, int]]:
        """Level and seed of each run of the coarse pass in one cell."""
        more = [itertools.product(each.levels, each.seeds) for each in self.replicates or () if each.at(cell)]
        return set(itertools.chain(itertools.product(self.levels, self.seeds), *more))

    def tuning(self) -> "SweepSpec":
        """Sweep that finds the learning rates of this one: every width at every rate of `tune`."""
        assert self.tune is not None
        return replace(
            self,
            name=f"{self.name}-tune",
            tokens=(self.tune.tokens,),
            levels=self.tune.levels or self.levels,
            seeds=self.tune.seeds,
            learning_rates=self.tune.rates,
            refine=None,
            tokens_per_param=None,
            cross=None,
            replicates=None,
            checkpoints=None,
            tune=None,
        )

    def with_rates(self, rates: dict[int, float]) -> "SweepSpec":
        """Return the sweep with given learning rates by width and without tuning."""
        ladder = replace(self.ladder, learning_rates={**self.ladder.learning_rates, **rates})
        return replace(self, ladder=ladder, tune=None)

    def cells(self) -> tuple["Cell", ...]:
        """Cells of the sweep: all values except level and seed."""
        rates: tuple[float | None, ...] = self.learning_rates or (None,)
        cross = self.cross or {}
        crossed = [tuple(zip(cross, values, strict=True)) for values in itertools.product(*cross.values())]
        sizes = [(width, layers) for width in self.widths for layers in self.layers or (None,)]
        return tuple(Cell(w, d, r, c, n) for w, n in sizes for d in self._budgets(w, n) for r in rates for c in crossed)

    def _budgets(self, width: int, layers: int | None) -> tuple[int, ...]:
        step = self.ladder.context * self.ladder.training.batch
        params = self.ladder.size(width, layers).params
        proportional = (max(1, round(share * params / step)) * step for share in self.tokens_per_param or ())
        return tuple(dict.fromkeys((*self.tokens, *proportional)))

    def runs_of(self, cell: "Cell", levels: tuple[float, ...]) -> tuple[RunSpec, ...]:
        """Return the runs of one cell at given levels, with every seed."""
        return tuple(self._run(cell, level, seed) for level in levels for seed in self.seeds)

    def replicates_of(self, cell: "Cell") -> Iterator[RunSpec]:
        """Return additional runs of one cell, at the levels and seeds of `replicates`."""
        for more in self.replicates or ():
            if more.at(cell):
                yield from (self._run(cell, level, seed) for level in more.levels for seed in more.seeds)

    def _run(self, cell: "Cell", level: float, seed: int) -> RunSpec:
        training = self.ladder.recipe(cell.width)
        if cell.learning_rate is not None:
            training = Training(**{**asdict(training), "learning_rate": cell.learning_rate})
        return RunSpec(
            model=self.ladder.size(cell.width, cell.layers),
            training=training,
            mixture=self._with(cell.crossed)._mixture(cell.tokens, level),
            facts=self.ladder.facts,
            corpus=self.ladder.corpus,
            probes=self.probes,
            seed=seed,
            checkpoints=self.checkpoints,
            tokens_before=self.tokens_before,
        )

    def _with(self, crossed: tuple[tuple[str, float], ...]) -> "SweepSpec":
        values: dict[str, Any] = dict(crossed)
        return replace(self, **values)

    def _mixture(self, tokens: int, level: float) -> Mixture | TextMixture:
        form, corpus, axis = self.ladder.facts, self.ladder.corpus, axis_named(self.axis)
        fixed = {
            schema.TOKENS: tokens,
            schema.TOKENS_PER_FACT: form.tokens_per_fact,
            **{name: getattr(self, name) for name in (schema.RATIO, schema.FACTS, schema.EXPOSURES)},
        }
        wanted = {
            "tokens": tokens,
            "ratio": axis.ratio(level, fixed),
            "facts": round(axis.facts(level, fixed)),
            "form": form,
            "context": self.ladder.context,
            "background_facts": self.background_facts,
            "background_share": self.background_share,
        }
        return plan_text_mixture(**wanted, corpus=corpus) if isinstance(corpus, TextCorpus) else plan_mixture(**wanted)


@dataclass(frozen=True)
class Cell:
    """One (width, token budget, learning rate) of a sweep; a rate or a depth of None is the ladder's own.

    `crossed` holds the values that this cell has in place of the sweep's, as (name, value) pairs.
    """

    width: int
    tokens: int
    learning_rate: float | None = None
    crossed: tuple[tuple[str, float], ...] = ()
    layers: int | None = None
