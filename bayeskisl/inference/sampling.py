"""Sampling of the model in steps so short that few draws diverge, and in coordinates that suit its posterior."""

import math
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.inference.about_mode import draws_about_mode
from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.model import Model
from bayeskisl.inference.nuts import STATISTICS, Drawn, Steps, sampler_of
from bayeskisl.inference.settings import Settings
from bayeskisl.inference.with_numpy import replay

__all__ = ["Sampled", "halves_of", "sample_model", "well_placed"]


# Steps, tried in turn. A target acceptance of .97 leaves as a rule no divergence in 4,000 draws; two are half of what
# the gate lets pass.
#
# Ceilings, steepness, the scatter of runs and the effect of the load move all half-points of a group together. A metric
# of low rank finds such directions (LOG.md, 2026-11-30). Along `memory-dose` it takes 32 steps a draw and no draw
# diverges, where a diagonal one takes 105 and 2 % diverge. Of one small simulated sweep six seeds leave 716 to 1,126
# effective draws where a diagonal metric leaves 175 to 721, in as many steps. Along `desk-dose` 24 of 4,000 draws
# diverge with .97 and none with .985, where a diagonal metric needs the steps of .999 and ten minutes.
#
# Where sweeps never cross their half-point, the posterior is a wide prior cut off by a cliff, which only short steps
# climb: of one such sweep a diagonal metric at .999 leaves 192 effective draws in a tail, one of low rank 532.
#
# In the first draws, before the metric is known, trajectories double until they may not: 7 doublings in place of
# nutpie's 10 spare a third of the steps of a warm-up. Shorter steps need more of them.
_OF_LOW_RANK = (
    Steps(target_accept=0.97, most_divergent=0.0005, metric="low_rank", doublings=7),
    Steps(target_accept=0.99, most_divergent=0.001, metric="low_rank", doublings=8),
    Steps(target_accept=0.999, most_divergent=1.0, metric="low_rank"),
)
# The 600 dimensions of 200 sizes take long to decompose.
_MOST_OF_LOW_RANK = 250
_DIAGONAL = (
    Steps(target_accept=0.95, most_divergent=0.0005, doublings=7),
    Steps(target_accept=0.98, most_divergent=0.001),
    Steps(target_accept=0.999, most_divergent=1.0),
)

# Ascents from rough half-points, of which a third may end in an explanation that hardly counts.
_TO_PLACE = 6

# The density grows without bound as many cells draw near to their law: with 24 sizes the highest place is where they do
# not scatter at all, with 16 it is not yet. A preview of more cells is a short run of the sampler.
_MOST_CELLS_ABOUT_MODE = 16


@dataclass(frozen=True)
class Sampled:
    """Draws of a model's free variables.

    Attributes
    ----------
    draws : dict of numpy.ndarray
        By the names of `bayeskisl.inference.model.build_model`, shapes ``(chain, draw, ...)``.
    statistics : xarray.Dataset
        As the sampler reports them, dims ``(chain, draw)``.
    shortened : int
        How often steps were shortened because draws diverged.
    """

    draws: dict[str, FloatArray]
    statistics: xr.Dataset
    shortened: int = 0


def well_placed(model: Model, settings: Settings) -> Model:
    """Return the model in coordinates of its law's coefficients that suit the posterior near its mode.

    Rough half-points assume typical falls. They may put the limits in another regime than the posterior does, where
    coefficients have other scales; there a sampler needs many times as many draws.
    """
    density = compiled_density(model, settings.tell) if model.law.has_limits else None
    if density is None:
        return model
    rng = np.random.default_rng([settings.seed, 3])
    many = density.length > _MOST_OF_LOW_RANK
    starts = density.ascents(rng, settings.sampler.threads, _TO_PLACE) if many else density
    top = density.expand(starts.start_of_chain(rng))
    named = replay({name: values[None, None] for name, values in top.items()}, model, rng).named
    return model.near(np.log(named[schema.CRITICAL_EXPOSURES][0, 0]))


def sample_model(model: Model, settings: Settings, before: Sampled | None = None) -> Sampled:
    """Sample the model's free variables.

    Parameters
    ----------
    before : Sampled, optional
        An earlier sampling that did not suffice; steps that let its draws diverge are not tried again.
    """
    drawn = _about_mode(model, settings) if settings.sampler.is_preview else None
    shortened = before.shortened if before else 0
    (draws, statistics), shortened = (drawn, 0) if drawn else _in_short_enough_steps(model, settings, shortened)
    each = (slice(None), slice(settings.longer - 1, None, settings.longer))
    kept = {name: values[each] for name, values in draws.items()}
    stats = {name: (("chain", "draw"), statistics[name][each]) for name in STATISTICS if name in statistics}
    return Sampled(kept, xr.Dataset(stats), shortened)


def halves_of(first: Sampled, second: Sampled) -> Sampled:
    """Return every second draw of two samplings of one model, one behind the other in each chain."""
    parts = (first, slice(None, None, 2)), (second, slice(1, None, 2))
    draws = {name: np.concatenate([each.draws[name][:, half] for each, half in parts], axis=1) for name in first.draws}
    statistics = xr.concat([each.statistics.isel(draw=half) for each, half in parts], dim="draw")
    return Sampled(draws, statistics, second.shortened)


def _about_mode(model: Model, settings: Settings) -> Drawn | None:
    """Draw near the mode; None without compiled code of the density, or with too many cells."""
    density = compiled_density(model, settings.tell)
    if density is None or model.data.shape[-1] > _MOST_CELLS_ABOUT_MODE:
        return None
    settings.tell(f"drawing near the mode of the law '{model.law.name}'")
    sampler = settings.sampler
    shape = sampler.chains, sampler.draws
    rng = np.random.default_rng([settings.seed, 4])
    points = draws_about_mode(density.value_and_gradient, density.start(), math.prod(shape), rng, sampler.threads)
    expanded = [density.expand(point) for point in points]
    draws = {name: np.stack([one[name] for one in expanded]) for name in expanded[0]}
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in draws.items()}, {}


def _in_short_enough_steps(model: Model, settings: Settings, shortened: int) -> tuple[Drawn, int]:
    """Sample in ever shorter steps, until few enough draws diverge; return how often they were shortened, too."""
    nuts = sampler_of(model, settings.tell)
    ladder = _steps(nuts.dimensions, settings)
    for rung in range(shortened, len(ladder)):
        settings.tell(f"sampling the law '{model.law.name}'")
        drawn = nuts.sample(settings.stretched, ladder[rung])
        if drawn:
            return drawn, rung
        settings.tell("some draws diverged: sampling again, in shorter steps")
    raise AssertionError("the last steps let all draws diverge")


def _steps(dimensions: int, settings: Settings) -> tuple[Steps, ...]:
    steps = _OF_LOW_RANK if dimensions <= _MOST_OF_LOW_RANK else _DIAGONAL
    return (replace(steps[0], most_divergent=1.0),) if settings.sampler.is_preview else steps
