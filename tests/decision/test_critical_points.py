"""The law of size from one critical point for each size."""

import json

import numpy as np
import pytest

import bayeskisl as bk
from bayeskisl.decision import extrapolate_points
from bayeskisl.errors import InputError
from bayeskisl.laws import load_law

SIZES = np.array([7e7, 1.6e8, 4.1e8, 1e9, 1.4e9])
MAPPING = {"params": "size", "tokens": 1e10, "tokens_per_fact": 50, "ratio": 0.01}
SUPPLY = 0.01 * 1e10 / 50  # exposures of a single fact


def points(exponent=0.8, sizes=SIZES, noise=0.0, seed=0):
    scatter = noise * np.random.default_rng(seed).standard_normal(len(sizes))
    critical = 150 * (sizes / 4e8) ** -exponent * np.exp(scatter)
    return {"size": sizes.tolist(), "facts": np.round(SUPPLY / critical).tolist()}


def forecast(table=None, params=7e9, **options):
    return extrapolate_points(table or points(), params, MAPPING, **options)


def test_of_a_linear_law_it_is_the_posterior_of_a_regression():
    """Given tau the coefficients and the target's point are normal; tau is summed over a fine grid."""
    law, error = load_law("power"), 0.1
    found = forecast(law=law, error=error)
    table = points()
    observed = np.log(SUPPLY / np.array(table["facts"]))
    z, target = (np.log(each / np.exp(np.log(SIZES).mean())) for each in (SIZES, 7e9))
    design, there = np.column_stack([np.ones(5), -z]), np.array([1, -target])
    priors = law.priors
    exponent = priors.exponent["params"]
    mean = np.array([priors.critical_exposures.log_median, exponent.mean])
    prior = np.diag([priors.critical_exposures.log_sd, exponent.sd]) ** 2
    log_tau = priors.tau.log_median + priors.tau.log_sd * np.linspace(-4, 4, 400)
    weights, moments = [], []
    for tau, place in zip(np.exp(log_tau), np.linspace(-4, 4, 400), strict=True):
        noise = (tau**2 + error**2) * np.eye(5)
        total = design @ prior @ design.T + noise
        gain = prior @ design.T @ np.linalg.inv(total)
        off = observed - design @ mean
        weights.append(-0.5 * (off @ np.linalg.solve(total, off) + np.linalg.slogdet(total)[1] + place**2))
        posterior = mean + gain @ off, prior - gain @ design @ prior
        moments.append((there @ posterior[0], there @ posterior[1] @ there + tau**2))
    weights = np.exp(np.array(weights) - max(weights))
    centre, variance = np.average(np.array(moments), axis=0, weights=weights)
    variance += np.average((np.array(moments)[:, 0] - centre) ** 2, weights=weights)
    log_exposures = np.log(SUPPLY / found.draws)
    assert log_exposures.mean() == pytest.approx(centre, abs=0.03 * np.sqrt(variance) + 0.01)
    assert log_exposures.std() == pytest.approx(np.sqrt(variance), rel=0.05)
    assert found.exponent.mean() == pytest.approx(0.8, abs=0.05)


def test_a_point_that_was_left_out_lies_in_the_interval():
    hits = [forecast(points(noise=0.1, seed=seed), seed=seed).left_out_is_held for seed in range(6)]
    assert sum(hits) >= 4  # 90 % intervals: fewer in one of a hundred runs


def test_ensembles_agree_and_the_rows_may_have_any_order():
    found = forecast()
    assert found.passed
    table = points()
    turned = forecast({name: values[::-1] for name, values in table.items()})
    assert turned.predicted.median == pytest.approx(found.predicted.median, rel=0.1)
    assert found.left_out.target.params == 1.4e9
    assert found.point_left_out == table["facts"][-1]


def test_a_larger_error_widens_the_interval():
    narrow, wide = (forecast(law="power", error=error).predicted for error in (0.02, 0.5))
    assert np.log(wide.high / wide.low) > 1.3 * np.log(narrow.high / narrow.low)


def test_the_rules_of_thumb_stand_beside_it():
    found = forecast(points(exponent=1.0))
    of_largest = points(exponent=1.0)["facts"][-1]
    assert found.rules["proportional"] == pytest.approx(5 * of_largest, rel=1e-6)
    assert found.rules["power_law"] == pytest.approx(5 * of_largest, rel=0.01)


def test_ratios_and_exposures_are_points_too():
    ratios = {"size": SIZES.tolist(), "r": (0.1 * (SIZES / 4e8) ** -0.5).tolist()}
    mapping = {"params": "size", "ratio": "r", "tokens": "20B", "facts": 1000, "group": "'infused'"}
    found = extrapolate_points(ratios, "7B", mapping)
    assert found.target.half_point == "onset"
    assert 0.001 < found.predicted.median < 0.1
    assert found.limits.keys() == {"learning", "minimum", "capacity"}


def test_along_a_ratio_the_group_says_whether_points_are_learned_or_lost():
    ratios = {"size": SIZES.tolist(), "r": np.linspace(0.3, 0.6, len(SIZES)).tolist()}
    mapping = {"params": "size", "ratio": "r", "tokens": "20B"}
    lost = extrapolate_points(ratios, "7B", mapping | {"group": "'background'"})
    assert (lost.target.group, lost.target.half_point) == ("background", "collapse")
    assert 0.5 < lost.predicted.median < 1
    with pytest.raises(InputError, match="half of the infused facts is learned at these points or half of a benchmark"):
        extrapolate_points(ratios, "7B", mapping | {"facts": 1000})


def test_an_answer_is_described_shown_and_written():
    found = forecast()
    lines = bk.describe(found).splitlines()
    assert lines[0] == "verdict: good"
    assert lines[2].split()[:4] == ["predicted", "for", "7B", "parameters,"]
    assert any(line.startswith("check: without its own point, 1.4B parameters are predicted at ") for line in lines)
    assert "critical points" in found._repr_html_()
    assert repr(found).startswith("<Collapse of 7B parameters: ")
    summary = json.loads(json.dumps(found.to_dict()))
    assert summary["gate"]["passed"]
    low, high = summary["collapse"]["eti90"]
    assert low < summary["collapse"]["median"] < high


@pytest.mark.parametrize(("times", "grade"), [(5, "good"), (20, "usable with care"), (200, "not usable")])
def test_the_distance_of_the_target_is_graded(times, grade):
    found = forecast(params=times * 1.4e9)
    assert found.verdict.grade == grade
    assert found.to_dict()["verdict"]["grade"] == grade
    assert "far_extrapolation" in {one.code for one in found.caveats} or times == 5


def test_three_points_leave_nothing_out():
    few = {name: values[:3] for name, values in points().items()}
    found = forecast(few)
    assert (found.left_out, found.left_out_is_held, found.point_left_out) == (None, None, None)
    assert "check:" not in bk.describe(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [7e7] * 5}, "at least two sizes"),
        ({"size": [7e7, 7e7, 4e8, 1e9, 1.4e9]}, "one critical point for each size"),
        ({"facts": [None] * 5}, "facts"),
    ],
)
def test_what_is_no_table_of_points_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        forecast(points() | change)


def test_an_error_is_a_positive_number():
    with pytest.raises(InputError, match="a relative error above 0"):
        forecast(error=0)
