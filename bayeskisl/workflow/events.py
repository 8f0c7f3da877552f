"""Events of a workflow for a display."""

from typing import TYPE_CHECKING

from bayeskisl.sweeping.run import SweepEvents

if TYPE_CHECKING:
    from bayeskisl.design import Plan

__all__ = ["DemoEvents", "LoopEvents"]


class DemoEvents(SweepEvents):
    """Events of a demo: those of its sweeps, and the beginning of each stage."""

    def stage(self, title: str) -> None:
        """Called when a stage begins."""


class LoopEvents(DemoEvents):
    """Events of a loop, with a vote on what it trains."""

    def approves(self, plan: "Plan | None") -> bool:
        """Whether to train a plan; the loop ends at the first refusal."""
        return True
