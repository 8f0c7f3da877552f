"""Fields that follow from a column of another meaning: states, guessing, budgets, sizes with embeddings."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from bayeskisl import schema
from bayeskisl.curves.tables.fields import SIZES, STATE
from bayeskisl.curves.tables.names import bare
from bayeskisl.curves.tables.quantities import as_text, is_missing, read_quantity, texts_in
from bayeskisl.curves.tables.spelling import quoted
from bayeskisl.curves.tables.states import FLAGS, state_by_flags

__all__ = ["derive"]

_CHOICES = ("num_choices", "n_choices", "choices", "n_options", "num_options")
_PER_PARAMETER = ("tokens_per_param", "tokens_per_parameter", "tok_per_param", "tpp")
_EMBEDDING = ("embedding_params", "n_embedding_params", "num_embedding_params", "params_embedding", "emb_params")


def derive(columns: Mapping[str, Sequence[object]], known: Mapping[str, str], free: Iterable[str]) -> dict[str, str]:
    """Return fields that follow from the free columns, as SQL; a field that is known follows from none."""
    derived: dict[str, str] = {}
    for column in free:
        name = bare(column)
        if name in _RULES:
            derived |= _RULES[name](name, quoted(column), columns[column], known)
    return derived


def _state(name: str, source: str, cells: Sequence[object], known: Mapping[str, str]) -> dict[str, str]:
    state = None if STATE in known else state_by_flags(name, source, cells)
    return {} if state is None else {STATE: state}


def _guessing(name: str, source: str, cells: Sequence[object], known: Mapping[str, str]) -> dict[str, str]:
    if schema.GUESSING in known or not _are_choices(cells):
        return {}
    free = any(is_missing(cell) or read_quantity(as_text(cell)) in (0, 1) for cell in cells)
    chance = f"1.0 / {source}"
    return {schema.GUESSING: f"CASE WHEN {source} >= 2 THEN {chance} ELSE 0 END" if free else chance}


def _are_choices(cells: Sequence[object]) -> bool:
    """Whether cells are whole numbers of answers to choose from, 0 or 1 where answers are free."""
    values = [read_quantity(text) for text in texts_in(cells)]
    whole = all(value is not None and value >= 0 and value.is_integer() for value in values)
    return whole and any(value is not None and value >= 2 for value in values)


def _budget(name: str, source: str, cells: Sequence[object], known: Mapping[str, str]) -> dict[str, str]:
    size = _size(known)
    return {} if size is None or schema.TOKENS in known else {schema.TOKENS: f"{source} * {size}"}


def _both_sizes(name: str, source: str, cells: Sequence[object], known: Mapping[str, str]) -> dict[str, str]:
    size = _size(known)
    if size is None or set(SIZES) <= set(known):
        return {}
    return {schema.TOTAL_PARAMS: size, schema.PARAMS: f"{size} - {source}"}


def _size(known: Mapping[str, str]) -> str | None:
    return known.get(schema.PARAMS, known.get(schema.TOTAL_PARAMS))


_Rule = Callable[[str, str, Sequence[object], Mapping[str, str]], dict[str, str]]
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(FLAGS, _state),
    **dict.fromkeys(_CHOICES, _guessing),
    **dict.fromkeys(_PER_PARAMETER, _budget),
    **dict.fromkeys(_EMBEDDING, _both_sizes),
}
