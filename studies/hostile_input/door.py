"""A door, and cases tried at it."""

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st

from bayeskisl.errors import BayeskislError, InputError

__all__ = ["BATCH", "LIES", "Door", "few", "require_alone", "try_cases"]

BATCH = 100  # cases of one seed
_SECONDS = 10.0  # of the processor that a case may take
_LONGEST = 4000  # characters of a sentence; it may list 20 shipped names and a path
# Values of other types than what they replace.
LIES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**6), st.floats(), st.text(max_size=5), st.just([]), st.just({})
)


@dataclass(frozen=True)
class Door:
    """A place where files come in.

    Attributes
    ----------
    name : str
    cases : strategy
        What to do to valid input.
    enter : callable
        Does it below a folder that is empty, and comes in by the door; raises `BayeskislError` where the case is
        refused, `AssertionError` where it is accepted wrongly.
    lists : bool
        Whether a refusal may list several problems, one sentence and one line each.
    prepare : callable, optional
        Makes the valid input, before the first case and out of its time.
    """

    name: str
    cases: st.SearchStrategy[Any]
    enter: Callable[[Any, Path], None]
    lists: bool = False
    prepare: Callable[[], object] | None = None


def few(changes: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Return one to three of these changes."""
    return st.lists(changes, min_size=1, max_size=3)


def require_alone(folder: Path, *names: str) -> None:
    """Fail if anything but files of these names is in a folder."""
    assert {path.name for path in folder.iterdir()} <= set(names), "something written beside it"


def try_cases(door: Door, seed: int, count: int = BATCH) -> dict[str, int]:
    """Try some cases of one seed; raises on the first that breaks it.

    Returns
    -------
    dict of str to int
        How many were accepted and how many refused.
    """
    if door.prepare:
        door.prepare()
    outcomes = {"accepted": 0, "refused": 0}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(door.cases)
    def attempt(case: Any) -> None:
        outcomes["accepted" if _comes_in(door, case) else "refused"] += 1

    attempt()
    return outcomes


def _comes_in(door: Door, case: Any) -> bool:
    """Whether a case is accepted; its time, its sentence and what it leaves behind are checked."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            door.enter(case, Path(folder))
            accepted = True
        except BayeskislError as refusal:
            _check_refusal(refusal, door.lists)
            accepted = False
    assert time.process_time() - begun <= _SECONDS, "more than 10 seconds"
    return accepted


def _check_refusal(refusal: BayeskislError, lists: bool) -> None:
    said = str(refusal)
    said.encode()  # it can be printed
    assert refusal.exit_code == InputError.exit_code, f"exit code {refusal.exit_code} for {said!r}"
    assert lists or "\n" not in said, f"more than one line: {said!r}"
    assert len(said) <= _LONGEST, f"a sentence of {len(said)} characters"
