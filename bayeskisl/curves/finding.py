"""One statement about data or a posterior, with its severity and a remedy."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

__all__ = ["Finding", "by_severity"]

Severity = Literal["serious", "warning", "note"]  # the gravest first


@dataclass(frozen=True)
class Finding:
    """One statement about the data, or about a posterior.

    Parameters
    ----------
    code : str
        A key of `bayeskisl.curves.titles.TITLES`, such as ``turns_back`` of data or ``few_sizes`` of a posterior.
    severity : {"note", "warning", "serious"}
    message, remedy : str
        A sentence each.
    group : str
        The probe group concerned.
    rows : tuple of str
        Names of the runs concerned; empty unless the finding is about single runs.
    """

    code: str
    severity: Severity
    message: str
    remedy: str
    group: str = ""
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the group and the rows where there are any."""
        return {name: value for name, value in asdict(self).items() if value or name not in ("group", "rows")}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Finding":
        """Return the finding that `to_dict` wrote, without entries that only a later version knows."""
        known = {each.name: content[each.name] for each in fields(cls) if each.name in content}
        return cls(**known | {"rows": tuple(known.get("rows", ()))})


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, the most severe first."""
    return tuple(sorted(findings, key=lambda one: get_args(Severity).index(one.severity)))
