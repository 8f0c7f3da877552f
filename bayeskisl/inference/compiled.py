"""The log density of a law for given data, as machine code."""

import ast
import ctypes
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.arrays import BoolArray, FloatArray, IntArray
from bayeskisl.inference.model import Model
from bayeskisl.inference.open_lengths import STAND_INS, at_lengths
from bayeskisl.inference.starts import OF_CHAINS, Ascents, ascents, start_of_chain
from bayeskisl.machine_code import CannotCompile, load_library

__all__ = ["Density", "compiled_density", "origin"]

_PACKAGES = ("pymc", "pytensor", "numpy")
_HERE = Path(__file__).parent
# The density and its model; and the module whose functions of numbers are compiled.
_WRITERS = ("density", "model", "pointwise")
# Beginnings of the names of coordinates by which cells scatter about their laws.
_SCATTERS = ("tau", "steepness_scatter", "lapse_scatter")
_one_at_a_time = threading.Lock()
_loaded: dict[tuple[Any, ...], tuple[ctypes.CDLL, dict[str, Any]] | None] = {}


@dataclass(frozen=True)
class Density:
    """A log density over a vector of unconstrained values.

    Parameters
    ----------
    library : ctypes.CDLL
        See `bayeskisl.inference.density.write_density`.
    layout : dict
        As `bayeskisl.inference.density.Layout`, its shapes those of the data.
    arrays : tuple of numpy.ndarray
        Data, what follows from them alone, and the numbers of runs, points and cells.
    """

    library: ctypes.CDLL
    layout: Mapping[str, Any]
    arrays: tuple[np.ndarray, ...]

    @cached_property
    def pointers(self) -> IntArray:
        """Addresses of the arrays."""
        return np.array([array.ctypes.data for array in self.arrays], dtype=np.uintp)

    @property
    def length(self) -> int:
        """Length of the vector."""
        return sum(prod(shape) for shape in self.layout["values"].values())

    @property
    def is_scatter(self) -> BoolArray:
        """Whether a coordinate sets how far cells scatter about their laws, shape ``(length,)``."""
        return np.concatenate(
            [np.full(prod(shape), name.startswith(_SCATTERS)) for name, shape in self.layout["values"].items()]
        )

    def start_of_chain(self, rng: np.random.Generator) -> FloatArray:
        """Return a start of a chain by ascents of its own, ``(length,)``; see `bayeskisl.inference.starts`."""
        return start_of_chain(self.value_and_gradient, self.start(), rng, self.is_scatter)

    def ascents(self, rng: np.random.Generator, workers: int = 1, count: int = OF_CHAINS) -> Ascents:
        """Ascend the density but for its scatters; see `bayeskisl.inference.starts`."""
        return ascents(self.value_and_gradient, self.start(), rng, self.is_scatter, workers, count)

    def start(self) -> FloatArray:
        """The support point, near which sampling starts."""
        point = np.zeros(self.length)
        self.library.start(_at(self.pointers), _at(point))
        return point

    def value_and_gradient(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Log density (NaN or infinite outside the support) and gradient, shape ``(length,)``."""
        point, gradient, value = np.ascontiguousarray(point, dtype=float), np.zeros(self.length), np.zeros(1)
        length = ctypes.c_uint64(self.length)
        self.library.log_density(length, _at(point), _at(gradient), _at(value), _at(self.pointers))
        return float(value[0]), gradient

    def expand(self, point: FloatArray) -> dict[str, FloatArray]:
        """The model's variables at a point, by name."""
        shapes = self.layout["variables"]
        length = sum(map(prod, shapes.values()))
        point, made = np.ascontiguousarray(point, dtype=float), np.zeros(length)
        counts = ctypes.c_uint64(self.length), ctypes.c_uint64(length)
        self.library.expand(*counts, _at(point), _at(made), _at(self.pointers))
        parts = np.split(made, np.cumsum([prod(shape) for shape in shapes.values()])[:-1])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    def for_nutpie(self, found: Ascents | None = None) -> Any:
        """Return the density in the form that nutpie samples; chains start from these ascents, or from their own."""
        import pandas as pd
        from nutpie.compile_pymc import CompiledPyMCModel

        variables = self.layout["variables"]
        dims = {name: tuple(dims) for name, dims in self.layout["dims"].items()}
        coords = {
            dim: pd.RangeIndex(n) for name in variables for dim, n in zip(dims[name], variables[name], strict=True)
        }

        def initial_point(seed: int | None) -> FloatArray:
            return (found or self).start_of_chain(np.random.default_rng(seed))

        return CompiledPyMCModel(
            dims=dims,
            _coords={**coords, "unconstrained_parameter": pd.RangeIndex(self.length)},
            _n_dim=self.length,
            _shapes={name: tuple(shape) for name, shape in variables.items()},
            compiled_logp_func=_Address(self.library.log_density),
            compiled_expand_func=_Address(self.library.expand),
            initial_point_func=initial_point,
            shared_data=dict(enumerate(self.arrays)),
            shared_var_keys={},
            user_data=self.pointers,
            n_expanded=sum(map(prod, variables.values())),
            shape_info=(list(variables), None, [tuple(shape) for shape in variables.values()]),
            logp_func=None,
            expand_func=None,
        )


def compiled_density(model: Model, tell: Callable[[str], None]) -> Density | None:
    """Return the compiled density of a law for its data; None without a C compiler or a translation, which is reported.

    Code is made once per structure, for any number of runs, points and cells, and kept, see `bayeskisl.machine_code`.
    """
    library = _library(model, tell)
    if library is None:
        return None
    code, written = library
    runs, _, cells = model.data.shape
    counts = np.array([runs, len(model.points.run), cells], dtype=np.int64)
    layout = _for_data(written, counts.tolist())
    flat = model.given.flat()
    given = [np.ascontiguousarray(flat[name], dtype=dtype) for name, dtype in layout["data"].items()]
    derived = [np.zeros(shape) for shape in layout["derived"]]
    density = Density(code, layout, (*given, *derived, counts))
    if code.prepare(_at(density.pointers)):
        raise MemoryError
    return density


def _for_data(layout: Mapping[str, Any], counts: list[int]) -> dict[str, Any]:
    """Return the layout with the actual numbers of runs, points and cells in its shapes."""
    found = {
        part: {name: at_lengths(shape, counts) for name, shape in layout[part].items()}
        for part in ("values", "variables")
    }
    return {**layout, **found, "derived": [at_lengths(shape, counts) for shape in layout["derived"]]}


def _library(model: Model, tell: Callable[[str], None]) -> tuple[ctypes.CDLL, dict[str, Any]] | None:
    key = model.structure

    def write() -> tuple[str, dict[str, Any]]:
        from bayeskisl.inference.density import write_density

        tell("compiling the model")
        text, layout = write_density(model.resized(*STAND_INS[0]).in_pymc())
        return text, layout.to_dict()

    with _one_at_a_time:
        if key not in _loaded:
            try:
                _loaded[key] = load_library([key, *origin()], write)
            except CannotCompile as problem:
                tell(f"the model could not be compiled as C: {problem}")
                _loaded[key] = None
    return _loaded[key]


class _Address:
    """Address of a function, presented to nutpie as a function compiled by Numba."""

    def __init__(self, function: Any) -> None:
        self.address = ctypes.cast(function, ctypes.c_void_p).value


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def origin() -> tuple[str, ...]:
    """Return the origin of compiled code: versions of the libraries that write it, and a hash of our own sources.

    Other sources of the package may change without a new compilation, ten seconds for each structure of a law.
    """
    files = [*sources(), *sorted((_HERE.parent / "laws").rglob("*.py"))]
    source = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return *(f"{name} {version(name)}" for name in _PACKAGES), source


def sources() -> list[Path]:
    """Return the modules of inference that write a density or a function of numbers, and their imports."""
    found: dict[str, Path] = {}
    asked = list(_WRITERS)
    while asked:
        name = asked.pop()
        if name not in found:
            found[name] = _HERE / f"{name}.py"
            nodes = ast.walk(ast.parse(found[name].read_bytes()))
            modules = (node.module or "" for node in nodes if isinstance(node, ast.ImportFrom))
            asked += [module.rpartition(".")[2] for module in modules if module.startswith("bayeskisl.inference.")]
    return [found[name] for name in sorted(found)]
