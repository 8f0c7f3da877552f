"""Where infused facts are one bit per parameter, and how well a fact's bits are known."""

import numpy as np
import pytest

from bayeskisl.curves import capacity_of, cell_table, curves_from_table
from bayeskisl.inference.simulate import design_curves

SIZES = [6144, 24576]


@pytest.fixture
def curves():
    return design_curves(params=SIZES, facts=[100, 400, 1600], guessing=2.0**-12)


def test_exposures_at_one_bit_per_parameter_are_those_of_n_over_b_facts(curves):
    """K = N / b facts share r D tokens of l a fact: r D b / (l N) exposures."""
    capacity = capacity_of(curves.assign_coords(bits_per_fact=("run", np.full(curves.sizes["run"], 10.0))))
    supply = float(curves["ratio"][0] * curves["tokens"][0] / curves["tokens_per_fact"][0])
    np.testing.assert_allclose(capacity.exposures_of_cells, supply * 10 / np.array(SIZES))
    assert capacity.exposures_at(98304, 2 * float(curves["tokens"][0])) == pytest.approx(2 * supply * 10 / 98304)
    assert (capacity.source, capacity.log_sd) == ("given", 0.0)


def test_the_guessing_rate_bounds_the_bits_of_a_fact(curves):
    capacity = capacity_of(curves)
    assert capacity.source == "answers"
    assert capacity.bits_per_fact == pytest.approx(1.25 * 12)


def test_unknown_bits_are_a_wide_guess(curves):
    capacity = capacity_of(curves.assign(guessing=0 * curves["guessing"]))
    assert capacity.source == "unknown"
    assert capacity.log_sd == 1.0


def test_a_ratio_has_no_capacity_that_moves():
    capacity = capacity_of(design_curves(params=SIZES, axis="ratio", facts=100, ratio=[0.1, 0.5]))
    assert (capacity.exposures_of_cells < 1e-20).all()
    assert capacity.exposures_at(1e12, 1e13) < 1e-20


def test_a_table_says_the_bits_of_its_facts():
    rows = {"params": [1e6, 1e6, 4e6, 4e6], "facts": [100, 400] * 2, "recalled": [90, 20, 95, 60], "probed": [100] * 4}
    curves = curves_from_table(rows, {"bits_per_fact": "7.8"})
    assert capacity_of(curves).bits_per_fact == pytest.approx(7.8)


def test_the_capacity_of_a_target_is_that_of_its_own_mixture():
    curves = design_curves(params=[10_000, 20_000], facts=[100, 400], ratio=[0.1, 0.5], tokens=10**6, seeds=1)
    found = capacity_of(curves)
    low, high = (found.exposures_at(40_000, 10**6, ratio, 6.0) for ratio in (0.1, 0.5))
    assert high == pytest.approx(5 * low)
    cells = cell_table(curves)[0]
    for cell, exposures in enumerate(found.exposures_of_cells):
        of_cell = (float(cells[name][cell]) for name in ("params", "tokens", "ratio", "tokens_per_fact"))
        assert found.exposures_at(*of_cell) == pytest.approx(exposures)
