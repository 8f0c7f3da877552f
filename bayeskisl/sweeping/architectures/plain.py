"""The plain architecture of the first ladders: pre-norm RMS blocks, squared ReLU, learned positions, untied head.

Norms have no gains, nothing has a bias. Width enters by muP's rules for Adam (Yang et al., arXiv 2203.03466): matrices
start at 1/sqrt(fan-in) and take a learning rate that falls as 1/width; embeddings take the same rate at every width;
the head starts at zero. Depth enters no rule.
"""

import math
from typing import TYPE_CHECKING

from bayeskisl.sweeping.architectures.base import KERNEL, Architecture, Rule, Start

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["Plain"]


class Plain(Architecture):
    """Squared ReLU of four widths, learned positions."""

    name, scales_depth, kernel = "plain", False, KERNEL / "plain.cpp"

    def params(self, width: int, layers: int) -> int:
        """12 x layers x width^2: attention 4, feed-forward 8."""
        return 12 * layers * width**2

    def embedding_params(self, width: int, vocabulary: int, context: int) -> int:
        """Token and position embeddings, and the untied head."""
        return (2 * vocabulary + context) * width

    def shapes(self, width: int, layers: int, vocabulary: int, context: int) -> dict[str, tuple[int, int]]:
        w = width
        shapes = {"token": (vocabulary, w), "position": (context, w)}
        for layer in range(layers):
            shapes |= {
                f"attend{layer}": (w, 3 * w),
                f"merge{layer}": (w, w),
                f"expand{layer}": (w, 4 * w),
                f"contract{layer}": (4 * w, w),
            }
        return shapes | {"head": (w, vocabulary)}

    def start(self, name: str, shape: tuple[int, int], depth_ratio: float) -> Start:
        return Start({"token": 1.0, "position": 0.5, "head": 0.0}.get(name, 1 / math.sqrt(shape[0])))

    def rule(self, name: str, width_ratio: float, depth_ratio: float) -> Rule:
        return Rule() if name in ("token", "position") else Rule(rate=1 / width_ratio)

    def logits(
        self, part: dict[str, "Tensor"], inputs: "Tensor", layers: int, heads: int, precision: "torch.dtype"
    ) -> "Tensor":
        from bayeskisl.sweeping.architectures.blocks import attend, embed, normalise, product, squared_relu

        runs, sequences, context = inputs.shape
        x = (embed(part["token"], inputs) + part["position"][:, None, :context]).view(runs, sequences * context, -1)
        for layer in range(layers):
            qkv = product(normalise(x), part[f"attend{layer}"], precision)
            x = x + product(attend(qkv, inputs, heads), part[f"merge{layer}"], precision)
            hidden = squared_relu(product(normalise(x), part[f"expand{layer}"], precision))
            x = x + product(hidden, part[f"contract{layer}"], precision)
        return product(normalise(x), part["head"], precision)

    def defines(self, width: int) -> dict[str, int]:
        return {}

    def floats_per_token(self, width: int) -> int:
        return 18 * width
