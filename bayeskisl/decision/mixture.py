"""Assignment of the draws of a mixture to laws."""

from collections.abc import Mapping

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.resampling import systematic

__all__ = ["law_of_draw"]


def law_of_draw(weights: Mapping[str, float], draws: int, rng: np.random.Generator) -> IntArray:
    """Return the law of each draw of the mixture, as an index into `weights`, shape ``(draw,)``.

    Every law gets its exact share of the draws up to rounding (systematic resampling), in random order: the mixture
    then has no Monte Carlo error in its weights.
    """
    shares = np.array(list(weights.values()), dtype=float)
    return rng.permutation(systematic(shares, draws, rng.random()))
