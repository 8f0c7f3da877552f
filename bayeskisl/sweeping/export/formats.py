"""Formats of training data, one small class each: documents as text, or windows as tokens, in shards.

Shards are written atomically, and existing shards are not written again, so that an interrupted export continues.
"""

import json
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from bayeskisl.arrays import IntArray
from bayeskisl.errors import OutputError
from bayeskisl.files import draft_of, replace_file
from bayeskisl.knowledge.text.cache import text_extra

__all__ = ["FORMATS", "Format", "Layout", "TextDocument"]

_ROW_GROUP = 1024  # rows, as nanochat's own files have; its workers share a file by row groups


@dataclass(frozen=True)
class TextDocument:
    """A document as text: `group` is ``general``, ``infused`` or ``background``."""

    text: str
    group: str


@dataclass(frozen=True)
class Layout:
    """Layout of the data of a run.

    Attributes
    ----------
    folder : Path
    context : int
        Tokens of a window.
    windows : int
        Windows of the run in all.
    per_shard : int
        Windows of a shard.
    kind : type
        Type of tokens, ``numpy.uint16`` or ``numpy.uint32``.
    """

    folder: Path
    context: int
    windows: int
    per_shard: int
    kind: type

    @property
    def shards(self) -> int:
        return -(-self.windows // self.per_shard)


class Format(ABC):
    """A format of the data of a run, written window by window.

    Attributes
    ----------
    name : str
    of_text : bool
        Whether it holds documents as text, else windows of tokens.
    """

    name: ClassVar[str]
    of_text: ClassVar[bool] = False

    def __init__(self, layout: Layout, first: int = 0) -> None:
        self.layout = layout
        self._number = first  # of the first shard
        self._rows: list[Any] = []
        self._windows = 0
        try:
            layout.folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise OutputError(layout.folder, problem.strerror or str(problem)) from None

    def add(self, tokens: Sequence[int] | IntArray, documents: Iterable[TextDocument] = ()) -> None:
        """Add the next window: its tokens, or the documents that begin in it."""
        self._rows.extend(documents if self.of_text else [tokens])
        self._windows += 1
        if self._windows == self.layout.per_shard:
            self._flush()

    def close(self) -> None:
        """Write the remainder, and the facts known only at the end of the run."""
        if self._windows:
            self._flush()

    def _flush(self) -> None:
        path = self.layout.folder / self._file(self._number)
        if not path.exists():
            self._write(path)
        self._rows, self._windows, self._number = [], 0, self._number + 1

    def _tokens(self) -> IntArray:
        return np.array(self._rows, dtype=self.layout.kind)

    @abstractmethod
    def _file(self, number: int) -> str:
        """Name of a shard's file."""

    @abstractmethod
    def _write(self, path: Path) -> None:
        """Write a shard's rows atomically."""


class JsonLines(Format):
    """JSON lines with ``{"text": ..., "group": ...}``."""

    name, of_text = "jsonl", True

    def _file(self, number: int) -> str:
        return f"train-{number:05d}.jsonl"

    def _write(self, path: Path) -> None:
        lines = (json.dumps(vars(row), ensure_ascii=False) + "\n" for row in self._rows)
        replace_file(path, "".join(lines).encode())


class Parquet(Format):
    """Columns ``text`` and ``group``, in the names and row groups of nanochat's ``base_data``."""

    name, of_text = "parquet", True

    def _file(self, number: int) -> str:
        return f"shard_{number:05d}.parquet"

    def _write(self, path: Path) -> None:
        arrow, parquet = text_extra("pyarrow", "Parquet files"), text_extra("pyarrow.parquet", "Parquet files")
        columns = {name: [getattr(row, name) for row in self._rows] for name in ("text", "group")}
        with draft_of(path) as draft:
            parquet.write_table(arrow.table(columns), draft, row_group_size=_ROW_GROUP, compression="zstd")


class Datasets(Format):
    """A folder for ``datasets.load_from_disk`` with one column ``input_ids``, one window per row."""

    name = "datasets"

    def _file(self, number: int) -> str:
        return f"data-{number:05d}-of-{self.layout.shards:05d}.arrow"

    def _write(self, path: Path) -> None:
        arrow = text_extra("pyarrow", "Arrow files")
        rows = arrow.array(list(np.array(self._rows, dtype=np.int32)), arrow.list_(arrow.int32()))
        table = arrow.table({"input_ids": rows})
        with (
            draft_of(path) as draft,
            arrow.OSFile(str(draft), "wb") as sink,
            arrow.ipc.new_stream(sink, table.schema) as writer,
        ):
            writer.write_table(table, max_chunksize=1000)

    def close(self) -> None:
        super().close()
        files = [{"filename": self._file(number)} for number in range(self.layout.shards)]
        column = {"feature": {"dtype": "int32", "_type": "Value"}, "_type": "List"}
        state: dict[str, Any] = {"_data_files": files, "_fingerprint": self.layout.folder.parent.name}
        state |= dict.fromkeys(("_format_columns", "_format_type", "_split"))
        state |= {"_format_kwargs": {}, "_output_all_columns": False}
        info = {"citation": "", "description": "", "features": {"input_ids": column}, "homepage": "", "license": ""}
        for name, content in (("state.json", state), ("dataset_info.json", info)):
            replace_file(self.layout.folder / name, (json.dumps(content, indent=2) + "\n").encode())


class Npy(Format):
    """NumPy arrays of shape ``(window, context)``."""

    name = "npy"

    def _file(self, number: int) -> str:
        return f"train_{number:06d}.npy"

    def _write(self, path: Path) -> None:
        with draft_of(path) as draft, draft.open("wb") as file:
            np.save(file, self._tokens())


class Memmap(Npy):
    """Tokens without a header, in files named ``.npy``, which OLMo-core maps into memory."""

    name = "memmap"

    def _write(self, path: Path) -> None:
        replace_file(path, self._tokens().tobytes())


class Bin(Format):
    """Token shards of llm.c and its successors: a header of 256 words, then tokens.

    The header begins with the magic number 20240520, version 1 and the number of tokens, which have 16 bits; for
    vocabularies beyond them it is 20240801, version 7, and they have 32.
    """

    name = "bin"

    def _file(self, number: int) -> str:
        return f"train_{number:06d}.bin"

    def _write(self, path: Path) -> None:
        tokens, header = self._tokens(), np.zeros(256, dtype="<i4")
        header[:3] = *((20240520, 1) if self.layout.kind is np.uint16 else (20240801, 7)), tokens.size
        replace_file(path, header.tobytes() + tokens.tobytes())


class Megatron(Format):
    """One ``train.bin`` with its index ``train.idx`` for Megatron's ``IndexedDataset``; a window is a document.

    Megatron shuffles documents. As each has the tokens of one sequence, sequences stay whole, whatever the order.
    """

    name = "megatron"
    _CODES: ClassVar[dict[type, tuple[int, type]]] = {np.uint16: (8, np.uint16), np.uint32: (4, np.int32)}

    def _file(self, number: int) -> str:
        return f".train-{number:06d}.part"

    def _write(self, path: Path) -> None:
        replace_file(path, self._tokens().astype(self._CODES[self.layout.kind][1]).tobytes())

    def _flush(self) -> None:
        if (self.layout.folder / "train.bin").exists():  # the parts were joined
            self._rows, self._windows, self._number = [], 0, self._number + 1
        else:
            super()._flush()

    def close(self) -> None:
        super().close()
        folder = self.layout.folder
        if not (folder / "train.bin").exists():
            parts = [folder / self._file(number) for number in range(self.layout.shards)]
            with draft_of(folder / "train.bin") as draft, draft.open("wb") as file:
                for part in parts:
                    file.write(part.read_bytes())
            for part in parts:
                part.unlink()
        replace_file(folder / "train.idx", self._index())

    def _index(self) -> bytes:
        code, kind = self._CODES[self.layout.kind]
        count, length = self.layout.windows, self.layout.context
        head = b"MMIDIDX\x00\x00" + struct.pack("<QBQQ", 1, code, count, count + 1)
        lengths = np.full(count, length, dtype="<i4")
        pointers = np.arange(count, dtype="<i8") * (length * np.dtype(kind).itemsize)
        return head + lengths.tobytes() + pointers.tobytes() + np.arange(count + 1, dtype="<i8").tobytes()


FORMATS: MappingProxyType[str, type[Format]] = MappingProxyType(
    {each.name: each for each in (JsonLines, Parquet, Datasets, Npy, Memmap, Bin, Megatron)}
)
