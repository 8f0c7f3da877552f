"""Diagnosis of the data before any law: what retention curves can and cannot show."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import Axis, axis_of
from bayeskisl.card import card, escaped
from bayeskisl.curves.by_size import AGAINST_SIZE, REMEDY, SAME_LOSS, against_size, bears_no_more, in_words
from bayeskisl.curves.cells import cell_table, distinct_levels, levels_of_runs, tokens_per_parameter
from bayeskisl.curves.checkpoints import final
from bayeskisl.curves.curve import Curve, Side, curves_of_cells, monotone
from bayeskisl.curves.finding import Finding, Severity, by_severity
from bayeskisl.curves.guesses import below_guesses
from bayeskisl.curves.rates import rates_differ
from bayeskisl.curves.titles import title_of
from bayeskisl.kinds import CHECK
from bayeskisl.quantities import three_digits

__all__ = ["Diagnosis", "check"]

# A difference counts where it is four standard errors, since a sweep has a few hundred pairs of levels, and a fifth of
# all facts, since curves of real training wobble by less.
_ERRORS, _LEAST = 4.0, 0.2
# A tenth of what a group retains at best, and ten times the share of its exposures that is taken away: falls of general
# benchmarks and of facts are up to some six times as steep as their exposures.
_OUTPACED = 0.1, 10.0
# More rows of one curve than these cannot all be slips of a hand; the curve itself is another one.
_MOST_SLIPS = 0.15
# Half-points of sizes lie on a line in logarithms up to a quarter, of the bend of its slope over a ladder.
_OFF_THE_LINE, _FEWEST_SIZES = 0.25, 4
# A run this near to its ceiling, or to chance, is the same wherever nearby the half-point lies.
_SATURATED = 0.05


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The findings about retention curves, before any law.

    Attributes
    ----------
    findings : tuple of Finding
        The most severe first.
    summary : str
        The examined data, in one sentence.
    """

    kind: ClassVar[str] = CHECK
    findings: tuple[Finding, ...]
    summary: str

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """Names of the outlying runs."""
        outlying = (each for each in self.findings if each.code == "outlying_rows")
        return tuple(dict.fromkeys(row for each in outlying for row in each.rows))

    @property
    def serious(self) -> tuple[Finding, ...]:
        """The findings that no posterior can repair."""
        return tuple(each for each in self.findings if each.severity == "serious")

    @property
    def text(self) -> str:
        """The diagnosis as one paragraph."""
        said = [str(each) for each in self.findings] or ["Nothing stands out."]
        return " ".join([self.summary, *said])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"summary": self.summary, "findings": [asdict(each) for each in self.findings]}

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        found = [(f"{each.severity}: {title_of(each.code)}", str(each)) for each in self.findings]
        rows = [("curves", self.summary), *(found or [("found", "Nothing stands out.")])]
        return card("check of curves", escaped(rows))


def check(curves: xr.Dataset) -> Diagnosis:
    """Examine retention curves before any law is fitted.

    Each curve (one probe group of one cell) is tested against the one assumption that all laws share: knowledge does
    not fall as exposures rise.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves.

    Returns
    -------
    Diagnosis
        Curves that fall with exposures, reverse or never change; groups without a signal above guessing; names of
        outlying rows; sizes that lie off the line through the others, or need more exposures than smaller ones;
        uninformative levels; budgets that follow the size; imported learning rates that differ between sizes.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bk.check(bk.load_curves("desk-amount"))
    231 runs along the axis 'amount': 7 sizes, 1 token budget, 32 levels. Nothing stands out.
    """
    curves = final(curves)
    of_groups = {str(group): curves_of_cells(curves, str(group)) for group in curves[schema.GROUP].values}
    found = [
        finding
        for group, each in of_groups.items()
        for finding in _about_group(curves, group, [one for one in each if one.levels.size])
    ]
    return Diagnosis(by_severity([*found, *_budget_follows_size(curves), *rates_differ(curves)]), _summary(curves))


def _summary(curves: xr.Dataset) -> str:
    cells, _ = cell_table(curves)
    sizes, budgets = (len(np.unique(cells[name].values)) for name in (schema.PARAMS, schema.TOKENS))
    levels = len(distinct_levels(levels_of_runs(curves))[0])
    return (
        f"{curves.sizes[schema.RUN]} runs along the axis '{curves.attrs['axis']}': {_count(sizes, 'size')}, "
        f"{_count(budgets, 'token budget')}, {_count(levels, 'level')}."
    )


