"""The page above the pages: what all sweeps say, and hits and misses of all predictions in one table."""

from collections.abc import Sequence
from typing import Any

from bayeskisl import schema
from bayeskisl.reporting.numbers import exact, percent
from studies.results.on_record import FORECASTS, hits_on_record
from studies.results.subjects import SUBJECTS
from studies.results.text import gate_word, held_out_scores, markdown_table, point

__all__ = ["BESIDE", "index_page"]

_HEAD = """# Results of the shipped sweeps

Made from `data/results/` by `python -m studies.pages`. All runs are two-layer decoders on made-up facts, or on
real ones in the sweeps named `words`: they exercise the method, and their exponents hold for them alone.

No sweep on a GPU is here. `gpu-amount`, `gpu-ratio` and `gpu-dose` are specified in `models/sweeps/`, with the script
that runs them, `scripts/gpu_sweep.py`, and an estimate; **their data are missing**, since no GPU could be had."""

_READING = """## How to read a page

Intervals are 90 %, equal-tailed.

- *Collapse points*: half of what can be kept is kept there. *Measured*: from the cell's own runs, without a law.
  *Inferred*: from all cells together.
- *Exponents*: minus the slope of the log critical exposures, at the middle of the data unless the row names another
  place. At a fixed ratio, the collapse point in facts grows with N to this power, and with D to one more than this. The
  published values beside them are of other models on other text: a page neither confirms nor refutes them.
- *Which law*: the score is the log predictive density of cells (sizes) left out. *Behind*: the distance to the best
  law, with its standard error. *Largest size*: the score of the largest size from a fit without it. A law that failed
  its gate has no weight in the mixture.
- *Left out, predicted, measured*: predictions that share runs are not independent.
- *Bits*: of answers, from the cross-entropy on exactly the answer's symbols; knowledge of names is not counted."""

_HITS = """## Hits and misses

Each cell was left out, predicted as a new run from the other cells, and compared with its own measurement. A hit is a
measured median inside the 90 % interval. A prediction is undecided if the measurement is a bound that does not
contradict the interval. Predictions that share runs are not independent. Only predictions from a posterior that passed
its gate count; the last column has the number of the others."""

_ON_RECORD = (
    "A forecast on record is of a size above the largest one, written down before it was trained "
    f"([all of them]({FORECASTS}))."
)

# Pages that are about several sweeps.
BESIDE = ("one-law", "sanity", "sanity-memory")

_RECIPE = """The sanity ladders measure how much of this comes from the training recipe: [one of the desk
ladder](sanity.md), and [one of models that memory limits](sanity-memory.md)."""

_ONE_LAW = (
    "Does one law in exposures and load explain amount, ratio and dose? [Predicted one from another](one-law.md)."
)

_NO_RECIPE = """The effect of the training recipe is **not known yet**. The sanity ladder is specified in
`data/sanity/rungs.toml`, and `python -m studies.sanity --records DIR` trains it; it has not been run to its end."""


def index_page(everything: Sequence[dict[str, Any]], beside: Sequence[str]) -> str:
    """The overview, from the findings of all sweeps; `beside` are the pages of `BESIDE` that there are."""
    summary = [
        [
            f"[{found['sweep']}]({found['sweep']}.md)",
            ", with ".join([exact(found["curves"]["runs"]), *found["sweeps"][:-1]]),
            percent(round(found["curves"]["moving"], 2)),
            gate_word(found["fit"]),
            *_exponents(found),
            found["laws"]["best"],
            hits_on_record(found["sweep"]),
        ]
        for found in everything
    ]
    without = [name for name in SUBJECTS if name not in {found["sweep"] for found in everything}]
    scores = [[found["sweep"], *row] for found in everything for row in held_out_scores(found)]
    parts = [
        _HEAD,
        markdown_table(
            [
                "sweep",
                "runs",
                "where the curve moves",
                "gate",
                "group",
                "exponent of N",
                "of D",
                "best law",
                "forecast on record",
            ],
            summary,
        ),
        _ON_RECORD,
        *([_without_page(without)] if without else []),
        _READING,
        _HITS,
        markdown_table(["sweep", "law", "hits", "of", "undecided", "gate failed"], scores),
        *(_too_few(found) for found in everything if not found["held_out"]),
        _RECIPE if "sanity" in beside else _NO_RECIPE,
        *([_ONE_LAW] if "one-law" in beside else []),
        "\n".join(["```{toctree}", ":hidden:", "", *(found["sweep"] for found in everything), *beside, "```"]),
    ]
    return "\n\n".join(parts) + "\n"


def _without_page(names: Sequence[str]) -> str:
    listed = " and ".join(f"`{name}`{_beside(hits_on_record(name))}" for name in names)
    return f"No page yet: {listed}; `bayeskisl data NAME` describes {'it' if len(names) == 1 else 'them'}."


def _too_few(found: dict[str, Any]) -> str:
    return f"`{found['sweep']}` has {len(found['curves']['sizes'])} sizes, too few to leave any out."


def _beside(hits: str) -> str:
    return f" (forecast on record: {hits})" if hits else ""


def _exponents(found: dict[str, Any]) -> list[str]:
    """Group and exponents: of the group that falls along the axis."""
    groups = found["fit"]["groups"]
    name = next((name for name, each in groups.items() if schema.COLLAPSE in each), next(iter(groups)))
    exponent = groups[name]["exponent"]
    return [name, *(point(exponent[of], 2) if of in exponent else "" for of in (schema.PARAMS, schema.TOKENS))]
