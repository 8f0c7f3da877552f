"""Stacks of runs that train together: a function of the specification alone, not of the remaining runs."""

import hashlib
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import Any

from bayeskisl.sweeping.spec import RunSpec, canonical_json

__all__ = ["Stack", "plan_stacks"]


@dataclass(frozen=True)
class Stack:
    """Runs of one size, budget and recipe, trained as one batch of models."""

    runs: tuple[RunSpec, ...]

    @property
    def name(self) -> str:
        """First 12 digits of the SHA-256 of the runs' identities in order."""
        return hashlib.sha256("".join(run.identity for run in self.runs).encode()).hexdigest()[:12]

    @property
    def tokens(self) -> int:
        return sum(run.tokens_read for run in self.runs)

    @property
    def flops(self) -> float:
        return sum(run.flops for run in self.runs)

    def parts(self, count: int) -> tuple["Stack", ...]:
        """Return the runs in a number of nearly equal stacks, in order."""
        bounds = [len(self.runs) * part // count for part in range(count + 1)]
        return tuple(Stack(self.runs[a:b]) for a, b in pairwise(bounds))

    def place(self, run: RunSpec) -> dict[str, Any]:
        """Return the position of a run in its stack, as recorded."""
        return {"name": self.name, "position": self.runs.index(run), "runs": len(self.runs)}


def plan_stacks(runs: tuple[RunSpec, ...], limit: int) -> tuple[Stack, ...]:
    """Divide runs into nearly equal stacks of at most `limit`, in order."""
    stacks: list[Stack] = []
    for _, alike in groupby(sorted(runs, key=_shape), key=_shape):
        group = Stack(tuple(alike))
        stacks += group.parts(-(-len(group.runs) // limit))
    return tuple(stacks)


def _shape(run: RunSpec) -> tuple[Any, ...]:
    recipe = {**asdict(run.training), "learning_rate": None}
    return run.params, run.mixture.tokens, canonical_json([asdict(run.model), recipe, asdict(run.facts)])
