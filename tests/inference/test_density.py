"""The density as C."""

import re

import pytest

import bayeskisl as bk
from bayeskisl.inference.data import prepare
from bayeskisl.inference.density import write_density
from bayeskisl.inference.model import Model
from bayeskisl.laws import load_law

DESIGN = {"params": [6144, 13824], "facts": [62, 125, 250, 500, 1000], "seeds": 2}


@pytest.mark.parametrize("law", ["collapse", "saturating"])
def test_loops_over_runs_hold_only_what_compilers_have_vectors_of(law):
    law = load_law(law)
    data = prepare(bk.simulate("collapse", DESIGN, seed=0), law)
    text, _ = write_density(Model(data, law).in_pymc())
    over_runs = re.findall(rf"i0 < {len(data.log_exposures)}; i0\+\+\) (.*?)\n    ", text, flags=re.DOTALL)
    called = {name for loop in over_runs for name in re.findall(r"\b(\w+)\(", loop)}
    assert {"exp", "lgamma"} <= called
    assert not called & {"log1p", "expm1", "isinf"}
