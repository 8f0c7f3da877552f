"""Parallel training of stacks on this machine: one process per CPU core with one thread each, or one per accelerator.

One thread per process, because products this small lose more to a thread pool's barriers than they gain, and
because a record then does not depend on the number of cores.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from bayeskisl.cores import available_cores
from bayeskisl.errors import SweepError, argument, way
from bayeskisl.sweeping.execution import Finished, Job, train_job
from bayeskisl.sweeping.plan import Stack

__all__ = ["Progress", "Trainers", "default_workers"]

_DEATHS = 3  # of workers in one pass, after which it is given up

# Called with (stack, steps done, steps in all).
Progress = Callable[[Stack, int, int], None]


def default_workers(device: str) -> int:
    """Return one worker per core on the CPU, one per accelerator, or one for a numbered accelerator."""
    if device == "cuda":
        import torch

        return max(1, torch.cuda.device_count())
    if device != "cpu":
        return 1
    return available_cores()


class Trainers:
    """Workers that live for the block: ``with Trainers(workers=2) as trainers: trainers.train(jobs, ...)``.

    Parameters
    ----------
    workers : int
        With one worker, or one stack to train, everything happens in this process. Several workers on ``cuda`` take
        one GPU each.
    """

    def __init__(self, *, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Trainers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._stop.set()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def train(self, jobs: list[Job], on_progress: Progress) -> Iterator[Finished]:
        """Train stacks, the most expensive first, and yield each when it is finished.

        Workers that die, most likely out of memory, are replaced. What was pending is tried again, divided where no
        state was saved.

        Raises
        ------
        SweepError
            If workers die again and again, or memory does not allow even one run.
        """
        ordered = sorted(jobs, key=lambda job: -job.stack.flops)
        if self.workers == 1 or len(ordered) < 2:
            for job in ordered:
                yield train_job(job, partial(on_progress, job.stack))
            return
        pending = {job.stack.name: job for job in ordered}
        for death in range(_DEATHS):
            try:
                yield from self._train_in_pool(pending, on_progress)
                return
            except BrokenProcessPool:
                if self._pool is not None:
                    self._pool.shutdown(wait=True)
                self._pool = None
                # the first death may be another job's: what has a saved state continues from it
                pending = {
                    name: job if job.has_state and death == 0 else job.divided() for name, job in pending.items()
                }
        raise SweepError(
            f"training processes died again and again, most likely out of memory; lower {argument('workers')} and run "
            f"the same {way('call', 'command')} again: finished runs are kept."
        )

    def _train_in_pool(self, pending: dict[str, Job], on_progress: Progress) -> Iterator[Finished]:
        """Train pending jobs and yield finished ones."""
        self._pool = self._pool or self._begin()
        stacks = {name: job.stack for name, job in pending.items()}
        with _born_deaf_to_ctrl_c():
            futures = {self._pool.submit(_train_in_worker, job) for job in pending.values()}
        while futures:
            done, futures = wait(futures, timeout=0.2, return_when=FIRST_COMPLETED)
            while not self._queue.empty():
                name, step, steps = self._queue.get()
                on_progress(stacks[name], step, steps)
            for future in done:
                finished = future.result()
                del pending[finished.stack.name]
                yield finished

    def _begin(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        self._queue, self._stop = context.SimpleQueue(), context.Event()
        numbers = context.SimpleQueue()
        for number in range(self.workers):
            numbers.put(number)
        return ProcessPoolExecutor(self.workers, context, _begin_worker, (self._queue, self._stop, numbers))


class _Stopped(Exception):
    pass


# What a worker process was started with; a process pool hands it over once, when the process begins.
_channel: dict[str, Any] = {}


@contextmanager
def _born_deaf_to_ctrl_c() -> Iterator[None]:
    """Context whose new processes inherit a blocked SIGINT; the signal arrives here when the block ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker(queue: Any, stop: Any, numbers: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _channel.update(queue=queue, stop=stop, number=numbers.get())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Make a worker watch its parent: a killed command cannot stop its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _train_in_worker(job: Job) -> Finished:
    def on_step(done: int, steps: int) -> None:
        if _channel["stop"].is_set():
            raise _Stopped  # the command was interrupted: nobody waits for this stack
        _channel["queue"].put((job.stack.name, done, steps))

    if job.device == "cuda":
        job = replace(job, device=f"cuda:{_channel['number']}")
    return train_job(job, on_step)
