"""Replays of a finished sweep, run by run, as if only the purchased runs were known.

The largest size is the target: its runs cannot be bought, and its own measurement is the truth. Every planner starts
from the same few runs of the smallest sizes, buys from what was really trained, and is asked for the target's collapse
point each time that its spending reaches the next share of what the whole sweep cost.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import as_numbers, in_words, require_instance, require_one_of, require_texts, require_whole
from bayeskisl.cores import one_blas_thread
from bayeskisl.curves import levels_of_runs, load_curves
from bayeskisl.decision import predict
from bayeskisl.design import PLANNERS, Costs, Outlook, Problem, Run, believe
from bayeskisl.errors import InputError
from bayeskisl.files import append_line, held, written
from bayeskisl.inference import Fit, fit_many
from bayeskisl.intervals import interval, interval_score
from bayeskisl.keywords import from_keywords
from bayeskisl.laws import Law, load_law
from bayeskisl.target import Target
from bayeskisl.workflow.market import Market, shelf_of, start_of

__all__ = ["SHARES", "Protocol", "Step", "replay"]

# Shares of the sweep's cost at which every planner is asked.
SHARES = (0.08, 0.12, 0.18, 0.27, 0.4)

_CI_PROB = 0.9
_REMEMBERED = 31  # fits
_BATCH = 64  # runs at most between two refits; money ends a batch first

FitOf = Callable[[xr.Dataset, int], Fit]


@dataclass(frozen=True)
class Step:
    """Knowledge of one planner at one time.

    Attributes
    ----------
    planner : str
    repeat : int
    share : float
        Share of the whole sweep's cost that the planner could spend.
    cost : float
        Cost of the purchases, including the start.
    runs : int
        Runs bought.
    low, median, high : float
        The 90 % interval of the target's collapse point, on the scale of a plan's widths, see `bayeskisl.design.Plan`:
        log facts, or log exposures of the background.
    truth : float
        Its measurement, or the simulation's own value.
    gate : bool
        Whether the posterior passed its gate.
    bought : tuple of str
        Names of the runs.
    """

    planner: str
    repeat: int
    share: float
    cost: float
    runs: int
    low: float
    median: float
    high: float
    truth: float
    gate: bool
    bought: tuple[str, ...]

    @property
    def width(self) -> float:
        """Width of the interval, natural log units."""
        return self.high - self.low

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high

    @property
    def interval_score(self) -> float:
        """Score of the interval, natural log units, see `bayeskisl.intervals.interval_score`."""
        return interval_score(self.low, self.high, self.truth, _CI_PROB)


@dataclass(frozen=True)
class Protocol:
    """The rules that apply to every planner.

    Parameters
    ----------
    start : int
        Number of smallest sizes of which every planner knows one run per coarse level at the start.
    shares : sequence of float, optional
        Shares of the cost of all runs for sale; by default those of `SHARES` that exceed the cost of the start.
    repeats : int
        Number of repeats; each shuffles the seeds of every level, the planner's randomness and the sampler's seed.
    """

    start: int = 3
    shares: Sequence[float] | None = None
    repeats: int = 4

    def __post_init__(self) -> None:
        require_whole(self.start, "start", 1)
        require_whole(self.repeats, "repeats", 1)
        if self.shares is not None:
            shares = as_numbers(self.shares, "shares")
            if shares.ndim != 1 or not np.all(shares > 0):
                raise InputError("a list of shares above zero", in_words(self.shares), "shares", "write [0.1, 0.2]")


class ProtocolKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Protocol` is built."""

    start: int
    shares: Sequence[float] | None
    repeats: int


