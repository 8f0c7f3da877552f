"""Families of language-model sizes with the recipe that trains them: ``models/ladders/*.toml``."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path

from bayeskisl.errors import InputError
from bayeskisl.knowledge import CorpusFormat, FactFormat
from bayeskisl.knowledge.text import TextCorpus, TextFacts
from bayeskisl.shipped import shipped_file

__all__ = ["Ladder", "ModelSize", "Training", "from_table", "load_ladder", "read_toml"]


@dataclass(frozen=True)
class ModelSize:
    """One decoder: `layers` blocks of width `width` with `heads` heads; norms have no gains, nothing has a bias."""

    width: int  # e.g. 32
    layers: int = 2
    heads: int = 2

    @property
    def params(self) -> int:
        """Non-embedding parameters N = 12 x layers x width^2 (attention 4, feed-forward 8)."""
        return 12 * self.layers * self.width**2

    def total_params(self, vocabulary: int, context: int) -> int:
        """N, the token and position embeddings, and the untied head."""
        return self.params + (2 * vocabulary + context) * self.width


@dataclass(frozen=True)
class Training:
    """The recipe of AdamW; `learning_rate` is the peak for embeddings, matrices take it times base_width / width."""

    learning_rate: float = 1e-2
    base_width: int = 16  # where matrices and embeddings share one rate; 0: no scaling with width
    batch: int = 32  # sequences a step
    beta1: float = 0.9
    beta2: float = 0.98
    weight_decay: float = 0.01  # decoupled, times the learning rate
    warmup_steps: int = 100
    flat_until: float = 0.7  # share of the steps at the peak
    final_share: float = 0.05  # of the peak, reached linearly at the last step
    precision: str = "float32"  # of the matrix products: "float32" or "bfloat16"


@dataclass(frozen=True)
class Ladder:
    """A family of sizes, what they read, and how they are trained.

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
    """

    name: str
    context: int
    sizes: dict[int, ModelSize]
    learning_rates: dict[int, float]
    training: Training = field(default_factory=Training)
    facts: FactFormat | TextFacts = field(default_factory=FactFormat)
    corpus: CorpusFormat | TextCorpus = field(default_factory=CorpusFormat)

    def size(self, width: int) -> ModelSize:
        """The size of this width, or an InputError that lists those there are."""
        if width not in self.sizes:
            known = ", ".join(map(str, sorted(self.sizes)))
            raise InputError(f"a width of ladder {self.name!r} ({known})", width, "widths", "add it to the ladder")
        return self.sizes[width]

    def recipe(self, width: int) -> Training:
        """The training recipe at this width, with its tuned learning rate."""
        self.size(width)
        return replace(self.training, learning_rate=self.learning_rates[width])

    def width_of(self, params: int) -> int:
        """The width whose non-embedding parameters are `params`."""
        for width, size in self.sizes.items():
            if size.params == params:
                return width
        known = ", ".join(str(size.params) for size in self.sizes.values())
        raise InputError(f"non-embedding parameters of a size of ladder {self.name!r} ({known})", params, "params")


def load_ladder(name: str | Path) -> Ladder:
    """Read a ladder by its shipped name or from a TOML file.

    Raises
    ------
    InputError
        If there is none, or if a key is unknown, missing or of the wrong type.
    """
    path = shipped_file("ladders", name)
    table = read_toml(path)
    where = path.name
    allowed = {"name", "title", "context", "model", "training", "facts", "corpus", "sizes"}
    refuse_unknown(table, allowed, where)
    rows = table.get("sizes") or []
    if not rows:
        raise InputError("at least one [[sizes]] with width and learning_rate", "none", where)
    shape = table.get("model", {})
    refuse_unknown(shape, {"layers", "heads"}, f"{where} [model]")
    sizes, rates = {}, {}
    for row in rows:
        refuse_unknown(row, {"width", "learning_rate"}, f"{where} [[sizes]]")
        if "width" not in row or "learning_rate" not in row:
            raise InputError("width and learning_rate in every [[sizes]]", str(row), where)
        size = from_table(ModelSize, {"width": row["width"], **shape}, f"{where} [[sizes]]")
        if size.width % size.heads:
            raise InputError(f"a width divisible by {size.heads} heads", size.width, f"{where} [[sizes]]")
        sizes[size.width], rates[size.width] = size, float(row["learning_rate"])
    return Ladder(
        name=table.get("name", path.stem),
        context=table.get("context", 24),
        sizes=sizes,
        learning_rates=rates,
        training=from_table(Training, table.get("training", {}), f"{where} [training]"),
        facts=from_table(FactFormat, table.get("facts", {}), f"{where} [facts]"),
        corpus=from_table(CorpusFormat, table.get("corpus", {}), f"{where} [corpus]"),
    )


def read_toml(path: Path) -> dict:
    """Parse a TOML file, or say in one sentence what is wrong with it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("a TOML file", "no such file", str(path), "check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InputError("valid TOML", str(problem), str(path)) from None


def refuse_unknown(table: dict, allowed: set[str], where: str) -> None:
    """Raise an InputError that names the first unknown key and the allowed ones."""
    for key in table:
        if key not in allowed:
            raise InputError(f"keys among {', '.join(sorted(allowed))}", repr(key), where)


def from_table[T](kind: type[T], table: dict, where: str) -> T:
    """Build a frozen dataclass from a TOML table; an integer is taken where a float is due, nothing else."""
    known = {f.name: f.type for f in fields(kind) if isinstance(f.type, type)}  # nested tables are read by themselves
    refuse_unknown(table, set(known), where)
    values = {}
    for key, value in table.items():
        wanted = known[key]
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise InputError(f"{key} of type {wanted.__name__}", repr(value), where)
        values[key] = value
    missing = [f.name for f in fields(kind) if f.name not in values and _required(f)]
    if missing:
        raise InputError(f"a value for {', '.join(missing)}", "none", where)
    return kind(**values)


def _required(f: object) -> bool:
    return f.default is MISSING and f.default_factory is MISSING  # type: ignore[attr-defined]
