"""A stack of decoders in torch, which defines the computation on every device."""

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
    size = decoder.size
    return decoder.architecture.logits(_split(decoder, weights), inputs, size.layers, size.heads, precision)


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
