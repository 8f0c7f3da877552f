"""Fields of a run that a table can contain, and the column names that identify them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import BoolArray, FloatArray
from bayeskisl.curves.tables.alike import say_the_same
from bayeskisl.curves.tables.problems import shown
from bayeskisl.curves.tables.quantities import as_text, header_unit, is_missing, read_quantity, size_in_name, texts_in
from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.errors import InputError

__all__ = [
    "FIELDS",
    "FINISHED",
    "GROUP_NAMES",
    "MEASURED",
    "NOTHING_INFUSED",
    "NUMBERS",
    "OUTCOMES",
    "PLANNED",
    "SHARES",
    "SIZES",
    "STATE",
    "TEXTS",
    "UNFINISHED",
    "Field",
    "as_sql",
    "column_named",
    "group_named",
    "in_shell",
    "map_option",
    "names_runs",
    "quoted",
    "recognise",
    "says_average",
    "says_loss",
    "says_non_embedding",
    "source_of",
    "split_group",
    "state_in",
    "unit_told",
    "unknown_unit",
]

STATE, PLANNED = "state", "planned_steps"  # whether a run came to its end

_LARGEST = 1e15  # beyond it, whole numbers are no longer exact in float64
_SMALLEST = 1 / _LARGEST  # of what is positive: nobody measures less, and no product of a few of them leaves float64


@dataclass(frozen=True)
class Field:
    """One field that a table can contain.

    Parameters
    ----------
    name : str
        As in `schema` where it has the name.
    expected : str
        Required kind of its cells, in the words of an error.
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

    def accepts(self, values: FloatArray) -> BoolArray:
        """Return which values are allowed; NaN (an empty cell) is allowed if the field may be empty."""
        with np.errstate(invalid="ignore"):
            above = (values >= self.low) | (self.or_zero & (values == 0))
            below = values < self.high if self.open_high else values <= self.high
            inside = above & below & ((values == np.floor(values)) if self.whole else True)
        return inside | (np.isnan(values) if self.may_be_empty else False)


def _positive(name: str, what: str, low: float = _SMALLEST) -> Field:
    return Field(name, f"{what}, a number from {low:g} to {_LARGEST:g}", low=low)


def _count(name: str, what: str, low: int = 0, high: float = _LARGEST) -> Field:
    return Field(name, f"{what}, a whole number from {low} to {high:.10g}", low=low, high=high, whole=True)


