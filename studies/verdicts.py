"""Is each answer graded as it should be? Sweeps of every kind with a known truth, and what is said about their targets.

    python -m studies.verdicts --design one-size --count 40

A bound is false where the truth at the target contradicts it; it may be so as often as the stated risk. A plain number
is one that no rule takes anything from: where the target is not identified there should be none. Finished sweeps are
written down, so that the command goes on where it was stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import IntArray
from bayeskisl.curves import group_exposures
from bayeskisl.decision import Decision, decide
from bayeskisl.decision.verdict import verdict_on
from bayeskisl.inference.fit import fit_laws
from bayeskisl.inference.sampler import Sampler
from bayeskisl.inference.settings import Settings
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import load_law
from bayeskisl.laws.falls import LOGISTIC
from studies.command import Count, Folder, Tell, counting, run, say_nothing, show
from studies.simulated.trials import Trials
from studies.simulated.turns import in_turn, require_known, write_table

__all__ = ["DESIGNS", "Design", "prove_verdicts", "simulate_verdicts", "verdict_table"]

TOKENS, RATIO, TOKENS_PER_FACT = 1_843_200, 0.5, 6
SIZES = (6_144, 12_288, 24_576, 49_152, 98_304)
FACTS = (31, 62, 125, 250, 500, 1000, 2000, 4000, 8000)
RATIOS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
RISK, KEEP = 0.1, 0.9
_OF_FEW_DRAWS = ("gate", "sampled_thinly")
_TIMES = 4  # the target over the largest size
_AT_REFERENCE = {schema.INFUSED: np.log(300.0), schema.INFUSED_HELDOUT: np.log(420.0), schema.BACKGROUND: np.log(120.0)}
_REFERENCE, _EXPONENT, _STEEPNESS = 24_576, 0.7, 6.0
_SIZE_SCATTER, _SIGMA_RUN, _CONCENTRATION, _LAPSE, _FLOOR = 0.08, 0.1, 300.0, 0.01, 0.002

Spoil = Callable[[IntArray, IntArray, np.random.Generator], IntArray]


@dataclass(frozen=True)
class Design:
    """A kind of sweep.

    Parameters
    ----------
    title : str
    grades : tuple of str
        Those that an answer about the target may have.
    axis : str
    sizes, levels : tuple
    groups : tuple of str
    steepness : float
    spoil : callable, optional
        ``spoil(recalled, probed, rng)``: counts ``(run, group)`` in the order of levels within sizes, as they are
        written down in the end.
    times : float
        The target over the largest size.
    exponent : float
        By which critical exposures fall with size; below 0 they rise, as no law with limits allows.
    """

    title: str
    grades: tuple[str, ...]
    axis: str = "amount"
    sizes: tuple[int, ...] = SIZES
    levels: tuple[float, ...] = FACTS
    groups: tuple[str, ...] = (schema.INFUSED,)
    steepness: float = _STEEPNESS
    spoil: Spoil | None = None
    times: float = _TIMES
    exponent: float = _EXPONENT


GOOD, CARE, UNUSABLE = "good", "usable with care", "not usable"


def _rising(recalled: IntArray, probed: IntArray, rng: np.random.Generator) -> IntArray:
    return probed - recalled


def _silent(recalled: IntArray, probed: IntArray, rng: np.random.Generator) -> IntArray:
    return rng.binomial(probed, 1 / 4096)


def _humped(recalled: IntArray, probed: IntArray, rng: np.random.Generator) -> IntArray:
    """The smallest infusions recall a quarter of what they should."""
    first = np.arange(len(recalled)) % (2 * len(FACTS)) < 6
    return np.where(first[:, None], recalled // 4, recalled)


def _one_wrong_in_ten(recalled: IntArray, probed: IntArray, rng: np.random.Generator) -> IntArray:
    wrong = rng.choice(len(recalled), len(recalled) // 10, replace=False)
    spoilt = recalled.copy()
    spoilt[wrong] = probed[wrong] - recalled[wrong]
    return spoilt


DESIGNS = MappingProxyType(
    {
        "whole": Design("five sizes that cross", (GOOD, CARE)),
        "all-kept": Design("no run lost half", (CARE, UNUSABLE), levels=(31, 44, 62)),
        "all-lost": Design("no run kept half", (UNUSABLE,), levels=(8_000, 11_300, 16_000)),
        "large-kept": Design("only the small sizes cross", (GOOD, CARE, UNUSABLE), levels=(62, 125, 250, 500)),
        "one-size": Design("one size", (UNUSABLE,), sizes=SIZES[2:3]),
        "two-sizes": Design("two sizes", (CARE, UNUSABLE), sizes=SIZES[1:3]),
        "one-level": Design("one level", (CARE, UNUSABLE), levels=(500,)),
        "no-signal": Design("no signal above guessing", (UNUSABLE,), spoil=_silent),
        "rising": Design("curves that rise", (UNUSABLE,), spoil=_rising),
        "falling": Design("collapse points that fall with size", (CARE, UNUSABLE), exponent=-0.3),
        "hump": Design("curves that turn back", (CARE, UNUSABLE), spoil=_humped),
        "all-or-nothing": Design("counts of all or nothing", (GOOD, CARE, UNUSABLE), steepness=80.0),
        "wrong-rows": Design("one row in ten typed wrongly", (CARE, UNUSABLE), spoil=_one_wrong_in_ten),
        "trained": Design("a size that was trained", (GOOD, CARE), times=1.0),
        "far": Design("a hundred times the largest size", (CARE, UNUSABLE), times=100.0),
        "background-alone": Design(
            "a ratio, the background alone", (GOOD, CARE, UNUSABLE), "ratio", levels=RATIOS, groups=(schema.BACKGROUND,)
        ),
        "three-groups": Design(
            "a ratio, three groups",
            (GOOD, CARE, UNUSABLE),
            "ratio",
            levels=RATIOS,
            groups=(schema.INFUSED, schema.INFUSED_HELDOUT, schema.BACKGROUND),
        ),
    }
)


def simulate_design(design: Design, number: int, seed: int = 0) -> tuple[xr.Dataset, float, dict[str, float]]:
    """One sweep, its target, and the target's own log exposures at which each group keeps `KEEP` of its ceiling."""
    rng = np.random.default_rng([seed, number, *design.title.encode()])
    parts = [_at_level(design, level) for level in design.levels]
    curves = parts[0] if len(parts) == 1 else xr.concat(parts, dim=schema.RUN, data_vars="all")
    curves = curves.assign_coords(run=[f"{number}-{i}" for i in range(curves.sizes[schema.RUN])])
    curves = curves.isel(run=np.lexsort((curves.seed.values, curves.ratio * curves.facts.values, curves.params.values)))
    target = design.times * max(design.sizes)
    places = np.unique([*design.sizes, target])
    off = _SIZE_SCATTER * rng.standard_normal(len(places))
    size = np.searchsorted(places, curves[schema.PARAMS].values)
    centre = np.array([_AT_REFERENCE[group] for group in design.groups])
    thresholds = centre + (off - design.exponent * np.log(places / _REFERENCE))[:, None]  # (size, group)
    own = thresholds[size] + _SIGMA_RUN * rng.standard_normal((len(size), 1))
    chance = LOGISTIC.with_values().retention(
        np.log(group_exposures(curves).values), own, design.steepness, _FLOOR, 1 - _LAPSE
    )
    probed = curves[schema.PROBED].values
    recalled = rng.binomial(probed, rng.beta(chance * _CONCENTRATION, (1 - chance) * _CONCENTRATION))
    if design.spoil is not None:
        recalled = design.spoil(recalled, probed, rng)
    at_target = thresholds[np.searchsorted(places, target)] + _SIGMA_RUN * rng.standard_normal()
    ahead = LOGISTIC.with_values().inverse(KEEP) / design.steepness
    truth = dict(zip(design.groups, (at_target + ahead).tolist(), strict=True))
    return curves.assign({schema.RECALLED: ((schema.RUN, schema.GROUP), recalled)}), float(target), truth


