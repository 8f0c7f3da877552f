"""Laws of forecasters who know a world's form, and only have to find its constants."""

from typing import Any

from bayeskisl import schema
from bayeskisl.laws import Law, load_law
from bayeskisl.laws.falls import LOGISTIC
from bayeskisl.laws.priors import LogNormalPrior, NormalPrior
from studies.simulated.worlds import World

__all__ = ["oracle"]

# Curvature of log critical exposures: twice the bend of the log collapse point, the other way up.
_CURVATURES = {"bend-03": 0.06, "bend-10": 0.2}

# Exponents of size above a minimum of exposures.
_SATURATING = {"crossing": 1.0, "lab-saturating": 0.9}

# No law other than the default has an exponent that turns from one value to another.
_TURNING = ("lab-upwards", "lab-capacity")


def oracle(world: World) -> Law | None:
    """Return the law that knows the form of a world, if there is one."""
    if world.name in _TURNING:
        return None
    if world.name in _SATURATING:
        saturating, exponent = load_law("saturating"), LogNormalPrior(median=_SATURATING[world.name], log_sd=0.0)
        known = _with(saturating, learning_exponent=exponent)
    elif world.name in _CURVATURES:
        power, curvature = load_law("power"), NormalPrior(mean=_CURVATURES[world.name], sd=0.0)
        known = _with(power, curvature=power.priors.curvature | {schema.PARAMS: curvature})
    else:
        known = load_law("power")
    return (known.with_fall(LOGISTIC) if world.shape.fall == LOGISTIC else known).model_copy(
        update={"name": f"knows-{world.name}"}
    )


def _with(law: Law, **priors: Any) -> Law:
    return law.model_copy(update={"priors": law.priors.model_copy(update=priors)})