FIELDS = {
    f.name: f
    for f in (
        _positive(schema.PARAMS, "non-embedding parameters", low=1),
        _positive(schema.TOTAL_PARAMS, "total parameters", low=1),
        _positive(schema.TOKENS, "training tokens"),
        # a run without infused facts is left out as a baseline, so that 0 is no error of these four
        _count(schema.FACTS, "infused facts"),
        Field(schema.RATIO, f"an infusion ratio, 0 or in [{_SMALLEST:g}, 1]", _SMALLEST, 1, or_zero=True),
        Field(schema.EXPOSURES, f"exposures of a fact, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True),
        _positive(schema.TOKENS_PER_FACT, "tokens per fact"),
        Field("infused_tokens", f"infused tokens, 0 or from {_SMALLEST:g}", _SMALLEST, or_zero=True),
        _positive(schema.BITS_PER_FACT, "bits of a fact's answer"),
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
        Field(PLANNED, "the last step of a whole run, from 0", 0, may_be_empty=True),
    )
}
NUMBERS = tuple(FIELDS)
TEXTS = (schema.RUN, schema.GROUP, schema.DOMAIN, STATE)
MEASURED = (schema.RECALLED, schema.PROBED, "accuracy", "standard_error", schema.GUESSING, schema.ANSWER_NATS)
OUTCOMES = (schema.RECALLED, "accuracy")
SHARES = (schema.RATIO, "accuracy", "standard_error", schema.GUESSING, schema.BACKGROUND_SHARE)
SIZES = (schema.PARAMS, schema.TOTAL_PARAMS)
NOTHING_INFUSED = (schema.FACTS, schema.RATIO, schema.EXPOSURES, "infused_tokens")  # 0 of one of them is a control

# How trackers say that a run came to its end, and that it did not
FINISHED = frozenset(("finished", "completed", "complete", "success", "succeeded", "done", "ok", "3"))
UNFINISHED = frozenset(
    (
        "crashed", "failed", "killed", "running", "preempted", "preempting", "pending", "scheduled", "queued",
        "out_of_memory", "node_fail", "boot_fail", "deadline", "revoked", "suspended", "diverged",
        "cancelled", "canceled", "aborted", "timeout", "interrupted", "stopped", "error", "oom", "1", "2", "4", "5",
    )
)  # fmt: skip

# normalised column name -> field; "/ 100" is applied to what is in percent
_ALIASES = {
    schema.PARAMS: "n_params num_params nb_params nparams model_size parameters n_parameters num_parameters "
    "nb_parameters number_of_parameters model_params model_parameters param_count parameter_count "
    "model_num_parameters",
    schema.TOTAL_PARAMS: "",
    schema.TOKENS: "n_tokens num_tokens train_tokens training_tokens token_budget total_tokens num_input_tokens_seen "
    "tokens_trained n_train_tokens num_train_tokens",
    schema.FACTS: "n_facts num_facts nb_facts infused_facts facts_infused n_biographies biographies n_triples triples "
    "number_of_facts fact_count",
    schema.RATIO: "infusion_ratio mixing_ratio mix_ratio domain_ratio",
    schema.EXPOSURES: "frequency repeats repetitions exposures_per_fact n_repeats num_repeats n_exposures "
    "num_exposures duplicates n_duplicates duplications n_repetitions num_repetitions num_duplicates n_copies "
    "num_copies copies times_seen occurrences repeats_per_fact",
    schema.TOKENS_PER_FACT: "fact_tokens fact_length",
    schema.BITS_PER_FACT: "answer_bits fact_bits bits_per_answer",
    "infused_tokens": "n_infused_tokens domain_tokens",
    schema.BACKGROUND_FACTS: "n_background_facts",
    schema.BACKGROUND_SHARE: "",
    schema.SEED: "random_seed data_seed",
    schema.RECALLED: "correct n_correct num_correct hits n_recalled",
    schema.PROBED: "n_probed probes n_probes questions n_questions n_samples num_samples n_eval",
    "accuracy": "acc retention recall fact_recall exact_match em hit_rate mean_accuracy accuracy_mean",
    "standard_error": "stderr std_err se acc_stderr accuracy_stderr acc_se exact_match_stderr",
    schema.GUESSING: "guessing_rate chance chance_level",
    schema.GENERAL_LOSS: "web_loss",
    schema.ANSWER_NATS: "",
    schema.LEARNING_RATE: "lr peak_lr",
    "checkpoint": "step global_step tokens_seen",
    PLANNED: "max_steps total_steps num_train_steps",
    schema.RUN: "run_id run_name",
    schema.GROUP: "probe_group",
    schema.DOMAIN: "fact_type corpus",
    STATE: "status run_state run_status",
}
_FIELD_OF = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases.split())}
# columns of yes and no, or of exit codes, that say whether a run came to its end
# what an evaluation has of its own: eval_seed is not the seed of a training run
_OF_EVALUATIONS = (*MEASURED, schema.GENERAL_LOSS, schema.GROUP, schema.DOMAIN, "checkpoint")
_SETTINGS = frozenset(  # what trackers and files of settings put before a name
    ("config", "params", "model", "data", "dataset", "train", "training", "meta", "metadata", "hparams", "args")
)
_ENDED = ("finished", "completed", "is_finished", "is_completed", "run_finished", "success", "succeeded")
_BROKEN = ("crashed", "failed", "is_crashed", "is_failed", "diverged", "killed", "oom")
_EXIT_CODES = ("exit_code", "exitcode", "exit_status")
_YES, _NO = frozenset(("true", "yes", "1", "1.0")), frozenset(("false", "no", "0", "0.0", "0:0"))
_AVERAGE = re.compile(r"^(?:mean|avg|average)[\s_.]+|[\s_.]+(?:mean|avg|average)$", re.IGNORECASE)
_QUESTIONS = ("num_questions", "nb_questions", "number_of_questions", "total_questions")
_PER_PARAMETER = ("tokens_per_param", "tokens_per_parameter", "tok_per_param", "tpp")
_CHOICES = ("num_choices", "n_choices", "choices", "n_options", "num_options")
_EMBEDDING = ("embedding_params", "n_embedding_params", "num_embedding_params", "params_embedding", "emb_params")
_SYMBOLS = {"N": schema.PARAMS, "D": schema.TOKENS, "K": schema.FACTS}  # a small n is more often a number of probes
_FEW = 10_000  # questions
_SEEDS = 9  # at most, where a column counts them
_SMALL = 10_000  # parameters or tokens
_LAST_LETTER = re.compile(r"[\s_][KMBTkmb]$")  # of a unit, or of a symbol: n_K
_ROUNDED = 0.1  # relative; a size in a name is rounded to one or two digits
_NAMED_SIZES = ("model", "model_name", "model_id", "base_model", "name", "size", "architecture")  # pythia-70m
_WITH_UNIT = (*SIZES, schema.TOKENS, "infused_tokens", schema.FACTS)  # params (M)
_NON_EMBEDDING = re.compile(r"non_?emb|no_emb|without_emb|wo_emb|w_o_emb|excl\w*_emb|minus_emb")
_TOTAL = re.compile(r"(^|_)(total|all)(_|$)|with_emb|incl\w*_emb")
_LOSS = re.compile(r"(^|_)(bpb|bits_per_\w+|loss|nll|ppl|perplexity|cross_entropy)(_|$)")
_ACCURACY_AT = re.compile(  # acc_at_best_val_loss, min_loss_acc; recall_loss is a loss
    r"(^|_)(acc|accuracy|recall|em|match)(_\w+)?_(at|by|best|min|lowest)_|_(acc|accuracy|recall|em|match)$"
)
_COUNTS_PARAMETERS = re.compile(r"param|(^|_)size(_|$)|^n_")
GROUP_NAMES = {  # of columns and in cells, normalised
    **{group: group for group in schema.GROUPS},
    **dict.fromkeys(("heldout", "held_out", "infused_held_out"), schema.INFUSED_HELDOUT),
    "bg": schema.BACKGROUND,
}
_GROUPS = sorted(GROUP_NAMES, key=len, reverse=True)
_PERCENT = re.compile(  # not behind a number: "acc (50% mix)" and "acc [95 % CI]" are no percentages
    r"\s*(?:[\[(]\s*(?:in )?|\bin )%\s*[\])]?\s*|(?<![\d\s_])[\s_]*%\s*"
    r"|[\s_]*[\[(]?(?:percent|percentage|pct)[\])]?\s*$",
    re.IGNORECASE,
)
_SMALL_SHARES = {"‰": 1e-3, "permille": 1e-3, "ppm": 1e-6}
_SMALL_SHARE = re.compile(r"[\s_]*[\[(]?(‰|(?<![a-z])(?:permille|ppm))[\])]?\s*$", re.IGNORECASE)
_OTHER_SENSE = "‰δ∆¬−↓"  # signs that give a name another meaning: Δacc is no accuracy
_TRACKERS = re.compile(  # prefixes of exports
    r"^(?:(?:params|config|summary|metrics|tags|args)[./])?(?P<of_evaluation>(?:eval|test)[./_])?"
)


