"""What a table can tell about a run, and the column names by which that is known."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bayeskisl import schema

__all__ = ["FIELDS", "MEASURED", "NUMBERS", "TEXTS", "Field", "recognise", "says_non_embedding", "split_group"]

_LARGEST = 1e15  # beyond it, whole numbers are no longer exact in float64
_SMALLEST = 1 / _LARGEST  # of what is positive: nobody measures less, and no product of a few of them leaves float64


@dataclass(frozen=True)
class Field:
    """One thing that a table can tell.

    Parameters
    ----------
    name : str
        As in `schema` where it has the name.
    expected : str
        What its cells must be, as an error says it.
    low, high : float
        Allowed range.
    open_high : bool
        Whether the upper end itself is excluded.
    or_zero : bool
        Whether 0 is allowed below `low`.
    whole : bool
        Whether only whole numbers are allowed.
    may_be_empty : bool
        Whether a row may leave it out.
    """

    name: str
    expected: str
    low: float = -_LARGEST
    high: float = _LARGEST
    open_high: bool = False
    or_zero: bool = False
    whole: bool = False
    may_be_empty: bool = False

    def accepts(self, values: np.ndarray) -> np.ndarray:
        """Which values are allowed; NaN (an empty cell) is, if the field may be empty."""
        with np.errstate(invalid="ignore"):
            above = (values >= self.low) | (self.or_zero & (values == 0))
            below = values < self.high if self.open_high else values <= self.high
            inside = above & below & ((values == np.floor(values)) if self.whole else True)
        return inside | (np.isnan(values) if self.may_be_empty else False)


def _positive(name: str, what: str) -> Field:
    return Field(name, f"{what}, a number from {_SMALLEST:g} to {_LARGEST:g}", low=_SMALLEST)


def _count(name: str, what: str, low: int = 0, high: float = _LARGEST) -> Field:
    return Field(name, f"{what}, a whole number from {low} to {high:.10g}", low=low, high=high, whole=True)


FIELDS = {
    f.name: f
    for f in (
        _positive(schema.PARAMS, "non-embedding parameters"),
        _positive(schema.TOTAL_PARAMS, "total parameters"),
        _positive(schema.TOKENS, "training tokens"),
        _count(schema.FACTS, "infused facts", low=1),
        Field(schema.RATIO, f"an infusion ratio in [{_SMALLEST:g}, 1)", _SMALLEST, 1, open_high=True),
        _positive(schema.EXPOSURES, "exposures of a fact"),
        _positive(schema.TOKENS_PER_FACT, "tokens per fact"),
        _positive("infused_tokens", "infused tokens"),
        _count(schema.BACKGROUND_FACTS, "background facts"),
        Field(
            schema.BACKGROUND_SHARE, f"a share, 0 or in [{_SMALLEST:g}, 1)", _SMALLEST, 1, open_high=True, or_zero=True
        ),
        Field(schema.SEED, "a seed, a whole number", whole=True),
        _count(schema.RECALLED, "recalled facts", high=schema.MOST_PROBED),
        _count(schema.PROBED, "probed facts", high=schema.MOST_PROBED),
        Field("accuracy", "a rate in [0, 1]", 0, 1),
        Field(
            "standard_error", f"a standard error, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True, may_be_empty=True
        ),
        Field(schema.GUESSING, "a guessing rate in [0, 1)", 0, 1, open_high=True),
        Field(schema.GENERAL_LOSS, "a loss", may_be_empty=True),
        Field(schema.ANSWER_NATS, "nats", may_be_empty=True),
        Field(schema.LEARNING_RATE, "a learning rate", may_be_empty=True),
        Field("checkpoint", "a step or tokens seen, from 0", 0),
    )
}
NUMBERS = tuple(FIELDS)
TEXTS = (schema.RUN, schema.GROUP, schema.DOMAIN)
MEASURED = (schema.RECALLED, schema.PROBED, "accuracy", "standard_error", schema.GUESSING, schema.ANSWER_NATS)

# normalised column name -> field; "/ 100" is applied to what is in percent
_ALIASES = {
    schema.PARAMS: "n_params num_params nparams model_size parameters non_embedding_params "
    "params_non_embedding non_embedding_parameters n_non_embedding",
    schema.TOTAL_PARAMS: "total_parameters params_total num_total_params model_num_parameters",
    schema.TOKENS: "n_tokens num_tokens train_tokens training_tokens token_budget total_tokens num_input_tokens_seen",
    schema.FACTS: "n_facts num_facts infused_facts facts_infused n_biographies biographies n_triples triples",
    schema.RATIO: "infusion_ratio mixing_ratio mix_ratio domain_ratio",
    schema.EXPOSURES: "frequency repeats repetitions exposures_per_fact",
    schema.TOKENS_PER_FACT: "fact_tokens fact_length",
    "infused_tokens": "n_infused_tokens domain_tokens",
    schema.BACKGROUND_FACTS: "n_background_facts",
    schema.BACKGROUND_SHARE: "",
    schema.SEED: "random_seed data_seed",
    schema.RECALLED: "correct n_correct num_correct hits n_recalled",
    schema.PROBED: "n_probed probes n_probes questions n_questions n_samples num_samples n_eval",
    "accuracy": "acc retention recall exact_match em hit_rate",
    "accuracy_percent": "acc_percent accuracy_pct acc_pct retention_percent recall_percent exact_match_percent",
    "standard_error": "stderr std_err se acc_stderr accuracy_stderr acc_se exact_match_stderr",
    schema.GUESSING: "guessing_rate chance chance_level",
    schema.GENERAL_LOSS: "web_loss",
    schema.ANSWER_NATS: "",
    schema.LEARNING_RATE: "lr peak_lr",
    "checkpoint": "step global_step tokens_seen",
    schema.RUN: "run_id run_name",
    schema.GROUP: "probe_group",
    schema.DOMAIN: "fact_type corpus",
}
_FIELD_OF = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases.split())}
_SYMBOLS = {"N": schema.PARAMS, "D": schema.TOKENS, "K": schema.FACTS}  # a small n is more often a number of probes
_GROUPS = sorted((*schema.GROUPS, "heldout", "bg"), key=len, reverse=True)
_GROUP_OF = {"heldout": schema.INFUSED_HELDOUT, "bg": schema.BACKGROUND}
_TRACKERS = re.compile(
    r"^(?:(?:params|config|summary|metrics|tags)[./])?(?:(?:eval|test)[./_])?"
)  # prefixes of exports


def recognise(
    columns: Mapping[str, Sequence[object]], taken: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Fields that column names tell without a mapping.

    Parameters
    ----------
    columns : mapping
        Names of the table's columns to their cells.
    taken : iterable of str
        Fields that the user's mapping gives, which are not looked for.

    Returns
    -------
    known : dict
        Field (``recalled``, or ``recalled.background`` where the column names a group) to SQL expression.
    doubtful : dict
        Field to the several columns that could be it.
    """
    candidates: dict[str, list[str]] = {}
    for column in columns:
        field = _field_of(column)
        if field is not None:
            candidates.setdefault(field.replace("accuracy_percent", "accuracy"), []).append(column)
    known, doubtful = {}, {}
    for field, names in candidates.items():
        if field in taken:
            continue
        exact = [name for name in names if name == field]
        if len(names) > 1 and not exact:
            doubtful[field] = names
            continue
        column = exact[0] if exact else names[0]
        percent = (_field_of(column) or "").startswith("accuracy_percent") and not _says_percent(columns[column])
        known[field] = f"{quoted(column)} / 100" if percent else quoted(column)
    return known, doubtful


