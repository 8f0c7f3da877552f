"""The advice of a decision, in the fewest words or in a sentence."""

from typing import TYPE_CHECKING

import numpy as np

from bayeskisl import schema
from bayeskisl.decision import Decision
from bayeskisl.decision.about import AboutDecision
from bayeskisl.decision.criterion import KeepOf
from bayeskisl.decision.two_sides import Window
from bayeskisl.errors import way
from bayeskisl.reporting.numbers import counted, percent, span, three_digits
from bayeskisl.reporting.words import in_a_row, run_in_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "answer",
    "beside_it",
    "bound",
    "choice_or_none",
    "chosen",
    "headline",
    "levels_in_words",
    "near_optimal_in_words",
    "no_best_mean",
    "one_side",
    "one_sided_answer",
    "shortfall_in_words",
    "under_assumption",
    "utility_in_words",
    "window_lines",
]


def headline(decision: Decision) -> str:
    """Return the answer in the fewest words: at most 2,070 facts; 0.11 to 0.16 of the tokens."""
    if decision.window is None or decision.advised is None:
        return one_side(decision)
    return _both_sides(decision)


def _both_sides(decision: Decision) -> str:
    """State the range at which both sides hold in the fewest words."""
    window, advised, about = decision.window, decision.advised, decision.about
    if window is None or window.is_empty:
        at_most = about.at_most if "at_most" in decision.would_have_to_give else None
        limit = "" if at_most is None else f" up to your limit of {three_digits(at_most)}"
        return f"no {about.coordinate}{limit} holds both levels"
    low = three_digits(window.low, up=True)
    if advised is None or window.low > advised:  # the advice ends before the range begins
        return f"{low} to {three_digits(window.high, down=True)} {about.unit}, {_doubt_of_range(decision)}"
    bounded = decision.choice.is_bound and window.high >= advised
    high = three_digits(advised if bounded else window.high, down=True)
    return f"{low} to {'at least ' * bounded}{high} {about.unit}"


_UNTRIED = {"beyond_swept", "no_collapse", "never_kept"}


def _doubt_of_range(decision: Decision) -> str:
    """Reason for which a range is not advised."""
    codes = {edge.code for edge in decision.edges}
    return "where nothing was trained" if codes & _UNTRIED else "which not every law calls safe"


def one_side(decision: Decision) -> str:
    """State the safe or sufficient infusion in the fewest words."""
    if decision.choice.is_bound:
        return bound(decision)
    return f"{'at least' if decision.is_least else 'at most'} {counted(chosen(decision), decision.about.unit)}"


def answer(decision: Decision) -> str:
    """State the advice in one sentence: the range at which both sides hold, or the safe or sufficient infusion."""
    if decision.window is None or decision.advised is None:
        return one_sided_answer(decision)
    return _both_sides_in_full(decision, decision.window)


def _both_sides_in_full(decision: Decision, window: Window) -> str:
    """State the range at which both sides hold with its probability, or the most probable infusion."""
    about, said = decision.about, _both_sides(decision)
    if window.is_empty:
        kept = f"where {run_in_words(about)} keeps {levels_in_words(decision)}"
        best = f"{three_digits(window.best)} {about.unit}, {kept}"
        wanted, found = (
            f"with a probability of {percent(each)}" for each in (1 - about.risk, round(window.probability, 2))
        )
        return f"{said} {wanted}. The most probable infusion is {best} {found}"
    chance = f"a {percent(1 - about.risk)} chance of keeping {levels_in_words(decision)}"
    return f"{said}. In this range {run_in_words(about)} has {chance}"


def levels_in_words(decision: Decision) -> str:
    """State the share that each group must retain, and its reference."""
    shares: list[str] = []
    for reference, groups in _by_reference(decision).items():
        levels: dict[float, list[str]] = {}
        for group in groups:
            levels.setdefault(decision.levels[group], []).append(group.replace("_", " "))
        of_groups = [f"{percent(level)} of the {in_a_row(names)}" for level, names in levels.items()]
        shares.append(f"{' and '.join(of_groups)} {decision.about.known(*groups)}{_HELD[reference]}")
    return f"at least {' and '.join(shares)}"


_HELD: dict[KeepOf, str] = {
    "facts": "",
    "ceiling": " that it could hold at best",
    "fewest": " that it would hold with few infused facts",
    "uninfused": " that it would hold without infusion",
}


def _by_reference(decision: Decision) -> dict[KeepOf, list[str]]:
    """The groups whose levels are shares of the same."""
    groups: dict[KeepOf, list[str]] = {}
    for group in decision.levels:
        groups.setdefault(decision.about.reference(group), []).append(group)
    return groups


def shortfall_in_words(decision: Decision) -> str:
    """State below which share a run falls short: of each group that over-infusion harms, if they are several."""
    about = decision.about
    groups = about.harmed if len(about.harmed) > 1 else [about.group]
    if len(groups) == 1 and about.axis.harms_infused and about.keep_of == "ceiling":
        return f"{percent(about.levels[groups[0]])} of its ceiling"
    alike: dict[tuple[str, KeepOf], list[str]] = {}
    for group in groups:
        alike.setdefault((percent(about.levels[group]), about.reference(group)), []).append(group)

    def whole(reference: KeepOf, of: list[str]) -> str:
        names = in_a_row([group.replace("_", " ") for group in of], "or")
        return _SHORT_OF[reference].format(f"{names} {about.known(*of)}")

    return " or ".join(f"{level} of {whole(reference, of)}" for (level, reference), of in alike.items())


_SHORT_OF: dict[KeepOf, str] = {
    "facts": "all {}",
    "ceiling": "its ceiling of {}",
    "fewest": "the {} that it would hold with few infused facts",
    "uninfused": "the {} that it would hold without infusion",
}


