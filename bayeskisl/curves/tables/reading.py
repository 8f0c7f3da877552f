"""Settings that select rows and columns of a table and how they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from bayeskisl.arguments import in_words, require_texts
from bayeskisl.errors import InputError

__all__ = ["Reading", "ReadingKeywords"]


class ReadingKeywords(TypedDict, total=False):
    """Keywords of a short call, from which a `Reading` is built."""

    where: str | None
    ignore: Sequence[str]
    by: Sequence[str]
    metric: str | None
    decimal: str | None
    skip_bad_rows: bool


@dataclass(frozen=True)
class Reading:
    """Settings for reading a table.

    Parameters
    ----------
    where : str, optional
        An SQL condition over columns (``"task = 'recall'"``); the other rows are not used.
    ignore : sequence of str
        Columns that are not read, whatever their names.
    by : sequence of str
        If rows are single questions: the columns by which they are counted.
    metric : str, optional
        With `by`: the column of right (1) and wrong (0) answers, if it has no usual name.
    decimal : str, optional
        The decimal mark of text cells, ``"."`` or ``","``; by default it is inferred for each column.
    skip_bad_rows : bool
        Whether faulty rows are left out, counted and listed, instead of refused.

    Raises
    ------
    InputError
        If the decimal mark is neither of these.
    """

    where: str | None = None
    ignore: Sequence[str] = ()
    by: Sequence[str] = ()
    metric: str | None = None
    decimal: str | None = None
    skip_bad_rows: bool = False

    def __post_init__(self) -> None:
        if self.decimal is not None and not (isinstance(self.decimal, str) and self.decimal in (".", ",")):
            raise InputError("a decimal mark, . or ,", in_words(self.decimal), "decimal")
        for name, what in {"where": "an SQL condition", "metric": "the name of a column"}.items():
            if not isinstance(given := getattr(self, name), str | None):
                raise InputError(what, in_words(given), name)
        for name in ("ignore", "by"):
            require_texts(getattr(self, name), name, "columns")
