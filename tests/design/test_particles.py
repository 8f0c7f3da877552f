"""Which laws can be planned with: those with a fall and one run scatter; one with limits as its tangent."""

from types import SimpleNamespace

import pytest

from bayeskisl.design.particles import planned_laws
from bayeskisl.errors import InputError
from bayeskisl.laws import law_names, load_law

LAWS = {name: load_law(name) for name in law_names()}


@pytest.mark.parametrize("name", [name for name in LAWS if LAWS[name].falls])
def test_every_law_with_a_fall_is_planned_with(name):
    mixed = SimpleNamespace(laws=LAWS, weights={"collapse": 0.6, name: 0.4})
    assert name in planned_laws(mixed)


def test_without_a_law_that_falls_there_is_no_plan():
    with pytest.raises(InputError, match="a fitted law with a collapse"):
        planned_laws(SimpleNamespace(laws=LAWS, weights={"none": 1.0}))
