"""What the benchmarks of the sweep share: the machine's description, its clock, its peak, a table and a JSON file."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bayeskisl.sweeping import load_sweep
from bayeskisl.sweeping.spec import RunSpec

_PEAK_SIZE = {"cpu": 1536, "cuda": 8192}  # rows of the square matrices whose product is timed
RESULTS = Path(__file__).parent / "results"


def describe(device: str) -> dict:
    """The machine without its name."""
    import torch  # here: worker processes import this module too, and need none of it

    return {
        "device": "cpu" if device == "cpu" else torch.cuda.get_device_name(device),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = {line.split(":")[1].strip() for line in lines if line.startswith("model name")}
    features = {word for line in lines if line.startswith("flags") for word in line.split()}
    with_them = sorted(features & {"avx2", "avx512f", "avx512_bf16", "amx_bf16"})
    return " ".join([*sorted(names), *with_them]) or platform.processor()


def clock(device: str) -> float:
    """Seconds of this process's core, so that neighbours on a shared machine do not count; of the wall on a GPU."""
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize(device)
    return time.perf_counter()


def measured_peak(device: str, precision: str, repeats: int = 10) -> float:
    """FLOP/s of this device's own product of two large square matrices: the best of so many; one thread on a CPU."""
    import torch

    size = _PEAK_SIZE[device.split(":")[0]]
    a, b = (torch.randn(size, size, device=device).to(getattr(torch, precision)) for _ in range(2))
    a @ b
    return 2 * size**3 / min(seconds_of(lambda: a @ b, device) for _ in range(repeats))


def seconds_of(work: Callable[[], object], device: str) -> float:
    """How long a call takes by `clock`."""
    begun = clock(device)
    work()
    return clock(device) - begun


# The largest resident set of this program alone: what the parent held at the fork does not count.
_PEAK_OF_PROCESS = "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"


def in_a_process(code: str) -> dict:
    """Time and memory of a Python program, its imports included."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.Popen([sys.executable, "-c", code + _PEAK_OF_PROCESS], stdout=subprocess.PIPE, text=True)
    said, _ = done.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cores = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        raise SystemExit(done.returncode)
    *said, kibibytes = said.splitlines()
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "core_seconds": cores, "memory": 1024 * int(kibibytes), "said": " ".join(said)}


def runs_of(width: int, count: int, tokens: int, precision: str = "float32") -> tuple[RunSpec, ...]:
    """Runs of one size of the desk ladder that differ in their seed alone."""
    spec = replace(load_sweep("desk-amount"), widths=(width,), tokens=(tokens,), levels=(150.0,), refine=None)
    runs = replace(spec, seeds=tuple(range(count))).runs()
    return tuple(replace(run, training=replace(run.training, precision=precision)) for run in runs)


def summarise(values: list[float]) -> dict:
    """Median and range of repeats."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def show(title: str, head: tuple[str, ...], rows: list[tuple]) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row) + " |", flush=True)


def write(name: str, content: dict) -> None:
    """Write a benchmark's JSON beside the others."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"\n{path.relative_to(RESULTS.parent.parent)}")
