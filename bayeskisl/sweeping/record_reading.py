"""Reading of a record, which must be complete and belong to the run in its file's name.

The checksum of the closing line proves the bytes. That they are this run's follows from the specification in the first
line: its SHA-256 is the file's name, and it says which coordinates, groups and measurements the other lines must hold.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.knowledge import Mixture
from bayeskisl.knowledge.text import TextFacts
from bayeskisl.specifications import Inside, Table, read_table
from bayeskisl.sweeping.records import coordinates
from bayeskisl.sweeping.spec import RunSpec, canonical_json

__all__ = ["BrokenRecord", "MisplacedRecord", "Record", "read_record"]

_LARGEST = 2**26  # bytes; a checkpoint takes some 500
_Count = Annotated[int, Field(ge=0, le=schema.MOST_PROBED)]
_Nats = Annotated[float, Field(ge=0)]


class BrokenRecord(Exception):
    """A record file is truncated, altered or belongs to another run; the message gives the reason."""


class MisplacedRecord(BrokenRecord):
    """An unexpected object lies among the records and has to be moved away; no training replaces it."""


@dataclass(frozen=True)
class Record:
    """One finished run.

    Attributes
    ----------
    run : RunSpec
    content : bytes
        The file, closing line included.
    lines : tuple of dict
        The same, parsed.
    """

    run: RunSpec
    content: bytes
    lines: tuple[dict[str, Any], ...]

    @property
    def measured(self) -> tuple[dict[str, Any], ...]:
        """All lines except the first and the last, which do not depend on the stack of the run."""
        return self.lines[1:-1]


class _Probe(Table):
    kind: Literal["probe"]
    run: str
    tokens_seen: int
    group: str
    recalled: _Count
    probed: _Count
    answer_nats: _Nats
    guessing: Inside | None = None


class _General(Table):
    kind: Literal["general"]
    run: str
    tokens_seen: int
    general_loss: _Nats
    bytes_per_token: Annotated[float, Field(gt=0, le=1e6)] | None = None


class _Failed(Table):
    kind: Literal["failed"]
    run: str
    step: Annotated[int, Field(ge=0)]
    reason: str


_KINDS: dict[object, type[Table]] = {"probe": _Probe, "general": _General, "failed": _Failed}


def read_record(path: Path) -> Record:
    """Read a record and check that it is complete, unaltered and of the right run.

    Raises
    ------
    BrokenRecord
        If it is not a complete record of the run in its name.
    MisplacedRecord
        If it is not a file.
    """
    content = _content(path)
    lines = _whole_lines(content)
    run = _run_of(lines[0])
    if run.name != path.stem:
        raise BrokenRecord(f"it is the record of run {run.name}")
    _check_measurements(run, lines)
    return Record(run, content, lines)


def _content(path: Path) -> bytes:
    if path.is_symlink() and not path.exists():
        raise BrokenRecord("it is a broken link")
    if not path.is_file():
        raise MisplacedRecord("it is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as problem:
        raise BrokenRecord(f"it cannot be read ({problem.strerror})") from None
    if len(content) > _LARGEST:
        raise BrokenRecord(f"it has more than {_LARGEST // 2**20} MiB")
    return content


def _whole_lines(content: bytes) -> tuple[dict[str, Any], ...]:
    cut = content.rstrip(b"\n").rfind(b"\n") + 1
    body, last = content[:cut], content[cut:]
    try:
        end = json.loads(last)
    except (ValueError, RecursionError):
        raise BrokenRecord("its last line is cut off") from None
    if not isinstance(end, dict) or end.get("kind") != "end" or not last.endswith(b"\n"):
        raise BrokenRecord("its closing line is missing")
    if end.get("sha256") != hashlib.sha256(body).hexdigest():
        raise BrokenRecord("its lines do not match the closing line's SHA-256")
    if not body:
        raise BrokenRecord("there is nothing before its closing line")
    try:
        lines = [json.loads(line) for line in body.splitlines()]
    except (ValueError, RecursionError):
        raise BrokenRecord("a line is not JSON") from None
    if not all(isinstance(line, dict) for line in lines) or end.get("lines") != len(lines):
        raise BrokenRecord(f"its closing line counts {end.get('lines')!r:.20} lines, and there are others")
    return (*lines, end)


def _run_of(first: dict[str, Any]) -> RunSpec:
    if first.get("kind") != "run":
        raise BrokenRecord("its first line does not describe a run")
    try:
        run = read_table(RunSpec, first.get("spec"), "")
        described = {"kind": "run", **coordinates(run)}
        identity = hashlib.sha256(canonical_json(first["spec"]).encode()).hexdigest()
    except (InputError, ArithmeticError, ValueError) as problem:
        raise BrokenRecord(f"its specification is invalid ({str(problem).rstrip('.')})") from None
    for key in described:
        if json.dumps(first.get(key)) != json.dumps(described[key]):  # as text: false is no 0, nor is 0.0
            raise BrokenRecord(f"its {key} is not that of its specification")
    if identity != run.identity:
        raise BrokenRecord("its specification is not written as that of a run")
    if unknown := set(first) - {*described, "spec", "stack"}:
        raise BrokenRecord(f"its first line has an unknown key {min(unknown)!r:.40}")
    return run


def _check_measurements(run: RunSpec, lines: tuple[dict[str, Any], ...]) -> None:
    *measured, end = lines[1:]
    for line in measured:
        kind = _KINDS.get(line["kind"]) if isinstance(line.get("kind"), str) else None
        if kind is None:
            raise BrokenRecord("a line is neither a probe, a general loss nor a failure")
        try:
            read_table(kind, line, "")
        except InputError as problem:
            raise BrokenRecord(f"a line does not belong to a record ({str(problem).rstrip('.')})") from None
    if any(line.get("run") != run.name for line in (*measured, end)):
        raise BrokenRecord("a line belongs to another run")
    if [line["kind"] for line in measured] == ["failed"]:
        return
    expected = _expected(run)
    if len(measured) != len(expected) or not all(map(_is_as_expected, measured, expected)):
        raise BrokenRecord("it does not hold one probe of each group and one general loss for each measurement")
    if any(line["kind"] == "probe" and line["recalled"] > line["probed"] for line in measured):
        raise BrokenRecord("more facts were recalled than probed")


def _is_as_expected(line: dict[str, Any], expected: tuple[Any, ...]) -> bool:
    *told, possible = expected
    return [*map(line.get, ("kind", "tokens_seen", "group", "guessing"))] == told and line.get("probed") in possible


def _expected(run: RunSpec) -> list[tuple[Any, ...]]:
    """Kind, tokens, group, rate of guesses and possible numbers of probed facts of every line, in order."""
    asked = [(group, rate, _possible(group, min(run.probes, facts))) for group, facts, rate in _probed_facts(run)]
    seen = [steps * run.training.batch * run.mixture.context for steps in (*run.checkpoint_steps, run.steps)]
    return [
        line
        for tokens in seen
        for line in (*(("probe", tokens, *each) for each in asked), ("general", tokens, None, None, (None,)))
    ]


def _possible(group: str, most: int) -> range:
    """Numbers of probed facts; multiple choice leaves out relations with few objects."""
    return range(0 if group == schema.INFUSED_CHOICE else most, most + 1)


def _probed_facts(run: RunSpec) -> Iterator[tuple[str, int, float | None]]:
    """Group, facts and rate of guesses of each probe in the order of the record; no rate where it is the run's."""
    facts, mixture = run.facts, run.mixture
    heldout = facts.heldout if isinstance(facts, TextFacts) else facts.templates and facts.templates.heldout
    background = mixture.background if isinstance(mixture, Mixture) else mixture.background_encounters
    yield schema.INFUSED, mixture.facts, None
    if heldout:
        yield schema.INFUSED_HELDOUT, mixture.facts, None
    if background:
        yield schema.BACKGROUND, mixture.background_facts, None
    if isinstance(facts, TextFacts) and facts.options:
        yield schema.INFUSED_CHOICE, mixture.facts, 1 / facts.options
        if not background:
            yield schema.BACKGROUND, run.probes, 1 / facts.options
