"""The tables [corpus] and [knowledge] of a sweep: real text instead of the ladder's symbols."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from bayeskisl.errors import InputError
from bayeskisl.knowledge import text
from bayeskisl.specifications import PathText, Seed, Several, Table, read_table
from bayeskisl.sweeping.spec import RunSpec

__all__ = ["PreparedText", "read_text", "refuse_crowded_text"]

_GENERATED = 2**15  # facts that runs draw theirs from, unless [knowledge] says otherwise
_Text = Annotated[str, Field(max_length=10_000)]


class _Corpus(Table):
    column: _Text = "text"
    vocabulary: Annotated[int, Field(ge=0, le=2**20)] | None = None
    tokeniser: PathText | None = None


class _Files(_Corpus):
    files: Several[PathText]


class _Dataset(_Corpus):
    dataset: PathText
    subset: _Text = ""
    split: _Text = "train"
    revision: _Text = ""
    characters: Annotated[int, Field(ge=0, le=10**12)] = 0


def _templates(value: Any) -> dict[str, tuple[str, ...]] | tuple[str, ...]:
    if isinstance(value, dict):
        return {relation: _texts(texts) for relation, texts in value.items()}
    return _texts(value)


def _texts(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(one, str) for one in texts):
        raise ValueError("texts, or a table of them by relation")
    return tuple(texts)


class _Knowledge(Table):
    triples: PathText | None = None
    generated: Annotated[int, Field(ge=1, le=10**6)] = _GENERATED
    seed: Seed = 0
    templates: Annotated[Any, AfterValidator(_templates)] = None
    heldout: Annotated[int, Field(ge=0, le=1000)] = 0
    domain_marker: bool = False
    options: text.Options | None = None


@dataclass(frozen=True)
class PreparedText:
    """The text of a sweep and its sources.

    Attributes
    ----------
    facts : TextFacts
    corpus : TextCorpus
    tokeniser : Tokeniser
    triples : tuple of Triple
    templates : tuple of tuple of str
        Templates of each triple.
    source : FileSource or DatasetSource
    """

    facts: text.TextFacts
    corpus: text.TextCorpus
    tokeniser: text.Tokeniser
    triples: tuple[text.Triple, ...]
    templates: tuple[tuple[str, ...], ...]
    source: text.FileSource | text.DatasetSource

    def texts(self) -> list[Path]:
        """The documents as JSON lines, a file for each shard of the corpus."""
        return text.keep_texts(self.corpus.text, self.source.documents)


def read_text(corpus: dict[str, Any], knowledge: dict[str, Any], where: str) -> PreparedText:
    """Prepare the text of a sweep; parts in the cache are reused.

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
    place = f"{where} [corpus]"
    if ("files" in corpus) == ("dataset" in corpus):
        raise InputError("either files or a dataset", ", ".join(corpus) or "nothing", place)
    if ("tokeniser" in corpus) == ("vocabulary" in corpus):
        raise InputError("either a vocabulary to train or a tokeniser's file", "both or none", place)
    known = read_table(_Knowledge, knowledge, f"{where} [knowledge]", "this table")
    kind: type[_Files] | type[_Dataset] = _Files if "files" in corpus else _Dataset
    given: _Files | _Dataset = read_table(kind, corpus, place, "this table")
    source = _source(given)
    digest = text.hash_documents(source.documents())
    tokeniser = _tokeniser(given, digest, source)
    triples, templates, guessing = _knowledge(known, f"{where} [knowledge]")
    chosen = known.model_fields_set & {"heldout", "domain_marker", "options"}
    how = {name: getattr(known, name) for name in chosen}
    facts = text.verbalise_triples(
        triples, templates, tokeniser, guessing=guessing, where=f"{where} [knowledge]", **how
    )
    tokens = text.tokenise(digest, source.documents, tokeniser)
    of_triples = tuple(text.templates_of(triple, templates, where) for triple in triples)
    return PreparedText(facts, tokens, tokeniser, triples, of_triples, source)


def refuse_crowded_text(run: RunSpec) -> None:
    """Refuse a run in text whose own facts take more sequences than it has.

    Raises
    ------
    InputError
    """
    if isinstance(run.facts, text.TextFacts):
        mixture, facts, _ = run.text
        text.refuse_crowded_facts(mixture, facts, run.of_material)


def _source(given: _Files | _Dataset) -> text.FileSource | text.DatasetSource:
    if isinstance(given, _Files):
        return text.FileSource(given.files, given.column)
    return text.DatasetSource(given.dataset, given.subset, given.split, given.revision, given.column, given.characters)


def _tokeniser(given: _Corpus, digest: str, source: text.FileSource | text.DatasetSource) -> text.Tokeniser:
    if given.tokeniser is not None:
        return text.load_tokeniser(given.tokeniser)
    assert given.vocabulary is not None  # one of the two is there
    return text.trained_tokeniser(digest, given.vocabulary, source.documents)


def _knowledge(known: _Knowledge, where: str) -> tuple[tuple[text.Triple, ...], Any, float]:
    """Triples, their templates, and the probability of guessing an answer."""
    templates: tuple[str, ...]
    if known.triples is None:
        triples = text.invent_triples(known.generated, np.random.default_rng(known.seed))
        templates, guessing = text.TEMPLATES, text.INVENTED.guessing
    elif {"generated", "seed"} & known.model_fields_set:
        raise InputError("either triples or generated facts", "both", where)
    else:
        triples = text.read_triples(known.triples)
        templates, guessing = (), text.guessing_rate(triples)
    return triples, templates if known.templates is None else known.templates, guessing
