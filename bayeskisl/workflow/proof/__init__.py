"""The proof: how often the intervals hold the truth, in worlds that are known and in sweeps that were trained.

Every simulation is written down when it is finished, so that hours of them may be made in pieces.
"""

from bayeskisl.workflow.proof.study import (
    prove_calibration,
    prove_coverage,
    prove_held_out,
    prove_published,
    prove_replays,
    prove_rivals,
)
from bayeskisl.workflow.proof.worlds import WORLDS

__all__ = [
    "WORLDS", "prove_calibration", "prove_coverage", "prove_held_out", "prove_published", "prove_replays",
    "prove_rivals",
]  # fmt: skip