def _says_percent(cells: Sequence[object]) -> bool:
    """Whether the cells themselves say that they are in percent, 94.1%, and are read as such."""
    return any(isinstance(cell, str) and cell.rstrip().endswith("%") for cell in cells)


def says_non_embedding(column: str) -> bool:
    """Whether a column's name says that its parameters leave embeddings out, as this package's own does."""
    name = _normalised(column)
    return name == schema.PARAMS or "non_emb" in name or "nonemb" in name


def quoted(column: str) -> str:
    """A column's name as SQL spells it."""
    return '"' + column.replace('"', '""') + '"'


def split_group(field: str) -> tuple[str, str]:
    """``recalled.background`` -> (``recalled``, ``background``); without a group, (field, "")."""
    name, _, group = field.partition(".")
    return name, group


def _field_of(column: str) -> str | None:
    if column.strip() in _SYMBOLS:
        return _SYMBOLS[column.strip()]
    name = _normalised(_TRACKERS.sub("", column.strip())) + ("_percent" if "%" in column else "")
    if name in _FIELD_OF:
        return _FIELD_OF[name]
    for group in _GROUPS:
        for rest in (name.removeprefix(f"{group}_"), name.removesuffix(f"_{group}")):
            field = _FIELD_OF.get(rest) if rest != name else None
            if field is not None and field.replace("_percent", "") in MEASURED:
                return f"{field}.{_GROUP_OF.get(group, group)}"
    return None


def _normalised(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
