"""Train and evaluate every run on a Ray cluster: python launch/ray_runs.py, in the export's folder on a shared disk.

RAY_ADDRESS names a running cluster ("auto" for this node's); without it one is started here. GPUS_PER_RUN and
CPUS_PER_RUN say what each run takes. A run that fails is tried once more, and the others go on.
"""

import os
import subprocess
import sys
from pathlib import Path

import ray

ROOT = Path(__file__).resolve().parent.parent


@ray.remote(max_retries=1, retry_exceptions=True)
def train(run: str) -> str:
    subprocess.run(["bash", "launch/run.sh", run], cwd=ROOT, check=True)
    return run


def start(attempts: int = 3) -> None:
    """Find or start the cluster; Ray gives a busy node 30 seconds to start."""
    # without an address Ray would look for one that an earlier cluster left on this node
    address = os.environ.get("RAY_ADDRESS", "local")
    for left in reversed(range(attempts)):
        try:
            ray.init(address=address, include_dashboard=False)
        except (ConnectionError, ValueError):  # no cluster at this address
            raise
        except Exception:  # Ray has no type of its own for a node that did not start
            if not left:
                raise
            ray.shutdown()
        else:
            return


def main() -> int:
    start()
    wanted = {
        "num_gpus": float(os.environ.get("GPUS_PER_RUN", "1")),
        "num_cpus": float(os.environ.get("CPUS_PER_RUN", "1")),
    }
    runs = (ROOT / "launch" / "runs.txt").read_text().split()
    under_way = {train.options(**wanted).remote(run): run for run in runs}
    failed = []
    while under_way:
        (done, *_), _ = ray.wait(list(under_way))
        run = under_way.pop(done)
        try:
            ray.get(done)
            print(f"{run} finished, {len(under_way)} to go", flush=True)
        except ray.exceptions.RayError as problem:
            failed.append(run)
            print(f"{run} failed: {problem}", flush=True)
    return len(failed) > 0


if __name__ == "__main__":
    sys.exit(main())
