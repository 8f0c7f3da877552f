"""A PyMC model's log density and its gradient as C.

Compiled by Numba, as nutpie does it, the model takes half a minute on a small machine, part of it again in every
process. The same graph written as C (see `bayeskisl.inference.c_source`) compiles in a second or two, can be kept on
disk, and runs several times faster, since log gamma and digamma vectorise.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, cast

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.custom import CustomDistRV
from pymc.initial_point import make_initial_point_expression
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph import clone_replace, rewrite_graph
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import graph_inputs, toposort
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.subtensor import AdvancedSubtensor
from pytensor.tensor.type import TensorType

from bayeskisl.inference.c_source import PRELUDE, Variable, View, c_function
from bayeskisl.inference.open_lengths import c_length

__all__ = ["Layout", "write_density", "write_elementwise"]


# The operations whose later inputs say where, and have to stay whole numbers.
_INDEXING = (AdvancedSubtensor,)

# Rewrites of PyTensor that put branches, and what has no vectors, into loops over runs: with them a gradient takes
# twice as long. Shapes are written so that nothing is lost without (`bayeskisl.laws.falls`).
_BRANCHING = ("local_log1p", "local_expm1", "local_greedy_distributor")


@dataclass(frozen=True)
class Layout:
    """Layout of the variables: all that sampling from compiled code needs.

    Shapes are those of the model that the code was written from; see `bayeskisl.inference.open_lengths.at_lengths`.

    Attributes
    ----------
    data : dict
        Data type of each ``pm.Data``, in the order in which the code takes them.
    derived : list
        Shapes of what ``prepare`` makes of them, all float64; they follow the data.
    values, variables : dict
        Shapes of the sampled vector's parts, and of the variables that follow from them, by name.
    dims : dict
        Dims of the variables.
    """

    data: dict[str, str]
    derived: list[tuple[int, ...]]
    values: dict[str, tuple[int, ...]]
    variables: dict[str, tuple[int, ...]]
    dims: dict[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain values for JSON."""
        return asdict(self)


def write_density(model: pm.Model) -> tuple[str, Layout]:
    """Return the C text of a model and its layout; numbers of runs, points and cells stay open if they are stand-ins.

    The library that it compiles to has four functions: ``prepare`` computes once what depends on data alone, ``start``
    the support point, ``log_density`` and ``expand`` are what nutpie calls.

    Raises
    ------
    Untranslatable
        If the model holds what cannot be translated.
    """
    data = {variable.name: _placed(variable.name, variable.get_value()) for variable in model.data_vars}
    lengths = {name: pt.constant(_length(length)) for name, length in model.dim_lengths.items()}
    density = model.logp()
    known = {**data, **lengths, **_counts_as_floats(density, data)}

    starts = _simplified(_with_known(_support_points(model), known))
    values = {
        model.rvs_to_values[variable]: TensorType("float64", shape=start.type.shape)(model.rvs_to_values[variable].name)
        for variable, start in zip(model.free_RVs, starts, strict=True)
    }
    moving = list(values.values())
    (density,) = _with_known(clone_replace([density], values, rebuild_strict=False), known)
    density = cast(Variable, rewrite_graph(density, include=("canonicalize", "stabilize"), exclude=_BRANCHING))
    slopes, derived = _hoisted(_simplified([density, *cast("list[Variable]", pt.grad(density, moving))]), moving)
    variables = _with_known([_in_its_own_units(model, variable, values) for variable in model.free_RVs], known)

    given = [*data.values(), *derived]
    at_data = {each: View.of(each, f"((npy_{each.type.dtype} *) data[{i}])") for i, each in enumerate(given)}
    at_values = dict(zip(moving, _one_after_another(moving, "x"), strict=True))
    everything = {**at_data, **at_values}
    counts = f"((int64_t *) data[{len(given)}])"
    ends = f"const int64_t R = {counts}[0], P = {counts}[1], C = {counts}[2];"
    texts = [
        c_function("prepare_", at_data, _fused(list(derived.values())), [at_data[each] for each in derived], ends),
        c_function("start_", at_data, starts, _one_after_another(starts, "out"), ends),
        c_function("slopes_", everything, _fused(slopes), _one_after_another(slopes, "out"), ends),
        c_function("expand_", everything, variables, _one_after_another(variables, "out"), ends),
    ]
    layout = Layout(
        data={name: variable.type.dtype for name, variable in data.items()},
        derived=[variable.type.shape for variable in derived],
        values={variable.name: variable.type.shape for variable in moving},
        variables={free.name: made.type.shape for free, made in zip(model.free_RVs, variables, strict=True)},
        dims={free.name: tuple(model.named_vars_to_dims[free.name]) for free in model.free_RVs},
    )
    return "\n".join([PRELUDE, *texts, _ENTRIES]), layout


def write_elementwise(function: Callable[..., tuple[Any, ...]], inputs: int, lanes: int) -> tuple[str, int]:
    """Return the C text of a function of numbers over `lanes` elements, ``lanes_``, and its number of outputs.

    See `bayeskisl.inference.elementwise.Elementwise`; inputs follow each other in ``x``, outputs in ``out``.

    Raises
    ------
    Untranslatable
        If the function does what cannot be translated.
    """
    given = [TensorType("float64", shape=(lanes,))() for _ in range(inputs)]
    made = _fused(_simplified(list(function(*given, xp=pt))))
    places = dict(zip(given, _one_after_another(given, "x"), strict=True))
    return PRELUDE + c_function("lanes_", places, made, _one_after_another(made, "out")), len(made)


