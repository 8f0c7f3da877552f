"""Base class of architectures: which weights a decoder has, how they begin and are trained, and what they compute."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # a compiled sweep does without torch
    import torch
    from torch import Tensor

__all__ = ["KERNEL", "Architecture", "Rule", "Start"]

KERNEL = Path(__file__).parents[1] / "kernel"  # C++ of the compiled step


@dataclass(frozen=True)
class Start:
    """Start of the weights of one array: normally distributed, or all at the mean."""

    sd: float
    mean: float = 0.0


@dataclass(frozen=True)
class Rule:
    """Rule by which AdamW trains one array: factors of what the recipe states."""

    rate: float = 1.0
    decay: float = 1.0
    epsilon: float = 1.0


class Architecture(ABC):
    """One architecture of decoders.

    Attributes
    ----------
    name : str
        How a ladder's ``[model]`` calls it.
    scales_depth : bool
        Whether its rules depend on the depth, so that a recipe may state ``base_layers``.
    kernel : Path
        Its part of the compiled step.
    """

    name: ClassVar[str]
    scales_depth: ClassVar[bool]
    kernel: ClassVar[Path]

    def refuse(self, width: int, heads: int) -> None:  # noqa: B027 - most shapes suit most architectures
        """Refuse a shape that it cannot have.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def params(self, width: int, layers: int) -> int:
        """Non-embedding parameters N."""

    @abstractmethod
    def embedding_params(self, width: int, vocabulary: int, context: int) -> int:
        """Parameters of embeddings and of the head."""

    @abstractmethod
    def shapes(self, width: int, layers: int, vocabulary: int, context: int) -> dict[str, tuple[int, int]]:
        """Shape of each array of one run, in their order; (fan-in, fan-out) of matrices."""

    @abstractmethod
    def start(self, name: str, shape: tuple[int, int], depth_ratio: float) -> Start:
        """Return the start of an array at so many times the base depth."""

    @abstractmethod
    def rule(self, name: str, width_ratio: float, depth_ratio: float) -> Rule:
        """Return the rule of an array at so many times the base width and the base depth."""

    @abstractmethod
    def logits(
        self, part: dict[str, "Tensor"], inputs: "Tensor", layers: int, heads: int, precision: "torch.dtype"
    ) -> "Tensor":
        """Next-token logits in torch: the definition of what is computed.

        Parameters
        ----------
        part : dict of str to Tensor
            Arrays by name, ``(run, *shape)``.
        inputs : Tensor
            Tokens, ``(run, sequence, context)``, int64.
        layers, heads : int
        precision : torch.dtype
            Precision of the matrix products.

        Returns
        -------
        Tensor
            ``(run, sequence * context, vocabulary)``, float32.
        """

    @abstractmethod
    def defines(self, width: int) -> dict[str, int]:
        """Constants that its part of the compiled step takes beside the shape."""

    @abstractmethod
    def floats_per_token(self, width: int) -> int:
        """Numbers that a layer's backward pass needs of each token, attention weights apart."""
