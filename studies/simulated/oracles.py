"""Laws of forecasters who know a world's form, and only have to find its constants."""

from bayeskisl import schema
from bayeskisl.laws import Law, load_law
from bayeskisl.laws.falls import LOGISTIC
from bayeskisl.laws.priors import NormalPrior
from studies.simulated.worlds import World

__all__ = ["oracle"]

# Curvature of log critical exposures: twice the bend of the log collapse point, the other way up.
_CURVATURES = {"bend-03": 0.06, "bend-10": 0.2}


def oracle(world: World) -> Law:
    """The law that knows the form of a world."""
    power = load_law("power")
    if world.name == "crossing":
        saturating = load_law("saturating")
        known = _knowing(saturating, exponent={schema.PARAMS: NormalPrior(mean=1.0, sd=0.0)})
    elif world.name in _CURVATURES:
        known = _knowing(power, curvature={schema.PARAMS: NormalPrior(mean=_CURVATURES[world.name], sd=0.0)})
    else:
        known = power
    return (known.with_fall(LOGISTIC) if world.shape.fall == LOGISTIC else known).model_copy(
        update={"name": f"knows-{world.name}"}
    )


def _knowing(law: Law, **coefficients: dict[str, NormalPrior]) -> Law:
    priors = {name: getattr(law.priors, name) | each for name, each in coefficients.items()}
    return law.model_copy(update={"priors": law.priors.model_copy(update=priors)})
