"""Probe groups: the order of a file, and groups that no run probed, change no answer."""

import itertools

import numpy as np
import pytest

from bayeskisl import schema
from bayeskisl.axes import AXES
from bayeskisl.curves.curve import Side, curves_of_cells
from bayeskisl.curves.groups import deciding_group, infused_group, probed_groups
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.inference.simulate import design_curves
from bayeskisl.target import Target


def runs(axis, groups):
    levels = {"amount": {"facts": [100, 1000]}, "dose": {"exposures": 400.0, "ratio": [0.2, 0.8]}}
    levels = levels.get(axis, {"facts": 100, "ratio": [0.2, 0.8]})
    return design_curves(params=[6_144, 13_824], axis=axis, background_facts=50, background_share=0.3, seeds=1,
                         groups=groups, **levels)  # fmt: skip


@pytest.mark.parametrize("axis", AXES)
def test_the_order_of_groups_does_not_count(axis):
    curves = runs(axis, schema.GROUPS)
    planned = planned_model(curves, Target(98_304))
    for order in itertools.islice(itertools.permutations(range(len(schema.GROUPS))), 1, None, 5):
        turned = curves.isel(group=list(order))
        assert probed_groups(turned) == schema.GROUPS
        assert deciding_group(turned) == planned.group
        assert planned_model(turned, Target(98_304)) == planned


def test_a_group_that_no_run_probed_is_left_out():
    curves = runs("ratio", ("background", "infused"))
    curves["probed"] = curves.probed.where(curves.group != "background", 0)
    assert probed_groups(curves) == ("infused",)
    assert deciding_group(curves) == "infused"


def test_infused_facts_are_counted_once():
    assert infused_group(["background", "infused_choice", "infused_heldout"]) == "infused_heldout"
    assert infused_group(["background"]) is None


def test_a_background_that_the_load_alone_harms_has_the_levels_of_the_infusion():
    """Along an amount its exposures stay: one level of all runs would hide that it falls."""
    curves = runs("amount", ("infused", "background"))
    lost = curves["facts"].values > 500
    counts = curves["recalled"].copy()
    counts.loc[{"group": "background"}] = curves["probed"].sel(group="background").values * ~lost
    for curve in curves_of_cells(curves.assign(recalled=counts), "background"):
        assert curve.levels.size == 2
        assert curve.side == Side.CROSSED
        assert curve.infusion.tolist() == [1000, 100]
        assert curve.share == pytest.approx([0, 1], abs=1e-3)
    for curve in curves_of_cells(curves, "infused"):
        exposures = curves["exposures"].sel(run=list(curve.runs)).values
        assert curve.log_exposures == pytest.approx(np.log(exposures), abs=1e-5)
