"""What became of the forecasts on record that were made from a sweep, from `data/proof/forecasts/`."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import polars as pl

from bayeskisl import schema
from bayeskisl.reporting.numbers import counted, exact, span, three_digits
from bayeskisl.shipped import shipped_folder

__all__ = ["FORECASTS", "hits_on_record", "trained_targets"]

FORECASTS = "../how-far-can-you-trust-it.md#forecasts-made-before-their-targets-were-trained"
_ARTICLES = {True: "a hit", False: "a **miss**", None: "undecided"}
_VERDICTS = {True: "hit", False: "**miss**", None: "undecided"}


def trained_targets(sweep: str) -> Iterator[str]:
    """A sentence for each forecast on record whose target was trained afterwards."""
    for row in _on_record(sweep):
        measured = row["note"] or _with_ends(row, "measured", "measured_low", "measured_high")
        yield (
            f"The half-point of a model of {exact(row[schema.PARAMS])} parameters was forecast on {row['made']}, "
            f"before that model was trained: {_with_ends(row, 'median', 'low', 'high')}. Measured afterwards: "
            f"{measured}, {_ARTICLES[row['hit']]} ([all forecasts]({FORECASTS})). {_outcome(row)}"
        )


def _outcome(row: dict[str, Any]) -> str:
    """What became of the recommendation of a forecast."""
    advised = counted(three_digits(row["recommended"]), row["unit"])
    if row["held"] is None:
        return f"No run shows whether 90 % are kept at the recommended {advised}."
    kept = f"at least {100 * row['least_kept']:.0f} %" if row["held"] else f"at most {100 * row['most_kept']:.0f} %"
    return f"At the recommended {advised} its runs keep {kept}, where 90 % were promised."


def hits_on_record(sweep: str) -> str:
    """Hit or miss of each forecast, with the distance of its target."""
    return ", ".join(f"{_VERDICTS[row['hit']]}, {row['times']:.3g} times larger" for row in _on_record(sweep))


def _with_ends(row: dict[str, Any], median: str, low: str, high: str) -> str:
    return f"{counted(three_digits(row[median]), row['unit'])} ({span(row[low], row[high])})"


def _on_record(sweep: str) -> list[dict[str, Any]]:
    return [row for row in _forecasts() if row["what"].startswith(f"{sweep}, ") and row["record"] != "LOG.md"]


@cache
def _forecasts() -> list[dict[str, Any]]:
    return pl.read_csv(shipped_folder("data") / "proof" / "forecasts" / "forecasts.csv").rows(named=True)
