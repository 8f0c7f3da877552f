"""Events of a workflow for a display."""

from typing import TYPE_CHECKING

from bayeskisl.sweeping.run import SweepEvents

if TYPE_CHECKING:
    from bayeskisl.design import Plan

__all__ = ["DemoEvents", "LoopEvents"]


class DemoEvents(SweepEvents):
    """The events of its sweeps, and the beginning of each stage."""

    def stage(self, title: str) -> None:
        """A stage begins."""


class LoopEvents(DemoEvents):
    """The events of a loop, and a say in what it trains."""

    def approves(self, plan: "Plan | None") -> bool:
        """Whether a plan is trained; the loop ends with the first that is not."""
        return True