def _about_group(curves: xr.Dataset, group: str, shown: list[Curve]) -> Iterator[Finding]:
    if not shown:
        return
    yield from _below_guessing(curves, group)
    if not any(one.signal for one in shown):
        yield _no_signal(group)
        return
    moves = axis_of(curves).moves(group)
    if not moves:  # nothing is expected of a group whose exposures stay the same
        return
    if sum(one.trend for one in shown) < -_ERRORS * np.sqrt(len(shown)):
        wrong = [one for one in shown if one.trend < 0]
        yield _wrong_way(group, moves, wrong, len(shown))
        return
    slips = [(one, _slips(one)) for one in shown]
    yield from _outlying_runs(group, [(one, runs) for one, runs in slips if runs])
    rest = [one.without(*runs) for one, runs in slips]
    yield from _against_exposures(group, moves, rest)
    unexplained = [one for one in rest if one.levels.size and one.outpaces_exposures(_ERRORS, *_OUTPACED)]
    if 2 * len(unexplained) >= len(rest):
        yield _unexplained_loss(group, unexplained)
    else:
        yield from _sides(group, rest)
    yield from _sizes_disagree(group, rest)
    yield from _against_size(group, rest)
    yield from _same_loss(group, rest, axis_of(curves))
    yield from _levels(group, rest)


def _no_signal(group: str) -> Finding:
    return Finding(
        "no_signal",
        "serious",
        f"No run recalls more of the '{group}' facts than guessing does: the data contain no knowledge that could "
        "be lost, and any answer comes from the prior alone.",
        "Probe at levels with more exposures, or check the guessing rate and the answers' format.",
        group,
    )


def _below_guessing(curves: xr.Dataset, group: str) -> Iterator[Finding]:
    """Runs that recall fewer facts than guessing would; they count as guessing."""
    recalled, probed, guessing = (
        curves[name].sel(group=group).values for name in (*schema.COUNTS[:2], schema.GUESSING)
    )
    below = below_guesses(recalled, probed, guessing)
    names = tuple(str(name) for name in curves[schema.RUN].values[below])
    if names:
        verbs = ("recalls", "counts") if len(names) == 1 else ("recall", "count")
        yield Finding(
            "below_guessing",
            "note",
            f"{_count(len(names), 'run')} {verbs[0]} fewer of the '{group}' facts than guesses would and {verbs[1]} as "
            f"guessing: {_listed(list(names))}.",
            "Check whether these models answer in the right format, or leave them out.",
            group,
            names,
        )


def _slips(curve: Curve) -> list[str]:
    """Outlying runs, found one after another; none if there are many."""
    out: list[str] = []
    while (worst := curve.without(*out).most_outlying_run(_ERRORS, _LEAST)) is not None:
        out.append(worst)
        if len(out) > max(1, _MOST_SLIPS * curve.runs.size):
            return []
    return out


def _outlying_runs(group: str, found: list[tuple[Curve, list[str]]]) -> Iterator[Finding]:
    if not found:
        return
    said = [_stands_out(one, run, one.without(*slips)) for one, slips in found for run in slips]
    yield Finding(
        "outlying_rows",
        "warning",
        f"{_count(len(said), 'row')} of '{group}' {'stands' if len(said) == 1 else 'stand'} out: {_listed(said)}.",
        "Check these rows; leave out those that are wrong, and train them again.",
        group,
        tuple(run for _, slips in found for run in slips),
    )


def _stands_out(curve: Curve, run: str, others: Curve) -> str:
    row = curve.row(run)
    allowed = others.band(curve.log_exposures[row])
    return f"'{run}' ({curve.place}) knows {max(curve.share[row], 0.0):.2f} where its neighbours allow {allowed}"


def _wrong_way(group: str, moves: int, wrong: list[Curve], curves: int) -> Finding:
    verb, should = ("rises", "fall") if moves < 0 else ("falls", "rise")
    return Finding(
        "wrong_way",
        "serious",
        f"Retention of '{group}' {verb} along the axis, where it should {should}, at {_places(wrong)} "
        f"({len(wrong)} of {_count(curves, 'curve')}): no law here describes that.",
        "Check which column is the infusion and which is the recall; more draws do not help.",
        group,
    )


