"""Draws at a target under every fitted law, and their mixture by stacking weight."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

__all__ = ["law_of_draw", "mix"]


def law_of_draw(weights: Mapping[str, float], draws: int, rng: np.random.Generator) -> np.ndarray:
    """Which law each draw of the mixture comes from, as an index into `weights`, shape ``(draw,)``.

    Every law gets its exact share of the draws up to rounding (systematic resampling), in random order: the mixture
    then has no Monte Carlo error in its weights.
    """
    share = np.array(list(weights.values()), dtype=float)
    edges = np.cumsum(share) / share.sum()
    places = (np.arange(draws) + rng.random()) / draws
    return rng.permutation(np.minimum(np.searchsorted(edges, places, side="right"), len(share) - 1))


def mix(by_law: xr.Dataset, weights: Mapping[str, float], rng: np.random.Generator) -> xr.Dataset:
    """The mixture of the laws' draws: each draw is that of one law, chosen by weight.

    Parameters
    ----------
    by_law : xarray.Dataset
        Dims ``(law, chain, draw, ...)``.
    weights : mapping
        Law -> stacking weight, in the order of ``by_law.law``.
    rng : numpy.random.Generator

    Returns
    -------
    xarray.Dataset
        Dims ``(chain, draw, ...)``.
    """
    chains, draws = by_law.sizes["chain"], by_law.sizes["draw"]
    chosen = law_of_draw(weights, chains * draws, rng).reshape(chains, draws)
    return by_law.isel(law=xr.DataArray(chosen, dims=("chain", "draw"))).drop_vars("law")
