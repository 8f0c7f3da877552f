"""Stories that join the stages: the demo."""

from bayeskisl.workflow.demo import demo, verification_sweep
from bayeskisl.workflow.events import DemoEvents

__all__ = ["DemoEvents", "demo", "verification_sweep"]
