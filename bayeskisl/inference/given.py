"""Inputs of the model, as typed arrays.

The annotation of each field names its dims. Back ends that know arrays by name alone (``pm.Data``, compiled code) find
them under the path of the field, its parts joined by underscores: ``threshold.rough`` is ``threshold_rough``, a name
that is made nowhere but in `Given.map`.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, get_type_hints

from bayeskisl import schema
from bayeskisl.laws import LimitsDesign

__all__ = [
    "COEFFICIENT", "PAIR", "POINT", "QUANTITY", "Given", "GivenCurve", "GivenLine", "GivenLoad", "GivenRough",
]  # fmt: skip

Array = Any  # of NumPy, PyTensor or JAX
Dims = tuple[str, ...]

_RUN, _GROUP, _CELL = schema.RUN, schema.GROUP, schema.CELL

# Dims of several groups: pairs of them, and the quantities that they have in common.
PAIR, QUANTITY = "pair", "quantity"

# Dim of runs of which the model expects the same, see `bayeskisl.inference.points`.
POINT = "point"

# Dim of the coefficients of a law with limits.
COEFFICIENT = "coefficient"


@dataclass(frozen=True)
class GivenRough:
    """A typical run of each cell, see `bayeskisl.inference.rough.rough_inputs`."""

    log_exposures: Annotated[Array, _CELL, _GROUP]
    share: Annotated[Array, _CELL, _GROUP]
    ahead: Annotated[Array, _CELL, _GROUP]
    pinned: Annotated[Array, _CELL, _GROUP]


@dataclass(frozen=True)
class GivenLine:
    """A linear law over cells whose coefficients are integrated out, see `bayeskisl.inference.lines.Line.given`."""

    mean: Annotated[Array, _CELL]
    common: Array  # (cell, column)
    rotation: Array  # (cell, cell)
    variance: Annotated[Array, _CELL]
    own_scatter: Annotated[Array, _CELL]
    rough: Annotated[Array, _CELL, _GROUP]
    freedom: Annotated[Array, _CELL, _GROUP]


@dataclass(frozen=True)
class GivenCurve:
    """A law over cells whose coefficients are sampled, see `bayeskisl.inference.curve_of_size.CurveOfSize.given`."""

    mean: Annotated[Array, COEFFICIENT]
    sd: Annotated[Array, COEFFICIENT]
    is_free: Annotated[Array, COEFFICIENT]
    common: Annotated[Array, COEFFICIENT]
    design: LimitsDesign
    start: Annotated[Array, COEFFICIENT, _GROUP]
    root: Array  # (coefficient, coefficient, group)
    wall: Annotated[Array, COEFFICIENT, _GROUP]
    slope: Annotated[Array, COEFFICIENT, _GROUP]
    bend: Annotated[Array, COEFFICIENT, _GROUP]
    own_scatter: Annotated[Array, _CELL]
    rough: Annotated[Array, _CELL, _GROUP]
    information: Annotated[Array, _CELL, _GROUP]


@dataclass(frozen=True)
class GivenLoad:
    """Loads of runs and cells, see `bayeskisl.inference.load.Load`."""

    ahead: Annotated[Array, POINT, _GROUP]
    at_half: Annotated[Array, _CELL, _GROUP]
    share: Annotated[Array, _CELL, _GROUP]
    typical_share: Annotated[Array, _GROUP]
    counts: Annotated[Array, _GROUP]


@dataclass(frozen=True, kw_only=True)
class Given:
    """All inputs of the model; data and laws of one structure differ only in these.

    Parameters
    ----------
    recalled, probed, guessing, uninfused
        See `bayeskisl.inference.data.ModelData`.
    log_exposures, cell_of_point, point_of_run
        Log exposures and index of the cell of each point, and index of each run's point.
    rough, threshold, steepness, load
        Parts with their own fields.
    prior : dict
        Mean and standard deviation of each quantity of a group, of its logarithm where it is positive, ``(2,)``, by its
        name.
    floor_excess_b : array, optional
        Second shape of the Beta prior of recall above guessing; None where it is tied to zero.
    pooling : array, optional
        Prior correlation between groups; None for a single group.
    log_size : array, optional
        log(params / reference), where run scatter varies with it.
    """

    recalled: Annotated[Array, _RUN, _GROUP]
    probed: Annotated[Array, _RUN, _GROUP]
    log_exposures: Annotated[Array, POINT, _GROUP]
    guessing: Annotated[Array, _CELL, _GROUP]
    uninfused: Annotated[Array, _CELL, _GROUP]
    cell_of_point: Annotated[Array, POINT]
    point_of_run: Annotated[Array, _RUN]
    rough: GivenRough
    threshold: GivenLine | GivenCurve
    steepness: GivenLine
    prior: dict[str, Array]
    load: GivenLoad | None = None
    floor_excess_b: Array = None
    pooling: Array = None
    log_size: Annotated[Array, _CELL] = None

    def map(self, change: Callable[[str, Array, Dims | None], Array]) -> "Given":
        """Return the inputs with every array replaced by ``change(name, array, dims)``."""
        mapped: Given = _mapped(self, "", None, change)
        return mapped

    def flat(self) -> dict[str, Array]:
        """Every array by name."""
        found: dict[str, Array] = {}
        self.map(lambda name, value, dims: found.setdefault(name, value))
        return found


def _mapped(part: Any, name: str, dims: Dims | None, change: Callable[[str, Array, Dims | None], Array]) -> Any:
    if part is None:
        return None
    if isinstance(part, dict) or is_dataclass(part):
        made = {key: _mapped(value, _joined(name, key), of, change) for key, value, of in _entries(part)}
        kind: Any = type(part)
        return made if isinstance(part, dict) else kind(**made)
    return change(name, part, dims)


def _entries(part: Any) -> list[tuple[str, Any, Dims | None]]:
    """Names, values and dims of the fields of a dataclass, or of the entries of a dict, which have no dims."""
    if isinstance(part, dict):
        return [(key, value, None) for key, value in part.items()]
    kind: Any = type(part)
    dims = _dims(kind)
    return [(each.name, getattr(part, each.name), dims[each.name]) for each in fields(part)]


@cache
def _dims(kind: type[Any]) -> dict[str, Dims | None]:
    """Dims of each field, from its annotation; None without named dims."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: getattr(hint, "__metadata__", None) for name, hint in hints.items()}


def _joined(name: str, key: str) -> str:
    return f"{name}_{key}" if name else key
