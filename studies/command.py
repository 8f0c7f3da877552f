"""What the commands of the studies share: options, a bar per task, a table, and errors in one sentence."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bayeskisl.cli.display import show as show_table
from bayeskisl.cli.display import slim_table
from bayeskisl.errors import BayeskislError

__all__ = ["Count", "Folder", "Tell", "counting", "run", "say_nothing", "show"]

_err = Console(stderr=True)

Folder = Annotated[Path, typer.Option(help="Holds the finished simulations, and receives the table.")]
Count = Annotated[
    int, typer.Option(min=1, help="Simulations that the table rests on; finished ones are not made again.")
]

# Is told the name of a task, how many of its simulations are finished, and how many are wanted.
Tell = Callable[[str, int, int], None]


def say_nothing(task: str, finished: int, wanted: int) -> None:
    """Say nothing."""


def run(main: Callable[..., None]) -> None:
    """Run a study's command; an error that is meant for the user is one sentence."""
    try:
        typer.run(main)
    except BayeskislError as problem:
        print(f"studies: {problem}", file=sys.stderr)
        raise SystemExit(problem.exit_code) from None


@contextmanager
def counting(unit: str) -> Iterator[Tell]:
    """A bar per task; nothing where nobody looks."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn()
    with Progress(*columns, console=_err, disable=not _err.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(name: str, done: int, wanted: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=wanted)
            progress.update(tasks[name], completed=done)

        yield tell


def show(table: pl.DataFrame, columns: Sequence[str]) -> None:
    """Print some columns of a table."""
    shown = slim_table(*columns, words=[name for name in columns if table[name].dtype == pl.String])
    for row in table.select(columns).iter_rows():
        shown.add_row(*(f"{value:,.3g}" if isinstance(value, float) else str(value) for value in row))
    show_table(shown)