def _at_level(design: Design, level: float) -> xr.Dataset:
    place: dict[str, Any] = {"facts": int(level), "ratio": RATIO}
    if design.axis == "ratio":
        place = {"facts": 150, "ratio": level, "background_facts": 150, "background_share": 0.3}
    return design_curves(
        params=list(design.sizes), axis=design.axis, tokens=TOKENS, tokens_per_fact=TOKENS_PER_FACT, seeds=2,
        groups=design.groups, **place,
    )  # fmt: skip


def simulate_verdicts(design: Design, draws: int, numbers: list[int]) -> list[dict[str, Any]]:
    """What is said about the target of each sweep, beside what happens there."""
    return [_record(design, draws, number) for number in numbers]


def _record(design: Design, draws: int, number: int) -> dict[str, Any]:
    curves, target, truth = simulate_design(design, number)
    # what judges a posterior for its own sake is left out: a sweep costs seconds, and grades are taken without the gate
    settings = Settings(Sampler(draws, max(200, draws), cores=1), number)
    found = fit_laws(curves, load_law("limits"), [], settings, throw=False, light=True)
    answer = decide(found, target, risk=RISK, keep=KEEP, prior_driven=True, sensitivity=False, throw=False)
    safe = _safe_up_to(answer, truth)
    choice = answer.choice
    window = answer.window
    codes = [caveat.code for caveat in answer.caveats]
    apart = [caveat for caveat in answer.caveats if caveat.code not in _OF_FEW_DRAWS]
    return {
        "grade": answer.verdict.grade,
        "rule": answer.verdict.rule,
        "grade_without_gate": verdict_on(apart).grade,
        "codes": codes,
        "choice": choice.value,
        "at_least": choice.at_least,
        "at_most": choice.at_most,
        "truth": safe,
        "fell_short": answer.advised is not None and answer.advised > safe,
        "false_at_most": choice.at_most is not None and choice.at_most < safe and "none_admissible" not in codes,
        "window": None if window is None or window.is_empty else [window.low, window.high],
    }


