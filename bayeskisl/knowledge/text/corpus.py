"""General text as tokens: memory-mapped shards on disk, read as windows of one context."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.cache import digest, find_kept, keep
from bayeskisl.knowledge.text.tokeniser import Tokeniser
from bayeskisl.specifications import strictly

__all__ = ["TextCorpus", "Windows", "hash_documents", "keep_texts", "token_type", "tokenise"]

_SHARD_CHARACTERS = 2**23  # of text in a shard: some 2 million tokens
_BATCH = 1000  # documents encoded at a time
_HELD_OUT_EVERY = 20  # one window of so many is never trained on


def token_type(vocabulary: int) -> type[np.unsignedinteger]:
    """Return the smallest type that represents every token."""
    return np.uint16 if vocabulary <= 2**16 else np.uint32


@strictly
@dataclass(frozen=True)
class TextCorpus:
    """A corpus identified by its content; the cache decides where its tokens lie.

    Attributes
    ----------
    text : str
        SHA-256 of the documents.
    tokeniser : str
        SHA-256 of the tokeniser's file.
    tokens : int
        Tokens in all, a separator behind every document included.
    """

    text: str
    tokeniser: str
    tokens: int

    def windows(self, context: int) -> "Windows":
        """Return the corpus as windows of one context.

        Raises
        ------
        SweepError
            If its shards are not in the cache.
        """
        return Windows(self.shards(), context)

    def shards(self) -> list[IntArray]:
        """Tokens of the corpus, memory-mapped, about 2 million per shard.

        Raises
        ------
        SweepError
            If its shards are not in the cache.
        """
        return [_mapped(find_kept(shard)) for shard in self._index()["shards"]]

    @property
    def bytes_per_token(self) -> float:
        """Bytes of text in UTF-8 for each token."""
        return float(self._index()["bytes"] / self.tokens)

    def _index(self) -> dict[str, Any]:
        index: dict[str, Any] = json.loads(find_kept(_index_name(self.text, self.tokeniser)).read_text())
        return index


class Windows:
    """Windows of one context in memory-mapped shards; every twentieth is held out from training.

    Parameters
    ----------
    shards : list of numpy.ndarray
    context : int
    """

    def __init__(self, shards: list[IntArray], context: int) -> None:
        self._shards = [shard[: len(shard) // context * context].reshape(-1, context) for shard in shards]
        self._ends = np.cumsum([len(shard) for shard in self._shards])
        everything = np.arange(self._ends[-1])
        self.held_out = everything[::_HELD_OUT_EVERY]
        self.trained = np.setdiff1d(everything, self.held_out)

    def read(self, which: IntArray) -> IntArray:
        """Return windows by their numbers, shape ``(window, context)``."""
        text = np.empty((len(which), self._shards[0].shape[1]), self._shards[0].dtype)
        shard_of = np.searchsorted(self._ends, which, side="right")
        for number, shard in enumerate(self._shards):
            rows = shard_of == number
            text[rows] = shard[which[rows] - (self._ends[number] - len(shard))]
        return text

    def sample(self, count: int, rng: np.random.Generator) -> IntArray:
        """Draw windows for training, in passes over random permutations."""
        passes = -(-count // len(self.trained))
        order = np.concatenate([rng.permutation(self.trained) for _ in range(passes)] or [self.trained[:0]])
        return self.read(order[:count])


def hash_documents(documents: Iterator[str]) -> str:
    """Return the SHA-256 of a corpus, sensitive to the bounds of documents."""
    sha = hashlib.sha256()
    for text in documents:
        content = text.encode()
        sha.update(f"{len(content)}:".encode() + content)
    return sha.hexdigest()


def tokenise(text: str, documents: Callable[[], Iterator[str]], tokeniser: Tokeniser) -> TextCorpus:
    """Tokenise a corpus into shards of the cache; unchanged shards are reused.

    Parameters
    ----------
    text : str
        SHA-256 of the documents.
    documents : callable
        Gives them.
    tokeniser : Tokeniser

    Raises
    ------
    InputError
        If there is no text.
    """

    def make_all(path: Path) -> None:
        shards, size = [], 0
        for part in _parts(documents()):
            shards.append(_shard(part, tokeniser))
            size += sum(len(text.encode()) for text in part)
        path.write_text(json.dumps({"shards": shards, "bytes": size}))

    index = keep(_index_name(text, tokeniser.sha256), make_all)
    tokens = sum(len(_mapped(find_kept(shard))) for shard in json.loads(index.read_text())["shards"])
    if not tokens:
        raise InputError("documents with text", "none", "[corpus]")
    return TextCorpus(text, tokeniser.sha256, tokens)


def keep_texts(text: str, documents: Callable[[], Iterator[str]]) -> list[Path]:
    """Store the documents as JSON lines in the cache, one file for each shard of tokens.

    Parameters
    ----------
    text : str
        SHA-256 of the documents.
    documents : callable
        Gives them.
    """

    def make_all(path: Path) -> None:
        path.write_text(json.dumps([_texts(part) for part in _parts(documents())]))

    index = keep(f"texts-{digest(text, _SHARD_CHARACTERS)[:32]}.json", make_all)
    return [find_kept(name) for name in json.loads(index.read_text())]


def _texts(documents: list[str]) -> str:
    def make(path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(text, ensure_ascii=True) + "\n" for text in documents)

    name = f"texts-{hash_documents(iter(documents))[:32]}.jsonl"
    keep(name, make)
    return name


def _index_name(text: str, tokeniser: str) -> str:
    return f"corpus-index-{digest(text, tokeniser, _SHARD_CHARACTERS)[:32]}.json"


def _parts(documents: Iterator[str]) -> Iterator[list[str]]:
    part: list[str] = []
    characters = 0
    for text in documents:
        part.append(text)
        characters += len(text)
        if characters >= _SHARD_CHARACTERS:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _shard(documents: list[str], tokeniser: Tokeniser) -> str:
    kind, separator = token_type(tokeniser.vocabulary + 2), tokeniser.vocabulary

    def make(path: Path) -> None:
        encoded = (ids for batch in batched(documents, _BATCH) for ids in tokeniser.encode(list(batch)))
        with path.open("wb") as file:  # a handle, since np.save would add an ending to a path
            np.save(file, np.concatenate([np.array([*ids, separator], kind) for ids in encoded]))

    name = f"shard-{digest(hash_documents(iter(documents)), tokeniser.sha256)[:32]}.npy"
    keep(name, make)
    return name


@cache
def _mapped(path: Path) -> IntArray:
    return np.load(path, mmap_mode="r", allow_pickle=False)
