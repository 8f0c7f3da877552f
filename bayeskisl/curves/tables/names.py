"""Names of columns: the field, the probe group or the kind of number that a name means."""

import re
from collections.abc import Collection

from bayeskisl import schema
from bayeskisl.curves.tables.fields import MEASURED, PLANNED, SIZES, STATE
from bayeskisl.curves.tables.spelling import column_named

__all__ = [
    "bare",
    "excludes_embeddings",
    "field_named",
    "group_named",
    "may_name_runs",
    "may_name_sizes",
    "names_runs",
    "normalised",
    "says_average",
    "says_loss",
    "says_non_embedding",
    "without_average",
]

_ALIASES = {  # normalised
    schema.PARAMS: "n_params num_params nb_params nparams model_size parameters n_parameters num_parameters "
    "nb_parameters number_of_parameters model_params model_parameters param_count parameter_count "
    "model_num_parameters",
    schema.TOTAL_PARAMS: "",
    schema.TOKENS: "n_tokens num_tokens train_tokens training_tokens token_budget total_tokens num_input_tokens_seen "
    "tokens_trained n_train_tokens num_train_tokens",
    schema.FACTS: "n_facts num_facts nb_facts infused_facts facts_infused n_biographies biographies n_triples triples "
    "number_of_facts fact_count",
    schema.RATIO: "infusion_ratio infusion_fraction infusion_share infusion_pct infusion_percent infused_fraction "
    "infused_share infused_ratio injection_ratio mixing_ratio mixing_fraction mix_ratio mix_fraction domain_ratio "
    "domain_fraction domain_frac domain_share domain_proportion domain_pct domain_percent domain_percentage",
    schema.EXPOSURES: "frequency repeats repetitions exposures_per_fact n_repeats num_repeats n_exposures "
    "num_exposures duplicates n_duplicates duplications n_repetitions num_repetitions num_duplicates n_copies "
    "num_copies copies times_seen occurrences repeats_per_fact",
    schema.TOKENS_PER_FACT: "fact_tokens fact_length",
    schema.BITS_PER_FACT: "answer_bits fact_bits bits_per_answer",
    "infused_tokens": "n_infused_tokens domain_tokens",
    schema.BACKGROUND_FACTS: "n_background_facts",
    schema.BACKGROUND_SHARE: "",
    schema.SEED: "random_seed data_seed run_seed",
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
    STATE: "status run_state run_status outcome",
}
_FIELD_OF = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases.split())}
# what an evaluation has of its own: eval_seed is not the seed of a training run
_OF_EVALUATIONS = (*MEASURED, schema.GENERAL_LOSS, schema.GROUP, schema.DOMAIN, "checkpoint")
_TRACKERS = re.compile(  # prefixes of exports
    r"^(?:(?:params|config|summary|metrics|tags|args)[./])?(?P<of_evaluation>(?:eval|test)[./_])?"
)
_OTHER_SENSE = "‰δ∆¬−↓"  # signs that give a name another meaning: Δacc is no accuracy
_GROUP_NAMES = {  # normalised
    **{group: group for group in schema.GROUPS},
    **dict.fromkeys(("heldout", "held_out", "infused_held_out"), schema.INFUSED_HELDOUT),
    "bg": schema.BACKGROUND,
}
_LONGEST_FIRST = sorted(_GROUP_NAMES, key=len, reverse=True)
_NAMED_SIZES = ("model", "model_name", "model_id", "base_model", "name", "size", "architecture")  # pythia-70m
_NAMED_RUNS = ("name", "display_name", "experiment", "experiment_name", "exp", "exp_name", "job", "job_name")
_COUNTS_PARAMETERS = re.compile(r"param|(^|_)size(_|$)|^n_")
_NON_EMBEDDING = re.compile(r"non_?emb|no_emb|without_emb|wo_emb|w_o_emb|excl\w*_emb|minus_emb")
_TOTAL = re.compile(r"(^|_)(total|all)(_|$)|with_emb|incl\w*_emb")
_AVERAGE = re.compile(r"^(?:mean|avg|average)[\s_.]+|[\s_.]+(?:mean|avg|average)$", re.IGNORECASE)
_LOSS = re.compile(r"(^|_)(bpb|bits_per_\w+|loss|nll|ppl|perplexity|cross_entropy)(_|$)")
_ACCURACY_AT = re.compile(  # acc_at_best_val_loss, min_loss_acc; recall_loss is a loss
    r"(^|_)(acc|accuracy|recall|em|match)(_\w+)?_(at|by|best|min|lowest)_|_(acc|accuracy|recall|em|match)$"
)