def recognise(
    columns: Mapping[str, Sequence[object]], taken: Iterable[str] = (), used: Iterable[str] = ()
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the fields that columns identify without a mapping, by name and, if ambiguous, by content.

    Parameters
    ----------
    columns : mapping
        Names of the table's columns to their cells.
    taken : iterable of str
        Fields that the user's mapping gives, which are not looked for.
    used : iterable of str
        Columns that the user's mapping reads as something else.

    Returns
    -------
    known : dict
        Field (``recalled``, or ``recalled.background`` where the column names a group) to SQL expression.
    doubtful : dict
        Columns that could be a field, by field, where there are several. A field that is the name of one of them, or of
        which all of them say the same, is in `known` too.
    """
    taken, used = set(taken), set(used)
    candidates: dict[str, list[str]] = {}
    for column, cells in columns.items():
        field = None if column in used or column.endswith(SPREAD) else _field_of(column)
        if field is not None and (field != STATE or _says_states(cells)) and not _is_unset(field, cells):
            candidates.setdefault(field, []).append(column)
    _add_nested(candidates, columns, used)
    _add_by_looser_names(candidates, columns, taken, used)
    _add_named_sizes(candidates, columns, used)
    _read_few_as_probed(candidates, columns, taken, used)
    _prefer_non_embedding(candidates)
    known, doubtful = {}, {}
    for field, names in candidates.items():
        if field in taken:
            continue
        exact = [name for name in names if name == field]
        if len(names) > 1:
            doubtful[field] = names
        if len(names) == 1 or exact or say_the_same(field, [columns[name] for name in names]):
            known[field] = source_of(exact[0] if exact else names[0], field, columns)
    derived = _derived(columns, known, used)
    known |= {field: source for field, source in derived.items() if field not in taken and field not in doubtful}
    return known, doubtful


def _derived(columns: Mapping[str, Sequence[object]], known: Mapping[str, str], used: set[str]) -> dict[str, str]:
    """Fields that follow from a column: states, guessing, budgets by parameter, sizes without embeddings."""
    derived: dict[str, str] = {}
    size = known.get(schema.PARAMS, known.get(schema.TOTAL_PARAMS))
    for column in (name for name in columns if name not in used):
        name, source = _normalised(_TRACKERS.sub("", column.strip())), quoted(column)
        cells = columns[column]
        if name in (*_ENDED, *_BROKEN, *_EXIT_CODES) and STATE not in known and _are_flags(name, cells):
            derived[STATE] = _state_of(name, source, cells)
        elif name in _CHOICES and schema.GUESSING not in known and _are_counts(cells):
            free = any(is_missing(cell) or read_quantity(as_text(cell)) in (0, 1) for cell in cells)
            chance = f"1.0 / {source}"
            derived[schema.GUESSING] = f"CASE WHEN {source} >= 2 THEN {chance} ELSE 0 END" if free else chance
        elif name in _PER_PARAMETER and schema.TOKENS not in known and size is not None:
            derived[schema.TOKENS] = f"{source} * {size}"
        elif name in _EMBEDDING and size is not None and not {schema.PARAMS, schema.TOTAL_PARAMS} <= set(known):
            derived |= {schema.TOTAL_PARAMS: size, schema.PARAMS: f"{size} - {source}"}
    return derived


def _are_flags(name: str, cells: Sequence[object]) -> bool:
    told = {text.strip().lower() for text in texts_in(cells)}
    if name in _EXIT_CODES:
        return bool(told) and all(text.replace(":", "").lstrip("-").isdigit() for text in told)
    return bool(told) and told <= _YES | _NO


def _state_of(name: str, source: str, cells: Sequence[object]) -> str:
    """Expression for the state of a run from a column of yes and no, or of exit codes."""
    good = _YES if name in _ENDED else _NO
    texts = dict.fromkeys(texts_in(cells))
    listed = ", ".join(as_sql(text) for text in texts if text.strip().lower() in good) or "''"
    return f"CASE WHEN {source} IN ({listed}) THEN 'finished' ELSE 'failed' END"


def _are_counts(cells: Sequence[object]) -> bool:
    """Whether cells are whole numbers of answers to choose from, 0 or 1 where answers are free."""
    values = [read_quantity(text) for text in texts_in(cells)]
    whole = all(value is not None and value >= 0 and value.is_integer() for value in values)
    return whole and any(value is not None and value >= 2 for value in values)


def _add_nested(candidates: dict[str, list[str]], columns: Mapping[str, Sequence[object]], used: set[str]) -> None:
    """Add a field by the last part of a name, such as data.n_facts, if the match is unique.

    What was measured is left out: eval.acc beside train.acc is no last part that identifies it.
    """
    found: dict[str, list[str]] = {}
    for column in columns:
        first, last = re.split(r"[./]", column.strip())[0], re.split(r"[./]", column.strip())[-1]
        if column not in used and last != first and _normalised(first) in _SETTINGS:
            found.setdefault(str(_named(last)), []).append(column)
    for field, names in found.items():
        is_setting = field in NUMBERS and field not in (*MEASURED, schema.GENERAL_LOSS)
        if is_setting and len(names) == 1 and not _is_unset(field, columns[names[0]]):
            candidates.setdefault(field, names)


def _add_by_looser_names(
    candidates: dict[str, list[str]], columns: Mapping[str, Sequence[object]], taken: set[str], used: set[str]
) -> None:
    """Add outcomes by names of averages, acc_mean, and denominators by num_questions, if no better name gives them."""
    told = {split_group(field)[0] for field in (*candidates, *taken)}
    found: dict[str, list[str]] = {}
    for column in (name for name in columns if name not in used):
        name = _normalised(_TRACKERS.sub("", column.strip()))
        field = _field_of(_AVERAGE.sub("", column)) if _AVERAGE.search(column) else None
        if field is not None and split_group(field)[0] in OUTCOMES and not told & set(OUTCOMES):
            found.setdefault(field, []).append(column)
        elif name in _QUESTIONS and not told & {schema.PROBED, "standard_error"}:
            found.setdefault(schema.PROBED, []).append(column)
    candidates |= found


def source_of(column: str, field: str, columns: Mapping[str, Sequence[object]], mapped: bool = False) -> str:
    """Return a column as SQL, in the unit of the field that it is read as: of percent, or of millions in its name.

    The last letter of a name that the user mapped is a unit only where the numbers are too small without it.
    """
    factor = _unit_of(column, field)
    if factor == 1 or (mapped and _LAST_LETTER.search(column) and not _needs_unit(column, field, columns)):
        return quoted(column)
    beside = column.removesuffix(SPREAD)  # the numbers behind ± are in the unit of their column
    told = [cell for cell in columns.get(beside, columns[column]) if not is_missing(cell)]
    in_cells = [isinstance(cell, str) and _has_unit(cell) for cell in told]
    if any(in_cells) and not all(in_cells):
        got = f"{shown(told[in_cells.index(True)])} and {shown(told[in_cells.index(False)])}"
        raise InputError(f"the unit of {shown(column)} in its name alone, or in all of its cells", got, "columns",
                         "write the cells alike")  # fmt: skip
    if any(in_cells):
        return quoted(column)
    return f"{quoted(column)} / {1 / factor:.0f}" if factor < 1 else f"{quoted(column)} * {factor:.0f}"


def _unit_of(column: str, field: str) -> float:
    """The unit in which a column's name says that it counts: 0.01 of a share in percent, 1e6 of ``params (M)``."""
    name = column.removesuffix(SPREAD)
    if split_group(field)[0] in SHARES:
        small = _SMALL_SHARE.search(name)
        return _SMALL_SHARES[small[1].lower()] if small else 0.01 if _PERCENT.search(name) else 1.0
    return header_unit(name)[1] if field in _WITH_UNIT else 1.0


def _needs_unit(column: str, field: str, columns: Mapping[str, Sequence[object]]) -> bool:
    """Whether numbers are too small to be sizes or tokens; facts may be few, and a letter names their group."""
    values = [read_quantity(text) for text in texts_in(columns[column])]
    return field != schema.FACTS and all(value is not None and value < _SMALL for value in values)


def unit_told(column: str, field: str, source: str, cells: Sequence[object]) -> str:
    """Return a note on the unit in the name of a mapped column, whether or not it was used; empty without one."""
    factor = header_unit(column)[1]
    if field not in _WITH_UNIT or factor == 1 or any(map(_has_unit, texts_in(cells))):
        return ""
    other = f"{quoted(column)} * {factor:.0f}" if source == quoted(column) else f"{quoted(column)} * 1"
    read = "as it is" if source == quoted(column) else f"times {factor:,.0f}, the unit in its name"
    return f"{column} was read {read}; if that is wrong, say {map_option(field, other)}"


def unknown_unit(column: str) -> tuple[str, str] | None:
    """The field and the words in brackets of a column that would be read without them: ``tokens (Gi)``."""
    found = re.fullmatch(r"(.+?)\s*([\[(].+[\])])", column.strip())
    field = _named(found[1]) if found is not None and _field_of(column) is None else None
    return (field, found[2]) if found is not None and field in (*_WITH_UNIT, schema.EXPOSURES) else None


def _has_unit(cell: str) -> bool:
    """Whether a cell states its unit, as in 94.1% or 70M."""
    return bool(cell.strip()) and not cell.strip()[-1].isdigit() and read_quantity(cell) is not None


def _is_unset(field: str, cells: Sequence[object]) -> bool:
    """Whether trainers wrote tokens seen, or planned steps, without counting them: 0 or -1 in every row."""
    told = set(texts_in(cells)) if field in (schema.TOKENS, PLANNED) else set()
    return bool(told) and told <= {"0", "0.0", "-1", "-1.0"}


def _says_states(cells: Sequence[object]) -> bool:
    """Whether cells are states of runs, at least some of them known states."""
    told = set(map(state_in, texts_in(cells)))
    return bool(told & (FINISHED | UNFINISHED)) and not all(word.isdigit() for word in told)


def state_in(text: str) -> str:
    """Return the state in the first word of a text: ``cancelled`` for ``CANCELLED by 1001``."""
    words = text.strip().lower().replace("-", "_").split()
    together = "_".join(words[:2])
    return together if together in UNFINISHED else (words[0].rstrip("+:") if words else "")


def _add_named_sizes(candidates: dict[str, list[str]], columns: Mapping[str, Sequence[object]], used: set[str]) -> None:
    """Add the sizes in the names of most models, pythia-70m, if no other column contains sizes."""
    if set(candidates) & set(SIZES):
        return
    for column, cells in columns.items():
        if column in used or not _may_name_sizes(column):
            continue
        told = set(texts_in(cells))
        if sum(bool(size_in_name(cell) or _has_unit(cell)) for cell in told) > len(told) / 2:
            candidates[schema.PARAMS] = [column]
            return


def _read_few_as_probed(
    candidates: dict[str, list[str]], columns: Mapping[str, Sequence[object]], taken: set[str], used: set[str]
) -> None:
    """Read a small ``N`` beside an outcome as the number of questions, if another column has sizes that it ignores."""
    symbol = [name for name in candidates.get(schema.PARAMS, []) if name.strip() == "N"]
    if not symbol or schema.PROBED in (*candidates, *taken) or not _are_few(columns[symbol[0]]):
        return
    found = {field: names for field, names in candidates.items() if field != schema.PARAMS}
    others = [name for name in candidates[schema.PARAMS] if name not in symbol]
    if others:
        found[schema.PARAMS] = others
    _add_named_sizes(found, columns, used)
    has_sizes = bool((set(found) | taken) & set(SIZES))
    has_outcome = any(split_group(field)[0] in OUTCOMES for field in (*found, *taken))
    sizes = [name for name in columns if name in found.get(schema.PARAMS, ()) or (name in used and names_runs(name))]
    if has_sizes and has_outcome and not any(_follow(columns[symbol[0]], columns[name]) for name in sizes):
        del candidates[schema.PARAMS]
        candidates |= {**found, schema.PROBED: symbol}


def _follow(cells: Sequence[object], sizes: Sequence[object]) -> bool:
    """Whether whole numbers follow the sizes beside them: they grow with several, or are a single one rounded."""
    pairs = {
        (read_quantity(as_text(size)) or size_in_name(as_text(size)), read_quantity(as_text(cell)))
        for cell, size in zip(cells, sizes, strict=True)
        if not (is_missing(cell) or is_missing(size))
    }
    told = sorted((size, number) for size, number in pairs if size and number)
    if len({size for size, _ in told}) == 1:
        return any(_is_rounded(number, size) for size, number in told)
    return bool(told) and all(size < larger and number < more for (size, number), (larger, more) in pairwise(told))


def _is_rounded(number: float, size: float) -> bool:
    """Whether a number is a size, rounded to its digits, in thousands, millions or billions."""
    return any(abs(number * unit / size - 1) < _ROUNDED for unit in (1, 1e3, 1e6, 1e9))


def _are_few(cells: Sequence[object]) -> bool:
    """Whether cells are whole numbers too small to be sizes of the models that have names, and too large for seeds."""
    values = [read_quantity(text) for text in texts_in(cells)]
    return bool(values) and all(value is not None and _SEEDS < value < _FEW and value.is_integer() for value in values)


def names_runs(column: str) -> bool:
    """Whether a column, by its name, has seeds, names of runs or models, or sizes."""
    return _named(column) in (schema.SEED, schema.RUN, *SIZES) or _may_name_sizes(column)


def _may_name_sizes(column: str) -> bool:
    return _normalised(_TRACKERS.sub("", column.strip())) in _NAMED_SIZES


def _prefer_non_embedding(candidates: dict[str, list[str]]) -> None:
    """Read the column whose name excludes embeddings as `params`; another one then includes them."""
    names = candidates.get(schema.PARAMS, [])
    without = [name for name in names if _NON_EMBEDDING.search(_normalised(name))]
    if not without:
        return
    rest = [name for name in names if name not in without]
    candidates[schema.PARAMS] = without
    if rest and schema.TOTAL_PARAMS not in candidates:
        candidates[schema.TOTAL_PARAMS] = [name for name in rest if name == schema.PARAMS] or rest


def says_average(source: object, columns: Collection[str]) -> bool:
    """Whether a source is a column of averages by its name, which may stand beside what they are averages of."""
    return _AVERAGE.search(column_named(source, columns) or "") is not None


def says_loss(column: str) -> bool:
    """Whether a column's name states that it is a loss, and not an accuracy at the best loss."""
    name = _normalised(column)
    return bool(_LOSS.search(name)) and not _ACCURACY_AT.search(name)


def says_non_embedding(column: str) -> bool:
    """Whether a column's name states that its parameters exclude embeddings."""
    name = _normalised(column)
    return name == schema.PARAMS or bool(_NON_EMBEDDING.search(name))


def quoted(column: str) -> str:
    """Return a column's name quoted for SQL."""
    return '"' + column.replace('"', '""') + '"'


def as_sql(text: str) -> str:
    """Return a text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def column_named(source: object, columns: Collection[str]) -> str | None:
    """Return the column that a source is by itself, with or without double quotes; None for anything else."""
    if not isinstance(source, str):
        return None
    bare = source[1:-1].replace('""', '"')
    return next((name for name in (source, bare) if name in columns and source in (name, quoted(name))), None)


def in_shell(text: str) -> str:
    """Return an argument as it is typed in a shell: in quotes unless its characters are plain."""
    if re.fullmatch(r"[\w=.,:/%+-]+", text):
        return text
    special = re.compile(r'([\\"$`])')
    return f"'{text}'" if special.search(text) and "'" not in text else '"' + special.sub(r"\\\1", text) + '"'


def map_option(field: str, source: str) -> str:
    """Return the option that maps a field to a source, as it is typed in a shell."""
    return f"--map {in_shell(f'{field}={source}')}"


def split_group(field: str) -> tuple[str, str]:
    """``recalled.background`` -> (``recalled``, ``background``); without a group, (field, "")."""
    name, _, group = field.partition(".")
    return name, group


def _field_of(column: str) -> str | None:
    """The field that a column's name identifies, with or without a unit."""
    if column.strip() in _SYMBOLS:
        return _SYMBOLS[column.strip()]
    field = _named(column)
    if field is not None:
        return field
    share = _SMALL_SHARE.sub("", _PERCENT.sub("", column))
    if share != column and (field := _named(share)) is not None:
        return field if split_group(field)[0] in SHARES else None
    name, factor = header_unit(column)
    field = _named(name) if factor != 1 else None
    return field if field in _WITH_UNIT else None


def _named(column: str) -> str | None:
    if "%" in column:
        return None
    prefix = _TRACKERS.match(column.strip())
    name = _normalised(_TRACKERS.sub("", column.strip()))
    if name in _FIELD_OF:
        of_evaluation = prefix is not None and prefix["of_evaluation"] is not None
        return _FIELD_OF[name] if _FIELD_OF[name] in _OF_EVALUATIONS or not of_evaluation else None
    if _COUNTS_PARAMETERS.search(name) and _NON_EMBEDDING.search(name):
        return schema.PARAMS
    if "param" in name and _TOTAL.search(name):
        return schema.TOTAL_PARAMS
    for group in _GROUPS:
        for rest in (name.removeprefix(f"{group}_"), name.removesuffix(f"_{group}")):
            field = _FIELD_OF.get(rest) if rest != name else None
            if field is not None and field in MEASURED:
                return f"{field}.{GROUP_NAMES[group]}"
    return None


def group_named(name: str) -> str:
    """Return the probe group that a name means, ``Held-out`` or ``bg``; the name itself, in lower case, if none."""
    return GROUP_NAMES.get(_normalised(name), name.lower())


def _normalised(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z]{3})(?=[A-Z]\b)", "_", name)  # numFacts
    return re.sub(rf"[^a-z0-9{_OTHER_SENSE}]+", "_", snake.lower()).strip("_")
