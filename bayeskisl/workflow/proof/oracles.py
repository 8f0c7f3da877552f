"""Laws of forecasters who know a world's form, and only have to find its constants."""

from bayeskisl import schema
from bayeskisl.laws import Law, load_law
from bayeskisl.laws.law import NormalPrior
from bayeskisl.workflow.proof.worlds import World

__all__ = ["oracle"]

# Curvature of log critical exposures: twice the bend of the log collapse point, the other way up.
_CURVATURES = {"bend-03": 0.06, "bend-10": 0.2}


def oracle(world: World) -> Law:
    """The law that knows the form of a world."""
    if world.name == "crossing":
        saturating = load_law("saturating")
        return _named(saturating, world, exponent={schema.PARAMS: NormalPrior(mean=1.0, sd=0.0)})
    power = load_law("power")
    if world.name in _CURVATURES:
        return _named(power, world, curvature={schema.PARAMS: NormalPrior(mean=_CURVATURES[world.name], sd=0.0)})
    return power if world.shape == power.shape else _named(power, world).model_copy(update={"shape": world.shape})


def _named(law: Law, world: World, **known: dict[str, NormalPrior]) -> Law:
    priors = {name: getattr(law.priors, name) | each for name, each in known.items()}
    return law.model_copy(update={"name": f"knows-{world.name}", "priors": law.priors.model_copy(update=priors)})
