"""Law files: the shipped ones, and parsing into a `Law`."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bayeskisl.arguments import require_path
from bayeskisl.laws.law import Law
from bayeskisl.shipped import shipped_file, shipped_names
from bayeskisl.specifications import read_toml, refusal

__all__ = ["law_names", "load_law", "parse_law"]


def load_law(law: str | Path | Law) -> Law:
    """Return a law by the name of a shipped file, by the path of a file, or unchanged.

    Raises
    ------
    InputError
        If there is no such law, or its file has an unknown key, a missing one, or a value out of range; the message
        names the key and the allowed values.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> law = bk.load_law("power")
    >>> law.shape, law.priors.tau.median
    ('break', 0.15)
    """
    if isinstance(law, Law):
        return law
    require_path(law, "a law", "law")
    path = shipped_file("laws", law)
    return parse_law(read_toml(path), where=str(path))


def law_names() -> tuple[str, ...]:
    """Names of the shipped laws."""
    return tuple(shipped_names("laws"))


def parse_law(content: dict[str, Any], where: str = "law") -> Law:
    """Return the law of a parsed file or a stored fit; raise `InputError` on the first mistake."""
    try:
        return Law.model_validate(content)
    except ValidationError as error:
        raise refusal(error, Law, where, "the law", "copy it from a shipped law") from None