def _against_exposures(group: str, moves: int, shown: list[Curve]) -> Iterator[Finding]:
    """Curves on which fewer exposures give more knowledge."""
    wrong = [one for one in shown if one.falls_with_exposures(_ERRORS, _LEAST)]
    turned = [one for one in shown if one not in wrong and one.turns_back(_ERRORS, _LEAST)]
    if wrong:
        yield _wrong_way(group, moves, wrong, len(shown))
    if turned:
        yield Finding(
            "turns_back",
            "serious" if 2 * len(turned) > len(shown) else "warning",
            f"Retention of '{group}' turns back at {_places(turned)} ({len(turned)} of "
            f"{_count(len(shown), 'curve')}): fewer exposures gave more knowledge there, which no law here describes.",
            "Check whether anything other than the infusion changed between these runs.",
            group,
        )


def _unexplained_loss(group: str, shown: list[Curve]) -> Finding:
    lost = max(1 - one.means[0] / one.means[-1] for one in shown)
    taken = max(one.exposures_taken for one in shown)
    return Finding(
        "unexplained_loss",
        "serious",
        f"'{group}' loses up to {100 * lost:.0f} % at {_places(shown)}, where infusion takes {100 * taken:.2g} % of "
        "its exposures away: no law here follows such a loss, and each takes it for noise.",
        "Read the levels of this group off the table, or leave the group out of the fit.",
        group,
    )


def _sides(group: str, shown: list[Curve]) -> Iterator[Finding]:
    sides = [one.side for one in shown]
    if all(side == Side.KEPT for side in sides):
        still = all(one.range < _LEAST for one in shown)
        yield Finding(
            "never_moves",
            "warning",
            f"No curve of '{group}' {'moves' if still else 'loses half of what it holds at best'}: its half-points lie "
            "at fewer exposures than were tried.",
            "Add levels with fewer exposures.",
            group,
        )
    if all(side == Side.LOST for side in sides):
        yield Finding(
            "all_lost",
            "serious",
            f"No run of '{group}' keeps half of its facts: its half-points lie at more exposures than were tried, at a "
            "distance that only the prior gives.",
            "Add levels with more exposures.",
            group,
        )


def _sizes_disagree(group: str, shown: list[Curve]) -> Iterator[Finding]:
    """Sizes whose half-point lies off the line through the others of one budget."""
    off = []
    for crossed in _by_budget([one for one in shown if one.side == Side.CROSSED]):
        if len({one.params for one in crossed}) < max(_FEWEST_SIZES, 0.9 * len(crossed)):
            continue
        size, half = (np.array(each) for each in zip(*((np.log(c.params), c.half_point) for c in crossed), strict=True))
        for i, one in enumerate(crossed):
            others = np.arange(len(crossed)) != i
            line = np.polyfit(size[others], half[others], 1)
            scatter = np.abs(half[others] - np.polyval(line, size[others])).mean()
            distance = half[i] - np.polyval(line, size[i])
            if abs(distance) > _ERRORS * max(_OFF_THE_LINE, scatter):
                off.append(f"{one.place} by a factor of {np.exp(abs(distance)):.2g}")
    if off:
        yield Finding(
            "sizes_disagree",
            "warning",
            f"Half-points of '{group}' lie off the line of the other sizes: {_listed(off)}.",
            "Check whether these sizes were trained by the same recipe.",
            group,
        )


def _against_size(group: str, shown: list[Curve]) -> Iterator[Finding]:
    """Half-points that move against every law: larger models would need more exposures than smaller ones."""
    for one_budget in _by_budget([one for one in shown if one.side == Side.CROSSED], sizes_alone=True):
        sizes = np.array([one.params for one in one_budget])
        # where the budget follows the size, the largest effect that budgets are known to have is allowed for
        code = against_size(sizes, np.array([one.half_point - np.log(one.tokens) for one in one_budget]))
        if code:
            severity: Severity = "serious" if code == AGAINST_SIZE else "warning"
            yield Finding(code, severity, in_words(code, sizes, f"exposures of '{group}' facts"), REMEDY, group)


