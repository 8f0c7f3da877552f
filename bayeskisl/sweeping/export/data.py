"""The training data of one run, in one or several formats from one stream."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.files import replace_file
from bayeskisl.knowledge.text import GENERAL, Begun, Stream, fill
from bayeskisl.knowledge.text.corpus import token_type
from bayeskisl.sweeping.export.formats import FORMATS, Layout, TextDocument
from bayeskisl.sweeping.spec import RunSpec
from bayeskisl.sweeping.text import PreparedText

__all__ = ["DataSettings", "Texts", "held_out_documents", "write_data"]

_HELD_OUT = 1000  # documents at most
_DONE = "realised.json"


@dataclass(frozen=True)
class DataSettings:
    """Settings of the training data of an export.

    Attributes
    ----------
    formats : tuple of str
        Names in `FORMATS`.
    shard_tokens : int
        Tokens of a shard, rounded down to whole windows.
    spacing : int
        Windows from one exposure of a fact to its next; 0 for a uniform order.
    end : int
        The token that ends a document.
    """

    formats: tuple[str, ...]
    shard_tokens: int
    spacing: int
    end: int


@dataclass(frozen=True)
class Texts:
    """Documents as text, by their positions in a corpus; one shard is in memory."""

    prepared: PreparedText
    _shards: list[Path] = field(default_factory=list)

    def document(self, begun: Begun) -> TextDocument:
        """Return a document of a stream, general or a fact."""
        first, second = begun.place
        if begun.group == GENERAL:
            return TextDocument(self.general(first, second), GENERAL)
        triple, template = self.prepared.triples[first], self.prepared.templates[first][second]
        return TextDocument(fill(template, triple, triple.object)[0], begun.group)

    def general(self, shard: int, document: int) -> str:
        """Return a document of the corpus."""
        if not self._shards:
            self._shards.extend(self.prepared.texts())
        return json.loads(_lines(self._shards[shard])[document])


@lru_cache(maxsize=2)
def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")


def write_data(run: RunSpec, prepared: PreparedText, folder: Path, settings: DataSettings) -> dict[str, Any]:
    """Write the data of a run to `folder`, one folder for each format; existing data are not rewritten.

    Parameters
    ----------
    run : RunSpec
    prepared : PreparedText
    folder : Path
    settings : DataSettings

    Returns
    -------
    dict
        Counted content of the tokens: the terms of r D = K f l, and those of the background.
    """
    done = folder / _DONE
    if done.is_file():
        return json.loads(done.read_bytes())
    mixture, facts, corpus = run.text
    stream = Stream(mixture, facts, corpus, run.of_material, spacing=settings.spacing)
    context, separator = mixture.context, facts.separator
    kind = token_type(max(facts.tokeniser_vocabulary, settings.end + 1))
    per_shard = max(1, settings.shard_tokens // context)
    layouts = {
        name: Layout(folder / name, context, run.mixture.sequences, per_shard, kind) for name in settings.formats
    }
    writers, texts = [FORMATS[name](layout) for name, layout in layouts.items()], Texts(prepared)
    of_text = any(writer.of_text for writer in writers)
    for window in stream.windows():
        tokens = np.where(window.tokens == separator, settings.end, window.tokens)
        documents = [texts.document(begun) for begun in window.begun] if of_text else []
        for writer in writers:
            writer.add(tokens, documents)
    for writer in writers:
        writer.close()
    realised = stream.realised.summary()
    replace_file(done, (json.dumps(realised, indent=2) + "\n").encode())
    return realised


def held_out_documents(run: RunSpec, prepared: PreparedText) -> Sequence[TextDocument]:
    """Yield documents outside the training data of every run, at most a thousand, for a validation loss."""
    stream, texts = Stream(*run.text, run.of_material), Texts(prepared)
    return [TextDocument(texts.general(*place), GENERAL) for place, _ in islice(stream.held_out(), _HELD_OUT)]
