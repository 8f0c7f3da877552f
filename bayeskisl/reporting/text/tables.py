"""Tables in text: columns of any rows, and the rows of a table of decisions."""

from collections.abc import Container, Sequence
from io import StringIO

import pandas as pd

from bayeskisl import schema
from bayeskisl.curves.titles import title_of
from bayeskisl.decision import Answer
from bayeskisl.quantities import short
from bayeskisl.reporting.numbers import counted, percent, span, three_digits

__all__ = ["RULES", "aligned", "decision_rows", "number_or_bound", "set_apart"]

# Rules of thumb in words.
RULES = {"proportional": "rule: proportional to size", "power_law": "rule: power law through the five largest"}

# Of a line that is not broken here: a terminal wraps it.
_COLUMNS = 10_000
# Columns between two cells, and the fewest for words.
_APART, _FEWEST = 2, 16


def aligned(rows: Sequence[tuple[str, ...]], *, words: Container[str] = (), columns: int = _COLUMNS) -> list[str]:
    """Return rows as lines, the header first: words at the left, numbers at the right; none of no rows.

    Parameters
    ----------
    rows : sequence of tuple of str
        The first is the header. The first column holds labels under a heading, or numbers of rows without one.
    words : container of str
        Headings of further columns of words, which are folded between words where a line would be too long.
    columns : int
        The longest line.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return []
    head, *others = rows
    indent = "  " if head[0] else ""
    shown = [head, *((f"{indent}{label}", *cells) for label, *cells in others)]
    widths = [max(map(len, cells)) for cells in zip(*shown, strict=True)]
    excess = max(0, sum(widths) + _APART * (len(head) - 1) - columns)
    table = Table(box=None, padding=(0, _APART, 0, 0), show_header=False, pad_edge=False)
    for place, (name, width) in enumerate(zip(head, widths, strict=True)):
        is_words = name in words
        is_left = is_words or (place == 0 and bool(indent))
        folded = max(_FEWEST, width - excess) if is_words and excess and width > _FEWEST else None
        table.add_column(justify="left" if is_left else "right", no_wrap=not is_words, width=folded)
    for row in shown:
        table.add_row(*map(Text, row))
    console = Console(file=StringIO(), width=_COLUMNS, color_system=None, legacy_windows=False)
    with console.capture() as found:
        console.print(table)
    return [line.rstrip() for line in found.get().splitlines()]


def set_apart(lines: Sequence[str]) -> list[str]:
    """Return lines behind an empty one; nothing if there are none."""
    return ["", *lines] if lines else []


def decision_rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a table of decisions as rows of text, the header first.

    Of tables and risks, columns that hold one value are left out; what no table could answer is left to `problems`.
    """
    answered = table[table["problem"].isna()] if "problem" in table else table
    halves = [half for half in (schema.COLLAPSE, schema.ONSET) if half in answered]
    several = [name for name in ("table", "risk") if name in answered and answered[name].nunique() > 1]
    one_unit = "unit" in answered and answered["unit"].nunique() == 1
    choice = f"choice, {answered['unit'].iloc[0]}" if one_unit else "choice"
    head = (*several, "params", "tokens", "times the largest", choice, "best mean", "as good, to 1 %",
            " or ".join(halves), "verdict", "edges")  # fmt: skip
    rows = [head, *(_decision_row(row, several, halves, one_unit) for _, row in answered.iterrows())]
    return rows if (answered["edges"] != "").any() else [row[:-1] for row in rows]


def _decision_row(row: pd.Series, several: list[str], halves: list[str], one_unit: bool) -> tuple[str, ...]:
    half = next(half for half in halves if pd.notna(row[half]))
    low, high = (next(row[name] for name in row.index if name.startswith(f"{half}_") and name.endswith(end))
                 for end in ("_low", "_high"))  # fmt: skip
    choice = _row_number_or_bound(row, schema.CHOICE, down=half == schema.COLLAPSE)
    return (
        *(percent(row[name]) if name == "risk" else str(row[name]) for name in several),
        short(row[schema.PARAMS]),
        short(row[schema.TOKENS]) if pd.notna(row[schema.TOKENS]) else "not known",
        _times(row["decades"]),
        choice if one_unit else counted(choice, row["unit"]),
        *_best_mean(row),
        f"{three_digits(row[half])} ({span(low, high)})",
        f"{row['verdict']}: {title_of(row['rule'])}" if row.get("rule") else row["verdict"],
        "; ".join(title_of(code) for code in row["edges"].split(", ") if code),
    )


def _best_mean(row: pd.Series) -> tuple[str, str]:
    """Return the best mean and what is as good; of a benchmark without a value there is none."""
    if pd.isna(row["near_optimal_low"]):
        return "not shown", "not shown"
    return _row_number_or_bound(row, schema.OPTIMUM), span(row["near_optimal_low"], row["near_optimal_high"])


def _times(decades: float) -> str:
    """Return the size of a target as a multiple of the largest trained one."""
    times = 10**decades
    return f"{times:,.0f}" if times >= 10 else f"{times:.2g}"


def _row_number_or_bound(row: pd.Series, name: str, down: bool = False) -> str:
    ends = (name, f"{name}_at_least", f"{name}_at_most")
    value, at_least, at_most = (None if pd.isna(row.get(end)) else float(row[end]) for end in ends)
    return number_or_bound(Answer(value, at_least, at_most), down)


def number_or_bound(found: Answer, down: bool = False) -> str:
    """Return the number of an answer without its unit, or the bound that stands for it.

    Parameters
    ----------
    down : bool
        Whether a number is rounded down, and read as advice.
    """
    if found.value is not None:
        return three_digits(found.value, down=down)
    if down and found.at_most is not None and not found.at_least:  # "at most" would read as advice
        return f"below {three_digits(found.at_most, up=True)}"
    return found.in_words("").strip()
