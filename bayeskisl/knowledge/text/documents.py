"""Documents of a general corpus: from files of several kinds, or streamed from a Hugging Face dataset."""

import ast
import glob
import json
import os
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.cache import digest, keep, text_extra

__all__ = ["DatasetSource", "FileSource", "read_rows", "whole_text"]

JSON_LINES = (".jsonl", ".ndjson")
_LONG = 2**22  # characters of a text file from which on a blank line ends a document; half a shard of tokens


@dataclass(frozen=True)
class FileSource:
    """Local files.

    Attributes
    ----------
    patterns : tuple of str
        Paths, relative to the working directory; ``*``, ``**``, ``~`` and ``$NAME`` are expanded, ``$STDLIB`` to the
        folder of Python's standard library.
    column : str
        Which column of JSON lines or Parquet files holds the text.

    Notes
    -----
    A text file is one document (one of more than four million characters is cut at blank lines), a row of JSON lines or
    Parquet is one, and of a Python file every docstring is one.
    """

    patterns: tuple[str, ...]
    column: str = "text"

    def documents(self) -> Iterator[str]:
        """Yield every document that is not blank, in the order of the files' paths.

        Raises
        ------
        InputError
            If a pattern matches no file, a file is not text, or a row lacks the column.
        """
        for path in self.paths():
            yield from (text for text in _documents_of(path, self.column) if text.strip())

    def paths(self) -> list[Path]:
        """The files, each once."""
        return sorted({path for pattern in self.patterns for path in _matches(pattern)})


@dataclass(frozen=True)
class DatasetSource:
    """A dataset streamed with the library ``datasets``, by its name on the hub or from a local folder.

    Attributes
    ----------
    name : str
    subset, revision : str
        Empty for the default.
    split : str
    column : str
    characters : int
        Stop after so many; zero for all.
    """

    name: str
    subset: str = ""
    split: str = "train"
    revision: str = ""
    column: str = "text"
    characters: int = 0

    def documents(self) -> Iterator[str]:
        """Yield every document that is not blank; a hub dataset is streamed once and stored as JSON lines."""
        if Path(self.name).exists():
            return self._streamed()
        kept = keep(f"dataset-{digest(vars(self))[:32]}.jsonl", self._save)
        return FileSource((glob.escape(str(kept)),)).documents()

    def _streamed(self) -> Iterator[str]:
        library = text_extra("datasets", "streaming a dataset")
        chosen = {"name": self.subset or None, "revision": self.revision or None, "split": self.split}
        try:
            rows = iter(library.load_dataset(self.name, streaming=True, **chosen))
            read = 0
            for number, row in enumerate(rows, 1):
                text = _text_of(row, self.column, f"{self.name}, row {number}")
                if text.strip():
                    yield text
                read += len(text)
                if self.characters and read >= self.characters:
                    return
        except (OSError, ValueError, ImportError) as problem:
            if isinstance(problem, InputError):
                raise
            said = " ".join(str(problem).split())
            raise InputError(
                "a dataset that can be streamed", said, self.name, "check its name, subset and split"
            ) from None

    def _save(self, path: Path) -> None:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in self._streamed())


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield rows of a JSON-lines or Parquet file with their positions, e.g. ``line 3``."""
    if path.suffix == ".parquet":
        library = text_extra("pyarrow.parquet", "reading Parquet files")
        try:
            batches = library.ParquetFile(path).iter_batches()
            rows: Iterable[dict[str, Any]] = (row for batch in batches for row in batch.to_pylist())
            yield from ((f"row {number}", row) for number, row in enumerate(rows, 1))
        except (OSError, ValueError) as problem:
            raise InputError("a Parquet file", str(problem).splitlines()[0], str(path)) from None
        return
    with _opened(path) as file:
        for number, line in enumerate(_lines(file, path), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as problem:
                raise InputError("a JSON object on every line", str(problem), f"{path}, line {number}") from None
            if not isinstance(row, dict):
                raise InputError("a JSON object on every line", line.strip()[:40], f"{path}, line {number}")
            yield f"line {number}", row


def _matches(pattern: str) -> list[Path]:
    place = pattern.replace("$STDLIB", glob.escape(sysconfig.get_path("stdlib")))
    found = [Path(p) for p in glob.glob(os.path.expanduser(os.path.expandvars(place)), recursive=True)]
    files = [path for path in found if path.is_file()]
    if not files:
        raise InputError("a pattern that matches a file", "none", repr(pattern), "check the path")
    return files


def _documents_of(path: Path, column: str) -> Iterator[str]:
    if path.suffix in (*JSON_LINES, ".parquet"):
        yield from (_text_of(row, column, f"{path}, {place}") for place, row in read_rows(path))
    elif path.suffix == ".py":
        yield from _docstrings(path)
    else:
        with _opened(path) as file:
            yield from _sections(_lines(file, path))


def _sections(lines: Iterable[str]) -> Iterator[str]:
    """Yield the text as one document, or a very long text as several, so that it needs little memory."""
    section: list[str] = []
    characters = 0
    for line in lines:
        if characters >= _LONG and not line.strip():
            yield "".join(section)
            section, characters = [], 0
        section.append(line)
        characters += len(line)
    yield "".join(section)


def _docstrings(path: Path) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as problem:
        raise InputError("Python that can be parsed", str(problem), str(path), "leave the file out") from None
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield whole_text(text)


def _text_of(row: dict[str, Any], column: str, where: str) -> str:
    if column not in row:
        raise InputError(f"a column {column!r}", f"columns {', '.join(row) or 'none'}", where, "name it with `column`")
    if not isinstance(row[column], str):
        raise InputError(f"text in column {column!r}", repr(row[column])[:40], where)
    return whole_text(row[column])


def whole_text(text: str) -> str:
    """The text with the replacement character for halves of surrogate pairs, which no encoding and no tokeniser has."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8")
    except OSError as problem:
        raise InputError("a file that can be read", problem.strerror, str(path)) from None


def _lines(file: Iterable[str], path: Path) -> Iterator[str]:
    try:
        yield from file
    except UnicodeDecodeError as problem:
        raise InputError("text in UTF-8", str(problem), str(path), "convert the file, or leave it out") from None
