"""Published numbers by name, and the arithmetic that their source says holds between them."""

import pytest

from studies.results.literature import published_number


def test_the_slope_that_the_loss_implies_is_one_more_than_its_exponent():
    exponent = published_number("phase-transition-law", "web_loss_exponent")
    assert published_number("phase-transition-law", "threshold_frequency_slope_from_loss") == pytest.approx(
        -(exponent + 1)
    )


def test_conditions_tell_rows_of_one_quantity_apart():
    bits = [
        published_number("knowledge-capacity", "bits_per_parameter", exposures=n, conditions=None) for n in (100, 1000)
    ]
    assert bits[0] < bits[1] < published_number("knowledge-capacity", "bits_per_parameter_never_above")


def test_an_ambiguous_quantity_is_no_number():
    with pytest.raises(ValueError, match="item"):
        published_number("knowledge-capacity", "bits_per_parameter")
