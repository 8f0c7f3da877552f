"""The table of what moves the collapse point: from draws in closed form, and once from counts of a known truth."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl import schema
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves
from studies.results.rungs import RUNG
from studies.results.sanity import collapse_by_rung, sanity_points, sanity_table

SIZES = [4_000, 16_000]


def two_rungs(halves=({4_000: 100.0, 16_000: 200.0}, {4_000: 150.0, 16_000: 300.0})):
    """Counts of two rungs without noise, their half points at these numbers of facts."""
    parts = []
    for rung, half in zip(("reference", "other"), halves, strict=True):
        for size in SIZES:
            levels = np.array([0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0]) * half[size]
            curves = design_curves(params=[size], facts=np.round(levels), seeds=2, tokens=600_000)
            share = 1 / (1 + (curves.facts / half[size]) ** 6)
            recalled = np.round(share * curves.probed.isel(group=0)).astype(int)
            names = [f"{rung}/{run}" for run in curves.run.values]
            parts.append(
                curves.assign(recalled=recalled.expand_dims("group", axis=1)).assign_coords(
                    run=names, rung=("run", [rung] * len(names))
                )
            )
    return xr.concat(parts, "run", coords="minimal", compat="override")


@pytest.fixture(scope="module")
def curves():
    return two_rungs()


def draws_of(*log_points):
    """Draws without spread."""
    return {
        name: np.tile(np.log(points), (10, 1)) for name, points in zip(("reference", "other"), log_points, strict=True)
    }


def test_the_table_in_closed_form(curves):
    table = sanity_table(curves, draws_of([100.0, 200.0], [150.0, 300.0]))
    reference, other = table.rows(named=True)
    assert reference["exponent"] == pytest.approx(0.5)
    assert other["factor"] == pytest.approx(1.5)
    assert other["exposures"] == pytest.approx(1 / 1.5)
    assert other["bits"] == pytest.approx(1.5)
    assert other["change"] == pytest.approx(0.0, abs=1e-12)
    assert (reference["moves_point"], other["moves_point"]) == (None, True)


def test_a_rung_may_move_the_exponent_and_not_the_point(curves):
    other = sanity_table(curves, draws_of([100.0, 200.0], [50.0, 400.0])).rows(named=True)[1]
    assert other["factor"] == pytest.approx(1.0)
    assert other["exponent"] == pytest.approx(1.5)
    assert other["moves_exponent"]


def test_tokens_per_fact_and_bits_enter_their_columns(curves):
    halved = curves.assign_coords(
        tokens_per_fact=("run", np.where(curves[RUNG] == "other", 12, curves.tokens_per_fact))
    ).assign(guessing=curves.guessing.where(curves[RUNG] == "reference", curves.guessing**0.5))
    other = sanity_table(halved, draws_of([100.0, 200.0], [100.0, 200.0])).rows(named=True)[1]
    assert other["factor"] == pytest.approx(1.0)
    assert other["exposures"] == pytest.approx(float(curves.tokens_per_fact[0]) / 12)
    assert other["bits"] == pytest.approx(0.5)


def test_known_half_points_are_found(curves):
    draws = collapse_by_rung(curves)
    points = sanity_points(curves, draws)
    truth = [100.0, 200.0, 150.0, 300.0]
    assert points["collapse"].to_numpy() == pytest.approx(truth, rel=0.05)
    assert (points["collapse_low"].to_numpy() <= truth).all()
    assert (points["collapse_high"].to_numpy() >= truth).all()
    assert sanity_table(curves, draws).rows(named=True)[1]["moves_point"]


def test_a_rung_of_other_sizes_is_compared_on_the_line_between_those_of_the_reference():
    """At 8,000 parameters, halfway in logs, the reference loses half of 141 facts; at 32,000 of 283."""
    other = {8_000: 282.8, 32_000: 565.7}
    curves = two_rungs()
    curves = curves.assign_coords(params=curves.params.where(curves.rung == "reference", 2 * curves.params))
    draws = {
        "reference": np.tile(np.log([100.0, 200.0]), (10, 1)),
        "other": np.tile(np.log([*other.values()]), (10, 1)),
    }
    found = sanity_table(curves, draws).rows(named=True)[1]
    assert found["factor"] == pytest.approx(2.0, rel=1e-3)
    assert found["exponent"] == pytest.approx(0.5, rel=1e-3)
    assert sanity_points(curves, draws)["factor"].to_list()[2:] == pytest.approx([2.0, 2.0], rel=1e-3)


def test_a_size_that_never_collapses_is_refused(curves):
    never = curves.assign(recalled=curves.probed)
    with pytest.raises(InputError, match=r"expected runs on both sides of the fall, got .*add levels to its sweep"):
        collapse_by_rung(never.isel({schema.RUN: slice(0, 14)}))
