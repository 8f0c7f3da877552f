"""Half-points that move against every law of size."""

import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import check, curves_from_table
from bayeskisl.curves.by_size import AGAINST_SIZE, AGAINST_SIZE_AT_THE_END, SAME_LOSS, against_size, bears_no_more
from tests.decision.hand_made import amount_curves

SIZES = 2.0 ** np.arange(13, 18)


def test_chance_alone_is_seldom_a_trend():
    rng = np.random.default_rng(0)
    for size in (SIZES[:3], SIZES, SIZES[[0, 1, 2, 3]]):
        found = [against_size(size, 0.1 * rng.standard_normal(len(size))) for _ in range(1_000)]
        assert sum(code == AGAINST_SIZE for code in found) < 25
        assert sum(code == AGAINST_SIZE_AT_THE_END for code in found) < 25


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.9])
def test_half_points_that_fall_are_found(exponent):
    rng = np.random.default_rng(0)
    found = [against_size(SIZES, exponent * np.log(SIZES) + 0.08 * rng.standard_normal(5)) for _ in range(100)]
    assert found.count(AGAINST_SIZE) >= 98


def test_a_turn_at_the_largest_size_is_found():
    critical = -np.log([300, 560, 1045, 1045, 560])
    assert against_size(SIZES, critical) == AGAINST_SIZE_AT_THE_END
    assert against_size(SIZES, -np.log([300, 560, 1045, 1045, 900])) == ""


def test_two_sizes_show_no_trend():
    assert against_size(SIZES[:2], np.array([1.0, 3.0])) == ""


def falling():
    return amount_curves(log_threshold=lambda params: 5.5 + 0.5 * np.log(params / 12_288))


def test_the_check_says_so_with_its_remedy():
    (found,) = [each for each in check(falling()).findings if each.code == AGAINST_SIZE]
    assert found.severity == "serious"
    assert "Larger models need more exposures of 'infused' facts than smaller ones" in str(found)
    assert "learning rate" in found.remedy


def test_where_the_budget_follows_the_size_its_largest_known_effect_is_allowed_for():
    """Critical exposures that rise as the budget does are no trend of size."""
    parts = [
        amount_curves((size,), tokens=int(150 * size), log_threshold=lambda params: 4.0 + np.log(params / 12_288))
        for size in (3_456, 12_288, 24_576)
    ]
    assert AGAINST_SIZE not in {each.code for each in check(xr.concat(parts, dim="run")).findings}


def test_sizes_that_bear_the_same_infusion_are_told_from_those_that_bear_more():
    rng = np.random.default_rng(4)
    noise = 0.15 * rng.standard_normal((200, len(SIZES)))
    same = np.mean([bears_no_more(SIZES, each) for each in noise])
    more = np.mean([bears_no_more(SIZES, each + 0.5 * np.log(SIZES)) for each in noise])
    assert same > 0.9
    assert more < 0.02
    assert not bears_no_more(SIZES[:2], np.zeros(2))


def loss(of_size, params=(160e6, 410e6, 1e9, 1.4e9), ratios=(0.0, 0.03, 0.1, 0.3)):
    """Retention curves of a benchmark that keeps a share of its score at each ratio, which `of_size` gives."""
    rows = [
        {"params": size, "ratio": ratio, "recall": 0.9 if ratio else 0.0,
         "mmlu": 0.25 + 0.75 * score * of_size(size, ratio)}
        for size, score in zip(params, (0.1, 0.2, 0.3, 0.4), strict=True)
        for ratio in ratios
    ]  # fmt: skip
    mapping = {"accuracy.infused": "recall", "accuracy.background": "mmlu", "facts": 1000, "tokens": "20B"}
    return curves_from_table(
        rows, mapping, probed={"infused": 1000, "background": 14_000}, guessing={"background": 0.25}
    )


def test_a_benchmark_of_which_every_size_loses_the_same_share_is_named():
    same = check(loss(lambda size, ratio: 1 - ratio))
    assert SAME_LOSS in {each.code for each in same.findings}
    less = check(loss(lambda size, ratio: 1 - ratio * (size / 160e6) ** -0.7))
    assert SAME_LOSS not in {each.code for each in less.findings}
    hardly = check(loss(lambda size, ratio: 1 - 0.1 * ratio))
    assert SAME_LOSS not in {each.code for each in hardly.findings}
