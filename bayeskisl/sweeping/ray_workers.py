"""Training stacks on a Ray cluster: one task per stack. Ray is an optional extra, ``bayeskisl[cluster]``.

The driver writes the records, so that the nodes need no common disk and the driver's death loses nothing that was
finished: the same command continues from the records. A task whose worker or node is lost is started again elsewhere.
On CUDA a task takes the fraction of a GPU that the memory plan says.
"""

import math
from collections.abc import Iterator

from bayeskisl.errors import SweepError, first_line, way
from bayeskisl.sweeping.execution import Finished, Job, train_job
from bayeskisl.sweeping.memory import device_memory, stack_memory
from bayeskisl.sweeping.workers import Progress

__all__ = ["RayTrainers"]

_STARTS = 3  # attempts to start a cluster on this machine
_RETRIES = 5  # times that one stack may lose its worker
_HEARTBEAT = 1.0  # seconds between two looks at the tasks


class RayTrainers:
    """Workers of a Ray cluster, connected for the duration of the block.

    Parameters
    ----------
    address : str, optional
        Address of a running cluster, e.g. ``auto`` or ``ray://head:10001``; by default a cluster is started on this
        machine.

    Raises
    ------
    SweepError
        If Ray is not installed or the cluster cannot be reached.
    """

    def __init__(self, *, address: str | None = None) -> None:
        self.address = address

    def __enter__(self) -> "RayTrainers":
        try:
            import ray
        except ModuleNotFoundError:
            executor = way("executor='ray'", "--executor ray")
            raise SweepError(f"{executor} needs Ray: install it with `pip install 'bayeskisl[cluster]'`.") from None
        self._ray, self._begun = ray, not ray.is_initialized()
        if self._begun:
            self._connect()
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun:
            self._ray.shutdown()

    def train(self, jobs: list[Job], on_progress: Progress) -> Iterator[Finished]:
        """Train stacks, the most expensive first, and yield each when it is finished.

        Raises
        ------
        SweepError
            If a stack lost its worker too often, or its node's memory does not allow even one run.
        """
        ordered = sorted(jobs, key=lambda job: -job.stack.flops)
        tasks = {self._start(job): job for job in ordered}
        try:
            while tasks:
                ready, _ = self._ray.wait(list(tasks), timeout=_HEARTBEAT)
                for task in ready:
                    job = tasks.pop(task)
                    finished = self._result(task, job)
                    steps = job.stack.runs[0].steps
                    on_progress(job.stack, steps, steps)
                    yield finished
        finally:
            for task in tasks:
                self._ray.cancel(task, force=True)

    def _connect(self) -> None:
        """Find or start the cluster; a node that is too busy to start within Ray's 30 seconds is started again."""
        for attempt in range(1, _STARTS + 1):
            try:
                self._ray.init(self.address, logging_level="ERROR", log_to_driver=False, include_dashboard=False)
                return
            except (ConnectionError, ValueError) as problem:
                raise SweepError(f"no Ray cluster at {self.address!r}: {first_line(problem).rstrip('.')}.") from None
            except Exception as problem:  # Ray has no type of its own for a node that did not start
                self._ray.shutdown()
                if attempt == _STARTS:
                    raise SweepError(
                        f"Ray did not start on this machine in {_STARTS} attempts: "
                        f"{first_line(problem).rstrip('.')}. Try again when the machine is less busy, or train without "
                        f"it: {way("executor='local'", '--executor local')}."
                    ) from None

    def _start(self, job: Job) -> object:
        task = self._ray.remote(train_job).options(
            name=job.stack.name, num_cpus=1, num_gpus=_share_of_gpu(job), max_retries=_RETRIES
        )
        return task.remote(job)

    def _result(self, task: object, job: Job) -> Finished:
        lost = (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.NodeDiedError)
        try:
            return self._ray.get(task)
        except lost:
            raise SweepError(
                f"stack {job.stack.name} lost its worker {_RETRIES + 1} times, most likely out of memory; lower "
                "`stack` in the specification, give it another `name` and run it in the same folder: finished runs are "
                "taken over."
            ) from None
        except self._ray.exceptions.RayTaskError as problem:
            raise problem.as_instanceof_cause() from None


def _share_of_gpu(job: Job) -> float:
    """Share of a GPU that a stack takes by the memory plan, in hundredths rounded up; zero on a CPU.

    NOT YET RUN ON A GPU. The share is of this machine's GPU; where the driver has none, a task takes a whole one.
    """
    if not job.device.startswith("cuda"):
        return 0.0
    total = device_memory(job.device)
    taken = stack_memory(job.stack, job.device, compiled=job.compiled)
    return min(1.0, math.ceil(100 * taken / total) / 100) if total else 1.0
