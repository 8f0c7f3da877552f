"""The tables [corpus] and [knowledge] of a sweep: real text in place of the ladder's symbols."""

import numpy as np

from bayeskisl.errors import InputError
from bayeskisl.knowledge import text
from bayeskisl.sweeping.ladder import refuse_unknown

__all__ = ["read_text"]

_FILE_KEYS = {"files", "column", "vocabulary", "tokeniser"}
_DATASET_KEYS = {"dataset", "subset", "split", "revision", "column", "characters", "vocabulary", "tokeniser"}
_KNOWLEDGE_KEYS = {"triples", "generated", "seed", "templates", "heldout", "domain_marker"}
_GENERATED = 2**15  # facts that runs draw theirs from, unless [knowledge] says otherwise


def read_text(corpus: dict, knowledge: dict, where: str) -> tuple[text.TextFacts, text.TextCorpus]:
    """Prepare the text of a sweep: what is in the cache already is not made again.

    Parameters
    ----------
    corpus, knowledge : dict
        The tables, as TOML gives them.
    where : str
        The file's name.

    Raises
    ------
    InputError
        On the first thing that is unknown, missing or of the wrong type, or that cannot be read.
    """
    source = _source(corpus, f"{where} [corpus]")
    digest = text.hash_documents(source.documents())
    tokeniser = _tokeniser(corpus, digest, source, f"{where} [corpus]")
    facts = _facts(knowledge, tokeniser, f"{where} [knowledge]")
    return facts, text.tokenise(digest, source.documents, tokeniser)


def _source(table: dict, where: str) -> text.FileSource | text.DatasetSource:
    if ("files" in table) == ("dataset" in table):
        raise InputError("either files or a dataset", ", ".join(table) or "nothing", where)
    if "files" in table:
        refuse_unknown(table, _FILE_KEYS, where)
        patterns = table["files"] if isinstance(table["files"], list) else [table["files"]]
        _check({f"files {n}": pattern for n, pattern in enumerate(patterns, 1)}, str, where)
        return text.FileSource(tuple(patterns), **_given(table, {"column": str}, where))
    refuse_unknown(table, _DATASET_KEYS, where)
    kinds = {"dataset": str, "subset": str, "split": str, "revision": str, "column": str, "characters": int}
    given = _given(table, kinds, where)
    return text.DatasetSource(given.pop("dataset"), **given)


def _tokeniser(table: dict, digest: str, source: text.FileSource | text.DatasetSource, where: str) -> text.Tokeniser:
    if ("tokeniser" in table) == ("vocabulary" in table):
        raise InputError("either a vocabulary to train or a tokeniser's file", "both or none", where)
    given = _given(table, {"tokeniser": str, "vocabulary": int}, where)
    if "tokeniser" in given:
        return text.load_tokeniser(given["tokeniser"])
    return text.trained_tokeniser(digest, given["vocabulary"], source.documents)


def _facts(table: dict, tokeniser: text.Tokeniser, where: str) -> text.TextFacts:
    refuse_unknown(table, _KNOWLEDGE_KEYS, where)
    kinds = {"triples": str, "generated": int, "seed": int, "heldout": int, "domain_marker": bool}
    given = _given(table, kinds, where)
    how = {key: given[key] for key in ("heldout", "domain_marker") if key in given}
    if "triples" not in given:
        rng = np.random.default_rng(given.get("seed", 0))
        triples = text.invent_triples(given.get("generated", _GENERATED), rng)
        templates, guessing = text.TEMPLATES, text.INVENTED.guessing
    elif {"generated", "seed"} & set(given):
        raise InputError("either triples or generated facts", "both", where)
    else:
        triples = text.read_triples(given["triples"])
        templates, guessing = (), text.guessing_rate(triples)
    if "templates" in table:
        templates = _templates(table["templates"], where)
    return text.verbalise_triples(triples, templates, tokeniser, guessing=guessing, where=where, **how)


def _templates(value: object, where: str) -> dict[str, tuple[str, ...]] | tuple[str, ...]:
    if isinstance(value, dict):
        return {relation: _texts(texts, where) for relation, texts in value.items()}
    return _texts(value, where)


def _texts(value: object, where: str) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(one, str) for one in texts):
        raise InputError("templates to be texts, or a table of them by relation", repr(value), where)
    return tuple(texts)


def _given(table: dict, kinds: dict[str, type], where: str) -> dict:
    given = {key: table[key] for key in kinds if key in table}
    for key, value in given.items():
        _check({key: value}, kinds[key], where)
    return given


def _check(values: dict, kind: type, where: str) -> None:
    for key, value in values.items():
        if type(value) is not kind or (kind is int and value < 0):
            raise InputError(f"{key} of type {kind.__name__}", repr(value), where)
