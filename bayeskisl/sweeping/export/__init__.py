"""Export of a sweep to another trainer: data, probes, configurations, launch scripts and the import of results."""

from bayeskisl.sweeping.export.export import Exported, export_sweep
from bayeskisl.sweeping.export.formats import FORMATS
from bayeskisl.sweeping.export.repeats import repeat_matched_runs
from bayeskisl.sweeping.export.trainers import TRAINERS

__all__ = ["FORMATS", "TRAINERS", "Exported", "export_sweep", "repeat_matched_runs"]
