"""The display of a sweep that trains."""

import pytest

from bayeskisl.cli.training import _Clock
from bayeskisl.sweeping.plan import plan_stacks


def test_speed_counts_what_this_command_trains(smoke):
    runs = smoke.runs()
    fresh, resumed = plan_stacks(runs, 4)[:2]
    clock = _Clock([fresh, resumed])
    clock.saw(resumed, 0.8, now=10.0)
    assert clock.speed(now=10.0) == 0
    clock.saw(resumed, 0.9, now=12.0)
    assert clock.speed(now=12.0) == pytest.approx(0.1 * resumed.tokens / 2)
    clock.saw(fresh, 0.0, now=12.0)
    clock.saw(fresh, 1.0, now=14.0)
    assert clock.share - clock.before == pytest.approx(
        (0.1 * resumed.flops + fresh.flops) / (resumed.flops + fresh.flops)
    )
