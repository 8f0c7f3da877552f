"""The model, declared once: what is sampled under which name, and how the counts follow from it.

It is written in a small language of distributions (`Language`), which PyMC and NumPyro both speak, so that the two back
ends have the same variables, dims and densities by construction.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from bayeskisl import schema
from bayeskisl.inference.lines import place_distribution, values_at
from bayeskisl.laws import Law
from bayeskisl.laws.shapes import retention

__all__ = ["DIMS", "LOG_NORMAL", "Language", "define", "run_scale"]

Array = Any  # of NumPy, PyTensor or JAX

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# Priors that enter as the mean and standard deviation of the logarithm.
LOG_NORMAL = ("tau", "sigma_run", "steepness_scatter", "lapse_scatter", "concentration")

_LINE_DIMS = {
    "mean": (_CELL,),
    "rotation": None,
    "variance": (_CELL,),
    "own_scatter": (_CELL,),
    "rough": (_CELL, _GROUP),
    "freedom": (_GROUP,),
}

# Of what the model is given, see `bayeskisl.inference.model.model_inputs`; priors have none.
DIMS = {
    "recalled": (_RUN, _GROUP),
    "probed": (_RUN, _GROUP),
    "log_exposures": (_RUN, _GROUP),
    "run_freedom": (_RUN, _GROUP),
    "guessing": (_GROUP,),
    "cell_of_run": (_RUN,),
    **{f"{name}_{part}": dims for name in ("threshold", "steepness") for part, dims in _LINE_DIMS.items()},
}


class Language(Protocol):
    """What a back end can say. Each sentence declares one variable under its name and dims, and returns its value."""

    xp: Any
    """The array namespace."""

    def normal(self, name: str, mean: Array, sd: Array, dims: tuple[str, ...]) -> Array:
        """A normal variable."""

    def log_normal(self, name: str, log_mean: Array, log_sd: Array, dims: tuple[str, ...]) -> Array:
        """A positive variable, sampled by its logarithm."""

    def beta(self, name: str, a: Array, b: Array, dims: tuple[str, ...]) -> Array:
        """A variable in (0, 1), sampled by its log odds."""

    def rotated_normal(self, name: str, mean: Array, rotation: Array, scale: Array, dims: tuple[str, ...]) -> Array:
        """See `bayeskisl.inference.densities.rotated_normal_log_density`."""

    def beta_binomial(
        self, name: str, chance: Array, concentration: Array, trials: Array, observed: Array, dims: tuple[str, ...]
    ) -> None:
        """Counts that were observed."""


def define(say: Language, given: Mapping[str, Array], law: Law) -> None:
    """Declare the model of `law` in the language of a back end; see `bayeskisl.inference.model.build_model`."""
    xp = say.xp
    tau, sigma_run, steepness_scatter, lapse_scatter, concentration = (
        say.log_normal(name, given[f"prior_{name}"][0], given[f"prior_{name}"][1], dims=(_GROUP,))
        for name in LOG_NORMAL
    )
    centre, spread = given["prior_lapse_intercept"][0], given["prior_lapse_intercept"][1]
    lapse_intercept = say.normal("lapse_intercept", centre, spread, dims=(_GROUP,))
    tied = law.priors.floor_excess.tied
    excess = 0.0 if tied else say.beta("floor_excess", 1.0, given["prior_floor_excess"], dims=(_GROUP,))

    threshold = _along_line(say, "threshold", tau, given)
    steepness = xp.exp(_along_line(say, "steepness", steepness_scatter, given))
    lapse_log_odds = lapse_intercept + lapse_scatter * say.normal("lapse_z", 0.0, 1.0, dims=(_CELL, _GROUP))
    floor = given["guessing"] + (1 - given["guessing"]) * excess
    ceiling = 1 - (1 - floor) / (1 + xp.exp(-lapse_log_odds))

    cell = given["cell_of_run"]
    recall = retention(
        law.curve,
        given["log_exposures"],
        _run_threshold(say, threshold[cell], sigma_run, given),
        steepness[cell],
        floor,
        ceiling[cell],
        xp=xp,
    )
    # probed = 0 contributes nothing: the beta-binomial of no trials has log density 0 whatever its chance
    say.beta_binomial("counts", recall, concentration, given["probed"], given["recalled"], dims=(_RUN, _GROUP))


def run_scale(freedom: Array, sigma_run: Array, log_typical: Array, xp: Any) -> Array:
    """What ``run_place`` is multiplied with: sigma_run for a free run, its prior median for a pinned one."""
    typical = xp.exp(log_typical)
    return typical * (sigma_run / typical) ** freedom


def _along_line(say: Language, name: str, scatter: Array, given: Mapping[str, Array]) -> Array:
    """Values (cell, group) under the marginal Gaussian of a linear law."""
    line = {part: given[f"{name}_{part}"] for part in _LINE_DIMS}
    mean, scale = place_distribution(scatter, line, say.xp)
    place = say.rotated_normal(f"{name}_place", mean, line["rotation"], scale, dims=(_CELL, _GROUP))
    return values_at(place, scatter, line, say.xp)


def _run_threshold(say: Language, threshold: Array, sigma_run: Array, given: Mapping[str, Array]) -> Array:
    """Each run's own half-point, N(threshold, sigma_run), dims (run, group)."""
    rough, free = given["threshold_rough"][given["cell_of_run"]], given["run_freedom"]
    scale = run_scale(free, sigma_run, given["prior_sigma_run"][0], say.xp)
    free_part = free * (threshold - rough)
    place = say.normal("run_place", (threshold - rough - free_part) / scale, sigma_run / scale, dims=(_RUN, _GROUP))
    return rough + free_part + scale * place
