"""Pieces of decoders in torch, for stacks of runs: array r of each belongs to run r."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["attend", "embed", "normalise", "product", "rotate", "rotation", "squared_relu"]


def embed(table: Tensor, inputs: Tensor) -> Tensor:
    """Rows of each run's own table ``(run, vocabulary, width)``, shape ``(run, sequence, context, width)``."""
    runs, vocabulary, width = table.shape
    rows = torch.arange(runs, device=inputs.device)[:, None, None] * vocabulary
    return F.embedding(inputs + rows, table.reshape(runs * vocabulary, width))


def normalise(x: Tensor) -> Tensor:
    """Divide by the root mean square of the features."""
    return F.rms_norm(x, x.shape[-1:])


def product(x: Tensor, matrix: Tensor, precision: torch.dtype) -> Tensor:
    """Each run's activations times its own matrix, float32."""
    return torch.bmm(x.to(precision), matrix.to(precision)).float()


def attend(qkv: Tensor, inputs: Tensor, heads: int, turn: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Causal attention of queries, keys and values ``(run, sequence * context, 3 * width)``; `turn` is a rotation."""
    runs, sequences, context = inputs.shape
    w = qkv.shape[-1] // 3
    q, k, v = qkv.view(runs * sequences, context, 3, heads, w // heads).permute(2, 0, 3, 1, 4).unbind(0)
    if turn is not None:
        q, k = rotate(q, turn), rotate(k, turn)
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return mixed.transpose(1, 2).reshape(runs, sequences * context, w)


def rotation(context: int, width: int, base: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles of a head of so many features, each ``(context, width / 2)``.

    Pair j turns by ``base ** (-2 j / width)`` a position (rotary positions, Su et al., arXiv 2104.09864).
    """
    pairs = torch.arange(width // 2, device=device, dtype=torch.float64)
    places = torch.arange(context, device=device, dtype=torch.float64)
    angles = places[:, None] * base ** (-2 * pairs / width)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn feature j and feature j + width / 2 of every head, as Llama pairs them."""
    (cosine, sine), (one, other) = turn, x.chunk(2, dim=-1)
    return torch.cat([one * cosine - other * sine, other * cosine + one * sine], dim=-1)


def squared_relu(x: Tensor) -> Tensor:
    """relu(x)^2 (So et al., arXiv 2109.08668)."""
    return _SquaredReLU.apply(x)


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2, whose derivative is 2 relu(x): half the passes over memory that composing the two takes."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        positive = x.relu()
        context.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (positive,) = context.saved_tensors
        return (gradient * positive).mul_(2)