def normalised(name: str) -> str:
    """Return a name in small letters and underscores: ``num_facts`` for ``numFacts``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z]{3})(?=[A-Z]\b)", "_", name)
    return re.sub(rf"[^a-z0-9{_OTHER_SENSE}]+", "_", snake.lower()).strip("_")


def bare(column: str) -> str:
    """Return the normalised name of a column, without the prefixes that trackers write."""
    return normalised(_TRACKERS.sub("", column.strip()))


def is_of_evaluation(column: str) -> bool:
    """Whether a tracker's prefix says that a column is of an evaluation: ``eval/tokens``."""
    prefix = _TRACKERS.match(column.strip())
    return prefix is not None and prefix["of_evaluation"] is not None


def field_named(column: str) -> str | None:
    """Return the field that a name without a unit means, with its group, as in ``recalled.background``."""
    if "%" in column:
        return None
    name = bare(column)
    if name in _FIELD_OF:
        return _FIELD_OF[name] if _FIELD_OF[name] in _OF_EVALUATIONS or not is_of_evaluation(column) else None
    if _COUNTS_PARAMETERS.search(name) and _NON_EMBEDDING.search(name):
        return schema.PARAMS
    if "param" in name and _TOTAL.search(name):
        return schema.TOTAL_PARAMS
    for group in _LONGEST_FIRST:
        for rest in (name.removeprefix(f"{group}_"), name.removesuffix(f"_{group}")):
            field = _FIELD_OF.get(rest) if rest != name else None
            if field is not None and field in MEASURED:
                return f"{field}.{_GROUP_NAMES[group]}"
    return None


def group_named(name: str) -> str:
    """Return the probe group that a name means, ``Held-out`` or ``bg``; the name itself, in lower case, if none."""
    return _GROUP_NAMES.get(normalised(name), name.lower())


def names_runs(column: str) -> bool:
    """Whether a column, by its name, has seeds, names of runs or models, or sizes."""
    return field_named(column) in (schema.SEED, schema.RUN, *SIZES) or may_name_sizes(column)


def may_name_sizes(column: str) -> bool:
    """Whether a column, by its name, has names of models, which may contain their sizes."""
    return bare(column) in _NAMED_SIZES


def may_name_runs(column: str) -> bool:
    """Whether a column, by its name, has names of experiments, each of which may be one run."""
    return bare(column) in _NAMED_RUNS


def says_average(source: object, columns: Collection[str]) -> bool:
    """Whether a source is a column of averages by its name, which may stand beside what they are averages of."""
    return without_average(column_named(source, columns) or "") is not None


def without_average(column: str) -> str | None:
    """Return the name of what a column, by its name, is an average of, ``acc`` of ``acc_mean``; None for others."""
    return _AVERAGE.sub("", column) if _AVERAGE.search(column) else None


def says_loss(column: str) -> bool:
    """Whether a column's name states that it is a loss, and not an accuracy at the best loss."""
    name = normalised(column)
    return bool(_LOSS.search(name)) and not _ACCURACY_AT.search(name)


def says_non_embedding(column: str) -> bool:
    """Whether a column's name is that of the field, or states that its parameters exclude embeddings."""
    return normalised(column) == schema.PARAMS or excludes_embeddings(column)


def excludes_embeddings(column: str) -> bool:
    """Whether a column's name states that its parameters exclude embeddings."""
    return bool(_NON_EMBEDDING.search(normalised(column)))
