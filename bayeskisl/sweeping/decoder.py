"""Architecture of a stack of decoders as one set of arrays: run r owns row r of each.

All weights of a run lie in one row of a flat matrix ``(run, weight)``, so that the optimiser is a handful of
element-wise operations whatever the number of layers, and per-run learning rates are a column.

Width enters by muP's rules for Adam (Yang et al., arXiv 2203.03466): matrices start at 1/sqrt(fan-in) and take a
learning rate that falls as 1/width; embeddings take the same rate at every width; the head starts at zero.
"""

import math
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import Float32Array, FloatArray
from bayeskisl.sweeping.ladder import ModelSize, Training

__all__ = ["Decoder"]


@dataclass(frozen=True)
class Decoder:
    """Architecture of a stack: pre-norm RMS blocks, squared ReLU, learned positions, untied head."""

    size: ModelSize
    vocabulary: int
    context: int

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Shape of each weight of one run, (fan-in, fan-out) for matrices."""
        w = self.size.width
        shapes = {"token": (self.vocabulary, w), "position": (self.context, w)}
        for layer in range(self.size.layers):
            shapes |= {
                f"attend{layer}": (w, 3 * w),
                f"merge{layer}": (w, w),
                f"expand{layer}": (w, 4 * w),
                f"contract{layer}": (4 * w, w),
            }
        return shapes | {"head": (w, self.vocabulary)}

    @property
    def weights_per_run(self) -> int:
        return sum(rows * columns for rows, columns in self.shapes.values())

    def initial(self, rng: np.random.Generator) -> Float32Array:
        """Initial weights of one run, shape ``(weight,)``, float32, drawn by NumPy and so equal on every device."""
        parts = [self._initial_part(name, shape, rng) for name, shape in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)

    def _initial_part(self, name: str, shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
        scale = {"token": 1.0, "position": 0.5, "head": 0.0}.get(name, 1 / math.sqrt(shape[0]))
        return scale * rng.standard_normal(shape[0] * shape[1])

    def rate_factors(self, training: Training) -> Float32Array:
        """Learning rate of each weight relative to the recipe's, shape ``(weight,)``."""
        matrix = training.base_width / self.size.width if training.base_width else 1.0
        factor = {"token": 1.0, "position": 1.0}
        parts = [np.full(rows * cols, factor.get(name, matrix)) for name, (rows, cols) in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)
