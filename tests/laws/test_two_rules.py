"""Two rules of thumb: each equals the obvious one-liner."""

import numpy as np
import pytest

from bayeskisl.laws import two_rules

SIZES = np.array([1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 64e3])
BENT = 8 - 0.7 * np.log(SIZES) + 0.03 * np.log(SIZES / 1e3) ** 2


def test_facts_grow_in_proportion_to_size_from_the_largest():
    facts = 5e5 / np.exp(BENT)
    assert 5e5 / np.exp(two_rules(SIZES, BENT, 256e3).proportional) == pytest.approx(4 * facts[-1])


def test_the_power_law_is_the_line_through_the_last_five_logs():
    expected = np.polyval(np.polyfit(np.log(SIZES[2:]), BENT[2:], 1), np.log(256e3))
    assert two_rules(SIZES, BENT, 256e3).power_law == pytest.approx(expected)


def test_the_order_of_sizes_does_not_matter():
    mixed = np.random.default_rng(0).permutation(len(SIZES))
    assert two_rules(SIZES[mixed], BENT[mixed], 1e6) == pytest.approx(two_rules(SIZES, BENT, 1e6))


def test_a_straight_line_is_continued():
    straight = 3 - 0.5 * np.log(SIZES)
    assert two_rules(SIZES, straight, 1e6).power_law == pytest.approx(3 - 0.5 * np.log(1e6))


def test_too_few_sizes_are_not_a_number():
    assert np.isnan(two_rules(SIZES[:0], BENT[:0], 1e6)).all()
    assert np.isnan(two_rules(SIZES[:1], BENT[:1], 1e6).power_law)
