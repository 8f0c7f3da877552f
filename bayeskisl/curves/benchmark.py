"""General benchmarks as the group `background`: what a model can do that no infused fact teaches.

A benchmark has no number of facts, so that its exposures are known up to a constant: they are those of the general
corpus, (1 - r) D.
"""

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray, IntArray

__all__ = [
    "NEXT_TO_NONE",
    "SCALE",
    "TYPICAL",
    "benchmark_terms",
    "benchmarks",
    "known_uninfused",
    "most_recalled",
    "most_recalled_of_cells",
    "of_start",
    "typical_corpus",
]

# The ratio of runs without infusion, since an axis of ratios has no 0: background facts lose a thousandth of their
# exposures.
NEXT_TO_NONE = 1e-3

# Attribute of curves: "relative" where the background is a general benchmark.
SCALE = "background_scale"

# Exposures that are known up to a constant get the laws' prior median of critical exposures (models/laws/*.toml) at the
# geometric mean of the levels, around which people lay them: where the fall is, is then what the prior expects.
TYPICAL = 150.0

# A benchmark's facts fill at most this share of the general corpus; any share will do, as only the product with their
# number counts.
_MOST_SHARE = 0.5


def typical_corpus(tokens: FloatArray, tokens_per_fact: FloatArray) -> float:
    """Geometric mean of the budgets, in units of the tokens of a fact; what is not known is left out."""
    return float(np.exp(np.nanmean(np.log(tokens / tokens_per_fact))))


def benchmark_terms(questions: float, corpus: float) -> tuple[float, float]:
    """Return the background facts and the background share that stand for a benchmark.

    Half of the corpus is then a typical number of exposures; there the laws' prior looks for the fall. The number of
    background facts is that of the questions, or less where so many need more than half of the corpus.

    Parameters
    ----------
    questions : float
        Number of questions.
    corpus : float
        See `typical_corpus`.
    """
    facts = float(np.clip(np.floor(_MOST_SHARE * corpus / (2 * TYPICAL)), 1, max(questions, 1)))
    return facts, min(_MOST_SHARE, float(f"{2 * TYPICAL * facts / corpus:.4g}"))


def benchmarks(curves: xr.Dataset) -> BoolArray:
    """Whether each group is a general benchmark, shape ``(group,)``."""
    benchmark: BoolArray = curves[schema.GROUP].values == schema.BACKGROUND
    return benchmark & (curves.attrs.get(SCALE) == "relative")


def of_start(curves: xr.Dataset) -> BoolArray:
    """Whether the whole of a group is what it retains where its axis starts: ``(group,)``.

    A general benchmark is such a group, since no budget teaches it in full. A score without infusion that was measured
    is part of its ceiling instead.
    """
    return benchmarks(curves) & ~known_uninfused(curves)


def known_uninfused(curves: xr.Dataset) -> BoolArray:
    """Whether each group has its recall without infusion for every run that probed it, shape ``(group,)``."""
    if schema.UNINFUSED not in curves.variables:
        return np.zeros(curves.sizes[schema.GROUP], dtype=bool)
    probed = (curves[schema.PROBED] > 0).transpose(schema.RUN, schema.GROUP, ...).values
    told = curves[schema.UNINFUSED].notnull().transpose(schema.RUN, schema.GROUP).values
    return np.asarray(probed.any(axis=0) & (told | ~probed).all(axis=0))


def most_recalled(curves: xr.Dataset) -> FloatArray:
    """Largest share that runs can recall, ``(run, group)``: recall without infusion where that is known, or else 1."""
    most = np.ones((curves.sizes[schema.RUN], curves.sizes[schema.GROUP]))
    if schema.UNINFUSED in curves.variables:
        told = curves[schema.UNINFUSED].transpose(schema.RUN, schema.GROUP).values
        most = np.where(known_uninfused(curves) & ~np.isnan(told), told, most)
    return most


def most_recalled_of_cells(curves: xr.Dataset, cell_of_run: IntArray) -> FloatArray:
    """Largest share that the runs of each cell can recall, ``(cell, group)``."""
    most = np.ones((cell_of_run.max() + 1, curves.sizes[schema.GROUP]))
    np.minimum.at(most, cell_of_run, most_recalled(curves))
    return most
