"""Training stacks on a Ray cluster: one task per stack. Ray is an optional extra, ``bayeskisl[cluster]``.

The driver writes the records, so that the nodes need no common disk and the driver's death loses nothing that was
finished: the same command goes on from the records. A task whose worker or node is lost is started again elsewhere.
"""

from collections.abc import Iterator

from bayeskisl.errors import SweepError
from bayeskisl.sweeping.memory import device_memory, stack_memory
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.workers import Finished, Progress, train_one

__all__ = ["RayTrainers"]

_RETRIES = 5  # times that one stack may lose its worker
_HEARTBEAT = 1.0  # seconds between two looks at the tasks


class RayTrainers:
    """Workers of a Ray cluster, reached as long as the block lasts.

    Parameters
    ----------
    device : str
        ``cpu`` or ``cuda``: on CUDA a task takes the fraction of a GPU that the memory plan says.
    compiled : bool
    address : str, optional
        Of a running cluster, e.g. ``auto`` or ``ray://head:10001``; by default a cluster of this machine is started.

    Raises
    ------
    SweepError
        If Ray is not installed or the cluster cannot be reached.
    """

    def __init__(self, device: str, *, compiled: bool, address: str | None = None) -> None:
        self.device, self.compiled, self.address = device, compiled, address

    def __enter__(self) -> "RayTrainers":
        try:
            import ray
        except ModuleNotFoundError:
            raise SweepError("--executor ray needs Ray: install it with `pip install 'bayeskisl[cluster]'`.") from None
        self._ray, self._begun = ray, not ray.is_initialized()
        if self._begun:
            try:
                ray.init(self.address, logging_level="ERROR", log_to_driver=False, include_dashboard=False)
            except (ConnectionError, ValueError) as problem:
                raise SweepError(f"no Ray cluster at {self.address!r}: {str(problem).splitlines()[0]}") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun:
            self._ray.shutdown()

    def train(self, stacks: list[Stack], on_progress: Progress) -> Iterator[Finished]:
        """Train stacks, the most expensive first, and yield each as it is finished.

        Raises
        ------
        SweepError
            If a stack lost its worker too often, or no node can ever run it.
        """
        ordered = sorted(stacks, key=lambda stack: -stack.flops)
        tasks = {self._start(stack): stack for stack in ordered}
        try:
            while tasks:
                ready, _ = self._ray.wait(list(tasks), timeout=_HEARTBEAT)
                for task in ready:
                    stack = tasks.pop(task)
                    finished = self._result(task, stack)
                    steps = stack.runs[0].steps
                    on_progress(stack, steps, steps)
                    yield finished
        finally:
            for task in tasks:
                self._ray.cancel(task, force=True)

    def _start(self, stack: Stack) -> object:
        task = self._ray.remote(train_one).options(
            name=stack.name,
            num_cpus=1,
            num_gpus=self._share_of_gpu(stack),
            max_retries=_RETRIES,
        )
        return task.remote(stack, self.device, self.compiled)

    def _share_of_gpu(self, stack: Stack) -> float:
        if not self.device.startswith("cuda"):
            return 0.0
        total = device_memory(self.device)
        return min(1.0, max(0.01, round(stack_memory(stack, self.device) / total + 0.005, 2))) if total else 1.0

    def _result(self, task: object, stack: Stack) -> Finished:
        lost = (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.NodeDiedError)
        try:
            return self._ray.get(task)
        except lost:
            raise SweepError(
                f"stack {stack.name} lost its worker {_RETRIES + 1} times, most likely for want of memory; lower "
                "`stack` in the specification and run the same command again: finished runs are kept."
            ) from None
        except self._ray.exceptions.RayTaskError as problem:
            raise problem.as_instanceof_cause() from None
