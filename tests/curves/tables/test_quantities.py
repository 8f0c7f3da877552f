import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves.tables.quantities import as_text, is_missing, read_each, read_quantity, texts_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("98304", 98304), ("98_304", 98304), ("1,000,000", 1e6), ("7B", 7e9), ("300M", 300e6), ("0.3M", 300_000),
        ("1.5T", 1.5e12), ("1e9", 1e9), ("2.4e-3", 2.4e-3), ("94.1%", 0.941), ("6k", 6000), ("1.1bn", 1.1e9),
        (" 12 ", 12), ("-3", -3), (".5", 0.5), ("410m", 410e6), ("70 Mio", 70e6), ("1 Mrd.", 1e9), ("5‰", 0.005),
        ("7000万", 70e6), ("1.6億", 160e6), ("７０M", 70e6), ("70 тыс.", 70e3),
    ],
)  # fmt: skip
def test_reads_what_people_write(text, value):
    assert read_quantity(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["0,5", "1,23", "1,0000", "seven", "7 B 2", "1e999999", "", "B", "0x10", "1__0", "٣", "inf"]
)
def test_reads_nothing_else(text):
    assert read_quantity(text) is None


@given(st.integers(0, 2**53), st.sampled_from(["", "k", "M", "B", "T"]))
def test_whole_numbers_stay_whole(number, unit):
    value = read_quantity(f"{number}{unit}")
    assert value == float(number * {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}[unit])


@given(st.text())
def test_any_text_is_a_number_or_nothing(text):
    value = read_quantity(text)
    assert value is None or not math.isnan(value)


@pytest.mark.parametrize("cell", [None, "", " ", "NA", "n/a", "NaN", float("nan"), "-", "null"])
def test_missing_cells(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", [0, "0", False, "x", []])
def test_cells_that_are_there(cell):
    assert not is_missing(cell)


CELLS = st.lists(
    st.one_of(st.none(), st.booleans(), st.sampled_from([0, 1, 0.0, -0.0, 1.0, [1], "NA"]), st.floats(), st.text())
)


@given(st.one_of(CELLS, st.lists(st.sampled_from(["a", "A", "NA", "", "\ud800"])), st.lists(st.integers(0, 3))))
def test_texts_of_cells_are_those_of_each_cell(cells):
    assert list(dict.fromkeys(texts_in(cells))) == list(
        dict.fromkeys(as_text(cell) for cell in cells if not is_missing(cell))
    )


@given(st.one_of(CELLS, st.lists(st.sampled_from(["1", "1.0", "NA", None]))))
def test_cells_that_are_alike_are_read_once_and_as_each_is(cells):
    assert read_each(cells, repr) == list(map(repr, cells))