@one_blas_thread()
def replay(
    curves: xr.Dataset | str | Path,
    planners: Sequence[str] | None = None,
    protocol: Protocol | None = None,
    *,
    costs: Costs | None = None,
    law: str | Path | Law = "limits",
    fit: FitOf | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
    **short: Unpack[ProtocolKeywords],
) -> pd.DataFrame:
    """Replay a finished sweep under several planners.

    Parameters
    ----------
    curves : xarray.Dataset or path
        Curves of one budget with at least two sizes more than the start; the largest is the target. Simulated curves
        contain their truth. With several groups, the group that over-infusion harms is used.
    planners : sequence of str
        Names in `bayeskisl.design.PLANNERS`; also ``"grid"`` (every run of the other sizes, except levels whose
        outcomes show that nothing or everything is retained) and ``"everything"``. By default all but the last.
    protocol : Protocol, optional
        The start of every planner, the shares at which it answers, and the repeats.
    costs : Costs, optional
        By default 6 N D.
    law : str, path or Law
        The law, fitted without rivals.
    fit : callable, optional
        ``fit(curves, seed) -> Fit``; by default `law` is fitted as in `fit_many`. Among hundreds of posteriors a few
        fail their gate, which is reported.
    out : path, optional
        Folder in which every step is stored; the same call continues from there.
    seed : int
    progress : callable
        Receives a line for every step.
    **short
        Keywords of `Protocol`, instead of the object.

    Returns
    -------
    pandas.DataFrame
        One row per planner, repeat and share: the fields of `Step`, ``bought`` as names joined by semicolons, with
        ``width``, ``covered``, ``error`` and ``interval_score``.

    Raises
    ------
    InputError
        If a planner or the law is unknown, the curves have too few sizes or several budgets, a share is less than the
        cost of the start, or `out` contains another replay.
    """
    (rules,) = from_keywords(short, (Protocol, protocol), of=replay)
    law = load_law(law)
    curves = load_curves(curves)
    require_whole(seed, "seed")
    planners = (*PLANNERS, "grid") if planners is None else planners
    require_texts(planners, "planners", "planners")
    for planner in planners:
        require_one_of(planner, (*PLANNERS, *_FIXED), "planners", "planners among")
    costs = Costs.of_flops() if costs is None else costs
    require_instance(costs, Costs, "costs")
    market = Market.of(curves, costs)
    start, shares = rules.start, list(_shares_beyond(market, rules.start) if rules.shares is None else rules.shares)
    what = {"curves": _digest(curves), "law": law.sha256, "start": start, "shares": shares, "seed": seed,
            "costs": asdict(market.costs)}  # fmt: skip
    with held(Path(out)) if out is not None else nullcontext():
        ledger = _Ledger(out, what)
        fitted = _remembering(fit or partial(_fitted, law))
        steps = []
        for repeat in range(rules.repeats):
            for planner in planners:
                known = ledger.steps(planner, repeat)
                game = _Game(market, planner, repeat, np.random.SeedSequence([seed, repeat]), start, fitted)
                for step in game.play(shares, known):
                    if step not in known:
                        ledger.note(step)
                        progress(f"{planner} {repeat}: {step.runs} runs, width {step.width:.3f}")
                    steps.append(step)
    rows = [
        {**vars(step), "bought": ";".join(step.bought), "width": step.width, "covered": step.covered,
         "error": step.median - step.truth, "interval_score": step.interval_score}
        for step in steps
    ]  # fmt: skip
    return pd.DataFrame(rows)


_FIXED = ("grid", "everything")


def _shares_beyond(market: Market, sizes: int) -> list[float]:
    started = start_of(market, sizes, shelf_of(market, np.random.default_rng(0)))
    begun = float(market.price[started].sum() / market.price.sum())
    beyond = [share for share in SHARES if share > begun]
    if not beyond:
        raise InputError(f"shares above {begun:.2g}, the cost of the start", f"up to {max(SHARES)} by default",
                         "shares", "name some, or start with fewer sizes")  # fmt: skip
    return beyond


