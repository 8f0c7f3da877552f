import json

import pytest

from bayeskisl.errors import InputError
from studies.simulated.trials import Trials

STUDY = {"study": "squares", "law": "abc"}


def squares(made):
    def simulate(numbers):
        made.extend(numbers)
        return [{"square": number**2} for number in numbers]

    return simulate


def test_finished_simulations_are_not_made_again(tmp_path):
    path, made = tmp_path / "squares.jsonl", []
    assert list(Trials(path, STUDY).run(5, squares(made), batch=2)) == [2, 4, 5]
    again = Trials(path, STUDY)
    assert len(again) == 5
    assert list(again.run(7, squares(made), batch=2)) == [7]
    assert made == [0, 1, 2, 3, 4, 5, 6]
    assert [row["square"] for row in Trials(path, STUDY).rows()] == [0, 1, 4, 9, 16, 25, 36]
    assert len(Trials(path, STUDY).rows(3)) == 3


@pytest.mark.parametrize("cut", [1, 9])
def test_a_half_written_simulation_is_made_again(tmp_path, cut):
    path, made = tmp_path / "squares.jsonl", []
    list(Trials(path, STUDY).run(4, squares([])))
    path.write_bytes(path.read_bytes()[:-cut])
    trials = Trials(path, STUDY)
    list(trials.run(5, squares(made)))
    assert [row["square"] for row in Trials(path, STUDY).rows()] == [0, 1, 4, 9, 16]


def test_another_study_is_refused(tmp_path):
    path = tmp_path / "squares.jsonl"
    list(Trials(path, STUDY).run(1, squares([])))
    with pytest.raises(InputError, match="another"):
        Trials(path, {**STUDY, "law": "another"})


def test_the_file_says_what_it_is(tmp_path):
    path = tmp_path / "squares.jsonl"
    list(Trials(path, STUDY).run(1, squares([])))
    assert json.loads(path.read_text().splitlines()[0]) == STUDY
