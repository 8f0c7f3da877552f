"""Elementwise functions of numbers, as machine code.

NumPy goes through memory once for each operation, and SciPy's log gamma and digamma know no vectors. A function that is
written in terms of an array namespace is therefore traced by PyTensor and compiled as one loop, several times as fast;
where that cannot be, NumPy evaluates the very same function.
"""

import ctypes
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import special

from bayeskisl.arrays import FloatArray
from bayeskisl.inference.compiled import origin
from bayeskisl.machine_code import CannotCompile, load_library

__all__ = ["Elementwise", "laid_out"]

_LANES = 64  # elements at a time, so that what is computed on the way stays in the nearest cache

_NUMPY = SimpleNamespace(
    exp=np.exp, log=np.log, sqrt=np.sqrt, clip=np.clip, ones_like=np.ones_like, zeros_like=np.zeros_like,
    gammaln=special.gammaln, psi=special.psi,
)  # fmt: skip

_ENTRY = """
void elementwise(int64_t count, const double *const *given, const int64_t *steps, double *const *made) {
    static _Thread_local double x[INPUTS * LANES], out[OUTPUTS * LANES];
    for (int64_t start = 0; start < count; start += LANES) {
        const int64_t left = count - start < LANES ? count - start : LANES;
        for (int k = 0; k < INPUTS; k++)
            for (int64_t i = 0; i < LANES; i++)
                x[k * LANES + i] = given[k][(start + (i < left ? i : 0)) * steps[k]];
        lanes_(x, 0, out);
        for (int k = 0; k < OUTPUTS; k++) memcpy(made[k] + start, out + k * LANES, left * sizeof(double));
    }
}
"""


class Elementwise:
    """An elementwise function, called with arrays that broadcast.

    Parameters
    ----------
    function : callable
        ``function(*arrays, xp=xp)`` returns a tuple of arrays, each of whose elements follows from the same elements of
        the given ones. `xp` knows ``exp, log, sqrt, clip, ones_like, zeros_like, gammaln, psi``; gammaln and psi of
        positive numbers.
    name : str
        Under which its compiled code is kept: no other function of the package may have it.
    """

    def __init__(self, function: Callable[..., tuple[Any, ...]], name: str) -> None:
        self.function, self.name = function, name
        self._loading = threading.Lock()
        self._loaded: tuple[ctypes.CDLL | None, int] | None = None

    def __call__(self, *arrays: np.ndarray) -> tuple[FloatArray, ...]:
        """Evaluate the function; the result is float64 in the broadcast shape."""
        library, outputs = self._library(len(arrays))
        if library is None:
            return self.function(*arrays, xp=_NUMPY)
        shape = np.broadcast_shapes(*map(np.shape, arrays))
        given = [laid_out(array, shape) for array in arrays]
        made = [np.empty(shape) for _ in range(outputs)]
        steps = np.array([array.size > 1 for array in given], dtype=np.int64)
        at = _addresses(given), ctypes.c_void_p(steps.ctypes.data), _addresses(made)
        library.elementwise(ctypes.c_int64(made[0].size), *at)
        return tuple(made)

    def _library(self, inputs: int) -> tuple[ctypes.CDLL | None, int]:
        with self._loading:
            if self._loaded is None:
                try:
                    library, about = load_library([self.name, _LANES, *origin()], lambda: self._write(inputs))
                    self._loaded = library, about["outputs"]
                except CannotCompile:
                    self._loaded = None, 0
        return self._loaded

    def _write(self, inputs: int) -> tuple[str, dict[str, Any]]:
        from bayeskisl.inference.density import write_elementwise

        text, outputs = write_elementwise(self.function, inputs, _LANES)
        counts = {"INPUTS": inputs, "OUTPUTS": outputs, "LANES": _LANES}
        defined = "".join(f"#define {name} {count}\n" for name, count in counts.items())
        return text + defined + _ENTRY, {"outputs": outputs}


def laid_out(array: np.ndarray, shape: tuple[int, ...]) -> FloatArray:
    """Return a scalar, or a contiguous array."""
    array = np.asarray(array, dtype=float)
    if array.size > 1 and array.shape != shape:
        array = np.broadcast_to(array, shape)
    return np.ascontiguousarray(array)


def _addresses(arrays: list[FloatArray]) -> Any:
    # several times as fast as the attribute `ctypes`, which matters for small arrays
    return (ctypes.c_void_p * len(arrays))(*(array.__array_interface__["data"][0] for array in arrays))
