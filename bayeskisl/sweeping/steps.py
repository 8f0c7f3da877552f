"""Interface of training steps that advance a stack.

All ways hold the same state, a row of weights and two rows of AdamW's moments (Loshchilov & Hutter, arXiv 1711.05101)
per run, and take the same step.
"""

from dataclasses import dataclass

import numpy as np

from bayeskisl.arrays import BoolArray, Float32Array, IntArray
from bayeskisl.sweeping.ladder import Training

__all__ = ["Saved", "State", "Steps", "learning_rate_at", "schedule_of", "warmup_steps"]


@dataclass(frozen=True)
class State:
    """All that a stack's training depends on besides its data, each of shape ``(run, weight)``, float32, on the CPU."""

    weights: Float32Array
    mean: Float32Array
    square: Float32Array

    @classmethod
    def initial(cls, weights: Float32Array) -> "State":
        return cls(weights, np.zeros_like(weights), np.zeros_like(weights))


@dataclass(frozen=True)
class Saved:
    """A stack after `step` steps: its state, and the step at which each run diverged, ``(run,)``, or -1."""

    step: int
    state: State
    diverged_at: IntArray


def warmup_steps(training: Training, steps: int) -> int:
    """Steps of the linear rise of the learning rate: a fifth of all at most."""
    return min(training.warmup_steps, max(1, steps // 5))


def learning_rate_at(training: Training, step: int, steps: int) -> float:
    """Learning rate relative to the peak: linear warm-up, flat, linear fall to the final share.

    The fall begins where the warm-up ends at the earliest.
    """
    warmup = warmup_steps(training, steps)
    if step < warmup:
        return (step + 1) / warmup
    done, flat_until = (step + 1) / steps, max(training.flat_until, warmup / steps)
    if done <= flat_until:
        return 1.0
    fallen = (done - flat_until) / (1 - flat_until)
    return 1 - fallen * (1 - training.final_share)


def schedule_of(training: Training, steps: int) -> Float32Array:
    """Relative learning rate and AdamW's two bias corrections of every step, shape ``(steps, 3)``, float32."""
    table = [
        (learning_rate_at(training, step, steps), 1 - training.beta1 ** (step + 1), 1 - training.beta2 ** (step + 1))
        for step in range(steps)
    ]
    return np.array(table, np.float32)


class Steps:
    """A stack under training.

    Parameters
    ----------
    decoder : Decoder
    training : Training
        Recipe that the runs share; their learning rates are in `rates`.
    rates : numpy.ndarray
        Peak learning rate of each weight, shape ``(run, weight)``, float32.
    tokens : numpy.ndarray
        Shape ``(run, steps x batch, context + 1)``: each token's target is the one after it.
    state : State
    """

    name: str

    def advance(self, first: int, last: int) -> Float32Array:
        """Take steps `first` to `last` - 1; return the mean loss before each in nats per token, ``(steps, run)``."""
        raise NotImplementedError

    def state(self) -> State:
        """Return a copy of the present state."""
        raise NotImplementedError

    def restore(self, state: State) -> None:
        """Continue from a state of this stack."""
        raise NotImplementedError

    def evaluate(self, row: int, tokens: IntArray) -> tuple[Float32Array, BoolArray]:
        """Evaluate sequences with the present weights of one run.

        Parameters
        ----------
        row : int
            Position of the run in the stack.
        tokens : numpy.ndarray
            Shape ``(sequence, context + 1)``.

        Returns
        -------
        nats, right : numpy.ndarray
            Cross-entropy of every target and whether it is the most probable token, both ``(sequence, context)``.
        """
        raise NotImplementedError
