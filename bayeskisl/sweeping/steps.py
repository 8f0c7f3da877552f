"""Advancing a stack by training steps: in torch on any device, or by the compiled kernel on a CPU core.

Both hold the same state, a row of weights and two rows of AdamW's moments (Loshchilov & Hutter, arXiv 1711.05101) per
run, and take the same step.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.ladder import Training
from bayeskisl.sweeping.native import NativeStep, native_step

__all__ = ["GraphSteps", "NativeSteps", "State", "Steps", "TorchSteps", "learning_rate_at", "make_steps", "schedule_of"]

_PRECISION = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_EPSILON = 1e-8  # AdamW's usual guard against division by zero
_WARM_UP = 3  # steps that a CUDA graph wants to see before it is captured


@dataclass(frozen=True)
class State:
    """All that a stack's training depends on besides its data, each of shape ``(run, weight)``, float32, on the CPU."""

    weights: np.ndarray
    mean: np.ndarray
    square: np.ndarray

    @classmethod
    def initial(cls, weights: np.ndarray) -> "State":
        return cls(weights, np.zeros_like(weights), np.zeros_like(weights))


def learning_rate_at(training: Training, step: int, steps: int) -> float:
    """Learning rate relative to the peak: linear warm-up, flat, linear fall to the final share."""
    warmup = min(training.warmup_steps, max(1, steps // 5))
    if step < warmup:
        return (step + 1) / warmup
    done = (step + 1) / steps
    if done <= training.flat_until:
        return 1.0
    fallen = (done - training.flat_until) / (1 - training.flat_until)
    return 1 - fallen * (1 - training.final_share)


def schedule_of(training: Training, steps: int) -> np.ndarray:
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
        What the runs share; their learning rates are in `rates`.
    rates : numpy.ndarray
        Peak learning rate of each weight, shape ``(run, weight)``, float32.
    tokens : numpy.ndarray
        Shape ``(run, steps x batch, context + 1)``: each token's target is the one after it.
    state : State
    """

    name: str

    def advance(self, first: int, last: int) -> np.ndarray:
        """Take the steps `first` to `last` - 1; the mean loss before each in nats per token, ``(steps, run)``."""
        raise NotImplementedError

    def state(self) -> State:
        """A copy of the present state."""
        raise NotImplementedError

    @property
    def weights(self) -> Tensor:
        """Present weights on the device, shape ``(run, weight)``."""
        raise NotImplementedError


def make_steps(
    decoder: Decoder,
    training: Training,
    rates: np.ndarray,
    tokens: np.ndarray,
    state: State,
    device: str = "cpu",
    *,
    compiled: bool = False,
) -> Steps:
    """The fastest way of taking steps here: the kernel on a CPU, a captured graph on CUDA, else plain torch.

    The kernel computes in float32: a recipe in bfloat16 is left to torch.
    """
    given = (decoder, training, rates, tokens, state)
    kind = torch.device(device).type
    if compiled and kind == "cuda":
        return GraphSteps(*given, device)
    if compiled and kind == "cpu" and training.precision == "float32":
        kernel = native_step(decoder.size, decoder.vocabulary, decoder.context, training.batch)
        if kernel is not None:
            return NativeSteps(kernel, *given)
    return TorchSteps(*given, device)


class NativeSteps(Steps):
    """Steps by the compiled kernel, one run after the other."""

    name = "native"

    def __init__(
        self,
        kernel: NativeStep,
        decoder: Decoder,
        training: Training,
        rates: np.ndarray,
        tokens: np.ndarray,
        state: State,
    ) -> None:
        self._kernel, self._training, self._rates, self._tokens, self._state = kernel, training, rates, tokens, state
        self._schedule = schedule_of(training, tokens.shape[1] // training.batch)

    def advance(self, first: int, last: int) -> np.ndarray:
        batch, state = self._training.batch, self._state
        losses = [
            self._kernel.train(
                *of_run, tokens[first * batch : last * batch], self._training, self._schedule[first:last]
            )
            for *of_run, tokens in zip(state.weights, state.mean, state.square, self._rates, self._tokens, strict=True)
        ]
        return np.stack(losses, axis=1)

    def state(self) -> State:
        return State(self._state.weights.copy(), self._state.mean.copy(), self._state.square.copy())

    @property
    def weights(self) -> Tensor:
        return torch.from_numpy(self._state.weights)


class TorchSteps(Steps):
    """Steps in plain torch. Nothing in a step waits for the device or depends on the host, not even its number."""

    name = "torch"

    def __init__(
        self, decoder: Decoder, training: Training, rates: np.ndarray, tokens: np.ndarray, state: State, device: str
    ) -> None:
        def on_device(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(device, copy=True)

        self._loss, self._training = decoder.token_loss, training
        self._precision = _PRECISION[training.precision]
        self._rates, self._tokens = on_device(rates), on_device(tokens)
        self._weights, self._mean, self._square = map(on_device, (state.weights, state.mean, state.square))
        steps = tokens.shape[1] // training.batch
        self._schedule = on_device(schedule_of(training, steps))
        self._losses = torch.zeros(steps, len(tokens), device=device)
        self._step = torch.zeros(1, dtype=torch.int64, device=device)
        self._places = torch.arange(training.batch, device=device)

    def advance(self, first: int, last: int) -> np.ndarray:
        self._step.fill_(first)
        for _ in range(first, last):
            self._take()
        return self._losses[first:last].cpu().numpy()

    def state(self) -> State:
        return State(*(row.detach().cpu().numpy().copy() for row in (self._weights, self._mean, self._square)))

    @property
    def weights(self) -> Tensor:
        return self._weights.detach()

    def _take(self) -> None:
        batch = self._tokens.index_select(1, self._step * self._training.batch + self._places).long()
        weights = self._weights.detach().requires_grad_()
        loss = self._loss(weights, batch[..., :-1], batch[..., 1:], self._precision).mean(dim=1)
        (gradient,) = torch.autograd.grad(loss.sum(), weights)
        self._update(gradient)
        self._losses.index_copy_(0, self._step, loss.detach()[None])
        self._step += 1

    @torch.no_grad()
    def _update(self, gradient: Tensor) -> None:
        t = self._training
        rate, correction1, correction2 = self._schedule.index_select(0, self._step)[0].unbind()
        self._mean.lerp_(gradient, 1 - t.beta1)
        self._square.mul_(t.beta2).addcmul_(gradient, gradient, value=1 - t.beta2)
        scale = (self._square / correction2).sqrt_().add_(_EPSILON)
        update = (self._mean / correction1).div_(scale).add_(self._weights, alpha=t.weight_decay)
        self._weights.addcmul_(update, self._rates * -rate)


class GraphSteps(TorchSteps):
    """Steps on CUDA: loss, gradient and update are compiled, and the whole step is one captured graph.

    NOT YET RUN ON A GPU: none was at hand. Off the GPU it takes the same compiled step without a graph, which is what
    the test covers; capture and replay follow torch's documented recipe (``torch.cuda.CUDAGraph``).
    """

    name = "graph"

    def __init__(self, *given: object) -> None:
        super().__init__(*given)
        self._loss = torch.compile(self._loss, dynamic=False)
        self._update = torch.compile(self._update, dynamic=False)
        self._graph: torch.cuda.CUDAGraph | None = None

    def advance(self, first: int, last: int) -> np.ndarray:
        if self._graph is None and self._weights.is_cuda:
            self._capture()
        return super().advance(first, last)

    def _take(self) -> None:
        if self._graph is None:
            super()._take()
        else:
            self._graph.replay()

    def _capture(self) -> None:
        """Warm up on a side stream, as capture demands, undo what that changed, and record one step."""
        before = [row.clone() for row in (self._weights, self._mean, self._square)]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                super()._take()
                self._step.zero_()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            super()._take()
        for row, was in zip((self._weights, self._mean, self._square), before, strict=True):
            row.copy_(was)
        self._graph = graph
