"""The No-U-Turn sampler: nutpie's, on code that is compiled once per structure, or PyMC's where nutpie is missing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.model import Model
from bayeskisl.inference.rescaled import rescaled
from bayeskisl.inference.settings import Settings

__all__ = ["STATISTICS", "Drawn", "Steps", "sampler_of"]

STATISTICS = ("diverging", "energy", "energy_error", "logp", "depth", "n_steps", "step_size", "mean_tree_accept")

_PROGRESS_RATE = 500  # milliseconds between two reports of how many draws there are
_POLL = 0.05  # seconds between two looks at whether sampling is to stop

# Draws by name, ``(chain, draw, ...)``, and the sampler's statistics, ``(chain, draw)``.
Drawn = tuple[dict[str, FloatArray], dict[str, FloatArray]]

_compiled_by_numba: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True)
class Steps:
    """Steps along a trajectory.

    Attributes
    ----------
    target_accept : float
        Acceptance to which the length of a step is tuned: the higher, the shorter.
    most_divergent : float
        Largest share of draws that may diverge.
    metric : str
        ``diag`` or ``low_rank``.
    doublings : int
        Doublings of a trajectory at most.
    """

    target_accept: float
    most_divergent: float
    metric: Literal["diag", "low_rank"] = "diag"
    doublings: int = 10


class _Sampler(Protocol):
    @property
    def dimensions(self) -> int:
        """Number of unconstrained coordinates."""

    def sample(self, settings: Settings, steps: Steps) -> Drawn | None:
        """Return draws, or None if more of them diverged than may."""


def sampler_of(model: Model, tell: Callable[[str], None]) -> _Sampler:
    """Return nutpie's sampler of a model, or PyMC's if nutpie is missing, several times slower."""
    if find_spec("nutpie"):
        return _Nutpie(model, tell)
    tell("sampling with PyMC (install nutpie to make this faster)")
    return _PyMC(model)


class _Nutpie:
    def __init__(self, model: Model, tell: Callable[[str], None]) -> None:
        self._density = compiled_density(model, tell)
        self._by_numba: Any = _compiled_by_nutpie(model, tell) if self._density is None else None

    @property
    def dimensions(self) -> int:
        return int(self._by_numba.n_dim) if self._density is None else self._density.length

    def _compiled(self, settings: Settings, steps: Steps) -> Any:
        """The density as nutpie takes it: rescaled where the metric is diagonal."""
        if self._density is None:
            return self._by_numba
        if steps.metric != "diag":
            return self._density.for_nutpie()
        workers = settings.sampler.threads
        found = self._density.ascents(np.random.default_rng([settings.seed, 5]), workers)
        density, found = rescaled(self._density, found, workers)
        return density.for_nutpie(found)

    def sample(self, settings: Settings, steps: Steps) -> Drawn | None:
        import nutpie

        sampler, too_many, compiled = settings.sampler, threading.Event(), self._compiled(settings, steps)
        most = steps.most_divergent * sampler.draws * sampler.chains

        def look(chains: Sequence[Any]) -> None:
            settings.share(_share_of(chains))
            if sum(chain.divergences for chain in chains) > most:
                too_many.set()

        sampling = nutpie.sample(
            compiled,
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            cores=sampler.threads,
            seed=settings.seed,
            adaptation=steps.metric,
            target_accept=steps.target_accept,
            maxdepth=steps.doublings,
            save_warmup=False,
            progress_bar=False,
            progress_callback=look,
            progress_rate=_PROGRESS_RATE,
            return_raw_trace=True,  # nutpie's own conversion takes a fifth of a second
            blocking=False,
        )
        try:  # by itself nutpie takes Ctrl-C for "that many draws are enough", and chains end at different lengths
            trace = _wait(sampling, too_many)
        except BaseException:
            sampling.cancel()
            raise
        if trace is None:
            sampling.cancel()
            return None
        draws, statistics = _read(trace, compiled, sampler.draws)
        return (draws, statistics) if statistics["diverging"].sum() <= most else None


def _read(trace: Any, compiled: Any, draws: int) -> Drawn:
    of_draws, of_statistics = trace.get_arrow_trace()
    shapes = {name: shape for name, shape in compiled.shapes.items() if name in compiled.dims}
    return (
        {name: _column(of_draws, name, draws, shapes[name]) for name in of_draws[0].column_names if name in shapes},
        {name: _column(of_statistics, name, draws, ()) for name in STATISTICS},
    )


def _column(chains: list[Any], name: str, draws: int, shape: Sequence[int]) -> FloatArray:
    """Return the last draws of a variable, ``(chain, draw, *shape)``."""
    import pyarrow

    values = [pyarrow.array(chain.column(name)) for chain in chains]
    flat = [(each.flatten() if shape else each).to_numpy(zero_copy_only=False) for each in values]
    return np.stack([each.reshape(-1, *shape)[-draws:] for each in flat])


def _wait(sampling: Any, enough: threading.Event) -> Any:
    """Return the trace of nutpie's sampler, or None if `enough` is set before it is there."""
    while not enough.is_set():
        try:
            return sampling.wait(timeout=_POLL)
        except TimeoutError:
            continue
    return None


def _share_of(chains: Sequence[Any]) -> float:
    return sum(chain.finished_draws for chain in chains) / max(1, sum(chain.total_draws for chain in chains))


def _compiled_by_nutpie(model: Model, tell: Callable[[str], None]) -> Any:
    """Compile the same density with nutpie's own compiler, Numba, which takes half a minute."""
    import nutpie

    key = (*model.structure, *model.data.shape)
    if key not in _compiled_by_numba:
        tell("compiling the model with Numba, which takes a while; a C compiler would make this faster")
        _compiled_by_numba[key] = nutpie.compile_pymc_model(model.in_pymc())
    return _compiled_by_numba[key].with_data(**model.given.flat())


class _PyMC:
    def __init__(self, model: Model) -> None:
        self._model = model.in_pymc()

    @property
    def dimensions(self) -> int:
        return sum(value.size for value in self._model.initial_point().values())

    def sample(self, settings: Settings, steps: Steps) -> Drawn | None:
        import pymc as pm

        sampler = settings.sampler
        with self._model:
            tree = pm.sample(
                draws=sampler.draws,
                tune=sampler.tune,
                chains=sampler.chains,
                cores=sampler.threads,
                random_seed=settings.seed,
                target_accept=steps.target_accept,
                progressbar=False,
            )
        draws = {str(name): variable.values for name, variable in tree["posterior"].data_vars.items()}
        statistics = {str(name): variable.values for name, variable in tree["sample_stats"].data_vars.items()}
        return (draws, statistics) if statistics["diverging"].mean() <= steps.most_divergent else None
