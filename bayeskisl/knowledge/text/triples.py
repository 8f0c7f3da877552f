"""Knowledge as triples of subject, relation and object, read from a file; all problems are reported together."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayeskisl.errors import InputError
from bayeskisl.knowledge.text.documents import JSON_LINES, read_rows, whole_text

__all__ = ["Triple", "read_triples"]

_REQUIRED = ("subject", "relation", "object")
_LISTS = ("aliases", "templates")
_LISTED = 20  # problems spelled out; the others are counted


@dataclass(frozen=True)
class Triple:
    """One fact.

    Attributes
    ----------
    subject, relation, object : str
    aliases : tuple of str
        Other names of the object; an answer that is one of them counts as right. They are never trained on.
    templates : tuple of str
        Sentences of its own, in place of those of the sweep.
    """

    subject: str
    relation: str
    object: str
    aliases: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()


def read_triples(path: str | Path) -> tuple[Triple, ...]:
    """Read triples from CSV, JSON lines or Parquet.

    Parameters
    ----------
    path : path
        Columns ``subject``, ``relation`` and ``object``, and optionally ``aliases`` and ``templates``: lists, or texts
        separated by ``|``. Other columns are not read.

    Raises
    ------
    InputError
        If the file cannot be read or a column is missing; or once for all cells that are empty, triples that occur
        twice, and triples that contradict each other (one subject and relation, two objects of which neither is an
        alias of the other), each with its lines.
    """
    path = Path(path)
    triples: list[tuple[str, Triple]] = []
    problems: list[str] = []
    for place, row in _rows(path):
        if missing := [name for name in _REQUIRED if name not in row]:
            got = ", ".join(str(name) for name in row) or "none"
            raise InputError(f"columns {', '.join(_REQUIRED)}", f"{got} (no {', '.join(missing)})", f"{path}, {place}")
        values = {name: whole_text(row[name]).strip() if isinstance(row[name], str) else "" for name in _REQUIRED}
        if empty := [name for name, value in values.items() if not value]:
            problems.append(f"{place} has no text for {' and '.join(empty)}")
            continue
        lists = {name: _listed(row.get(name)) for name in _LISTS}
        problems += [f"{place}: {name} must be texts" for name, value in lists.items() if value is None]
        aliases, templates = (value or () for value in lists.values())
        triples.append((place, Triple(values["subject"], values["relation"], values["object"], aliases, templates)))
    problems += _collisions(triples)
    if problems:
        more = f"; and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
        got = f"{len(problems)} problem(s): {'; '.join(problems[:_LISTED])}{more}"
        raise InputError(
            "complete, distinct triples that do not contradict each other", got, str(path), "correct the file"
        )
    if not triples:
        raise InputError("at least one triple", "none", str(path))
    return tuple(triple for _, triple in triples)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.suffix in (*JSON_LINES, ".parquet"):
        yield from read_rows(path)
        return
    if path.suffix != ".csv":
        raise InputError("triples as .csv, .jsonl or .parquet", repr(path.name), "triples")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            above = reader.line_num
            for row in reader:
                yield f"line {max(above, 1) + 1}", row  # where it begins: a quoted cell may hold line breaks
                above = reader.line_num
    except OSError as problem:
        raise InputError("a file that can be read", problem.strerror, str(path)) from None
    except (csv.Error, UnicodeDecodeError) as problem:
        raise InputError("CSV in UTF-8", str(problem), str(path)) from None


def _listed(value: object) -> tuple[str, ...] | None:
    """Texts of a cell that may contain several; None if it contains something else."""
    if value is None or value == "":
        return ()
    texts = value.split("|") if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return None
    return tuple(whole_text(text).strip() for text in texts if text.strip())


def _collisions(triples: list[tuple[str, Triple]]) -> Iterator[str]:
    of_question: dict[tuple[str, str], list[tuple[str, Triple]]] = defaultdict(list)
    for place, triple in triples:
        earlier = of_question[triple.subject, triple.relation]
        for there, other in earlier:
            if triple.object == other.object:
                yield f"{place} repeats {there} ({triple.subject}, {triple.relation}, {triple.object})"
                break
            kind = "repeats under an alias" if _same(triple, other) else "contradicts"
            yield f"{place} {kind} {there} ({triple.subject}, {triple.relation}: {triple.object} and {other.object})"
            break
        earlier.append((place, triple))


def _same(one: Triple, other: Triple) -> bool:
    return one.object in other.aliases or other.object in one.aliases