def _safe_up_to(answer: Decision, truth: dict[str, float]) -> float:
    """The largest infusion at which a run of the target keeps its share, in the unit of the axis."""
    axis, fixed = answer.about.axis, answer.about.everything_else
    return min(float(axis.value(np.exp(log), group, fixed)) for group, log in truth.items() if axis.moves(group) < 0)


def verdict_table(trials: Trials) -> pl.DataFrame:
    """For each design, how often each grade was given, how often it was one that may be, and how often bounds failed.

    ``advised`` counts answers, plain numbers and lower bounds alike, that are not graded as not usable, and
    ``fell_short`` those of them at which the target's run fell short: the stated risk of 10 % where the law holds.
    ``not_identified`` counts plain numbers, graded good, where none may be.
    """
    design, rows = DESIGNS[trials.study["design"]], trials.rows()
    grades = [row["grade_without_gate"] for row in rows]
    answered = [row for row in rows if row["choice"] is not None or row["at_least"] is not None]
    advised = [row for row in answered if row["grade_without_gate"] != UNUSABLE]
    return pl.DataFrame(
        {
            "design": [trials.study["design"]],
            "sweeps": [len(rows)],
            **{grade: [grades.count(grade)] for grade in (GOOD, CARE, UNUSABLE)},
            "graded_rightly": [float(np.mean([grade in design.grades for grade in grades]))],
            "not_identified": [grades.count(GOOD) * (GOOD not in design.grades)],
            "advised": [len(advised)],
            "fell_short": [sum(row["fell_short"] for row in advised)],
            "false_at_most": [sum(row["false_at_most"] for row in rows)],
        }
    )


def prove_verdicts(
    folder: str | Path,
    designs: Sequence[str] = tuple(DESIGNS),
    count: int = 32,
    draws: int = 200,
    tell: Tell = say_nothing,
) -> pl.DataFrame:
    """Grades of answers over designs; resumes from, and adds to, what the folder holds.

    Raises
    ------
    InputError
        If a design is not known, or the folder holds sweeps of another law.
    """
    require_known(designs, "design", DESIGNS)
    law = load_law("limits")
    studies = {
        name: (
            Trials(Path(folder) / f"{name}.jsonl", {"study": "verdicts", "design": name, "draws": draws,
                                                    law.name: law.sha256}),
            partial(simulate_verdicts, design, draws),
        )
        for name, design in DESIGNS.items()
    }  # fmt: skip
    tables = map(verdict_table, in_turn(studies, designs, count, tell))
    return write_table(pl.concat(tables), Path(folder) / "verdicts.csv")


def main(
    out: Folder = Path("runs/proof/verdicts"),
    design: Annotated[list[str] | None, typer.Option(help="Only this design; may be repeated.")] = None,
    count: Count = 32,
    draws: Annotated[int, typer.Option(help="Draws per chain.")] = 200,
) -> None:
    """How answers are graded in sweeps of every kind, and how often their bounds are false."""
    with counting("sweeps") as tell:
        table = prove_verdicts(out, tuple(design or DESIGNS), count, draws, tell)
    show(table, table.columns)


if __name__ == "__main__":
    run(main)