# A share of the score that is lost, at least, so that the infusion at which it is lost can be told; at most a half.
_LEAST_LOSS, _MOST_LOSS = 0.05, 0.5


def _same_loss(group: str, shown: list[Curve], axis: Axis) -> Iterator[Finding]:
    """Losses of a benchmark that do not shrink with size, although every law expects it."""
    of_benchmark = [one for one in shown if one.is_benchmark and one.signal and one.levels.size > 1]
    for one_budget in _by_budget(of_benchmark, sizes_alone=True):
        kept = [monotone(one.means, 1 / one.variances) / one.means.max() for one in one_budget]
        share = max(max(float(each.min()) for each in kept), 1 - _MOST_LOSS)
        if share > 1 - _LEAST_LOSS:
            continue
        places = [_place_of_loss(one, each, share, axis) for one, each in zip(one_budget, kept, strict=True)]
        sizes = np.array([one.params for one in one_budget])
        if bears_no_more(sizes, np.array(places)):
            yield Finding(
                SAME_LOSS,
                "warning",
                f"Larger models lose as large a share of their '{group}' score as smaller ones, as far as {len(sizes)} "
                f"sizes tell, from {sizes.min():,.0f} to {sizes.max():,.0f} parameters. The law expects that an even "
                "larger model bears more infusion; these runs do not show it.",
                "Add a larger size or more seeds; until then infuse no more than the largest trained size bears.",
                group,
            )


def _place_of_loss(one: Curve, kept: FloatArray, share: float, axis: Axis) -> float:
    """Infusion at which a share of the score is kept, on the line of the axis, between levels."""
    infusion = np.array([one.infusion[one.log_exposures == level].mean() for level in one.levels])
    return float(np.interp(share, kept, axis.to_line(infusion)))


def _by_budget(curves: list[Curve], sizes_alone: bool = False) -> list[list[Curve]]:
    """Curves of each budget together; with `sizes_alone` all of them, where each size has a budget of its own."""
    budgets = sorted({one.tokens for one in curves})
    if sizes_alone and curves and len({one.params for one in curves}) == len(curves) == len(budgets):
        return [curves]
    return [[one for one in curves if one.tokens == budget] for budget in budgets]


def _budget_follows_size(curves: xr.Dataset) -> Iterator[Finding]:
    each = tokens_per_parameter(curves)
    if each is not None:
        yield Finding(
            "budget_follows_size",
            "note",
            f"Every run has {three_digits(each)} tokens per parameter: the curves show what size and budget do "
            "together, and only the prior divides it between them.",
            "To plan for another number of tokens per parameter, train one size at a second budget.",
        )


def _levels(group: str, shown: list[Curve]) -> Iterator[Finding]:
    """Levels at which every size is at its ceiling or at chance, and curves without a run in their fall."""
    share = np.concatenate([one.share_of_ceiling for one in shown])
    level = np.concatenate([one.infusion for one in shown])
    moving = (share > _SATURATED) & (share < 1 - _SATURATED)
    levels, own = distinct_levels(level)
    silent = [value for index, value in enumerate(levels) if not moving[own == index].any()]
    if len(levels) > 2 and 2 * len(silent) > len(levels):
        yield Finding(
            "silent_levels",
            "note",
            f"At {len(silent)} of {len(levels)} levels every run of '{group}' is at its ceiling or at chance, and is "
            f"uninformative: {_listed(_distinct(silent))}.",
            "Add levels where retention changes.",
            group,
        )
    jumps = [one for one in shown if one.side == Side.CROSSED and not one.has_row_in_fall(_SATURATED)]
    if jumps:
        yield Finding(
            "few_in_the_fall",
            "note",
            f"No run of '{group}' lies between full and no retention at {_places(jumps)}: the half-point is known only "
            "to lie between two levels, and the steepness comes from the prior.",
            "Add a level between the two.",
            group,
        )


def _places(shown: list[Curve]) -> str:
    return _listed([one.place for one in shown])


def _listed(said: list[str], most: int = 4) -> str:
    more = f" and {len(said) - most} more" if len(said) > most else ""
    return ", ".join(said[:most]) + more


def _distinct(levels: Sequence[float]) -> list[str]:
    """Levels in words, each once: those that one cell realised differ in later digits."""
    return list(dict.fromkeys(three_digits(level) for level in levels))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
