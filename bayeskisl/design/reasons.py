"""Reasons for the runs of a plan, in a few words."""

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves import levels_of_runs
from bayeskisl.design.outlook import Outlook
from bayeskisl.design.runs import Run, in_domain, of_cell, same_level
from bayeskisl.quantities import SAME_SIZE, size

__all__ = ["reason"]

_CLIFF = (0.1, 0.9)


def reason(run: Run, outlook: Outlook) -> str:
    """Return ``new size between 6,144 and 13,824``, ``replicate at the cliff``, ``new level on the fall``, ..."""
    sizes = np.unique(outlook.curves[schema.PARAMS].values[in_domain(outlook.curves, run.domain)].astype(float))
    place = outlook.beliefs.places[run.cell]
    if not np.isclose(sizes, run.params, rtol=SAME_SIZE).any():
        return _new_size(run.params, sizes)
    trained = of_cell(run, outlook.curves)
    if not trained.any():
        return "new budget of a size seen"
    where = "at the cliff" if _CLIFF[0] < _kept(run, outlook) < _CLIFF[1] else "beside the cliff"
    known = same_level(levels_of_runs(outlook.curves)[trained], run.level).any()
    return f"{'replicate' if known and place.seen else 'new level'} {where}"


def _new_size(params: float, sizes: FloatArray) -> str:
    below, above = sizes[sizes < params], sizes[sizes > params]
    if not above.size:
        return f"new size, {params / sizes[-1]:.2g} times the largest seen"
    if not below.size:
        return "new size below those seen"
    return f"new size between {size(below[-1])} and {size(above[0])}"


def _kept(run: Run, outlook: Outlook) -> float:
    """Retained share at the median curve."""
    beliefs = outlook.beliefs
    ahead = float(np.median(beliefs.ahead(run.cell, run.level)))
    return float(beliefs.probes[0].typical_of(run.cell).shape.share(ahead))
