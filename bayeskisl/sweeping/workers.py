"""Training stacks side by side: one process per CPU core with one thread each, or one per accelerator.

One thread per process, because products this small lose more to a thread pool's barriers than they gain, and
because a record then does not depend on the number of cores.
"""

import multiprocessing
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from bayeskisl.errors import SweepError
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.records import RunProbe

__all__ = ["Finished", "Progress", "Trainers", "default_workers"]


@dataclass(frozen=True)
class Finished:
    """A trained and probed stack, with the volatile facts of how it went."""

    stack: Stack
    probes: tuple[RunProbe, ...]
    volatile: dict


# Called with (stack, steps done, steps in all).
Progress = Callable[[Stack, int, int], None]


def default_workers(device: str) -> int:
    """One per core on the CPU, one on an accelerator."""
    if device != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Trainers:
    """Workers that live as long as the block: ``with Trainers("cpu", workers=2) as trainers: trainers.train(...)``.

    Parameters
    ----------
    device : str
    workers : int
        With one worker, or one stack to train, everything happens in this process.
    compiled : bool
        Whether the training step is compiled, where it can be.
    """

    def __init__(self, device: str, *, workers: int, compiled: bool) -> None:
        self.device, self.workers, self.compiled = device, workers, compiled
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Trainers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._stop.set()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def train(self, stacks: list[Stack], on_progress: Progress) -> Iterator[Finished]:
        """Train stacks, the most expensive first, and yield each as it is finished.

        Raises
        ------
        SweepError
            If a worker dies, for instance because memory ran out.
        """
        ordered = sorted(stacks, key=lambda stack: -stack.flops)
        if self.workers > 1 and len(ordered) > 1:
            yield from self._train_in_pool(ordered, on_progress)
            return
        for stack in ordered:
            yield _train(stack, self.device, self.compiled, lambda done, steps, s=stack: on_progress(s, done, steps))

    def _train_in_pool(self, stacks: list[Stack], on_progress: Progress) -> Iterator[Finished]:
        pool = self._pool or self._begin()
        with _born_deaf_to_ctrl_c():
            pending = {pool.submit(_train_in_worker, stack, self.device, self.compiled) for stack in stacks}
        by_name = {stack.name: stack for stack in stacks}
        try:
            while pending:
                done, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
                while not self._queue.empty():
                    name, step, steps = self._queue.get()
                    on_progress(by_name[name], step, steps)
                for future in done:
                    yield future.result()
        except BrokenProcessPool:
            raise SweepError(
                "a training process died, most likely for want of memory; lower `stack` in the specification or "
                "--workers and run the same command again: finished runs are kept."
            ) from None

    def _begin(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        self._queue, self._stop = context.SimpleQueue(), context.Event()
        self._pool = ProcessPoolExecutor(self.workers, context, _begin_worker, (self._queue, self._stop))
        return self._pool


def _train(stack: Stack, device: str, compiled: bool, on_step: Callable[[int, int], None]) -> Finished:
    from bayeskisl.sweeping.probing import train_and_probe

    begun = time.perf_counter()
    trained, probes = train_and_probe(stack.runs, device, compiled=compiled, on_step=on_step)
    seconds = time.perf_counter() - begun
    volatile = {
        "stack": stack.name,
        "runs": [run.name for run in stack.runs],
        "seconds": round(seconds, 3),
        "tokens_per_second": round(stack.tokens / seconds),
        "host": platform.node(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "steps": trained.steps.name,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        **_torch_facts(device),
    }
    return Finished(stack, probes, volatile)


def _torch_facts(device: str) -> dict:
    torch = sys.modules.get("torch")
    if torch is None:
        return {"device": device}
    return {"device": device if device == "cpu" else torch.cuda.get_device_name(device), "torch": torch.__version__}


class _Stopped(Exception):
    pass


# What a worker process was started with; a process pool hands it over once, when the process begins.
_channel: dict = {}


@contextmanager
def _born_deaf_to_ctrl_c() -> Iterator[None]:
    """Processes started within the block leave Ctrl-C to this one from their first instruction."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin_worker(queue: object, stop: object) -> None:
    _channel.update(queue=queue, stop=stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A command that is killed cannot stop its workers: they watch it instead."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _train_in_worker(stack: Stack, device: str, compiled: bool) -> Finished:
    def on_step(done: int, steps: int) -> None:
        if _channel["stop"].is_set():
            raise _Stopped  # the command was interrupted: nobody waits for this stack
        _channel["queue"].put((stack.name, done, steps))

    return _train(stack, device, compiled, on_step)