class _Game:
    """One planner's purchases in one repeat."""

    def __init__(
        self, market: Market, planner: str, repeat: int, seeds: np.random.SeedSequence, sizes: int, fit: FitOf
    ) -> None:
        self.market, self.planner, self.repeat, self.fit = market, planner, repeat, fit
        shuffle, choice, sampler = (np.random.default_rng(child) for child in seeds.spawn(3))
        self.choice, self.sampler_seed = choice, int(sampler.integers(2**31))
        self.shelf = shelf_of(market, shuffle)
        self.bought = start_of(market, sizes, self.shelf)

    @property
    def spent(self) -> float:
        return float(self.market.price[self.bought].sum())

    def play(self, shares: Sequence[float], known: list[Step]) -> Iterator[Step]:
        """Steps in order; stored steps are reused with their purchases."""
        total = float(self.market.price.sum())
        if self.planner in _FIXED:
            everything = np.arange(len(self.market.runs))
            self.bought = list(self.market.informative if self.planner == "grid" else everything)
            yield known[0] if known else self._step(self.spent / total)
            return
        for index, share in enumerate(shares):
            if index < len(known):
                self._take_over(known[index])
                yield known[index]
                continue
            if self.spent > share * total:
                raise InputError(f"first shares above {self.spent / total:.2g}, the cost of the start", share,
                                 "shares")  # fmt: skip
            self._buy_until(share * total)
            yield self._step(share)

    def _buy_until(self, money: float) -> None:
        """Buy and refit until no remaining run is affordable."""
        while True:
            runs = self._choose(money - self.spent)
            if not runs:
                return
            for run in runs:
                self._buy(run)

    def _choose(self, money: float) -> list[Run]:
        affordable = [run for run, left in self.shelf.items() if left and self.market.costs.of(run) <= money]
        if not affordable:
            return []
        candidates = tuple(sorted(run for run, left in self.shelf.items() if left))
        posterior = self.fit(self._known_curves(), self.sampler_seed)
        cells = {run.cell for run in candidates}
        beliefs = believe(posterior, Target(self.market.target_params), cells, seed=self.repeat)
        problem = Problem(
            outlook=Outlook.of(beliefs, self._known_curves()),
            candidates=candidates,
            costs=self.market.costs,
            budget=money,
            batch=_BATCH,
            available={run: len(left) for run, left in self.shelf.items()},
            trained=tuple(self.market.runs[i] for i in self.bought),
        )
        return PLANNERS[self.planner](problem, self.choice)

    def _step(self, share: float) -> Step:
        market, posterior = self.market, self.fit(self._known_curves(), self.sampler_seed)
        ahead = predict(posterior, market.target_params, kind="mean", throw=False)
        median, low, high = interval(market.place(ahead[schema.COLLAPSE].values), _CI_PROB)
        names = self.market.curves[schema.RUN].values[self.bought]
        return Step(
            planner=self.planner,
            repeat=self.repeat,
            share=share,
            cost=self.spent,
            runs=len(self.bought),
            low=low,
            median=median,
            high=high,
            truth=market.truth,
            gate=posterior.gate.passed,
            bought=tuple(map(str, names)),
        )

    def _known_curves(self) -> xr.Dataset:
        """The curves that a planner may see."""
        return self.market.curves.isel(run=sorted(self.bought))

    def _buy(self, run: Run) -> None:
        self.bought.append(self.shelf[run].pop())

    def _take_over(self, step: Step) -> None:
        position = {str(name): i for i, name in enumerate(self.market.curves[schema.RUN].values)}
        self.bought = [position[name] for name in step.bought]
        for left in self.shelf.values():
            left[:] = [i for i in left if i not in self.bought]


class _Ledger:
    """Steps on disk, one line each; no file without a folder."""

    def __init__(self, out: str | Path | None, what: dict[str, Any]) -> None:
        self.path = Path(out) if out is not None else None
        if self.path is None:
            return
        told = json.dumps(what, sort_keys=True)
        header = self.path / "replay.json"
        if header.is_file() and header.read_text() != told:
            raise InputError("the replay that the folder was started with", "another one", str(out),
                             "choose another folder")  # fmt: skip
        written(header, told)

    def steps(self, planner: str, repeat: int) -> list[Step]:
        """Read the steps of one planner's repeat; a truncated line is skipped."""
        file = self.path / f"{planner}-{repeat}.jsonl" if self.path else None
        if not (file and file.is_file()):
            return []
        lines = file.read_text().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        if whole != lines:
            written(file, "".join(whole))
        contents = map(json.loads, whole)
        return [Step(**{**content, "bought": tuple(content["bought"])}) for content in contents]

    def note(self, step: Step) -> None:
        if self.path:
            append_line(self.path / f"{step.planner}-{step.repeat}.jsonl", json.dumps(asdict(step)))


def _fitted(law: Law, curves: xr.Dataset, seed: int) -> Fit:
    return fit_many([curves], law, seed=seed, workers=1)[0]


def _remembering(fit: FitOf) -> FitOf:
    """Remember the last fits: an answer and the next plan need the same one, and so do all planners at the start."""
    last: dict[tuple[Any, ...], Fit] = {}

    def remembered(curves: xr.Dataset, seed: int) -> Fit:
        key = (tuple(curves[schema.RUN].values.tolist()), seed)
        if key not in last:
            if len(last) == _REMEMBERED:
                del last[next(iter(last))]
            last[key] = fit(curves, seed)
        return last[key]

    return remembered


def _digest(curves: xr.Dataset) -> str:
    """Digest of the runs, groups and outcomes that a game is played with."""
    names = [*curves[schema.RUN].values.astype(str), *curves[schema.GROUP].values.astype(str)]
    numbers = (schema.PARAMS, schema.TOKENS, schema.RECALLED, schema.PROBED)
    content = (levels_of_runs(curves), *(curves[name].values for name in numbers))
    told = b"".join([json.dumps(names).encode(), *(values.tobytes() for values in content)])
    return hashlib.sha256(told).hexdigest()[:16]
