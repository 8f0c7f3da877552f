"""Published benchmarks by the names of their columns, and how many answers their questions offer."""

import re
from collections.abc import Mapping

import numpy as np

from bayeskisl import schema
from bayeskisl.arrays import FloatArray
from bayeskisl.curves.tables.fields import Sources, Values, split_group
from bayeskisl.curves.tables.names import bare
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.errors import way

__all__ = ["answers_offered", "chance_of_choices", "is_general"]

# Answers that a question offers, as each benchmark was published; those whose questions differ are left out. A few
# questions of ARC have three or five.
_ANSWERS = {
    2: "piqa winogrande wino_grande boolq copa storycloze story_cloze blimp",
    3: "siqa social_iqa social_i_qa",
    4: "mmlu hellaswag hella_swag arc arc_easy arc_challenge arc_e arc_c openbookqa open_book_qa obqa sciq race medqa "
    "medmcqa cmmlu ceval c_eval gpqa logiqa",
    5: "commonsenseqa commonsense_qa csqa",
    10: "mmlu_pro",
}
_ANSWERS_OF = {name: answers for answers, names in _ANSWERS.items() for name in names.split()}
# Benchmarks of free answers, or of questions that offer different numbers of them.
_OTHERS = frozenset(["general", "gsm8k", "lambada", "nq", "squad", "trivia", "triviaqa", "trivia_qa", "truthfulqa"])
_ABOUT_THE_SCORE = re.compile(
    r"(?:^|_)(?:acc|accuracy|norm|score|scores|mean|avg|average|pct|percent|\d+_?shots?|zero_shot|correct|bg|background)"
    r"(?=_|$)"
)
_COLUMN = re.compile(r'"((?:[^"]|"")+)"')
# A score so far below what guesses get right was not reached by choosing, or is above guessing already.
_BELOW_CHANCE = 0.05


def answers_offered(column: str) -> int | None:
    """Return the number of answers that a benchmark offers, 4 for ``hellaswag_acc_norm``; None for another column."""
    return _ANSWERS_OF.get(_without_score(column))


def is_general(name: str) -> bool:
    """Whether a name is that of a general benchmark, whose questions are no infused facts."""
    return bare(name) in _ANSWERS_OF or bare(name) in _OTHERS


def chance_of_choices(rows: Values, mapping: Sources, findings: Findings) -> FloatArray:
    """Guessing rates of published benchmarks that have no stated one, ``(row,)``; NaN elsewhere."""
    told = rows.get(schema.GUESSING, np.full(len(rows[schema.GROUP]), np.nan))
    chance = np.full(len(told), np.nan)
    for group, column in _columns_of_groups(mapping).items():
        answers, ours = answers_offered(column), rows[schema.GROUP] == group
        if answers is None or np.isfinite(told[ours]).any():
            continue
        scores = _scores(rows, ours)
        if not scores.size or scores.min() < 1 / answers - _BELOW_CHANCE:
            continue
        chance[ours] = 1 / answers
        findings.assumed.append(
            f"guessing of {column} was not in the table; taken as {1 / answers:.3g}, since its questions offer "
            f"{answers} answers ({way(f'guessing={{{group!r}: 0}}', f'--guessing {group}=0')} if answers are free)"
        )
    return chance


def _without_score(column: str) -> str:
    return _ABOUT_THE_SCORE.sub("", bare(column)).strip("_")


def _columns_of_groups(mapping: Sources) -> Mapping[str, str]:
    """The column of each group's outcomes, by group, where a group has one of its own."""
    found: dict[str, str] = {}
    for field, source in mapping.items():
        name, group = split_group(field)
        columns = _COLUMN.findall(str(source))
        if group and name in ("accuracy", schema.RECALLED) and len(columns) == 1:
            found[group] = columns[0]
    return found


def _scores(rows: Values, ours: np.ndarray) -> FloatArray:
    """Shares that were recalled, of the rows that tell them."""
    scores = rows.get("accuracy")
    if scores is None:
        scores = rows[schema.RECALLED] / rows.get(schema.PROBED, np.nan)
    return np.asarray(scores[ours & np.isfinite(scores)], dtype=float)