# What nutpie calls, with its status: not 0 where the density or its gradient is not finite, which ends a trajectory.
_ENTRIES = """
int prepare(const void *const *data) { return prepare_(0, data, 0); }
int start(const void *const *data, double *out) { return start_(0, data, out); }
int64_t expand(uint64_t length, uint64_t expanded, const double *x, double *out, const void *const *data) {
    return expand_(x, data, out);
}
int64_t log_density(uint64_t length, const double *x, double *gradient, double *value, const void *const *data) {
    double *both = malloc((1 + length) * sizeof(double));
    if (!both || slopes_(x, data, both)) { free(both); return -1; }
    *value = both[0];
    memcpy(gradient, both + 1, length * sizeof(double));
    free(both);
    int finite = 1;
    for (uint64_t i = 0; i < length; i++) finite &= isfinite(gradient[i]);
    return !finite ? 3 : !isfinite(*value) ? 4 : 0;
}
"""


def _length(length: Any) -> np.ndarray:
    return np.asarray(length.get_value() if isinstance(length, SharedVariable) else length.data)


def _placed(name: str, value: np.ndarray) -> Variable:
    value = np.asarray(value)
    return TensorType(value.dtype.name, shape=value.shape)(name)


def _support_points(model: pm.Model) -> list[Variable]:
    """Return the unconstrained start of sampling; zero for custom variables, whose shape PyMC determines by drawing."""
    custom = [variable for variable in model.free_RVs if isinstance(variable.owner.op, CustomDistRV)]
    shapes = {each: [len(model.coords[dim]) for dim in model.named_vars_to_dims[each.name]] for each in custom}
    return make_initial_point_expression(
        free_rvs=model.free_RVs,
        rvs_to_transforms=model.rvs_to_transforms,
        initval_strategies={variable: np.zeros(shape) for variable, shape in shapes.items()},
        return_transformed=True,
    )


def _counts_as_floats(density: Variable, data: dict[str, Variable]) -> dict[str, Variable]:
    """Convert integer inputs of arithmetic to floats once: loops that mix both may not vectorise."""
    graph = toposort([density])
    indices = {each.name for node in graph if isinstance(node.op, _INDEXING) for each in node.inputs[1:]}
    whole = {name: each for name, each in data.items() if each.type.dtype.startswith("int") and name not in indices}
    return {name: pt.cast(each, "float64") for name, each in whole.items()}


def _in_its_own_units(model: pm.Model, variable: Variable, values: dict[Variable, Variable]) -> Variable:
    value, transform = values[model.rvs_to_values[variable]], model.rvs_to_transforms[variable]
    return value if transform is None else transform.backward(value, *variable.owner.inputs)


def _with_known(outputs: Sequence[Variable], known: dict[str, Variable]) -> list[Variable]:
    """Replace shared variables in the outputs by known values, matched by name, since PyMC's graphs contain copies."""
    shared: dict[Variable, Variable] = {
        v: known[v.name] for v in graph_inputs(outputs) if isinstance(v, SharedVariable) and v.name in known
    }
    return clone_replace(list(outputs), shared, rebuild_strict=False)


def _simplified(outputs: Sequence[Variable]) -> list[Variable]:
    exclude = ("inplace", "fusion", "cxx_only", "BlasOpt", "scan_save_mem", *_BRANCHING)
    simplified = rewrite_graph(list(outputs), include=("fast_run", "local_remove_check_parameter"), exclude=exclude)
    return cast("list[Variable]", simplified)


def _fused(outputs: Sequence[Variable]) -> list[Variable]:
    return cast("list[Variable]", rewrite_graph(list(outputs), include=("fusion",)))


def _hoisted(
    outputs: Sequence[Variable], moving: Sequence[Variable]
) -> tuple[list[Variable], dict[Variable, Variable]]:
    """Return the outputs in terms of new inputs for parts independent of `moving`, and the parts that these replace."""
    nodes, moves, fixed = list(toposort(outputs)), set(moving), {}
    for node in nodes:
        if moves.intersection(node.inputs):
            moves.update(node.outputs)
            for variable in node.inputs:
                if variable not in moves and variable not in fixed and _is_computed(variable):
                    fixed[variable] = TensorType(variable.type.dtype, shape=variable.type.shape)()
    return clone_replace(list(outputs), fixed), {new: old for old, new in fixed.items()}


def _is_computed(variable: Variable) -> bool:
    """Whether a variable is more than an input, a constant, or a view of one."""
    while variable.owner is not None and isinstance(variable.owner.op, DimShuffle):
        variable = variable.owner.inputs[0]
    return variable.owner is not None and variable.type.dtype == "float64" and not isinstance(variable, Constant)


def _one_after_another(variables: Sequence[Variable], pointer: str) -> list[View]:
    sizes = [c_length(prod(variable.type.shape)) for variable in variables]
    starts = [" + ".join(sizes[:i]) or "0" for i in range(len(sizes))]
    return [View.of(variable, pointer, start) for variable, start in zip(variables, starts, strict=True)]
