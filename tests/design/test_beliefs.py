"""Which laws can be planned with: those whose line is linear in its coefficients."""

from types import SimpleNamespace

import numpy as np
import pytest

from bayeskisl.design.beliefs import linear_laws
from bayeskisl.errors import InputError
from bayeskisl.laws import SizeLaw, law_names, load_law
from tests.design.hand_made import SIZES

LAWS = {name: load_law(name) for name in law_names()}


@pytest.mark.parametrize("name", [name for name in LAWS if LAWS[name].falls])
def test_every_linear_law_is_planned_with_and_no_other(name):
    places = np.array(SIZES, dtype=float)[:, None]
    law = SizeLaw.of(LAWS[name], ("params",), places)
    one, other = law.mean + np.random.default_rng(0).normal(0, 0.3, (2, len(law.mean)))
    line = [law.log_critical_exposures(coefficients, places) for coefficients in (one, other, (one + other) / 2)]
    is_linear = np.allclose((line[0] + line[1]) / 2, line[2], atol=1e-9)
    mixed = SimpleNamespace(laws=LAWS, weights={"collapse": 0.6, name: 0.4})
    assert (name in linear_laws(mixed)) == is_linear


def test_without_a_linear_law_there_is_no_plan():
    with pytest.raises(InputError, match="linear in its coefficients"):
        linear_laws(SimpleNamespace(laws=LAWS, weights={"none": 0.5, "saturating": 0.5}))
