"""Learning rates of an imported ladder: one for all sizes, or another for each."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.curves.finding import Finding

__all__ = ["rates_differ"]

_LISTED = 6  # rates in a sentence
_PLAIN = 0.01  # a smaller rate is written with its power of ten


def rates_differ(curves: xr.Dataset) -> Iterator[Finding]:
    """Find that the learning rate of imported curves differs between sizes.

    Sweeps of this package are left out: their ladders scale rates with the width on purpose.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves.

    Yields
    ------
    Finding
        At most one, ``rates_differ``.
    """
    if schema.LEARNING_RATE not in curves or "import_mapping" not in curves.attrs:
        return
    rates, sizes = curves[schema.LEARNING_RATE].values, curves[schema.PARAMS].values
    tried = [np.unique(rates[(sizes == size) & ~np.isnan(rates)]) for size in np.unique(sizes)]
    known = [each for each in tried if len(each)]
    if all(np.array_equal(each, known[0]) for each in known):
        return
    listed = [" or ".join(map(_in_words, each)) for each in known]
    more = ", ..." if len(listed) > _LISTED else ""
    yield Finding(
        "rates_differ",
        "note",
        f"The learning rate differs between sizes ({', '.join(listed[:_LISTED])}{more}): the change with size then "
        "mixes two effects.",
        "Check that each rate is the best one for its size.",
    )


def _in_words(rate: float) -> str:
    if rate >= _PLAIN:
        return f"{rate:.3g}"
    digits, power = f"{rate:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
