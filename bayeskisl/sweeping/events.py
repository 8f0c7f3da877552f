"""Events of workflows that train sweeps, for a display."""

from typing import Any

from bayeskisl.sweeping.run import SweepEvents

__all__ = ["DemoEvents", "LoopEvents"]


class DemoEvents(SweepEvents):
    """Events of a demo: those of its sweeps, and the beginning of each stage."""

    def stage(self, title: str) -> None:
        """Called when a stage begins."""


class LoopEvents(DemoEvents):
    """Events of a loop, with a vote on what it trains."""

    def approves(self, plan: Any) -> bool:
        """Whether to train a `bayeskisl.design.Plan`; the loop ends at the first refusal."""
        return True
