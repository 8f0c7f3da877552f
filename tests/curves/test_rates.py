"""Learning rates that differ between sizes of an imported table."""

import pytest

import bayeskisl as bk
from bayeskisl.curves.tables import describe_import

SIZES = ["70M", "160M", "70M", "160M"]


def imported(rates):
    table = {"params": SIZES, "facts": [1000, 1000, 4000, 4000], "recalled": [90, 95, 30, 50], "probed": [100] * 4,
             "learning_rate": rates}  # fmt: skip
    return bk.curves_from_table(table)


def codes(curves):
    return {each.code for each in bk.check(curves).findings}


def test_import_and_check_note_a_rate_that_differs_between_sizes():
    curves = imported([1e-3, 5e-5, 1e-3, 5e-5])
    said = "The learning rate differs between sizes (1e-3, 5e-5): the change with size then mixes two effects."
    assert said in describe_import(curves)
    assert said in bk.check(curves).text


@pytest.mark.parametrize("rates", [[1e-3] * 4, [1e-3, 1e-3, 0.02, 0.02], [None, 1e-3, None, 1e-3]])
def test_rates_that_every_size_shares_are_not_noted(rates):
    curves = imported(rates)
    assert "learning rate differs" not in describe_import(curves)
    assert "rates_differ" not in codes(curves)


def test_a_ladder_of_this_package_scales_its_rates_on_purpose():
    curves = imported([1e-3, 5e-5, 1e-3, 5e-5])
    del curves.attrs["import_mapping"]
    assert "rates_differ" not in codes(curves)
