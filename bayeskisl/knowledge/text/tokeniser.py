"""The tokeniser of a corpus: a byte-level byte-pair encoding trained on it, or an existing one."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.files import replace_file
from bayeskisl.knowledge.text.cache import digest, keep, text_extra

__all__ = ["Tokeniser", "load_tokeniser", "trained_tokeniser"]

_ENDS = ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "<|bos|>", "[SEP]")  # the usual names
_BYTES = 256  # tokens that a byte-level encoding begins with


class Tokeniser:
    """A tokeniser and our additional tokens: the separator of documents, and the start of infused sequences.

    Parameters
    ----------
    path : Path
        A ``tokenizer.json``, or a folder that ``transformers`` saved, which has one.

    Attributes
    ----------
    sha256 : str
        Hash of its file.
    vocabulary : int
        One more than its largest token; that is the separator.
    path : Path
        Its file.
    """

    def __init__(self, path: Path) -> None:
        library = text_extra("tokenizers", "real text")
        self.path = path = path / "tokenizer.json" if path.is_dir() else path
        try:
            content = path.read_bytes()
            self._encoder: Any = library.Tokenizer.from_str(content.decode())
        except OSError as problem:
            raise InputError("a tokenizer.json", problem.strerror, str(path), "check the path") from None
        except Exception as problem:  # the library raises bare Exceptions
            raise InputError("a tokenizer.json", str(problem).splitlines()[0], str(path)) from None
        self._encoder.no_truncation()  # settings that a caller of ``transformers`` left in the file
        self._encoder.no_padding()
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.vocabulary = max(self._encoder.get_vocab(with_added_tokens=True).values()) + 1

    def end_of_document(self) -> tuple[str, int] | None:
        """The tokeniser's own token at the end of a document, as text and number; None if it has none.

        That is the ``eos_token`` that a file ``tokenizer_config.json`` beside it names, else one of the usual names.
        """
        names = [*_named_end(self.path.with_name("tokenizer_config.json")), *_ENDS]
        numbers = self._encoder.get_vocab(with_added_tokens=True)
        return next(((name, numbers[name]) for name in names if name in numbers), None)

    def save(self, folder: Path, context: int) -> tuple[str, int]:
        """Write the tokeniser for ``transformers``, which then puts the end of a document before every text.

        Parameters
        ----------
        folder : Path
        context : int
            Longest sequence, in tokens.

        Returns
        -------
        name, number
            The token that ends a document; a tokeniser without one gets ``<|endoftext|>`` behind its last token.
        """
        library = text_extra("tokenizers", "writing a tokeniser")
        encoder = library.Tokenizer.from_str(self._encoder.to_str())
        end, number = self.end_of_document() or (_ENDS[0], self.vocabulary)
        encoder.add_special_tokens([end])
        encoder.post_processor = library.processors.TemplateProcessing(
            single=f"{end} $A", pair=f"{end} $A $B", special_tokens=[(end, number)]
        )
        settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": end, "eos_token": end, "pad_token": end,
                    "model_max_length": context, "clean_up_tokenization_spaces": False}  # fmt: skip
        replace_file(folder / "tokenizer.json", encoder.to_str(pretty=True).encode())
        replace_file(folder / "tokenizer_config.json", (json.dumps(settings, indent=2) + "\n").encode())
        return end, number

    def encode(self, texts: list[str]) -> list[list[int]]:
        """Return the tokens of each text, without special tokens."""
        return [encoding.ids for encoding in self._encoder.encode_batch(texts, add_special_tokens=False)]

    def encode_with_offsets(self, texts: list[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Return the tokens of each text, and the character range of each token."""
        encodings = self._encoder.encode_batch(texts, add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in encodings]


def trained_tokeniser(text: str, vocabulary: int, documents: Callable[[], Iterator[str]]) -> Tokeniser:
    """Train a byte-level byte-pair encoding on a corpus, cached by the corpus's hash.

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
    """Load an existing ``tokenizer.json``, or a folder of ``transformers`` that contains one."""
    return Tokeniser(Path(path))


def _named_end(path: Path) -> list[str]:
    """End of a document as named in the settings of a tokeniser, as text or as an added token."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))["eos_token"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    named = named.get("content") if isinstance(named, dict) else named
    return [named] if isinstance(named, str) else []
