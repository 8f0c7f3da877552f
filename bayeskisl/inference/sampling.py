"""Sampling of the model with nutpie, from code that is compiled once per structure."""

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import xarray as xr

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.inference.about_mode import draws_about_mode
from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.model import Model
from bayeskisl.inference.with_numpy import replay

__all__ = ["Settings", "sample_model", "well_placed"]

# Target acceptances, tried in turn, and the share of divergent draws that each may leave. On an 80-run sweep .8 leaves
# 0 to 13 divergences of 4,000, .95 as a rule none, at the same 15 steps per draw; two are half of what the gate lets
# pass. Where sweeps never cross their half-point, the posterior is a wide prior cut off by a cliff that only the short
# steps of .999 climb; they cost five times as much.
_TARGETS = {0.95: 0.0005, 0.98: 0.001, 0.999: 1.0}

# The effect of the load, ceilings and steepness move all half-points of a group together. A matrix of low rank finds
# such directions: along `memory-dose` it takes 32 steps a draw and no draw diverges, where a diagonal one takes 105 and
# 2 % diverge; along `desk-amount` it leaves 2.7 times as many effective draws in as many steps (LOG.md, 2026-11-30).
# There is no such direction where the coefficients of a law are integrated out, nor with 200 sizes, whose 600
# dimensions take long to decompose. Where draws diverge all the same, the walls of a prior are in the way: of a sweep
# that never crosses its half-point a diagonal one leaves 750 effective draws in a tail, one of low rank 220.
_MOST_DIMENSIONS = 250

# Its trajectories are longer, and their steps have to be a little shorter: with .97 no draw of five shipped sweeps
# diverges, with .95 five of 4,000 do along `words-amount`.
_TARGET_OF_LOW_RANK = 0.97

# Doublings of a trajectory at most. In the first draws, before the matrix is known, trajectories double until they may
# not: 7 in place of nutpie's 10 spare a third of the steps of a warm-up. Shorter steps need more of them.
_DOUBLINGS, _DOUBLINGS_OF_SHORT_STEPS = 7, 10

_PROGRESS_RATE = 500  # milliseconds between two reports of how many draws there are
_POLL = 0.05  # seconds between two looks at whether sampling is to stop

_STATISTICS = ("diverging", "energy", "energy_error", "logp", "depth", "n_steps", "step_size", "mean_tree_accept")

# The density grows without bound as many cells draw near to their law: with 24 sizes the highest place is where they do
# not scatter at all, with 16 it is not yet. A preview of more cells is a short run of the sampler.
_MOST_CELLS_ABOUT_MODE = 16

# Draws by name, ``(chain, draw, ...)``, and the sampler's statistics, ``(chain, draw)``.
_Drawn = tuple[dict[str, FloatArray], dict[str, FloatArray]]

# None where sampling was stopped, since more draws diverged than may.
_Sampler = Callable[[Model, "Settings", float, float], _Drawn | None]

_compiled: dict[tuple[Any, ...], Any] = {}


def _silent(stage: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Settings:
    """Settings of one sampling.

    Parameters
    ----------
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains.
    seed : int
        Seed of the sampler; compiled code of another version may still give other draws.
    cores : int
        Threads.
    method : str
        ``nuts``, or ``preview``: draws near the mode, see `bayeskisl.inference.about_mode`. Without compiled code, or
        with many cells, a preview is a short run of the sampler, which does not try again when draws diverge.
    retry : bool
        Whether a posterior that fails its gate for want of draws is sampled once more, longer.
    longer : int
        How many times as long each chain warms up and runs; every so many-th draw is kept.
    tell : callable
        Receives the name of each stage.
    share : callable
        Receives the share of the draws, in [0, 1], that a stage of sampling has made, now and then.
    """

    draws: int = 1000
    tune: int = 500
    chains: int = 4
    seed: int = 0
    cores: int = 1
    method: str = "nuts"
    tell: Callable[[str], None] = _silent
    share: Callable[[float], None] = _silent
    retry: bool = False
    longer: int = 1

    @property
    def stretched(self) -> "Settings":
        """The actual draws and warm-up of a chain."""
        return replace(self, draws=self.draws * self.longer, tune=self.tune * self.longer)


def well_placed(model: Model, settings: Settings) -> Model:
    """Return the model in coordinates of its law's coefficients that suit the posterior near its mode.

    Rough half-points assume typical falls. They may put the limits in another regime than the posterior does, where
    coefficients have other scales; there a sampler needs many times as many draws.
    """
    density = compiled_density(model, settings.tell) if model.law.has_limits else None
    if density is None:
        return model
    rng = np.random.default_rng([settings.seed, 3])
    top = density.expand(density.start_of_chain(rng))
    named = replay({name: values[None, None] for name, values in top.items()}, model, rng).named
    return model.near(np.log(named[schema.CRITICAL_EXPOSURES][0, 0]))


def sample_model(model: Model, settings: Settings) -> tuple[dict[str, FloatArray], xr.Dataset]:
    """Sample the model's free variables; return draws and the sampler's statistics.

    Returns
    -------
    draws : dict of numpy.ndarray
        By the names of `bayeskisl.inference.model.build_model`, shapes ``(chain, draw, ...)``.
    sample_stats : xarray.Dataset
        As the sampler reports them, dims ``(chain, draw)``.
    """
    drawn = _about_mode(model, settings) if settings.method == "preview" else None
    draws, statistics = drawn or _in_short_enough_steps(model, settings)
    each = (slice(None), slice(settings.longer - 1, None, settings.longer))
    kept = {name: values[each] for name, values in draws.items()}
    stats = {name: (("chain", "draw"), statistics[name][each]) for name in _STATISTICS if name in statistics}
    return kept, xr.Dataset(stats)


def _about_mode(model: Model, settings: Settings) -> _Drawn | None:
    """Draw near the mode; None without compiled code of the density, or with too many cells."""
    density = compiled_density(model, settings.tell)
    if density is None or model.data.shape[-1] > _MOST_CELLS_ABOUT_MODE:
        return None
    settings.tell(f"drawing near the mode of the law '{model.law.name}'")
    shape = settings.chains, settings.draws
    rng = np.random.default_rng([settings.seed, 4])
    points = draws_about_mode(density.value_and_gradient, density.start(), math.prod(shape), rng, settings.cores)
    expanded = [density.expand(point) for point in points]
    draws = {name: np.stack([one[name] for one in expanded]) for name in expanded[0]}
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in draws.items()}, {}


