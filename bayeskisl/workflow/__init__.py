"""Workflows that join the stages: the demo, the closed loop, the replay."""

from bayeskisl.sweeping.events import DemoEvents, LoopEvents
from bayeskisl.workflow.demo import demo, verification_sweep
from bayeskisl.workflow.loop import Limits, LoopStep, Machine, loop
from bayeskisl.workflow.replay import Protocol, replay

__all__ = [
    "DemoEvents",
    "Limits",
    "LoopEvents",
    "LoopStep",
    "Machine",
    "Protocol",
    "demo",
    "loop",
    "replay",
    "verification_sweep",
]
