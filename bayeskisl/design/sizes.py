"""Sizes and domains on offer: sizes trained, intermediate, and larger ones within the budget, or those named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from bayeskisl.arguments import as_positive, in_words, require_texts
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.domains import curves_of_domain
from bayeskisl.design.specification import ladder_sizes, sweep_behind
from bayeskisl.errors import InputError, argument, way
from bayeskisl.quantities import read_numbers
from bayeskisl.specifications import shown

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Sizes", "SizesKeywords", "offered_sizes", "read_sizes"]

# A size named within this share of a trained one means the trained one: 70M of 70,426,624.
_SAME = 0.03
# Larger sizes are at most this factor apart, as those of published series are (160M, 410M, 1B): the value of a run
# changes little over less, and every size costs time to score.
_STEP = 2.0
# Sizes between the largest seen and the limit whose price is looked up: over a factor of 1,000 they are 1.4 % apart,
# far less than any price is known to.
_LOOKED_UP = 500


class SizesKeywords(TypedDict, total=False):
    """Keywords of a short call, from which `Sizes` are built."""

    sizes: str | Iterable[float | str] | None
    largest: float | str | None
    sweep: str | Path | Mapping[str, Any] | None
    domains: str | Sequence[str] | None


@dataclass(frozen=True)
class Sizes:
    """Sizes and domains that a plan may train.

    Parameters
    ----------
    sizes : str, or iterable of float or str, optional
        The only sizes, ``[70e6, "160M"]`` or ``"70M,160M"``.
    largest : float or str, optional
        The largest size on offer; by default the budget decides.
    sweep : str, Path or mapping, optional
        The sweep behind the curves, by its name, file or table: the sizes are those of its ladder, unless named.
    domains : str, or sequence of str, optional
        Domains whose runs may be trained, ``["legal", "medical"]`` or ``"legal,medical"``; by default the target's
        alone. Runs of another domain tell what the domains have in common.

    Raises
    ------
    InputError
        If a size is no positive number, or a domain no name.
    """

    sizes: str | Iterable[float | str] | None = None
    largest: float | str | None = None
    sweep: str | Path | Mapping[str, Any] | None = None
    domains: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", _read_domains(self.domains))
        object.__setattr__(self, "sizes", read_sizes(self.sizes))
        if self.largest is not None:
            as_positive(self.largest, argument("largest"))

    def __bool__(self) -> bool:
        return any(each is not None for each in (self.sizes, self.largest, self.sweep, self.domains))

    def listed(self, curves: "xr.Dataset") -> tuple[float, ...] | None:
        """Return the sizes that are named, or those of the sweep's ladder; None for neither."""
        if self.sizes is not None or self.sweep is None:
            return read_sizes(self.sizes)
        table = self.sweep if isinstance(self.sweep, Mapping) else sweep_behind(curves, self.sweep)
        return tuple(ladder_sizes(dict(table)))

    def domains_of(self, curves: "xr.Dataset", own: str | None) -> list[str]:
        """Return the names of the domains on offer, by default the target's `own`; one empty name in a fit of one.

        Raises
        ------
        InputError
            If the curves lack a domain, or have several and the target names none.
        """
        names = [own] if self.domains is None else list(dict.fromkeys(self.domains))
        for name in (own, *names):
            curves_of_domain(curves, name)
        return [name or "" for name in names]

    def without_effect(self, listed: Iterable[float] | None, target: float) -> list[str]:
        """Return a note if a largest size is above the list, so that it changes nothing."""
        if listed is None or self.largest is None:
            return []
        largest, top = as_positive(self.largest, argument("largest")), max(listed)
        if top >= min(largest, target):
            return []
        option = way(f"`largest={self.largest!r}`", f"`--largest {self.largest}`")
        source = "the ladder of the sweep" if self.sizes is None else f"the list of {argument('sizes')}"
        return [f"{option} has no effect: {source} ends at {top:,.0f} parameters."]


def _read_domains(domains: Any) -> tuple[str, ...] | None:
    """Read names of domains, ``"legal,medical"`` or a sequence; None stays None."""
    if domains is None:
        return None
    names = [name.strip() for name in domains.split(",")] if isinstance(domains, str) else domains
    where = argument("domains")
    require_texts(names, where, "names of domains")
    if not all(names) or not names:
        raise InputError("names of domains", shown(domains), where)
    return tuple(names)


def read_sizes(sizes: str | Iterable[float | str] | None) -> tuple[float, ...] | None:
    """Read sizes, ``"70M,160M"`` or ``[70e6, "160M"]``; None stays None.

    Raises
    ------
    InputError
        If one is no positive number.
    """
    if sizes is None:
        return None
    where = argument("sizes")
    if isinstance(sizes, str):
        return tuple(map(float, read_numbers(sizes, where)))
    if not isinstance(sizes, Iterable):
        raise InputError("several sizes", in_words(sizes), where, f"write [{shown(sizes)}]")
    return tuple(as_positive(size, where) for size in sizes)


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
