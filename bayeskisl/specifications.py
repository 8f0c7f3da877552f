"""Specifications from files: TOML tables become typed, bounded values, and every mistake is one sentence.

Sweeps, ladders, text, records and laws are read by it. Every key has a type and bounds where it is declared, as a field
of a frozen dataclass or of a `Table`; a key that is not declared is refused with the nearest one that is.
"""

import difflib
import json
import re
import reprlib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAliasType, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    with_config,
)

from bayeskisl.errors import InputError, first_line
from bayeskisl.files import require_file

__all__ = [
    "AsWritten",
    "Count",
    "FileName",
    "Inside",
    "Listed",
    "Number",
    "PathText",
    "Positive",
    "Seed",
    "Several",
    "Share",
    "Table",
    "nearest",
    "read_table",
    "read_toml",
    "refusal",
    "refuse_unknown",
    "require_file_name",
    "shown",
    "strictly",
    "toml_value",
]

_LARGEST_FILE = 2**20  # bytes; the largest specification that ships has 3,000
# Budgets, facts and levels: far beyond what anyone trains, and below 2^53, up to which a float counts exactly.
_LARGEST = 10**15
_LONGEST_LIST = 10_000
_LONGEST_NAME = 200  # bytes; a folder's name has at most 255, and a sweep's hash and stage are appended
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

_adapters: dict[type, TypeAdapter[Any]] = {}


class Table(BaseModel):
    """A table of a file; undeclared keys are refused, and nothing is converted."""

    model_config = _STRICT


def strictly[T](kind: type[T]) -> type[T]:
    """Let a frozen dataclass be read as a table; its constructor is unchanged."""

    def schema_of(source: type, handler: Callable[[type], Any]) -> Any:
        # strict are the fields; a strict dataclass itself would take instances alone, and no tables
        return {**handler(source), "strict": False}

    kind.__get_pydantic_core_schema__ = staticmethod(schema_of)  # type: ignore[attr-defined]
    return with_config(_STRICT)(kind)


