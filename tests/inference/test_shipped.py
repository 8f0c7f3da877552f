"""The sweeps that ship, at default settings."""

import pytest

pytest.importorskip("pymc")

import bayeskisl as bk

LAWS = {
    "desk-amount": "collapse",
    "desk-tokens": "collapse",
    "desk-proportional": "collapse",
    "desk-templates": "collapse",
    "desk-ratio": "collapse",
    "desk-dose": "common",
    "desk-replay": "limits",
    "memory-amount": "limits",
    "memory-budget": "limits",
    "memory-ratio": "limits",
    "words-amount": "limits",
}

# Learning limits the smallest size of `memory-amount`, or it lies off the others' line: a corner of the posterior. In
# `desk-templates` and `desk-dose` it is one draw of 4,000, with some seeds. The gate allows one draw in a thousand. In
# `memory-budget` and `desk-replay` it has been one draw since ascents have one thread, and in `words-amount` since its
# second sampling has a seed of its own; sampling goes on with two.
MAY_DIVERGE = {"memory-amount": 4, "desk-templates": 4, "desk-dose": 4, "memory-ratio": 4}
MAY_DIVERGE |= {"memory-budget": 2, "desk-replay": 2, "words-amount": 2}


@pytest.mark.slow
@pytest.mark.parametrize("sweep", LAWS)
def test_the_gate_passes_and_no_draw_diverges(sweep):
    fit = bk.fit(sweep, LAWS[sweep], rivals=[])  # a failed gate raises
    assert fit.tree["sample_stats"]["diverging"].sum() <= MAY_DIVERGE.get(sweep, 0)
