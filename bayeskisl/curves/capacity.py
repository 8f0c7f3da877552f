"""Bits: how many a model has memorised, and how many facts correspond to one bit per parameter."""

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.axes import axis_of
from bayeskisl.curves.benchmark import benchmarks
from bayeskisl.curves.cells import cell_table

__all__ = ["BITS_OF_ALL", "Capacity", "bits_of_a_fact", "bits_per_parameter", "capacity_of", "known_bits"]

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
    bits_per_fact : float
        Bits of a fact.
    log_sd : float
        How well that is known, the standard deviation of its logarithm.
    source : str
        ``given`` in the curves, from the ``answers``, ``unknown``, or ``none`` where no capacity can bind.
    params, tokens : numpy.ndarray
        Size and budget of each cell, shape ``(cell,)``.
    """

    exposures_of_cells: FloatArray
    bits_per_fact: float
    log_sd: float
    source: str
    params: FloatArray
    tokens: FloatArray

    def exposures_at(
        self, params: float, tokens: float, ratio: float | None = None, tokens_per_fact: float | None = None
    ) -> float:
        """Exposures at one bit per parameter for another size and budget.

        K facts of b bits are one bit per parameter at K = N / b, and a mixture gives them r D / (K l) exposures. By
        default the mixture is that of the cells.
        """
        if self.source != "none" and ratio and tokens_per_fact:
            return float(ratio * tokens / tokens_per_fact * self.bits_per_fact / params)
        supply = np.exp(np.log(self.exposures_of_cells * self.params / self.tokens).mean())
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
        return Capacity(np.full(len(params), NO_CAPACITY), np.nan, 0.0, "none", params, tokens)
    bits, log_sd, source = bits_of_a_fact(curves)
    of_runs = np.log((curves[schema.EXPOSURES] * curves[schema.FACTS]).values.astype(float))
    supply = np.exp(np.bincount(cell_of_run, of_runs) / np.bincount(cell_of_run))
    return Capacity(supply * bits / params, bits, log_sd, source, params, tokens)


# Attribute of the curves of one domain of a fit: the bits of a fact of all domains, which its draws rest on.
BITS_OF_ALL = "bits_of_all_domains"


def bits_of_a_fact(curves: xr.Dataset) -> tuple[float, float, str]:
    """Bits of a fact, the standard deviation of their logarithm, and the source, as in `Capacity`."""
    if BITS_OF_ALL in curves.attrs:
        bits, log_sd, source = json.loads(curves.attrs[BITS_OF_ALL])
        return float(bits), float(log_sd), str(source)
    if schema.BITS_PER_FACT in curves.coords:
        return float(np.exp(np.log(curves[schema.BITS_PER_FACT].values).mean())), 0.0, "given"
    guessing = float(curves[schema.GUESSING].isel({schema.GROUP: 0}).mean())
    if guessing > 0:
        return _ABOVE_MIN_ENTROPY * -np.log2(guessing), _ABOVE_LOG_SD, "answers"
    return _TYPICAL_BITS, _TYPICAL_LOG_SD, "unknown"


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
    groups = [
        group
        for group, benchmark in zip(curves[schema.GROUP].values, benchmarks(curves), strict=True)
        if group not in _ASKED_AGAIN and not benchmark
    ]
    bits = known_bits(curves.sel({schema.GROUP: groups})).sum(schema.GROUP, min_count=1)
    return (bits / curves[params]).rename("bits_per_parameter").assign_attrs(units=f"bits / {schema.UNITS[params]}")
