"""Families of language-model sizes with the recipe that trains them: ``models/ladders/*.toml``."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat
from bayeskisl.knowledge.text import TextCorpus, TextFacts
from bayeskisl.shipped import shipped_file
from bayeskisl.specifications import Positive, Share, Table, read_table, read_toml, strictly
from bayeskisl.sweeping.architectures import PLAIN, Architecture, architecture_named

__all__ = ["Ladder", "ModelSize", "Training", "load_ladder"]

# The largest decoder that one device trains has a few thousand of each; no product of these leaves 64 bits.
Width = Annotated[int, Field(ge=1, le=2**16)]
Layers = Annotated[int, Field(ge=1, le=2**10)]
Heads = Annotated[int, Field(ge=1, le=2**12)]


def _known_architecture(name: str) -> str:
    architecture_named(name)
    return name


Named = Annotated[str, AfterValidator(_known_architecture)]


@strictly
@dataclass(frozen=True)
class ModelSize:
    """One decoder: `layers` blocks of width `width` with `heads` heads."""

    width: Width  # e.g. 32
    layers: Layers = 2
    heads: Heads = 2
    architecture: Named | None = None  # None: plain, which the first specifications do not name

    @property
    def form(self) -> Architecture:
        """The architecture: its weights, and what they compute."""
        return architecture_named(self.architecture)

    @property
    def params(self) -> int:
        """Non-embedding parameters N."""
        return self.form.params(self.width, self.layers)

    def total_params(self, vocabulary: int, context: int) -> int:
        """N, the embeddings, and the untied head."""
        return self.params + self.form.embedding_params(self.width, vocabulary, context)


@strictly
@dataclass(frozen=True)
class Training:
    """The recipe of AdamW; `learning_rate` is the peak for embeddings, times base_width / width for matrices and head.

    Where the architecture's rules depend on the depth, rates, decays, epsilons and starts are those of `base_layers`
    layers, and scale with layers / base_layers.
    """

    learning_rate: Positive = 1e-2
    base_width: Annotated[int, Field(ge=0, le=2**16)] = (
        16  # where matrices and embeddings share one rate; 0: no scaling
    )
    batch: Annotated[int, Field(ge=1, le=2**20)] = 32  # sequences a step
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.98
    weight_decay: Annotated[float, Field(ge=0, le=1e3)] = 0.01  # decoupled, times the learning rate
    warmup_steps: Annotated[int, Field(ge=0, le=10**9)] = 100
    flat_until: Share = 0.7  # share of the steps at the peak
    final_share: Share = 0.05  # of the peak, reached linearly at the last step
    precision: Literal["float32", "bfloat16"] = "float32"  # of the matrix products
    base_layers: Layers | None = None  # depth for which rates are stated; None: no scaling with depth


@dataclass(frozen=True)
class Ladder:
    """A family of sizes, their data format, and their training recipe.

    Attributes
    ----------
    name : str
    context : int
        Tokens of a sequence.
    sizes : dict of int to ModelSize
        By width.
    learning_rates : dict of int to float
        The tuned peak rate of each width.
    training : Training
        The recipe; its rate is replaced by the width's own.
    facts : FactFormat or TextFacts
    corpus : CorpusFormat or TextCorpus
        Symbols; a sweep may put real text in their place.
    tokens_per_param : float, optional
        Budget of a sweep that states none.
    """

    name: str
    context: int
    sizes: dict[int, ModelSize]
    learning_rates: dict[int, float]
    training: Training = field(default_factory=Training)
    facts: FactFormat | TextFacts = field(default_factory=FactFormat)
    corpus: CorpusFormat | TextCorpus = field(default_factory=CorpusFormat)
    tokens_per_param: float | None = None

    def size(self, width: int, layers: int | None = None) -> ModelSize:
        """Return the size of this width, of `layers` layers if given; an InputError lists the widths."""
        if width not in self.sizes:
            known = ", ".join(map(str, sorted(self.sizes)))
            raise InputError(f"a width of ladder {self.name!r} ({known})", width, "widths", "add it to the ladder")
        size = self.sizes[width]
        return size if layers is None else replace(size, layers=layers)

    def recipe(self, width: int) -> Training:
        """Return the training recipe at this width, with its tuned learning rate."""
        self.size(width)
        return replace(self.training, learning_rate=self.learning_rates[width])


@strictly
@dataclass(frozen=True)
class _Shape:
    architecture: Named = PLAIN
    layers: Layers = 2
    heads: Heads = 2


@strictly
@dataclass(frozen=True)
class _Size:
    width: Width
    learning_rate: Positive
    layers: Layers | None = None  # in place of those of [model]
    heads: Heads | None = None


class _LadderTable(Table):
    name: str = ""
    title: str = ""
    context: Annotated[int, Field(ge=1, le=2**20)] = 24
    tokens_per_param: Positive | None = None
    model: _Shape = _Shape()
    training: Training = Training()
    facts: FactFormat = FactFormat()
    corpus: CorpusFormat = CorpusFormat()
    sizes: Annotated[list[_Size], Field(min_length=1, max_length=1000)]


def load_ladder(name: str | Path) -> Ladder:
    """Read a ladder by its shipped name or from a TOML file.

    Raises
    ------
    InputError
        If there is none, or if a key is unknown, missing, of the wrong type or out of bounds.
    """
    path = shipped_file("ladders", name)
    where = path.name
    table = read_table(_LadderTable, read_toml(path), where, "the ladder")
    if table.corpus.symbols > table.facts.symbols:
        got = f"{table.corpus.symbols} beside {table.facts.symbols}"
        raise InputError("at most as many symbols in [corpus] as in [facts]", got, where)
    model = table.model
    architecture = None if model.architecture == PLAIN else model.architecture
    sizes = {
        row.width: ModelSize(row.width, row.layers or model.layers, row.heads or model.heads, architecture)
        for row in table.sizes
    }
    if len(sizes) < len(table.sizes):
        raise InputError("[[sizes]] of distinct widths", "one that occurs twice", where)
    for size in sizes.values():
        if size.width % size.heads:
            raise InputError(f"a width divisible by {size.heads} heads", size.width, f"{where} [[sizes]]")
        size.form.refuse(size.width, size.heads)
    if table.training.base_layers and not architecture_named(architecture).scales_depth:
        raise InputError(f"no base_layers with the architecture {model.architecture!r}, whose rules know no depth",
                         table.training.base_layers, f"{where} [training]", "leave it out")  # fmt: skip
    return Ladder(
        name=table.name or path.stem,
        context=table.context,
        sizes=sizes,
        learning_rates={row.width: row.learning_rate for row in table.sizes},
        training=table.training,
        facts=table.facts,
        corpus=table.corpus,
        tokens_per_param=table.tokens_per_param,
    )
