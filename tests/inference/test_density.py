"""The density as C."""

import re
from functools import cache

import pytest

import bayeskisl as bk
from bayeskisl.inference.data import prepare
from bayeskisl.inference.density import write_density
from bayeskisl.inference.model import Model
from bayeskisl.inference.open_lengths import STAND_INS, at_lengths, c_length, is_open
from bayeskisl.laws import load_law

DESIGN = {"params": [6144, 13824], "facts": [62, 125, 250, 500, 1000], "seeds": 2}


@cache
def written(law, which):
    """The text for one pair of stand-ins of the numbers of runs, points and cells."""
    law = load_law(law)
    model = Model(prepare(bk.simulate("collapse", DESIGN, seed=0), law), law)
    return write_density(model.resized(*STAND_INS[which]).in_pymc())[0]


# the density with limits holds all that those of other laws with a break do, and takes twice as long to write
LAWS = ["power", *(pytest.param(name, marks=pytest.mark.slow) for name in ("limits", "common"))]


@pytest.mark.parametrize("law", LAWS)
def test_loops_over_runs_hold_only_what_compilers_have_vectors_of(law):
    over_runs = re.findall(r"i\d < [RP]; i\d\+\+\) (.*?)\n    ", written(law, 0), flags=re.DOTALL)
    called = {name for loop in over_runs for name in re.findall(r"\b(\w+)\(", loop)}
    assert {"exp", "lgamma"} <= called
    assert not called & {"log1p", "expm1", "isinf"}


@pytest.mark.parametrize("law", LAWS)
def test_no_number_of_runs_points_or_cells_is_written_into_the_code(law):
    """Not even by a rewrite that turns a sum of what is alike into a product."""
    assert written(law, 0) == written(law, 1)


def test_open_lengths_are_told_by_their_factors():
    (runs, points, cells), (more_runs, _, more_cells) = STAND_INS
    assert c_length(1) == "1"
    assert c_length(24) == "24"
    assert c_length(3 * points) == "3 * P"
    assert c_length(runs * cells) == "R * C"
    assert [is_open(length) for length in (0, 7, more_cells, 2 * more_runs)] == [False, False, True, True]
    assert at_lengths((7, runs, 3 * cells), counts=(20, 10, 4)) == (7, 20, 12)
