"""Memory of a stack, and its division if memory is short."""

import os
import sys
from pathlib import Path

from bayeskisl.errors import SweepError
from bayeskisl.sweeping.native import compiler
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.spec import RunSpec

__all__ = ["device_memory", "fitting_parts", "gibibytes", "stack_memory"]

_FLOAT_BYTES = 4
_LANES = 16  # sequences that the kernel holds at a time
_KEEP_FREE = 0.1  # share of the memory that is left to everything else


def stack_memory(stack: Stack, device: str = "cpu", *, compiled: bool = True) -> int:
    """Peak memory of a stack's training in bytes, without the program itself.

    Parameters
    ----------
    stack : Stack
    device : str
    compiled : bool
        Whether steps are compiled. The kernel of a CPU needs the activations of sixteen sequences whatever the stack,
        torch those of every run's whole batch.
    """
    run, count = stack.runs[0], len(stack.runs)
    weights = _FLOAT_BYTES * run.total_params
    sequence = _FLOAT_BYTES * run.mixture.context * _floats_per_token(run)
    # Weights, two moments, rates; the stream, behind its start tokens, and what drawing it needs for a while.
    of_run = 4 * weights + _bytes_per_token(run) * run.tokens_read
    drawing = _BYTES_WHILE_DRAWING[run.facts.vocabulary > 2**8] * run.tokens_read
    if compiled and _has_kernel(run, device):
        return count * of_run + drawing + weights + _LANES * sequence
    # Torch keeps a gradient and the update's temporaries, and what the backward pass needs of every sequence.
    return count * (of_run + 4 * weights + run.training.batch * sequence) + drawing


def _has_kernel(run: RunSpec, device: str) -> bool:
    """Whether a compiler makes the kernel of a run; it computes in float32."""
    return device == "cpu" and run.training.precision == "float32" and compiler() is not None


# Symbols are drawn as one byte each, with eight-byte indices of facts; text in three copies of eight bytes a token.
_BYTES_WHILE_DRAWING = (6, 24)


def _bytes_per_token(run: RunSpec) -> int:
    """Bytes of the stream as drawn, and behind its start token."""
    vocabulary = run.facts.vocabulary
    return 2 * (1 if vocabulary <= 2**8 else 2 if vocabulary <= 2**16 else 4)


def _floats_per_token(run: RunSpec) -> int:
    """Numbers per token: those of every layer, the softmax of every earlier key, the logits three times."""
    size = run.model
    of_layer = size.form.floats_per_token(size.width) + size.heads * run.mixture.context
    return size.layers * of_layer + 3 * run.facts.vocabulary


def device_memory(device: str) -> int:
    """Free memory of a device in bytes; zero if unknown."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[0] if torch.cuda.is_available() else 0
    return min(filter(None, (_available(), _left_in_group())), default=0)


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if sys.platform != "win32" else 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), 0)


def _left_in_group() -> int:
    """Return the free memory within a container's limit; zero without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        most, now = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        told = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no control group, or "max"
        return 0
    return most - now + int(told.get("inactive_file", 0))  # files that were read lately give way


def fitting_parts(stack: Stack, room: int, device: str = "cpu", *, compiled: bool = True) -> tuple[Stack, ...]:
    """Return the stack if it fits into `room` bytes, otherwise the fewest equal parts that fit.

    Which runs form a stack, and what their records say of it, remains the specification's: this is how it is executed.

    Raises
    ------
    SweepError
        If not even one of its runs fits, with the figures.
    """
    usable = int(room * (1 - _KEEP_FREE)) if room else sys.maxsize
    alone = stack_memory(Stack(stack.runs[:1]), device, compiled=compiled)
    if alone > usable:
        run = stack.runs[0]
        raise SweepError(
            f"one run of {run.params:,} parameters and {run.tokens_read:,} tokens takes {gibibytes(alone)}, more "
            f"than the {gibibytes(usable)} that a worker may use on {device}; take a smaller batch, budget or size, "
            "or fewer workers."
        )
    for count in range(1, len(stack.runs) + 1):
        parts = stack.parts(count)
        if max(stack_memory(part, device, compiled=compiled) for part in parts) <= usable:
            return parts
    raise AssertionError("a single run fits, so parts of one do")


def gibibytes(size: float) -> str:
    """Format bytes in GiB."""
    return f"{size / 2**30:.2f} GiB" if size >= 2**29 else f"{size / 2**20:.0f} MiB"
