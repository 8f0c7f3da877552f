"""A stack of decoders in torch, which defines the computation on every device."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from bayeskisl.sweeping.decoder import Decoder

__all__ = ["logits_of", "token_loss"]


def logits_of(decoder: Decoder, weights: Tensor, inputs: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
    """Return next-token logits.

    Parameters
    ----------
    decoder : Decoder
    weights : Tensor
        Shape ``(run, weight)``.
    inputs : Tensor
        Tokens, shape ``(run, sequence, context)``, int64.
    precision : torch.dtype
        Type of the matrix products of the blocks and the head.

    Returns
    -------
    Tensor
        Shape ``(run, sequence * context, vocabulary)``, float32.
    """
    runs, sequences, context = inputs.shape
    w, heads, n = decoder.size.width, decoder.size.heads, sequences * context
    part = _split(decoder, weights)

    def product(x: Tensor, name: str) -> Tensor:
        return torch.bmm(x.to(precision), part[name].to(precision)).float()

    rows = torch.arange(runs, device=inputs.device)[:, None, None] * decoder.vocabulary
    x = F.embedding(inputs + rows, part["token"].reshape(runs * decoder.vocabulary, w))
    x = (x + part["position"][:, None, :context]).view(runs, n, w)
    for layer in range(decoder.size.layers):
        qkv = product(F.rms_norm(x, (w,)), f"attend{layer}")
        q, k, v = qkv.view(runs * sequences, context, 3, heads, w // heads).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + product(mixed.transpose(1, 2).reshape(runs, n, w), f"merge{layer}")
        hidden = _SquaredReLU.apply(product(F.rms_norm(x, (w,)), f"expand{layer}"))
        x = x + product(hidden, f"contract{layer}")
    return product(F.rms_norm(x, (w,)), "head")


def token_loss(
    decoder: Decoder, weights: Tensor, inputs: Tensor, targets: Tensor, precision: torch.dtype = torch.float32
) -> Tensor:
    """Return the cross-entropy of every target in nats, shape ``(run, sequence * context)``."""
    logits = logits_of(decoder, weights, inputs, precision)
    nats = F.cross_entropy(logits.view(-1, decoder.vocabulary), targets.reshape(-1), reduction="none")
    return nats.view(logits.shape[:2])


def _split(decoder: Decoder, weights: Tensor) -> dict[str, Tensor]:
    sizes = [rows * columns for rows, columns in decoder.shapes.values()]
    parts = weights.split(sizes, dim=1)
    return {name: p.view(-1, *shape) for (name, shape), p in zip(decoder.shapes.items(), parts, strict=True)}


class _SquaredReLU(torch.autograd.Function):
    """relu(x)^2 with derivative 2 relu(x): half the passes over memory of the composed functions."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        positive = x.relu()
        context.save_for_backward(positive)
        return positive * positive

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (positive,) = context.saved_tensors
        return (gradient * positive).mul_(2)
