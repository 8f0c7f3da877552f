"""Rows of one run: numbered by what they share, as a dictionary of rows would."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves.tables.alike import first_alike
from bayeskisl.curves.tables.checkpoints import are_tokens_seen, last_checkpoints
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.curves.tables.replicates import number_replicates

ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 2), st.booleans(), st.integers(0, 3)))


def columns(rows):
    names = np.array([name for name, *_ in rows], dtype=object)
    return names, *(np.array([row[i] for row in rows], dtype=kind) for i, kind in ((1, float), (2, bool), (3, float)))


def findings(rows):
    return Findings("table", [f"row {i}" for i in range(len(rows))])


@given(ROWS)
def test_the_first_row_stands_for_those_that_are_alike(rows):
    names, seeds, *_ = columns(rows)
    first = {}
    expected = [first.setdefault(row[:2], i) for i, row in enumerate(rows)]
    assert first_alike(names, seeds).tolist() == expected


@given(ROWS)
def test_replicates_are_numbered_and_else_refused(rows):
    names, seeds, used, _ = columns(rows)
    seen, expected = {}, []
    for row, counts in zip(rows, used, strict=True):
        expected.append(seen.get(row[:2], 0) if counts else 0)
        seen[row[:2]] = seen.get(row[:2], 0) + int(counts)
    keys, found = first_alike(names, seeds), findings(rows)
    assert number_replicates(keys, used, True, False, found).tolist() == expected
    assert not found.everything
    assert not number_replicates(keys, used, False, False, found).any()
    again = [row for row, number in enumerate(expected) if number]
    assert [problem.where for problem in found.of_table] == ([found.named(again)] if again else [])
    assert not found.of_rows  # no row of a repetition is faulty, so that none can be left out


def test_a_row_that_comes_again_names_the_first_that_counts():
    rows, found = [("a", 0), ("a", 0), ("a", 0)], Findings("table", ["line 2", "line 3", "line 4"])
    number_replicates(np.zeros(len(rows), dtype=int), np.array([False, True, True]), False, True, found)
    (problem,) = found.of_table
    assert "line 4" in str(problem)
    assert "a repetition of line 3" in str(problem)


@pytest.mark.parametrize(
    ("tokens", "seen"), [([2, 10, 2, 10], True), ([2, 10, 4, 4], True), ([2, 2, 4, 4], False), ([2, 5, 2, 10], False)]
)
def test_tokens_in_proportion_to_the_checkpoint_are_tokens_seen(tokens, seen):
    keys, steps = np.array([0, 0, 2, 2]), np.array([1000.0, 5000, 1000, 5000])
    assert are_tokens_seen(keys, np.array(tokens, dtype=float), steps) == seen


@given(ROWS)
def test_the_last_checkpoint_of_each_run_is_kept(rows):
    names, seeds, used, at = columns(rows)
    at = np.where(used, at, np.nan)
    last = {row[:2]: max((b for other, b in zip(rows, at, strict=True) if other[:2] == row[:2] and b == b), default=-1)
            for row in rows}  # fmt: skip
    expected = [np.isnan(b) or b == last[row[:2]] for row, b in zip(rows, at, strict=True)]
    assert last_checkpoints(first_alike(names, seeds), at, np.full(len(at), True), findings(rows)).tolist() == expected
