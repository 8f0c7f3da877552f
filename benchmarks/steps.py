"""Speed of a training step: tokens/s against the number of stacked runs, and the share of the device's own peak.

python benchmarks/steps.py [--device cuda] [--widths 12 16 32 64 128] [--stacks 1 3 8 16] [--repeats 5]

One process, on a CPU one thread. Model FLOPs are 6 (N + width x vocabulary) a token. The peak is measured in the same
run, beside the steps: the product of two large matrices by torch. Repeats are interleaved: every variant takes
one turn, then the next repeat begins.
"""

import argparse
import itertools
from contextlib import suppress

from machine import clock, describe, measured_peak, runs_of, show, summarise, write

from bayeskisl.sweeping.torch_steps import one_thread
from bayeskisl.sweeping.training import train_stack

TURN = 0.4  # seconds of steps that one turn of one variant measures at least
KINDS = ("torch", "torch bfloat16", "compiled")


class _Enough(Exception):
    pass


def tokens_per_second(runs: tuple, device: str, compiled: bool) -> float:
    """Steady speed, the first chunk of steps left out."""
    ticks: list[tuple[int, float]] = []

    def on_step(done: int, _: int) -> None:
        ticks.append((done, clock(device)))
        if len(ticks) > 1 and ticks[-1][1] - ticks[0][1] > TURN:
            raise _Enough

    with suppress(_Enough):
        train_stack(runs, device, compiled=compiled, on_step=on_step)
    (first, begun), (last, ended) = ticks[0], ticks[-1]
    return (last - first) * len(runs) * runs[0].training.batch * runs[0].mixture.context / (ended - begun)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--device", default="cpu")
    ask.add_argument("--widths", type=int, nargs="+", default=[12, 16, 32, 64, 128])
    ask.add_argument("--stacks", type=int, nargs="+", default=[1, 3, 8, 16])
    ask.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    ask.add_argument("--repeats", type=int, default=5)
    asked = ask.parse_args()
    device, machine = asked.device, describe(asked.device)
    variants = list(itertools.product(asked.widths, asked.stacks, asked.kinds))
    speeds: dict[tuple, list[float]] = {variant: [] for variant in variants}
    peaks: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    with one_thread():
        for _ in range(asked.repeats):
            for name, values in peaks.items():
                values.append(measured_peak(device, name))
            for width, stack, kind in variants:
                precision = "bfloat16" if "bfloat16" in kind or (kind == "compiled" and device != "cpu") else "float32"
                runs = runs_of(width, stack, 153_600, precision)
                speeds[width, stack, kind].append(tokens_per_second(runs, device, kind == "compiled"))
    peak = {name: max(values) for name, values in peaks.items()}
    rows = []
    for (width, stack, kind), values in speeds.items():
        (run,) = runs_of(width, 1, 153_600)
        speed = summarise(values)
        flops = speed["median"] * run.flops / run.mixture.tokens
        rows.append({"width": width, "params": run.params, "stack": stack, "kind": kind, "tokens_per_second": speed,
                     "flops_per_second": flops, "utilisation": {k: flops / p for k, p in peak.items()}})  # fmt: skip
    print(machine)
    print("measured peak, GFLOP/s: " + ", ".join(f"{name} {value / 1e9:.0f}" for name, value in peak.items()))
    show(
        "Thousand tokens/s (low to high), GFLOP/s, share of the float32 peak",
        ("width", "stack", "steps by", "thousand tokens/s", "GFLOP/s", "of float32 peak"),
        [
            (
                r["width"], r["stack"], r["kind"],
                "{median:.0f} ({low:.0f} to {high:.0f})".format(
                    **{k: v / 1e3 for k, v in r["tokens_per_second"].items()}
                ),
                f"{r['flops_per_second'] / 1e9:.0f}", f"{r['utilisation']['float32']:.2f}",
            )
            for r in rows
        ],
    )  # fmt: skip
    write(f"steps-{device.split(':')[0]}", {"machine": machine, "peak_flops": peak, "rows": rows})


if __name__ == "__main__":
    main()
