"""The same facts repeated more and more often, from the specification to curves."""

import numpy as np
import pytest

from bayeskisl.axes import axis_of
from bayeskisl.curves import build_curves, cell_table
from tests.sweeping.tiny import specification, trained

SWEEP = specification(
    "[refine]\nlevels = 1\n",
    axis="frequency",
    tokens=[7_680, 15_360],
    facts=20,
    levels=[4_000, 25_000],
    stack=4,
    compile=False,
)


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    return build_curves(trained(tmp_path_factory.mktemp("frequency"), SWEEP))


def test_facts_stay_and_exposures_rise_with_budget_and_frequency(curves):
    assert curves.attrs["axis"] == "frequency"
    assert set(curves.facts.values) == {20}
    frequency = axis_of(curves).values(curves)
    assert np.allclose(curves.exposures, frequency * curves.tokens / curves.tokens_per_fact / 1e6)
    assert np.allclose(curves.ratio, frequency * curves.facts / 1e6)


def test_levels_of_one_budget_are_one_cell_and_are_refined_between(curves):
    cells, cell_of_run = cell_table(curves)
    assert cells.tokens.values.tolist() == [7_680, 15_360]
    assert np.bincount(cell_of_run).tolist() == [3, 3]
    middle = np.sort(axis_of(curves).values(curves).values)[2:4]
    assert middle == pytest.approx(np.sqrt(4_000 * 25_000), rel=0.05)
