"""Caveats that an answer takes from its fit."""

import numpy as np
import pytest

from bayeskisl.curves.by_size import AGAINST_SIZE
from bayeskisl.curves.finding import Finding
from bayeskisl.decision.of_fit import caveats_of_fit
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.laws import load_law
from bayeskisl.target import Target
from tests.decision.hand_made import HandMadeFit

FINDING = Finding(AGAINST_SIZE, "serious", "Larger models need more exposures.", "Check the recipe.")


@pytest.mark.parametrize(
    ("times", "law", "weight"),
    [(4, "limits", "unusable"), (1, "limits", "care"), (0.5, "limits", "care"), (4, "power", "note")],
)
def test_what_the_limits_exclude_weighs_by_law_and_target(fit, times, law, weight):
    found = HandMadeFit()
    found.warnings, found.law = (FINDING,), load_law(law)
    largest = float(np.max(found.curves["params"]))
    (caveat,) = caveats_of_fit(found, planned_model(found.curves, Target(times * largest)))
    assert (caveat.code, caveat.weight) == (AGAINST_SIZE, weight)
