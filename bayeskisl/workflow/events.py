"""What a display may listen to while a workflow runs."""

from bayeskisl.sweeping.run import SweepEvents

__all__ = ["DemoEvents"]


class DemoEvents(SweepEvents):
    """The events of its sweeps, and the beginning of each stage."""

    def stage(self, title: str) -> None:
        """A stage begins."""
