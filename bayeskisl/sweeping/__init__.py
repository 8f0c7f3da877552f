"""Training sweeps: hundreds of small language models that differ in size, infusion, budget and seed.

Needs torch, NumPy and pydantic alone, and torch only once something is trained.
"""

from bayeskisl.sweeping.estimate import NamedDevice, SweepEstimate, estimate_sweep
from bayeskisl.sweeping.export import Exported, export_sweep
from bayeskisl.sweeping.ladder import Ladder, ModelSize, Training, load_ladder
from bayeskisl.sweeping.plan import Stack, plan_stacks
from bayeskisl.sweeping.reading import load_sweep
from bayeskisl.sweeping.run import SweepEvents, SweepResult, run_sweep
from bayeskisl.sweeping.spec import Refine, Replicates, RunSpec, SweepSpec, Tune
from bayeskisl.sweeping.status import SweepStatus, sweep_status
from bayeskisl.sweeping.store import SweepFolder, sweep_folders
from bayeskisl.sweeping.tensorboard import TensorBoardMirror, mirror_records
from bayeskisl.sweeping.trackers import MlflowMirror, WandbMirror

__all__ = [
    "Exported",
    "Ladder",
    "MlflowMirror",
    "ModelSize",
    "NamedDevice",
    "Refine",
    "Replicates",
    "RunSpec",
    "Stack",
    "SweepEstimate",
    "SweepEvents",
    "SweepFolder",
    "SweepResult",
    "SweepSpec",
    "SweepStatus",
    "TensorBoardMirror",
    "Training",
    "Tune",
    "WandbMirror",
    "estimate_sweep",
    "export_sweep",
    "load_ladder",
    "load_sweep",
    "mirror_records",
    "plan_stacks",
    "run_sweep",
    "sweep_folders",
    "sweep_status",
]
