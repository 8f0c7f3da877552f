"""What each page is about: one shipped sweep, or one together with those that it continues."""

from dataclasses import dataclass

import xarray as xr

from bayeskisl.curves import join_curves, load_curves
from bayeskisl.errors import InputError

__all__ = ["SUBJECTS", "Subject", "subject_of"]

_RIVALS = ("collapse", "power")


@dataclass(frozen=True)
class Subject:
    """One page.

    Attributes
    ----------
    name : str
        Of the page and of the sweep that it is about.
    sweeps : tuple of str
        Whose runs are fitted together.
    about : str
        What the sweep varies, in a sentence.
    law : str
        That is fitted first.
    rivals : tuple of str
        That are fitted beside it.
    """

    name: str
    sweeps: tuple[str, ...]
    about: str
    law: str = "limits"
    rivals: tuple[str, ...] = _RIVALS

    @property
    def laws(self) -> tuple[str, ...]:
        """All that are fitted."""
        return (self.law, *self.rivals)

    def curves(self) -> xr.Dataset:
        """The runs of all its sweeps, as measured at the end of training."""
        return join_curves(*map(load_curves, self.sweeps))


SUBJECTS = {
    each.name: each
    for each in (
        Subject("desk-amount", ("desk-amount",), "More and more facts at one ratio and one budget."),
        Subject(
            "desk-tokens",
            ("desk-amount", "desk-tokens"),
            "Half and twice the budget of `desk-amount`, fitted together with it.",
        ),
        Subject("desk-proportional", ("desk-proportional",), "More and more facts, the budget in proportion to size."),
        Subject(
            "desk-templates",
            ("desk-templates",),
            "More and more facts, each in three of four phrases and asked in the fourth too.",
        ),
        Subject("desk-ratio", ("desk-ratio",), "A domain of fixed facts takes more and more of the budget."),
        Subject(
            "desk-replay",
            ("desk-replay",),
            "A model that knows the general corpus learns a domain: how much must be replayed?",
            rivals=("power",),
        ),
        Subject(
            "desk-dose",
            ("desk-dose",),
            "More and more facts at fixed exposures, in place of the general corpus.",
            rivals=("common",),
        ),
        Subject(
            "memory-amount",
            ("memory-amount",),
            "More and more facts at 480 tokens a parameter: memory limits the larger sizes, and not training.",
            rivals=("power",),
        ),
        Subject(
            "memory-six",
            ("memory-six",),
            "`memory-amount` at half the learning rate, which a larger size needs: six sizes over a factor of 64.",
            rivals=("power",),
        ),
        Subject(
            "memory-budget",
            ("memory-budget",),
            "Sizes of `memory-amount` at an eighth, a half and twice its budget: exposures or frequency?",
            rivals=("power",),
        ),
        Subject(
            "memory-ratio",
            ("memory-ratio",),
            "Infused facts take more and more of the budget from background facts, at 480 tokens a parameter.",
            rivals=("power",),
        ),
        Subject(
            "memory-dose",
            ("memory-dose",),
            "More and more facts at 300 exposures each, at 480 tokens a parameter, in place of the general corpus.",
            rivals=("common",),
        ),
        Subject(
            "words-amount",
            ("words-amount",),
            "More and more facts of real places, languages and elements, in real text.",
            rivals=("power",),
        ),
        Subject(
            "words-choice",
            ("words-choice",),
            "The same with other seeds, asked exactly and by multiple choice.",
            rivals=("power",),
        ),
        Subject(
            "words-ratio",
            ("words-ratio",),
            "Forty real facts take more and more of the budget from real text, asked in three ways; a cloze set.",
            rivals=("power",),
        ),
    )
}


def subject_of(name: str) -> Subject:
    """The subject of this name, or an InputError that lists those there are."""
    if name not in SUBJECTS:
        raise InputError(f"a sweep among {', '.join(SUBJECTS)}", repr(name), "results")
    return SUBJECTS[name]