def _as_tuple(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(value)
    return value if isinstance(value, dict) else (value,)


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise ValueError("distinct")
    return values


def _keep_as_written(value: Any, check: Callable[[Any], Any]) -> Any:
    check(value)
    return value


def _file_name(name: str) -> str:
    if not name.isprintable() or "/" in name or "\\" in name or name[:1] in (".", "-") or name != name.strip():
        raise ValueError("printable text without slashes, not begun with a dot, a hyphen or a space")
    if len(name.encode()) > _LONGEST_NAME:
        raise ValueError(f"at most {_LONGEST_NAME} bytes long")
    return name


def require_file_name(name: str, where: str) -> None:
    """Refuse a text that is not a file name, or that leads to another folder.

    Raises
    ------
    InputError
        If it is empty, not printable, has a slash, begins with a dot, a hyphen or a space, or has more than 200 bytes.
    """
    try:
        _file_name(name or ".")
    except ValueError as problem:
        raise InputError(f"a name to be {problem}", shown(name), where) from None


def _without_null(text: str) -> str:
    if "\0" in text:
        raise ValueError("text without a null character")
    return text


Count = Annotated[int, Field(ge=1, le=_LARGEST)]
Number = Annotated[int, Field(ge=0, le=_LARGEST)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Positive = Annotated[float, Field(gt=0, le=_LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
Inside = Annotated[float, Field(gt=0, lt=1)]
FileName = Annotated[str, Field(min_length=1), AfterValidator(_file_name)]
PathText = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_without_null)]

# One value or a list of distinct ones; `Several` has at least one.
type Listed[V] = Annotated[
    tuple[V, ...], BeforeValidator(_as_tuple), Field(max_length=_LONGEST_LIST), AfterValidator(_distinct)
]
type Several[V] = Annotated[
    tuple[V, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=_LONGEST_LIST), AfterValidator(_distinct)
]
# A number that enters an identity as it stands in the file, 400 or 400.0.
type AsWritten[V] = Annotated[V, WrapValidator(_keep_as_written)]


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file.

    Raises
    ------
    InputError
        If it is missing, larger than 1 MiB, or not TOML.
    """
    if path.is_dir():
        require_file(path, "a TOML file", "check the path", ".toml")
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise InputError("a TOML file", "no such file", str(path), "check the path") from None
    except OSError as problem:
        raise InputError("a TOML file", problem.strerror, str(path), "check the path") from None
    if len(content) > _LARGEST_FILE:
        raise InputError("a TOML file of at most 1 MiB", "a larger one", str(path))
    try:
        return tomllib.loads(content.decode())
    except RecursionError:
        raise InputError("valid TOML", "tables or lists that are nested too deeply", str(path)) from None
    except ValueError as problem:  # also UnicodeDecodeError, and integers of more than 4,300 digits
        raise InputError("valid TOML", _what_is_wrong(problem), str(path)) from None


def toml_value(value: Any) -> str:
    """Return a number, text, truth value, list or table as TOML spells it on one line."""
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_value(key)} = {toml_value(entry)}" for key, entry in value.items()) + " }"
    # all others are spelled alike in JSON and TOML, but for pairs of surrogates and for DEL
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def read_table[T](kind: type[T], table: object, where: str, what: str = "the file") -> T:
    """Build a `Table` or a frozen dataclass from a parsed table.

    Parameters
    ----------
    kind : type
        A subclass of `Table`, or a dataclass decorated by `strictly`.
    table : object
        Content of the file.
    where : str
        The file's name.
    what : str
        How the outermost table is called in a message, e.g. ``the sweep``.

    Raises
    ------
    InputError
        On the first key that is unknown, missing, of the wrong type or out of bounds.
    """
    try:
        return _adapter_of(kind).validate_python(table)
    except ValidationError as error:
        raise refusal(error, kind, where, what) from None


def _adapter_of(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def refusal(error: ValidationError, kind: type, where: str, what: str, remedy: str = "") -> InputError:
    """Return the first mistake that pydantic found, as one sentence; `remedy` is for a missing key."""
    mistakes = error.errors(include_url=False)
    mistake = next((one for one in mistakes if one["type"] in _UNKNOWN), mistakes[0])  # a misspelt key is also missing
    kind_of_mistake, location = mistake["type"], [part for part in mistake["loc"] if part != "[key]"]
    own = mistake.get("ctx", {}).get("error")
    if isinstance(own, InputError):
        place = ", ".join(part for part in (where, own.where) if part)
        return InputError(own.expected, own.got, place, own.remedy)
    key = ".".join(str(part) for part in location if isinstance(part, str))
    if kind_of_mistake in _UNKNOWN:
        *above, last = location
        table = f"table {'.'.join(str(part) for part in above if isinstance(part, str))!r}" if above else what
        return _unknown(str(last), _keys_at(kind, above), f"the keys of {table} to be", where)
    if kind_of_mistake in ("missing", "missing_argument"):
        return InputError(f"a key {key!r}", "none", where, remedy)
    got = shown(mistake["input"]) if location or kind_of_mistake != "value_error" else "another"
    return InputError(f"{f'{key!r} ' if key else ''}{_wanted(mistake)}".strip(), got, where)


def _wanted(mistake: Any) -> str:
    """Return the expected kind of a value, for the end of "expected 'key' ..."."""
    if mistake["type"] in ("model_type", "dataclass_type", "dict_type", "model_attributes_type"):
        return "to be a table"
    if mistake["type"] == "int_type":
        return "to be a whole number"
    message = mistake["msg"].removeprefix("Value error, ")
    said = re.sub(r"^(Input|List|Tuple|String|Dictionary|Value) should (be|have) ", r"to \2 ", message)
    if said != message or not mistake["loc"]:
        return said.replace(" item after validation", " value").replace(" items after validation", " values")
    return f"to be {message}"


def refuse_unknown(names: Iterable[str], allowed: Iterable[str], where: str, subject: str = "keys") -> None:
    """Refuse the first name, such as a table's key, that is not allowed, and name the nearest allowed one."""
    allowed = tuple(allowed)
    for name in names:
        if not isinstance(name, str) or name not in allowed:
            raise _unknown(str(name), allowed, subject, where)


def _unknown(key: str, allowed: tuple[str, ...], subject: str, where: str) -> InputError:
    return InputError(f"{subject} among {', '.join(allowed)}", shown(key), where, nearest(key, allowed))


def nearest(key: str, allowed: Iterable[str]) -> str:
    """Return a remedy that names the nearest allowed key, or an empty string."""
    found = difflib.get_close_matches(key[:100], list(allowed), n=1)
    return f"the nearest is {found[0]!r}" if found else ""


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__(maxlevel=4, maxdict=4, maxlist=8, maxtuple=8, maxstring=80, maxother=80, maxlong=40)


def shown(value: object) -> str:
    """Return a value of a file as a message shows it: short and on one line."""
    try:
        return " ".join(_Short().repr(value).splitlines())
    except ValueError:  # Python does not write integers of more than 4,300 digits
        return "a number of thousands of digits"


def _what_is_wrong(problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return f"a byte that is not UTF-8 at position {problem.start:,}"
    if "digits" in str(problem):
        return "a number of thousands of digits"
    return first_line(problem)


def _keys_at(kind: Any, location: list[str | int]) -> tuple[str, ...]:
    """Keys that are allowed in the table at a location."""
    for part in location:
        kind = _below(kind, part)
    kind = _bare(kind)
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return tuple(getattr(kind, "model_fields", ()))


def _below(kind: Any, part: str | int) -> Any:
    kind = _bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_fields[str(part)].annotation
    if is_dataclass(kind):
        return get_type_hints(kind, include_extras=True)[str(part)]
    return next((one for one in reversed(get_args(kind)) if one is not Ellipsis), kind)


def _bare(kind: Any) -> Any:
    """Return a type without its bounds, its alias and an optional None."""
    while True:
        origin = get_origin(kind)
        if origin is Annotated:
            kind = get_args(kind)[0]
        elif isinstance(origin, TypeAliasType):
            kind = origin.__value__[get_args(kind)]
        elif isinstance(kind, TypeAliasType):
            kind = kind.__value__
        elif type(None) in get_args(kind):
            kind = next(one for one in get_args(kind) if one is not type(None))
        else:
            return kind
