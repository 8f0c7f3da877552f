"""Specifications: what a sweep and each of its runs is. Frozen, hashable, free of everything volatile."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat, Mixture, Templates, plan_mixture
from bayeskisl.sweeping.ladder import (
    Ladder,
    ModelSize,
    Training,
    from_table,
    load_ladder,
    read_toml,
    refuse_unknown,
)

__all__ = ["Refine", "Replicates", "RunSpec", "SweepSpec", "Tune", "canonical_json", "load_sweep", "plain"]

# What a sweep along each axis may cross with it: the experiment's other quantities.
_CROSSABLE = {
    "amount": {"ratio": float, "background_share": float, "background_facts": int},
    "ratio": {"facts": int, "background_share": float, "background_facts": int},
    "dose": {"exposures": float, "background_share": float, "background_facts": int},
}

# Counted up whenever a change of the engine changes what a run records.
ENGINE = 1


def plain(spec: object) -> dict:
    """A specification as plain values, without what is None.

    Keys that joined later are None unless they are used, so the identities of earlier specifications stand.
    """
    return _without_none(asdict(spec))


def _without_none(value: object) -> object:
    return {k: _without_none(v) for k, v in value.items() if v is not None} if isinstance(value, dict) else value


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
    checkpoints : tuple of float, optional
        Shares of the budget, in (0, 1) and ascending, at which the run is also measured; it always is at the end.
    """

    model: ModelSize
    training: Training
    mixture: Mixture
    facts: FactFormat
    corpus: CorpusFormat
    probes: int
    seed: int
    engine: int = ENGINE
    checkpoints: tuple[float, ...] | None = None

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON, in full."""
        return hashlib.sha256(canonical_json(plain(self)).encode()).hexdigest()

    @property
    def name(self) -> str:
        """The first 16 digits of the identity: how files and records call the run."""
        return self.identity[:16]

    @property
    def steps(self) -> int:
        return self.mixture.sequences // self.training.batch

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
class Tune:
    """A stage before the sweep: each width's learning rate, found on a small budget.

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

    rates: tuple[float, ...]
    tokens: int
    seeds: tuple[int, ...] = (0,)
    levels: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Replicates:
    """More seeds at chosen places, in the coarse pass.

    Attributes
    ----------
    levels : tuple of float
    seeds : tuple of int
    widths, tokens : tuple of int
        Of which sizes and budgets; empty for all.
    """

    levels: tuple[float, ...]
    seeds: tuple[int, ...]
    widths: tuple[int, ...] = ()
    tokens: tuple[int, ...] = ()

    def at(self, cell: "Cell") -> bool:
        """Whether a cell is among those chosen."""
        return (not self.widths or cell.width in self.widths) and (not self.tokens or cell.tokens in self.tokens)


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
        Token budgets D of every size; empty where `tokens_per_param` gives them.
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
    tokens_per_param : tuple of float, optional
        Budgets proportional to the size, D / N, rounded to whole steps.
    cross : dict of str to tuple, optional
        Values to cross with everything else in place of one that the axis holds fixed, e.g. ``{"ratio": (0.25, 0.5)}``.
    replicates : tuple of Replicates, optional
    checkpoints : tuple of float, optional
        Shares of the budget at which every run is also measured.
    tune : Tune, optional
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

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the canonical JSON; it names the sweep's folder."""
        return hashlib.sha256(canonical_json(self.as_dict()).encode()).hexdigest()

    def as_dict(self) -> dict:
        """Everything that determines the records, as plain values; of the ladder, the widths that are used."""
        everything = plain(self)
        for table in ("sizes", "learning_rates"):
            of_width = everything["ladder"][table]
            everything["ladder"][table] = {str(width): of_width[width] for width in self.widths}
        return {"refine": None, **everything, "engine": ENGINE}

    def runs(self) -> tuple[RunSpec, ...]:
        """The coarse pass and its replicates, ordered by size, budget, rate, crossed values, level and seed."""
        runs = [run for cell in self.cells() for run in (*self.runs_of(cell, self.levels), *self._replicates_of(cell))]
        return tuple(dict.fromkeys(runs))

    def tuning(self) -> "SweepSpec":
        """The sweep that finds the learning rates of this one: every width at every rate of `tune`."""
        return replace(
            self,
            name=f"{self.name}-tune",
            tokens=(self.tune.tokens,),
            levels=self.tune.levels or self.levels,
            seeds=self.tune.seeds,
            learning_rates=self.tune.rates,
            **dict.fromkeys(("refine", "tokens_per_param", "cross", "replicates", "checkpoints", "tune")),
        )

    def with_rates(self, rates: dict[int, float]) -> "SweepSpec":
        """This sweep with other learning rates by width, and nothing left to tune."""
        ladder = replace(self.ladder, learning_rates={**self.ladder.learning_rates, **rates})
        return replace(self, ladder=ladder, tune=None)

    def cells(self) -> tuple["Cell", ...]:
        """Everything but level and seed."""
        rates = self.learning_rates or (None,)
        cross = self.cross or {}
        crossed = [tuple(zip(cross, values, strict=True)) for values in itertools.product(*cross.values())]
        return tuple(Cell(w, d, r, c) for w in self.widths for d in self._budgets(w) for r in rates for c in crossed)

    def _budgets(self, width: int) -> tuple[int, ...]:
        step = self.ladder.context * self.ladder.training.batch
        params = self.ladder.size(width).params
        proportional = (max(1, round(share * params / step)) * step for share in self.tokens_per_param or ())
        return tuple(dict.fromkeys((*self.tokens, *proportional)))

    def runs_of(self, cell: "Cell", levels: tuple[float, ...]) -> tuple[RunSpec, ...]:
        """Runs of one cell at these levels, every seed."""
        return tuple(self._run(cell, level, seed) for level in levels for seed in self.seeds)

    def _replicates_of(self, cell: "Cell") -> Iterator[RunSpec]:
        for more in self.replicates or ():
            if more.at(cell):
                yield from (self._run(cell, level, seed) for level in more.levels for seed in more.seeds)

    def _run(self, cell: "Cell", level: float, seed: int) -> RunSpec:
        training = self.ladder.recipe(cell.width)
        if cell.learning_rate is not None:
            training = Training(**{**asdict(training), "learning_rate": cell.learning_rate})
        return RunSpec(
            model=self.ladder.size(cell.width),
            training=training,
            mixture=replace(self, **dict(cell.crossed))._mixture(cell.tokens, level),
            facts=self.ladder.facts,
            corpus=self.ladder.corpus,
            probes=self.probes,
            seed=seed,
            checkpoints=self.checkpoints,
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
    """One (width, token budget, learning rate) of a sweep; a rate of None is the ladder's own.

    `crossed` holds the values that this cell has in place of the sweep's, as (name, value) pairs.
    """

    width: int
    tokens: int
    learning_rate: float | None = None
    crossed: tuple[tuple[str, float], ...] = ()


_SWEEP_KEYS = {
    "name", "title", "axis", "ladder", "widths", "tokens", "levels", "seeds", "ratio", "facts", "exposures",
    "learning_rates", "probes", "stack", "compile", "background", "refine", "tokens_per_param", "cross", "replicates",
    "checkpoints", "templates", "tune",
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
    for key in ("axis", "ladder", "widths", "levels"):
        if key not in table:
            raise InputError(f"a key {key!r}", "none", where)
    if "tokens" not in table and "tokens_per_param" not in table:
        raise InputError("a key 'tokens' or 'tokens_per_param'", "neither", where)
    if table["axis"] not in ("amount", "ratio", "dose"):
        raise InputError("axis to be amount, ratio or dose", repr(table["axis"]), where)
    ladder = load_ladder(table["ladder"])
    if "templates" in table:
        templates = from_table(Templates, table["templates"], f"{where} [templates]")
        ladder = replace(ladder, facts=replace(ladder.facts, templates=templates))
    background = table.get("background", {})
    refuse_unknown(background, {"facts", "share"}, f"{where} [background]")
    plain = {k: table[k] for k in ("ratio", "facts", "exposures", "probes", "stack", "compile") if k in table}
    spec = SweepSpec(
        name=str(table.get("name", default_name)),
        axis=table["axis"],
        ladder=ladder,
        widths=_numbers(table["widths"], int, "widths", where),
        tokens=_numbers(table.get("tokens", []), int, "tokens", where, empty="tokens_per_param" in table),
        levels=_numbers(table["levels"], float, "levels", where, empty="replicates" in table),
        seeds=_numbers(table.get("seeds", [0]), int, "seeds", where),
        learning_rates=_numbers(table.get("learning_rates", []), float, "learning_rates", where, empty=True),
        background_facts=background.get("facts", 0),
        background_share=float(background.get("share", 0.0)),
        refine=from_table(Refine, table["refine"], f"{where} [refine]") if "refine" in table else None,
        tokens_per_param=_optional(table, float, "tokens_per_param", where),
        cross=_cross(table, where),
        replicates=_replicates(table, where),
        checkpoints=_optional(table, float, "checkpoints", where),
        tune=_tune(table, where),
        **plain,
    )
    return check_sweep(spec, where)


def _optional(table: dict, kind: type, key: str, where: str) -> tuple | None:
    return _numbers(table[key], kind, key, where) if key in table else None


def _tune(table: dict, where: str) -> Tune | None:
    if "tune" not in table:
        return None
    kinds, given, where = {"rates": float, "seeds": int, "levels": float}, table["tune"], f"{where} [tune]"
    refuse_unknown(given, {*kinds, "tokens"}, where)
    if not {"rates", "tokens"} <= set(given):
        raise InputError("rates and tokens", ", ".join(given) or "nothing", where)
    (tokens,) = _numbers([given["tokens"]], int, "tokens", where)
    return Tune(
        tokens=tokens, **{key: _numbers(given[key], kind, key, where) for key, kind in kinds.items() if key in given}
    )


def _cross(table: dict, where: str) -> dict[str, tuple] | None:
    if "cross" not in table:
        return None
    where, kinds = f"{where} [cross]", _CROSSABLE[table["axis"]]
    refuse_unknown(table["cross"], set(kinds), where)
    return {name: _numbers(values, kinds[name], name, where) for name, values in table["cross"].items()}


def _replicates(table: dict, where: str) -> tuple[Replicates, ...] | None:
    if "replicates" not in table:
        return None
    kinds, where = {"levels": float, "seeds": int, "widths": int, "tokens": int}, f"{where} [[replicates]]"
    if not isinstance(table["replicates"], list):
        raise InputError("tables [[replicates]] with levels and seeds", repr(table["replicates"]), where)
    more = []
    for row in table["replicates"]:
        refuse_unknown(row, set(kinds), where)
        if not {"levels", "seeds"} <= set(row):
            raise InputError("levels and seeds", ", ".join(row), where)
        more.append(Replicates(**{key: _numbers(value, kinds[key], key, where) for key, value in row.items()}))
    return tuple(more)


def check_sweep(spec: SweepSpec, where: str) -> SweepSpec:
    """Return `spec` if every one of its runs can be made, else say which cannot and why."""
    needs = {
        "amount": ("ratio", spec.ratio),
        "ratio": ("facts", spec.facts),
        "dose": ("exposures", spec.exposures),
    }
    key, value = needs[spec.axis]
    if key not in (spec.cross or {}) and not value > 0:
        raise InputError(f"{key} > 0 for axis {spec.axis!r}", value, where)
    if spec.stack < 1 or spec.probes < 1:
        raise InputError("stack and probes of at least 1", f"{spec.stack} and {spec.probes}", where)
    if spec.refine and not spec.levels:
        raise InputError("levels for [refine] to start from", "none", where)
    shares = spec.checkpoints or ()
    if list(shares) != sorted(shares) or not all(0 < share < 1 for share in shares):
        raise InputError("checkpoints to be ascending shares of the budget in (0, 1)", str(list(shares)), where)
    if not all(share > 0 for share in spec.tokens_per_param or ()):
        raise InputError("tokens_per_param > 0", str(list(spec.tokens_per_param)), where)
    if spec.tune and spec.learning_rates:
        raise InputError("[tune] or learning_rates", "both", where, "drop one")
    if spec.tune:
        check_sweep(spec.tuning(), f"{where} [tune]")
    for more in spec.replicates or ():
        if not any(more.at(cell) for cell in spec.cells()):
            got = f"widths {list(more.widths)}, tokens {list(more.tokens)}"
            raise InputError("[[replicates]] of cells of this sweep", got, where)
    for cell in spec.cells():
        step = spec.ladder.context * spec.ladder.training.batch
        if cell.tokens % step:
            near = max(step, round(cell.tokens / step) * step)
            raise InputError(f"tokens in whole steps of {step}", cell.tokens, where, f"take {near}")
        try:
            (*spec.runs_of(cell, spec.levels), *spec._replicates_of(cell))
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
