"""A stack of decoders as one set of tensors: run r owns row r of every one.

All weights of a run lie in one row of a flat matrix ``(run, weight)``, so that the optimiser is a handful of
element-wise operations whatever the number of layers, and per-run learning rates are a column.

Width enters by muP's rules for Adam (Yang et al., arXiv 2203.03466): matrices start at 1/sqrt(fan-in) and take a
learning rate that falls as 1/width; embeddings take the same rate at every width; the head starts at zero.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

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

    def initial(self, rng: np.random.Generator) -> np.ndarray:
        """Initial weights of one run, shape ``(weight,)``, float32; drawn by NumPy, so alike on every device."""
        parts = [self._initial_part(name, shape, rng) for name, shape in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)

    def _initial_part(self, name: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
        scale = {"token": 1.0, "position": 0.5, "head": 0.0}.get(name, 1 / math.sqrt(shape[0]))
        return scale * rng.standard_normal(shape[0] * shape[1])

    def rate_factors(self, training: Training) -> np.ndarray:
        """Learning rate of each weight relative to the recipe's, shape ``(weight,)``."""
        matrix = training.base_width / self.size.width if training.base_width else 1.0
        factor = {"token": 1.0, "position": 1.0}
        parts = [np.full(rows * cols, factor.get(name, matrix)) for name, (rows, cols) in self.shapes.items()]
        return np.concatenate(parts).astype(np.float32)

    def logits(self, weights: Tensor, inputs: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """Next-token logits.

        Parameters
        ----------
        weights : Tensor
            Shape ``(run, weight)``.
        inputs : Tensor
            Tokens, shape ``(run, sequence, context)``, int64.
        precision : torch.dtype
            Of the matrix products of the blocks and the head.

        Returns
        -------
        Tensor
            Shape ``(run, sequence * context, vocabulary)``, float32.
        """
        runs, sequences, context = inputs.shape
        w, heads, n = self.size.width, self.size.heads, sequences * context
        part = self._split(weights)

        def product(x: Tensor, name: str) -> Tensor:
            return torch.bmm(x.to(precision), part[name].to(precision)).float()

        rows = torch.arange(runs, device=inputs.device)[:, None, None] * self.vocabulary
        x = F.embedding(inputs + rows, part["token"].reshape(runs * self.vocabulary, w))
        x = (x + part["position"][:, None, :context]).view(runs, n, w)
        for layer in range(self.size.layers):
            qkv = product(F.rms_norm(x, (w,)), f"attend{layer}")
            q, k, v = qkv.view(runs * sequences, context, 3, heads, w // heads).permute(2, 0, 3, 1, 4).unbind(0)
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + product(mixed.transpose(1, 2).reshape(runs, n, w), f"merge{layer}")
            hidden = _SquaredReLU.apply(product(F.rms_norm(x, (w,)), f"expand{layer}"))
            x = x + product(hidden, f"contract{layer}")
        return product(F.rms_norm(x, (w,)), "head")

    def token_loss(
        self, weights: Tensor, inputs: Tensor, targets: Tensor, precision: torch.dtype = torch.float32
    ) -> Tensor:
        """Cross-entropy of every target in nats, shape ``(run, sequence * context)``."""
        logits = self.logits(weights, inputs, precision)
        nats = F.cross_entropy(logits.view(-1, self.vocabulary), targets.reshape(-1), reduction="none")
        return nats.view(logits.shape[:2])

    def _split(self, weights: Tensor) -> dict[str, Tensor]:
        sizes = [rows * columns for rows, columns in self.shapes.values()]
        parts = weights.split(sizes, dim=1)
        return {name: p.view(-1, *shape) for (name, shape), p in zip(self.shapes.items(), parts, strict=True)}


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2, whose derivative is 2 relu(x): half the passes over memory that composing the two takes."""

    @staticmethod
    def forward(context: object, x: Tensor) -> Tensor:
        positive = x.relu()
        context.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(context: object, gradient: Tensor) -> Tensor:
        (positive,) = context.saved_tensors
        return (gradient * positive).mul_(2)
