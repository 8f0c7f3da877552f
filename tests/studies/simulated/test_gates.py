"""Small simulated sweeps pass their gate without a second sampling: a change of coordinates shows here first."""

import pytest

from bayeskisl.inference import fit
from studies.simulated.worlds import WORLDS, simulate_sweep


@pytest.mark.slow
@pytest.mark.parametrize(("world", "number"), [("power-0", 57), ("bend-10", 54), ("power-3", 49)])
def test_the_first_sampling_is_enough(world, number):
    sweep, _ = simulate_sweep(WORLDS[world], number)
    for seed in (3, 4, 5):
        gate = fit(sweep, "collapse", rivals=(), seed=seed, retry=False, throw=False).gate
        # coordinates once left 180 to 650 effective draws, where the gate asks 400; how many depends on the processor
        assert gate.outcome == "passed", (gate.reasons, gate.shortfalls)
