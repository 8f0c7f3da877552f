"""The tokeniser of a corpus: a byte-level byte-pair encoding trained on it, or one that is there already."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.cache import digest, keep, text_extra

__all__ = ["Tokeniser", "load_tokeniser", "trained_tokeniser"]

_BYTES = 256  # tokens that a byte-level encoding begins with


class Tokeniser:
    """A tokeniser and the tokens that are ours: the separator of documents, and the start of infused sequences.

    Parameters
    ----------
    path : Path
        A ``tokenizer.json``.

    Attributes
    ----------
    sha256 : str
        Of its file.
    vocabulary : int
        One more than its largest token; that is the separator.
    """

    def __init__(self, path: Path) -> None:
        library = text_extra("tokenizers", "real text")
        try:
            content = path.read_bytes()
            self._encoder: Any = library.Tokenizer.from_str(content.decode())
        except OSError as problem:
            raise InputError("a tokenizer.json", problem.strerror, str(path), "check the path") from None
        except Exception as problem:  # the library raises bare Exceptions
            raise InputError("a tokenizer.json", str(problem).splitlines()[0], str(path)) from None
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.vocabulary = max(self._encoder.get_vocab(with_added_tokens=True).values()) + 1

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Tokens of each text, none added."""
        return [encoding.ids for encoding in self._encoder.encode_batch(texts, add_special_tokens=False)]

    def encode_with_offsets(self, texts: list[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Tokens of each text, and from where to where in the text each of them stands, in characters."""
        encodings = self._encoder.encode_batch(texts, add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in encodings]


def trained_tokeniser(text: str, vocabulary: int, documents: Callable[[], Iterator[str]]) -> Tokeniser:
    """A byte-level byte-pair encoding trained on a corpus, kept by the corpus's hash.

    Parameters
    ----------
    text : str
        SHA-256 of the corpus.
    vocabulary : int
        Tokens at most; small corpora yield fewer.
    documents : callable
        Gives the documents.
    """
    if vocabulary < _BYTES:
        raise InputError(f"a vocabulary of at least the {_BYTES} bytes", vocabulary, "[corpus]")
    library = text_extra("tokenizers", "training a tokeniser")

    def train(path: Path) -> None:
        byte_level = library.pre_tokenizers.ByteLevel
        encoder = library.Tokenizer(library.models.BPE())
        encoder.pre_tokenizer = byte_level(add_prefix_space=False)
        encoder.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocabulary, initial_alphabet=byte_level.alphabet(), show_progress=False
        )
        encoder.train_from_iterator(documents(), trainer)
        path.write_text(encoder.to_str(), encoding="utf-8")

    name = f"tokeniser-{digest(text, vocabulary, library.__version__)[:32]}.json"
    return Tokeniser(keep(name, train))


def load_tokeniser(path: str | Path) -> Tokeniser:
    """An existing ``tokenizer.json``."""
    return Tokeniser(Path(path))
