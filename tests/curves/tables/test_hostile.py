"""Tables that once broke the import. Generated ones are in `tests/studies/test_hostile.py`."""

import pytest

from bayeskisl.curves import curves_from_table
from bayeskisl.errors import BayeskislError


@pytest.mark.parametrize("cells", [",1e-310,1,,", ",1e-310,,,\n,.1,,,"])
def test_numbers_too_small_to_reckon_with_are_refused(tmp_path, cells):
    path = tmp_path / "table.csv"
    path.write_bytes(f",ratio,facts,\x00,\x01\n{cells}".encode())
    with pytest.raises(BayeskislError, match="an infusion ratio, 0 or in"):
        curves_from_table(path)


def test_a_table_of_which_no_row_was_probed_is_refused():
    with pytest.raises(BayeskislError, match="runs that finished and have infused facts"):
        curves_from_table({"params": [0], "recalled_background": [-1], "facts": [0], "run": [0]})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_number_in_place_of_a_column_is_refused_in_one_sentence(number):
    with pytest.raises(BayeskislError):
        curves_from_table({"params": [0], "facts": [1], "accuracy": [0.5]}, {"params": number})
