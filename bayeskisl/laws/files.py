"""Law files: where the shipped ones lie, and how a file becomes a `Law`."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bayeskisl.errors import InputError
from bayeskisl.laws.law import Law
from bayeskisl.shipped import shipped_file, shipped_names

__all__ = ["law_names", "load_law", "parse_law"]


def load_law(law: str | Path | Law) -> Law:
    """A law by the name of a shipped file, by the path of a file of your own, or as it is.

    Raises
    ------
    InputError
        If there is no such law, or its file has an unknown key, a missing one, or a value out of range; the message
        names the key and what is allowed.
    """
    if isinstance(law, Law):
        return law
    path = shipped_file("laws", law)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("a TOML file", str(error), str(path), "copy a shipped law and edit it") from None
    return parse_law(content, where=str(path))


def law_names() -> tuple[str, ...]:
    """Names of the shipped laws."""
    return tuple(shipped_names("laws"))


def parse_law(content: dict[str, Any], where: str = "law") -> Law:
    """The law that a parsed file or a stored fit describes; raises `InputError` on the first mistake."""
    try:
        return Law.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _sentence(first, where) from None


def _sentence(mistake: dict[str, Any], where: str) -> InputError:
    key = ".".join(str(part) for part in mistake["loc"] if part != "[key]")
    if mistake["type"] == "extra_forbidden":
        *above, last = mistake["loc"]
        allowed = ", ".join(_keys_at(above))
        table = f"table '{'.'.join(map(str, above))}'" if above else "the law"
        return InputError(f"the keys of {table} to be among {allowed}", f"{str(last)!r}", where)
    if mistake["type"] == "missing":
        return InputError(f"a key '{key}'", "none", where, "copy it from a shipped law")
    expected = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    got = "another" if mistake["type"] == "value_error" else repr(mistake["input"])
    return InputError(f"{f'{key!r} to be ' if key else ''}{expected}", got, where)


def _keys_at(location: list[str | int]) -> tuple[str, ...]:
    """Keys that are allowed in the table at `location`."""
    model: type[BaseModel] = Law
    for part in location:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if annotation is None:  # one level deeper inside a dict of priors, as exponent.params
            continue
        arguments = getattr(annotation, "__args__", ())
        model = arguments[-1] if arguments else annotation
    return tuple(model.model_fields)
