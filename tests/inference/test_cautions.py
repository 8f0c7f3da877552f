from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from bayeskisl.axes import AXES
from bayeskisl.inference import fit, simulate
from bayeskisl.inference.cautions import _edges, _few_sizes, _in_words, _near_its_gate, _nothing_to_harm
from bayeskisl.inference.gate import Gate
from bayeskisl.inference.simulate import design_curves
from tests.decision.hand_made import amount_curves, posterior_draws
from tests.inference.conftest import LEVELS, SIZES, TRUTH


def codes(fitted):
    return {caution.code for caution in fitted.warnings}


def test_a_full_sweep_has_no_bounds(fitted):
    assert not codes(fitted) & {"few_sizes", "edge_collapse", "no_collapse", "correlated_seeds"}


def test_sizes_are_counted_in_each_domain():
    design = {"facts": [100, 400], "domains": ("legal", "medical")}
    every = design_curves(params=SIZES, **design)
    assert not _few_sizes(every)
    few = every.isel(run=((every["domain"] == "legal") | (every["params"] < SIZES[-1])).values)
    (caution,) = _few_sizes(few)
    assert "3 sizes of 'medical' cannot show" in caution.message


def test_a_law_without_a_fall_has_no_bounds():
    kept, posterior = amount_curves(levels=(1, 2, 4)), posterior_draws()
    assert {caution.code for caution in _edges(posterior, kept)} == {"edge_collapse", "no_collapse"}
    assert "No size lost half of its infused facts: collapse lies above " in _edges(posterior, kept)[0].message
    assert not _edges(posterior.assign(collapse=np.nan * posterior["collapse"]), kept)


@pytest.mark.parametrize(
    ("axis", "value", "said"),
    [("ratio", 0.785, "a ratio of 0.785"), ("dose", 0.9999, "every ratio"), ("amount", 1_000, "1,000 facts")],
)
def test_a_bound_is_said_in_words(axis, value, said):
    assert _in_words(AXES[axis], value) == said


def test_a_failed_gate_is_not_said_to_be_missed_by_little():
    passed = Gate(True, (), 1.04, 300, 300, 0, 0, 1, 9, shortfalls=("bulk ESS of tau is 300 (at least 400)",))
    (caution,) = _near_its_gate(passed)
    assert "missed a test by little" in caution.message
    assert not _near_its_gate(replace(passed, passed=False, reasons=("tail ESS of tau is 71 (at least 400)",)))
    assert not _near_its_gate(replace(passed, shortfalls=()))


def test_a_size_that_never_collapses_is_a_bound(curves):
    """The largest size is only given levels that it keeps; padding makes the shape that of the shared fit."""
    easy = ~((curves["params"] == SIZES[-1]) & (curves["facts"] > 500)).values
    short = fit(curves.isel(run=easy), rivals=(), draws=400, tune=400, retry=False, throw=False)
    (bound,) = [caution for caution in short.warnings if caution.code == "edge_collapse"]
    assert bound.message.startswith(f"1 of {len(SIZES)} sizes never lost half of their infused facts: collapse lies ")
    assert "collapse lies above" in bound.message
    assert bound.message.endswith(" facts at 55,296 parameters (95 %).")
    assert bound.remedy == "Add runs with more facts."
    assert "95 %" in bound.message
    inferred = np.log(short.posterior["critical_exposures"].isel(group=0))
    spread = inferred.std(("chain", "draw")).values
    assert spread[-1] > 2 * spread[:-1].max()
    highest_kept = np.log(0.5 * 1_843_200 / 6 / 500)
    assert float(inferred.isel(cell=-1).quantile(0.99)) < highest_kept + 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("facts", "threshold", "side", "lost"),
    [([31, 62, 125], 5.0, "above", "lost"), ([2000, 4000, 8000], 5000.0, "below", "kept")],
)
def test_a_sweep_without_any_collapse_is_answered_as_such(facts, threshold, side, lost):
    truth = TRUTH | {"intercept": np.log(threshold), "exponent": 0.3}
    # where every size is lost, the posterior is a wide prior cut off by a cliff: tail ESS 355, where 400 are asked
    flat = fit(simulate("collapse", {"params": SIZES, "facts": facts}, truth, seed=3), rivals=(), throw=False)
    assert flat.gate.ess_tail > 250
    assert flat.warnings[0].code == "no_collapse"
    assert flat.warnings[0].severity == "serious"
    (bounds,) = [caution.message for caution in flat.warnings if caution.code == "edge_collapse"]
    assert bounds.startswith(f"No size {lost} half of its infused facts: collapse lies {side} ")
    assert bounds.count(side) == 2  # the smallest and the largest
    assert "95 %" in bounds
    assert "exponent" in next(caution.message for caution in flat.warnings if caution.code == "prior_driven")


@pytest.mark.slow
def test_three_sizes_are_few():
    three = fit(simulate("collapse", {"params": SIZES[:3], "facts": LEVELS}, TRUTH, seed=1), rivals=(), throw=False)
    assert "few_sizes" in codes(three)


@pytest.mark.slow
def test_prior_draws_are_recovered():
    """Twelve sweeps drawn from the prior: truth in 90 % intervals as often as it should be.

    About 12 x 10 correlated scalars; fewer than 75 % covered happens by chance less than once in 1,000.
    """
    covered = []
    for seed in range(12):
        curves = simulate("collapse", {"params": SIZES, "facts": LEVELS}, seed=seed)
        table = fit(curves, rivals=(), draws=400, tune=400, retry=False, throw=False).summary()
        rows = table.index.str.startswith(
            ("intercept", "exponent", "curvature", "tau", "sigma_run", "steepness_", "conc")
        )
        covered += table.loc[rows, "covered"].tolist()
    assert 0.75 < np.mean(covered) <= 1


def test_what_an_import_assumed_is_passed_on():
    from bayeskisl.curves import curves_from_table
    from bayeskisl.inference.cautions import _assumed_by_import

    table = {"params": 61_440, "facts": [10, 20], "recalled": [9, 1], "probed": 10}
    (relative,) = _assumed_by_import(curves_from_table(table))
    assert (relative.code, relative.severity) == ("assumed_by_import", "warning")
    assert "exposures are relative" in relative.message
    full = {**table, "tokens": 1e6, "ratio": 0.5, "tokens_per_fact": 6}
    assert [caution.severity for caution in _assumed_by_import(curves_from_table(full))] == ["note"]
    told = {**full, "guessing": 0.0, "total_params": 90_000}
    assert _assumed_by_import(curves_from_table(told)) == []


@pytest.mark.parametrize(("groups", "codes"), [(["infused"], ["nothing_to_harm"]), (["infused", "background"], [])])
def test_a_ratio_without_a_group_that_it_can_harm_is_told(groups, codes):
    probed = (("run", "group"), np.full((1, len(groups)), 50))
    curves = xr.Dataset({"probed": probed}, {"group": groups}, {"axis": "ratio"})
    assert [caution.code for caution in _nothing_to_harm(xr.Dataset(), curves)] == codes
