"""The standard architecture: decoders as laboratories train them today, with CompleteP's rules for width and depth.

Pre-norm RMS blocks with gains (arXiv 1910.07467), rotary positions (arXiv 2104.09864), a gated feed-forward of 8/3
widths (SwiGLU, arXiv 2002.05202), an untied head, no biases: the form of Llama (arXiv 2302.13971).

Width and depth enter by CompleteP (Dey et al., "Don't be lazy", arXiv 2505.01618, table 1 at alpha = 1). With the
ratios n = width / base width and l = layers / base layers, learning rate, weight decay and epsilon of AdamW are, as
factors of what the recipe states:

===================  ==========  ============  =====  =======  =========
arrays               multiplier  sd at start   rate   decay    epsilon
===================  ==========  ============  =====  =======  =========
token embeddings     1           1             1      1        1 / n
matrices of blocks   1 / l *     1 / sqrt(fi)  1 / n  n        1 / (n l)
gains of blocks      1           all 1         1      0        1 / (n l)
last gains           1           all 1         1      0        1 / n
head                 1 / n       0             1      1        1 / n
===================  ==========  ============  =====  =======  =========

\\* of every residual branch; ``fi`` is the fan-in. The epsilons of embeddings and head are those of the paper's
equation 40, which its reference implementation (``EleutherAI/nanoGPT-mup``, branch ``completep``) follows. That the
head starts at zero is muP's advice (arXiv 2203.03466, appendix D.2). Attention is divided by the root of the head's
width: keep that width the same at every size, where the root and muP's 1 / width differ by a constant.

The multipliers are no part of the model here. AdamW trains a matrix W behind a multiplier m exactly as it trains m W
without one, if the start and the rate are times m, and decay and epsilon divided by m (arXiv 2203.03466, appendix on
equivalent parametrisations). So the last matrix of a branch starts at 1 / (l sqrt(fi)) and has the factors 1 / (n l),
n l and 1 / n; the head has 1 / n, n and 1; and what is trained is a plain Llama. A test holds this to the table.
"""

import math
from typing import TYPE_CHECKING

from bayeskisl.errors import InputError
from bayeskisl.sweeping.architectures.base import KERNEL, Architecture, Rule, Start

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["ROTARY_BASE", "Standard", "inner_width"]

ROTARY_BASE = 10_000.0  # the slowest pair turns once in 63,000 positions, as in the paper


def inner_width(width: int) -> int:
    """Width of the gated feed-forward: the multiple of eight nearest to 8/3 widths, 8 at least.

    Its three matrices then have the 8 width^2 parameters of a plain one of four widths (arXiv 2002.05202).
    """
    return 8 * max(1, round(width / 3))


class Standard(Architecture):
    """RMS norm with gains, rotary positions, SwiGLU; width and depth by CompleteP."""

    name, scales_depth, kernel = "standard", True, KERNEL / "standard.cpp"

    def refuse(self, width: int, heads: int) -> None:
        if width // heads % 2:
            raise InputError("heads of an even width, since rotary positions turn pairs", f"{width} in {heads} heads")

    def params(self, width: int, layers: int) -> int:
        """Attention 4 width^2, feed-forward 3 width x inner width and two gains a layer, and the last gain."""
        return layers * (4 * width**2 + 3 * width * inner_width(width) + 2 * width) + width

    def embedding_params(self, width: int, vocabulary: int, context: int) -> int:
        """Token embeddings and the untied head."""
        return 2 * vocabulary * width

    def shapes(self, width: int, layers: int, vocabulary: int, context: int) -> dict[str, tuple[int, int]]:
        w, inner = width, inner_width(width)
        shapes = {"token": (vocabulary, w)}
        for layer in range(layers):
            shapes |= {
                f"attend_gain{layer}": (1, w),
                f"attend{layer}": (w, 3 * w),
                f"merge{layer}": (w, w),
                f"expand_gain{layer}": (1, w),
                f"expand{layer}": (w, 2 * inner),  # the gate, then what it lets through
                f"contract{layer}": (inner, w),
            }
        return shapes | {"gain": (1, w), "head": (w, vocabulary)}

    def start(self, name: str, shape: tuple[int, int], depth_ratio: float) -> Start:
        if "gain" in name:
            return Start(sd=0.0, mean=1.0)
        if name in ("token", "head"):
            return Start(sd=1.0 if name == "token" else 0.0)
        return Start(sd=1 / math.sqrt(shape[0]) / (depth_ratio if _ends_branch(name) else 1.0))

    def rule(self, name: str, width_ratio: float, depth_ratio: float) -> Rule:
        n, l = width_ratio, depth_ratio  # noqa: E741 - the table's letters
        if name == "token":
            return Rule(epsilon=1 / n)
        if name == "head":
            return Rule(rate=1 / n, decay=n, epsilon=1.0)
        if "gain" in name:
            return Rule(decay=0.0, epsilon=1 / n if name == "gain" else 1 / (n * l))
        if _ends_branch(name):
            return Rule(rate=1 / (n * l), decay=n * l, epsilon=1 / n)
        return Rule(rate=1 / n, decay=n, epsilon=1 / (n * l))

    def logits(
        self, part: dict[str, "Tensor"], inputs: "Tensor", layers: int, heads: int, precision: "torch.dtype"
    ) -> "Tensor":
        import torch.nn.functional as F

        from bayeskisl.sweeping.architectures.blocks import attend, embed, normalise, product, rotation

        runs, sequences, context = inputs.shape
        x = embed(part["token"], inputs).view(runs, sequences * context, -1)
        turn = rotation(context, x.shape[-1] // heads, ROTARY_BASE, x.device)
        for layer in range(layers):
            y = normalise(x) * part[f"attend_gain{layer}"]
            qkv = product(y, part[f"attend{layer}"], precision)
            x = x + product(attend(qkv, inputs, heads, turn), part[f"merge{layer}"], precision)
            y = normalise(x) * part[f"expand_gain{layer}"]
            gate, through = product(y, part[f"expand{layer}"], precision).chunk(2, dim=-1)
            x = x + product(F.silu(gate) * through, part[f"contract{layer}"], precision)
        return product(normalise(x) * part["gain"], part["head"], precision)

    def defines(self, width: int) -> dict[str, int]:
        return {"INNER": inner_width(width), "ROTARY_BASE": int(ROTARY_BASE)}

    def floats_per_token(self, width: int) -> int:
        # the stream, normalised and with gains, twice: 6; queries to values 3, both turned 2 and their halves 2, mixed,
        # and mixed in the order of the merge: 15; gate and what it lets through twice, and their product
        return 15 * width + 5 * inner_width(width)


def _ends_branch(name: str) -> bool:
    return name.startswith(("merge", "contract"))
