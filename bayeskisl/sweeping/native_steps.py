"""Training steps by the compiled kernel, on one CPU core."""

import numpy as np

from bayeskisl.arrays import BoolArray, Float32Array, IntArray
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.ladder import Training
from bayeskisl.sweeping.native import NativeStep
from bayeskisl.sweeping.steps import State, Steps, schedule_of

__all__ = ["NativeSteps"]


class NativeSteps(Steps):
    """Steps by the compiled kernel, one run after the other."""

    name = "native"

    def __init__(
        self,
        kernel: NativeStep,
        decoder: Decoder,
        training: Training,
        rates: Float32Array,
        tokens: IntArray,
        state: State,
    ) -> None:
        self._kernel, self._training, self._rates, self._tokens, self._state = kernel, training, rates, tokens, state
        self._decays, self._epsilons = decoder.decays(training), decoder.epsilons(training)
        self._schedule = schedule_of(training, tokens.shape[1] // training.batch)

    def advance(self, first: int, last: int) -> Float32Array:
        batch, state = self._training.batch, self._state
        losses = [
            self._kernel.train(
                weights,
                mean,
                square,
                rates,
                self._decays,
                self._epsilons,
                tokens[first * batch : last * batch],
                self._training,
                self._schedule[first:last],
            )
            for weights, mean, square, rates, tokens in zip(
                state.weights, state.mean, state.square, self._rates, self._tokens, strict=True
            )
        ]
        return np.stack(losses, axis=1)

    def state(self) -> State:
        return State(self._state.weights.copy(), self._state.mean.copy(), self._state.square.copy())

    def restore(self, state: State) -> None:
        self._state = state

    def evaluate(self, row: int, tokens: IntArray) -> tuple[Float32Array, BoolArray]:
        return self._kernel.evaluate(self._state.weights[row], tokens)
