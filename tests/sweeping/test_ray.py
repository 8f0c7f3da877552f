"""Sweeps on a real Ray cluster of several nodes on this machine."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from bayeskisl.errors import InputError, SweepError, at_the_command_line
from bayeskisl.sweeping import Stack, run_sweep
from bayeskisl.sweeping.execution import Job
from bayeskisl.sweeping.ray_workers import RayTrainers
from tests.sweeping.conftest import records_of

NODES = """
import sys
from ray.cluster_utils import Cluster

from bayeskisl.sweeping import SweepEvents, run_sweep


def begun(start, **options):
    # Ray gives a node 30 seconds to start, which a shared machine may need more than once
    for left in reversed(range(4)):
        try:
            return start(**options)
        except Exception:
            if not left:
                raise


cluster = begun(Cluster, initialize_head=True, head_node_args={"num_cpus": 0})
nodes = [begun(cluster.add_node, num_cpus=1) for _ in range(2)]


class Killer(SweepEvents):
    def finished(self, stack, seconds):
        if nodes:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            begun(cluster.add_node, num_cpus=1)
            print("a node was killed", flush=True)


result = run_sweep(sys.argv[1], sys.argv[2], executor="ray", address=cluster.address, events=Killer())
print(result.trained, "trained", flush=True)
"""


@pytest.mark.slow
@pytest.mark.alone
def test_records_are_the_same_when_a_node_is_killed_in_the_middle(smoke, finished, tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'bayeskisl[cluster]'")
    from tests.sweeping.conftest import SMOKE

    spec = tmp_path / "smoke.toml"
    spec.write_text(SMOKE)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NODES, str(spec), str(tmp_path / "out")],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("a node was killed") == 2
    assert "16 trained" in done.stdout
    assert records_of(tmp_path / "out") == records_of(finished)


def busy(starts):
    """Stands for Ray on a busy machine, whose node starts at the last of so many attempts."""
    begun = []

    def init(*_, **__):
        begun.append(True)
        if len(begun) < starts:
            raise Exception("The current node timed out during startup. This could happen because ...")

    return SimpleNamespace(init=init, shutdown=lambda: None, is_initialized=lambda: False), begun


def test_a_node_that_is_too_busy_is_started_again(monkeypatch):
    ray, begun = busy(3)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with RayTrainers():
        assert len(begun) == 3


def test_a_node_that_never_starts_is_told_with_what_to_do(monkeypatch):
    ray, begun = busy(9)
    monkeypatch.setitem(sys.modules, "ray", ray)
    told = pytest.raises(SweepError, match=r"in 3 attempts: The current node .*--executor local")
    with at_the_command_line(), told, RayTrainers():
        pass
    assert len(begun) == 3


def test_lost_workers_are_told_with_what_to_do(smoke):
    class Lost(Exception):
        pass

    def get(task):
        raise Lost

    trainers = RayTrainers()
    trainers._ray = SimpleNamespace(get=get, exceptions=SimpleNamespace(WorkerCrashedError=Lost, NodeDiedError=Lost))
    with pytest.raises(SweepError, match=r"lower `stack` .*, give it another `name` and run it in the same folder"):
        trainers._result(None, Job(Stack(smoke.runs()[:1])))


def test_without_ray_the_extra_is_named(smoke, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SweepError, match=r"install it with `pip install 'bayeskisl\[cluster\]'`"):
        run_sweep(smoke, tmp_path, executor="ray")


def test_an_unknown_executor_is_refused(smoke, tmp_path):
    with pytest.raises(InputError, match="expected an executor among local, ray, got 'slurm'"):
        run_sweep(smoke, tmp_path, executor="slurm")
