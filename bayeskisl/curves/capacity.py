"""Bits: how many a model has memorised, and how many facts correspond to one bit per parameter."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arguments import require_curves, require_one_of
from bayeskisl.arrays import FloatArray, IntArray
from bayeskisl.axes import axis_of
from bayeskisl.curves.benchmark import benchmarks
from bayeskisl.curves.cells import cell_table, domain_of_runs, means_of_cells

__all__ = ["Capacity", "bits_per_parameter", "capacity_of", "known_bits"]

# The best constant answer is right at the guessing rate g, so that -log2 g is the min-entropy of the answers: no more
# than their entropy, which counts. Uniform answers (our sweeps) have equal ones; those of arXiv 2508.20755 have 7.8
# bits where -log2 g is 4.7, a factor of 1.67. The median lies between, and the spread covers both.
_ABOVE_MIN_ENTROPY, _ABOVE_LOG_SD = 1.25, 0.25

# Where not even the answers are known: a date is some 15 bits, a name or a place 10 to 30; 90 % lie within a factor of
# 5 of the median.
_TYPICAL_BITS, _TYPICAL_LOG_SD = 20.0, 1.0

# Other ways of asking for the facts of the group `infused`.
_ASKED_AGAIN = set(schema.OF_INFUSED) - {schema.INFUSED}

# Exposures at one bit per parameter where no capacity can bind: below what any other limit demands.
NO_CAPACITY = 1e-30


@dataclass(frozen=True)
class Capacity:
    """Place on an axis of facts at which the infused facts are one bit per parameter.

    Parameters
    ----------
    exposures_of_cells : numpy.ndarray
        Exposures of an infused fact there, shape ``(cell,)``.
    bits_per_fact : numpy.ndarray
        Bits of a fact in each cell, shape ``(cell,)``.
    log_sd : float
        How well these are known, the standard deviation of their logarithm.
    source : str
        ``given`` in the curves, from the ``answers``, ``unknown``, or ``none`` where no capacity can bind.
    params, tokens : numpy.ndarray
        Size and budget of each cell, shape ``(cell,)``.
    """

    exposures_of_cells: FloatArray
    bits_per_fact: FloatArray
    log_sd: float
    source: str
    params: FloatArray
    tokens: FloatArray

    def of_cells(self, chosen: IntArray) -> "Capacity":
        """Return the capacity of some of the cells, by their indices."""
        of_cells = ("exposures_of_cells", "bits_per_fact", schema.PARAMS, schema.TOKENS)
        return replace(self, **{name: getattr(self, name)[chosen] for name in of_cells})

    def exposures_at(
        self, params: float, tokens: float, ratio: float | None = None, tokens_per_fact: float | None = None
    ) -> float:
        """Exposures at one bit per parameter for another size and budget.

        K facts of b bits are one bit per parameter at K = N / b, and a mixture gives them r D / (K l) exposures. By
        default the mixture is that of the cells.
        """
        if self.source != "none" and ratio and tokens_per_fact:
            return float(ratio * tokens / tokens_per_fact * _geometric_mean(self.bits_per_fact) / params)
        supply = _geometric_mean(self.exposures_of_cells * self.params / self.tokens)
        return float(supply * tokens / params)


def capacity_of(curves: xr.Dataset) -> Capacity:
    """Return the place at which infused facts amount to one bit per parameter; None unless facts vary.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves; the optional run coordinate ``bits_per_fact`` says what a fact weighs.

    Notes
    -----
    K facts of b bits are one bit per parameter at K = N / b. A budget that gives K facts e exposures gives these
    K e b / N.
    """
    cells, cell_of_run = cell_table(curves)
    params, tokens = (cells[name].values for name in (schema.PARAMS, schema.TOKENS))
    if axis_of(curves).coordinate != schema.FACTS:
        none = np.full(len(params), np.nan)
        return Capacity(np.full(len(params), NO_CAPACITY), none, 0.0, "none", params, tokens)
    bits_of_runs, log_sd, source = _bits_per_fact(curves)
    presented = (curves[schema.EXPOSURES] * curves[schema.FACTS]).values.astype(float)
    bits, supply = (
        np.exp(means_of_cells(np.log(each), cell_of_run)) for each in (bits_of_runs, presented * bits_of_runs)
    )
    return Capacity(supply / params, bits, log_sd, source, params, tokens)


def _geometric_mean(values: FloatArray) -> float:
    return float(np.exp(np.log(values).mean()))


def _bits_per_fact(curves: xr.Dataset) -> tuple[FloatArray, float, str]:
    """Bits of a fact of each run, the standard deviation of their logarithm, and the source, as in `Capacity`.

    Where the answers of one domain are not known, the standard deviation is that of a guess for all.
    """
    if schema.BITS_PER_FACT in curves.coords:
        return curves[schema.BITS_PER_FACT].values.astype(float), 0.0, "given"
    guessing = _least_guessing(curves)
    known = guessing > 0
    bits = np.where(known, -_ABOVE_MIN_ENTROPY * np.log2(np.where(known, guessing, 1.0)), _TYPICAL_BITS)
    return (bits, _ABOVE_LOG_SD, "answers") if known.all() else (bits, _TYPICAL_LOG_SD, "unknown")


def _least_guessing(curves: xr.Dataset) -> FloatArray:
    """Guessing rate of the answers of each run's domain, ``(run,)``; NaN where its infused facts were never probed.

    The least rate of several ways of asking is that of the answer itself: the options of multiple choice add to it.
    """
    asked = (curves[schema.PROBED] > 0) & curves[schema.GROUP].isin(schema.OF_INFUSED)
    of_runs = curves[schema.GUESSING].where(asked).min(schema.GROUP).values
    names, domain = domain_of_runs(curves)
    least = np.full(len(names), np.nan)
    np.fmin.at(least, domain, of_runs)
    return least[domain]


def known_bits(curves: xr.Dataset) -> xr.DataArray:
    """Bits of answers that a run has memorised, over all facts of a group, including those not probed.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves with ``answer_nats``.

    Returns
    -------
    xarray.DataArray
        K (log2 A - H / log 2), dims ``(run, group[, checkpoint])``: K facts of the group, A answers (one over the
        guessing rate), H the mean cross-entropy of an answer in nats. It is negative where a model is surer of wrong
        answers than a guess would be, and NaN where nothing was probed.
    """
    probed = curves[schema.PROBED].where(curves[schema.PROBED] > 0)
    bits = (curves[schema.ANSWER_NATS] / probed) / np.log(2)
    knowable = -np.log2(curves[schema.GUESSING])
    facts = xr.concat(
        [curves[schema.BACKGROUND_FACTS if group == schema.BACKGROUND else schema.FACTS].reset_coords(drop=True)
         for group in curves[schema.GROUP].values],
        dim=curves[schema.GROUP],
    )  # fmt: skip
    return (facts * (knowable - bits)).transpose(*curves[schema.PROBED].dims).rename("known_bits")


def bits_per_parameter(curves: xr.Dataset, params: str = schema.PARAMS) -> xr.DataArray:
    """Memorised bits of answers per parameter, infused and background facts together.

    Parameters
    ----------
    curves : xarray.Dataset
        Retention curves with ``answer_nats``.
    params : str
        Count of parameters in the denominator: ``params`` (non-embedding) or ``total_params``.

    Returns
    -------
    xarray.DataArray
        Dims ``(run[, checkpoint])``. The definition follows arXiv 2404.05405: bits are computed from the summed
        cross-entropy on the answer's tokens alone, so that knowledge of the subjects does not count. Held-out templates
        and multiple choice ask for the same facts and are not counted again.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> bits = bk.bits_per_parameter(bk.load_curves("desk-amount"))
    >>> round(float(bits.max()), 2)
    0.35
    """
    require_curves(curves)
    require_one_of(params, (schema.PARAMS, "total_params"), "params")
    groups = [
        group
        for group, benchmark in zip(curves[schema.GROUP].values, benchmarks(curves), strict=True)
        if group not in _ASKED_AGAIN and not benchmark
    ]
    bits = known_bits(curves.sel({schema.GROUP: groups})).sum(schema.GROUP, min_count=1)
    return (bits / curves[params]).rename("bits_per_parameter").assign_attrs(units=f"bits / {schema.UNITS[params]}")
