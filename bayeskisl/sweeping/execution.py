"""Training and probing of one stack on any worker: divided if memory is short, with saved states."""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bayeskisl.errors import SweepError
from bayeskisl.machine_code import processor_name
from bayeskisl.sweeping.memory import device_memory, fitting_parts, gibibytes, stack_memory
from bayeskisl.sweeping.native import compiler_name
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.records import RunProbe

__all__ = ["Finished", "Job", "train_job"]

OnStep = Callable[[int, int], None]
"""Receives the steps that are done, and all of them."""


@dataclass(frozen=True)
class Job:
    """A stack to train, with its settings.

    Attributes
    ----------
    stack : Stack
    device : str
    compiled : bool
    room : int
        Bytes of memory that it may take; zero for all that its device has left.
    parts : int
        In how many parts it is trained at least, one after the other.
    states : Path or None
        Folder for the saved states of what is under way; None: they are not saved.
    save_every : float
        Seconds between two savings.
    """

    stack: Stack
    device: str = "cpu"
    compiled: bool = True
    room: int = 0
    parts: int = 1
    states: Path | None = None
    save_every: float = 60.0

    @property
    def has_state(self) -> bool:
        """Whether a state of one of its parts is saved, from which it continues as long as it is not divided."""
        parts = self.stack.parts(self.parts)
        return self.states is not None and any((self.states / f"{part.name}.npz").is_file() for part in parts)

    def divided(self) -> "Job":
        """Return the job in twice as many parts."""
        return replace(self, parts=min(2 * self.parts, len(self.stack.runs)))


@dataclass(frozen=True)
class Finished:
    """A trained and probed stack, with facts such as times that vary between repetitions."""

    stack: Stack
    probes: tuple[RunProbe, ...]
    volatile: dict[str, Any]


def train_job(job: Job, on_step: Callable[[int, int], None] | None = None) -> Finished:
    """Train a stack and probe it.

    Where memory does not allow all of its runs side by side, parts of it are trained one after the other. Records are
    the same either way; the number of parts is among the volatile facts.

    Raises
    ------
    SweepError
        If memory does not allow even one of its runs.
    """
    begun = time.perf_counter()
    _choose(job.device)
    room = job.room or device_memory(job.device)
    parts = job.stack.parts(job.parts)
    waiting = [fit for part in parts for fit in fitting_parts(part, room, job.device, compiled=job.compiled)]
    probes: list[RunProbe] = []
    trained, earlier = 0, 0.0
    while waiting:
        part = waiting.pop(0)
        try:
            steps, probed, before = _train_part(part, job, _share_of(on_step, len(probes), part, job.stack))
        except Exception as problem:
            if not _is_want_of_memory(problem):
                raise
            waiting[:0] = _halves(part, job)
            continue
        probes += probed
        trained += 1
        earlier += before
    seconds = earlier + time.perf_counter() - begun
    return Finished(job.stack, tuple(probes), _volatile(job, parts=trained, steps=steps, seconds=seconds))


def _choose(device: str) -> None:
    """Make a numbered accelerator the current one: graphs are captured there, whatever device their arrays are on."""
    if device.startswith("cuda:"):
        import torch

        torch.cuda.set_device(device)


def _halves(part: Stack, job: Job) -> tuple[Stack, ...]:
    if len(part.runs) == 1:
        needed = gibibytes(stack_memory(part, job.device, compiled=job.compiled))
        raise SweepError(
            f"memory ran out in one run of {part.runs[0].params:,} parameters, which takes about "
            f"{needed}; take a smaller batch, budget or size, or fewer workers."
        )
    return part.parts(2)


def _train_part(part: Stack, job: Job, on_step: OnStep | None) -> tuple[str, tuple[RunProbe, ...], float]:
    """Train a part; return the kind of its steps, its probes, and the seconds that it had taken before it went on."""
    from bayeskisl.sweeping.probing import train_and_probe
    from bayeskisl.sweeping.saving import Saving

    saving = Saving(job.states / f"{part.name}.npz", job.save_every) if job.states else None
    trained, probes = train_and_probe(part.runs, job.device, compiled=job.compiled, on_step=on_step, saving=saving)
    return trained.steps.name, probes, saving.before if saving else 0.0


def _share_of(on_step: OnStep | None, before: int, part: Stack, stack: Stack) -> OnStep | None:
    """Convert steps of a part to steps of the whole stack."""
    if on_step is None or len(part.runs) == len(stack.runs):
        return on_step
    share, begun = len(part.runs) / len(stack.runs), before / len(stack.runs)
    return lambda done, steps: on_step(round(begun * steps + share * done), steps)


def _is_want_of_memory(problem: Exception) -> bool:
    """Whether an error means that memory is short: of Python, NumPy, CUDA, or torch's CPU allocator."""
    named = any(kind.__name__ in ("MemoryError", "OutOfMemoryError") for kind in type(problem).__mro__)
    return named or (isinstance(problem, RuntimeError) and "can't allocate memory" in str(problem))


def _volatile(job: Job, *, parts: int, steps: str, seconds: float) -> dict[str, Any]:
    return {
        "stack": job.stack.name,
        "runs": [run.name for run in job.stack.runs],
        "parts": parts,
        "seconds": round(seconds, 3),
        "tokens_per_second": round(job.stack.tokens / seconds),
        "host": platform.node(),
        "machine": platform.machine(),
        "processor": processor_name(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "steps": steps,
        "compiler": compiler_name() if steps == "native" else None,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **_torch_facts(job.device),
    }


def _torch_facts(device: str) -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {"device": device}
    return {"device": device if device == "cpu" else torch.cuda.get_device_name(device), "torch": torch.__version__}
