"""Stories that join the stages: the demo, the closed loop, the replay."""

from bayeskisl.workflow.demo import demo, verification_sweep
from bayeskisl.workflow.events import DemoEvents
from bayeskisl.workflow.loop import LoopStep, loop
from bayeskisl.workflow.replay import replay

__all__ = ["DemoEvents", "LoopStep", "demo", "loop", "replay", "verification_sweep"]
