"""SQL expressions over columns, restricted to a list of allowed functions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from bayeskisl.curves.tables.problems import shown
from bayeskisl.errors import InputError, first_line

__all__ = ["FUNCTIONS", "Expression", "parse_expression"]

_NUMERIC = (
    "ABS CEIL CEILING FLOOR ROUND SIGN SQRT CBRT EXP LN LOG LOG2 LOG10 LOG1P POW POWER MOD GREATEST LEAST COALESCE "
    "IFNULL NULLIF IF CAST TRY_CAST MIN MAX AVG SUM MEDIAN COUNT"
)
_TEXTUAL = (
    "REPLACE UPPER LOWER TRIM LTRIM RTRIM LEFT RIGHT SUBSTR SUBSTRING LENGTH CHAR_LENGTH STRPOS STARTS_WITH ENDS_WITH"
)
FUNCTIONS = frozenset(f"{_NUMERIC} {_TEXTUAL}".split())
_KEYWORDS = "CASE WHEN THEN ELSE END AND OR NOT IS NULL IN LIKE ILIKE BETWEEN TRUE FALSE AS"
_TYPES = "INT INTEGER BIGINT SMALLINT DOUBLE PRECISION FLOAT REAL VARCHAR TEXT STRING BOOLEAN"
_WORDS = frozenset(f"{_KEYWORDS} {_TYPES}".split())
_LONGEST = 500  # characters; polars parses an expression by recursion
# A text may become this many times as long by REPLACE, so that no cell can fill the memory.
_MOST_GROWTH = 16
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<column>"(?:[^"]|"")*")
  | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?P<glued>[A-Za-z_%]\w*)?
  | (?P<word>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
  | (?P<sign><=|>=|<>|!=|\|\||::|[-+*/%(),<>=])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Expression:
    """A parsed expression over columns that go by ``c0``, ``c1``, ... in it."""

    polars: pl.Expr
    columns: tuple[str, ...]  # of the table, in the order of their short names
    is_column: bool = False  # whether the expression is its only column by itself


def parse_expression(source: str, columns: Sequence[str], where: str) -> Expression:
    """Parse SQL of the allowed functions over columns of a table.

    Columns go by short names inside, so that no name can mean anything else to the parser.

    Raises
    ------
    InputError
        For anything else, by its name.
    """
    if len(source) > _LONGEST:
        raise InputError(f"an expression of at most {_LONGEST} characters", f"{len(source):,}", where)
    used: list[str] = []
    pieces: list[str] = []
    tokens = _tokens(source, where)
    for i, (kind, token) in enumerate(tokens):
        follows = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        pieces.append(_piece(kind, token, follows == "(", columns, used, where))
    _require_bounded(tokens, where)
    try:
        expression = pl.sql_expr(" ".join(pieces))
        renamed = not expression.meta.undo_aliases().meta.eq(expression)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
        raise InputError("an SQL expression", f"{shown(source)} ({first_line(problem)})", where,
                         f"quote a column such as {shown(columns[0])} in double quotes") from None  # fmt: skip
    if renamed:
        raise InputError("an expression without a new name", shown(source), where, "leave out AS outside of CAST")
    return Expression(expression, tuple(used), [kind for kind, _ in tokens] == ["column"])


def _tokens(source: str, where: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while source[at:].strip():
        found = _TOKEN.match(source, at)
        if found is None:
            raise InputError("an SQL expression", f"{shown(source)}, which has {shown(source[at:].strip()[0])}", where,
                             "use columns, numbers, 'texts', + - * / %, comparisons, CASE and functions")  # fmt: skip
        if found["glued"]:  # SQL reads acc*7B as "acc*7 AS B"
            raise InputError("an SQL expression", f"{shown(found[0].strip())} in it", where,
                             "write 7e9 for 7B inside an expression")  # fmt: skip
        kind = next(name for name in ("text", "column", "number", "word", "sign") if found[name])
        tokens.append((kind, found[kind]))
        at = found.end()
    if any(pair == ("-", "-") for pair in zip([t for _, t in tokens], [t for _, t in tokens][1:], strict=False)):
        raise InputError("an SQL expression", "'--' in it, which starts a comment", where, "write - (-1)")
    return tokens


def _piece(kind: str, token: str, called: bool, columns: Sequence[str], used: list[str], where: str) -> str:
    """Text of a token as the parser reads it."""
    if kind == "column" or (kind == "word" and token in columns and not called):
        name = token[1:-1].replace('""', '"') if kind == "column" else token
        return _short(name, columns, used, where)
    if kind != "word":
        return token
    if called and token.upper() not in _WORDS:
        if token.upper() not in FUNCTIONS:
            raise InputError(f"an SQL expression of the functions {', '.join(sorted(FUNCTIONS))}",
                             f"{token.upper()}(...)", where)  # fmt: skip
        return token
    return token if token.upper() in _WORDS else _short(token, columns, used, where)


def _short(name: str, columns: Sequence[str], used: list[str], where: str) -> str:
    if name not in columns:
        listed = ", ".join(map(shown, columns[:6])) + (f" and {len(columns) - 6:,} more" if len(columns) > 6 else "")
        raise InputError(f"columns of the table ({listed})", shown(name), where)
    if name not in used:
        used.append(name)
    return f"c{used.index(name)}"


def _require_bounded(tokens: list[tuple[str, str]], where: str) -> None:
    """Refuse REPLACE unless both texts are literal and lengthen a cell only by a bounded factor."""
    growth, opened = 1.0, []
    for i, (_, token) in enumerate(tokens):
        if token == "(":
            opened.append(tokens[i - 1][1].upper() if i else "")
        elif token == ")" and opened and opened.pop() == "REPLACE":
            last = tokens[max(0, i - 4) : i]
            old, new = (last[1][1][1:-1], last[3][1][1:-1]) if len(last) == 4 else ("", "")
            if [kind for kind, _ in last] != ["sign", "text", "sign", "text"] or not old:
                raise InputError("REPLACE(column, 'old', 'new') with two texts", "something else", where)
            growth *= max(1.0, len(new) / len(old))
    if growth > _MOST_GROWTH:
        raise InputError(f"REPLACE to at most {_MOST_GROWTH} times the length", f"up to {growth:.3g} times", where)
