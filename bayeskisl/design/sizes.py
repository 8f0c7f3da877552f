"""Sizes that a plan may offer: trained, intermediate, and larger ones within the budget."""

from collections.abc import Callable, Iterable

import numpy as np

from bayeskisl.arrays import FloatArray

__all__ = ["offered_sizes"]

# A size named within this share of a trained one means the trained one: 70M of 70,426,624.
_SAME = 0.03
# Larger sizes are at most this factor apart, as those of published series are (160M, 410M, 1B): the value of a run
# changes little over less, and every size costs time to score.
_STEP = 2.0
# Sizes between the largest seen and the limit whose price is looked up: over a factor of 1,000 they are 1.4 % apart,
# far less than any price is known to.
_LOOKED_UP = 500


def offered_sizes(
    seen: FloatArray,
    target: float,
    *,
    sizes: Iterable[float] | None = None,
    largest: float | None = None,
    pays: Callable[[float], bool] = lambda size: True,
) -> FloatArray:
    """Return the sizes on offer, ascending, all below the target's size.

    Parameters
    ----------
    seen : numpy.ndarray
        Sizes that were trained, ascending.
    target : float
        Size of the target.
    sizes : iterable of float, optional
        All sizes that can be trained; left out, those seen, the geometric means of neighbours, and larger ones.
    largest : float, optional
        The largest size that may be trained.
    pays : callable
        Whether the budget pays for a run of a size. Larger sizes that it does not pay for are left out, unless nothing
        else is on offer.
    """
    limit = target if largest is None else min(largest, target)
    offered = _default(seen, limit, pays) if sizes is None else _meant(np.asarray(list(sizes), dtype=float), seen)
    allowed = np.unique(offered[(offered <= limit * (1 + 1e-9)) & (offered < target * (1 - 1e-9))])
    paid = [size for size in allowed if size <= seen[-1] or pays(size)]
    return np.array(paid) if paid else allowed


def _default(seen: FloatArray, limit: float, pays: Callable[[float], bool]) -> FloatArray:
    return np.concatenate([seen, np.round(np.sqrt(seen[1:] * seen[:-1])), _larger(seen[-1], limit, pays)])


def _larger(seen: float, limit: float, pays: Callable[[float], bool]) -> FloatArray:
    """Return sizes above the largest trained one, in equal steps up to the limit or the budget."""
    if limit <= seen:
        return np.array([])
    affordable = [size for size in np.geomspace(seen, limit, _LOOKED_UP)[1:-1] if pays(size)]
    top = limit if pays(limit) else max(affordable, default=seen)
    if top <= seen:
        return np.array([])
    steps = int(np.ceil(np.log(top / seen) / np.log(_STEP) - 1e-9))
    inner = [_three_digits(size) for size in np.geomspace(seen, top, steps + 1)[1:-1]]
    return np.array([*inner, top if top == limit else _three_digits(top)])


def _three_digits(size: float) -> float:
    """Round down to three digits, so that the size stays affordable."""
    unit = 10.0 ** (np.floor(np.log10(size)) - 2)
    return float(np.floor(size / unit) * unit)


def _meant(sizes: FloatArray, seen: FloatArray) -> FloatArray:
    """Replace rounded sizes by the trained sizes that they stand for."""
    nearest = seen[np.argmin(np.abs(np.log(sizes[:, None] / seen)), axis=1)]
    return np.where(np.abs(sizes / nearest - 1) <= _SAME, nearest, sizes)
