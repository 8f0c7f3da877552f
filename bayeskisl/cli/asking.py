"""The interactive import: it asks for each field that a table does not contain."""

from typing import TYPE_CHECKING, Any

import typer

from bayeskisl.cli.display import echo

if TYPE_CHECKING:
    from bayeskisl.curves.tables import TableError

__all__ = ["ask"]

# what an error expects -> the field or option that answers it, and the question
_QUESTIONS = {
    "non-embedding parameters": ("params", "Which column, or number, is the size of the model (without embeddings)?"),
    "the number of infused facts": ("facts", "Which column, or number, is the number of infused facts?"),
    "recalled facts, or an accuracy": ("accuracy", "Which column is the share of probed facts that was recalled?"),
    "a denominator for": ("--probed", "How many facts were probed in each run?"),
    "training tokens": ("tokens", "How many tokens was each run trained on (a column, or 20B)?"),
    "one reading of the numbers": ("--decimal", "Which decimal mark do the numbers use, . or ,?"),
    "columns that are levels": ("--levels", "What are the column names: facts, ratio, params or seed?"),
    "one column for": ("", "Which of the columns?"),
}


def ask(problem: "TableError", fields: dict[str, Any], options: dict[str, Any]) -> bool:
    """Ask for what an import lacks; return whether anything was answered."""
    answered = False
    echo(str(problem), err=True)
    for each in problem.problems:
        found = next((entry for start, entry in _QUESTIONS.items() if start in each.expected), None)
        if found is None:
            continue
        field, question = found
        field = field or each.expected.rsplit(" ", 1)[-1]
        if field in fields and not field.startswith("--"):
            continue  # the error is about the answer itself
        answer = typer.prompt(question, default="", show_default=False).strip()
        if answer:
            answered = True
            _take(field, answer, fields, options)
    return answered


def _take(field: str, answer: str, fields: dict[str, Any], options: dict[str, Any]) -> None:
    if not field.startswith("--"):
        fields[field] = answer
    elif field == "--probed":
        fields["probed"] = answer
    else:
        options[field.removeprefix("--")] = answer
