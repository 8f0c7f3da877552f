"""Specifications: what a sweep and each of its runs is. Frozen, hashable, free of everything volatile."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat, Mixture, plan_mixture
from bayeskisl.sweeping.ladder import (
    Ladder,
    ModelSize,
    Training,
    from_table,
    load_ladder,
    read_toml,
    refuse_unknown,
)

__all__ = ["Refine", "RunSpec", "SweepSpec", "canonical_json", "load_sweep"]

# Counted up whenever a change of the engine changes what a run records.
ENGINE = 1


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no white space: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class RunSpec:
    """One training run, complete: two runs with equal specifications are the same run.

    Attributes
    ----------
    model : ModelSize
    training : Training
    mixture : Mixture
        The realised division of the token budget.
    facts : FactFormat
    corpus : CorpusFormat
    probes : int
        Facts probed per group at most; all of them when there are no more.
    seed : int
        The training order: redraws facts, corpus, initialisation and order.
    engine : int
        Version of the training code's meaning.
    """

    model: ModelSize
    training: Training
    mixture: Mixture
    facts: FactFormat
    corpus: CorpusFormat
    probes: int
    seed: int
    engine: int = ENGINE

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON, in full."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The first 16 digits of the identity: how files and records call the run."""
        return self.identity[:16]

    @property
    def steps(self) -> int:
        return self.mixture.sequences // self.training.batch

    @property
    def params(self) -> int:
        return self.model.params

    @property
    def total_params(self) -> int:
        return self.model.total_params(self.facts.vocabulary, self.mixture.context)

    @property
    def flops(self) -> float:
        """6 (N + width x vocabulary) a token: the products of weights, forward and backward."""
        per_token = 6 * (self.params + self.model.width * self.facts.vocabulary)
        return float(per_token * self.mixture.tokens)


@dataclass(frozen=True)
class Refine:
    """A second pass: so many levels between the last that retains and the first that has collapsed.

    Attributes
    ----------
    levels : int
        New levels per cell.
    upper, lower : float
        Mean retention of the coarse levels that bracket the fall.
    """

    levels: int
    upper: float = 0.9
    lower: float = 0.1


@dataclass(frozen=True)
class SweepSpec:
    """A sweep: one axis, its coarse levels, several sizes, budgets and seeds.

    Attributes
    ----------
    name : str
    axis : str
        ``amount``, ``ratio`` or ``dose``.
    ladder : Ladder
    widths : tuple of int
    tokens : tuple of int
        Token budgets D.
    levels : tuple of float
        Facts for ``amount``, ratios otherwise.
    seeds : tuple of int
    ratio : float
        r of an ``amount`` sweep.
    facts : int
        K of a ``ratio`` sweep.
    exposures : float
        f of a ``dose`` sweep.
    background_facts : int
    background_share : float
    learning_rates : tuple of float
        Peak rates to cross with everything else, in place of the ladder's.
    probes : int
    stack : int
        Runs trained together at most.
    compile : bool
        Whether the training step is compiled; falls back to plain torch where there is no C++ compiler.
    refine : Refine or None
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

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON; it names the sweep's folder."""
        return hashlib.sha256(canonical_json(self.as_dict()).encode()).hexdigest()

    def as_dict(self) -> dict:
        """Everything that determines the records, as plain values; of the ladder, the widths that are used."""
        ladder = asdict(self.ladder)
        for table in ("sizes", "learning_rates"):
            ladder[table] = {str(width): ladder[table][width] for width in self.widths}
        return {**asdict(self), "ladder": ladder, "engine": ENGINE}

    def runs(self) -> tuple[RunSpec, ...]:
        """The coarse pass, ordered by size, budget, rate, level and seed."""
        return tuple(run for cell in self.cells() for run in self.runs_of(cell, self.levels))

    def cells(self) -> tuple["Cell", ...]:
        """Everything but level and seed."""
        rates = self.learning_rates or (None,)
        return tuple(Cell(w, d, rate) for w in self.widths for d in self.tokens for rate in rates)

    def runs_of(self, cell: "Cell", levels: tuple[float, ...]) -> tuple[RunSpec, ...]:
        """Runs of one cell at these levels, every seed."""
        return tuple(self._run(cell, level, seed) for level in levels for seed in self.seeds)

    def _run(self, cell: "Cell", level: float, seed: int) -> RunSpec:
        training = self.ladder.recipe(cell.width)
        if cell.learning_rate is not None:
            training = Training(**{**asdict(training), "learning_rate": cell.learning_rate})
        return RunSpec(
            model=self.ladder.size(cell.width),
            training=training,
            mixture=self._mixture(cell.tokens, level),
            facts=self.ladder.facts,
            corpus=self.ladder.corpus,
            probes=self.probes,
            seed=seed,
        )

    def _mixture(self, tokens: int, level: float) -> Mixture:
        ratio = self.ratio if self.axis == "amount" else level
        length = self.ladder.facts.tokens_per_fact
        facts = {
            "amount": lambda: round(level),
            "ratio": lambda: self.facts,
            "dose": lambda: round(ratio * tokens / (self.exposures * length)),
        }[self.axis]()
        return plan_mixture(
            tokens=tokens,
            ratio=ratio,
            facts=facts,
            form=self.ladder.facts,
            context=self.ladder.context,
            background_facts=self.background_facts,
            background_share=self.background_share,
        )


