"""Designs with a known truth: what their data say by themselves, and how answers from few draws are graded."""

import numpy as np
import pytest

from bayeskisl.curves import Side, check, curves_of_cells, validate
from studies.verdicts import DESIGNS, simulate_design, simulate_verdicts

SAID = {
    "all-kept": "never_moves", "all-lost": "all_lost", "no-signal": "no_signal", "rising": "wrong_way",
    "hump": "turns_back", "all-or-nothing": "few_in_the_fall", "wrong-rows": "outlying_rows",
    "falling": "against_size",
}  # fmt: skip


@pytest.mark.parametrize("name", DESIGNS)
def test_the_data_of_each_design_say_what_is_wrong_with_them(name):
    found = [check(simulate_design(DESIGNS[name], number)[0]) for number in range(2)]
    serious = {each.code for one in found for each in one.findings if each.severity != "note"}
    if name in SAID:
        for one in found:
            codes = {each.code for each in one.findings}
            assert SAID[name] in codes or (name == "all-lost" and "no_signal" in codes)
    else:
        assert serious <= {"never_moves"}, serious  # a group that a whole sweep of ratios keeps is no fault


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_is_whole_and_its_truth_a_place(name):
    curves, target, truth = simulate_design(DESIGNS[name], 0)
    validate(curves)
    assert target == DESIGNS[name].times * max(DESIGNS[name].sizes)
    assert all(np.isfinite(log) for log in truth.values())
    again, _, same = simulate_design(DESIGNS[name], 0)
    assert again.identical(curves)
    assert same == truth


def test_the_designs_lie_on_the_sides_that_they_are_called_after():
    def sides(name):
        return {curve.side for curve in curves_of_cells(simulate_design(DESIGNS[name], 0)[0], "infused")}

    assert sides("whole") == {Side.CROSSED}
    assert sides("all-kept") == {Side.KEPT}
    assert sides("all-lost") == {Side.LOST}
    assert sides("large-kept") == {Side.CROSSED, Side.KEPT}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["whole", "all-lost", "one-size", "rising", "background-alone"])
def test_an_answer_is_graded_as_it_should_be(name):
    """With few draws the gate may fail; the other rules decide."""
    (found,) = simulate_verdicts(DESIGNS[name], 300, [0])
    assert found["grade_without_gate"] in DESIGNS[name].grades, found
    assert not found["false_at_most"], found