def _in_short_enough_steps(model: Model, settings: Settings) -> _Drawn:
    """Sample at one target acceptance after the other, until few enough draws diverge."""
    sampler: _Sampler = _with_nutpie if find_spec("nutpie") else _with_pymc
    for target_accept, tolerated in _TARGETS.items():
        most = 1.0 if settings.method == "preview" else tolerated
        drawn = sampler(model, settings.stretched, target_accept, most)
        if drawn and drawn[1]["diverging"].mean() <= most:
            break
        settings.tell("some draws diverged: sampling again, in shorter steps")
    assert drawn  # the last target tolerates all
    return drawn


def _with_nutpie(model: Model, settings: Settings, target_accept: float, most: float) -> _Drawn | None:
    """Sample with nutpie, which stops as soon as a larger share than `most` of all draws has diverged."""
    import nutpie
    import pyarrow

    density = compiled_density(model, settings.tell)
    compiled = _with_numba(model, settings) if density is None else density.for_nutpie()
    is_first = target_accept == min(_TARGETS)
    has_low_rank = is_first and model.law.has_limits and compiled.n_dim <= _MOST_DIMENSIONS
    settings.tell(f"sampling the law '{model.law.name}'")
    too_many = threading.Event()

    def look(chains: Sequence[Any]) -> None:
        settings.share(_share_of(chains))
        if sum(chain.divergences for chain in chains) > most * settings.draws * settings.chains:
            too_many.set()

    sampler = nutpie.sample(
        compiled,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        cores=settings.cores,
        seed=settings.seed,
        adaptation="low_rank" if has_low_rank else "diag",
        target_accept=_TARGET_OF_LOW_RANK if has_low_rank else target_accept,
        maxdepth=_DOUBLINGS if is_first else _DOUBLINGS_OF_SHORT_STEPS,
        save_warmup=False,
        progress_bar=False,
        progress_callback=look,
        progress_rate=_PROGRESS_RATE,
        return_raw_trace=True,  # nutpie's own conversion takes a fifth of a second
        blocking=False,
    )
    try:  # by itself nutpie takes Ctrl-C for "that many draws are enough", and chains end at different lengths
        trace = _wait(sampler, too_many)
    except BaseException:
        sampler.cancel()
        raise
    if trace is None:
        sampler.cancel()
        return None
    of_draws, of_statistics = trace.get_arrow_trace()

    def column(chains: list[Any], name: str, shape: Sequence[int]) -> FloatArray:
        values = [pyarrow.array(chain.column(name)) for chain in chains]
        flat = [(each.flatten() if shape else each).to_numpy(zero_copy_only=False) for each in values]
        return np.stack([each.reshape(-1, *shape)[-settings.draws :] for each in flat])

    draws = {
        name: column(of_draws, name, compiled.shapes[name])
        for name in of_draws[0].column_names
        if name in compiled.dims
    }
    return draws, {name: column(of_statistics, name, ()) for name in _STATISTICS}


def _wait(sampler: Any, enough: threading.Event) -> Any:
    """Return the sampler's trace, or None if `enough` is set before it is there."""
    while not enough.is_set():
        try:
            return sampler.wait(timeout=_POLL)
        except TimeoutError:
            continue
    return None


def _share_of(chains: Sequence[Any]) -> float:
    return sum(chain.finished_draws for chain in chains) / max(1, sum(chain.total_draws for chain in chains))


def _with_numba(model: Model, settings: Settings) -> Any:
    """Compile the same density with nutpie's own compiler, which takes half a minute."""
    import nutpie

    key = (*model.structure, *model.data.shape)
    if key not in _compiled:
        settings.tell("compiling the model with Numba, which takes a while; a C compiler would make this faster")
        _compiled[key] = nutpie.compile_pymc_model(model.in_pymc())
    return _compiled[key].with_data(**model.given.flat())


def _with_pymc(model: Model, settings: Settings, target_accept: float, most: float) -> _Drawn:
    """Sample the same posterior with PyMC if nutpie is missing, several times slower."""
    import pymc as pm

    settings.tell(f"sampling the law '{model.law.name}' with PyMC (install nutpie to make this faster)")
    with model.in_pymc():
        tree = pm.sample(
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            random_seed=settings.seed,
            target_accept=target_accept,
            progressbar=False,
        )
    draws = {str(name): variable.values for name, variable in tree["posterior"].data_vars.items()}
    return draws, {str(name): variable.values for name, variable in tree["sample_stats"].data_vars.items()}
