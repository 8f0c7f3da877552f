"""Guessing rates of published benchmarks, which their names tell."""

import numpy as np
import pytest

from bayeskisl.curves import curves_from_table, describe_import
from bayeskisl.curves.tables.choices import answers_offered, is_general


def scored(column, scores=(0.5, 0.4, 0.6, 0.5), **options):
    rows = [{"model": model, "facts": 1_000, "tokens": "1B", "ratio": ratio, "recall": 0.9, column: score}
            for (model, ratio), score in zip([("70M", 0.1), ("70M", 0.5), ("160M", 0.1), ("160M", 0.5)], scores,
                                             strict=True)]  # fmt: skip
    mapping = {"infused": "recall", "background": column}
    return curves_from_table(rows, mapping, probed={"infused": 300, "background": 1_000}, **options)


def chance(curves):
    return np.unique(curves.guessing.sel(group="background").values).tolist()


@pytest.mark.parametrize(
    ("column", "answers"),
    [("mmlu", 4), ("HellaSwag acc_norm", 4), ("eval/arc_easy", 4), ("ARC-Challenge (acc)", 4), ("mmlu_5_shot", 4),
     ("mean_piqa", 2), ("commonsense_qa", 5), ("MMLU-Pro", 10), ("siqa_score", 3), ("trivia_qa", None),
     ("lambada_acc", None), ("mmlu_stem", None), ("acc", None), ("race_condition", None)],
)  # fmt: skip
def test_names_of_benchmarks_tell_how_many_answers_they_offer(column, answers):
    assert answers_offered(column) == answers


def test_a_benchmark_of_known_choices_is_not_read_as_one_of_free_answers():
    curves = scored("hellaswag_acc")
    assert chance(curves) == [0.25]
    assert curves.guessing.sel(group="infused").values.tolist() == [0] * 4
    said = describe_import(curves)
    assert "guessing of hellaswag_acc was not in the table; taken as 0.25, since its questions offer 4 answers" in said
    assert "--guessing background=0 if answers are free" in said or "guessing={'background': 0} if answers" in said


def test_what_the_user_states_comes_first():
    assert chance(scored("hellaswag", guessing={"background": 0.0})) == [0]
    assert chance(scored("hellaswag", guessing={"background": 0.2})) == [0.2]
    assert chance(scored("hellaswag", guessing=0.1)) == [0.1]


def test_scores_below_chance_were_not_reached_by_choosing():
    assert chance(scored("hellaswag", (0.1, 0.05, 0.3, 0.2))) == [0]
    assert chance(scored("trivia")) == [0]


@pytest.mark.parametrize(("name", "general"), [("sciq", True), ("MMLU-Pro", True), ("TriviaQA", True), ("bios", False)])
def test_every_benchmark_of_known_choices_is_a_general_one(name, general):
    assert is_general(name) == general