def window_lines(decision: Decision) -> list[str]:
    """State the range at which both sides hold, and the changes that would open an empty one."""
    if decision.window is None:
        return []
    gives, unit = decision.would_have_to_give, decision.about.unit
    options = [
        *([f"a risk of {percent(round(gives['risk'], 2))}"] if round(gives.get("risk", 1.0), 2) < 1 else []),
        *(
            f"{percent(round(level, 3))} of the {decision.about.named(group)}"
            for group, level in gives.get("keep", {}).items()
        ),
        *([f"{three_digits(gives[schema.FACTS], down=True)} facts to be infused"] if schema.FACTS in gives else []),
        *([f"a limit of {three_digits(gives['at_most'], up=True)} {unit}"] if "at_most" in gives else []),
    ]
    return [
        f"both sides: {_both_sides_in_full(decision, decision.window)}",
        *([f"  to give, each by itself: {', or '.join(options)}"] if options else []),
    ]


def one_sided_answer(decision: Decision) -> str:
    """State the safe or sufficient infusion and its risk."""
    about, choice = decision.about, decision.choice
    run, short_of = run_in_words(about), f"keeping less than {shortfall_in_words(decision)}"
    chance = f"a {percent(about.risk)} chance of {short_of}"
    if not choice.is_bound:
        return f"{one_side(decision)}. At this level {run} has {chance}"
    if decision.advised is None:
        return bound(decision, f", if {run} may have {chance}")
    beyond = "less may do" if decision.is_least else _beyond_the_bound(decision)
    if not decision.is_least and choice.at_most is not None:
        beyond = f"by the most optimistic law {three_digits(choice.at_most)} {about.unit} would be safe"
    return f"{bound(decision)}. At this level {run} has at most {chance}; {beyond}"


def _beyond_the_bound(decision: Decision) -> str:
    """State what is known above a bound that ends safe infusion."""
    codes = {edge.code for edge in decision.edges if edge.concerns == schema.CHOICE}
    return (
        "this is your limit, and more may be safe" if codes == {"whole_range"} else "how much more is safe is not known"
    )


def chosen(decision: Decision) -> str:
    """Return the recommended infusion in three digits, rounded to the side of the smaller risk."""
    advised = decision.advised
    return three_digits(np.nan if advised is None else advised, down=not decision.is_least, up=decision.is_least)


def under_assumption(decision: Decision, row: "pd.Series") -> dict[str, str]:
    """Choice, best mean, half-point and risk of the recommendation in a row of `Decision.sensitivity`."""
    best, risk = row["risk_neutral_choice"], row.get("risk", np.nan)
    return {
        "choice": choice_or_none(decision.within_range(row["choice"]), decision.is_least),
        "best": three_digits(best) if np.isfinite(best) else "an end",
        "collapse": f"{three_digits(row['collapse_median'])} ({span(row['collapse_low'], row['collapse_high'])})",
        "risk": "" if np.isnan(risk) else percent(round(risk, 2)),
    }


def choice_or_none(choice: float | None, up: bool) -> str:
    """Format a choice of the posterior, see `Decision.within_range`."""
    return "none" if choice is None else three_digits(choice, down=not up, up=up)


def bound(decision: Decision, condition: str = "") -> str:
    """State a choice that is a bound: the limit of safe infusion, or the start of sufficient infusion.

    A `condition` follows the bound; before a bound from above it comes first.
    """
    choice, unit = decision.choice, decision.about.unit
    codes = {edge.code for edge in decision.edges}
    if decision.is_least:
        if choice.at_most is not None:
            return f"{three_digits(choice.at_most, up=True)} {unit} is enough{condition}"
        if choice.at_least is not None:
            return f"more than {three_digits(choice.at_least, down=True)} {unit} is needed{condition}"
    elif "none_admissible" in codes:
        return f"no infusion is safe{condition}"
    elif decision.advised is not None:
        return f"safe up to at least {three_digits(decision.advised, down=True)} {unit}{condition}"
    elif choice.at_least is not None:
        return f"no infusion is safe by every law{condition}"
    elif choice.at_most is not None:
        first = f"{condition.removeprefix(', ')}, " if condition else ""
        from_there_on = f"no infusion from {three_digits(choice.at_most, up=True)} {unit} on is safe"
        return f"{first}{from_there_on}; what is safe below is not known"
    return f"not known{condition}"


def beside_it(decision: Decision) -> str:
    """State the risk-neutral choice and its risk in one sentence."""
    about, found = decision.about, decision.optimum
    if found.value is None:
        return f"the best mean is {found.in_words(about.unit)} (a bound)"
    risk = percent(round(decision.risk_at(found.value), 2))
    what = "keep most on average" if about.is_facts_kept else "are best on average"
    what += ", costs subtracted" if about.has_costs else ""
    return f"{three_digits(found.value)} {about.unit} {what}, at a risk of {risk}"


def near_optimal_in_words(decision: Decision) -> str:
    """Name the infusions that lose less than 1 % of the best mean utility."""
    if not decision.has_best:
        return "not known, since no infusion inside the range is best on average"
    return f"{span(*decision.near_optimal)} {decision.about.unit}"


def no_best_mean() -> str:
    """Say why no best mean is shown, see `AboutDecision.lacks_value`."""
    asked = way("`KeptFacts(background_weight=...)`", "--background-weight")
    return f"No value of the benchmark was given, so no best amount on average is shown: state one with {asked}."


def utility_in_words(about: AboutDecision) -> str:
    """Name the utility of a decision, as a figure labels it."""
    if about.utility_unit != "facts":
        return f"utility, {about.utility_unit}"
    return "facts kept, above guessing" + (", minus their cost" if about.has_costs else "")
