"""General benchmarks in a fit: half of what they score without infusion is their half-point."""

import numpy as np
import xarray as xr

from bayeskisl.axes import axis_of
from bayeskisl.curves import cell_table, load_curves
from bayeskisl.inference.posterior import report_on_axis
from bayeskisl.laws import load_law

STEEPNESS = 1.5


def named_at(curves, critical):
    """Two draws of one critical exposure and one steepness for every cell and group."""
    cells, _ = cell_table(curves)
    ones = xr.DataArray(
        np.ones((1, 2, cells.sizes["cell"], curves.sizes["group"])),
        {"cell": cells["cell"].values, "group": curves["group"].values},
        ("chain", "draw", "cell", "group"),
    )
    return xr.Dataset({"critical_exposures": critical * ones, "steepness": STEEPNESS * ones})


def share_at(ratio, cells, curves, critical):
    fixed = {str(name): cells[name].reset_coords(drop=True) for name in cells.data_vars}
    exposures = axis_of(curves).exposures(ratio, "background", fixed)
    return 1 / (1 + (exposures / critical) ** -STEEPNESS)


def test_a_benchmark_far_below_its_ceiling_collapses_where_half_of_its_score_without_infusion_is_lost():
    curves, law = load_curves("words-ratio"), load_law("logistic").without_load()
    cells, _ = cell_table(curves)
    found = report_on_axis(named_at(curves, 2_000.0), curves, law)
    without = share_at(1e-12, cells, curves, 2_000.0)
    assert (without < 0.5).all()  # half of the ceiling is out of reach
    for name, kept in (("collapse", 0.5), ("shoulder", 0.9)):
        there = share_at(found[name].sel(group="background"), cells, curves, 2_000.0)
        np.testing.assert_allclose(there / without, kept, rtol=1e-9)


def test_background_facts_that_are_counted_collapse_where_half_of_their_ceiling_is_lost():
    curves, law = (
        load_curves("words-ratio").assign_attrs(background_scale="absolute"),
        load_law("logistic").without_load(),
    )
    found = report_on_axis(named_at(curves, 2_000.0), curves, law)["collapse"].sel(group="background")
    assert (found == 0).all()
    near = report_on_axis(named_at(curves, 50.0), curves, law)["collapse"].sel(group="background")
    cells, _ = cell_table(curves)
    np.testing.assert_allclose(share_at(near, cells, curves, 50.0), 0.5, rtol=1e-9)
