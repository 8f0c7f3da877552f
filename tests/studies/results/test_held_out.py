"""What is left out of a sweep in turn."""

import numpy as np

from studies.results.held_out import splits
from studies.results.measurements import measured_cells, moving_share
from studies.results.subjects import SUBJECTS


def test_every_size_above_the_fourth_is_predicted_from_those_below():
    curves = SUBJECTS["desk-amount"].curves()
    found = [(trained, len(targets)) for trained, _, targets in splits(curves)]
    assert found == [
        ("4 sizes, up to 24,576", 3),
        ("5 sizes, up to 55,296", 2),
        ("6 sizes, up to 98,304", 1),
    ]


def test_what_is_predicted_is_not_trained_on():
    for name in ("desk-amount", "desk-tokens", "desk-ratio"):
        curves = SUBJECTS[name].curves()
        for _, remains, targets in splits(curves):
            cells = set(zip(curves.params.values[remains], curves.tokens.values[remains], strict=True))
            assert targets
            assert not cells & set(targets)


def test_the_largest_budget_is_left_out_where_there_are_three():
    curves = SUBJECTS["desk-tokens"].curves()
    trained, remains, targets = list(splits(curves))[-1]
    assert trained == "budgets below 1,228,800 tokens"
    assert targets == [(6144.0, 1228800.0), (13824.0, 1228800.0), (24576.0, 1228800.0)]
    assert np.unique(curves.tokens.values[remains]).tolist() == [307_200, 614_400]


def test_runs_that_move_are_counted_in_any_group():
    curves = SUBJECTS["desk-amount"].curves()
    share = (curves.recalled / curves.probed).values
    assert moving_share(curves) == np.mean((share > 0.03) & (share < 0.97))


def test_bits_are_those_of_the_levels_around_the_collapse():
    curves = SUBJECTS["desk-amount"].curves()
    small = curves.isel(run=np.flatnonzero(curves.params == 3456))
    (cell,) = measured_cells(small)
    assert cell["runs"] == 33
    assert 0 < cell["bits"]["params"]["at_collapse"] <= cell["bits"]["params"]["most"]
    ratio = cell["bits"]["total_params"]["most"] / cell["bits"]["params"]["most"]
    assert abs(ratio - 3456 / cell["total_params"]) < 1e-9
