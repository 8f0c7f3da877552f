"""The training step as a compiled kernel for one CPU core: the C++ of `kernel`, built once per shape and cached.

A step of models this small is mostly element-wise work and overhead in torch; the kernel keeps sixteen sequences in
the core's cache from the embedding to the last gradient. `Decoder` remains the definition of what is computed.
"""

import ctypes
import functools
import subprocess
import warnings

import numpy as np

from bayeskisl.arrays import BoolArray, Float32Array, IntArray
from bayeskisl.errors import first_line
from bayeskisl.machine_code import CannotCompile, Language, load_library
from bayeskisl.sweeping.architectures.base import KERNEL
from bayeskisl.sweeping.ladder import ModelSize, Training

__all__ = ["NativeStep", "compiler", "compiler_name", "native_step"]

_ALIGNMENT = 64  # bytes: of the kernel's vectors
CPP = Language(
    name="C++",
    stem="step",
    suffix=".cpp",
    variable="CXX",
    compilers=("g++",),  # clang lacks GCC's vector shuffles
    flags=("-std=gnu++17", "-shared", "-fPIC", "-O3", "-fno-math-errno", "-fno-trapping-math", "-w"),
    native=(("-march=native", "-mprefer-vector-width=512"),),  # without it the kernel is no faster than torch
)


class NativeStep:
    """A kernel for one shape.

    Parameters
    ----------
    library : ctypes.CDLL
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.weights_per_run.restype = library.bytes_of_tile.restype = ctypes.c_int64
        library.loss_and_gradient.restype = ctypes.c_float
        room = np.empty(self.bytes_of_tile + _ALIGNMENT, np.uint8)
        self._room = room[-room.ctypes.data % _ALIGNMENT :]

    @property
    def weights_per_run(self) -> int:
        return self._library.weights_per_run()

    @property
    def bytes_of_tile(self) -> int:
        """Memory of the activations of sixteen sequences, which suffices for any batch."""
        return self._library.bytes_of_tile()

    def loss_and_gradient(self, weights: Float32Array, tokens: IntArray) -> tuple[float, Float32Array]:
        """Return mean loss in nats per token and its gradient ``(weight,)``, for tokens ``(batch, context + 1)``."""
        gradient = np.empty_like(weights)
        loss = self._library.loss_and_gradient(_at(weights), _at(gradient), _at(_whole(tokens)), _at(self._room))
        return loss, gradient

    def train(
        self,
        weights: Float32Array,
        mean: Float32Array,
        square: Float32Array,
        rates: Float32Array,
        decays: Float32Array,
        epsilons: Float32Array,
        tokens: IntArray,
        training: Training,
        schedule: Float32Array,
    ) -> Float32Array:
        """Advance one run in place.

        Parameters
        ----------
        weights, mean, square : numpy.ndarray
            The run and AdamW's moments, shape ``(weight,)``, float32; changed in place.
        rates : numpy.ndarray
            Peak learning rate of each weight, shape ``(weight,)``, float32.
        decays, epsilons : numpy.ndarray
            AdamW's weight decay and epsilon of each weight, alike.
        tokens : numpy.ndarray
            Shape ``(steps x batch, context + 1)``: each token's target is the one after it.
        training : Training
        schedule : numpy.ndarray
            Relative rate and AdamW's two bias corrections of each step, shape ``(steps, 3)``, float32.

        Returns
        -------
        numpy.ndarray
            Loss before each step in nats per token, shape ``(steps,)``.
        """
        losses, gradient = np.empty(len(schedule), np.float32), np.empty_like(weights)
        betas = np.array([training.beta1, training.beta2], np.float32)
        arrays = (weights, mean, square, gradient, rates, decays, epsilons, _whole(tokens), betas, schedule)
        self._library.train(*map(_at, arrays), ctypes.c_int64(len(schedule)), _at(losses), _at(self._room))
        return losses

    def evaluate(self, weights: Float32Array, tokens: IntArray) -> tuple[Float32Array, BoolArray]:
        """Nats of every target of `tokens` ``(sequence, context + 1)`` and whether it is the most probable token."""
        nats = np.empty((len(tokens), tokens.shape[1] - 1), np.float32)
        right = np.empty(nats.shape, np.bool_)
        count = ctypes.c_int64(len(tokens))
        self._library.evaluate(*map(_at, (weights, _whole(tokens))), count, *map(_at, (nats, right, self._room)))
        return nats, right


def compiler() -> str | None:
    """The C++ compiler to use, or None: ``CXX``, else g++."""
    command = CPP.compiler()
    return command[0] if command else None


def compiler_name() -> str | None:
    """Return the compiler and its version, as it reports itself."""
    command = compiler()
    return _version(command).splitlines()[0] if command else None


@functools.cache
def native_step(
    size: ModelSize, vocabulary: int, context: int, batch: int, *, lanes: int | None = None
) -> NativeStep | None:
    """Return the kernel for a shape, built on first use; None, with a warning, if it cannot be built.

    `lanes` is the number of sequences that a vector holds, 4, 8 or 16: what the processor's registers hold by default.
    """
    shape = {"WIDTH": size.width, "LAYERS": size.layers, "HEADS": size.heads}
    shape |= {"VOCABULARY": vocabulary, "CONTEXT": context, "BATCH": batch, **({"LANES": lanes} if lanes else {})}
    shape |= size.form.defines(size.width)
    sources = (KERNEL / "common.cpp", size.form.kernel, KERNEL / "training.cpp")
    text = "".join(f"#define {name} {value}\n" for name, value in shape.items())
    text += "\n".join(source.read_text() for source in sources)
    try:
        # another version of the compiler may round otherwise, and records are to be the same bytes on every repetition
        key = [text, _version(CPP.require_compiler()[0])]
        library, _ = load_library(key, lambda: (text, {}), CPP)
    except (CannotCompile, OSError, subprocess.CalledProcessError) as problem:
        warnings.warn(
            f"the training step could not be compiled ({first_line(problem)}); training continues without "
            "it, several times slower.",
            stacklevel=2,
        )
        return None
    return NativeStep(library)


@functools.cache
def _version(command: str) -> str:
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout


def _whole(tokens: IntArray) -> IntArray:
    return np.ascontiguousarray(tokens, dtype=np.int32)


def _at(array: np.ndarray) -> ctypes.c_void_p:
    if not array.flags.c_contiguous:
        raise ValueError("an array of a kernel must be contiguous")
    return array.ctypes.data_as(ctypes.c_void_p)
