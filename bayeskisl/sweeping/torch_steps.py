"""Training steps in torch: eager on any device, and on CUDA as one captured graph."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from bayeskisl.arrays import BoolArray, Float32Array, IntArray
from bayeskisl.sweeping.decoder import Decoder
from bayeskisl.sweeping.forward import logits_of, token_loss
from bayeskisl.sweeping.ladder import Training
from bayeskisl.sweeping.steps import State, Steps, schedule_of

__all__ = ["GraphSteps", "TorchSteps", "one_thread"]

_PRECISION = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_SEQUENCES = 256  # evaluated at a time; bounds the memory of the logits
_WARM_UP = 3  # steps that a CUDA graph wants to see before it is captured


@contextmanager
def one_thread() -> Iterator[None]:
    """Context that computes on one thread, so that records do not depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class TorchSteps(Steps):
    """Steps in plain torch. A step never waits for the device or depends on the host, including its number."""

    name = "torch"

    def __init__(
        self, decoder: Decoder, training: Training, rates: Float32Array, tokens: IntArray, state: State, device: str
    ) -> None:
        def on_device(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(device, copy=True)

        self._decoder, self._training = decoder, training
        self._loss: Callable[..., Tensor] = functools.partial(token_loss, decoder)
        self._update: Callable[[Tensor], None] = self._adamw
        self._precision = _PRECISION[training.precision]
        self._rates, self._tokens = on_device(rates), on_device(tokens)
        # A number where it is the same of all weights: adding it rounds otherwise than adding a row of it.
        self._decay, self._epsilon = (
            float(row[0]) if (row == row[0]).all() else on_device(row)
            for row in (decoder.decays(training), decoder.epsilons(training))
        )
        self._weights, self._mean, self._square = map(on_device, (state.weights, state.mean, state.square))
        steps = tokens.shape[1] // training.batch
        self._schedule = on_device(schedule_of(training, steps))
        self._losses = torch.zeros(steps, len(tokens), device=device)
        self._step = torch.zeros(1, dtype=torch.int64, device=device)
        self._places = torch.arange(training.batch, device=device)

    def advance(self, first: int, last: int) -> Float32Array:
        self._step.fill_(first)
        with one_thread():
            for _ in range(first, last):
                self._take()
        return self._losses[first:last].cpu().numpy()

    def state(self) -> State:
        return State(*(row.detach().cpu().numpy().copy() for row in (self._weights, self._mean, self._square)))

    @torch.no_grad()
    def restore(self, state: State) -> None:
        for row, was in zip((self._weights, self._mean, self._square), vars(state).values(), strict=True):
            row.copy_(torch.from_numpy(was))

    @torch.no_grad()
    def evaluate(self, row: int, tokens: IntArray) -> tuple[Float32Array, BoolArray]:
        read = torch.from_numpy(tokens).to(self._weights.device).long()
        with one_thread():
            parts = [self._judge(row, part) for part in read.split(_SEQUENCES)]
        nats, right = (torch.cat(kind).cpu().numpy() for kind in zip(*parts, strict=True))
        return nats, right

    def _judge(self, row: int, tokens: Tensor) -> tuple[Tensor, Tensor]:
        targets = tokens[:, 1:]
        logits = logits_of(self._decoder, self._weights[row : row + 1], tokens[None, :, :-1])[0]
        nats = F.cross_entropy(logits, targets.reshape(-1), reduction="none")
        return nats.view(targets.shape), logits.argmax(dim=-1).view(targets.shape) == targets

    def _take(self) -> None:
        batch = self._tokens.index_select(1, self._step * self._training.batch + self._places).long()
        weights = self._weights.detach().requires_grad_()
        loss = self._loss(weights, batch[..., :-1], batch[..., 1:], self._precision).mean(dim=1)
        (gradient,) = torch.autograd.grad(loss.sum(), weights)
        self._update(gradient)
        self._losses.index_copy_(0, self._step, loss.detach()[None])
        self._step += 1

    @torch.no_grad()
    def _adamw(self, gradient: Tensor) -> None:
        t = self._training
        rate, correction1, correction2 = self._schedule.index_select(0, self._step)[0].unbind()
        self._mean.lerp_(gradient, 1 - t.beta1)
        self._square.mul_(t.beta2).addcmul_(gradient, gradient, value=1 - t.beta2)
        scale = (self._square / correction2).sqrt_().add_(self._epsilon)
        update = (self._mean / correction1).div_(scale)
        if isinstance(self._decay, float):
            update.add_(self._weights, alpha=self._decay)
        else:
            update.addcmul_(self._weights, self._decay)
        self._weights.addcmul_(update, self._rates * -rate)


class GraphSteps(TorchSteps):
    """Steps on CUDA: loss, gradient and update are compiled, and the whole step is one captured graph.

    NOT YET RUN ON A GPU, and without a test of its own: none was at hand. The step that it captures is that of
    `TorchSteps`, which is tested; capture and replay follow torch's documented recipe (``torch.cuda.CUDAGraph``).
    """

    name = "graph"

    def __init__(
        self, decoder: Decoder, training: Training, rates: Float32Array, tokens: IntArray, state: State, device: str
    ) -> None:
        super().__init__(decoder, training, rates, tokens, state, device)
        self._loss = torch.compile(self._loss, dynamic=False)
        self._update = torch.compile(self._update, dynamic=False)
        self._graph: torch.cuda.CUDAGraph | None = None

    def advance(self, first: int, last: int) -> Float32Array:
        if self._graph is None and self._weights.is_cuda:
            self._capture()
        return super().advance(first, last)

    def _take(self) -> None:
        if self._graph is None:
            super()._take()
        else:
            self._graph.replay()

    def _capture(self) -> None:
        """Warm up on a side stream, as capture requires, undo its changes, and record one step."""
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
