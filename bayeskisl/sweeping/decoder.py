"""The weights of a stack of decoders as one set of arrays: run r owns row r of each.

All weights of a run lie in one row of a flat matrix ``(run, weight)``, so that the optimiser is a handful of
element-wise operations whatever the number of layers, and per-run learning rates are a column. What the arrays are, how
they begin and how width and depth enter their training is the architecture's: see `bayeskisl.sweeping.architectures`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import Float32Array, FloatArray
from bayeskisl.sweeping.architectures import Architecture, Rule, Start
from bayeskisl.sweeping.ladder import ModelSize, Training

__all__ = ["ADAM_EPSILON", "Decoder"]

ADAM_EPSILON = 1e-8  # AdamW's usual guard against division by zero


@dataclass(frozen=True)
class Decoder:
    """One size of an architecture over a vocabulary and a context."""

    size: ModelSize
    vocabulary: int
    context: int

    @property
    def architecture(self) -> Architecture:
        return self.size.form

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Shape of each array of one run, (fan-in, fan-out) for matrices."""
        return self.architecture.shapes(self.size.width, self.size.layers, self.vocabulary, self.context)

    @property
    def weights_per_run(self) -> int:
        return sum(rows * columns for rows, columns in self.shapes.values())

    def initial(self, rng: np.random.Generator, training: Training | None = None) -> Float32Array:
        """Initial weights of one run, shape ``(weight,)``, float32, drawn by NumPy and so equal on every device.

        `training` is needed where the start depends on the recipe's base depth.
        """
        starts = self.starts(training or Training())
        parts = [self._drawn(starts[name], rows * columns, rng) for name, (rows, columns) in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)

    @staticmethod
    def _drawn(start: Start, weights: int, rng: np.random.Generator) -> FloatArray:
        drawn = start.sd * rng.standard_normal(weights)
        return drawn + start.mean if start.mean else drawn  # 0 + -0 is 0: other bytes

    def starts(self, training: Training) -> dict[str, Start]:
        """Starts of the arrays under a recipe."""
        depth = self._depth_ratio(training)
        return {name: self.architecture.start(name, shape, depth) for name, shape in self.shapes.items()}

    def rules(self, training: Training) -> dict[str, Rule]:
        """Rules of the arrays under a recipe."""
        width = self.size.width / training.base_width if training.base_width else 1.0
        depth = self._depth_ratio(training)
        return {name: self.architecture.rule(name, width, depth) for name in self.shapes}

    def rate_factors(self, training: Training) -> Float32Array:
        """Learning rate of each weight relative to the recipe's, shape ``(weight,)``."""
        return self._of_weights(training, lambda rule: rule.rate)

    def decays(self, training: Training) -> Float32Array:
        """Decoupled weight decay of each weight, which its learning rate multiplies, shape ``(weight,)``."""
        return self._of_weights(training, lambda rule: training.weight_decay * rule.decay)

    def epsilons(self, training: Training) -> Float32Array:
        """AdamW's epsilon of each weight, shape ``(weight,)``."""
        return self._of_weights(training, lambda rule: ADAM_EPSILON * rule.epsilon)

    def _of_weights(self, training: Training, value: Callable[[Rule], float]) -> Float32Array:
        rules = self.rules(training)
        parts = [np.full(rows * cols, value(rules[name])) for name, (rows, cols) in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)

    def _depth_ratio(self, training: Training) -> float:
        return self.size.layers / training.base_layers if training.base_layers else 1.0