@dataclass(frozen=True)
class Cell:
    """One (width, token budget, learning rate) of a sweep; a rate of None is the ladder's own."""

    width: int
    tokens: int
    learning_rate: float | None = None


_SWEEP_KEYS = {
    "name", "title", "axis", "ladder", "widths", "tokens", "levels", "seeds", "ratio", "facts", "exposures",
    "learning_rates", "probes", "stack", "compile", "background", "refine",
}  # fmt: skip


def load_sweep(path: str | Path) -> SweepSpec:
    """Read and check a sweep's TOML file, or a shipped sweep by its name.

    Raises
    ------
    InputError
        On the first thing that is unknown, missing, of the wrong type or impossible.
    """
    from bayeskisl.shipped import shipped_file

    path = shipped_file("sweeps", path) if Path(path).suffix != ".toml" else Path(path)
    table = read_toml(path)
    return sweep_from_table(table, path.name, default_name=path.stem)


def sweep_from_table(table: dict, where: str, default_name: str = "sweep") -> SweepSpec:
    """Build and check a `SweepSpec` from the table of its TOML file."""
    refuse_unknown(table, _SWEEP_KEYS, where)
    for key in ("axis", "ladder", "widths", "tokens", "levels"):
        if key not in table:
            raise InputError(f"a key {key!r}", "none", where)
    if table["axis"] not in ("amount", "ratio", "dose"):
        raise InputError("axis to be amount, ratio or dose", repr(table["axis"]), where)
    ladder = load_ladder(table["ladder"])
    background = table.get("background", {})
    refuse_unknown(background, {"facts", "share"}, f"{where} [background]")
    plain = {k: table[k] for k in ("ratio", "facts", "exposures", "probes", "stack", "compile") if k in table}
    spec = SweepSpec(
        name=str(table.get("name", default_name)),
        axis=table["axis"],
        ladder=ladder,
        widths=_numbers(table["widths"], int, "widths", where),
        tokens=_numbers(table["tokens"], int, "tokens", where),
        levels=_numbers(table["levels"], float, "levels", where),
        seeds=_numbers(table.get("seeds", [0]), int, "seeds", where),
        learning_rates=_numbers(table.get("learning_rates", []), float, "learning_rates", where, empty=True),
        background_facts=background.get("facts", 0),
        background_share=float(background.get("share", 0.0)),
        refine=from_table(Refine, table["refine"], f"{where} [refine]") if "refine" in table else None,
        **plain,
    )
    return check_sweep(spec, where)


def check_sweep(spec: SweepSpec, where: str) -> SweepSpec:
    """Return `spec` if every one of its runs can be made, else say which cannot and why."""
    needs = {
        "amount": ("ratio", spec.ratio),
        "ratio": ("facts", spec.facts),
        "dose": ("exposures", spec.exposures),
    }
    key, value = needs[spec.axis]
    if not value > 0:
        raise InputError(f"{key} > 0 for axis {spec.axis!r}", value, where)
    if spec.stack < 1 or spec.probes < 1:
        raise InputError("stack and probes of at least 1", f"{spec.stack} and {spec.probes}", where)
    for cell in spec.cells():
        step = spec.ladder.context * spec.ladder.training.batch
        if cell.tokens % step:
            near = max(step, round(cell.tokens / step) * step)
            raise InputError(f"tokens in whole steps of {step}", cell.tokens, where, f"take {near}")
        try:
            spec.runs_of(cell, spec.levels)
        except InputError as problem:
            place = ", ".join(part for part in (where, problem.where) if part)
            raise InputError(problem.expected, problem.got, place, problem.remedy) from None
    return spec


def _numbers(value: object, kind: type, key: str, where: str, empty: bool = False) -> tuple:
    values = value if isinstance(value, list) else [value]
    good = all(type(v) is int or (kind is float and type(v) is float) for v in values)
    if not good or (not values and not empty):
        raise InputError(f"{key} to be one or more numbers of type {kind.__name__}", repr(value), where)
    if len(set(values)) < len(values):
        raise InputError(f"distinct {key}", repr(value), where)
    return tuple(kind(v) for v in values)
