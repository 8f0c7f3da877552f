"""Where infused facts are one bit per parameter, and how well a fact's bits are known."""

import numpy as np
import pytest
import xarray as xr

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


def test_bits_are_those_of_the_infused_answers_that_were_asked_for():
    """A group that a joined sweep did not probe has the other's rate there, and a benchmark has other answers."""
    groups = ("background", "infused_choice", "infused")
    curves = design_curves(params=SIZES, facts=[100, 400], background_facts=150, background_share=0.3, groups=groups)
    rates = xr.DataArray([0.25, 0.25, 2.0**-12], coords={"group": list(groups)})
    first = curves["run"] == curves["run"][0]
    mixed = (0 * curves["guessing"] + rates).where(~first | (curves["group"] == "background"), 0.25)
    probed = curves["probed"].where(~first | (curves["group"] == "background"), 0)
    capacity = capacity_of(curves.assign(guessing=mixed, probed=probed))
    assert capacity.bits_per_fact == pytest.approx(1.25 * 12)
    assert capacity.source == "answers"


def test_each_domain_has_the_bits_of_its_own_answers():
    design = {"params": SIZES, "facts": [100, 400], "domains": ("legal", "medical")}
    both = design_curves(**design, guessing={"legal": 2.0**-12, "medical": 0.25})
    legal = both.isel(run=(both["domain"] == "legal").values)
    capacity, alone = capacity_of(both), capacity_of(legal)
    assert capacity.bits_per_fact == pytest.approx([15.0, 2.5] * 2)
    np.testing.assert_allclose(capacity.exposures_of_cells[::2], alone.exposures_of_cells)
    ours = capacity.of_cells(np.array([0, 2]))
    for mixture in ((), (0.1, 6.0)):
        assert ours.exposures_at(98304, 1e6, *mixture) == pytest.approx(alone.exposures_at(98304, 1e6, *mixture))


def test_answers_of_a_domain_that_are_not_known_make_the_bits_of_all_a_guess():
    design = {"params": SIZES, "facts": [100, 400], "domains": ("legal", "medical")}
    capacity = capacity_of(design_curves(**design, guessing={"legal": 2.0**-12, "medical": 0.0}))
    assert capacity.bits_per_fact == pytest.approx([15.0, 20.0] * 2)
    assert (capacity.source, capacity.log_sd) == ("unknown", 1.0)


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
