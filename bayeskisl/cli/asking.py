"""The interactive import: it asks for each field that a table does not contain."""

import re
from typing import TYPE_CHECKING, Any

import typer

from bayeskisl import schema
from bayeskisl.cli.display import echo

if TYPE_CHECKING:
    from bayeskisl.curves.tables import TableError

__all__ = ["ask"]

# The question about what an import lacks; another field has several columns.
_QUESTIONS = {
    schema.PARAMS: "Which column, or number, is the size of the model (without embeddings)?",
    schema.FACTS: "Which column, or number, is the number of infused facts?",
    "accuracy": "Which column is the share of probed facts that was recalled?",
    schema.PROBED: "How many facts were probed in each run?",
    schema.TOKENS: "How many tokens was each run trained on (a column, or 20B)?",
    "decimal": "Which decimal mark do the numbers use, . or ,?",
    "levels": "What are the column names: facts, ratio, params or seed?",
}
_WHICH = "Which of the columns is {field}?"
_OPTIONS = ("decimal", "levels")
_HOW = "Answer with a column or a value; `ignore COLUMN` leaves a column out, as --ignore does; Enter skips a question."
_IGNORE = re.compile(r"(?:--)?ignore[ =](.+)", re.IGNORECASE)


def ask(problem: "TableError", fields: dict[str, Any], options: dict[str, Any]) -> bool:
    """Ask for what an import lacks; return whether anything was answered."""
    answered = False
    echo(str(problem), err=True)
    echo(_HOW, err=True)
    for each in problem.problems:
        if not each.lacks or each.lacks in fields:
            continue  # nothing would answer it, or the error is about the answer itself
        question = _QUESTIONS.get(each.lacks, _WHICH.format(field=each.lacks))
        answer = typer.prompt(question, default="", show_default=False).strip()
        if not answer:
            continue
        answered = True
        if left_out := _IGNORE.fullmatch(answer):
            options["ignore"] = [*options.get("ignore", ()), left_out[1].strip().strip("'\"")]
        else:
            (options if each.lacks in _OPTIONS else fields)[each.lacks] = answer
    return answered
